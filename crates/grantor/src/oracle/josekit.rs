//! Signatures that jsonwebtoken cannot make: ES512 ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4))
//! and ES256K ([RFC 8812 section 3.2](https://www.rfc-editor.org/rfc/rfc8812#section-3.2)).

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256K, ES512, JwsSigner, JwsVerifier, alg::ecdsa::EcdsaJwsAlgorithm},
};
use serde_json::{Map, Value};

use crate::SigningKey;

pub(crate) struct Key(Box<dyn JwsSigner>);

impl Key {
    pub(crate) fn signature(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign(message).expect("our own key signs"))
    }
}

pub(crate) fn shared_key(alg: &str) -> SigningKey {
    static ES512_KEY: OnceLock<SigningKey> = OnceLock::new();
    static ES256K_KEY: OnceLock<SigningKey> = OnceLock::new();
    let key = match alg {
        "ES256K" => &ES256K_KEY,
        _ => &ES512_KEY,
    };
    let make = || fresh_key(alg).named_after_itself();
    match algorithm(alg) {
        Some(_) => key.get_or_init(make).clone(),
        None => make(),
    }
}

pub(crate) fn fresh_key(alg: &str) -> SigningKey {
    let Some((algorithm, curve)) = algorithm(alg) else {
        panic!("grantor has no key for {alg}");
    };
    let pair = Jwk::generate_ec_key(curve).expect("an EC key can be made");
    let signer = algorithm.signer_from_jwk(&pair).expect("our own key can be read");
    let public: Map<String, Value> = pair.to_public_key().expect("a key has a public half").into();
    SigningKey::of_oracle(alg, Key(Box::new(signer)), public)
}

pub(crate) fn verifies(alg: &str, jwk: &Value, message: &[u8], signature: &str) -> bool {
    let Some((algorithm, _)) = algorithm(alg) else { return false };
    let mut members = jwk.as_object().cloned().unwrap_or_default();
    // josekit takes these for conditions; what the key is for has been judged.
    members.retain(|name, _| !matches!(name.as_str(), "use" | "key_ops" | "alg"));
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    Jwk::from_map(members)
        .and_then(|jwk| algorithm.verifier_from_jwk(&jwk))
        .is_ok_and(|verifier| verifier.verify(message, &signature).is_ok())
}

fn algorithm(alg: &str) -> Option<(EcdsaJwsAlgorithm, EcCurve)> {
    match alg {
        "ES512" => Some((ES512, EcCurve::P521)),
        "ES256K" => Some((ES256K, EcCurve::Secp256k1)),
        _ => None,
    }
}
