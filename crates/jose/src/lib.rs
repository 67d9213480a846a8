//! JOSE for grantee: what OAuth and OpenID Connect stand on, knowing no OAuth word.
//!
//! | file | what | specification |
//! |---|---|---|
//! | [`base64url`] | strict base64url without padding | RFC 7515 section 2 |
//! | [`sha256`] | SHA-256 | RFC 6234 |
//! | [`constant_time_eq`] | comparison that does not tell where two secrets differ | |
//!
//! In scope next: JWS, JWE, JWK and JWT over aws-lc-rs. Out of scope: anything that knows a token endpoint.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod base64url;

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
