//! Mutual TLS (RFC 8705): which address each request goes to, what it says, and what a token is bound to.

mod support;

use grantee_core::client_auth::{ClientAuth, ClientSecretPost, PrivateKeyJwt, SelfSignedTlsClientAuth, TlsClientAuth};
use grantee_core::error::{StoreError, TransportError};
use grantee_core::grant::{ClientCredentials, Stored};
use grantee_core::jose::{Curve, Jwk, KeyKind};
use grantee_core::ports::{BoxFuture, Certificate, Http, Ports, Request, Response};
use grantee_core::session::call::{Placement, call};
use grantee_core::store::{Intent, Record, Store, StoreLock, TokenKey};
use grantee_core::token_type::bearer::Bearer;
use grantee_core::token_type::certificate_bound::CertificateBound;
use grantee_core::{Client, Config, Error, Result, Token, UnixTime};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::*;

/// An HTTP client with a certificate that may be renewed.
struct Certified(Wire, Arc<Mutex<Certificate>>);

impl Http for Certified {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.0.send(request)
    }

    fn certificate(&self) -> Certificate {
        self.1.lock().unwrap().clone()
    }
}

fn shows(thumbprint: &str) -> Certificate {
    Certificate::Thumbprint(thumbprint.into())
}

/// A server, a client's ports, and the certificate that these show.
struct World {
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
    certificate: Arc<Mutex<Certificate>>,
}

impl World {
    fn new(certificate: Certificate) -> Self {
        Self::of(rotating(), certificate)
    }

    fn of(server: Arc<FakeServer>, certificate: Certificate) -> Self {
        Self { server, clock: ManualClock::new(), certificate: Arc::new(Mutex::new(certificate)) }
    }

    fn ports(&self) -> Ports {
        let http = Certified(Wire(Arc::clone(&self.server)), Arc::clone(&self.certificate));
        Ports { http: Arc::new(http), ..ports(&self.server, &self.clock, Arc::new(Inline)) }
    }

    fn client(&self, config: Config) -> Result<Client> {
        Client::new(config, self.ports())
    }

    fn bound(&self) -> Client {
        self.client(bound(literal())).unwrap()
    }

    fn renew_certificate(&self, thumbprint: &str) {
        *self.certificate.lock().unwrap() = shows(thumbprint);
    }

    fn sent(&self, index: usize) -> String {
        whole(&self.server.requests.lock().unwrap()[index])
    }
}

fn bound(mut config: Config) -> Config {
    config.set_token_type(Arc::new(CertificateBound));
    config
}

fn by(method: impl ClientAuth + 'static, mut config: Config) -> Config {
    config.set_auth(Arc::new(method));
    config
}

const NAMES: [&str; 4] = ["token_endpoint", "introspection_endpoint", "revocation_endpoint", "userinfo_endpoint"];

/// Every endpoint, and every alias but the one of the revocation endpoint.
fn aliased() -> Config {
    let mut config = literal();
    let members = config.members_mut();
    members.introspection_endpoint = Some("https://as.example/introspection_endpoint".to_owned());
    members.revocation_endpoint = Some("https://as.example/revocation_endpoint".to_owned());
    members.userinfo_endpoint = Some("https://as.example/userinfo_endpoint".to_owned());
    members.authorization_endpoint = Some("https://as.example/authorization_endpoint".to_owned());
    let aliases = NAMES.iter().chain(&["authorization_endpoint"]).filter(|name| !name.starts_with("revocation"));
    let aliases: BTreeMap<_, _> =
        aliases.map(|name| ((*name).to_owned(), format!("https://mtls.as.example/{name}"))).collect();
    members.mtls_endpoint_aliases = Some(aliases);
    config
}

/// Where the four requests of a client go.
fn addresses(config: Config) -> Vec<String> {
    let server =
        FakeServer::new(|_, _| json(200, r#"{"access_token":"at","token_type":"Bearer","active":true,"sub":"s"}"#));
    let world = World::of(server, shows("one"));
    let client = world.client(config).unwrap();
    let token = block_on(client.token(&ClientCredentials::new())).unwrap();
    block_on(client.introspect(&token)).unwrap();
    block_on(client.revoke(&token)).unwrap();
    block_on(client.userinfo_unbound(&token)).unwrap();
    let requests = world.server.requests.lock().unwrap();
    requests.iter().map(|request| request.uri().to_string()).collect()
}

#[test]
fn client_id_is_in_the_body_and_nothing_else_tells_who_it_is() {
    let methods: [(Arc<dyn ClientAuth>, &str); 2] = [
        (Arc::new(TlsClientAuth), "tls_client_auth"),
        (Arc::new(SelfSignedTlsClientAuth), "self_signed_tls_client_auth"),
    ];
    for (method, name) in methods {
        assert_eq!(method.method(), name);
        grantee_core::contract::client_auth::run(&*method);
        let world = World::new(shows("one"));
        // The secret of a client that has one too stays at home.
        let mut config = literal();
        config.set_auth(method);
        block_on(world.client(config).unwrap().token(&ClientCredentials::new().scope("a"))).unwrap();
        assert_eq!(
            world.sent(0),
            "POST https://as.example/token\naccept: application/json\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&scope=a&client_id=svc"
        );
    }
}

#[test]
fn a_client_with_a_certificate_goes_to_the_aliases_and_one_without_does_not() {
    let plain: Vec<_> = ["token", "introspection_endpoint", "revocation_endpoint", "userinfo_endpoint"]
        .map(|name| format!("https://as.example/{name}"))
        .into();
    // What has no alias goes to the usual address (section 5).
    let aliases: Vec<_> = NAMES
        .map(|name| {
            let host = if name == "revocation_endpoint" { "as.example" } else { "mtls.as.example" };
            format!("https://{host}/{name}")
        })
        .into();
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    for config in [
        aliased(),
        by(ClientSecretPost::new("s"), aliased()),
        by(PrivateKeyJwt::from_key(&key).unwrap().audience("https://as.example"), aliased()),
    ] {
        assert_eq!(addresses(config.clone()), plain);
        // Tokens that are bound need the connection, whatever the authentication (section 5).
        assert_eq!(addresses(bound(config)), aliases);
    }
    assert_eq!(addresses(by(TlsClientAuth, aliased())), aliases);
    assert_eq!(addresses(by(SelfSignedTlsClientAuth, aliased())), aliases);
    let mut public = aliased();
    public.set_client("svc".to_owned(), None);
    assert_eq!(addresses(public.clone()), plain);
    assert_eq!(addresses(bound(public)), aliases, "section 4: public clients too");
}

#[test]
fn without_aliases_the_usual_addresses_are_asked() {
    let mut config = by(TlsClientAuth, bound(aliased()));
    config.members_mut().mtls_endpoint_aliases = None;
    assert!(addresses(config).iter().all(|url| url.starts_with("https://as.example/")));
}

#[test]
fn the_person_is_sent_to_the_usual_address() {
    // An alias of what the client does not ask itself has no meaning (section 5): a browser would be asked for a certificate.
    let world = World::new(shows("one"));
    let client = world.client(by(TlsClientAuth, bound(aliased()))).unwrap();
    let request = grantee_core::authorization::AuthorizationRequest::new().redirect_uri("https://app.example/cb");
    let (url, _) = block_on(client.start(request)).unwrap();
    assert!(url.as_str().starts_with("https://as.example/authorization_endpoint?"), "{url}");
}

#[test]
fn a_client_that_needs_a_certificate_and_has_none_is_refused_before_anything_is_sent() {
    for config in [by(TlsClientAuth, literal()), by(SelfSignedTlsClientAuth, literal()), bound(literal())] {
        let world = World::new(Certificate::Absent);
        let error = world.client(config.clone()).unwrap_err();
        assert_eq!(error.code(), "configuration");
        assert!(error.to_string().contains("certificate") && error.hint().unwrap().contains("client_certificate"));
        // One that can't tell may have one.
        let world = World::new(Certificate::Unknown);
        block_on(world.client(config).unwrap().token(&ClientCredentials::new())).unwrap();
    }
    let world = World::new(Certificate::Absent);
    let client = world.client(literal()).unwrap().authenticated_by(Arc::new(TlsClientAuth));
    assert_eq!(block_on(client.token(&ClientCredentials::new())).unwrap_err().code(), "configuration");
    assert_eq!(world.server.count(), 0);
}

#[test]
fn invalid_client_says_where_to_look() {
    let methods: [(Arc<dyn ClientAuth>, &str); 2] =
        [(Arc::new(TlsClientAuth), "tls_client_auth_subject_dn"), (Arc::new(SelfSignedTlsClientAuth), "x5c")];
    for (method, place) in methods {
        let world = World::of(FakeServer::new(|_, _| json(401, r#"{"error":"invalid_client"}"#)), shows("one"));
        let mut config = literal();
        config.set_auth(method);
        let error = block_on(world.client(config).unwrap().token(&ClientCredentials::new())).unwrap_err();
        let hint = error.hint().unwrap();
        assert!(hint.contains(place) && hint.contains("mtls_endpoint_aliases"), "{error}");
    }
}

#[test]
fn a_token_keeps_the_thumbprint_of_the_certificate_it_came_over() {
    let world = World::new(shows("one"));
    let token = block_on(world.bound().token(&ClientCredentials::new())).unwrap();
    assert_eq!(token.key_thumbprint.as_deref(), Some("one"));
    // Refreshed over another connection it is bound to that one's.
    world.renew_certificate("two");
    let token = block_on(world.bound().refresh(&token)).unwrap();
    assert_eq!((token.key_thumbprint.as_deref(), token.access_token.reveal()), (Some("two"), "at2"));
    let world = World::new(Certificate::Unknown);
    assert_eq!(block_on(world.bound().token(&ClientCredentials::new())).unwrap().key_thumbprint, None);
    // An unbound client's stays unbound, certificate or not.
    let world = World::new(shows("one"));
    let token = block_on(world.client(by(TlsClientAuth, literal())).unwrap().token(&ClientCredentials::new())).unwrap();
    assert_eq!(token.key_thumbprint, None);
}

#[test]
fn the_thumbprint_is_part_of_what_a_token_is_kept_under() {
    let store = Arc::new(Kept::default());
    let session =
        |world: &World| source(&world.bound(), ClientCredentials::new()).store(store.clone()).build().unwrap();
    let world = World::new(shows("one"));
    assert_eq!(access(&session(&world)), "at1");
    assert_eq!(access(&session(&world)), "at1", "the same certificate finds it");
    let other = World::of(Arc::clone(&world.server), shows("two"));
    assert_eq!(access(&session(&other)), "at2", "another does not");
    assert_eq!(store.0.lock().unwrap().len(), 2);
}

#[test]
fn a_stored_token_of_the_certificate_before_is_not_taken_up() {
    let store = Arc::new(Kept::default());
    let world = World::new(shows("one"));
    let session = || source(&world.bound(), ClientCredentials::new()).store(store.clone()).build().unwrap();
    let (first, second) = (session(), session());
    assert_eq!(access(&first), "at1");
    world.renew_certificate("two");
    assert_eq!(access(&second), "at2");
    // What the other has renewed meanwhile is taken up, since it is bound to the certificate of now.
    assert_eq!(access(&first), "at2");
    assert_eq!(world.server.count(), 2);
}

#[test]
fn what_an_interrupted_renewal_left_is_no_use_over_another_connection() {
    let store = Arc::new(Kept::default());
    let world = World::new(shows("one"));
    let session = || source(&world.bound(), ClientCredentials::new()).store(store.clone()).build().unwrap();
    let other = session();
    assert_eq!(access(&session()), "at1");
    for record in store.0.lock().unwrap().values_mut() {
        record.intent = Some(Intent::new("i", UnixTime::from_seconds(1_700_000_000)));
    }
    world.renew_certificate("two");
    assert_eq!(access(&other), "at2");
}

#[test]
fn a_session_replaces_its_token_when_the_certificate_is_renewed() {
    let world = World::new(shows("one"));
    let source = source(&world.bound(), ClientCredentials::new()).build().unwrap();
    assert_eq!(access(&source), "at1");
    assert_eq!(source.held().unwrap(), "Bearer at1");
    world.renew_certificate("two");
    assert_eq!(source.held(), None, "it is fresh no more");
    assert_eq!(block_on(source.header()).unwrap(), "Bearer at2");
    assert_eq!(source.held().unwrap(), "Bearer at2");
    assert!(world.server.body(1).starts_with("grant_type=refresh_token&refresh_token=rt1"));
    // An API call with the outdated one does the same, without asking the API first.
    world.renew_certificate("three");
    let get = http::Request::get("https://api.example/").body(bytes::Bytes::new()).unwrap();
    block_on(call(&source, get, Placement::Header)).unwrap();
    assert!(world.sent(3).contains("authorization: Bearer at3"), "{}", world.sent(3));
    assert_eq!(world.server.count(), 4);
}

#[test]
fn a_token_that_nothing_renews_needs_the_person_when_the_certificate_is_renewed() {
    let world = World::new(shows("one"));
    let mut token = Token::bearer("at");
    token.key_thumbprint = Some("one".to_owned());
    token.expires_at = Some(UnixTime::from_seconds(1_700_001_000));
    let source = source(&world.bound(), Stored::new()).token(token).build().unwrap();
    assert_eq!(block_on(source.header()).unwrap(), "Bearer at");
    world.renew_certificate("two");
    let error = block_on(source.header()).unwrap_err();
    assert!(error.needs_login() && error.to_string().contains("bound to a key that has been replaced"), "{error}");
    assert_eq!(world.server.count(), 0);
    // The old one again, as from a backup: so is the token.
    world.clock.pass(seconds(60));
    world.renew_certificate("one");
    assert_eq!(block_on(source.header()).unwrap(), "Bearer at");
}

#[test]
fn a_refresh_token_that_was_bound_to_the_old_certificate_needs_the_person() {
    // Section 7.1: of a public client both tokens are bound.
    let world = World::of(FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#)), shows("two"));
    let mut token = Token::bearer("at").with_refresh_token("rt");
    token.key_thumbprint = Some("one".to_owned());
    let source = source(&world.bound(), Stored::new()).token(token).build().unwrap();
    let error = block_on(source.header()).unwrap_err();
    assert!(error.needs_login() && error.to_string().contains("key that has been replaced"), "{error}");
    assert_eq!(world.server.count(), 1);
}

#[test]
fn a_token_of_another_certificate_is_refused_where_no_session_could_replace_it() {
    let world = World::new(shows("two"));
    let client = world.client(bound(aliased())).unwrap();
    let mut token = Token::bearer("at");
    token.key_thumbprint = Some("one".to_owned());
    let error = block_on(client.userinfo_unbound(&token)).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("another certificate"), "{error}");
    assert_eq!(world.server.count(), 0);
}

#[test]
fn a_token_that_does_not_say_what_it_is_bound_to_is_used() {
    let world = World::new(shows("one"));
    let source = source(&world.bound(), Stored::new()).token(Token::bearer("at")).build().unwrap();
    assert_eq!(block_on(source.header()).unwrap(), "Bearer at");
}

#[test]
fn a_missing_key_is_an_error_and_no_reason_to_renew() {
    // What a token type says that can't find the key of a token, as DPoP would.
    struct Keyless;
    impl grantee_core::token_type::TokenType for Keyless {
        fn name(&self) -> &str {
            "Bearer"
        }
        fn header(&self, token: &Token) -> Result<http::HeaderValue> {
            Bearer.header(token)
        }
        fn usable(&self, _: &Token, _: &Ports) -> Result<()> {
            Err(Error::config("the key is missing", "hand it over"))
        }
    }
    let world = World::new(Certificate::Unknown);
    let mut config = literal();
    config.set_token_type(Arc::new(Keyless));
    let mut token = Token::bearer("at").with_refresh_token("rt");
    token.key_thumbprint = Some("k".to_owned());
    let source = source(&world.client(config).unwrap(), Stored::new()).token(token).build().unwrap();
    for _ in 0..2 {
        assert!(block_on(source.header()).unwrap_err().to_string().contains("the key is missing"));
    }
    assert_eq!(world.server.count(), 0);
}

/// A store in a map.
#[derive(Default)]
struct Kept(Mutex<HashMap<TokenKey, Record>>);

struct NoLock;

impl StoreLock for NoLock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

impl Store for Kept {
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async { Ok(self.0.lock().unwrap().get(key).cloned()) })
    }

    fn lock<'a>(&'a self, _: &'a TokenKey, _: Duration) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async { Ok(Box::new(NoLock) as Box<dyn StoreLock>) })
    }

    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.save(key, record, lock)
    }

    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.0.lock().unwrap().insert(*key, record.clone());
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a TokenKey, _: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.0.lock().unwrap().remove(key);
            Ok(())
        })
    }
}
