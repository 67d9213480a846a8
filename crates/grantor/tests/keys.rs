//! The keys of a server: which there are, how they rotate, and what can be wrong with the set of them.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Endpoint, Jwt, JwtFault, Misbehaviour, Server, SigningKey};
use serde_json::{Map, json};

fn id_token(server: &Server) -> String {
    exchange(server, &code(server)).text("id_token")
}

#[test]
fn there_is_a_key_for_each_algorithm_and_a_client_gets_the_one_it_registered() {
    let algs = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
    let mut builder = Server::builder().auto_approve("alice");
    for alg in algs.into_iter().chain(["PS512"]) {
        builder = builder.client(Client::new(alg).id_token_signed_response_alg(alg));
    }
    let server = builder.start();
    let listed: Vec<_> = key_set(&server).iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, algs);
    for alg in algs.into_iter().chain(["PS512"]) {
        let token = login(&server, alg, None, &[]).text("id_token");
        assert_eq!(jose_header(&token)["alg"], alg);
        assert!(is_by_server(&server, &token), "{alg}");
    }
    assert_eq!(key_set(&server).len(), 6, "the key for PS512 came with the first client that wanted it");
}

#[test]
fn hs_tokens_are_macs_by_the_secret_and_none_is_no_signature() {
    let secret = "a secret of more than thirty-two bytes";
    let mut builder = Server::builder().auto_approve("alice");
    for alg in ["HS256", "HS384", "HS512", "none"] {
        builder = builder.client(Client::new(alg).secret(secret).id_token_signed_response_alg(alg));
    }
    let server = builder.start();
    for alg in ["HS256", "HS384", "HS512"] {
        let token = login(&server, alg, Some(secret), &[]).text("id_token");
        assert!(jose_header(&token)["alg"] == alg && verifies_with_secret(&token, secret.as_bytes()), "{token}");
        assert!(jose_header(&token).get("kid").is_none());
    }
    let unsigned = login(&server, "none", Some(secret), &[]).text("id_token");
    assert!(jose_header(&unsigned)["alg"] == "none" && unsigned.ends_with('.'), "{unsigned}");
    assert!(claims(&unsigned).get("at_hash").is_none(), "no digest goes with it");
}

#[test]
fn servers_share_their_keys_unless_told_otherwise() {
    assert_eq!(key_set(&Server::start()), key_set(&Server::start()));
    let (one, other) = (Server::builder().fresh_signing_keys().start(), Server::builder().fresh_signing_keys().start());
    let (one, other) = (key_set(&one), key_set(&other));
    assert_eq!(one.len(), 5);
    assert!(one.iter().all(|key| !other.contains(key)));
}

#[test]
fn a_rotation_leaves_none_of_the_old_keys() {
    let server = auto();
    let before = key_set(&server);
    let old = id_token(&server);
    for _ in 0..3 {
        server.rotate_keys();
        assert!(!is_by_server(&server, &old));
        assert!(is_by_server(&server, &id_token(&server)));
    }
    let after = key_set(&server);
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|new| before.iter().all(|old| old["kid"] != new["kid"])));
}

#[test]
fn keys_rotate_just_before_signing_or_right_after_they_were_fetched() {
    let server = auto();
    let fetched = key_set(&server);
    server.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::RotateKeys);
    let token = id_token(&server);
    assert!(fetched.iter().all(|key| key["kid"] != jose_header(&token)["kid"]) && is_by_server(&server, &token));

    server.misbehave_times(Endpoint::Jwks, 1, Misbehaviour::RotateKeys);
    let fetched = key_set(&server);
    let token = id_token(&server);
    assert!(fetched.iter().all(|key| key["kid"] != jose_header(&token)["kid"]) && is_by_server(&server, &token));
    assert_eq!(server.count(Endpoint::Jwks), 4);
}

#[test]
fn keys_may_have_no_kid() {
    let keys = [SigningKey::fresh("RS256").without_kid(), SigningKey::fresh("RS256").without_kid()];
    let server = Server::builder().auto_approve("alice").signing_keys([keys[0].clone()]).start();
    let token = id_token(&server);
    let single = key_set(&server);
    assert!(jose_header(&token).get("kid").is_none());
    assert!(single.len() == 1 && single[0].get("kid").is_none() && verifies(&token, &single[0]));
    // Several: the one that signs need not be the first.
    server.set_signing_keys([keys[1].clone(), keys[0].clone()]);
    let token = id_token(&server);
    let fitting: Vec<_> = key_set(&server).iter().map(|key| verifies(&token, key)).collect();
    assert_eq!(fitting, [true, false]);
}

#[test]
fn decoys_bear_the_kid_and_verify_nothing_they_should() {
    let server = auto();
    server.misbehave(Endpoint::Jwks, Misbehaviour::JwksDecoys);
    let keys = key_set(&server);
    assert_eq!(keys.len(), 20);
    let token = id_token(&server);
    let same_kid: Vec<_> = keys.iter().filter(|key| key["kid"] == jose_header(&token)["kid"]).collect();
    assert_eq!(same_kid.len(), 4);
    let fit = |key: &&&serde_json::Value| key["kty"] == "RSA" && key["alg"] == "RS256" && key["use"] == "sig";
    assert_eq!(same_kid.iter().filter(fit).count(), 1);
    assert_eq!(same_kid.iter().filter(|key| key["kty"] == "EC").count(), 1);
    let fitting: Vec<_> = same_kid.iter().map(|key| verifies(&token, key)).collect();
    assert_eq!(fitting, [false, false, false, true]);
}

#[test]
fn a_set_may_have_a_broken_key_or_no_kids_at_all() {
    let server = auto();
    server.misbehave_times(Endpoint::Jwks, 1, Misbehaviour::JwksBrokenKey);
    server.misbehave_times(Endpoint::Jwks, 1, Misbehaviour::JwksWithoutKids);
    let broken = key_set(&server);
    assert!(broken.len() == 6 && !verifies(&id_token(&server), &broken[0]));
    let without = key_set(&server);
    assert!(without.len() == 5 && without.iter().all(|key| key.get("kid").is_none()));
    server.misbehave_times(Endpoint::Jwks, 1, Misbehaviour::SetMember("keys".into(), json!([])));
    assert!(key_set(&server).is_empty());
}

#[test]
fn the_key_set_may_be_where_nobody_can_guess() {
    let jwks_uri = |server: &Server| get(server, "/.well-known/openid-configuration").text("jwks_uri");
    let server = Server::builder().random_jwks_path().start();
    let path = jwks_uri(&server).strip_prefix(&server.issuer()).unwrap().to_owned();
    assert_eq!(get(&server, &path).json()["keys"].as_array().unwrap().len(), 5);
    assert_eq!(get(&server, "/jwks").status, 404);
    let other = Server::builder().random_jwks_path().start();
    assert!(!jwks_uri(&other).ends_with(&path));
}

#[test]
fn a_test_can_sign_anything_with_the_servers_key() {
    let server = Server::start();
    let key = server.signing_key("ES384");
    let token =
        key.sign(Map::from_iter([("typ".to_owned(), json!("odd"))]), Map::from_iter([("a".to_owned(), json!(1))]));
    assert!(is_by_server(&server, &token));
    assert_eq!((jose_header(&token)["typ"].as_str(), claims(&token)), (Some("odd"), json!({"a": 1})));
    let described = SigningKey::shared("ES256").jwk_member("use", json!(null)).jwk_member("x", "y").with_kid("k").jwk();
    assert!(described.get("use").is_none() && described["x"] == "y" && described["kid"] == "k");
}
