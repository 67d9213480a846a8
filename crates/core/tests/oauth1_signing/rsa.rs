//! RSA (section 3.4.3), with keys that aws-lc does not sign with any more.

use crate::*;
use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY as SHA1, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as SHA256,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY as SHA512, RsaParameters, RsaPublicKeyComponents,
};
use grantee_core::oauth1::{RsaSha1, RsaSha256, RsaSha512, Secrets, SignatureMethod};
use grantee_jose::base64url::decode;
use grantee_jose::{Jwk, KeyKind, SignatureAlgorithm, SigningKey};
use serde_json::json;

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("pem/", $name, ".pem"))
    };
}

const PKCS1_2048: &str = include_str!("../../../jose/tests/pem/rsa_pkcs1.pem");
const PKCS8_2048: &str = include_str!("../../../jose/tests/pem/rsa_pkcs8.pem");

fn signature(method: &dyn SignatureMethod) -> String {
    let secret = Secret::from(CLIENT_SECRET);
    block_on(method.sign("base string", Secrets { client: &secret, token: Some(&secret) })).unwrap()
}

/// As standard base64 says it, by a table of its own.
fn bytes_of(text: &str) -> Vec<u8> {
    decode(text.trim_end_matches('=').replace('+', "-").replace('/', "_")).unwrap()
}

fn public_part(key: &Jwk) -> RsaPublicKeyComponents<Vec<u8>> {
    let members = key.to_value();
    let number = |name: &str| decode(members[name].as_str().unwrap()).unwrap();
    RsaPublicKeyComponents { n: number("n"), e: number("e") }
}

fn verified(method: &dyn SignatureMethod, parameters: &'static RsaParameters, key: &Jwk) {
    public_part(key).verify(parameters, b"base string", &bytes_of(&signature(method))).unwrap();
}

#[test]
fn a_key_of_1024_bits_signs_as_openssl_does() {
    let pem = pem!("rsa1024");
    let signed = |method: &dyn SignatureMethod| signature(method);
    assert_eq!(
        signed(&RsaSha1::from_pem(pem).unwrap()),
        "WqWS6Di5TwSMUNfXeKB6BdZjWnCTmhXh0PHTBi6j2Qz2BYnpoZRGHfrUi8iQnJCKKOzL1UZdGpJI+pTkIPtM9DF4r6bnT2BSRJNq2pxF/e/Pqz8FC8rz/AuS/qR7FABgRcdJo6HSVQt3NQaqRQSfPes3boPgbWzafcrfxFBJZ7w="
    );
    assert_eq!(
        signed(&RsaSha256::from_pem(pem).unwrap()),
        "kWnVdjS010mbo+hXjMp3ua+9w4fc0C+mSu9BfzqUVwDCmdRm3apFHz2QnLRuu93FYBdFeV48tVAU5LNqHq3RKEzCB673xRtj/6Q7d1RjHamkue0kOtYLITHsmAPI82SeRoZ6ifvVITaMsJCwD/gtCbau5e/4oyN4wnc1nShJUXs="
    );
    assert_eq!(
        signed(&RsaSha512::from_pem(pem).unwrap()),
        "BokaxhvGxu0GiUUCnvd9GPZIoeEB9zUu/flNf0L/7E3pUsnzvfVNNI4FI26l3AQIbQ9e+xcTfZ8N9y351sI319uG+Bf3q4YEIZqOSvZvzaqNPx5FZxroTg1BuIOrSu/I8KsKaADzjpa3/QkI3RiQIsGA8ATumpRSO6bMt4JCzO8="
    );
}

#[test]
fn a_key_of_2048_bits_signs_by_every_hash_from_pem_and_from_a_jwk() {
    let key = Jwk::from_pem(PKCS8_2048).unwrap();
    for pem in [PKCS1_2048, PKCS8_2048] {
        verified(&RsaSha1::from_pem(pem).unwrap(), &SHA1, &key);
        verified(&RsaSha256::from_pem(pem).unwrap(), &SHA256, &key);
        verified(&RsaSha512::from_pem(pem).unwrap(), &SHA512, &key);
    }
    verified(&RsaSha1::from_key(&key).unwrap(), &SHA1, &key);
    verified(&RsaSha256::from_key(&key).unwrap(), &SHA256, &key);
    verified(&RsaSha512::from_key(&key).unwrap(), &SHA512, &key);
    let signer = SigningKey::new(&key, SignatureAlgorithm::Rs256).unwrap();
    verified(&RsaSha256::new(signer).unwrap(), &SHA256, &key);
}

#[test]
fn the_signature_is_the_same_whatever_the_shared_secrets() {
    let method = RsaSha1::from_pem(PKCS8_2048).unwrap();
    let other = Secret::from("other");
    let signed = block_on(method.sign("base string", Secrets { client: &other, token: None })).unwrap();
    assert_eq!(signed, signature(&method));
}

#[test]
fn the_body_hash_is_by_the_signatures_hash() {
    let of = |method: &dyn SignatureMethod| method.body_hash(b"Hello World!").unwrap();
    assert_eq!(of(&RsaSha1::from_pem(PKCS8_2048).unwrap()), "Lve95gjOVATpfV8EL5X4nxwjKHE=");
    assert_eq!(of(&RsaSha256::from_pem(PKCS8_2048).unwrap()), "f4OxZX/x/FO5LcGBSKHWXfwtSx+j1ncoSt3SABJtkGk=");
    assert_eq!(of(&RsaSha512::from_pem(PKCS8_2048).unwrap()).len(), 88);
}

/// Every reader refuses the text as an error of the configuration that says this, and shows nothing of the key.
fn refused(pem: &str, says: &str) {
    let errors =
        [RsaSha1::from_pem(pem).map(drop), RsaSha256::from_pem(pem).map(drop), RsaSha512::from_pem(pem).map(drop)];
    for error in errors {
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        let shown = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
        assert!(error.to_string().contains(says), "{error}");
        let lines = pem.lines().filter(|line| line.len() == 64 && !line.starts_with("-----"));
        lines.for_each(|line| assert!(!shown.contains(&line[..8]), "{shown}"));
    }
}

#[test]
fn keys_of_fewer_than_1024_bits_are_refused() {
    refused(pem!("rsa512"), "it has 512 bits, and 1024 to 8192 are taken");
    refused(pem!("rsa1023"), "it has 1023 bits");
}

#[test]
fn what_is_no_private_rsa_key_in_the_clear_is_refused_by_name() {
    refused(pem!("rsa1024_encrypted"), "needs its password");
    refused(pem!("rsa1024_proc_type"), "Proc-Type");
    refused(include_str!("../../../jose/tests/pem/rsa_aes256_sha512.pem"), "needs its password");
    refused(pem!("rsa1024_spki"), "");
    refused(include_str!("../../../jose/tests/pem/rsa_spki.pem"), "");
    refused(include_str!("../../../jose/tests/pem/rsa_certificate.pem"), "");
    refused(include_str!("../../../jose/tests/pem/p256_pkcs8.pem"), "");
    refused(include_str!("../../../jose/tests/pem/p256_sec1.pem"), "");
    refused(include_str!("../../../jose/tests/pem/ed25519_pkcs8.pem"), "");
    for nonsense in [
        "",
        "not a key at all",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAA\n-----END PRIVATE KEY-----",
    ] {
        refused(nonsense, "");
    }
    let cut = pem!("rsa1024").replace("MII", "MIJ");
    refused(&cut, "");
    let error = RsaSha1::from_pem(include_str!("../../../jose/tests/pem/p256_pkcs8.pem")).unwrap_err();
    assert!(error.to_string().contains("it is of the type EC"), "{error}");
    let error = RsaSha1::from_pem(include_str!("../../../jose/tests/pem/rsa_spki.pem")).unwrap_err();
    assert!(error.to_string().contains("it is a public key"), "{error}");
}

#[test]
fn a_jwk_that_is_for_something_else_is_refused() {
    let key = Jwk::from_pem(PKCS8_2048).unwrap();
    assert!(RsaSha1::from_key(&key.public().unwrap()).is_err());
    assert!(RsaSha1::from_key(&Jwk::generate(KeyKind::Oct(256)).unwrap()).is_err());
    for (member, value, fits) in [
        ("use", json!("enc"), false),
        ("use", json!("sig"), true),
        ("alg", json!("RS256"), false),
        ("alg", json!("RS1"), true),
        ("key_ops", json!(["verify"]), false),
        ("key_ops", json!(["sign"]), true),
    ] {
        let mut members = key.to_value();
        members[member] = value;
        let key = Jwk::from_value(members).unwrap();
        let outcome = RsaSha1::from_key(&key);
        assert_eq!(outcome.is_ok(), fits, "{member}: {outcome:?}");
    }
}

#[test]
fn a_signer_of_another_algorithm_is_refused() {
    let key = Jwk::from_pem(PKCS8_2048).unwrap();
    let signer = SigningKey::new(&key, SignatureAlgorithm::Ps256).unwrap();
    let error = RsaSha256::new(signer).unwrap_err();
    assert!(error.to_string().contains("RSA-SHA256 is signed by RS256"), "{error}");
}

#[test]
fn debug_shows_nothing_of_the_key() {
    let pem = pem!("rsa1024");
    assert_eq!(format!("{:?}", RsaSha1::from_pem(pem).unwrap()), "RsaSha1(..)");
    assert_eq!(format!("{:?}", RsaSha512::from_pem(pem).unwrap()), "RsaSha512(..)");
    let shown = format!("{:?}", Signing::new().method(RsaSha1::from_pem(pem).unwrap()));
    assert!(shown.contains("RSA-SHA1") && !shown.contains("modulus"), "{shown}");
}

#[test]
fn a_request_is_signed_without_any_shared_secret() {
    let secret = Secret::default();
    let mut request = request("GET", "https://api.example/");
    let signer = Signer::new(KEY, &secret, UnixTime::from_seconds(1), "n");
    let signing = Signing::new().method(RsaSha1::from_pem(PKCS8_2048).unwrap());
    let signed = block_on(signing.sign(&mut request, signer)).unwrap();
    let sent = header(&request);
    let public = public_part(&Jwk::from_pem(PKCS8_2048).unwrap());
    public.verify(&SHA1, signed.base_string.as_bytes(), &bytes_of(&sent.last().unwrap().1)).unwrap();
}
