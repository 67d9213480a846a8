//! RSA-SHA1: [RFC 5849 section 3.4.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.3).

use super::legacy::{Hash, LegacyKey};
use crate::error::{Error, Result};
use crate::oauth1::{Secrets, SignatureMethod};
use crate::ports::BoxFuture;
use aws_lc_rs::digest;
use grantee_jose::Jwk;
use grantee_jose::base64url::encode_standard;

/// `RSA-SHA1`, for servers that know nothing better. aws-lc does not sign so; the crate that does is not known to take the same time
/// whatever the key (RUSTSEC-2023-0071), which is why it stands behind a feature. Keys of 1024 bits are taken, as such servers have
/// them.
#[derive(Clone)]
pub struct RsaSha1(LegacyKey);

impl RsaSha1 {
    /// With a private RSA key. One that has `alg` must be for `RS1`.
    ///
    /// # Errors
    /// [`Error::Config`] when it is no such key.
    pub fn from_key(key: &Jwk) -> Result<Self> {
        LegacyKey::from_key(key).map(Self)
    }

    /// With a private RSA key in PEM, PKCS#1 or PKCS#8.
    ///
    /// # Errors
    /// [`Error::Config`] when it is no such key, or has fewer than 1024 bits.
    pub fn from_pem(pem: &str) -> Result<Self> {
        LegacyKey::from_pem(pem).map(Self)
    }
}

impl std::fmt::Debug for RsaSha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaSha1(..)")
    }
}

impl SignatureMethod for RsaSha1 {
    fn name(&self) -> &str {
        "RSA-SHA1"
    }

    fn sign<'a>(&'a self, base_string: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
        let signature = self.0.sign(Hash::Sha1, base_string.as_bytes());
        let signature = signature
            .map(encode_standard)
            .map_err(|_| Error::config("the RSA key can't sign", "look at the key: it may be damaged"));
        Box::pin(std::future::ready(signature))
    }

    fn body_hash(&self, body: &[u8]) -> Option<String> {
        Some(encode_standard(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, body)))
    }
}
