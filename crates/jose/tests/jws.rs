//! Signed tokens, by every algorithm: what is made verifies, and whatever is changed does not.

use grantee_jose::contract;
use grantee_jose::jws::{self, Compact, Header, Json, Limits, Payload, SigningKey, ToSign, VerifyingKey};
use grantee_jose::signer::BlockingSigner;
use grantee_jose::{Curve, Error, ErrorKind, Jwk, KeyKind, Result, SignatureAlgorithm, base64url};
use std::sync::LazyLock;

/// A key for every algorithm that is built in.
static KEYS: LazyLock<Vec<(SignatureAlgorithm, Jwk)>> = LazyLock::new(|| {
    use SignatureAlgorithm as A;
    let rsa = Jwk::generate(KeyKind::Rsa(2048)).unwrap();
    let key = |algorithm| match algorithm {
        A::Hs256 | A::Hs384 | A::Hs512 => Jwk::generate(KeyKind::Oct(64)).unwrap(),
        A::Es256 => on(Curve::P256),
        A::Es384 => on(Curve::P384),
        A::Es512 => on(Curve::P521),
        A::Es256k => on(Curve::Secp256k1),
        A::EdDsa | A::Ed25519 => on(Curve::Ed25519),
        A::Ed448 => on(Curve::Ed448),
        _ => rsa.clone(),
    };
    let built_in = |algorithm: &&SignatureAlgorithm| **algorithm != A::Ed448 || cfg!(feature = "ed448");
    A::ALL.iter().filter(built_in).map(|algorithm| (*algorithm, key(*algorithm).with_kid("1"))).collect()
});

fn on(curve: Curve) -> Jwk {
    Jwk::generate(KeyKind::Curve(curve)).unwrap()
}

fn pair(jwk: &Jwk, algorithm: SignatureAlgorithm) -> (SigningKey, VerifyingKey) {
    (SigningKey::new(jwk, algorithm).unwrap(), VerifyingKey::new(jwk, algorithm).unwrap())
}

fn verify(token: &str, key: &VerifyingKey) -> Result<Vec<u8>> {
    Compact::parse(token)?.verify(key).map(|verified| verified.payload)
}

/// A token whose header and payload are these texts, signed whatever they are.
fn made(header: &str, payload: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{payload}", base64url::encode(header));
    let signature = base64url::encode(key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

fn hs256() -> (SigningKey, VerifyingKey) {
    pair(&Jwk::oct([7; 32]), SignatureAlgorithm::Hs256)
}

#[test]
fn every_algorithm_keeps_the_contract_of_signers() {
    assert!(KEYS.len() >= 15);
    for (algorithm, jwk) in KEYS.iter() {
        let (signer, key) = pair(jwk, *algorithm);
        contract::signer::check(&signer, &key);
    }
}

#[test]
fn every_character_of_a_token_that_changes_is_refused() {
    for (algorithm, jwk) in KEYS.iter() {
        let (signer, key) = pair(jwk, *algorithm);
        let token = jws::sign_blocking(&Header::new().with_typ("JWT"), b"{\"sub\":\"joe\"}", &signer).unwrap();
        assert_eq!(verify(&token, &key).unwrap(), b"{\"sub\":\"joe\"}");
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            for other in [changed[index] ^ 1, b'.', b'='] {
                if other == token.as_bytes()[index] || !other.is_ascii() {
                    continue;
                }
                changed[index] = other;
                let changed = String::from_utf8(changed.clone()).unwrap();
                assert!(verify(&changed, &key).is_err(), "{algorithm} at {index}");
            }
            let shorter = [&token[..index], &token[index + 1..]].concat();
            assert!(verify(&shorter, &key).is_err(), "{algorithm} without {index}");
        }
    }
}

#[test]
fn a_token_serves_one_algorithm_alone() {
    for (algorithm, jwk) in KEYS.iter() {
        let token = jws::sign_blocking(&Header::new(), b"x", &SigningKey::new(jwk, *algorithm).unwrap()).unwrap();
        for (other, jwk) in KEYS.iter().filter(|(other, _)| other != algorithm) {
            let error = verify(&token, &VerifyingKey::new(jwk, *other).unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotAllowed, "{algorithm} by {other}");
        }
    }
}

#[test]
fn another_key_of_the_same_kind_is_refused() {
    for (algorithm, jwk) in KEYS.iter().filter(|(_, jwk)| jwk.key_type() != "RSA") {
        let kind = jwk.curve().map_or(KeyKind::Oct(64), KeyKind::Curve);
        let other = VerifyingKey::new(&Jwk::generate(kind).unwrap(), *algorithm).unwrap();
        let token = jws::sign_blocking(&Header::new(), b"x", &SigningKey::new(jwk, *algorithm).unwrap()).unwrap();
        assert_eq!(verify(&token, &other).unwrap_err().kind(), ErrorKind::Signature, "{algorithm}");
    }
}

#[test]
fn a_key_serves_the_algorithms_of_its_type_and_curve_alone() {
    for (_, jwk) in KEYS.iter() {
        let fits = jwk.signature_algorithms();
        for algorithm in SignatureAlgorithm::ALL {
            let made = (VerifyingKey::new(jwk, *algorithm).is_ok(), SigningKey::new(jwk, *algorithm).is_ok());
            assert_eq!(made, (fits.contains(algorithm), fits.contains(algorithm)), "{jwk:?} {algorithm}");
        }
    }
}

#[test]
fn alg_use_and_key_ops_of_a_key_are_obeyed() {
    for (algorithm, jwk) in KEYS.iter() {
        let refused = |jwk: Jwk| {
            for error in [VerifyingKey::new(&jwk, *algorithm).err(), SigningKey::new(&jwk, *algorithm).err()] {
                assert_eq!(error.unwrap().kind(), ErrorKind::Key, "{jwk:?}");
            }
        };
        refused(jwk.clone().with_alg("RSA-OAEP"));
        refused(jwk.clone().with_alg("none"));
        refused(jwk.clone().with_use("enc"));
        refused(jwk.clone().with_key_ops(["encrypt"]));
        pair(&jwk.clone().with_alg(algorithm.name()).with_use("sig").with_key_ops(["sign", "verify"]), *algorithm);
        let sign_only = jwk.clone().with_key_ops(["sign"]);
        SigningKey::new(&sign_only, *algorithm).unwrap();
        VerifyingKey::new(&sign_only, *algorithm).unwrap_err();
        if let Some(public) = sign_only.public() {
            VerifyingKey::new(&public, *algorithm).unwrap();
            assert_eq!(SigningKey::new(&public.with_key_ops(["sign"]), *algorithm).unwrap_err().kind(), ErrorKind::Key);
        }
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    // The confusion of RFC 8725 section 2.1: an attacker signs by HMAC with the public key's bytes.
    let (algorithm, jwk) = KEYS.iter().find(|(algorithm, _)| *algorithm == SignatureAlgorithm::Rs256).unwrap();
    let public = jwk.public().unwrap();
    let forged = SigningKey::from_secret(public.to_json().as_bytes(), SignatureAlgorithm::Hs256).unwrap();
    let token = jws::sign_blocking(&Header::new(), b"x", &forged).unwrap();
    let error = verify(&token, &VerifyingKey::new(&public, *algorithm).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAllowed);
    assert_eq!(VerifyingKey::new(&public, SignatureAlgorithm::Hs256).unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn a_private_part_of_another_key_is_refused() {
    for (algorithm, jwk) in KEYS.iter().filter(|(_, jwk)| !jwk.is_symmetric()) {
        let kind = jwk.curve().map_or(KeyKind::Rsa(2048), KeyKind::Curve);
        let (mut mine, other) = (jwk.to_value(), Jwk::generate(kind).unwrap().to_value());
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            if mine.get(name).is_some() {
                mine[name] = other[name].clone();
            }
        }
        let error = SigningKey::new(&Jwk::from_value(mine).unwrap(), *algorithm).unwrap_err();
        assert_eq!(error.rule(), "the private part belongs to the public one", "{algorithm}");
    }
}

#[test]
fn a_point_off_its_curve_is_refused() {
    for (algorithm, jwk) in KEYS.iter().filter(|(_, jwk)| jwk.key_type() == "EC") {
        let mut off = jwk.public().unwrap().to_value();
        off["y"] = off["x"].clone();
        assert_eq!(VerifyingKey::new(&Jwk::from_value(off).unwrap(), *algorithm).unwrap_err().kind(), ErrorKind::Key);
    }
}

#[test]
fn a_secret_shorter_than_the_digest_serves_as_a_client_secret_alone() {
    for (algorithm, bytes) in
        [(SignatureAlgorithm::Hs256, 32), (SignatureAlgorithm::Hs384, 48), (SignatureAlgorithm::Hs512, 64)]
    {
        pair(&Jwk::oct(vec![1; bytes]), algorithm);
        assert_eq!(VerifyingKey::new(&Jwk::oct(vec![1; bytes - 1]), algorithm).unwrap_err().kind(), ErrorKind::Key);
        let signer = SigningKey::from_secret(b"secret", algorithm).unwrap();
        contract::signer::check(&signer, &VerifyingKey::from_secret(b"secret", algorithm).unwrap());
        VerifyingKey::from_secret(b"", algorithm).unwrap_err();
    }
    VerifyingKey::from_secret(b"secret", SignatureAlgorithm::Rs256).unwrap_err();
}

#[test]
fn a_token_is_three_parts_of_strict_base64url() {
    let (signer, key) = hs256();
    let token = jws::sign_blocking(&Header::new(), b"some text", &signer).unwrap();
    let [header, payload, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    verify(&token, &key).unwrap();
    for broken in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{signature}.{header}.{payload}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")),
        format!("{header}.{payload}.{}\u{e9}", &signature[1..]),
    ] {
        assert!(broken == token || verify(&broken, &key).is_err(), "{broken:?}");
    }
    // 32 bytes leave two bits over in the last of 43 characters: only one of the four spellings is right.
    let last = signature.chars().last().unwrap();
    let same_byte: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let position = same_byte.iter().position(|character| *character == last).unwrap();
    assert_eq!(position % 4, 0);
    for other in 1..4 {
        let changed = format!("{}{}", &token[..token.len() - 1], same_byte[position + other]);
        assert_eq!(verify(&changed, &key).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn a_header_is_a_strict_object_with_the_alg_of_a_signature() {
    let (signer, key) = hs256();
    let payload = base64url::encode("x");
    verify(&made(r#"{"alg":"HS256"}"#, &payload, &signer), &key).unwrap();
    for (header, kind) in [
        ("", ErrorKind::Malformed),
        ("{}", ErrorKind::Malformed),
        ("[]", ErrorKind::Malformed),
        (r#"{"alg":null}"#, ErrorKind::Malformed),
        (r#"{"alg":["HS256"]}"#, ErrorKind::Malformed),
        (r#"{"alg":"HS256"}{}"#, ErrorKind::Malformed),
        (r#"{"alg":"HS256","alg":"HS256"}"#, ErrorKind::Malformed),
        (r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"oct"}}"#, ErrorKind::Malformed),
        (r#"{"alg":"HS256","kid":1}"#, ErrorKind::Malformed),
        (r#"{"alg":"none"}"#, ErrorKind::NotAllowed),
        (r#"{"alg":"None"}"#, ErrorKind::NotAllowed),
        (r#"{"alg":"nOnE"}"#, ErrorKind::NotAllowed),
        (r#"{"alg":"hs256"}"#, ErrorKind::Unsupported),
        (r#"{"alg":"HS256 "}"#, ErrorKind::Unsupported),
        (r#"{"alg":"RSA-OAEP"}"#, ErrorKind::Unsupported),
        (r#"{"alg":""}"#, ErrorKind::Unsupported),
        (r#"{"alg":"HS384"}"#, ErrorKind::NotAllowed),
        (r#"{"alg":"HS256","crit":[]}"#, ErrorKind::Critical),
        (r#"{"alg":"HS256","crit":["x"],"x":1}"#, ErrorKind::Critical),
        (r#"{"alg":"HS256","crit":["b64"]}"#, ErrorKind::Critical),
        (r#"{"alg":"HS256","crit":["alg"]}"#, ErrorKind::Critical),
        (r#"{"alg":"HS256","b64":true}"#, ErrorKind::Critical),
        (r#"{"alg":"HS256","b64":1,"crit":["b64"]}"#, ErrorKind::Malformed),
    ] {
        assert_eq!(verify(&made(header, &payload, &signer), &key).unwrap_err().kind(), kind, "{header}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused_with_every_key() {
    let unsigned = format!("{}.{}.", base64url::encode(r#"{"alg":"none"}"#), base64url::encode("x"));
    assert_eq!(Compact::parse(&unsigned).unwrap_err().kind(), ErrorKind::NotAllowed);
    for (algorithm, jwk) in KEYS.iter() {
        let header = base64url::encode(format!(r#"{{"alg":"{algorithm}"}}"#));
        let stripped = format!("{header}.{}.", base64url::encode("x"));
        let error = verify(&stripped, &VerifyingKey::new(jwk, *algorithm).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Signature, "{algorithm}");
        for zeros in [64, 96, 114, 132, 256] {
            let zeros = format!("{stripped}{}", base64url::encode(vec![0; zeros]));
            verify(&zeros, &VerifyingKey::new(jwk, *algorithm).unwrap()).unwrap_err();
        }
    }
}

#[test]
fn keys_in_a_header_are_not_looked_at() {
    let (signer, key) = hs256();
    let mine = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let forger = SigningKey::new(&mine, SignatureAlgorithm::Es256).unwrap();
    let header = |jwk: &Jwk| {
        Header::new()
            .with("jwk", jwk.to_value())
            .with("jku", "https://evil.example")
            .with("x5u", "https://evil.example")
            .with("x5c", serde_json::json!(["not a certificate"]))
    };
    let forged = jws::sign_blocking(&header(&mine.public().unwrap()), b"x", &forger).unwrap();
    verify(&forged, &key).unwrap_err();
    let real = jws::sign_blocking(&header(&mine.public().unwrap()), b"x", &signer).unwrap();
    verify(&real, &key).unwrap();
}

#[test]
fn crit_is_obeyed_by_those_who_say_they_understand() {
    let (signer, key) = hs256();
    let header = Header::new().with("exp", 1).with_crit(["exp"]);
    let token = jws::sign_blocking(&header, b"x", &signer).unwrap();
    assert_eq!(verify(&token, &key).unwrap_err().kind(), ErrorKind::Critical);
    assert_eq!(Compact::parse(&token).unwrap().verifies_with(&key).unwrap_err().kind(), ErrorKind::Critical);
    Compact::parse(&token).unwrap().verify_understanding(&key, &["iat"]).unwrap_err();
    Compact::parse(&token).unwrap().verify_understanding(&key, &["exp"]).unwrap();
}

#[test]
fn a_token_is_bounded() {
    let (signer, key) = hs256();
    let token = jws::sign_blocking(&Header::new(), &[b'x'; 196_000], &signer).unwrap();
    assert!(token.len() <= 256 * 1024);
    verify(&token, &key).unwrap();
    let token = jws::sign_blocking(&Header::new(), &[b'x'; 200_000], &signer).unwrap();
    assert_eq!(Compact::parse(&token).unwrap_err().kind(), ErrorKind::TooLarge);
    Compact::parse_with(&token, &Limits::default().with_token(token.len())).unwrap().verify(&key).unwrap();
    Compact::parse_with(&token, &Limits::default().with_token(token.len() - 1)).unwrap_err();
}

#[test]
fn the_first_of_several_keys_that_verifies_will_do() {
    let (signer, key) = hs256();
    let (_, other) = pair(&Jwk::oct([8; 32]), SignatureAlgorithm::Hs256);
    let foreign = VerifyingKey::new(&on(Curve::P256), SignatureAlgorithm::Es256).unwrap();
    let token = jws::sign_blocking(&Header::new(), b"x", &signer).unwrap();
    let any = |keys: &[VerifyingKey]| Compact::parse(&token).unwrap().verify_with_any(keys).map(|found| found.payload);
    assert_eq!(any(&[foreign.clone(), other.clone(), key]).unwrap(), b"x");
    assert_eq!(any(&[foreign.clone(), other]).unwrap_err().kind(), ErrorKind::Signature);
    assert_eq!(any(&[foreign]).unwrap_err().kind(), ErrorKind::NoKey);
    assert_eq!(any(&[]).unwrap_err().kind(), ErrorKind::NoKey);
}

#[test]
fn the_header_gets_what_the_signer_knows_in_one_order() {
    let signer = SigningKey::new(&Jwk::oct([7; 32]).with_kid("1"), SignatureAlgorithm::Hs256).unwrap();
    let shown = |header: Header| {
        let token = jws::sign_blocking(&header, b"x", &signer).unwrap();
        String::from_utf8(base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap()
    };
    assert_eq!(shown(Header::new()), r#"{"alg":"HS256","kid":"1"}"#);
    assert_eq!(shown(Header::new().with_kid("2")), r#"{"alg":"HS256","kid":"2"}"#);
    let full = Header::new().with("a", 1).with_crit(["a"]).with_cty("JWT").with_typ("JWT").with("alg", "HS256");
    assert_eq!(shown(full), r#"{"alg":"HS256","typ":"JWT","kid":"1","cty":"JWT","crit":["a"],"a":1}"#);
    for wrong in [
        Header::new().with("alg", "HS512"),
        Header::new().with("alg", 1),
        Header::new().with("kid", serde_json::json!(null)),
        Header::new().with_crit(["a"]),
        Header::new().with_crit(Vec::<String>::new()),
        Header::new().with("b64", false),
    ] {
        jws::sign_blocking(&wrong, b"x", &signer).unwrap_err();
    }
}

#[test]
fn an_unencoded_payload_is_in_the_token_as_it_is_or_apart() {
    let (signer, key) = hs256();
    let header = Header::new().with_unencoded_payload();
    let token = jws::sign_blocking(&header, b"$ 02 ~", &signer).unwrap();
    assert!(token.contains(".$ 02 ~."));
    assert_eq!(verify(&token, &key).unwrap(), b"$ 02 ~");
    for payload in [&b"$.02"[..], b"", b"\n", b"\x7f", "\u{e9}".as_bytes()] {
        jws::sign_blocking(&header, payload, &signer).unwrap_err();
        let apart = jws::sign_detached_blocking(&header, payload, &signer).unwrap();
        assert!(apart.contains(".."));
        assert_eq!(Compact::parse_detached(&apart, payload).unwrap().verify(&key).unwrap().payload, payload);
        assert!(Compact::parse_detached(&apart, b"other").unwrap().verify(&key).is_err());
        Compact::parse(&apart).unwrap_err();
    }
    Compact::parse_detached(&token, b"$ 02 ~").unwrap_err();
    let control = made(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, "a\tb", &signer);
    assert_eq!(Compact::parse(&control).unwrap_err().spec(), "RFC 7797 section 5.2");
    // Read as encoded, the same token says something else: crit keeps the two apart.
    let encoded = made(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#, "eHg", &signer);
    assert_eq!(verify(&encoded, &key).unwrap(), b"xx");
}

#[test]
fn a_detached_payload_that_is_encoded_verifies_with_the_payload_alone() {
    let (signer, key) = hs256();
    let token = jws::sign_detached_blocking(&Header::new(), b"x", &signer).unwrap();
    assert_eq!(Compact::parse_detached(&token, b"x").unwrap().verify(&key).unwrap().payload, b"x");
    assert!(Compact::parse_detached(&token, b"y").unwrap().verify(&key).is_err());
    assert!(verify(&token, &key).is_err());
}

#[test]
fn a_signature_of_the_wrong_length_from_a_signer_elsewhere_is_an_error() {
    struct Der(SigningKey);
    impl BlockingSigner for Der {
        fn algorithm(&self) -> SignatureAlgorithm {
            self.0.algorithm()
        }
        fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
            self.0.sign(data).map(|mut signature| {
                signature.extend([0x30; 7]);
                signature
            })
        }
    }
    for (algorithm, jwk) in KEYS.iter().filter(|(_, jwk)| jwk.key_type() != "RSA") {
        let der = Der(SigningKey::new(jwk, *algorithm).unwrap());
        let error = jws::sign_blocking(&Header::new(), b"x", &der).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::External, "{algorithm}");
    }
}

fn json(token: &str, key: &VerifyingKey) -> Result<jws::VerifiedJson> {
    Json::parse(token)?.verify(key)
}

#[test]
fn a_token_in_json_says_what_its_signature_covers() {
    let (signer, key) = hs256();
    let unprotected = Header::new().with_kid("1").with("x", 1);
    let payload = Payload::Attached(b"x");
    let token = jws::sign_flattened_blocking(payload, &Header::new().with_typ("JWT"), &unprotected, &signer).unwrap();
    let verified = json(&token, &key).unwrap();
    assert_eq!((verified.index, verified.payload.as_slice()), (0, &b"x"[..]));
    assert_eq!((verified.header.kid.as_deref(), verified.header.alg.as_deref()), (Some("1"), Some("HS256")));
    assert_eq!((&verified.protected.kid, verified.protected.get("x")), (&None, None));
    assert_eq!(verified.protected.typ.as_deref(), Some("JWT"));
    let shared = Header::new().with_typ("JWT");
    jws::sign_flattened_blocking(payload, &shared, &shared, &signer).unwrap_err();
}

#[test]
fn each_signature_of_a_general_token_verifies_with_its_key() {
    let signers: Vec<(SigningKey, VerifyingKey)> = KEYS.iter().map(|(algorithm, jwk)| pair(jwk, *algorithm)).collect();
    let to_sign: Vec<ToSign<'_, dyn BlockingSigner>> = signers
        .iter()
        .map(|(signer, _)| ToSign { protected: Header::new(), unprotected: Header::new(), signer: signer as _ })
        .collect();
    let token = jws::sign_general_blocking(Payload::Attached(b"x"), &to_sign).unwrap();
    for (index, (_, key)) in signers.iter().enumerate() {
        assert_eq!(json(&token, key).unwrap().index, index);
    }
    let (_, other) = pair(&Jwk::oct([9; 64]), SignatureAlgorithm::Hs256);
    assert_eq!(json(&token, &other).unwrap_err().kind(), ErrorKind::Signature);
    jws::sign_general_blocking(Payload::Attached(b"x"), &[]).unwrap_err();
}

#[test]
fn a_token_in_json_is_strict_and_bounded() {
    let (signer, key) = hs256();
    let sign = |protected: &str, payload: &str| {
        base64url::encode(signer.sign(format!("{protected}.{payload}").as_bytes()).unwrap())
    };
    let p = base64url::encode(r#"{"alg":"HS256"}"#);
    let (s, empty) = (sign(&p, "eA"), sign("", "eA"));
    let token = format!(r#"{{"payload":"eA","protected":"{p}","signature":"{s}","unknown":[1]}}"#);
    assert_eq!(json(&token, &key).unwrap().payload, b"x");
    let general = format!(r#"{{"payload":"eA","signatures":[{{"protected":"{p}","signature":"{s}"}}]}}"#);
    assert_eq!(json(&general, &key).unwrap().payload, b"x");
    let crit = base64url::encode(r#"{"alg":"HS256","crit":["x"],"x":1}"#);
    let b64 = base64url::encode(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let b64s = sign(&b64, "eA");
    json(&format!(r#"{{"payload":"eA","protected":"{b64}","signature":"{b64s}"}}"#), &key).unwrap();
    for (broken, kind) in [
        ("{}".to_owned(), ErrorKind::Malformed),
        (format!(r#"{{"protected":"{p}","signature":"{s}"}}"#), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA","protected":"{p}"}}"#), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA=","protected":"{p}","signature":"{s}"}}"#), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA","payload":"eA","protected":"{p}","signature":"{s}"}}"#), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA","protected":"","signature":"{s}"}}"#), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA","protected":"{p}","header":[],"signature":"{s}"}}"#), ErrorKind::Malformed),
        (
            format!(r#"{{"payload":"eA","protected":"{p}","header":{{"alg":"HS256"}},"signature":"{s}"}}"#),
            ErrorKind::Malformed,
        ),
        (format!(r#"{{"payload":"eA","protected":"{p}","signature":"{s}","signatures":[]}}"#), ErrorKind::Malformed),
        (r#"{"payload":"eA","signatures":[]}"#.to_owned(), ErrorKind::Malformed),
        (r#"{"payload":"eA","signatures":[1]}"#.to_owned(), ErrorKind::Malformed),
        (format!(r#"{{"payload":"eA","signature":"{empty}"}}"#), ErrorKind::Malformed),
        (r#"{"payload":"eA","header":{"alg":"none"},"signature":""}"#.to_owned(), ErrorKind::NotAllowed),
        (
            format!(r#"{{"payload":"eA","header":{{"alg":"HS256","crit":["x"],"x":1}},"signature":"{empty}"}}"#),
            ErrorKind::Critical,
        ),
        (
            format!(r#"{{"payload":"eA","header":{{"alg":"HS256","b64":false}},"signature":"{empty}"}}"#),
            ErrorKind::Critical,
        ),
        (
            format!(r#"{{"payload":"eA","protected":"{crit}","signature":"{}"}}"#, sign(&crit, "eA")),
            ErrorKind::Critical,
        ),
        (
            format!(
                r#"{{"payload":"eA","signatures":[{{"protected":"{p}","signature":"{s}"}},{{"protected":"{b64}","signature":"{b64s}"}}]}}"#
            ),
            ErrorKind::Malformed,
        ),
        (
            format!(
                r#"{{"payload":"eA","signatures":[{}1]}}"#,
                format!(r#"{{"protected":"{p}","signature":"{s}"}},"#).repeat(32)
            ),
            ErrorKind::Malformed,
        ),
        (format!(r#"{{"payload":"{}"}}"#, "A".repeat(256 * 1024)), ErrorKind::TooLarge),
    ] {
        assert_eq!(json(&broken, &key).map(drop).map_err(|error: Error| error.kind()), Err(kind), "{:.300}", broken);
    }
    // RFC 7515 section 7.2 allows that nothing of the header is protected; what was covered is told.
    let content_only = format!(r#"{{"payload":"eA","header":{{"alg":"HS256"}},"signature":"{empty}"}}"#);
    assert!(json(&content_only, &key).unwrap().protected.is_empty());
}

#[cfg(feature = "ed448")]
#[test]
fn ed448_signs_as_rfc8032_section_7_4_has_it() {
    fn hex(text: &str) -> Vec<u8> {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
    // The secret key, the public key, the message, the signature: "Blank" and "1 octet".
    let vectors = [
        [
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            "",
            "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980\
             ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600",
        ],
        [
            "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
            "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
            "03",
            "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd77980\
             5e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
        ],
    ];
    for [secret, public, message, signature] in vectors.map(|vector| vector.map(hex)) {
        let jwk = serde_json::json!({
            "kty": "OKP", "crv": "Ed448", "x": base64url::encode(public), "d": base64url::encode(secret),
        });
        let (signer, key) = pair(&Jwk::from_value(jwk).unwrap(), SignatureAlgorithm::Ed448);
        assert_eq!(signer.sign(&message).unwrap(), signature);
        key.verify(&message, &signature).unwrap();
        assert_eq!(key.digest(), grantee_jose::Digest::Shake256);
    }
}

#[cfg(not(feature = "ed448"))]
#[test]
fn ed448_without_its_feature_is_read_and_its_use_names_the_feature() {
    let x = base64url::encode([9; 57]);
    let jwk = Jwk::parse(format!(r#"{{"kty":"OKP","crv":"Ed448","x":"{x}","d":"{x}"}}"#)).unwrap();
    assert_eq!(jwk.signature_algorithms(), []);
    for algorithm in [SignatureAlgorithm::Ed448, SignatureAlgorithm::EdDsa] {
        for error in [VerifyingKey::new(&jwk, algorithm).unwrap_err(), SigningKey::new(&jwk, algorithm).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("feature `ed448`"), "{error}");
        }
    }
}

#[test]
fn debug_shows_no_payload_signature_or_secret() {
    let (signer, key) = pair(&Jwk::oct(*b"a secret that is long enough 123").with_kid("1"), SignatureAlgorithm::Hs256);
    let token = jws::sign_blocking(&Header::new(), b"private matter", &signer).unwrap();
    let parsed = Compact::parse(&token).unwrap();
    let signature = token.rsplit('.').next().unwrap();
    let secret = base64url::encode("a secret that is long enough 123");
    let jwk = Jwk::oct(*b"a secret that is long enough 123");
    for shown in [
        format!("{parsed:?}"),
        format!("{signer:?}{key:?}{jwk:?}"),
        format!("{:?}", Compact::parse(&token).unwrap().verify(&key).unwrap()),
    ] {
        for hidden in ["private matter", signature, "a secret", &secret, &base64url::encode("private matter")] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
