//! DEFLATE of the plaintext: [RFC 7516 section 4.1.3](https://www.rfc-editor.org/rfc/rfc7516#section-4.1.3), RFC 1951.

use crate::error::{Error, ErrorKind, Result, Verified};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use zeroize::Zeroizing;

const LEVEL: u8 = 6;

pub(super) fn deflate(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(miniz_oxide::deflate::compress_to_vec(plaintext, LEVEL))
}

/// Inflates to at most `most` bytes; stops at the bound, so a bomb costs no more than that.
pub(super) fn inflate(compressed: &[u8], most: usize) -> Result<Zeroizing<Vec<u8>>> {
    match decompress_to_vec_with_limit(compressed, most) {
        Ok(plaintext) => Ok(Zeroizing::new(plaintext)),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => Err(too_large(most)),
        Err(_) => {
            let rule = "a compressed plaintext is DEFLATE";
            Err(Error::new(ErrorKind::Malformed, rule, "RFC 7516 section 4.1.3").after(Verified::Decrypted))
        }
    }
}

/// The plaintext is larger than the caller allows.
pub(super) fn too_large(most: usize) -> Error {
    Error::new(ErrorKind::TooLarge, "the plaintext is within the caller's bound", "RFC 8725 section 3.6")
        .expected(format!("at most {most} bytes"))
        .after(Verified::Decrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflating_stops_at_the_bound() {
        let bomb = deflate(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert_eq!(inflate(&bomb, 1000).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(inflate(&deflate(&[7; 1000]), 1000).unwrap().as_slice(), [7; 1000]);
        assert_eq!(inflate(&deflate(&[7; 1001]), 1000).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(inflate(b"\xff\xff", 1000).unwrap_err().kind(), ErrorKind::Malformed);
    }
}
