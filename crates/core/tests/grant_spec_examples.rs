//! The examples of the grants' specifications, by name (`vectors/oauth2_spec_examples.json`).

mod support;

use grantee_core::client_auth::ClientAssertion;
use grantee_core::grant::{Grant, JwtBearer, SecurityToken, TokenExchange};
use grantee_core::jose::{Curve, Jwk, KeyKind, jws};
use grantee_core::{Client, Params, Token};
use serde_json::Value;
use support::*;

fn example(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/oauth2_spec_examples.json")).unwrap();
    let found = all["cases"].as_array().unwrap().iter().find(|case| case["name"] == name);
    found.unwrap_or_else(|| panic!("no example {name}")).clone()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}"))
}

/// What one request got for an example's answer.
fn answered(case: &Value, grant: &dyn Grant) -> Token {
    let body = text(case, "/input/body").to_owned();
    let server = FakeServer::new(move |_, _| json(200, &body));
    block_on(client(&server, &ManualClock::new()).token(grant)).unwrap()
}

fn is_as_expected(token: &Token, expected: &Value) {
    assert_eq!(token.access_token.reveal(), text(expected, "/access_token"));
    assert_eq!(token.token_type, text(expected, "/token_type"));
    assert_eq!(token.issued_token_type.as_deref(), Some(text(expected, "/issued_token_type")));
    assert_eq!(token.lifetime().unwrap().as_secs(), expected["expires_in"].as_u64().unwrap());
}

#[test]
fn rfc8693_2_3_request() {
    let case = example("rfc8693-2.3-request");
    let server = FakeServer::new(|_, _| json(200, "{}"));
    let mut config = literal();
    config.set_client(text(&case, "/input/client_id").into(), Some(text(&case, "/input/client_secret").into()));
    let grant = TokenExchange::new(SecurityToken::new(text(&case, "/input/params/subject_token"), "access_token"))
        .resource(text(&case, "/input/params/resource"));
    let client = Client::new(config, ports(&server, &ManualClock::new(), std::sync::Arc::new(Inline))).unwrap();
    block_on(client.token(&grant)).unwrap_err();
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests[0].headers()["authorization"], text(&case, "/expected/authorization"));
    let body = Params::parse(std::str::from_utf8(requests[0].body()).unwrap());
    let mut sent: Vec<_> = body.iter().collect();
    sent.sort_unstable();
    let expected = case["expected"]["body_params"].as_object().unwrap();
    assert_eq!(sent, expected.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect::<Vec<_>>());
}

#[test]
fn rfc8693_2_3_response_and_those_of_appendix_a() {
    for name in ["rfc8693-2.3-response", "rfc8693-A.1-response", "rfc8693-A.2-response"] {
        let case = example(name);
        let token = answered(&case, &TokenExchange::new(Token::bearer("subject")));
        is_as_expected(&token, &case["expected"]);
        assert_eq!(token.is_bearer(), name != "rfc8693-A.2-response");
    }
}

#[test]
fn rfc7523_2_1() {
    let case = example("rfc7523-2.1");
    assert_eq!(JwtBearer::assertion("a.b.c").grant_type(), text(&case, "/expected/grant_type"));
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    assert_eq!(JwtBearer::signed_by_key(&key).unwrap().grant_type(), text(&case, "/expected/grant_type"));
}

#[test]
fn rfc7523_2_2() {
    let case = example("rfc7523-2.2");
    let server = FakeServer::new(|_, _| json(200, "{}"));
    let mut config = literal();
    config.set_auth(std::sync::Arc::new(ClientAssertion::from_fn(|| Ok("a.b.c".into()))));
    let client = Client::new(config, ports(&server, &ManualClock::new(), std::sync::Arc::new(Inline))).unwrap();
    block_on(client.token(&JwtBearer::assertion("a.b.c"))).unwrap_err();
    let body = Params::parse(&server.body(0));
    assert_eq!(body.get("client_assertion_type"), Some(text(&case, "/expected/client_assertion_type")));
}

#[test]
fn rfc7523_4_claims() {
    let case = example("rfc7523-4-claims");
    let input = &case["input"];
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid(text(input, "/header/kid"));
    let mut grant = JwtBearer::signed_by_key(&key)
        .unwrap()
        .issuer(text(input, "/iss"))
        .subject(text(input, "/sub"))
        .audience_claim(text(input, "/aud"))
        .lifetime(std::time::Duration::from_secs(3600))
        .not_before(std::time::Duration::ZERO);
    for (name, value) in input["extra"].as_object().unwrap() {
        grant = grant.claim(name, value.clone());
    }
    let (server, clock) = (FakeServer::new(|_, _| json(200, "{}")), ManualClock::new());
    clock.wall.store(input["nbf"].as_i64().unwrap() * 1000, std::sync::atomic::Ordering::SeqCst);
    block_on(client(&server, &clock).token(&grant)).unwrap_err();
    let body = Params::parse(&server.body(0));
    let compact = jws::Compact::parse(body.get("assertion").unwrap()).unwrap();
    assert_eq!(compact.header().to_json(), format!(r#"{{"alg":"ES256","kid":"{}"}}"#, text(input, "/header/kid")));
    let claims: Value = serde_json::from_slice(compact.unverified_payload()).unwrap();
    for name in case["expected"]["required"].as_array().unwrap() {
        assert_eq!(claims[name.as_str().unwrap()], input[name.as_str().unwrap()]);
    }
    assert_eq!(claims["nbf"], input["nbf"]);
    assert_eq!(claims["http://claims.example.com/member"], true);
}
