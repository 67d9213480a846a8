//! Introspection answers that are JWTs (RFC 9701).

mod support;

use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::introspection::Introspection;
use grantee_core::jose::{
    ContentEncryption, DecryptionKey, EncryptionKey, Jwk, JwkSet, KeyAlgorithm, SignatureAlgorithm, SigningKey, jwe,
    jws,
};
use grantee_core::{Client, Error, Result, Token};
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, ec, signed_with};
use support::{FakeServer, Inline, ManualClock, block_on, ports, whole};

const JWT: &str = "application/token-introspection+jwt";
const JSON: &str = "application/json";

struct World {
    key: Jwk,
    mine: Jwk,
    server: Arc<FakeServer>,
    client: Client,
    /// Status, content type and body of the answer.
    answer: Arc<Mutex<(u16, &'static str, String)>>,
}

fn world(configure: impl FnOnce(&mut Config)) -> World {
    let (key, mine) = (ec("k"), ec("mine"));
    let answer = Arc::new(Mutex::new((200, JWT, String::new())));
    let (served, keys) = (Arc::clone(&answer), JwkSet::from_iter([key.clone()]).public().to_json());
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/jwks" => support::json(200, &keys),
        _ => {
            let (status, content_type, body) = served.lock().unwrap().clone();
            let answer = http::Response::builder().status(status).header("content-type", content_type);
            Ok(answer.body(Bytes::from(body)).unwrap())
        }
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.members_mut().issuer = Some(ISSUER.to_owned());
    config.members_mut().introspection_endpoint = Some(format!("{ISSUER}/introspect"));
    config.members_mut().jwks_uri = Some(format!("{ISSUER}/jwks"));
    config.set_introspection_alg("ES256".to_owned());
    config.add_decryption_key(Arc::new(DecryptionKey::any(&mine).unwrap()));
    configure(&mut config);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    World { key, mine, server, client, answer }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": ISSUER, "aud": "svc", "iat": NOW,
        "token_introspection": {"active": true, "sub": "alice", "scope": "read", "exp": NOW + 60},
    });
    claims.as_object().unwrap().clone()
}

impl World {
    fn get(&self, status: u16, content_type: &'static str, body: impl Into<String>) -> Result<Introspection> {
        *self.answer.lock().unwrap() = (status, content_type, body.into());
        block_on(self.client.introspect("tok"))
    }

    fn signed_as(&self, typ: Option<&str>, claims: &Map<String, Value>) -> String {
        let mut header = jws::Header::new();
        header.typ = typ.map(str::to_owned);
        signed_with(header, &SigningKey::new(&self.key, SignatureAlgorithm::Es256).unwrap(), claims)
    }

    fn with(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Result<Introspection> {
        let mut claims = claims();
        change(&mut claims);
        self.get(200, JWT, self.signed_as(Some("token-introspection+jwt"), &claims))
    }
}

fn rule(outcome: Result<Introspection>) -> String {
    match outcome {
        Err(Error::Rule(broken)) => broken.rule.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signed_answer_is_the_same_value_and_kept_as_it_came() {
    let world = world(|_| {});
    let seen = world.with(|_| {}).unwrap();
    assert!(seen.active && seen.is_signed);
    assert_eq!((seen.sub.as_deref(), seen.scope), (Some("alice"), Some("read".into())));
    assert_eq!(seen.jwt.unwrap().reveal(), world.answer.lock().unwrap().2);
    assert_eq!(
        whole(&world.server.requests.lock().unwrap()[0]),
        "POST https://as.example/introspect\naccept: application/token-introspection+jwt\nauthorization: Basic c3ZjOnMzY3JldA==\n\
         content-type: application/x-www-form-urlencoded\n\ntoken=tok"
    );
}

#[test]
fn it_is_so_too_when_a_token_authorizes_the_request() {
    let world = world(|_| {});
    *world.answer.lock().unwrap() = (200, JWT, world.signed_as(Some("token-introspection+jwt"), &claims()));
    let seen = block_on(world.client.introspect_as("tok", &Token::bearer("mine"))).unwrap();
    assert!(seen.is_signed);
    let requests = world.server.requests.lock().unwrap();
    assert_eq!(requests[0].headers()["accept"], JWT);
    assert_eq!(requests[0].headers()["authorization"], "Bearer mine");
    drop(requests);
    *world.answer.lock().unwrap() = (200, JSON, r#"{"active":true}"#.to_owned());
    block_on(world.client.introspect_as("tok", &Token::bearer("mine"))).unwrap_err();
}

#[test]
fn plain_json_is_refused_where_signed_answers_are_registered() {
    let world = world(|_| {});
    assert_eq!(rule(world.get(200, JSON, r#"{"active":true}"#)), "the answer is signed as registered");
    let jwt = world.signed_as(Some("token-introspection+jwt"), &claims());
    for other in ["application/jwt", "text/plain", "application/token-introspection+jwtx"] {
        assert_eq!(rule(world.get(200, other, jwt.clone())), "the answer is signed as registered");
    }
    world.get(200, "Application/Token-Introspection+JWT; charset=utf-8", jwt).unwrap();
}

#[test]
fn plain_json_stays_the_default() {
    let plain = support::client(&FakeServer::new(|_, _| support::json(200, "{}")), &ManualClock::new());
    assert!(block_on(plain.introspect("tok")).is_err(), "no introspection endpoint");
    let server = FakeServer::new(|_, _| support::json(200, r#"{"active":true}"#));
    let mut config = support::literal();
    config.members_mut().introspection_endpoint = Some(format!("{ISSUER}/introspect"));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let seen = block_on(client.introspect("tok")).unwrap();
    assert!(seen.active && !seen.is_signed && seen.jwt.is_none());
    assert_eq!(server.requests.lock().unwrap()[0].headers()["accept"], JSON);
}

#[test]
fn an_error_of_the_servers_is_its_own_error() {
    let world = world(|_| {});
    for (status, content_type) in [(401, JSON), (200, JSON), (400, JWT)] {
        let error = world.get(status, content_type, r#"{"error":"invalid_client"}"#).unwrap_err();
        assert_eq!(error.server_error(), Some("invalid_client"), "{status} {content_type}");
    }
    assert_eq!(world.get(503, JWT, "").unwrap_err().status(), Some(503));
}

#[test]
fn typ_says_what_it_is() {
    let world = world(|_| {});
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("token-introspection")] {
        let outcome = world.get(200, JWT, world.signed_as(typ, &claims()));
        assert_eq!(rule(outcome), "typ is that of this kind of token", "{typ:?}");
    }
}

#[test]
fn the_algorithm_is_the_registered_one_and_the_key_one_of_the_servers() {
    let other = world(|config| config.set_introspection_alg("RS256".to_owned()));
    assert_eq!(rule(other.with(|_| {})), "alg is the one registered for this client");
    let world = world(|_| {});
    let mut header = jws::Header::new();
    header.typ = Some("token-introspection+jwt".to_owned());
    let forged = signed_with(header, &SigningKey::new(&ec("k"), SignatureAlgorithm::Es256).unwrap(), &claims());
    assert_eq!(world.get(200, JWT, forged).unwrap_err().code(), "rule_violation");
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoidG9rZW4taW50cm9zcGVjdGlvbitqd3QifQ.e30.";
    assert_eq!(world.get(200, JWT, unsigned).unwrap_err().code(), "rule_violation");
    for nonsense in ["", "a.b", "a.b.c", "\u{fffd}"] {
        assert_eq!(world.get(200, JWT, nonsense).unwrap_err().code(), "rule_violation", "{nonsense}");
    }
}

#[test]
fn iss_is_the_issuer_that_was_asked() {
    let world = world(|_| {});
    assert_eq!(
        rule(world.with(|claims| drop(claims.insert("iss".into(), json!("https://evil.example"))))),
        "iss is the issuer that was asked"
    );
    assert_eq!(rule(world.with(|claims| drop(claims.remove("iss")))), "a claim that is required is there as a string");
}

#[test]
fn aud_contains_this_client() {
    let world = world(|_| {});
    for other in [json!("other"), json!(["other"]), json!(null), json!(7), json!([])] {
        assert_eq!(rule(world.with(|claims| drop(claims.insert("aud".into(), other)))), "aud is this client");
    }
    assert_eq!(rule(world.with(|claims| drop(claims.remove("aud")))), "aud is this client");
    world.with(|claims| drop(claims.insert("aud".into(), json!(["other", "svc"])))).unwrap();
}

#[test]
fn iat_is_about_now() {
    let world = world(|_| {});
    let at = |iat: Value| world.with(|claims| drop(claims.insert("iat".into(), iat)));
    assert_eq!(rule(at(json!(NOW + 61))), "iat does not lie in the future");
    assert_eq!(rule(at(json!(NOW - 300))), "iat is not too far in the past");
    assert_eq!(rule(at(json!("now"))), "a time that is required is there as a number");
    assert_eq!(rule(world.with(|claims| drop(claims.remove("iat")))), "a time that is required is there as a number");
    at(json!(NOW - 299)).unwrap();
    at(json!(NOW + 60)).unwrap();
}

#[test]
fn what_else_limits_the_answer_holds() {
    let world = world(|_| {});
    let with = |name: &str, value: Value| world.with(|claims| drop(claims.insert(name.into(), value)));
    assert_eq!(rule(with("exp", json!(NOW - 61))), "exp lies in the future");
    assert_eq!(rule(with("nbf", json!(NOW + 61))), "nbf does not lie in the future");
}

#[test]
fn token_introspection_holds_the_answer() {
    let world = world(|_| {});
    assert_eq!(
        rule(world.with(|claims| drop(claims.insert("token_introspection".into(), json!("active"))))),
        "the answer says what the server knows of the token"
    );
    // What stands beside it says nothing about the token.
    let beside = world.with(|claims| {
        claims.insert("active".into(), json!(true));
        claims.insert("token_introspection".into(), json!({"active": false, "sub": "alice"}));
    });
    let beside = beside.unwrap();
    assert!(!beside.active && beside.sub.is_none() && beside.is_signed);
    assert_eq!(
        rule(world.with(|claims| drop(claims.insert("token_introspection".into(), json!({"active": "true"}))))),
        "the answer says whether the token is active"
    );
}

#[test]
fn an_encrypted_answer_is_encrypted_as_registered_and_signed_within() {
    let world = world(|config| config.set_introspection_encryption("ECDH-ES".to_owned(), "A128GCM".to_owned()));
    let signed = world.signed_as(Some("token-introspection+jwt"), &claims());
    assert!(world.get(200, JWT, signed.clone()).unwrap_err().to_string().contains("encrypted as registered"));
    let key = EncryptionKey::new(&world.mine.public().unwrap(), KeyAlgorithm::EcdhEs).unwrap();
    let encrypt = |payload: &str| {
        jwe::encrypt(&jwe::Header::new(), payload.as_bytes(), &key, ContentEncryption::A128Gcm).unwrap()
    };
    assert!(world.get(200, JWT, encrypt(&signed)).unwrap().is_signed);
    let unsigned = Value::from(claims()).to_string();
    assert_eq!(world.get(200, JWT, encrypt(&unsigned)).unwrap_err().code(), "rule_violation");
}

#[test]
fn an_algorithm_that_is_not_known_is_refused_when_the_client_is_made() {
    for wrong in ["none", "RS257"] {
        let mut config = support::literal();
        config.set_introspection_alg(wrong.to_owned());
        let server = FakeServer::new(|_, _| support::json(200, "{}"));
        let ports = ports(&server, &ManualClock::new(), Arc::new(Inline));
        assert_eq!(Client::new(config, ports).unwrap_err().code(), "configuration", "{wrong}");
    }
}
