//! Passwords: [RFC 7518 section 4.8](https://www.rfc-editor.org/rfc/rfc7518#section-4.8).

use super::header::{self, malformed};
use super::key::{Family, Wrapped, wrapping_key_len};
use super::{Header, aes_kw, content};
use crate::error::Result;
use crate::jwk::SecretBytes;
use crate::{KeyAlgorithm, base64url};
use aws_lc_rs::pbkdf2;
use serde_json::{Map, Value};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// The fewest iterations to encrypt with (RFC 7518 section 4.8.1.2).
pub(super) const LEAST: u32 = 1000;
const SALT_LEN: usize = 16;

/// `p2s` and `p2c`.
pub(super) struct Parameters {
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl Parameters {
    pub(super) fn read(header: &Header) -> Result<Self> {
        let salt = header::bytes(header, "p2s", "RFC 7518 section 4.8.1.1")?.filter(|salt| salt.len() >= 8);
        let salt =
            salt.ok_or_else(|| malformed("the header has a p2s of at least 8 bytes", "RFC 7518 section 4.8.1.1"))?;
        let iterations = header.get("p2c").and_then(Value::as_u64).filter(|count| *count > 0);
        let iterations = iterations
            .and_then(|count| NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)))
            .ok_or_else(|| malformed("the header has a p2c, a positive integer", "RFC 7518 section 4.8.1.2"))?;
        Ok(Self { salt, iterations })
    }
}

/// How often a password is stretched where nothing else was said.
pub(super) fn iterations(algorithm: KeyAlgorithm) -> u32 {
    if algorithm == KeyAlgorithm::Pbes2Hs256A128Kw { 600_000 } else { 210_000 }
}

/// How many iterations the header asks for; none for other algorithms.
pub(super) fn cost(algorithm: KeyAlgorithm, header: &Header) -> Result<u32> {
    match Family::of(algorithm) {
        Family::Password => Parameters::read(header).map(|parameters| parameters.iterations.get()),
        _ => Ok(0),
    }
}

pub(super) fn wrap(
    algorithm: KeyAlgorithm,
    password: &[u8],
    iterations: u32,
    content_key: &[u8],
) -> Result<Option<Wrapped>> {
    let salt = content::random(SALT_LEN)?.to_vec();
    let wrap = || {
        let kek =
            derive(algorithm, password, &Parameters { salt: salt.clone(), iterations: NonZeroU32::new(iterations)? })?;
        let encrypted_key = aes_kw::wrap(&kek, content_key)?;
        let mut parameters = Map::new();
        parameters.insert("p2s".to_owned(), Value::String(base64url::encode(&salt)));
        parameters.insert("p2c".to_owned(), Value::from(iterations));
        Some(Wrapped { encrypted_key, parameters })
    };
    Ok(wrap())
}

pub(super) fn unwrap(
    algorithm: KeyAlgorithm,
    password: &[u8],
    encrypted_key: &[u8],
    header: &Header,
) -> Result<Option<SecretBytes>> {
    let parameters = Parameters::read(header)?;
    Ok(derive(algorithm, password, &parameters).and_then(|kek| aes_kw::unwrap(&kek, encrypted_key)))
}

/// The salt is the name of the algorithm, a zero and `p2s` (RFC 7518 section 4.8.1.1).
fn derive(algorithm: KeyAlgorithm, password: &[u8], parameters: &Parameters) -> Option<SecretBytes> {
    let digest = match algorithm {
        KeyAlgorithm::Pbes2Hs256A128Kw => pbkdf2::PBKDF2_HMAC_SHA256,
        KeyAlgorithm::Pbes2Hs384A192Kw => pbkdf2::PBKDF2_HMAC_SHA384,
        KeyAlgorithm::Pbes2Hs512A256Kw => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let mut kek = Zeroizing::new(vec![0; wrapping_key_len(algorithm)?]);
    let salt = [algorithm.name().as_bytes(), &[0], &parameters.salt].concat();
    pbkdf2::derive(digest, parameters.iterations, &salt, password, &mut kek);
    Some(kek)
}
