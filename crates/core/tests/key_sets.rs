//! Key sets (OpenID Connect Core section 10.1): which key is chosen, and when the set is fetched.

mod support;

use grantee_core::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm};
use grantee_core::oidc::IdTokenExpectations as Expect;
use grantee_core::{Client, Error};
use std::sync::Arc;
use support::provider::{Provider, claims, ec, key, signed, verify};
use support::{block_on, ports, seconds};

const ES256: SignatureAlgorithm = SignatureAlgorithm::Es256;

fn token(key: &Jwk) -> String {
    signed(key, ES256, &claims())
}

fn without_kid(key: &Jwk) -> String {
    let mut value = key.to_value();
    value.as_object_mut().unwrap().remove("kid");
    token(&Jwk::from_value(value).unwrap())
}

fn refused(client: &Client, token: &str) -> String {
    let error = verify(client, token, &Expect::new()).unwrap_err();
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    error.to_string()
}

#[test]
fn the_set_is_fetched_once_and_keys_serve_from_then_on() {
    let signer = ec("k");
    let provider = Provider::new(vec![signer.clone()]);
    let client = provider.client(|_| ());
    for _ in 0..5 {
        verify(&client, &token(&signer), &Expect::new()).unwrap();
    }
    assert_eq!((provider.server.count(), client.counters().key_set_fetches), (1, 1));
    provider.clock.pass(seconds(3599));
    verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 1);
    provider.clock.pass(seconds(1));
    verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 2);
}

fn signed_later(key: &Jwk, provider: &Provider) -> String {
    let now = provider.clock.wall.load(std::sync::atomic::Ordering::SeqCst) / 1000;
    let mut claims = claims();
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + 600).into());
    signed(key, ES256, &claims)
}

#[test]
fn decoys_of_the_same_kid_are_passed_over_by_kty_alg_and_use() {
    let signer = ec("k");
    let decoys = vec![
        key("k", KeyKind::Rsa(2048)),
        key("k", KeyKind::Curve(Curve::P384)),
        key("k", KeyKind::Curve(Curve::Ed25519)),
        ec("k").with_use("enc"),
        ec("k").with_alg("ECDH-ES"),
        ec("k").with_key_ops(["encrypt"]),
        signer.clone().with_use("sig").with_alg("ES256"),
    ];
    let provider = Provider::new(decoys.clone());
    verify(&provider.client(|_| ()), &token(&signer), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 1);
    let provider = Provider::new(decoys[..6].to_vec());
    assert!(refused(&provider.client(|_| ()), &token(&signer)).contains("a key of the server's set fits"));
    // One that fits in everything, and is another key all the same.
    let provider = Provider::new(vec![ec("k"), signer.clone()]);
    verify(&provider.client(|_| ()), &token(&signer), &Expect::new()).unwrap();
}

#[test]
fn no_kid_and_one_fitting_key_is_that_key_and_several_are_tried() {
    let signer = ec("k");
    let provider = Provider::new(vec![key("r", KeyKind::Rsa(2048)), signer.clone()]);
    verify(&provider.client(|_| ()), &without_kid(&signer), &Expect::new()).unwrap();
    let provider = Provider::new(vec![ec("a"), ec("b"), signer.clone(), ec("c")]);
    verify(&provider.client(|_| ()), &without_kid(&signer), &Expect::new()).unwrap();
    let provider = Provider::new(vec![ec("a"), ec("b")]);
    assert!(refused(&provider.client(|_| ()), &without_kid(&signer)).contains("the signature verifies"));
}

#[test]
fn a_kid_is_never_passed_over() {
    let signer = ec("k");
    let mut nameless = signer.to_value();
    nameless.as_object_mut().unwrap().remove("kid");
    let provider = Provider::new(vec![Jwk::from_value(nameless).unwrap().with_kid("other")]);
    assert!(refused(&provider.client(|_| ()), &token(&signer)).contains("kid k with alg ES256"));
}

#[test]
fn a_shared_secret_in_the_set_is_no_key() {
    let secret = Jwk::oct([7; 32]).with_kid("k");
    let provider = Provider::new(vec![]);
    let set = serde_json::json!({"keys": [secret.to_value()]});
    provider.answer(200, &set.to_string());
    let client = provider.client(|config| config.set_id_token_alg(Some("HS256".into())));
    let mac = signed(&secret, SignatureAlgorithm::Hs256, &claims());
    assert!(refused(&client, &mac).contains("the signature verifies"));
    assert_eq!(provider.server.count(), 0);
}

#[test]
fn rotation_just_before_and_just_after_signing_costs_one_fetch_each() {
    let (old, new) = (ec("old"), ec("new"));
    let provider = Provider::new(vec![old.clone()]);
    let client = provider.client(|_| ());
    verify(&client, &token(&old), &Expect::new()).unwrap();
    provider.serve(vec![new.clone(), old.clone()]);
    verify(&client, &token(&new), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 2);
    // Signed by the old key just before it went: the held set still has it.
    verify(&client, &token(&old), &Expect::new()).unwrap();
    provider.serve(vec![new.clone()]);
    verify(&client, &token(&old), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 2);
}

#[test]
fn a_key_replaced_under_its_old_kid_is_found_by_the_failed_signature() {
    let (old, new) = (ec("same"), ec("same"));
    let provider = Provider::new(vec![old.clone()]);
    let client = provider.client(|_| ());
    verify(&client, &token(&old), &Expect::new()).unwrap();
    provider.serve(vec![new.clone()]);
    verify(&client, &token(&new), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 2);
    assert!(refused(&client, &token(&old)).contains("the signature verifies"));
}

#[test]
fn a_flood_of_unknown_kids_cannot_break_the_cool_down() {
    let signer = ec("k");
    let provider = Provider::new(vec![signer.clone()]);
    let client = provider.client(|_| ());
    for round in 0..200 {
        refused(&client, &token(&ec(&format!("made-up-{round}"))));
    }
    assert_eq!(provider.server.count(), 4, "the first fetch and three for unknown keys");
    verify(&client, &token(&signer), &Expect::new()).unwrap();
    assert!(refused(&client, &token(&ec("x"))).contains("fetched often enough"));
    // A real rotation is seen once the cool-down has let in one more fetch.
    let new = ec("new");
    provider.serve(vec![new.clone()]);
    assert!(refused(&client, &token(&new)).contains("fetched often enough"));
    provider.clock.pass(seconds(30));
    verify(&client, &token(&new), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 5);
    for _ in 0..50 {
        refused(&client, &token(&ec("y")));
    }
    assert_eq!(provider.server.count(), 5);
}

#[test]
fn the_last_good_set_serves_in_an_outage() {
    let signer = ec("k");
    let provider = Provider::new(vec![signer.clone()]);
    let client = provider.client(|_| ());
    verify(&client, &token(&signer), &Expect::new()).unwrap();
    provider.answer(503, "");
    provider.clock.pass(seconds(4000));
    verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    assert_eq!(provider.server.count(), 2, "the outage is not asked at every token");
    // A key that is not in it: the outage is told, not that the token is wrong.
    let error = verify(&client, &signed_later(&ec("new"), &provider), &Expect::new()).unwrap_err();
    assert!(error.is_transient() && error.status() == Some(503), "{error}");
    for broken in ["<html>", r#"{"keys":7}"#] {
        provider.answer(200, broken);
        provider.clock.pass(seconds(60));
        verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    }
    provider.serve(vec![ec("other")]);
    provider.clock.pass(seconds(60));
    assert!(refused(&client, &signed_later(&signer, &provider)).contains("fits the token"));
}

#[test]
fn no_set_at_all_is_the_servers_failure_and_is_asked_for_once_a_second() {
    let signer = ec("k");
    let provider = Provider::new(vec![]);
    provider.answer(503, "");
    let client = provider.client(|_| ());
    for _ in 0..20 {
        assert_eq!(verify(&client, &token(&signer), &Expect::new()).unwrap_err().status(), Some(503));
    }
    assert_eq!(provider.server.count(), 1);
    provider.serve(vec![signer.clone()]);
    provider.clock.pass(seconds(1));
    verify(&client, &token(&signer), &Expect::new()).unwrap();
}

#[test]
fn the_last_good_set_serves_a_day_in_an_outage_and_no_longer() {
    let signer = ec("k");
    let provider = Provider::new(vec![signer.clone()]);
    let client = provider.client(|_| ());
    verify(&client, &token(&signer), &Expect::new()).unwrap();
    provider.answer(503, "");
    provider.clock.pass(seconds(86_399));
    verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap();
    provider.clock.pass(seconds(61));
    let error = verify(&client, &signed_later(&signer, &provider), &Expect::new()).unwrap_err();
    assert_eq!(error.status(), Some(503));
}

#[test]
fn a_set_with_one_bad_key_still_serves_the_others() {
    let signer = ec("k");
    let provider = Provider::new(vec![]);
    let public = signer.public().unwrap().to_value();
    let set =
        serde_json::json!({"keys": [{"kty": "RSA", "kid": "k", "n": "AQ", "e": "AQAB"}, {"kty": "new"}, 7, public]});
    provider.answer(200, &set.to_string());
    verify(&provider.client(|_| ()), &token(&signer), &Expect::new()).unwrap();
}

#[test]
fn keys_given_by_the_program_are_never_fetched() {
    let signer = ec("k");
    let provider = Provider::new(vec![]);
    let set = grantee_core::jose::JwkSet { keys: vec![signer.clone()], ignored: Vec::new() };
    let client = provider.client(|config| config.set_jwks(set));
    verify(&client, &token(&signer), &Expect::new()).unwrap();
    assert!(refused(&client, &token(&ec("other"))).contains("fits the token"));
    assert_eq!(provider.server.count(), 0);
}

#[test]
fn keys_come_over_https_alone() {
    let provider = Provider::new(vec![ec("k")]);
    let client = provider.client(|config| config.members_mut().jwks_uri = Some("http://as.example/jwks".into()));
    let error = verify(&client, &token(&ec("k")), &Expect::new()).unwrap_err();
    assert_eq!((error.code(), provider.server.count()), ("configuration", 0));
}

#[test]
fn one_fetch_at_a_time_however_many_ask() {
    let signer = ec("k");
    let provider = Provider::new(vec![signer.clone()]);
    let mut config = grantee_core::Config::new(grantee_core::client::Server::Literal);
    config.set_client("svc".to_owned(), None);
    config.set_id_token_alg(Some("ES256".into()));
    config.members_mut().issuer = Some(support::provider::ISSUER.into());
    config.members_mut().jwks_uri = Some("https://as.example/jwks".into());
    let client = Client::new(config, ports(&provider.server, &provider.clock, Arc::new(support::Inline))).unwrap();
    let raw = token(&signer);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| verify(&client, &raw, &Expect::new()).unwrap());
        }
    });
    assert_eq!(provider.server.count(), 1);
    let unknown = token(&ec("unknown"));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| block_on(async { verify(&client, &unknown, &Expect::new()).unwrap_err() }));
        }
    });
    assert!(provider.server.count() <= 4, "{}", provider.server.count());
}
