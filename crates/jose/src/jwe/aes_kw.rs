//! AES key wrap: [RFC 7518 section 4.4](https://www.rfc-editor.org/rfc/rfc7518#section-4.4), RFC 3394.

use super::content;
use crate::jwk::SecretBytes;
use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext, EncryptingKey};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use zeroize::Zeroizing;

/// RFC 3394 section 2.2.3.1.
const INITIAL: [u8; 8] = [0xa6; 8];
const STEPS: u64 = 6;

/// Wraps with a key of 16, 24 or 32 bytes.
pub(super) fn wrap(key: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    if key.len() == 24 {
        return wrap_192(key, plain);
    }
    let mut out = vec![0; plain.len().checked_add(8)?];
    let len = kek(key)?.wrap(plain, &mut out).ok()?.len();
    out.truncate(len);
    Some(out)
}

/// Unwraps; `None` when it is not what the key wrapped.
pub(super) fn unwrap(key: &[u8], wrapped: &[u8]) -> Option<SecretBytes> {
    if key.len() == 24 {
        return unwrap_192(key, wrapped);
    }
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let len = kek(key)?.unwrap(wrapped, &mut out).ok()?.len();
    out.truncate(len);
    Some(out)
}

fn kek(key: &[u8]) -> Option<AesKek> {
    let cipher = if key.len() == 16 { &AES_128 } else { &AES_256 };
    AesKek::new(cipher, key).ok()
}

/// RFC 3394 section 2.2.1, for the length that the library does not have.
fn wrap_192(key: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < 16 || !plain.len().is_multiple_of(8) {
        return None;
    }
    let cipher = EncryptingKey::ecb(content::aes(key)?).ok()?;
    let mut blocks = plain.to_vec();
    let mut block = Zeroizing::new([0; 16]);
    block[..8].copy_from_slice(&INITIAL);
    let mut count = 0_u64;
    for _ in 0..STEPS {
        for part in blocks.chunks_exact_mut(8) {
            block[8..].copy_from_slice(part);
            cipher.encrypt(&mut block[..]).ok()?;
            part.copy_from_slice(&block[8..]);
            count += 1;
            xor(&mut block[..8], count);
        }
    }
    Some([&block[..8], &blocks].concat())
}

/// RFC 3394 section 2.2.2.
fn unwrap_192(key: &[u8], wrapped: &[u8]) -> Option<SecretBytes> {
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
        return None;
    }
    let cipher = DecryptingKey::ecb(content::aes(key)?).ok()?;
    let (initial, rest) = wrapped.split_at(8);
    let mut blocks = Zeroizing::new(rest.to_vec());
    let mut block = Zeroizing::new([0; 16]);
    block[..8].copy_from_slice(initial);
    let mut count = STEPS * u64::try_from(blocks.len() / 8).ok()?;
    for _ in 0..STEPS {
        for part in blocks.rchunks_exact_mut(8) {
            xor(&mut block[..8], count);
            count -= 1;
            block[8..].copy_from_slice(part);
            cipher.decrypt(&mut block[..], DecryptionContext::None).ok()?;
            part.copy_from_slice(&block[8..]);
        }
    }
    crate::constant_time_eq(&block[..8], &INITIAL).then_some(blocks)
}

fn xor(bytes: &mut [u8], count: u64) {
    bytes.iter_mut().zip(count.to_be_bytes()).for_each(|(byte, count)| *byte ^= count);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn rfc3394_section_4_examples() {
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let plain = "00112233445566778899aabbccddeeff0001020304050607";
        for (bits, bytes, wrapped) in [
            (128, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (192, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (192, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
            (256, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (256, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
        ] {
            let (key, plain) = (hex(&key[..bits / 4]), hex(&plain[..bytes * 2]));
            assert_eq!(wrap(&key, &plain).unwrap(), hex(wrapped), "{bits} {bytes}");
            assert_eq!(*unwrap(&key, &hex(wrapped)).unwrap(), plain, "{bits} {bytes}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_refused() {
        for len in [16, 24, 32] {
            let key = vec![7; len];
            let wrapped = wrap(&key, &[9; 32]).unwrap();
            for bit in 0..wrapped.len() * 8 {
                let mut other = wrapped.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(unwrap(&key, &other).is_none(), "{len} {bit}");
            }
            for short in 0..wrapped.len() {
                assert!(unwrap(&key, &wrapped[..short]).is_none(), "{len} {short}");
            }
            assert!(wrap(&key, &[9; 8]).is_none() && wrap(&key, &[9; 17]).is_none());
        }
    }
}
