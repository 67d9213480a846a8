//! Keys and sets of keys as JSON.

use crate::property::{is_exact, of_jose};
use grantee_jose::{EncryptionKey, Error, ErrorKind, Jwk, JwkSet, KeyAlgorithm, SigningKey, VerifyingKey};
use serde_json::Value;

const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The bytes are a key, or a set.
pub fn jwk(data: &[u8]) {
    match Jwk::parse(data) {
        Ok(key) => one(&key),
        Err(error) => of_jose(&error),
    }
    match JwkSet::parse(data) {
        Ok(set) => several(&set),
        Err(error) => of_jose(&error),
    }
    if let Err(error) = Jwk::parse_any(data) {
        of_jose(&error);
    }
}

fn one(key: &Jwk) {
    let written = key.to_json();
    let again = Jwk::parse(&written).expect("what is written is read");
    if is_exact(&key.to_value()) {
        assert_eq!(again.to_value(), key.to_value());
    }
    assert_eq!(again.thumbprint(), key.thumbprint());
    assert_eq!(key.is_symmetric(), key.public().is_none());
    if let Some(public) = key.public() {
        assert!(!public.is_private());
        assert_eq!(public.thumbprint(), key.thumbprint());
        let value = public.to_value();
        assert!(PRIVATE.iter().all(|member| value.get(member).is_none()), "a public key shows a private part");
        assert_eq!(public.public().map(|public| public.to_value()), Some(value));
    }
    let shown = format!("{key:?} {key:#?}");
    let secrets = PRIVATE.iter().filter_map(|name| key.to_value().get(name)?.as_str().map(str::to_owned));
    assert!(
        secrets.filter(|secret| secret.len() > 20).all(|secret| !shown.contains(&secret) || is_public(key, &secret))
    );
    serves(key);
}

/// A member of another name may have the same text.
fn is_public(key: &Jwk, text: &str) -> bool {
    [key.kid(), key.alg(), key.key_use()].into_iter().flatten().any(|public| public.contains(text))
}

/// What it says that it serves for, it serves for, or its numbers are no key.
fn serves(key: &Jwk) {
    let of_the_key = |error: Error| {
        of_jose(&error);
        assert!(matches!(error.kind(), ErrorKind::Key | ErrorKind::Unsupported), "{error}");
    };
    for algorithm in key.signature_algorithms() {
        let public = match VerifyingKey::new(key, algorithm) {
            Ok(public) => public,
            Err(error) => {
                of_the_key(error);
                continue;
            }
        };
        let error = public.verify(b"data", &[1; 64]).expect_err("that is no signature");
        assert_eq!(error.kind(), ErrorKind::Signature);
        // RSA takes its time.
        if key.key_type() == "RSA" {
            continue;
        }
        match SigningKey::new(key, algorithm) {
            Ok(private) => {
                let signature = private.sign(b"data").expect("a key signs");
                public.verify(b"data", &signature).expect("what a key signs it verifies");
            }
            Err(error) => of_the_key(error),
        }
    }
    for algorithm in key.key_algorithms().into_iter().filter(|algorithm| *algorithm != KeyAlgorithm::RsaOaep) {
        if let Err(error) = EncryptionKey::new(key, algorithm) {
            of_the_key(error);
        }
    }
}

fn several(set: &JwkSet) {
    assert!(set.ignored.iter().all(|line| !line.chars().any(char::is_control) && line.len() < 4096));
    let again = JwkSet::parse(set.to_json()).expect("what is written is read");
    assert_eq!((again.keys.len(), again.ignored.len()), (set.keys.len(), 0));
    let public = set.public();
    assert!(public.keys.iter().all(|key| !key.is_private()));
    assert_eq!(public.keys.len(), set.keys.iter().filter(|key| !key.is_symmetric()).count());
    assert!(matches!(set.to_value(), Value::Object(_)));
    set.keys.iter().take(4).for_each(one);
}
