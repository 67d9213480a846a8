//! New keys, by the system's chance.

use super::{Curve, Jwk, KeyKind, Material, SecretBytes};
use crate::error::{Error, ErrorKind, Result};
use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use aws_lc_rs::{agreement, rand};
use zeroize::Zeroizing;

impl Jwk {
    /// A new key, private or symmetric, that says nothing of its use.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for a size that is not offered or a curve that is not built in.
    pub fn generate(kind: KeyKind) -> Result<Self> {
        let material = match kind {
            KeyKind::Oct(0) => return Err(unsupported("a secret has one byte at least")),
            KeyKind::Oct(bytes) => Material::Oct(random(bytes)?),
            KeyKind::Rsa(bits) => rsa(bits)?,
            KeyKind::Curve(curve) => on_curve(curve)?,
        };
        Ok(Self::from_material(material))
    }
}

fn random(bytes: usize) -> Result<SecretBytes> {
    let mut secret = Zeroizing::new(vec![0; bytes]);
    rand::fill(&mut secret).map_err(|_| failed())?;
    Ok(secret)
}

fn on_curve(curve: Curve) -> Result<Material> {
    let algorithm = match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        Curve::Secp256k1 => &ECDSA_P256K1_SHA256_FIXED_SIGNING,
        Curve::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(|_| failed())?;
            let seed = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(|_| failed())?;
            return Ok(okp(curve, pair.public_key().as_ref(), seed.as_ref()));
        }
        Curve::X25519 => {
            let private = agreement::PrivateKey::generate(&agreement::X25519).map_err(|_| failed())?;
            let public = private.compute_public_key().map_err(|_| failed())?;
            let d: Curve25519SeedBin<'_> = private.as_be_bytes().map_err(|_| failed())?;
            return Ok(okp(curve, public.as_ref(), d.as_ref()));
        }
        Curve::Ed448 | Curve::X448 => return on_goldilocks(curve),
    };
    let pair = EcdsaKeyPair::generate(algorithm).map_err(|_| failed())?;
    let d = pair.private_key().as_be_bytes().map_err(|_| failed())?;
    // An uncompressed point: one byte that says so, then both coordinates (SEC 1 section 2.3.3).
    let Some((4, point)) = pair.public_key().as_ref().split_first().map(|(first, point)| (*first, point)) else {
        return Err(failed());
    };
    let (x, y) = point.split_at_checked(curve.len()).ok_or_else(failed)?;
    Ok(Material::Ec { curve, x: x.to_vec(), y: y.to_vec(), d: Some(Zeroizing::new(d.as_ref().to_vec())) })
}

fn okp(curve: Curve, public: &[u8], private: &[u8]) -> Material {
    Material::Okp { curve, x: public.to_vec(), d: Some(Zeroizing::new(private.to_vec())) }
}

#[cfg(feature = "ed448")]
fn on_goldilocks(curve: Curve) -> Result<Material> {
    let secret = random(curve.len())?;
    let public = match curve {
        Curve::Ed448 => {
            let pair = ed448_goldilocks::SigningKey::try_from(secret.as_slice()).map_err(|_| failed())?;
            pair.verifying_key().to_bytes().to_vec()
        }
        _ => crate::jwe::x448::public(&secret)?,
    };
    Ok(okp(curve, &public, &secret))
}

#[cfg(not(feature = "ed448"))]
fn on_goldilocks(_: Curve) -> Result<Material> {
    Err(unsupported("grantee-jose built with its feature `ed448`"))
}

fn rsa(bits: usize) -> Result<Material> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        8192 => KeySize::Rsa8192,
        _ => return Err(unsupported("2048, 3072, 4096 or 8192 bits of RSA")),
    };
    let pair = RsaKeyPair::generate(size).map_err(|_| failed())?;
    let der = pair.as_der().map_err(|_| failed())?;
    crate::der::read::pkcs8(der.as_ref())
}

fn failed() -> Error {
    Error::new(ErrorKind::External, "the system has chance for a new key", "RFC 4086 section 1")
}

fn unsupported(expected: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "the kind of key can be generated", "RFC 7518 section 6").expected(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_private_comes_back_from_json_and_differs_from_the_next() {
        for kind in [
            KeyKind::Curve(Curve::P256),
            KeyKind::Curve(Curve::P384),
            KeyKind::Curve(Curve::P521),
            KeyKind::Curve(Curve::Secp256k1),
            KeyKind::Curve(Curve::Ed25519),
            KeyKind::Curve(Curve::X25519),
            KeyKind::Oct(32),
            KeyKind::Rsa(2048),
        ] {
            let key = Jwk::generate(kind).unwrap();
            assert!(key.is_private(), "{kind:?}");
            let again = Jwk::parse(key.to_json()).unwrap();
            assert!(again.material == key.material, "{kind:?}");
            assert_ne!(Jwk::generate(kind).unwrap().thumbprint(), key.thumbprint(), "{kind:?}");
        }
    }

    #[test]
    fn sizes_that_are_not_offered_are_refused() {
        for kind in [KeyKind::Rsa(1024), KeyKind::Rsa(2047), KeyKind::Oct(0)] {
            assert_eq!(Jwk::generate(kind).unwrap_err().kind(), ErrorKind::Unsupported, "{kind:?}");
        }
    }

    #[test]
    fn ed448_is_generated_with_its_feature_alone() {
        let generated = Jwk::generate(KeyKind::Curve(Curve::Ed448));
        assert_eq!(generated.is_ok(), cfg!(feature = "ed448"));
    }
}
