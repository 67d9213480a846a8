//! Encrypting the content: [RFC 7518 section 5](https://www.rfc-editor.org/rfc/rfc7518#section-5).

use crate::ContentEncryption;
use crate::error::{Error, ErrorKind, Result};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{aead, hmac, rand};
use zeroize::Zeroizing;

/// Ciphertext and tag.
pub(super) struct Sealed {
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// Bytes of initialization vector (RFC 7518 sections 5.2.2.1 and 5.3).
pub(super) fn iv_len(encryption: ContentEncryption) -> usize {
    if mac(encryption).is_some() { 16 } else { 12 }
}

/// Bytes of tag: half of the HMAC, or all of the GCM one.
pub(super) fn tag_len(encryption: ContentEncryption) -> usize {
    if mac(encryption).is_some() { encryption.key_len() / 2 } else { 16 }
}

/// Random bytes: a content key, an initialization vector, a salt.
pub(super) fn random(len: usize) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::External, "the system gives random bytes", "RFC 7516 section 11.1"))?;
    Ok(bytes)
}

/// Encrypts with a fresh initialization vector: that, and what comes out.
pub(super) fn seal(
    encryption: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, Sealed)> {
    let iv = random(iv_len(encryption))?.to_vec();
    let failed = || Error::new(ErrorKind::Key, "the content key fits the enc", "RFC 7518 section 5.1");
    let sealed = seal_with(encryption, key, &iv, aad, plaintext).ok_or_else(failed)?;
    Ok((iv, sealed))
}

pub(super) fn seal_with(
    encryption: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Option<Sealed> {
    if key.len() != encryption.key_len() {
        return None;
    }
    // With room for the padding: a buffer that grows leaves a copy of the plaintext behind.
    let mut in_out = Vec::with_capacity(plaintext.len() + 16);
    in_out.extend_from_slice(plaintext);
    if let Some(algorithm) = mac(encryption) {
        let (mac_key, encryption_key) = key.split_at(key.len() / 2);
        let context = EncryptionContext::Iv128(FixedLength::from(<&[u8; 16]>::try_from(iv).ok()?));
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(aes(encryption_key)?).ok()?;
        cipher.less_safe_encrypt(&mut in_out, context).ok()?;
        let tag = cbc_tag(algorithm, mac_key, aad, iv, &in_out)?;
        return Some(Sealed { ciphertext: in_out, tag });
    }
    let nonce = aead::Nonce::try_assume_unique_for_key(iv).ok()?;
    let tag = gcm(key)?.seal_in_place_separate_tag(nonce, aead::Aad::from(aad), &mut in_out).ok()?;
    Some(Sealed { ciphertext: in_out, tag: tag.as_ref().to_vec() })
}

/// Decrypts; `None` whatever is wrong.
pub(super) fn open(
    encryption: ContentEncryption,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if key.len() != encryption.key_len() || iv.len() != iv_len(encryption) || tag.len() != tag_len(encryption) {
        return None;
    }
    if let Some(algorithm) = mac(encryption) {
        let (mac_key, encryption_key) = key.split_at(key.len() / 2);
        // The tag is judged before a byte is decrypted, so that padding tells nothing (RFC 7518 section 5.2.2.2).
        if !crate::constant_time_eq(&cbc_tag(algorithm, mac_key, aad, iv, ciphertext)?, tag) {
            return None;
        }
        let context = DecryptionContext::Iv128(FixedLength::from(<&[u8; 16]>::try_from(iv).ok()?));
        let mut in_out = Zeroizing::new(ciphertext.to_vec());
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(aes(encryption_key)?).ok()?;
        let len = cipher.decrypt(&mut in_out, context).ok()?.len();
        in_out.truncate(len);
        return Some(in_out);
    }
    let nonce = aead::Nonce::try_assume_unique_for_key(iv).ok()?;
    let mut in_out = Zeroizing::new(Vec::with_capacity(ciphertext.len() + tag.len()));
    in_out.extend_from_slice(ciphertext);
    in_out.extend_from_slice(tag);
    let len = gcm(key)?.open_in_place(nonce, aead::Aad::from(aad), &mut in_out).ok()?.len();
    in_out.truncate(len);
    Some(in_out)
}

/// An AES key by its length.
pub(super) fn aes(key: &[u8]) -> Option<UnboundCipherKey> {
    let algorithm = match key.len() {
        16 => &cipher::AES_128,
        24 => &cipher::AES_192,
        32 => &cipher::AES_256,
        _ => return None,
    };
    UnboundCipherKey::new(algorithm, key).ok()
}

/// An AES-GCM key by its length.
pub(super) fn gcm(key: &[u8]) -> Option<aead::LessSafeKey> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    aead::UnboundKey::new(algorithm, key).ok().map(aead::LessSafeKey::new)
}

fn mac(encryption: ContentEncryption) -> Option<hmac::Algorithm> {
    match encryption {
        ContentEncryption::A128CbcHs256 => Some(hmac::HMAC_SHA256),
        ContentEncryption::A192CbcHs384 => Some(hmac::HMAC_SHA384),
        ContentEncryption::A256CbcHs512 => Some(hmac::HMAC_SHA512),
        ContentEncryption::A128Gcm | ContentEncryption::A192Gcm | ContentEncryption::A256Gcm => None,
    }
}

/// The first half of the HMAC over the data, the vector, the ciphertext and the bits of the data (RFC 7518 section 5.2.2.1).
fn cbc_tag(algorithm: hmac::Algorithm, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    context.update(aad);
    context.update(iv);
    context.update(ciphertext);
    context.update(&u64::try_from(aad.len()).ok()?.checked_mul(8)?.to_be_bytes());
    Some(context.sign().as_ref().get(..key.len())?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encryption_opens_what_it_seals_and_nothing_else() {
        for encryption in ContentEncryption::ALL {
            let key = random(encryption.key_len()).unwrap();
            for plaintext in [&b""[..], b"sixteen bytes ok", b"x"] {
                let (iv, sealed) = seal(*encryption, &key, b"aad", plaintext).unwrap();
                let Sealed { ciphertext, tag } = sealed;
                let open = |aad: &[u8], tag: &[u8]| open(*encryption, &key, &iv, aad, &ciphertext, tag);
                assert_eq!(open(b"aad", &tag).unwrap().as_slice(), plaintext, "{encryption}");
                assert!(open(b"aae", &tag).is_none(), "{encryption}");
                assert!(open(b"aad", tag.get(1..).unwrap()).is_none(), "{encryption}: a tag has its full length");
                assert!(open(b"aad", &[&tag[..], b"x"].concat()).is_none(), "{encryption}: and no more");
            }
        }
    }

    #[test]
    fn rfc7518_appendix_b_gives_the_published_ciphertexts_and_tags() {
        let vectors = include_str!("../../tests/vectors/jose_rfc.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let cases = vectors["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == "aes_cbc_hmac");
        let mut names = Vec::new();
        for case in cases {
            let bytes = |value: &serde_json::Value| {
                let text = value.as_str().unwrap();
                (0..text.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
                    .collect::<Vec<_>>()
            };
            let [key, plaintext, iv, aad] = ["K", "P", "IV", "A"].map(|name| bytes(&case["input"][name]));
            let encryption = ContentEncryption::from_name(case["input"]["enc"].as_str().unwrap()).unwrap();
            let sealed = seal_with(encryption, &key, &iv, &aad, &plaintext).unwrap();
            assert_eq!(sealed.ciphertext, bytes(&case["expected"]["ciphertext_hex"]), "{encryption}");
            assert_eq!(sealed.tag, bytes(&case["expected"]["tag_hex"]), "{encryption}");
            let opened = open(encryption, &key, &iv, &aad, &sealed.ciphertext, &sealed.tag).unwrap();
            assert_eq!(*opened, plaintext, "{encryption}");
            names.push(case["name"].as_str().unwrap());
        }
        assert_eq!(names, ["rfc7518-B.1", "rfc7518-B.2", "rfc7518-B.3"]);
    }
}
