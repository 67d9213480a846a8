//! What JWE holds beyond the published examples.

mod any_text;
mod flipped_bits;
mod json_form;
mod keys;
mod round_trips;
mod rules;

use grantee_jose::jwe::{self, Header};
use grantee_jose::{
    ContentEncryption, Curve, DecryptionKey, EncryptionKey, Error, Jwk, KeyAlgorithm, KeyKind, base64url,
};
use serde_json::Value;

const PLAINTEXT: &[u8] = b"plaintext of more than one block of AES";

/// A key and the algorithm to use it by.
struct Case {
    jwk: Jwk,
    algorithm: KeyAlgorithm,
}

impl Case {
    fn encryption_key(&self) -> EncryptionKey {
        let key = EncryptionKey::new(&self.jwk, self.algorithm).unwrap();
        if self.algorithm.name().starts_with("PBES2") { key.with_iterations(1000).unwrap() } else { key }
    }

    fn decryption_key(&self) -> DecryptionKey {
        DecryptionKey::new(&self.jwk, self.algorithm).unwrap()
    }

    fn encrypt(&self, encryption: ContentEncryption) -> String {
        jwe::encrypt(&Header::new(), PLAINTEXT, &self.encryption_key(), encryption).unwrap()
    }

    fn decrypt(&self, token: &str) -> Result<jwe::Decrypted, Error> {
        jwe::decrypt_blocking(token, &self.decryption_key(), &jwe::Options::default())
    }
}

/// Every algorithm, ECDH-ES on every curve, with a key for this `enc`.
fn cases(encryption: ContentEncryption) -> Vec<Case> {
    use KeyAlgorithm as A;
    let mut cases = Vec::new();
    for algorithm in KeyAlgorithm::ALL.iter().copied() {
        let keys = match algorithm {
            A::RsaOaep | A::RsaOaep256 | A::RsaOaep384 | A::RsaOaep512 => vec![rsa()],
            A::EcdhEs | A::EcdhEsA128Kw | A::EcdhEsA192Kw | A::EcdhEsA256Kw => agreement_keys(),
            A::A128Kw | A::A128GcmKw => vec![Jwk::oct([7; 16])],
            A::A192Kw | A::A192GcmKw => vec![Jwk::oct([7; 24])],
            A::A256Kw | A::A256GcmKw => vec![Jwk::oct([7; 32])],
            A::Dir => vec![Jwk::oct(vec![7; encryption.key_len()])],
            _ => vec![Jwk::oct("a password")],
        };
        cases.extend(keys.into_iter().map(|jwk| Case { jwk, algorithm }));
    }
    cases
}

fn agreement_keys() -> Vec<Jwk> {
    let curves = [Curve::P256, Curve::P384, Curve::P521, Curve::X25519];
    let mut keys: Vec<_> = curves.into_iter().map(|curve| Jwk::generate(KeyKind::Curve(curve)).unwrap()).collect();
    if cfg!(feature = "ed448") {
        keys.push(Jwk::from_pem(include_str!("../pem/x448_pkcs8.pem")).unwrap());
    }
    keys
}

fn rsa() -> Jwk {
    Jwk::from_pem(include_str!("../pem/rsa_pkcs8.pem")).unwrap()
}

/// The five parts of a compact token, decoded.
fn parts(token: &str) -> Vec<Vec<u8>> {
    token.split('.').map(|part| base64url::decode(part).unwrap()).collect()
}

fn compact(parts: &[Vec<u8>]) -> String {
    parts.iter().map(base64url::encode).collect::<Vec<_>>().join(".")
}

/// The same token with another header; what was authenticated no longer fits.
fn with_header(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut parts = parts(token);
    let mut header = serde_json::from_slice(&parts[0]).unwrap();
    change(&mut header);
    parts[0] = header.to_string().into_bytes();
    compact(&parts)
}
