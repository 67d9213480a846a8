//! Percent encoding: [RFC 5849 section 3.6](https://www.rfc-editor.org/rfc/rfc5849#section-3.6).

/// Encodes as [RFC 5849 section 3.6](https://www.rfc-editor.org/rfc/rfc5849#section-3.6) says: everything but letters, digits and
/// `-._~`, as UTF-8, in upper case.
///
/// ```
/// assert_eq!(grantee_core::oauth1::percent_encode("a b+ä~"), "a%20b%2B%C3%A4~");
/// ```
pub fn percent_encode(text: &str) -> String {
    let mut encoded = Vec::with_capacity(text.len() + 16);
    encode_into(text, &mut encoded);
    ascii(encoded)
}

/// Undoes [`percent_encode`]; what is not encoded stays as it is, and what is no UTF-8 becomes U+FFFD.
///
/// ```
/// assert_eq!(grantee_core::oauth1::percent_decode("a%20b%2B+"), "a b++");
/// ```
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = encoded_byte(byte, after).unwrap_or((byte, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is encoded is ASCII.
pub(super) fn ascii(encoded: Vec<u8>) -> String {
    String::from_utf8(encoded).unwrap_or_default()
}

pub(super) fn encode_into(text: &str, encoded: &mut Vec<u8>) {
    encode_by(text, encoded, |byte| {
        let [high, low] = hex(byte);
        [b'%', high, low]
    });
}

/// As it stands in a base string, where what was encoded once is encoded again.
pub(super) fn encode_twice_into(text: &str, encoded: &mut Vec<u8>) {
    encode_by(text, encoded, twice);
}

fn encode_by<const N: usize>(text: &str, encoded: &mut Vec<u8>, encode: impl Fn(u8) -> [u8; N]) {
    let mut rest = text.as_bytes();
    loop {
        let plain = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(plain);
        encoded.extend_from_slice(run);
        let [byte, after @ ..] = after else { return };
        encoded.extend_from_slice(&encode(*byte));
        rest = after;
    }
}

/// A byte that is encoded, and its percent sign encoded again.
pub(super) fn twice(byte: u8) -> [u8; 5] {
    let [high, low] = hex(byte);
    [b'%', b'2', b'5', high, low]
}

/// The byte that a percent sign and the two digits after it stand for, and what comes after them.
pub(super) fn encoded_byte(byte: u8, after: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = after.split_first_chunk()?;
    let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
    (byte == b'%' && high | low < 16).then_some((high << 4 | low, after))
}

/// What each digit stands for, and 16 for what is none.
const DIGITS: [u8; 256] = {
    let mut table = [16; 256];
    let mut byte = 0;
    while byte < 256 {
        if let Some(digit) = (byte as u8 as char).to_digit(16) {
            table[byte] = digit as u8;
        }
        byte += 1;
    }
    table
};

pub(super) fn is_plain(byte: u8) -> bool {
    ENCODED[usize::from(byte)] == 0
}

/// One for each byte that is encoded.
const ENCODED: [u8; 256] = {
    let mut table = [1; 256];
    let mut byte = 0;
    while byte < 128 {
        let it = byte as u8;
        if it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_' | b'~') {
            table[byte] = 0;
        }
        byte += 1;
    }
    table
};

/// Nonces are hexadecimal, since some servers take letters and digits alone (section 3.3).
pub(crate) fn nonce(chance: [u8; 16]) -> String {
    let mut nonce = vec![0; 32];
    nonce.chunks_exact_mut(2).zip(chance).for_each(|(digits, byte)| digits.copy_from_slice(&hex(byte)));
    ascii(nonce)
}

/// The digits of a byte.
fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0x0f)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_decodes_to_itself() {
        for text in ["", "a b", "%", "%2", "100%25", "ä€😀", "a+b=c&d", "\u{0}\u{7f}"] {
            assert_eq!(percent_decode(&percent_encode(text)), text);
            let mut twice = Vec::new();
            encode_twice_into(text, &mut twice);
            assert_eq!(ascii(twice), percent_encode(&percent_encode(text)));
        }
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }
}
