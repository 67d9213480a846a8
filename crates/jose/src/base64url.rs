//! base64url without padding, as JOSE and PKCE use it: [RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Why a text is not base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError;

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not base64url without padding")
    }
}

impl std::error::Error for DecodeError {}

/// Encodes bytes; never pads.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes bytes at the end of a text.
pub fn append(bytes: impl AsRef<[u8]>, text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Encodes bytes into a buffer and returns how many characters that were.
///
/// # Errors
/// [`DecodeError`] when the buffer is too small.
pub(crate) fn encode_into(bytes: &[u8], buffer: &mut [u8]) -> Result<usize, DecodeError> {
    URL_SAFE_NO_PAD.encode_slice(bytes, buffer).map_err(|_| DecodeError)
}

/// Encodes bytes in standard base64 with padding, as HTTP Basic wants them (RFC 7617 section 2).
pub fn encode_standard(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Decodes a text; padding, white space, other alphabets and leftover bits are refused.
///
/// # Errors
/// [`DecodeError`] when the text is anything but the one encoding of some bytes.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, DecodeError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| DecodeError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7515_appendix_c_example_round_trips() {
        assert_eq!(encode([3, 236, 255, 224, 193]), "A-z_4ME");
        assert_eq!(decode("A-z_4ME").unwrap(), [3, 236, 255, 224, 193]);
    }

    #[test]
    fn padding_white_space_and_leftover_bits_are_refused() {
        for text in ["QQ==", "QQ=", "Q Q", "QQ\n", "QR", "A+z/4ME", "Q"] {
            assert_eq!(decode(text), Err(DecodeError), "{text:?}");
        }
    }
}
