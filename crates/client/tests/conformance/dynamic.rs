//! Tests that wanted what OpenID Connect Core leaves to other specifications: registration, request objects by reference, mutual
//! TLS.

use crate::basic::NONE;
use crate::browser::{Arrived, Browser};
use crate::fapi::{self, ports_with_certificate};
use crate::suite::{Flow, Outcome, flows};
use crate::world::{ManualClock, PERSON, REDIRECT_URI, RP, SECRET, World, block_on, callback};
use grantee::authorization::{self, RequestObjects};
use grantee::jose::{Jwk, KeyKind, jws};
use grantee::ports::Clock;
use grantee::token_type::certificate_bound::CertificateBound;
use grantee::{AuthorizationRequest, ClientMetadata, TlsClientAuth};
use grantee_core::Client;
use grantee_core::client::{self, Config};
use grantee_core::endpoint::discovery::Where;
use grantor::{Endpoint, JwtFault, Server};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, JoinHandle};

// Registration

#[test]
fn oidcc_client_test_dynamic_registration() {
    for flow in flows("oidcc-client-test-dynamic-registration", Outcome::Succeed) {
        let World { op, clock, rp } = World::of(|op| op, |registered| registered, |_| ());
        let mut config = Config::new(client::Server::Discover(Where::from(op.issuer())));
        config.set_redirect_uri(REDIRECT_URI.to_owned());
        let grants = if flow.code() { vec!["authorization_code", "implicit"] } else { vec!["implicit"] };
        let asked = ClientMetadata::new()
            .redirect_uris([REDIRECT_URI])
            .response_types([flow.response_type])
            .grant_types(grants)
            .token_endpoint_auth_method("client_secret_post");
        let registered = block_on(Client::register(config, rp.ports().clone(), &asked)).unwrap();
        let kept = registered.registration.clone();
        let world = World { op, clock, rp: registered.client().unwrap() };
        let person = world.login(flow).unwrap();
        // It is the client that came back, with its secret, in the way that it registered for.
        assert_eq!(person.id_token.audience(), [kept.client_id.as_str()], "{flow:?}");
        assert_ne!(kept.client_id, RP);
        for sent in world.op.requests_to(Endpoint::Token) {
            assert_eq!(sent.form_value("client_secret"), kept.client_secret.as_ref().map(|it| it.reveal().to_owned()));
        }
        if flow.brings_token() {
            let userinfo = block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap();
            assert_eq!(userinfo.claims.sub(), Some(PERSON), "{flow:?}");
        }
        assert_eq!(world.op.count(Endpoint::Registration), 1, "{flow:?}");
        // What it is registered for is expected: of an ID token without a signature nothing is believed.
        world.op.misbehave_jwt_times(flow.places()[0].jwt(), 1, JwtFault::AlgNone);
        NONE.refuses(world.login(flow));
    }
    // A server with its own mind: the client does what it was registered as, not what it asked for.
    let World { op, clock, rp } = World::of(
        |op| op.replace_client_metadata("token_endpoint_auth_method", "client_secret_basic"),
        |registered| registered,
        |_| (),
    );
    let config = Config::new(client::Server::Discover(Where::from(op.issuer())));
    let asked = ClientMetadata::new().redirect_uris([REDIRECT_URI]).token_endpoint_auth_method("client_secret_post");
    let registered = block_on(Client::register(config, rp.ports().clone(), &asked)).unwrap();
    let changes = registered.registration.changed_from(&asked);
    assert_eq!(changes.len(), 1, "{changes:?}");
    let world = World { op, clock, rp: registered.client().unwrap() };
    world.login(Flow::CODE).unwrap();
    let sent = world.op.requests_to(Endpoint::Token).pop().unwrap();
    assert!(sent.header("authorization").is_some_and(|header| header.starts_with("Basic ")));
}

// Mutual TLS

fn with_certificate(flow: Flow, registered: grantor::Client, configure: impl FnOnce(&mut Config)) -> World {
    let clock = ManualClock::new();
    let shared = Arc::clone(&clock);
    let op = Server::builder().auto_approve(PERSON).clock(move || shared.monotonic()).mtls().client(registered).start();
    let mut config = Config::new(client::Server::Discover(Where::from(op.issuer())));
    config.set_redirect_uri(REDIRECT_URI.to_owned());
    configure(&mut config);
    let rp = Client::new(config, ports_with_certificate(&op, &clock)).unwrap();
    let world = World { op, clock, rp };
    let person = world.login(flow).unwrap();
    assert_eq!(person.id_token.subject(), PERSON, "{flow:?}");
    if flow.brings_token() {
        let userinfo = block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap();
        assert_eq!(userinfo.claims.sub(), Some(PERSON), "{flow:?}");
    }
    world
}

#[test]
fn oidcc_client_test_mtls_endpoint_aliases() {
    for flow in flows("oidcc-client-test-mtls-endpoint-aliases", Outcome::Succeed) {
        // Whether a request came by the port that the aliases name, which alone asks for certificates.
        let by_alias = |world: &World, endpoint| -> Vec<bool> {
            let asked = world.op.requests_to(endpoint);
            asked.iter().map(|request| request.client_certificate_thumbprint().is_some()).collect()
        };
        let once = |here: bool, how: bool| if here { vec![how] } else { Vec::new() };

        // Known by its certificate.
        let registered = grantor::Client::new(RP).tls_client_auth_san_dns(fapi::HOST);
        let world = with_certificate(flow, registered, |config| {
            config.set_client(RP.to_owned(), None);
            config.set_auth(Arc::new(TlsClientAuth));
        });
        assert_eq!(by_alias(&world, Endpoint::Token), once(flow.code(), true), "{flow:?}");
        assert_eq!(by_alias(&world, Endpoint::Userinfo), once(flow.brings_token(), true), "{flow:?}");

        // Known by a secret, with tokens that are bound; no certificate binds what the browser carries.
        let registered = || grantor::Client::new(RP).secret(SECRET);
        if !flow.front_token() {
            let world = with_certificate(flow, registered().certificate_bound_access_tokens(), |config| {
                config.set_client(RP.to_owned(), Some(SECRET.into()));
                config.set_token_type(Arc::new(CertificateBound));
            });
            assert_eq!(by_alias(&world, Endpoint::Token), once(flow.code(), true), "{flow:?}");
            assert_eq!(by_alias(&world, Endpoint::Userinfo), once(flow.brings_token(), true), "{flow:?}");
        }

        // Neither: it has no business there.
        let world = with_certificate(flow, registered(), |config| {
            config.set_client(RP.to_owned(), Some(SECRET.into()));
        });
        assert_eq!(by_alias(&world, Endpoint::Token), once(flow.code(), false), "{flow:?}");
        assert_eq!(by_alias(&world, Endpoint::Userinfo), once(flow.brings_token(), false), "{flow:?}");
    }
}

// Request objects by reference

/// A program that serves its request objects.
struct Program {
    port: u16,
    object: Arc<Mutex<String>>,
    fetched: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

const PATH: &str = "/request/Zm9yIHRoaXMgbG9naW4";

impl Program {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (object, fetched) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (held, told) = (Arc::clone(&object), Arc::clone(&fetched));
        let thread = thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(std::io::Result::ok);
                // An empty connection ends it.
                let Some(first) = lines.next() else { return };
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                told.lock().unwrap().push(first.split(' ').nth(1).unwrap_or_default().to_owned());
                let object = held.lock().unwrap().clone();
                let (kind, length) = (authorization::request_object::CONTENT_TYPE, object.len());
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{object}"
                )
                .unwrap();
            }
        });
        Self { port, object, fetched, thread: Some(thread) }
    }

    fn uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    fn fetched(&self) -> Vec<String> {
        std::mem::take(&mut self.fetched.lock().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

static KEY: LazyLock<Jwk> =
    LazyLock::new(|| Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_alg("RS256").with_kid("rp-2026"));

fn by_reference(id: &str, alg: &'static str, configure: fn(&mut Config)) {
    for flow in flows(id, Outcome::Succeed) {
        let program = Program::new();
        let registered = |client: grantor::Client| {
            let keys = json!({"keys": [KEY.public().unwrap().to_value()]});
            client.jwks(keys).request_uri(program.uri()).request_object_signing_alg(alg)
        };
        let world = World::of(|op| op, registered, configure);
        let start = || {
            let request = AuthorizationRequest::new().scope("openid").response_type(flow.response_type);
            let request = if flow.form_post { request.response_mode("form_post") } else { request };
            block_on(world.rp.start_by_reference(request, &program.uri())).unwrap()
        };
        let (url, pending, object) = start();
        let outside: BTreeSet<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let expected = ["client_id", "request_uri", "response_type", "scope"].map(str::to_owned);
        assert_eq!(outside, BTreeSet::from(expected), "{flow:?}");
        program.object.lock().unwrap().clone_from(&object);
        let arrived = Browser::new().open(url.as_str());
        assert_eq!(program.fetched(), [PATH], "{flow:?}: the server has fetched it");
        assert_eq!(world.end(flow, pending, &arrived).unwrap().id_token.subject(), PERSON, "{flow:?}");
        match jws::read_unsecured(&object).unwrap() {
            Some(_) => assert_eq!(alg, "none"),
            None => assert_eq!(jws::Compact::parse(&object).unwrap().header().alg.as_deref(), Some(alg)),
        }

        // The object of another login is answered for that login, and not for this one.
        let (_, _, other) = start();
        let (url, pending, _) = start();
        program.object.lock().unwrap().clone_from(&other);
        let arrived = Browser::new().open(url.as_str());
        assert!(!matches!(arrived, Arrived::Page(_)), "{flow:?}");
        let error = block_on(world.rp.respond(pending, callback(&arrived))).map(drop).unwrap_err();
        assert!(error.to_string().contains("state is the one that was sent"), "{flow:?}: {error}");
    }
}

#[test]
fn oidcc_client_test_request_uri_signed_rs256() {
    by_reference("oidcc-client-test-request-uri-signed-rs256", "RS256", |config| {
        config.set_request_objects(RequestObjects::from_key(&KEY).unwrap());
    });
}

/// Behind the danger door alone.
#[test]
fn oidcc_client_test_request_uri_signed_none() {
    by_reference("oidcc-client-test-request-uri-signed-none", "none", Config::set_unsigned_request_objects);
    let error = block_on(World::new().rp.start_by_reference(AuthorizationRequest::new(), "http://127.0.0.1/x"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the client has no signer for it"), "{error}");
}
