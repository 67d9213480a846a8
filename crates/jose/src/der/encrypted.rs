//! Private keys under a password: EncryptedPrivateKeyInfo ([RFC 5958 section 3](https://www.rfc-editor.org/rfc/rfc5958#section-3)),
//! PBES2 with PBKDF2 and AES-CBC (RFC 8018).

use super::reader::{INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use super::write::{integer, tlv};
use super::{malformed, oid, unsupported};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::SecretBytes;
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{pbkdf2, rand};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// What we stretch a password with.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// What a file may ask for: a few seconds.
const MOST_ITERATIONS: u32 = 5_000_000;

struct Scheme {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    prf: pbkdf2::Algorithm,
    cipher: &'static Algorithm,
    key_len: usize,
    iv: [u8; 16],
}

/// The PKCS#8 document inside.
pub(crate) fn decrypt(bytes: &[u8], password: &[u8]) -> Result<SecretBytes> {
    let mut info = Reader::document(bytes)?;
    let scheme = Scheme::read(info.sequence()?)?;
    let mut plain = Zeroizing::new(info.expect(OCTET_STRING)?.to_vec());
    info.end()?;
    let open = || {
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(scheme.key(password)?).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(&scheme.iv));
        let len = key.decrypt(&mut plain, context).ok()?.len();
        plain.truncate(len);
        // A wrong password that leaves proper padding leaves no PKCS#8 key.
        super::shape(&plain).is_ok_and(|shape| shape == super::Shape::Pkcs8).then_some(plain)
    };
    open().ok_or_else(|| Error::new(ErrorKind::Decryption, "the password opens the key", "RFC 8018 section 6.2"))
}

/// Encrypts a PKCS#8 document: PBKDF2 with HMAC SHA-256 and 600,000 iterations, AES-256-CBC.
pub(crate) fn encrypt(pkcs8: &[u8], password: &[u8]) -> Result<Vec<u8>> {
    if password.is_empty() {
        return Err(Error::new(ErrorKind::Key, "a password is not empty", "RFC 8018 section 4.1"));
    }
    let failed = || Error::new(ErrorKind::External, "the system gives random bytes", "RFC 8018 section 4.1");
    let (mut salt, mut iv) = (vec![0; 16], [0; 16]);
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut iv)).map_err(|_| failed())?;
    let prf = pbkdf2::PBKDF2_HMAC_SHA256;
    let scheme = Scheme { salt, iterations: ITERATIONS, prf, cipher: &AES_256, key_len: 32, iv };
    let mut out = Vec::with_capacity(pkcs8.len() + 16);
    out.extend_from_slice(pkcs8);
    let mut seal = || {
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(scheme.key(password)?).ok()?;
        key.less_safe_encrypt(&mut out, EncryptionContext::Iv128(FixedLength::from(&scheme.iv))).ok()
    };
    seal().ok_or_else(failed)?;
    let prf = tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::HMAC_SHA256]), &tlv(NULL, &[])]);
    let parameters =
        tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[&scheme.salt]), &integer(&ITERATIONS.get().to_be_bytes()), &prf]);
    let derivation = tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::PBKDF2]), &parameters]);
    let cipher = tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::AES_256_CBC]), &tlv(OCTET_STRING, &[&scheme.iv])]);
    let parameters = tlv(SEQUENCE, &[&derivation, &cipher]);
    let identifier = tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid::PBES2]), &parameters]);
    Ok(tlv(SEQUENCE, &[&identifier, &tlv(OCTET_STRING, &[&out])]).to_vec())
}

impl Scheme {
    fn read(mut identifier: Reader<'_>) -> Result<Self> {
        if identifier.expect(OBJECT_IDENTIFIER)? != oid::PBES2 {
            let error = unsupported("a private key is encrypted by PBES2", "RFC 8018 section 6.2");
            return Err(error.expected("`openssl pkcs8 -topk8 -v2 aes-256-cbc` writes one"));
        }
        let mut parameters = identifier.sequence()?;
        identifier.end()?;
        let (mut derivation, mut cipher) = (parameters.sequence()?, parameters.sequence()?);
        parameters.end()?;

        match derivation.expect(OBJECT_IDENTIFIER)? {
            oid::PBKDF2 => {}
            oid::SCRYPT => return Err(only_pbkdf2().got("scrypt")),
            _ => return Err(only_pbkdf2()),
        }
        let mut pbkdf2 = derivation.sequence()?;
        derivation.end()?;
        let salt = pbkdf2.expect(OCTET_STRING)?.to_vec();
        let iterations = pbkdf2.small()?;
        if iterations > MOST_ITERATIONS {
            let error =
                Error::new(ErrorKind::TooLarge, "a password is stretched within reason", "RFC 8018 section 4.2");
            return Err(error.expected(format!("at most {MOST_ITERATIONS} iterations")).got(iterations));
        }
        let iterations = NonZeroU32::new(iterations)
            .ok_or_else(|| malformed("the number of iterations is positive", "RFC 8018 appendix A.2"))?;
        let stated_len = if pbkdf2.peek() == Some(INTEGER) { Some(pbkdf2.small()?) } else { None };
        let prf = match pbkdf2.peek() {
            Some(_) => prf(pbkdf2.sequence()?)?,
            None => pbkdf2::PBKDF2_HMAC_SHA1,
        };
        pbkdf2.end()?;

        let (algorithm, key_len) = match cipher.expect(OBJECT_IDENTIFIER)? {
            oid::AES_128_CBC => (&AES_128, 16),
            oid::AES_192_CBC => (&AES_192, 24),
            oid::AES_256_CBC => (&AES_256, 32),
            oid::DES_EDE3_CBC => return Err(only_aes().got("triple DES")),
            _ => return Err(only_aes()),
        };
        let iv = cipher.expect(OCTET_STRING)?;
        let iv =
            iv.try_into().map_err(|_| malformed("an initialization vector has 16 bytes", "RFC 8018 appendix B.2.5"))?;
        cipher.end()?;
        if stated_len.is_some_and(|stated| usize::try_from(stated) != Ok(key_len)) {
            return Err(malformed("the key has the length of the cipher", "RFC 8018 appendix A.2"));
        }
        Ok(Self { salt, iterations, prf, cipher: algorithm, key_len, iv })
    }

    fn key(&self, password: &[u8]) -> Option<UnboundCipherKey> {
        let mut key = Zeroizing::new(vec![0; self.key_len]);
        pbkdf2::derive(self.prf, self.iterations, &self.salt, password, &mut key);
        UnboundCipherKey::new(self.cipher, &key).ok()
    }
}

fn prf(mut identifier: Reader<'_>) -> Result<pbkdf2::Algorithm> {
    let prf = match identifier.expect(OBJECT_IDENTIFIER)? {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => {
            let rule = "PBKDF2 is over HMAC with SHA-1, SHA-256, SHA-384 or SHA-512";
            return Err(unsupported(rule, "RFC 8018 appendix B.1"));
        }
    };
    identifier.optional(NULL)?;
    identifier.end()?;
    Ok(prf)
}

fn only_pbkdf2() -> Error {
    unsupported("a password is stretched by PBKDF2", "RFC 8018 section 5.2")
}

fn only_aes() -> Error {
    unsupported("a private key is encrypted with AES-CBC", "RFC 8018 appendix B.2")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(from: &[u8], to: &[u8]) -> Error {
        let mut bytes = encrypt(b"anything", b"secret").unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes.splice(at..at + from.len(), to.iter().copied());
        decrypt(&bytes, b"secret").unwrap_err()
    }

    #[test]
    fn iterations_are_bounded_and_positive() {
        // 600,000, then 8,388,607 and nothing.
        let error = patched(&[0x09, 0x27, 0xc0], &[0x7f, 0xff, 0xff]);
        assert_eq!((error.kind(), error.found()), (ErrorKind::TooLarge, Some("8388607")));
        assert_eq!(patched(&[2, 3, 0x09, 0x27, 0xc0], &[2, 3, 0, 0, 0]).kind(), ErrorKind::Malformed);
    }

    #[test]
    fn what_is_not_pbes2_with_pbkdf2_over_a_known_hmac_and_aes_cbc_is_unsupported() {
        // HMAC with SHA-224, AES-256 in another mode, another derivation, PBES1.
        let end = |oid: &[u8], last| [&oid[..oid.len() - 1], &[last]].concat();
        for (oid, last) in [(oid::HMAC_SHA256, 8), (oid::AES_256_CBC, 46), (oid::PBKDF2, 14), (oid::PBES2, 10)] {
            assert_eq!(patched(oid, &end(oid, last)).kind(), ErrorKind::Unsupported, "{oid:x?}");
        }
    }

    #[test]
    fn what_a_password_opens_is_a_key() {
        let error = decrypt(&encrypt(b"no key at all", b"secret").unwrap(), b"secret").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decryption);
    }
}
