//! Servers and clients as the FAPI profiles want them, in the variants that the suite's plans run each test in.

use crate::suite::{Flow, Outcome, Place, outcome};
use crate::world::{ManualClock, PERSON, Person, REDIRECT_URI, RP, Rule, World, block_on, ports};
use grantee::authorization::RequestObjects;
use grantee::jose::{Curve, Jwk, JwkSet, KeyKind};
use grantee::ports::{Clock, Ports, Request};
use grantee::rules::Rules;
use grantee::token_type::certificate_bound::CertificateBound;
use grantee::{AuthorizationRequest, Callback, ClientMetadata, Result, Stored, TlsClientAuth, blocking};
use grantee_core::Client;
use grantee_core::client::{self, Config};
use grantee_core::endpoint::discovery::Where;
use grantee_core::session::call::{Placement, call};
use grantee_core::session::{Source, SourceBuilder};
use grantor::{Builder, DpopNonces, Endpoint, JwtFault, Misbehaviour, Server};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// What the client's certificate is for.
pub const HOST: &str = "rp.example";
pub const ALG: &str = "PS256";
pub const VALIDATION: &str = "OpenID Connect Core section 3.1.3.7";

/// The client's key, for assertions and request objects.
pub static KEY: LazyLock<Jwk> =
    LazyLock::new(|| Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_alg(ALG).with_kid("rp-2026"));
/// The key that its tokens are bound to.
pub static DPOP: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap());

/// How a client authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    PrivateKeyJwt,
    Mtls,
}

/// What tokens are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Certificate,
    /// With or without nonces.
    Dpop(DpopNonces),
}

/// One column of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    pub rules: Rules,
    pub auth: Auth,
    pub bound: Bound,
    pub pushed: bool,
    /// Whether the authorization response is one JWT.
    pub jarm: bool,
}

/// FAPI 1.0 Advanced: either way to authenticate, to send the request and to answer it.
pub fn fapi1() -> Vec<Variant> {
    let mut variants = Vec::new();
    for auth in [Auth::PrivateKeyJwt, Auth::Mtls] {
        for pushed in [false, true] {
            for jarm in [false, true] {
                let rules = Rules::Fapi1Advanced;
                variants.push(Variant { rules, auth, bound: Bound::Certificate, pushed, jarm });
            }
        }
    }
    variants
}

/// FAPI 2.0: the Security Profile, with plain and with signed answers, and Message Signing.
pub fn fapi2() -> Vec<Variant> {
    let mut variants = Vec::new();
    for (rules, jarm) in
        [(Rules::Fapi2Security, false), (Rules::Fapi2Security, true), (Rules::Fapi2MessageSigning, true)]
    {
        for auth in [Auth::PrivateKeyJwt, Auth::Mtls] {
            for bound in [Bound::Certificate, Bound::Dpop(DpopNonces::Required)] {
                variants.push(Variant { rules, auth, bound, pushed: true, jarm });
            }
        }
    }
    variants
}

impl Variant {
    pub fn flow(self) -> Flow {
        let response_type =
            if self.rules == Rules::Fapi1Advanced && !self.jarm { "code id_token" } else { Flow::CODE.response_type };
        Flow { response_type, form_post: false }
    }

    /// Whether requests go as signed objects.
    pub fn signs(self) -> bool {
        self.rules != Rules::Fapi2Security
    }

    pub fn request(self) -> AuthorizationRequest {
        let request = AuthorizationRequest::new();
        // Asked for by the program where the profile leaves it open.
        if self.jarm && self.rules == Rules::Fapi2Security { request.response_mode("jwt") } else { request }
    }

    pub fn world(self) -> World {
        self.world_of(|op| op, |registered| registered, |_| ())
    }

    pub fn world_of(
        self,
        settings: impl FnOnce(Builder) -> Builder,
        registered: impl FnOnce(grantor::Client) -> grantor::Client,
        configure: impl FnOnce(&mut Config),
    ) -> World {
        let clock = ManualClock::new();
        let shared = Arc::clone(&clock);
        let mut builder = Server::builder()
            .auto_approve(PERSON)
            .clock(move || shared.monotonic())
            .mtls()
            .strict_request_objects(true);
        if self.pushed {
            builder = builder.require_pushed_authorization_requests();
        }
        if let Bound::Dpop(nonces) = self.bound {
            builder = builder.dpop_nonces(nonces);
        }
        let op = settings(builder).client(registered(self.registered())).start();
        let mut config = self.config(&op);
        configure(&mut config);
        let rp = Client::new(config, ports_with_certificate(&op, &clock)).unwrap();
        World { op, clock, rp }
    }

    /// How the client is known to the server.
    pub fn registered(self) -> grantor::Client {
        let mut client = grantor::Client::new(RP)
            .jwks(json!({"keys": [KEY.public().unwrap().to_value()]}))
            .id_token_signed_response_alg(ALG)
            .authorization_signed_response_alg(ALG)
            .s_hash();
        client = match self.auth {
            Auth::PrivateKeyJwt => client.auth("private_key_jwt").token_endpoint_auth_signing_alg(ALG),
            Auth::Mtls => client.tls_client_auth_san_dns(HOST),
        };
        client = match self.bound {
            Bound::Certificate => client.certificate_bound_access_tokens(),
            Bound::Dpop(_) => client.dpop_bound_access_tokens(),
        };
        if self.signs() { client.require_signed_request_object().request_object_signing_alg(ALG) } else { client }
    }

    /// How the client knows itself.
    pub fn config(self, op: &Server) -> Config {
        let mut config = Config::new(client::Server::Discover(Where::from(op.issuer())));
        config.set_rules(self.rules);
        config.set_redirect_uri(REDIRECT_URI.to_owned());
        config.set_id_token_alg(Some(ALG.to_owned()));
        config.set_authorization_alg(ALG.to_owned());
        identify(&mut config, self.auth);
        match self.bound {
            Bound::Certificate => config.set_token_type(Arc::new(CertificateBound)),
            Bound::Dpop(_) => config.set_dpop(&DPOP),
        }
        if self.signs() {
            config.set_request_objects(RequestObjects::from_key(&KEY).unwrap());
        }
        config
    }

    /// An address of the API that takes this variant's tokens.
    pub fn api(self, world: &World, path: &str) -> String {
        match self.bound {
            Bound::Certificate => world.op.mtls_url(path),
            Bound::Dpop(_) => world.op.url(path),
        }
    }

    /// Logs in, in the way of this variant.
    pub fn login(self, world: &World) -> Result<Person> {
        world.login_for(self.flow(), self.request())
    }

    /// The login without any fault: to the end, with a token that the API takes.
    #[track_caller]
    pub fn succeeds(self, world: &World) -> Person {
        let person = self.login(world).unwrap();
        assert_eq!(person.id_token.subject(), PERSON, "{self:?}");
        assert_eq!(self.spend(world, &person, "/api/accounts")["sub"], PERSON, "{self:?}");
        person
    }

    /// What the API answers to the person's token.
    #[track_caller]
    pub fn spend(self, world: &World, person: &Person, path: &str) -> Value {
        let source = source(world, person);
        let answer = get(&source, &self.api(world, path));
        assert_eq!(answer.status(), 200, "{self:?}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }
}

/// Who the client is, and how it shows it.
pub fn identify(config: &mut Config, auth: Auth) {
    match auth {
        Auth::PrivateKeyJwt => config.set_client_key(RP.to_owned(), KEY.clone()),
        Auth::Mtls => {
            config.set_client(RP.to_owned(), None);
            config.set_auth(Arc::new(TlsClientAuth));
        }
    }
}

/// As [`ports`], with a certificate of the server's authority.
pub fn ports_with_certificate(op: &Server, clock: &Arc<ManualClock>) -> Ports {
    let certificate = op.client_certificate(HOST);
    let face = blocking::Client::discover("https://as.example")
        .public_client(RP)
        .only_ca(op.ca_pem())
        .client_certificate(certificate.chain_pem.as_str(), certificate.key_pem.as_str())
        .build()
        .unwrap();
    Ports { http: Arc::clone(&face.core().ports().http), ..ports(clock) }
}

pub fn source(world: &World, person: &Person) -> Source {
    SourceBuilder::new(world.rp.clone(), Arc::new(Stored::new())).token(person.token().clone()).build().unwrap()
}

#[track_caller]
pub fn get(source: &Source, url: &str) -> http::Response<bytes::Bytes> {
    let request = Request::new(bytes::Bytes::new());
    let (mut parts, body) = request.into_parts();
    parts.uri = url.parse().unwrap();
    block_on(call(source, Request::from_parts(parts, body), Placement::Header)).unwrap()
}

/// The ID tokens of each variant: with the fault the rule refuses it, without it the same login goes through.
pub fn id_token_fault(
    id: &str,
    variants: Vec<Variant>,
    world: impl Fn(Variant) -> World,
    fault: &JwtFault,
    rule: Rule,
    only: impl Fn(Place) -> bool,
) {
    outcome(id, Outcome::Reject);
    let mut refusals = 0;
    for variant in variants {
        let world = world(variant);
        for place in variant.flow().places().into_iter().filter(|place| only(*place)) {
            world.op.misbehave_jwt_times(place.jwt(), 1, fault.clone());
            world.op.clear_log();
            rule.refuses(variant.login(&world));
            let answered = world.op.count(Endpoint::Token) > 0;
            assert_eq!(answered, place == Place::Back, "{variant:?}: no code is exchanged beside a bad ID token");
            assert_eq!(world.op.count(Endpoint::Api), 0);
            variant.succeeds(&world);
            refusals += 1;
        }
    }
    assert!(refusals > 0);
}

pub fn anywhere(_: Place) -> bool {
    true
}

/// A fault of the authorization response itself. It ends there: nothing else is asked.
pub fn answer_fault(variant: Variant, spoil: impl Fn(&Server), rule: Rule) {
    let world = variant.world();
    // The keys are known.
    variant.succeeds(&world);
    spoil(&world.op);
    let (url, pending) = world.start(variant.flow(), variant.request());
    let back = crate::browser::Browser::new().open(url.as_str()).at();
    world.op.clear_log();
    rule.refuses(block_on(world.rp.finish(pending, Callback::from(back.as_str()))).map(drop));
    // But for newer keys, where there is a signature to verify.
    let only_keys = |request: &grantor::Request| variant.jarm && request.endpoint == Endpoint::Jwks;
    assert!(world.op.requests().iter().all(only_keys), "{variant:?}: {:?}", world.op.requests());
    variant.succeeds(&world);
}

pub fn misbehave(what: Misbehaviour) -> impl Fn(&Server) {
    move |op| op.misbehave_times(Endpoint::Authorize, 1, what.clone())
}

/// The metadata is another issuer's: nothing but the metadata is asked for.
pub fn issuer_mismatch(id: &str, variants: Vec<Variant>) {
    outcome(id, Outcome::Reject);
    let rule = Rule {
        stage: "metadata",
        rule: "issuer is exactly the one asked for",
        spec: "RFC 8414 section 3.3, OpenID Connect Discovery section 4.3",
        got: grantor::OTHER_ISSUER,
    };
    for variant in variants {
        let world = variant.world();
        world.op.misbehave(Endpoint::Metadata, Misbehaviour::WrongIssuer(grantor::OTHER_ISSUER.into()));
        rule.refuses(block_on(world.rp.start(variant.request().scope("openid"))));
        assert!(world.op.requests().iter().all(|request| request.endpoint == Endpoint::Metadata), "{variant:?}");
        world.op.behave(Endpoint::Metadata);
        variant.succeeds(&world);
    }
}

/// The API rejects the token twice: each time the newest refresh token brings another, and the call goes through.
pub fn refreshes_twice(world: &World, source: &Source, url: &str, message: &str) {
    let mut known = block_on(source.token()).unwrap().refresh_token.clone().unwrap();
    assert_eq!(get(source, url).status(), 200, "{message}");
    for _ in 0..2 {
        world.op.clear_log();
        world.op.misbehave_times(Endpoint::Api, 1, Misbehaviour::Status { status: 401, retry_after: None });
        assert_eq!(get(source, url).status(), 200, "{message}");
        let sent = world.op.requests_to(Endpoint::Token).pop().unwrap();
        assert_eq!(sent.form_value("grant_type").as_deref(), Some("refresh_token"));
        assert_eq!(sent.form_value("refresh_token").as_deref(), Some(known.reveal()), "{message}: the newest");
        let next = block_on(source.token()).unwrap().refresh_token.clone().unwrap();
        assert_ne!(next, known, "{message}: the server gives another each time");
        known = next;
    }
    assert_eq!(world.op.families_revoked(), 0, "{message}");
}

/// A client that registers itself, reads and changes what it is registered as, each time with the newest access token for that,
/// and logs in before and after.
pub fn registers(id: &str, variants: Vec<Variant>) {
    outcome(id, Outcome::Succeed);
    for variant in variants {
        // Nobody has registered it beforehand.
        let stranger = |_: grantor::Client| grantor::Client::new("somebody");
        let World { op, clock, rp } = variant.world_of(|op| op.rotate_registration_access_tokens(), stranger, |_| ());
        let asked = variant.metadata();
        let registered = block_on(Client::register(variant.config(&op), rp.ports().clone(), &asked)).unwrap();
        let first = registered.registration.clone();
        let world = World { op, clock, rp: registered.client().unwrap() };
        assert_eq!(world.rp.client_id(), first.client_id, "{variant:?}");
        assert_ne!(first.client_id, RP, "{variant:?}");
        assert!(first.changed_from(&asked).is_empty(), "{variant:?}");
        variant.succeeds(&world);

        let read = block_on(world.rp.read_registration(&first)).unwrap();
        let renamed = read.metadata.clone().client_name("Another name");
        let updated = block_on(world.rp.update_registration(&read, &renamed)).unwrap();
        assert_eq!(updated.metadata.client_name.as_deref(), Some("Another name"), "{variant:?}");
        let tokens = [&first, &read, &updated].map(|kept| kept.registration_access_token.clone().unwrap());
        assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "{variant:?}: each answer brings another");
        // The ones before are good for nothing.
        let error = block_on(world.rp.read_registration(&first)).unwrap_err();
        assert!(error.to_string().contains("401") || error.server_error() == Some("invalid_token"), "{error}");
        variant.succeeds(&world);
        block_on(world.rp.delete_registration(&updated)).unwrap();
        assert!(block_on(world.rp.read_registration(&updated)).is_err(), "{variant:?}: it is gone");
    }
}

impl Variant {
    /// What the client asks to be registered as.
    fn metadata(self) -> ClientMetadata {
        let keys = JwkSet { keys: vec![KEY.public().unwrap()], ignored: Vec::new() };
        let mut metadata = ClientMetadata::new()
            .client_name("A program")
            .redirect_uris([REDIRECT_URI])
            .response_types([self.flow().response_type])
            .grant_types(["authorization_code", "implicit", "refresh_token"])
            .jwks(&keys)
            .id_token_signed_response_alg(ALG)
            .authorization_signed_response_alg(ALG)
            .require_pushed_authorization_requests(self.pushed);
        metadata = match self.auth {
            Auth::PrivateKeyJwt => {
                metadata.token_endpoint_auth_method("private_key_jwt").token_endpoint_auth_signing_alg(ALG)
            }
            Auth::Mtls => metadata.token_endpoint_auth_method("tls_client_auth").tls_client_auth_san_dns(HOST),
        };
        metadata = match self.bound {
            Bound::Certificate => metadata.tls_client_certificate_bound_access_tokens(true),
            Bound::Dpop(_) => metadata.dpop_bound_access_tokens(true),
        };
        if self.signs() {
            metadata.require_signed_request_object(true).request_object_signing_alg(ALG)
        } else {
            metadata
        }
    }
}
