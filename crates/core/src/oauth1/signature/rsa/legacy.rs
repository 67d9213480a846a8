//! Keys and signatures that aws-lc does not make any more: SHA-1, and fewer than 2048 bits. By the crate rsa, which is not known
//! to take the same time whatever the key (RUSTSEC-2023-0071): that is why it stands behind a feature.

use crate::error::{Error, Result};
use ::rsa::pkcs1::DecodeRsaPrivateKey as _;
use ::rsa::pkcs8::DecodePrivateKey as _;
use ::rsa::traits::PublicKeyParts as _;
use ::rsa::{Pkcs1v15Sign, RsaPrivateKey};
use aws_lc_rs::digest;
use grantee_jose::{BlockingSigner, ErrorKind, Jwk, SignatureAlgorithm};
use std::sync::Arc;

/// A private key of 1024 to 8192 bits, wiped when it is dropped.
#[derive(Clone)]
pub(super) struct LegacyKey(Arc<RsaPrivateKey>);

impl LegacyKey {
    /// Of PEM, PKCS#1 or PKCS#8.
    pub(super) fn from_pem(pem: &str) -> Result<Self> {
        match Jwk::from_pem(pem) {
            Ok(key) => Self::from_key(&key),
            Err(error) => Self::from_small(pem, &error),
        }
    }

    pub(super) fn from_key(key: &Jwk) -> Result<Self> {
        if key.key_type() != "RSA" {
            return Err(refused(format_args!("it is of the type {}", key.key_type())));
        }
        if !key.is_private() {
            return Err(refused("it is a public key"));
        }
        if key.key_use().is_some_and(|key_use| key_use != "sig")
            || key.key_ops().is_some_and(|operations| !operations.iter().any(|operation| operation == "sign"))
            || key.alg().is_some_and(|alg| alg != "RS1")
        {
            return Err(refused("its use, key_ops or alg say that it is for something else"));
        }
        let pem = key.to_private_pem().map_err(refused)?;
        Self::checked(RsaPrivateKey::from_pkcs8_pem(&pem).map_err(|_| refused("its numbers make no key"))?)
    }

    /// Of PEM that another reader refused: maybe for no more than its size.
    fn from_small(pem: &str, error: &grantee_jose::Error) -> Result<Self> {
        let key = RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem));
        Self::checked(key.map_err(|_| refused(error))?)
    }

    fn checked(key: RsaPrivateKey) -> Result<Self> {
        let bits = key.n().bits();
        match bits {
            1024..=8192 => Ok(Self(Arc::new(key))),
            _ => Err(refused(format_args!("it has {bits} bits, and 1024 to 8192 are taken"))),
        }
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.1).
    pub(super) fn sign(&self, hash: Hash, data: &[u8]) -> Result<Vec<u8>, ::rsa::Error> {
        let hashed = digest::digest(hash.algorithm(), data);
        let scheme = Pkcs1v15Sign { hash_len: Some(hashed.as_ref().len()), prefix: hash.prefix().into() };
        // With chance, what is timed says nothing about the key.
        self.0.sign_with_rng(&mut ::rsa::rand_core::OsRng, scheme, hashed.as_ref())
    }
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::config(
        format!("the RSA key can't be used: {why}"),
        "hand over an unencrypted private RSA key of 1024 bits or more",
    )
}

#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// DigestInfo as far as the digest (RFC 8017 section 9.2, note 1).
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        }
    }
}

/// Signs by SHA-2 with a key that is too small for the signers of JOSE.
pub(super) struct LegacySigner {
    key: LegacyKey,
    algorithm: SignatureAlgorithm,
}

impl LegacySigner {
    /// Of PEM that was refused with this error.
    pub(super) fn from_pem(pem: &str, algorithm: SignatureAlgorithm, error: &grantee_jose::Error) -> Result<Self> {
        Ok(Self { key: LegacyKey::from_small(pem, error)?, algorithm })
    }
}

impl BlockingSigner for LegacySigner {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, data: &[u8]) -> grantee_jose::Result<Vec<u8>> {
        let hash = if self.algorithm == SignatureAlgorithm::Rs512 { Hash::Sha512 } else { Hash::Sha256 };
        let error = || grantee_jose::Error::new(ErrorKind::Key, "an RSA key can sign", "RFC 8017 section 8.2.1");
        self.key.sign(hash, data).map_err(|_| error())
    }
}
