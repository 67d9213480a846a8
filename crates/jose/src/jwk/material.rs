//! What a key is made of, in one shape for JWK, PEM and DER. Integers are big-endian; where a curve fixes a length, they
//! have it.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use zeroize::Zeroizing;

/// A private or secret number, wiped on drop.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// `k`.
    Oct(SecretBytes),
    /// `n` and `e` without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8>, private: Option<RsaPrivate> },
    /// `x` and `y`, each of the field's length.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Option<SecretBytes> },
    /// `x` and `d` as RFC 8032 and RFC 7748 encode them.
    Okp { curve: Curve, x: Vec<u8>, d: Option<SecretBytes> },
}

impl Material {
    /// Whether an RSA key has a size and exponent that it can be used with.
    pub(crate) fn check(&self) -> Result<()> {
        let Self::Rsa { n, e, .. } = self else { return Ok(()) };
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(
                Error::new(ErrorKind::Key, "an RSA key has 2048 to 8192 bits", "RFC 7518 section 3.3").got(bits)
            );
        }
        let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        if !odd(n) || !odd(e) || e.len() > 4 || e.as_slice() == [1] {
            return Err(Error::new(
                ErrorKind::Key,
                "an RSA exponent is odd, over 1 and of 32 bits at most",
                "RFC 8017 section 3.1",
            ));
        }
        Ok(())
    }
}

/// RFC 7518 section 6.3.2, without leading zeros.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RsaPrivate {
    pub(crate) d: SecretBytes,
    pub(crate) p: SecretBytes,
    pub(crate) q: SecretBytes,
    pub(crate) dp: SecretBytes,
    pub(crate) dq: SecretBytes,
    pub(crate) qi: SecretBytes,
}

/// The curve of an `EC` or `OKP` key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1 (RFC 8812).
    Secp256k1,
    /// Edwards, for signatures (RFC 8037).
    Ed25519,
    /// Edwards, for signatures; used with the feature `ed448`.
    Ed448,
    /// Montgomery, for key agreement (RFC 8037).
    X25519,
    /// Montgomery, for key agreement; used with the feature `ed448`.
    X448,
}

impl Curve {
    /// The registered name, as `crv` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
        }
    }

    /// The one of this registered name; case counts.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521, Self::Secp256k1, Self::Ed25519, Self::Ed448, Self::X25519, Self::X448]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    /// Bytes of a coordinate or of an encoded key.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 | Self::Ed25519 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::X448 => 56,
            Self::Ed448 => 57,
            Self::P521 => 66,
        }
    }

    /// Whether a JWK of it has `y` too.
    pub(crate) fn is_weierstrass(self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::P521 | Self::Secp256k1)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
