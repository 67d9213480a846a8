//! Keys in DER: PKCS#8 ([RFC 5958](https://www.rfc-editor.org/rfc/rfc5958)), PKCS#1 (RFC 8017 appendix A.1), SEC 1
//! (RFC 5915), SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 8410), and the public key of a certificate.

mod encrypted;
pub(crate) mod read;
mod reader;
mod write;

pub(crate) use encrypted::{decrypt, encrypt};
pub(crate) use read::{certificate, pkcs1_private, pkcs1_public, pkcs8, sec1, shape, spki};
pub(crate) use write::{pkcs8 as write_pkcs8, rsa_pkcs8, rsa_spki, spki as write_spki};

use crate::Curve;
use crate::error::{Error, ErrorKind};

/// The object identifiers as DER has them, without tag and length.
mod oid {
    pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(super) const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    pub(super) const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
    pub(super) const SCRYPT: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11];
    pub(super) const HMAC_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7];
    pub(super) const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
    pub(super) const HMAC_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 10];
    pub(super) const HMAC_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11];
    pub(super) const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
    pub(super) const AES_192_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22];
    pub(super) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
    pub(super) const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7];
}

/// The identifiers of curves: named curves of EC keys (RFC 5480, SEC 2), and those of RFC 8410 that are the algorithm too.
const CURVES: [(Curve, &[u8]); 8] = [
    (Curve::P256, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    (Curve::P384, &[0x2b, 0x81, 4, 0, 34]),
    (Curve::P521, &[0x2b, 0x81, 4, 0, 35]),
    (Curve::Secp256k1, &[0x2b, 0x81, 4, 0, 10]),
    (Curve::X25519, &[0x2b, 0x65, 110]),
    (Curve::X448, &[0x2b, 0x65, 111]),
    (Curve::Ed25519, &[0x2b, 0x65, 112]),
    (Curve::Ed448, &[0x2b, 0x65, 113]),
];

/// What a DER document holds, by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1Private,
    Pkcs1Public,
    Sec1,
    Spki,
    Certificate,
}

fn malformed(rule: &'static str, spec: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, rule, spec)
}

fn unsupported(rule: &'static str, spec: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, rule, spec)
}
