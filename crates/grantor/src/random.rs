//! Values nobody can guess.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// 256 random bits as 43 base64url characters; RFC 6749 section 10.10 asks for at least 128 bits of them.
pub(crate) fn token() -> Arc<str> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has random bytes");
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// Compares two secrets in a time that does not tell how much of them agrees.
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

pub(crate) fn sha256_base64url(text: &str) -> String {
    sha256_of_bytes(text.as_bytes())
}

pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}
