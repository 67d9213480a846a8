//! A self-signed certificate, [RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1): the `x5c` of an
//! attacker ([RFC 7515 section 4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6)).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::SigningKey;

/// Tags of DER (ITU-T X.690).
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0C;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// sha256WithRSAEncryption, ecdsa-with-SHA256, ecdsa-with-SHA384 and Ed25519 as AlgorithmIdentifier.
const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11, 5, 0];
const P256: &[u8] = &[0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
const P384: &[u8] = &[0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3];
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2B, 0x65, 0x70];

/// The certificate of a key in base64, as `x5c` wants it. Good from 2020 to 2049.
pub(crate) fn self_signed(key: &SigningKey) -> String {
    // The key itself may sign as PS256, which has an AlgorithmIdentifier of half a page; its certificate need not.
    let (identifier, signer) = match key.alg() {
        "ES256" => (P256, key.clone()),
        "ES384" => (P384, key.clone()),
        "EdDSA" => (ED25519, key.clone()),
        _ => (RSA, key.as_rs256()),
    };
    // commonName, 2.5.4.3.
    let name = [&[6, 3, 0x55, 4, 3][..], &value(UTF8_STRING, b"attacker.example")].concat();
    let name = value(SEQUENCE, &value(SET, &value(SEQUENCE, &name)));
    let validity = [value(UTC_TIME, b"200101000000Z"), value(UTC_TIME, b"490101000000Z")].concat();
    let body = [value(INTEGER, &[1]), identifier.to_vec(), name.clone(), value(SEQUENCE, &validity), name];
    let body = value(SEQUENCE, &[body.concat(), key.spki().to_vec()].concat());
    let signature = URL_SAFE_NO_PAD.decode(signer.signature(&body)).unwrap_or_default();
    let signature = if signer.alg().starts_with("ES") { as_der(&signature) } else { signature };
    let signature = value(BIT_STRING, &[&[0], signature.as_slice()].concat());
    STANDARD.encode(value(SEQUENCE, &[body, identifier.to_vec(), signature].concat()))
}

/// An ECDSA signature as a SEQUENCE of two numbers; JOSE has them side by side.
fn as_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    value(SEQUENCE, &[number(r), number(s)].concat())
}

fn number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    // A first bit that is set would make it negative.
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    value(INTEGER, &[sign, digits].concat())
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=0x7F => bytes.push(length as u8),
        0x80..=0xFF => bytes.extend([0x81, length as u8]),
        _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_negative_and_never_padded() {
        assert_eq!(number(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(number(&[0, 1]), [2, 1, 1]);
        assert_eq!(number(&[0]), [2, 1, 0]);
    }

    #[test]
    fn a_long_value_says_its_length_in_two_bytes() {
        assert_eq!(value(SEQUENCE, &[7; 300])[..5], [SEQUENCE, 0x82, 1, 44, 7]);
        assert_eq!(value(SEQUENCE, &[7; 200])[..4], [SEQUENCE, 0x81, 200, 7]);
    }
}
