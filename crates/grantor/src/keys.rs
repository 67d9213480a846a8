//! The keys that ID tokens are signed with.
//!
//! They are made once in a process and shared by its servers: an RSA key takes a tenth of a second to find, which a test
//! suite that starts hundreds of servers would feel.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::AsDer,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Map, Value};

use crate::random;

pub(crate) struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
    kid: String,
    /// The public half, ready for the key set.
    pub(crate) jwk: Value,
}

impl SigningKey {
    pub(crate) fn of(alg: &str) -> &'static SigningKey {
        if alg == "ES256" { es256() } else { rs256() }
    }

    pub(crate) fn all() -> [&'static SigningKey; 2] {
        [rs256(), es256()]
    }

    fn new(algorithm: Algorithm, key: EncodingKey) -> Self {
        let jwk = Jwk::from_encoding_key(&key, algorithm).expect("a key that was just made has a public half");
        let mut jwk = serde_json::to_value(jwk).expect("a JWK is JSON");
        let kid = random::sha256_base64url(&jwk.to_string())[..16].to_owned();
        if let Some(members) = jwk.as_object_mut() {
            members.insert("use".into(), "sig".into());
            members.insert("kid".into(), kid.clone().into());
        }
        Self { algorithm, key, kid, jwk }
    }

    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).expect("our own key signs")
    }
}

fn rs256() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| {
        install_provider();
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be made");
        let der = pair.as_der().expect("an RSA key can be encoded");
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("our own PEM can be read");
        SigningKey::new(Algorithm::RS256, key)
    })
}

fn es256() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| {
        install_provider();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key can be made");
        let der = pair.to_pkcs8v1().expect("a P-256 key can be encoded");
        SigningKey::new(Algorithm::ES256, EncodingKey::from_ec_der(der.as_ref()))
    })
}

/// jsonwebtoken has one provider in a process. Somebody else's choice, made earlier, is as good as ours.
fn install_provider() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_set_shows_no_private_half() {
        for key in SigningKey::all() {
            let members = key.jwk.as_object().unwrap();
            assert!(members.contains_key("kid") && members["use"] == "sig");
            assert!(!members.contains_key("d"), "{members:?}");
        }
    }
}
