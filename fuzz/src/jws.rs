//! Signed tokens of either serialization, and those without a signature.

use crate::keys::{SIGNING, Signing};
use crate::property::{another_character, of_jose};
use grantee_jose::jws::{self, Compact, Header, Json, Payload};
use grantee_jose::{Error, ErrorKind, base64url, json};

/// The first byte chooses what the rest is: a token, the header of a token that is signed as it stands, or a payload.
pub fn jws(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    match choice % 3 {
        0 => token(&String::from_utf8_lossy(bytes)),
        1 => any_header(*choice, bytes),
        _ => own(*choice, bytes),
    }
}

/// What anybody sends.
fn token(text: &str) {
    match Compact::parse(text) {
        Err(error) => of_jose(&error),
        Ok(compact) => {
            let parts: Vec<_> = text.split('.').collect();
            assert_eq!(parts.len(), 3);
            let signature = base64url::decode(parts[2]).expect("what was parsed is base64url");
            assert_eq!(base64url::encode(&signature), parts[2], "there is one way to write a signature");
            let signed = [parts[0], ".", parts[1]].concat();
            for key in SIGNING.iter() {
                judged(key, signed.as_bytes(), &signature, compact.verifies_with(&key.public));
            }
            assert!(!matches!(jws::read_unsecured(text), Ok(Some(_))), "a token is signed or it is not");
        }
    }
    match jws::read_unsecured(text) {
        Ok(Some((header, _))) => assert_eq!((header.alg.as_deref(), text.ends_with('.')), (Some("none"), true)),
        Ok(None) => {}
        Err(error) => of_jose(&error),
    }
    if let Err(error) = Compact::parse_detached(text, b"payload") {
        of_jose(&error);
    }
    match Json::parse(text) {
        Err(error) => of_jose(&error),
        Ok(token) => {
            assert!((1..=32).contains(&token.signatures().len()));
            for key in SIGNING.iter() {
                match token.verifies_with(&key.public) {
                    Ok(index) => {
                        let signature = &token.signatures()[index];
                        assert_eq!(signature.header().alg.as_deref(), Some(key.public.algorithm().name()));
                        assert_eq!(signature.header().crit, signature.protected().crit, "crit is protected");
                    }
                    Err(error) => of_jose(&error),
                }
            }
        }
    }
}

/// A signature is accepted when it is the one that the key makes, and the header is in order.
fn judged(key: &Signing, signed: &[u8], signature: &[u8], outcome: Result<(), Error>) {
    match outcome {
        Err(error) => of_jose(&error),
        Ok(()) if key.deterministic => {
            assert_eq!(key.private.sign(signed).expect("a key signs"), signature, "{:?}", key.public);
        }
        Ok(()) => key.public.verify(signed, signature).expect("what is verified once is verified twice"),
    }
}

/// The signature is good and the header is anybody's: it must be a strict object with the key's `alg`, and `crit` must hold.
fn any_header(choice: u8, bytes: &[u8]) {
    let key = &SIGNING[usize::from(choice / 3) % SIGNING.len()];
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let signed = [base64url::encode(header), base64url::encode(payload)].join(".");
    let signature = key.private.sign(signed.as_bytes()).expect("a key signs");
    let token = [signed.as_str(), &base64url::encode(&signature)].join(".");
    let verified = match Compact::parse(&token).and_then(|compact| compact.verify(&key.public)) {
        Ok(verified) => verified,
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::Signature);
            return of_jose(&error);
        }
    };
    let members = json::object(header).expect("a header is a strict object");
    assert_eq!(members.get("alg").and_then(|alg| alg.as_str()), Some(key.public.algorithm().name()));
    if let Some(crit) = members.get("crit") {
        assert_eq!(crit, &serde_json::json!(["b64"]), "nothing else is understood");
    }
    match members.get("b64") {
        Some(b64) if b64 == &serde_json::Value::Bool(false) => {
            assert_eq!(verified.payload, base64url::encode(payload).into_bytes());
        }
        _ => assert_eq!(verified.payload, payload),
    }
    let written = verified.header.to_json();
    assert_eq!(json::object(written.as_bytes()).map(|members| members.len()), Ok(members.len()));
}

/// What we sign we verify, in each form, and nothing that differs by a character.
fn own(choice: u8, payload: &[u8]) {
    let key = &SIGNING[usize::from(choice / 3) % SIGNING.len()];
    let header = Header::new().with_typ("JWT").with("x", String::from_utf8_lossy(payload).into_owned());
    let token = jws::sign_blocking(&header, payload, &key.private).expect("any payload is signed");
    let verified = Compact::parse(&token).and_then(|token| token.verify(&key.public)).expect("ours verifies");
    assert_eq!(verified.payload, payload);
    let other = another_character(&token, payload);
    let refused = Compact::parse(&other).and_then(|token| token.verify(&key.public));
    assert!(refused.is_err(), "{other} for {token}");

    let detached = jws::sign_detached_blocking(&header, payload, &key.private).expect("any payload is signed");
    let parsed = Compact::parse_detached(&detached, payload).and_then(|token| token.verify(&key.public));
    assert_eq!(parsed.expect("ours verifies").payload, payload);

    let unencoded = header.clone().with_unencoded_payload();
    match jws::sign_blocking(&unencoded, payload, &key.private) {
        Ok(token) => {
            let verified = Compact::parse(&token).and_then(|token| token.verify(&key.public)).expect("ours verifies");
            assert_eq!(verified.payload, payload);
        }
        Err(error) => of_jose(&error),
    }
    let detached = jws::sign_detached_blocking(&unencoded, payload, &key.private).expect("any payload is signed");
    let parsed = Compact::parse_detached(&detached, payload).and_then(|token| token.verify(&key.public));
    assert_eq!(parsed.expect("ours verifies").payload, payload);

    for protected in [&header, &unencoded] {
        let unprotected = Header::new().with("y", 1);
        match jws::sign_flattened_blocking(Payload::Attached(payload), protected, &unprotected, &key.private) {
            Ok(token) => {
                let verified = Json::parse(&token).and_then(|token| token.verify(&key.public)).expect("ours verifies");
                assert_eq!(verified.payload, payload);
                assert!(verified.header.contains("y") && !verified.protected.contains("y"));
            }
            Err(error) => of_jose(&error),
        }
    }
}
