//! Decrypting what a client encrypted to the server, [RFC 9101 section 6.1](https://www.rfc-editor.org/rfc/rfc9101#section-6.1).

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwe::{self, JweDecrypter},
    jwk::{Jwk, alg::ec::EcCurve},
};
use serde_json::{Map, Value};

struct Keys {
    rsa: Jwk,
    ec: Jwk,
}

/// One pair for the process, as one of RSA takes its time to find.
fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: Jwk::generate_rsa_key(2048).expect("an RSA key can be made"),
        ec: Jwk::generate_ec_key(EcCurve::P256).expect("an EC key can be made"),
    })
}

/// The public halves, as they stand in the key set.
pub(crate) fn encryption_keys() -> Vec<Value> {
    let described = |key: &Jwk, kid: &str, alg: &str| {
        let mut members: Map<String, Value> = key.to_public_key().expect("a key has a public half").into();
        for (name, value) in [("kid", kid), ("use", "enc"), ("alg", alg)] {
            members.insert(name.into(), value.into());
        }
        Value::Object(members)
    };
    let Keys { rsa, ec } = keys();
    vec![described(rsa, "enc-rsa", "RSA-OAEP-256"), described(ec, "enc-ec", "ECDH-ES")]
}

/// The text inside; none where it is not for these keys.
pub(crate) fn decrypted(text: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next()?).ok()?;
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    // A short text may unzip to a very long one (RFC 8725 section 3.6).
    if header.contains_key("zip") {
        return None;
    }
    let (kid, decrypter): (&str, Box<dyn JweDecrypter>) = match header.get("alg")?.as_str()? {
        "RSA-OAEP-256" => ("enc-rsa", Box::new(jwe::RSA_OAEP_256.decrypter_from_jwk(&keys().rsa).ok()?)),
        "ECDH-ES" => ("enc-ec", Box::new(jwe::ECDH_ES.decrypter_from_jwk(&keys().ec).ok()?)),
        _ => return None,
    };
    if header.get("kid").is_some_and(|named| named != kid) {
        return None;
    }
    let (bytes, _) = jwe::deserialize_compact(text, decrypter.as_ref()).ok()?;
    String::from_utf8(bytes).ok()
}
