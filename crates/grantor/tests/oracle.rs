//! Encryption, ES512 and ES256K: what needs the feature.
#![cfg(feature = "oracle")]
#![allow(clippy::unwrap_used)]

mod common;

use aws_lc_rs::digest;
use common::*;
use grantor::{Client, Jwt, JwtFault, Server, SigningKey};
use josekit::{
    jwe::{self, JweDecrypter},
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ecx::EcxCurve},
    },
    jws,
};
use serde_json::{Map, Value, json};

const SECRET: &str = "a secret of more than thirty-two bytes";

fn public(key: &Jwk, kid: &str) -> Value {
    let mut members: Map<String, Value> = key.to_public_key().unwrap().into();
    members.insert("kid".into(), kid.into());
    members.insert("use".into(), "enc".into());
    members.into()
}

/// An ID token, userinfo and a logout token for a client that wants them encrypted.
fn tokens(client: Client, alg: &str, enc: &str) -> (Server, [String; 3]) {
    let client = client.id_token_encrypted_response(alg, enc).userinfo_encrypted_response(alg, enc);
    let server = Server::builder()
        .auto_approve("alice")
        .client(client.userinfo_signed_response_alg("ES256").auth("none"))
        .start();
    let answer = login(&server, "c", None, &[]);
    let userinfo = get_with(&server, "/userinfo", &answer.text("access_token"));
    assert_eq!(userinfo.header("content-type"), Some("application/jwt"));
    let logout = server.logout_token("c", Some("alice"), None, None);
    (server, [answer.text("id_token"), userinfo.body, logout])
}

fn all_are_signed_inside(server: &Server, tokens: &[String; 3], decrypter: &dyn JweDecrypter, alg: &str, enc: &str) {
    for token in tokens {
        let (text, header) = jwe::deserialize_compact(token, decrypter).unwrap();
        assert_eq!((header.algorithm(), header.content_encryption()), (Some(alg), Some(enc)));
        assert_eq!(header.content_type(), Some("JWT"));
        let inner = String::from_utf8(text).unwrap();
        assert!(is_by_server(server, &inner) && claims(&inner)["sub"] == "alice", "{alg}");
    }
}

#[test]
fn tokens_are_signed_and_then_encrypted_to_the_clients_key() {
    let rsa = Jwk::generate_rsa_key(2048).unwrap();
    let ec = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let x25519 = Jwk::generate_ecx_key(EcxCurve::X25519).unwrap();
    let cases: [(&str, &Jwk, Box<dyn JweDecrypter>); 5] = [
        ("RSA-OAEP", &rsa, Box::new(jwe::RSA_OAEP.decrypter_from_jwk(&rsa).unwrap())),
        ("RSA-OAEP-256", &rsa, Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(&rsa).unwrap())),
        ("ECDH-ES", &ec, Box::new(jwe::ECDH_ES.decrypter_from_jwk(&ec).unwrap())),
        ("ECDH-ES+A256KW", &ec, Box::new(jwe::ECDH_ES_A256KW.decrypter_from_jwk(&ec).unwrap())),
        ("ECDH-ES", &x25519, Box::new(jwe::ECDH_ES.decrypter_from_jwk(&x25519).unwrap())),
    ];
    for (alg, key, decrypter) in cases {
        let mut for_signatures = public(key, "sig");
        for_signatures["use"] = json!("sig");
        let client = Client::new("c").jwks(json!({"keys": [for_signatures, public(key, "enc")]}));
        let (server, tokens) = tokens(client, alg, "A128CBC-HS256");
        all_are_signed_inside(&server, &tokens, decrypter.as_ref(), alg, "A128CBC-HS256");
        assert!(jose_header(&tokens[0])["kid"] == "enc", "{alg}");
    }
}

#[test]
fn symmetric_encryption_is_by_the_left_of_a_hash_of_the_secret() {
    let hash = |algorithm: &'static digest::Algorithm, length: usize| {
        digest::digest(algorithm, SECRET.as_bytes()).as_ref()[..length].to_vec()
    };
    let direct = |key: Vec<u8>| -> Box<dyn JweDecrypter> { Box::new(jwe::Dir.decrypter_from_bytes(key).unwrap()) };
    let cases = [
        ("dir", "A128GCM", direct(hash(&digest::SHA256, 16))),
        ("dir", "A128CBC-HS256", direct(hash(&digest::SHA256, 32))),
        ("dir", "A192CBC-HS384", direct(hash(&digest::SHA384, 48))),
        ("dir", "A256CBC-HS512", direct(hash(&digest::SHA512, 64))),
        ("A256KW", "A256GCM", Box::new(jwe::A256KW.decrypter_from_bytes(hash(&digest::SHA256, 32)).unwrap())),
    ];
    for (alg, enc, decrypter) in cases {
        let (server, tokens) = tokens(Client::new("c").secret(SECRET), alg, enc);
        all_are_signed_inside(&server, &tokens, decrypter.as_ref(), alg, enc);
    }
}

#[test]
fn userinfo_may_be_encrypted_without_a_signature() {
    let key = Jwk::generate_ec_key(EcCurve::P384).unwrap();
    let client = Client::new("c")
        .jwks(json!({"keys": [public(&key, "k")]}))
        .userinfo_encrypted_response("ECDH-ES", "A256GCM")
        .auth("none");
    let server = Server::builder().client(client).start();
    let answer = get_with(&server, "/userinfo", &server.issue("c", Some("alice"), "openid").access_token);
    let decrypter = jwe::ECDH_ES.decrypter_from_jwk(&key).unwrap();
    let (text, header) = jwe::deserialize_compact(&answer.body, &decrypter).unwrap();
    assert_eq!(
        (serde_json::from_slice::<Value>(&text).unwrap(), header.content_type()),
        (json!({"sub": "alice"}), None)
    );
}

#[test]
fn an_introspection_answer_is_signed_and_then_encrypted() {
    let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let client = Client::new("rs")
        .secret("secret")
        .jwks(json!({"keys": [public(&key, "1")]}))
        .introspection_encrypted_response("ECDH-ES", "A256GCM");
    let server = Server::builder().client(client).start();
    let credentials = basic("rs", "secret");
    let headers = [FORM, ("Authorization", credentials.as_str())];
    let answer = send(&server, "POST", "/introspect", &headers, &encode(&[("token", "x")]));
    assert_eq!(answer.header("content-type"), Some("application/token-introspection+jwt"));
    let decrypter = jwe::ECDH_ES.decrypter_from_jwk(&key).unwrap();
    let (text, _) = jwe::deserialize_compact(&answer.body, &decrypter).unwrap();
    let inner = String::from_utf8(text).unwrap();
    assert!(is_by_server(&server, &inner));
    assert_eq!(claims(&inner)["token_introspection"], json!({"active": false}));
}

#[test]
fn a_client_without_a_key_that_fits_is_refused() {
    let signing = json!({"keys": [SigningKey::fresh("ES256").jwk()]});
    for client in [
        Client::new("c").jwks(signing).id_token_encrypted_response("ECDH-ES", "A128GCM"),
        Client::new("c").id_token_encrypted_response("RSA-OAEP", "A128GCM"),
        Client::new("c").id_token_encrypted_response("dir", "A128GCM"),
        Client::new("c").secret(SECRET).id_token_encrypted_response("dir", "A1GCM"),
        Client::new("c").secret(SECRET).id_token_encrypted_response("ROT13", "A128GCM"),
    ] {
        assert!(Server::builder().client(client).try_start().is_err());
    }
}

#[test]
fn es512_and_es256k_sign_and_verify() {
    for (alg, algorithm) in [("ES512", jws::ES512), ("ES256K", jws::ES256K)] {
        let client = Client::new("c").id_token_signed_response_alg(alg);
        let server = Server::builder().auto_approve("alice").client(client).start();
        for _ in 0..2 {
            let token = login(&server, "c", None, &[]).text("id_token");
            let kid = &jose_header(&token)["kid"];
            let key = key_set(&server).into_iter().find(|key| key["kid"] == *kid && key["alg"] == alg).unwrap();
            assert!(key.get("d").is_none());
            let key = Jwk::from_map(key.as_object().unwrap().clone()).unwrap();
            assert!(jws::deserialize_compact(&token, &algorithm.verifier_from_jwk(&key).unwrap()).is_ok(), "{alg}");
            server.rotate_keys();
        }
        // And as the signature of a client assertion.
        let key = SigningKey::fresh(alg);
        server.register(Client::new("kim").jwks(json!({"keys": [key.jwk()]})));
        let now = server.now().as_secs();
        let claims = json!({"iss": "kim", "sub": "kim", "aud": server.issuer(), "exp": now + 60, "jti": "1"});
        let assertion = key.sign(Map::new(), claims.as_object().unwrap().clone());
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        assert_eq!(post(&server, "/token", &pairs).status, 200, "{alg}");
    }
}

#[test]
fn an_id_token_may_come_encrypted_with_what_nobody_should_take() {
    let key = Jwk::generate_rsa_key(2048).unwrap();
    let mut jwk = public(&key, "k");
    jwk["alg"] = json!("RSA-OAEP");
    let client = Client::new("c").jwks(json!({"keys": [jwk]})).id_token_encrypted_response("RSA-OAEP", "A128GCM");
    let server = Server::builder().auto_approve("alice").client(client.auth("none")).start();
    server.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::EncryptedWithRsa15);
    let token = login(&server, "c", None, &[]).text("id_token");
    assert_eq!(jose_header(&token)["alg"], "RSA1_5");
    #[allow(deprecated)]
    let decrypter = jwe::RSA1_5.decrypter_from_jwk(&key).unwrap();
    let (text, _) = jwe::deserialize_compact(&token, &decrypter).unwrap();
    assert!(is_by_server(&server, &String::from_utf8(text).unwrap()), "all else is right");
    assert_eq!(jose_header(&login(&server, "c", None, &[]).text("id_token"))["alg"], "RSA-OAEP");
    // It means nothing where nothing is encrypted so, and waits.
    server.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::EncryptedWithRsa15);
    assert!(is_by_server(&server, &login(&server, "public", None, &[]).text("id_token")));
    assert_eq!(jose_header(&login(&server, "c", None, &[]).text("id_token"))["alg"], "RSA1_5");
}
