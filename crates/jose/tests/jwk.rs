//! Keys and sets of keys: what is read, what is refused, and what a key shows of itself.

use grantee_jose::jwk::Select;
use grantee_jose::{
    Curve, Digest, ErrorKind, Jwk, JwkSet, KeyAlgorithm, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey,
    base64url,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

static RSA: LazyLock<Value> = LazyLock::new(|| Jwk::generate(KeyKind::Rsa(2048)).unwrap().to_value());

fn on(curve: Curve) -> Value {
    Jwk::generate(KeyKind::Curve(curve)).unwrap().to_value()
}

fn with(key: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut key = key.clone();
    key[name] = value.into();
    key
}

fn without(key: &Value, name: &str) -> Value {
    let mut key = key.clone();
    key.as_object_mut().unwrap().remove(name);
    key
}

fn refused(key: &Value) -> ErrorKind {
    Jwk::from_value(key.clone()).map(drop).unwrap_err().kind()
}

/// The same bytes with one before or after them.
fn longer(key: &Value, name: &str, front: bool) -> Value {
    let mut bytes = base64url::decode(key[name].as_str().unwrap()).unwrap();
    bytes.insert(if front { 0 } else { bytes.len() }, 0);
    with(key, name, base64url::encode(bytes))
}

#[test]
fn a_key_comes_back_as_it_was_with_members_that_are_not_known() {
    for key in [on(Curve::P256), on(Curve::X25519), RSA.clone(), json!({"kty": "oct", "k": "AQID"})] {
        let key = with(&key, "x5c", json!(["not looked at"]));
        let key = with(&with(&with(&key, "kid", "a"), "use", "sig"), "key_ops", json!(["sign"]));
        let key = with(&with(&key, "issuer", "https://as.example"), "alg", "whatever");
        let read = Jwk::parse(key.to_string()).unwrap();
        assert_eq!(read.to_value(), key);
        assert_eq!((read.kid(), read.alg(), read.key_use()), (Some("a"), Some("whatever"), Some("sig")));
        assert_eq!(read.key_ops().unwrap(), ["sign"]);
        assert_eq!(read.get("issuer").unwrap(), "https://as.example");
        assert_eq!(read.get("kty"), None);
    }
}

#[test]
fn a_member_that_is_missing_or_of_another_type_is_refused() {
    for key in [on(Curve::P256), on(Curve::Ed25519), RSA.clone(), json!({"kty": "oct", "k": "AQID"})] {
        for name in ["kty", "crv", "x", "n", "e", "k"].into_iter().filter(|name| key.get(name).is_some()) {
            assert_eq!(refused(&without(&key, name)), ErrorKind::Malformed, "no {name}");
        }
        for name in ["kty", "crv", "x", "y", "n", "e", "k", "d", "p", "kid", "alg", "use", "key_ops"] {
            if name != "key_ops" && !["kid", "alg", "use"].contains(&name) && key.get(name).is_none() {
                continue;
            }
            for value in [json!(null), json!(1), json!({"a": 1}), json!([1])] {
                assert_eq!(refused(&with(&key, name, value)), ErrorKind::Malformed, "{name}");
            }
        }
        assert_eq!(refused(&with(&key, "key_ops", json!(["sign", "sign"]))), ErrorKind::Malformed);
        assert_eq!(refused(&with(&key, "key_ops", "sign")), ErrorKind::Malformed);
    }
    assert_eq!(refused(&without(&on(Curve::P256), "y")), ErrorKind::Malformed);
    assert_eq!(refused(&json!([])), ErrorKind::Malformed);
}

#[test]
fn a_type_or_curve_that_is_not_known_is_unsupported() {
    for key in [
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AQ"}),
        json!({"kty": "rsa", "n": "AQ", "e": "AQAB"}),
        with(&on(Curve::P256), "crv", "p-256"),
        with(&on(Curve::P256), "crv", "Ed25519"),
        with(&on(Curve::Ed25519), "crv", "P-256"),
        with(&RSA, "oth", json!([])),
    ] {
        assert_eq!(refused(&key), ErrorKind::Unsupported);
    }
}

#[test]
fn coordinates_and_private_keys_have_the_length_of_their_curve() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1, Curve::Ed25519, Curve::X25519] {
        let key = on(curve);
        for name in ["x", "y", "d"].into_iter().filter(|name| key.get(name).is_some()) {
            assert_eq!(refused(&longer(&key, name, true)), ErrorKind::Malformed, "{curve} {name}");
            assert_eq!(refused(&longer(&key, name, false)), ErrorKind::Malformed, "{curve} {name}");
            let shorter = &base64url::decode(key[name].as_str().unwrap()).unwrap()[1..];
            assert_eq!(refused(&with(&key, name, base64url::encode(shorter))), ErrorKind::Malformed);
        }
    }
}

#[test]
fn material_is_strict_base64url_and_not_empty() {
    let key = json!({"kty": "oct", "k": "AQID"});
    Jwk::from_value(key.clone()).unwrap();
    for k in ["", "AQID=", "AQ==", "AR", "A+8", "A Q", "AQID\n"] {
        assert_eq!(refused(&with(&key, "k", k)), ErrorKind::Malformed, "{k:?}");
    }
}

#[test]
fn rsa_numbers_have_no_leading_zeros_a_size_in_use_and_a_sound_exponent() {
    for name in ["n", "e", "d", "p"] {
        assert_eq!(refused(&longer(&RSA, name, true)), ErrorKind::Malformed, "{name}");
    }
    let public = Jwk::from_value(RSA.clone()).unwrap().public().unwrap().to_value();
    for bytes in [1, 128, 255, 1025] {
        assert_eq!(refused(&with(&public, "n", base64url::encode(vec![0xff; bytes]))), ErrorKind::Key, "{bytes}");
    }
    let mut short = vec![0xff; 256];
    short[0] = 0x7f;
    assert_eq!(refused(&with(&public, "n", base64url::encode(&short))), ErrorKind::Key, "2047 bits");
    for e in [&[1][..], &[2], &[1, 0], &[1, 0, 0, 0, 1]] {
        assert_eq!(refused(&with(&public, "e", base64url::encode(e))), ErrorKind::Key, "{e:?}");
    }
    Jwk::from_value(with(&public, "e", "Aw")).unwrap();
}

#[test]
fn a_private_rsa_key_has_its_primes_and_nothing_private_comes_without_d() {
    for name in ["p", "q", "dp", "dq", "qi"] {
        let error = Jwk::from_value(without(&RSA, name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
        assert!(error.to_string().ends_with(&format!("no {name}")), "{error}");
    }
    assert_eq!(refused(&without(&RSA, "d")), ErrorKind::Malformed);
}

#[test]
fn a_public_part_has_nothing_private_whatever_the_key_carried() {
    let carried = with(&with(&on(Curve::P256), "k", "c2VjcmV0"), "oth", json!([{"r": "c2VjcmV0"}]));
    for key in [carried, on(Curve::Ed25519), on(Curve::X25519), RSA.clone()] {
        let key = Jwk::from_value(with(&key, "kid", "1")).unwrap();
        let public = key.public().unwrap();
        assert!(key.is_private() && !public.is_private());
        let shown = public.to_value();
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(shown.get(name), None, "{name}");
        }
        assert_eq!((public.thumbprint(), public.kid()), (key.thumbprint(), Some("1")));
    }
    assert!(Jwk::oct("secret").public().is_none());
}

#[test]
fn debug_shows_what_a_key_is_and_none_of_its_numbers() {
    for key in [on(Curve::P256), RSA.clone(), json!({"kty": "oct", "k": "c2VjcmV0"})] {
        let jwk = Jwk::from_value(with(&with(&key, "kid", "the-kid"), "note", "a note")).unwrap();
        let shown = format!("{jwk:?} {:?}", JwkSet { keys: vec![jwk.clone()], ignored: vec![] });
        assert!(
            shown.contains("the-kid") && shown.contains(jwk.key_type()) && shown.contains("private: true"),
            "{shown}"
        );
        for (name, value) in key.as_object().unwrap() {
            let hidden = !["kty", "crv", "e"].contains(&name.as_str());
            assert!(!hidden || !shown.contains(value.as_str().unwrap()), "{name} in {shown}");
        }
        assert!(!shown.contains("a note"));
    }
}

#[test]
fn errors_name_members_and_never_quote_what_is_secret() {
    for key in [
        json!({"kty": "oct", "k": "secret secret"}),
        with(&on(Curve::P256), "d", "secret secret"),
        with(&RSA, "p", "secret secret"),
    ] {
        let error = Jwk::from_value(key).unwrap_err().to_string();
        assert!(!error.contains("secret s"), "{error}");
    }
}

#[test]
fn a_thumbprint_is_of_the_required_members_alone() {
    let key = on(Curve::P384);
    let jwk = Jwk::from_value(key.clone()).unwrap();
    let more = Jwk::from_value(with(&with(&without(&key, "d"), "use", "sig"), "x5t", "x")).unwrap();
    assert_eq!(jwk.thumbprint(), more.thumbprint());
    assert_eq!(jwk.thumbprint_with(Digest::Sha256).unwrap(), jwk.thumbprint());
    assert_eq!(base64url::decode(jwk.thumbprint_with(Digest::Sha512).unwrap()).unwrap().len(), 64);
    assert_eq!(jwk.thumbprint_uri(), format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", jwk.thumbprint()));
    let canonical = format!(r#"{{"k":"{}","kty":"oct"}}"#, base64url::encode("secret"));
    assert_eq!(Jwk::oct("secret").thumbprint(), base64url::encode(grantee_jose::sha256(canonical.as_bytes())));
}

#[test]
fn a_text_that_is_too_long_or_says_a_member_twice_is_refused() {
    let key = format!(r#"{{"kty":"oct","k":"AQID","note":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(Jwk::parse(key).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(Jwk::parse(r#"{"kty":"oct","k":"AQID","k":"AQID"}"#).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(Jwk::parse(r#"{"kty":"oct","k":"AQID"} {}"#).unwrap_err().kind(), ErrorKind::Malformed);
    Jwk::parse_any(br#" {"kty":"oct","k":"AQID"}"#).unwrap();
}

#[test]
fn a_set_with_one_bad_key_serves_the_others_and_says_which_was_bad() {
    let good = with(&on(Curve::P256), "kid", "good");
    let set = json!({"keys": [
        {"kty": "AKP", "kid": "new\nkind"}, good, 7, {"kty": "oct", "k": "secret=", "kid": 3},
        {"kty": "RSA", "n": base64url::encode([0xff; 128]), "e": "AQAB"},
    ], "other": {}});
    let set = JwkSet::parse(set.to_string()).unwrap();
    assert_eq!(set.keys.len(), 1);
    assert_eq!(set.keys[0].kid(), Some("good"));
    let begins = ["key 0 (\"new\\nkind\"): ", "key 2: ", "key 3: ", "key 4: "];
    assert_eq!(set.ignored.len(), begins.len());
    for (line, begins) in set.ignored.iter().zip(begins) {
        assert!(line.starts_with(begins) && !line.contains('\n') && !line.contains("secret="), "{line}");
    }
}

#[test]
fn a_set_is_an_object_with_keys_and_bounded() {
    for text in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":null}"#, ""] {
        assert_eq!(JwkSet::parse(text).unwrap_err().kind(), ErrorKind::Malformed, "{text}");
    }
    let keys = |count: usize| format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(count - 1));
    assert_eq!(JwkSet::parse(keys(500)).unwrap().ignored.len(), 500);
    assert_eq!(JwkSet::parse(keys(501)).unwrap_err().kind(), ErrorKind::TooLarge);
    let long = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    assert_eq!(JwkSet::parse(long).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(JwkSet::parse(r#"{"keys":[]}"#).unwrap().to_json(), r#"{"keys":[]}"#);
}

#[test]
fn the_keys_for_a_signature_fit_by_kid_type_curve_alg_use_and_operations() {
    let (ec, ed) = (on(Curve::P256), on(Curve::Ed25519));
    let key = |key: &Value, note: &str| with(&with(key, "kid", "k"), "note", note);
    let set = json!({"keys": [
        key(&ec, "plain"),
        with(&key(&ec, "same kid"), "use", "sig"),
        with(&key(&ec, "verify"), "key_ops", json!(["verify"])),
        with(&key(&ec, "alg"), "alg", "ES256"),
        with(&key(&ec, "enc"), "use", "enc"),
        with(&key(&ec, "sign"), "key_ops", json!(["sign"])),
        with(&key(&ec, "other alg"), "alg", "ECDH-ES"),
        with(&key(&ec, "other kid"), "kid", "K"),
        without(&key(&ec, "no kid"), "kid"),
        key(&on(Curve::P384), "other curve"),
        key(&ed, "other type"),
        key(&RSA, "rsa"),
    ]});
    let set = JwkSet::parse(set.to_string()).unwrap();
    let notes = |kid, algorithm| -> Vec<String> {
        let select = Select { kid, algorithm };
        set.select(&select).map(|key| key.get("note").unwrap().as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(notes(Some("k"), SignatureAlgorithm::Es256), ["plain", "same kid", "verify", "alg"]);
    let every = ["plain", "same kid", "verify", "alg", "other kid", "no kid"];
    assert_eq!(notes(None, SignatureAlgorithm::Es256), every);
    assert_eq!(notes(Some("k"), SignatureAlgorithm::Es384), ["other curve"]);
    assert_eq!(notes(Some("k"), SignatureAlgorithm::EdDsa), ["other type"]);
    assert_eq!(notes(Some("k"), SignatureAlgorithm::Ps256), ["rsa"]);
    assert_eq!(notes(Some("none"), SignatureAlgorithm::Es256), [""; 0]);
    assert_eq!(notes(None, SignatureAlgorithm::Es512), [""; 0]);
    for key in set.select(&Select { kid: None, algorithm: SignatureAlgorithm::Es256 }) {
        VerifyingKey::new(key, SignatureAlgorithm::Es256).unwrap();
    }
}

#[test]
fn the_keys_for_an_encryption_fit_likewise_and_decrypting_wants_the_private_part() {
    let private = |kid: &str| with(&on(Curve::P256), "kid", kid);
    let set = json!({"keys": [
        with(&private("a"), "use", "enc"),
        without(&private("b"), "d"),
        with(&private("c"), "use", "sig"),
        with(&private("d"), "alg", "ECDH-ES+A128KW"),
        with(&with(&RSA, "kid", "e"), "alg", "RSA-OAEP-256"),
        with(&on(Curve::X25519), "kid", "f"),
    ]});
    let set = JwkSet::parse(set.to_string()).unwrap();
    let kids = |algorithm, private| -> Vec<&str> {
        let select = Select { kid: None, algorithm };
        match private {
            true => set.select_to_decrypt(&select).filter_map(Jwk::kid).collect(),
            false => set.select_to_encrypt(&select).filter_map(Jwk::kid).collect(),
        }
    };
    assert_eq!(kids(KeyAlgorithm::EcdhEs, false), ["a", "b", "f"]);
    assert_eq!(kids(KeyAlgorithm::EcdhEs, true), ["a", "f"]);
    assert_eq!(kids(KeyAlgorithm::EcdhEsA128Kw, false), ["a", "b", "d", "f"]);
    assert_eq!(kids(KeyAlgorithm::RsaOaep256, false), ["e"]);
    assert_eq!(kids(KeyAlgorithm::RsaOaep, false), [""; 0]);
}

#[test]
fn the_public_set_of_a_private_one_has_no_secrets() {
    let set: JwkSet = [on(Curve::P256), json!({"kty": "oct", "k": "AQID"}), RSA.clone()]
        .into_iter()
        .map(|key| Jwk::from_value(key).unwrap())
        .collect();
    let public = set.public();
    assert_eq!(public.keys.len(), 2);
    assert!(public.keys.iter().all(|key| !key.is_private()));
    assert!(!public.to_json().contains("\"d\""));
}

#[test]
fn generated_keys_serve_the_algorithms_they_name() {
    for kind in [
        KeyKind::Rsa(2048),
        KeyKind::Rsa(3072),
        KeyKind::Curve(Curve::P256),
        KeyKind::Curve(Curve::P384),
        KeyKind::Curve(Curve::P521),
        KeyKind::Curve(Curve::Secp256k1),
        KeyKind::Curve(Curve::Ed25519),
        KeyKind::Oct(48),
    ] {
        let key = Jwk::generate(kind).unwrap();
        let algorithms = key.signature_algorithms();
        assert!(!algorithms.is_empty(), "{kind:?}");
        for algorithm in algorithms {
            let signature = SigningKey::new(&key, algorithm).unwrap().sign(b"x").unwrap();
            VerifyingKey::new(&key, algorithm).unwrap().verify(b"x", &signature).unwrap();
        }
    }
    assert_eq!(Jwk::generate(KeyKind::Curve(Curve::X25519)).unwrap().signature_algorithms(), []);
}
