//! From DER to what a key is made of.

use super::reader::{BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, whole_bytes};
use super::{CURVES, Shape, malformed, oid, unsupported, write};
use crate::Curve;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Material, RsaPrivate, SecretBytes};
use aws_lc_rs::agreement;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroizing;

/// Larger keys than this are refused unread.
const MOST_BYTES: usize = 64 * 1024;

/// What a document seems to hold.
pub(crate) fn shape(bytes: &[u8]) -> Result<Shape> {
    let mut document = open(bytes)?;
    let first = document.element()?.0;
    let second = document.element()?.0;
    match (first, second, document.peek()) {
        (INTEGER, SEQUENCE, Some(OCTET_STRING)) => Ok(Shape::Pkcs8),
        (INTEGER, OCTET_STRING, _) => Ok(Shape::Sec1),
        (INTEGER, INTEGER, Some(INTEGER)) => Ok(Shape::Pkcs1Private),
        (INTEGER, INTEGER, None) => Ok(Shape::Pkcs1Public),
        (SEQUENCE, BIT_STRING, None) => Ok(Shape::Spki),
        (SEQUENCE, OCTET_STRING, None) => Ok(Shape::EncryptedPkcs8),
        (SEQUENCE, SEQUENCE, Some(BIT_STRING)) => Ok(Shape::Certificate),
        _ => Err(unsupported("the DER is a key of a known kind", "RFC 5958 section 2")),
    }
}

/// PrivateKeyInfo, or OneAsymmetricKey with the public key along.
pub(crate) fn pkcs8(bytes: &[u8]) -> Result<Material> {
    let mut info = open(bytes)?;
    if info.small()? > 1 {
        return Err(unsupported("a PKCS#8 key has version 0 or 1", "RFC 5958 section 2"));
    }
    let algorithm = Algorithm::read(info.sequence()?)?;
    let key = info.expect(OCTET_STRING)?;
    info.optional(0xa0)?;
    let public = info.optional(0x81)?.map(whole_bytes).transpose()?;
    info.end()?;
    match algorithm {
        Algorithm::Rsa => pkcs1_private(key),
        Algorithm::Ec(curve) => sec1_on(key, Some(curve), public),
        Algorithm::Okp(curve) => {
            let mut inner = Reader::whole(key);
            let d = inner.expect(OCTET_STRING)?;
            inner.end()?;
            okp_private(curve, d, public)
        }
    }
}

/// RSAPrivateKey of two primes.
pub(crate) fn pkcs1_private(bytes: &[u8]) -> Result<Material> {
    let mut key = open(bytes)?;
    if key.small()? != 0 {
        return Err(unsupported("an RSA key has two primes", "RFC 8017 appendix A.1.2"));
    }
    let (n, e) = (positive(&mut key)?.to_vec(), positive(&mut key)?.to_vec());
    let mut secret = || positive(&mut key).map(|number| Zeroizing::new(number.to_vec()));
    let private = RsaPrivate { d: secret()?, p: secret()?, q: secret()?, dp: secret()?, dq: secret()?, qi: secret()? };
    key.end()?;
    Ok(Material::Rsa { n, e, private: Some(private) })
}

/// RSAPublicKey.
pub(crate) fn pkcs1_public(bytes: &[u8]) -> Result<Material> {
    let mut key = open(bytes)?;
    let (n, e) = (positive(&mut key)?.to_vec(), positive(&mut key)?.to_vec());
    key.end()?;
    Ok(Material::Rsa { n, e, private: None })
}

/// ECPrivateKey that names its curve.
pub(crate) fn sec1(bytes: &[u8]) -> Result<Material> {
    sec1_on(bytes, None, None)
}

/// SubjectPublicKeyInfo.
pub(crate) fn spki(bytes: &[u8]) -> Result<Material> {
    public(open(bytes)?)
}

/// The public key of a certificate. Nothing of the certificate is checked.
pub(crate) fn certificate(bytes: &[u8]) -> Result<Material> {
    let mut tbs = open(bytes)?.sequence()?;
    tbs.optional(0xa0)?;
    tbs.expect(INTEGER)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        tbs.sequence()?;
    }
    public(tbs.sequence()?)
}

enum Algorithm {
    Rsa,
    Ec(Curve),
    Okp(Curve),
}

impl Algorithm {
    fn read(mut identifier: Reader<'_>) -> Result<Self> {
        let unknown = || unsupported("a key is RSA, EC, Ed25519, Ed448, X25519 or X448", "RFC 8410 section 3");
        let id = identifier.expect(OBJECT_IDENTIFIER)?;
        let algorithm = match id {
            oid::RSA => {
                identifier.optional(NULL)?;
                Self::Rsa
            }
            oid::EC => Self::Ec(named_curve(&mut identifier)?),
            id => {
                let curve = curve_of(id).filter(|curve| !curve.is_weierstrass());
                Self::Okp(curve.ok_or_else(unknown)?)
            }
        };
        identifier.end()?;
        Ok(algorithm)
    }
}

fn named_curve(parameters: &mut Reader<'_>) -> Result<Curve> {
    let unknown =
        || unsupported("an EC key names its curve: P-256, P-384, P-521 or secp256k1", "RFC 5480 section 2.1.1");
    if parameters.peek() != Some(OBJECT_IDENTIFIER) {
        return Err(unknown());
    }
    curve_of(parameters.expect(OBJECT_IDENTIFIER)?).filter(|curve| curve.is_weierstrass()).ok_or_else(unknown)
}

fn curve_of(id: &[u8]) -> Option<Curve> {
    CURVES.into_iter().find(|(_, known)| *known == id).map(|(curve, _)| curve)
}

fn public(mut info: Reader<'_>) -> Result<Material> {
    let algorithm = Algorithm::read(info.sequence()?)?;
    let key = info.bits()?;
    info.end()?;
    match algorithm {
        Algorithm::Rsa => pkcs1_public(key),
        Algorithm::Ec(curve) => {
            let (x, y) = coordinates(curve, key)?;
            if !is_point(curve, key) {
                return Err(bad_key("a public key is a point of its curve", "RFC 5480 section 2.2", curve));
            }
            Ok(Material::Ec { curve, x, y, d: None })
        }
        Algorithm::Okp(curve) if key.len() == curve.len() => Ok(Material::Okp { curve, x: key.to_vec(), d: None }),
        Algorithm::Okp(curve) => Err(bad_key("a public key has the length of its curve", "RFC 8410 section 4", curve)),
    }
}

/// The curve stands in the key, around it, or in both and is the same.
fn sec1_on(bytes: &[u8], around: Option<Curve>, outside: Option<&[u8]>) -> Result<Material> {
    let mut key = open(bytes)?;
    if key.small()? != 1 {
        return Err(unsupported("an EC private key has version 1", "RFC 5915 section 3"));
    }
    let d = key.expect(OCTET_STRING)?;
    let inside = match key.explicit(0xa0)? {
        Some(mut parameters) => {
            let curve = named_curve(&mut parameters)?;
            parameters.end()?;
            Some(curve)
        }
        None => None,
    };
    let stated = match key.explicit(0xa1)? {
        Some(mut public) => {
            let bits = public.bits()?;
            public.end()?;
            Some(bits)
        }
        None => None,
    };
    key.end()?;
    let curve = match (around, inside) {
        (Some(around), Some(inside)) if around != inside => {
            return Err(malformed("a key is on one curve", "RFC 5915 section 3").expected(around.name()).got(inside));
        }
        (Some(curve), _) | (None, Some(curve)) => curve,
        (None, None) => return Err(unsupported("an EC key names its curve", "RFC 5915 section 3")),
    };
    // Older writers leave leading zeros out.
    let Some(zeros) = curve.len().checked_sub(d.len()) else {
        return Err(bad_key("a private key has the length of its curve", "RFC 5915 section 3", curve));
    };
    let mut padded = Zeroizing::new(vec![0; zeros]);
    padded.reserve_exact(d.len());
    padded.extend_from_slice(d);
    let point = ec_public(curve, &padded)?;
    let (x, y) = coordinates(curve, &point)?;
    if [stated, outside].into_iter().flatten().any(|stated| is_uncompressed(stated) && stated != point.as_slice()) {
        return Err(bad_key("the public part of a key is that of its private part", "RFC 5915 section 3", curve));
    }
    Ok(Material::Ec { curve, x, y, d: Some(padded) })
}

fn okp_private(curve: Curve, d: &[u8], stated: Option<&[u8]>) -> Result<Material> {
    if d.len() != curve.len() {
        return Err(bad_key("a private key has the length of its curve", "RFC 8410 section 7", curve));
    }
    let d = Zeroizing::new(d.to_vec());
    let x = match (okp_public(curve, &d), stated) {
        (Ok(computed), Some(stated)) if computed != stated => {
            return Err(bad_key("the public part of a key is that of its private part", "RFC 8410 section 7", curve));
        }
        (Ok(computed), _) => computed,
        // Without the feature nothing can be computed, and what the key says of itself has to do.
        (Err(error), Some(stated)) if error.kind() == ErrorKind::Unsupported && stated.len() == curve.len() => {
            stated.to_vec()
        }
        (Err(error), _) => return Err(error),
    };
    Ok(Material::Okp { curve, x, d: Some(d) })
}

/// The uncompressed public point of a private number.
fn ec_public(curve: Curve, d: &SecretBytes) -> Result<Vec<u8>> {
    let algorithm = match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        _ => &signature::ECDSA_P256K1_SHA256_FIXED_SIGNING,
    };
    let pair = EcdsaKeyPair::from_private_key_der(algorithm, &write::sec1(d, None))
        .map_err(|_| bad_key("a private key is in the range of its curve", "RFC 5915 section 3", curve))?;
    Ok(pair.public_key().as_ref().to_vec())
}

fn okp_public(curve: Curve, d: &[u8]) -> Result<Vec<u8>> {
    let unfit = || bad_key("a private key is one of its curve", "RFC 8410 section 7", curve);
    match curve {
        Curve::Ed25519 => {
            let pair = Ed25519KeyPair::from_seed_unchecked(d).map_err(|_| unfit())?;
            Ok(pair.public_key().as_ref().to_vec())
        }
        Curve::X25519 => {
            let key = agreement::PrivateKey::from_private_key(&agreement::X25519, d).map_err(|_| unfit())?;
            Ok(key.compute_public_key().map_err(|_| unfit())?.as_ref().to_vec())
        }
        Curve::Ed448 => ed448_public(d),
        _ => crate::jwe::x448::public(d),
    }
}

#[cfg(feature = "ed448")]
fn ed448_public(d: &[u8]) -> Result<Vec<u8>> {
    let key = ed448_goldilocks::SigningKey::try_from(d)
        .map_err(|_| bad_key("a private key is one of its curve", "RFC 8410 section 7", Curve::Ed448))?;
    Ok(key.verifying_key().to_bytes().to_vec())
}

#[cfg(not(feature = "ed448"))]
fn ed448_public(_d: &[u8]) -> Result<Vec<u8>> {
    Err(unsupported("Ed448 is built in with the feature ed448", "RFC 8410 section 7"))
}

/// Both coordinates of an uncompressed point.
fn coordinates(curve: Curve, point: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    if !is_uncompressed(point) {
        return Err(unsupported("a public key is an uncompressed point", "RFC 5480 section 2.2"));
    }
    match point.get(1..).and_then(|point| point.split_at_checked(curve.len())) {
        Some((x, y)) if y.len() == curve.len() => Ok((x.to_vec(), y.to_vec())),
        _ => Err(bad_key("a public key has the length of its curve", "RFC 5480 section 2.2", curve)),
    }
}

fn is_uncompressed(point: &[u8]) -> bool {
    point.first() == Some(&4)
}

fn is_point(curve: Curve, point: &[u8]) -> bool {
    let algorithm = match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        _ => &signature::ECDSA_P256K1_SHA256_FIXED,
    };
    signature::ParsedPublicKey::new(algorithm, point).is_ok()
}

fn open(bytes: &[u8]) -> Result<Reader<'_>> {
    if bytes.len() > MOST_BYTES {
        let error = Error::new(ErrorKind::TooLarge, "a key is of a reasonable size", "X.690 section 10.1");
        return Err(error.expected("at most 64 KiB").got(bytes.len()));
    }
    Reader::document(bytes)
}

fn positive<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    match reader.integer()? {
        [] => Err(malformed("the numbers of an RSA key are positive", "RFC 8017 appendix A.1")),
        number => Ok(number),
    }
}

fn bad_key(rule: &'static str, spec: &'static str, curve: Curve) -> Error {
    Error::new(ErrorKind::Key, rule, spec).got(curve)
}
