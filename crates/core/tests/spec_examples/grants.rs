//! Requests that are forms: token exchange (RFC 8693), assertions (RFC 7523); and those of devices, CIBA and PAR, by name.

use crate::support::authorization::decoded;
use crate::support::{FakeServer, Inline, ManualClock, block_on, client, json, literal, ports};
use crate::{Case, ciba, decoded_params, device, request_objects};
use grantee_core::client_auth::ClientAssertion;
use grantee_core::grant::{Grant, JwtBearer, SecurityToken, TokenExchange};
use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, VerifyingKey, jws};
use grantee_core::{Client, Params};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const GRANTED: &str = r#"{"access_token":"at","token_type":"Bearer","issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#;

fn granting() -> Arc<FakeServer> {
    FakeServer::new(|_, _| json(200, GRANTED))
}

pub fn form_request(case: &Case) {
    match case.name {
        "rfc8693-2.3-request" => token_exchange(case),
        "rfc8628-3.4" => device::token_request(case),
        "ciba-7.1-request" => ciba::request(case),
        "rfc9126-2.1-request" => request_objects::pushed_request(case),
        name => panic!("nobody knows the form of {name}"),
    }
}

fn token_exchange(case: &Case) {
    let server = granting();
    let mut config = literal();
    config.set_client(case.input("/client_id").into(), Some(case.input("/client_secret").into()));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let grant = TokenExchange::new(SecurityToken::new(case.input("/params/subject_token"), "access_token"))
        .resource(case.input("/params/resource"));
    block_on(client.token(&grant)).unwrap();
    assert_eq!(server.requests.lock().unwrap()[0].headers()["authorization"], case.expected("/authorization"));
    assert_eq!(decoded_params(&server.body(0)), Case::params(&case.expected["body_params"]));
}

pub fn form_request_fixed_params(case: &Case) {
    let server = granting();
    let mut config = literal();
    config.set_auth(Arc::new(ClientAssertion::from_fn(|| Ok("a.b.c".into()))));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    // Given, and signed by us: the same.
    let given: [&dyn Grant; 2] =
        [&JwtBearer::assertion("a.b.c"), &JwtBearer::signed_by_key(&key).unwrap().subject("s")];
    for (index, grant) in given.into_iter().enumerate() {
        block_on(client.token(grant)).unwrap();
        let sent = Params::parse(&server.body(index));
        for (name, value) in Case::params(case.expected) {
            assert_eq!(sent.get(&name), Some(&*value), "{name}");
        }
    }
}

pub fn jwt_bearer_claims(case: &Case) {
    let input = case.input;
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid(case.input("/header/kid"));
    let lifetime = input["exp"].as_u64().unwrap() - input["nbf"].as_u64().unwrap();
    let mut grant = JwtBearer::signed_by_key(&key)
        .unwrap()
        .issuer(case.input("/iss"))
        .subject(case.input("/sub"))
        .audience_claim(case.input("/aud"))
        .lifetime(Duration::from_secs(lifetime))
        .not_before(Duration::ZERO);
    for (name, value) in input["extra"].as_object().unwrap() {
        grant = grant.claim(name, value.clone());
    }
    let (server, clock) = (granting(), ManualClock::new());
    clock.wall.store(input["nbf"].as_i64().unwrap() * 1000, Ordering::SeqCst);
    block_on(client(&server, &clock).token(&grant)).unwrap();
    let body = Params::parse(&server.body(0));
    let (header, claims) = decoded(body.get("assertion").unwrap());
    assert_eq!(header, input["header"]);
    for name in ["iss", "sub", "aud", "exp", "nbf"] {
        assert_eq!(claims[name], input[name], "{name}");
    }
    for name in case.expected["required"].as_array().unwrap() {
        assert!(!claims[name.as_str().unwrap()].is_null(), "{name}");
    }
    for (name, value) in input["extra"].as_object().unwrap() {
        assert_eq!(&claims[name], value);
    }
    let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    jws::Compact::parse(body.get("assertion").unwrap()).unwrap().verify(&verifying).unwrap();
}
