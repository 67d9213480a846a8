//! RSAES OAEP: [RFC 7518 section 4.3](https://www.rfc-editor.org/rfc/rfc7518#section-4.3), and the two longer digests of
//! the registry.

use crate::KeyAlgorithm;
use crate::der;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{RsaPrivate, SecretBytes};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

pub(super) struct Public(OaepPublicEncryptingKey);

pub(super) struct Private(OaepPrivateDecryptingKey);

impl Public {
    /// From 2048 to 8192 bits.
    pub(super) fn new(n: &[u8], e: &[u8]) -> Result<Self> {
        let key = PublicEncryptingKey::from_der(&der::rsa_spki(n, e)).map_err(|_| unfit(n))?;
        OaepPublicEncryptingKey::new(key).map(Self).map_err(|_| unfit(n))
    }

    pub(super) fn encrypt(&self, algorithm: KeyAlgorithm, content_key: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; self.0.ciphertext_size()];
        let len = self.0.encrypt(oaep(algorithm)?, content_key, &mut out, None).ok()?.len();
        out.truncate(len);
        Some(out)
    }
}

impl Private {
    pub(super) fn new(n: &[u8], e: &[u8], private: &RsaPrivate) -> Result<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(&der::rsa_pkcs8(n, e, private)).map_err(|_| unfit(n))?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| unfit(n))
    }

    pub(super) fn decrypt(&self, algorithm: KeyAlgorithm, encrypted_key: &[u8]) -> Option<SecretBytes> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let len = self.0.decrypt(oaep(algorithm)?, encrypted_key, &mut out, None).ok()?.len();
        out.truncate(len);
        Some(out)
    }
}

fn oaep(algorithm: KeyAlgorithm) -> Option<&'static OaepAlgorithm> {
    match algorithm {
        KeyAlgorithm::RsaOaep => Some(&OAEP_SHA1_MGF1SHA1),
        KeyAlgorithm::RsaOaep256 => Some(&OAEP_SHA256_MGF1SHA256),
        KeyAlgorithm::RsaOaep384 => Some(&OAEP_SHA384_MGF1SHA384),
        KeyAlgorithm::RsaOaep512 => Some(&OAEP_SHA512_MGF1SHA512),
        _ => None,
    }
}

fn unfit(n: &[u8]) -> Error {
    Error::new(ErrorKind::Key, "an RSA key is whole and has 2048 to 8192 bits", "RFC 7518 section 4.3")
        .got(format!("a modulus of {} bytes", n.len()))
}
