//! DPoP (RFC 9449): the RFC's proofs by our verifier, ours for the same inputs, and nonces that are demanded.

use crate::Case;
use crate::support::authorization::decoded;
use crate::support::{FakeServer, Inline, ManualClock, block_on, json, literal, ports};
use grantee_core::grant::ClientCredentials;
use grantee_core::jose::jws::Compact;
use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, VerifyingKey};
use grantee_core::session::SourceBuilder;
use grantee_core::session::call::{Placement, call};
use grantee_core::token_type::dpop::Dpop;
use grantee_core::token_type::{ProofContext, TokenType};
use grantee_core::{Client, Token, UnixTime};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use std::sync::{Arc, LazyLock};

static KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap());

/// The token of the RFC's figures.
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

/// Header and claims of a proof, once its signature is verified by the key in it, and the key.
fn verified(proof: &str) -> (Value, Value, Jwk) {
    let (header, _) = decoded(proof);
    let key = Jwk::from_value(header["jwk"].clone()).unwrap();
    let alg = SignatureAlgorithm::from_name(header["alg"].as_str().unwrap()).unwrap();
    let seen = Compact::parse(proof).unwrap().verify(&VerifyingKey::new(&key, alg).unwrap()).unwrap();
    (header, serde_json::from_slice(&seen.payload).unwrap(), key)
}

/// Our proof for a request with or without a token.
fn ours(method: &str, uri: &str, iat: i64, token: Option<&Token>) -> (Value, Value, Jwk) {
    let (method, uri): (Method, Uri) = (method.parse().unwrap(), uri.parse().unwrap());
    let entropy = crate::support::Counting::default();
    let mut context = ProofContext::new(&method, &uri, UnixTime::from_seconds(iat), &entropy);
    context.token = token;
    let mut headers = HeaderMap::new();
    block_on(Dpop::from_key(&KEY).unwrap().prove(context, &mut headers)).unwrap();
    verified(headers["dpop"].to_str().unwrap())
}

pub fn dpop_proof(case: &Case) {
    assert_eq!(case.expected["signature_valid"], true);
    let (header, claims, key) = verified(case.input("/proof"));
    assert_eq!((&header, &claims), (&case.expected["header"], &case.expected["claims"]));
    assert_eq!(key.thumbprint(), case.expected("/jkt"));
    // One bit more or less, and it is no proof.
    let (start, end) = case.input("/proof").rsplit_once('.').unwrap();
    let forged = format!("{start}.{}{}", if end.starts_with('A') { "B" } else { "A" }, &end[1..]);
    let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    assert!(Compact::parse(&forged).unwrap().verify(&verifying).is_err());
    // Ours for the same request: the same members and values, but for chance and the key.
    let token = claims.get("ath").map(|_| Token::bearer(TOKEN));
    let text = |name: &str| claims[name].as_str().unwrap();
    let iat = claims["iat"].as_i64().unwrap();
    let (our_header, mut our_claims, our_key) = ours(text("htm"), text("htu"), iat, token.as_ref());
    our_claims["jti"] = claims["jti"].clone();
    assert_eq!(our_claims, claims);
    assert_eq!((&our_header["typ"], &our_header["alg"]), (&header["typ"], &header["alg"]));
    let members = |header: &Value| -> Vec<String> {
        header["jwk"].as_object().unwrap().iter().map(|(name, _)| name.clone()).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(members(&our_header)), sorted(members(&header)));
    assert_eq!(our_key.thumbprint(), KEY.thumbprint());
}

pub fn dpop_ath(case: &Case) {
    let token = Token::bearer(case.input("/access_token"));
    let (_, claims, _) = ours("GET", "https://resource.example.org/protectedresource", 1_562_262_618, Some(&token));
    assert_eq!(claims["ath"], case.expected("/ath"));
}

fn client(server: &Arc<FakeServer>) -> Client {
    let mut config = literal();
    config.set_token_type(Arc::new(Dpop::from_key(&KEY).unwrap()));
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

const GRANTED: &str = r#"{"access_token":"at","token_type":"DPoP","expires_in":3600}"#;

/// What the proof of a request shows as its nonce.
fn nonce_of(server: &FakeServer, index: usize) -> Value {
    let requests = server.requests.lock().unwrap();
    verified(requests[index].headers()["dpop"].to_str().unwrap()).1["nonce"].clone()
}

/// Section 8: the request is made once more, with the nonce.
pub fn demanded_by_the_server(case: &Case) {
    let answer = case.answer();
    let server = FakeServer::new(move |_, count| if count == 1 { Ok(answer.clone()) } else { json(200, GRANTED) });
    block_on(client(&server).token(&ClientCredentials::new())).unwrap();
    assert_eq!((nonce_of(&server, 0), server.count()), (Value::Null, 2));
    assert_eq!(nonce_of(&server, 1), case.expected("/retry_with_nonce"));
}

/// Section 9.
pub fn resource_error_response(case: &Case) {
    let answer = case.answer();
    let server = FakeServer::new(move |request, count| match (request.uri().host(), count) {
        (Some("as.example"), _) => json(200, GRANTED),
        (_, 2) => Ok(answer.clone()),
        _ => json(200, "{}"),
    });
    let source = SourceBuilder::new(client(&server), Arc::new(ClientCredentials::new())).build().unwrap();
    let request = http::Request::get("https://api.example/").body(bytes::Bytes::new()).unwrap();
    assert_eq!(block_on(call(&source, request, Placement::Header)).unwrap().status(), 200);
    assert_eq!(server.count(), 3, "one token, two calls");
    assert_eq!((nonce_of(&server, 1), nonce_of(&server, 2)), (Value::Null, case.expected["retry_with_nonce"].clone()));
    assert!(case.input("/headers/WWW-Authenticate").contains(case.expected("/error")));
}
