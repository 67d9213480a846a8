//! From what a key is made of to DER.

use super::reader::{BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::{CURVES, oid};
use crate::Curve;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Material, RsaPrivate, SecretBytes};
use zeroize::Zeroizing;

/// PrivateKeyInfo.
///
/// # Errors
/// For a public or symmetric key.
pub(crate) fn pkcs8(material: &Material) -> Result<SecretBytes> {
    let (identifier, key) = match material {
        Material::Rsa { n, e, private: Some(private) } => return Ok(rsa_pkcs8(n, e, private)),
        Material::Ec { curve, x, y, d: Some(d) } => (ec_identifier(*curve), sec1(d, Some(&[&[4], &x[..], y].concat()))),
        Material::Okp { curve, d: Some(d), .. } => (okp_identifier(*curve), tlv(OCTET_STRING, &[d])),
        _ => return Err(Error::new(ErrorKind::Key, "a private key is written as PKCS#8", "RFC 5958 section 2")),
    };
    Ok(private_key_info(&identifier, &key))
}

/// SubjectPublicKeyInfo; of a private key its public part.
///
/// # Errors
/// For a symmetric key.
pub(crate) fn spki(material: &Material) -> Result<Vec<u8>> {
    match material {
        Material::Rsa { n, e, .. } => Ok(rsa_spki(n, e)),
        Material::Ec { curve, x, y, .. } => Ok(public_key_info(&ec_identifier(*curve), &[&[0, 4], x, y])),
        Material::Okp { curve, x, .. } => Ok(public_key_info(&okp_identifier(*curve), &[&[0], x])),
        Material::Oct(_) => {
            Err(Error::new(ErrorKind::Key, "a public key is written as SPKI", "RFC 5280 section 4.1.2.7"))
        }
    }
}

/// PrivateKeyInfo of an RSA key.
pub(crate) fn rsa_pkcs8(n: &[u8], e: &[u8], private: &RsaPrivate) -> SecretBytes {
    let RsaPrivate { d, p, q, dp, dq, qi } = private;
    let [n, e] = [n, e].map(integer);
    let [d, p, q, dp, dq, qi] = [d, p, q, dp, dq, qi].map(|number| integer(number));
    let key = tlv(SEQUENCE, &[&integer(&[]), &n, &e, &d, &p, &q, &dp, &dq, &qi]);
    private_key_info(&rsa_identifier(), &key)
}

/// SubjectPublicKeyInfo of an RSA key.
pub(crate) fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    public_key_info(&rsa_identifier(), &[&[0], &tlv(SEQUENCE, &[&integer(n), &integer(e)])])
}

/// ECPrivateKey, without the curve, which stands around it.
pub(super) fn sec1(d: &[u8], point: Option<&[u8]>) -> SecretBytes {
    let public = match point {
        Some(point) => tlv(0xa1, &[&tlv(BIT_STRING, &[&[0], point])]),
        None => SecretBytes::default(),
    };
    tlv(SEQUENCE, &[&integer(&[1]), &tlv(OCTET_STRING, &[d]), &public])
}

/// An element of these parts, in a buffer of exactly its size, so that no copy of a secret stays behind.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> SecretBytes {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let bytes = len.to_be_bytes();
    let significant = bytes.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
    let mut out = Zeroizing::new(Vec::with_capacity(len + significant.len() + 2));
    out.push(tag);
    if len < 0x80 {
        out.extend(u8::try_from(len));
    } else {
        out.extend(u8::try_from(significant.len()).map(|count| 0x80 | count));
        out.extend_from_slice(&significant);
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A number that is not negative.
pub(super) fn integer(number: &[u8]) -> SecretBytes {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    // A leading bit would be a sign.
    let sign: &[u8] = if number.first().is_none_or(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    tlv(INTEGER, &[sign, number])
}

fn rsa_identifier() -> SecretBytes {
    tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::RSA]), &tlv(NULL, &[])])
}

fn ec_identifier(curve: Curve) -> SecretBytes {
    tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::EC]), &tlv(OBJECT_IDENTIFIER, &[curve_id(curve)])])
}

fn okp_identifier(curve: Curve) -> SecretBytes {
    tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[curve_id(curve)])])
}

fn curve_id(curve: Curve) -> &'static [u8] {
    CURVES.into_iter().find(|(known, _)| *known == curve).map_or(&[], |(_, id)| id)
}

fn private_key_info(identifier: &[u8], key: &[u8]) -> SecretBytes {
    tlv(SEQUENCE, &[&integer(&[]), identifier, &tlv(OCTET_STRING, &[key])])
}

fn public_key_info(identifier: &[u8], bits: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, &[identifier, &tlv(BIT_STRING, bits)]).to_vec()
}
