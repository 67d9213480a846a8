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
    if are_plain(text) {
        return encoded.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match is_plain(byte) {
            true => encoded.push(byte),
            false => encoded.extend_from_slice(&[b'%', hex(byte)[0], hex(byte)[1]]),
        }
    }
}

/// As it stands in a base string, where what was encoded once is encoded again.
pub(super) fn encode_twice_into(text: &str, encoded: &mut Vec<u8>) {
    if are_plain(text) {
        return encoded.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match is_plain(byte) {
            true => encoded.push(byte),
            false => encoded.extend_from_slice(&twice(byte)),
        }
    }
}

/// A byte that is encoded, and its percent sign encoded again.
pub(super) fn twice(byte: u8) -> [u8; 5] {
    let [high, low] = hex(byte);
    [b'%', b'2', b'5', high, low]
}

/// The byte that a percent sign and the two digits after it stand for, and what comes after them.
pub(super) fn encoded_byte(byte: u8, after: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
    if byte != b'%' {
        return None;
    }
    let value = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    Some((value, after.get(2..)?))
}

pub(super) fn is_plain(byte: u8) -> bool {
    ENCODED[usize::from(byte)] == 0
}

/// Whether all of it stays as it is. Without leaving early, which is quicker for what nearly always does.
fn are_plain(text: &str) -> bool {
    text.bytes().fold(0, |encoded, byte| encoded | ENCODED[usize::from(byte)]) == 0
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

/// The digits of a byte.
pub(super) fn hex(byte: u8) -> [u8; 2] {
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
