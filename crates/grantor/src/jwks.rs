//! The public halves of the signing keys, [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use serde_json::{Map, Value, json};

use crate::{Request, SigningKey, response::Response, shared::Shared};

pub(crate) fn jwks(shared: &Shared, request: &Request) -> Response {
    // A path that changes is no use while another one works too.
    if request.path != format!("{}{}", shared.config.base, shared.config.jwks_path) {
        return Response::raw(404, "text/plain; charset=utf-8", "there is nothing here\n");
    }
    let mut keys = shared.keys.jwks();
    if shared.config.requests.decrypts_objects {
        keys.extend(crate::oracle::encryption_keys());
    }
    key_set(keys).header("Cache-Control", "public, max-age=300")
}

/// What the `jku` of a forged header leads to.
pub(crate) fn of_attacker() -> Response {
    key_set(crate::keys::DEFAULT_ALGS.map(|alg| SigningKey::attacker(alg).jwk()).to_vec())
}

fn key_set(keys: Vec<Value>) -> Response {
    Response::json(200, Map::from_iter([("keys".to_owned(), keys.into())]))
}

/// Puts keys before each one that share its `kid` and are of another type, for another algorithm, or not for signatures.
pub(crate) fn add_decoys(keys: &mut Vec<Value>) {
    let decoy = |real: &Value, alg: &str, members: &[(&str, Value)]| {
        let mut key = SigningKey::attacker(alg).jwk();
        key["kid"] = real["kid"].clone();
        for (name, value) in members {
            key[*name] = value.clone();
        }
        key
    };
    let with_decoys = |real: Value| {
        let alg = real["alg"].as_str().unwrap_or("RS256").to_owned();
        let (same, other, other_alg) = match real["kty"].as_str() {
            Some("RSA") => ("RS256", "ES256", "RS512"),
            Some("OKP") => ("EdDSA", "ES256", "ES384"),
            _ if real["crv"] == "P-384" => ("ES384", "RS256", "ECDH-ES"),
            _ => ("ES256", "RS256", "ECDH-ES"),
        };
        let for_encryption = [("use", json!("enc")), ("alg", json!(alg))];
        [
            decoy(&real, other, &[]),
            decoy(&real, same, &[("alg", json!(other_alg))]),
            decoy(&real, same, &for_encryption),
            real,
        ]
    };
    *keys = std::mem::take(keys).into_iter().flat_map(with_decoys).collect();
}

/// A key that cannot be read, before those that can.
pub(crate) fn add_broken_key(keys: &mut Vec<Value>) {
    keys.insert(
        0,
        json!({"kty": "RSA", "kid": "broken", "use": "sig", "alg": "RS256", "n": "not base64url!", "e": 65537}),
    );
}

pub(crate) fn remove_kids(keys: &mut [Value]) {
    for key in keys.iter_mut().filter_map(Value::as_object_mut) {
        key.remove("kid");
    }
}
