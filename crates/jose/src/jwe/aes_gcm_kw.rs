//! Wrapping with AES GCM: [RFC 7518 section 4.7](https://www.rfc-editor.org/rfc/rfc7518#section-4.7).

use super::header::{self, malformed};
use super::key::Wrapped;
use super::{Header, content};
use crate::base64url;
use crate::error::Result;
use crate::jwk::SecretBytes;
use aws_lc_rs::aead::{Aad, Nonce};
use serde_json::Value;
use zeroize::Zeroizing;

const SPEC: &str = "RFC 7518 section 4.7.1";

/// `iv` and `tag`.
pub(super) struct Parameters {
    iv: Vec<u8>,
    tag: Vec<u8>,
}

impl Parameters {
    pub(super) fn read(header: &Header) -> Result<Self> {
        let (iv, tag) = (header::bytes(header, "iv", SPEC)?, header::bytes(header, "tag", SPEC)?);
        match (iv, tag) {
            (Some(iv), Some(tag)) if iv.len() == 12 && tag.len() == 16 => Ok(Self { iv, tag }),
            _ => Err(malformed("the header has an iv of 12 bytes and a tag of 16", SPEC)),
        }
    }
}

/// Wraps with a key of 16, 24 or 32 bytes and a fresh vector.
pub(super) fn wrap(key: &[u8], content_key: &[u8]) -> Result<Option<Wrapped>> {
    let iv = content::random(12)?;
    let seal = || {
        let mut out = content_key.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&iv).ok()?;
        let tag = content::gcm(key)?.seal_in_place_separate_tag(nonce, Aad::empty(), &mut out).ok()?;
        let parameters = [("iv", base64url::encode(&*iv)), ("tag", base64url::encode(tag.as_ref()))];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), Value::String(value))).into_iter().collect();
        Some(Wrapped { encrypted_key: out, parameters })
    };
    Ok(seal())
}

pub(super) fn unwrap(key: &[u8], encrypted_key: &[u8], header: &Header) -> Result<Option<SecretBytes>> {
    let Parameters { iv, tag } = Parameters::read(header)?;
    let open = || {
        let nonce = Nonce::try_assume_unique_for_key(&iv).ok()?;
        let mut in_out = Zeroizing::new(Vec::with_capacity(encrypted_key.len() + tag.len()));
        in_out.extend_from_slice(encrypted_key);
        in_out.extend_from_slice(&tag);
        let len = content::gcm(key)?.open_in_place(nonce, Aad::empty(), &mut in_out).ok()?.len();
        in_out.truncate(len);
        Some(in_out)
    };
    Ok(open())
}
