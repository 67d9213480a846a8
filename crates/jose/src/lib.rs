//! JOSE: signed and encrypted JSON tokens, and their keys, over aws-lc-rs. Knows no OAuth word.
//!
//! ```text
//!   JSON, PEM, DER ──> Jwk ──┬──> VerifyingKey(alg) ──> jws::Compact::verify ──> payload ──> jwt: claims
//!                            ├──> SigningKey(alg) ────> jws::sign ────────────> token
//!                            ├──> DecryptionKey(alg) ─> jwe::decrypt ─────────> plaintext
//!                            └──> EncryptionKey(alg) ─> jwe::encrypt ─────────> token
//! ```
//!
//! A key is parsed once and bound to one algorithm; what the JWK says (`alg`, `use`, `key_ops`, size) binds what it is
//! used for. Headers are never trusted for what the caller decides: `jwk`, `jku`, `x5u` and `x5c` are not looked at.
//!
//! | file | what | specification |
//! |---|---|---|
//! | [`jws`] | signed tokens, compact and JSON | RFC 7515, RFC 7797 |
//! | [`jwe`] | encrypted tokens, compact and JSON | RFC 7516 |
//! | [`jwk`] | keys and sets of keys, thumbprints, PEM and DER | RFC 7517, RFC 7638, RFC 8037 |
//! | [`json`] | strict JSON: no member twice, bounded depth | RFC 8259 |
//! | [`view`] | the same without copying | RFC 8259 |
//! | [`jwt`] | claims, checked apart from signatures | RFC 7519, RFC 8725 |
//! | [`signer`] | keys that live elsewhere | |
//! | [`SignatureAlgorithm`], [`KeyAlgorithm`], [`ContentEncryption`] | the algorithms | RFC 7518, RFC 8812, RFC 9864 |
//! | [`base64url`] | strict base64url without padding | RFC 7515 section 2 |
//! | [`Digest`] | digests and their left halves | RFC 6234 |
//!
//! In scope: everything above, strict and bounded. Out of scope: fetching keys, and anything that knows a token endpoint.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod alg;
pub mod base64url;
pub mod contract;
mod der;
mod digest;
mod error;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
mod pem;
pub mod signer;
pub mod view;

pub use alg::{ContentEncryption, KeyAlgorithm, SignatureAlgorithm};
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result, Verified};
pub use jwe::{DecryptionKey, EncryptionKey};
pub use jwk::{Curve, Jwk, JwkSet, KeyKind};
pub use jws::{SigningKey, VerifyingKey};
pub use signer::{BlockingDecrypter, BlockingSigner, Decrypter, Signer};

/// The SHA-256 digest of `data`: 32 bytes.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data).as_ref());
    digest
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_published_digest() {
        let hex: String = sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn equal_means_same_length_and_same_bytes() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"state", b"state"));
        assert!(!constant_time_eq(b"state", b"statE"));
        assert!(!constant_time_eq(b"state", b"stat"));
    }
}
