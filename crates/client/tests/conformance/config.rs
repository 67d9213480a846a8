//! Tests of the configuration and dynamic plans: finding the provider, its keys, and a signed userinfo answer.

use crate::basic::{NONE, SIGNATURE};
use crate::suite::{Flow, Outcome, Place, flows, flows_where};
use crate::world::{PERSON, Person, REDIRECT_URI, RP, Rule, SECRET, World, block_on, ports};
use grantee::AuthorizationRequest;
use grantee::endpoint::discovery::Where;
use grantee::error::TransportError;
use grantee::jose::jws;
use grantee::ports::{BoxFuture, Http, Ports, Request, Response};
use grantee_core::Client;
use grantee_core::client::{self, Config};
use grantor::{Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_ISSUER};
use serde_json::json;
use std::sync::Arc;

#[test]
fn oidcc_client_test_discovery_issuer_mismatch() {
    let rule = Rule {
        stage: "metadata",
        rule: "issuer is exactly the one asked for",
        spec: "RFC 8414 section 3.3, OpenID Connect Discovery section 4.3",
        got: OTHER_ISSUER,
    };
    for flow in flows("oidcc-client-test-discovery-issuer-mismatch", Outcome::Reject) {
        let world = World::new();
        world.op.misbehave(Endpoint::Metadata, Misbehaviour::WrongIssuer(OTHER_ISSUER.into()));
        rule.refuses(block_on(world.rp.metadata()));
        rule.refuses(block_on(world.rp.start(AuthorizationRequest::new().scope("openid"))));
        let asked = world.op.requests();
        assert!(asked.iter().all(|request| request.endpoint == Endpoint::Metadata), "{flow:?}: it stops there");
        world.op.behave(Endpoint::Metadata);
        assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
    }
}

#[test]
fn oidcc_client_test_discovery_jwks_uri_keys() {
    let mut paths = Vec::new();
    for flow in flows("oidcc-client-test-discovery-jwks-uri-keys", Outcome::Succeed) {
        for _ in 0..2 {
            let world = World::of(|op| op.random_jwks_path(), |registered| registered, |_| ());
            assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
            let asked = world.op.requests_to(Endpoint::Jwks);
            let named = block_on(world.rp.metadata()).unwrap().jwks_uri.clone().unwrap();
            assert_eq!((asked.len(), world.op.url(&asked[0].path)), (1, named), "{flow:?}");
            assert!(!paths.contains(&asked[0].path));
            paths.push(asked[0].path.clone());
        }
    }
}

#[test]
fn oidcc_client_test_discovery_openid_config() {
    for flow in flows_where("oidcc-client-test-discovery-openid-config", Outcome::Succeed, Flow::brings_token) {
        for path in ["", "/tenant/one"] {
            let world = World::of(|op| op.issuer_path(path), |registered| registered, |_| ());
            let person = world.login(flow).unwrap();
            assert_eq!(
                block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap().claims.sub(),
                Some(PERSON)
            );
            let asked: Vec<String> = world.op.requests().into_iter().map(|request| request.path).collect();
            let mut places = vec!["/.well-known/openid-configuration", "/authorize", "/jwks", "/userinfo"];
            if flow.code() {
                // Its ID token of the token endpoint is verified after that was asked.
                places.insert(if flow.places().contains(&Place::Front) { 3 } else { 2 }, "/token");
            }
            let places: Vec<String> = places.into_iter().map(|place| format!("{path}{place}")).collect();
            assert_eq!(asked, places, "{flow:?}");
            let metadata = block_on(world.rp.metadata()).unwrap();
            assert_eq!(metadata.issuer.as_deref(), Some(world.op.issuer().as_str()));
        }
    }
}

/// Reaches the provider, which speaks plain HTTP, under the name of the domain that people's identifiers have.
struct Domain {
    provider: String,
    inner: Arc<dyn Http>,
}

const DOMAIN: &str = "https://people.example";

impl Http for Domain {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let asked = request.uri().to_string();
            if let Some(rest) = asked.strip_prefix(DOMAIN) {
                *request.uri_mut() = format!("{}{rest}", self.provider).parse().unwrap();
            }
            let answer = self.inner.send(request).await?;
            Ok(Response { url: asked, ..answer })
        })
    }
}

/// A client that knows no issuer, but a person's identifier.
fn client_for(identifier: &str, world: &World) -> Client {
    let mut config = Config::new(client::Server::Discover(Where::person(identifier)));
    config.set_client(RP.to_owned(), Some(SECRET.into()));
    config.set_redirect_uri(REDIRECT_URI.to_owned());
    // The issuer that the domain names has no TLS.
    config.set_allow_http();
    let ports = ports(&world.clock);
    let http = Domain { provider: world.op.url(""), inner: Arc::clone(&ports.http) };
    Client::new(config, Ports { http: Arc::new(http), ..ports }).unwrap()
}

fn webfinger(id: &str, identifier: &str, resource: &str) {
    const STAGE: &str = "issuer discovery";
    const SPEC: &str = "OpenID Connect Discovery section 2";
    for flow in flows(id, Outcome::Succeed) {
        let fresh = || {
            let world = World::new();
            let rp = client_for(identifier, &world);
            World { rp, ..world }
        };
        let world = fresh();
        let person = world.login(flow).unwrap();
        assert_eq!((person.id_token.subject(), person.id_token.issuer()), (PERSON, &*world.op.issuer()));
        let asked = world.op.requests_to(Endpoint::Webfinger);
        assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/.well-known/webfinger"));
        assert_eq!(asked[0].query_value("resource").as_deref(), Some(resource));
        assert_eq!(asked[0].query_value("rel").as_deref(), Some("http://openid.net/specs/connect/1.0/issuer"));
        assert!(asked[0].header("accept").is_some_and(|accept| accept.contains("application/jrd+json")));

        let world = fresh();
        world.op.misbehave_times(Endpoint::Webfinger, 1, Misbehaviour::OmitMember("links".into()));
        let rule = Rule { stage: STAGE, rule: "a link leads to the issuer", spec: SPEC, got: "no such link" };
        rule.refuses(block_on(world.rp.metadata()));
        assert!(block_on(world.rp.metadata()).is_ok(), "a failure is not kept");

        // The domain names an issuer; the metadata found there must be that one's (Discovery section 4.3).
        let world = fresh();
        let link = json!([{"rel": "http://openid.net/specs/connect/1.0/issuer", "href": DOMAIN}]);
        world.op.misbehave(Endpoint::Webfinger, Misbehaviour::SetMember("links".into(), link));
        let error = block_on(world.rp.metadata()).unwrap_err().to_string();
        assert!(error.contains("issuer is exactly the one asked for") && error.contains(DOMAIN), "{error}");
    }
}

#[test]
fn oidcc_client_test_discovery_webfinger_acct() {
    let id = "oidcc-client-test-discovery-webfinger-acct";
    webfinger(id, "acct:jane@people.example", "acct:jane@people.example");
    webfinger(id, "jane@people.example", "acct:jane@people.example");
}

#[test]
fn oidcc_client_test_discovery_webfinger_url() {
    let id = "oidcc-client-test-discovery-webfinger-url";
    webfinger(id, "https://people.example/jane", "https://people.example/jane");
    webfinger(id, "people.example", "https://people.example/");
}

#[test]
fn oidcc_client_test_signing_key_rotation() {
    for flow in flows("oidcc-client-test-signing-key-rotation", Outcome::Succeed) {
        let world = World::new();
        let mut signed_by = Vec::new();
        for fetches in [1, 2, 3] {
            let kid = kid_of(&world.login(flow).unwrap());
            assert!(!signed_by.contains(&kid), "{flow:?}");
            signed_by.push(kid.clone());
            assert_eq!(kid_of(&world.login(flow).unwrap()), kid);
            assert_eq!(world.op.count(Endpoint::Jwks), fetches, "{flow:?}: once for each set");
            world.op.rotate_keys();
        }
    }
}

#[test]
fn oidcc_client_test_signing_key_rotation_just_before_signing() {
    for flow in flows("oidcc-client-test-signing-key-rotation-just-before-signing", Outcome::Succeed) {
        let world = World::new();
        let before = kid_of(&world.login(flow).unwrap());
        world.op.misbehave_jwt_times(flow.places()[0].jwt(), 1, JwtFault::RotateKeys);
        assert_ne!(kid_of(&world.login(flow).unwrap()), before, "{flow:?}");
        assert_eq!(world.op.count(Endpoint::Jwks), 2, "{flow:?}");
        // The set that was fetched is out of date as soon as it has come.
        let world = World::new();
        world.op.misbehave_times(Endpoint::Jwks, 1, Misbehaviour::RotateKeys);
        for _ in 0..2 {
            assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON, "{flow:?}");
        }
        assert_eq!(world.op.count(Endpoint::Jwks), 2, "{flow:?}");
    }
}

fn kid_of(person: &Person) -> String {
    let token = jws::Compact::parse(person.id_token.reveal()).unwrap();
    token.header().kid.clone().unwrap()
}

#[test]
fn oidcc_client_test_userinfo_signed() {
    let signed = |registered: grantor::Client| registered.userinfo_signed_response_alg("RS256");
    let expected = |config: &mut Config| config.set_userinfo_alg("RS256".into());
    for flow in flows_where("oidcc-client-test-userinfo-signed", Outcome::Succeed, Flow::brings_token) {
        let world = World::of(|op| op, signed, expected);
        let person = world.login(flow).unwrap();
        let userinfo = || block_on(world.rp.userinfo(person.token(), &person.id_token));
        let answer = userinfo().unwrap();
        assert_eq!((answer.claims.sub(), answer.is_signed), (Some(PERSON), true), "{flow:?}");
        world.op.misbehave_jwt_times(Jwt::Userinfo, 1, JwtFault::BrokenSignature);
        Rule { stage: "userinfo", ..SIGNATURE }.refuses(userinfo());
        world.op.misbehave_jwt_times(Jwt::Userinfo, 1, JwtFault::AlgNone);
        Rule { stage: "userinfo", ..NONE }.refuses(userinfo());
        let spec = "OpenID Connect Core section 5.3.4";
        for (fault, rule, got) in [
            (JwtFault::WrongIssuer, "iss is the issuer that was asked", OTHER_ISSUER),
            (JwtFault::WrongAudience, "aud is this client", "another audience"),
        ] {
            world.op.misbehave_jwt_times(Jwt::Userinfo, 1, fault);
            Rule { stage: "userinfo", rule, spec, got }.refuses(userinfo());
        }
        assert!(userinfo().unwrap().is_signed, "{flow:?}");
        // Registered for a signature, it takes nothing without one.
        let world = World::of(|op| op, |registered| registered, expected);
        let person = world.login(flow).unwrap();
        let rule = "the answer is signed or encrypted as registered";
        let plain = block_on(world.rp.userinfo(person.token(), &person.id_token));
        Rule { stage: "userinfo", rule, spec, got: "plain JSON" }.refuses(plain);
    }
}
