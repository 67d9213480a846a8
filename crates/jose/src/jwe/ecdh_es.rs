//! Agreement with an ephemeral key: [RFC 7518 section 4.6](https://www.rfc-editor.org/rfc/rfc7518#section-4.6), and
//! [RFC 8037 section 3.2](https://www.rfc-editor.org/rfc/rfc8037#section-3.2) for X25519 and X448.

use super::header::{self, malformed};
use super::key::wrapping_key_len;
use super::{Header, aes_kw, x448};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Curve, Material, SecretBytes};
use crate::signer::WrappedKey;
use crate::{ContentEncryption, KeyAlgorithm};
use aws_lc_rs::{agreement, digest};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A recipient's public point, checked to be one.
pub(super) struct Public {
    curve: Curve,
    point: Vec<u8>,
}

/// A recipient's private key.
pub(super) struct Private {
    curve: Curve,
    key: PrivateKey,
}

enum PrivateKey {
    Library(agreement::PrivateKey),
    X448(SecretBytes),
}

/// `epk`, `apu` and `apv`.
pub(super) struct Parameters {
    curve: Curve,
    point: Vec<u8>,
    apu: Vec<u8>,
    apv: Vec<u8>,
}

impl Parameters {
    /// Only the public members of `epk` are looked at (RFC 7518 section 4.6.1.1).
    pub(super) fn read(header: &Header) -> Result<Self> {
        let spec = "RFC 7518 section 4.6.1.1";
        let wrong = || malformed("the header has an epk, a whole public key of a known curve", spec);
        let epk = header.get("epk").and_then(Value::as_object).ok_or_else(wrong)?;
        let text = |name: &str| epk.get(name).and_then(Value::as_str).ok_or_else(wrong);
        let curve = Curve::from_name(text("crv")?).filter(|curve| agrees(*curve)).ok_or_else(wrong)?;
        if text("kty")? != if curve.is_weierstrass() { "EC" } else { "OKP" } {
            return Err(wrong());
        }
        let coordinate = |name: &str| match base64url::decode(text(name)?) {
            Ok(bytes) if bytes.len() == curve.len() => Ok(bytes),
            _ => Err(wrong()),
        };
        let point =
            if curve.is_weierstrass() { uncompressed(&coordinate("x")?, &coordinate("y")?) } else { coordinate("x")? };
        Ok(Self { curve, point, apu: party(header, "apu")?, apv: party(header, "apv")? })
    }

    /// Derived from the shared secret, and unwrapped where the algorithm says so.
    fn unwrap(&self, shared_secret: &[u8], wrapped: &WrappedKey<'_>) -> Result<SecretBytes> {
        let key = derived(shared_secret, wrapped.algorithm, wrapped.encryption, &self.apu, &self.apv)?;
        if wrapped.algorithm == KeyAlgorithm::EcdhEs {
            return Ok(key);
        }
        aes_kw::unwrap(&key, wrapped.encrypted_key).ok_or_else(Error::decryption)
    }
}

impl Public {
    /// `None` for a key of another type or curve.
    pub(super) fn new(material: &Material) -> Option<Result<Self>> {
        let (curve, point) = public_part(material)?;
        Some(check_point(curve, &point).map(|()| Self { curve, point }))
    }

    /// Agrees with a fresh key: the derived key, and the header parameters that tell the recipient.
    pub(super) fn derive(
        &self,
        algorithm: KeyAlgorithm,
        encryption: ContentEncryption,
        header: &Header,
    ) -> Result<(SecretBytes, Map<String, Value>)> {
        let (apu, apv) = (party(header, "apu")?, party(header, "apv")?);
        let (shared, epk) = self.agree()?;
        let mut point = Map::new();
        point.insert("kty".to_owned(), Value::from(if self.curve.is_weierstrass() { "EC" } else { "OKP" }));
        point.insert("crv".to_owned(), Value::from(self.curve.name()));
        if self.curve.is_weierstrass() {
            let (x, y) = epk
                .get(1..)
                .and_then(|xy| xy.split_at_checked(self.curve.len()))
                .ok_or_else(|| bad_point(self.curve))?;
            point.insert("x".to_owned(), Value::String(base64url::encode(x)));
            point.insert("y".to_owned(), Value::String(base64url::encode(y)));
        } else {
            point.insert("x".to_owned(), Value::String(base64url::encode(&epk)));
        }
        let key = derived(&shared, algorithm, encryption, &apu, &apv)?;
        Ok((key, Map::from_iter([("epk".to_owned(), Value::Object(point))])))
    }

    /// The shared secret and the ephemeral public point.
    fn agree(&self) -> Result<(SecretBytes, Vec<u8>)> {
        let Some(algorithm) = library(self.curve) else { return x448::ephemeral(&self.point) };
        let agree = || {
            let ephemeral = agreement::PrivateKey::generate(algorithm).ok()?;
            let epk = ephemeral.compute_public_key().ok()?.as_ref().to_vec();
            Some((shared(&ephemeral, algorithm, &self.point)?, epk))
        };
        agree().ok_or_else(|| bad_point(self.curve))
    }
}

impl Private {
    /// `None` for a key of another type or curve, or a public one.
    pub(super) fn new(material: &Material) -> Option<Result<Self>> {
        let (curve, point) = public_part(material)?;
        let (Material::Ec { d: Some(d), .. } | Material::Okp { d: Some(d), .. }) = material else { return None };
        Some(Self::checked(curve, &point, d))
    }

    /// The public part must be that of the private one: encrypting to the one and decrypting with the other would fail.
    fn checked(curve: Curve, point: &[u8], d: &SecretBytes) -> Result<Self> {
        let wrong = || {
            let rule = "a private key is in range and its public part is its own";
            Error::new(ErrorKind::Key, rule, "RFC 7518 section 6.2.2").got(curve)
        };
        let Some(algorithm) = library(curve) else {
            if x448::public(d)? != point {
                return Err(wrong());
            }
            return Ok(Self { curve, key: PrivateKey::X448(d.clone()) });
        };
        let key = agreement::PrivateKey::from_private_key(algorithm, d).map_err(|_| wrong())?;
        if key.compute_public_key().map_err(|_| wrong())?.as_ref() != point {
            return Err(wrong());
        }
        Ok(Self { curve, key: PrivateKey::Library(key) })
    }

    /// The content key, by the shared secret with the `epk` of the header, which must be a point of the same curve.
    pub(super) fn unwrap(&self, wrapped: &WrappedKey<'_>) -> Result<SecretBytes> {
        let parameters = Parameters::read(wrapped.header)?;
        if parameters.curve != self.curve {
            return Err(Error::decryption());
        }
        let secret = match &self.key {
            PrivateKey::Library(key) => {
                library(self.curve).and_then(|algorithm| shared(key, algorithm, &parameters.point))
            }
            PrivateKey::X448(d) => x448::agree(d, &parameters.point),
        };
        parameters.unwrap(&secret.ok_or_else(Error::decryption)?, wrapped)
    }
}

/// The content key from an agreed secret (`Z`).
pub(super) fn unwrap(shared_secret: &[u8], wrapped: &WrappedKey<'_>) -> Result<SecretBytes> {
    Parameters::read(wrapped.header)?.unwrap(shared_secret, wrapped)
}

/// The key that `alg` and `enc` want of the shared secret (RFC 7518 section 4.6.2).
fn derived(
    shared: &[u8],
    algorithm: KeyAlgorithm,
    encryption: ContentEncryption,
    apu: &[u8],
    apv: &[u8],
) -> Result<SecretBytes> {
    let (name, len) = match (algorithm, wrapping_key_len(algorithm)) {
        (KeyAlgorithm::EcdhEs, _) => (encryption.name(), encryption.key_len()),
        (KeyAlgorithm::EcdhEsA128Kw | KeyAlgorithm::EcdhEsA192Kw | KeyAlgorithm::EcdhEsA256Kw, Some(len)) => {
            (algorithm.name(), len)
        }
        _ => {
            let error = Error::new(ErrorKind::Key, "the alg is one of ECDH-ES", "RFC 7518 section 4.6");
            return Err(error.got(algorithm));
        }
    };
    concat_kdf(shared, name, apu, apv, len).ok_or_else(Error::decryption)
}

/// NIST SP 800-56A's one-step derivation with SHA-256; `SuppPrivInfo` is empty.
fn concat_kdf(shared: &[u8], name: &str, apu: &[u8], apv: &[u8], len: usize) -> Option<SecretBytes> {
    let mut key = Zeroizing::new(Vec::with_capacity(len + digest::SHA256_OUTPUT_LEN));
    let bits = u32::try_from(len).ok()?.checked_mul(8)?;
    for counter in 1_u32.. {
        let mut round = digest::Context::new(&digest::SHA256);
        round.update(&counter.to_be_bytes());
        round.update(shared);
        for part in [name.as_bytes(), apu, apv] {
            round.update(&u32::try_from(part.len()).ok()?.to_be_bytes());
            round.update(part);
        }
        round.update(&bits.to_be_bytes());
        key.extend_from_slice(round.finish().as_ref());
        if key.len() >= len {
            break;
        }
    }
    key.truncate(len);
    Some(key)
}

fn party(header: &Header, name: &str) -> Result<Vec<u8>> {
    Ok(header::bytes(header, name, "RFC 7518 section 4.6.1")?.unwrap_or_default())
}

fn agrees(curve: Curve) -> bool {
    matches!(curve, Curve::P256 | Curve::P384 | Curve::P521 | Curve::X25519 | Curve::X448)
}

fn library(curve: Curve) -> Option<&'static agreement::Algorithm> {
    match curve {
        Curve::P256 => Some(&agreement::ECDH_P256),
        Curve::P384 => Some(&agreement::ECDH_P384),
        Curve::P521 => Some(&agreement::ECDH_P521),
        Curve::X25519 => Some(&agreement::X25519),
        _ => None,
    }
}

fn public_part(material: &Material) -> Option<(Curve, Vec<u8>)> {
    match material {
        Material::Ec { curve, x, y, .. } if agrees(*curve) => Some((*curve, uncompressed(x, y))),
        Material::Okp { curve, x, .. } if agrees(*curve) => Some((*curve, x.clone())),
        _ => None,
    }
}

/// SEC 1 section 2.3.3.
fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

fn check_point(curve: Curve, point: &[u8]) -> Result<()> {
    let Some(algorithm) = library(curve) else { return x448::check(point) };
    let parsed = agreement::ParsedPublicKey::try_from(agreement::UnparsedPublicKey::new(algorithm, point));
    match parsed {
        Ok(parsed) if parsed.alg() == algorithm => Ok(()),
        _ => Err(bad_point(curve)),
    }
}

fn bad_point(curve: Curve) -> Error {
    Error::new(ErrorKind::Key, "a public key is a point of its curve", "RFC 7518 section 6.2.1").got(curve)
}

/// The library refuses points off the curve, and shared secrets of X25519 that are zero (RFC 8037 section 5).
fn shared(key: &agreement::PrivateKey, algorithm: &'static agreement::Algorithm, point: &[u8]) -> Option<SecretBytes> {
    let peer = agreement::UnparsedPublicKey::new(algorithm, point);
    agreement::agree(key, peer, (), |shared| Ok(Zeroizing::new(shared.to_vec()))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7518_appendix_c_derives_the_published_key() {
        let shared = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derived(&shared, KeyAlgorithm::EcdhEs, ContentEncryption::A128Gcm, b"Alice", b"Bob").unwrap();
        assert_eq!(base64url::encode(&*key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn a_longer_key_takes_more_rounds_and_no_prefix_of_another_is_one() {
        let key = |encryption| derived(&[7; 32], KeyAlgorithm::EcdhEs, encryption, b"", b"").unwrap();
        let (long, short) = (key(ContentEncryption::A256CbcHs512), key(ContentEncryption::A256Gcm));
        assert_eq!((long.len(), short.len()), (64, 32));
        assert_ne!(long.get(..32), short.get(..));
    }
}
