//! Percent encoding, [RFC 5849 section 3.6](https://www.rfc-editor.org/rfc/rfc5849#section-3.6), and forms taken apart byte by
//! byte: what is signed need not be text.

/// A name and a value, decoded.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::with_capacity(bytes.as_ref().len() + 8);
    for byte in bytes.as_ref() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            // Upper case: a base string is compared as it is.
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// What was encoded exactly as this section says. Anything else is refused: a client that is sloppy here is right with one
/// server and wrong with the next.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let decoded = unescape(text.as_bytes());
    (encode(&decoded) == text).then_some(decoded)
}

/// A query or a form body, in order (section 3.4.1.3.1).
pub(crate) fn form(bytes: &[u8]) -> Vec<Pair> {
    let part = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        unescape(&spaced)
    };
    bytes
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (part(&pair[..at]), part(&pair[at + 1..])),
            None => (part(pair), Vec::new()),
        })
        .collect()
}

/// An escape that is none stands for itself.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        match (first, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high * 16 + low);
                rest = &after[2..];
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_unreserved_characters_are_encoded_in_upper_case() {
        for (raw, encoded) in [
            ("abcABC123", "abcABC123"),
            ("-._~", "-._~"),
            ("%", "%25"),
            ("+", "%2B"),
            ("&=*", "%26%3D%2A"),
            ("\n", "%0A"),
            (" ", "%20"),
            ("\u{7F}", "%7F"),
            ("\u{80}", "%C2%80"),
            ("\u{3001}", "%E3%80%81"),
        ] {
            assert_eq!(encode(raw), encoded);
            assert_eq!(decode(encoded).unwrap(), raw.as_bytes());
        }
    }

    #[test]
    fn what_is_encoded_otherwise_is_refused() {
        for text in ["a b", "a+b", "%2b", "%41", "%", "%4", "%zz", "*"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_form_has_plus_for_space_and_may_lack_values() {
        let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        assert_eq!(form(b"c2&a3=2+q"), [pair("c2", ""), pair("a3", "2 q")]);
        assert_eq!(form(b"b5=%3D%253D&&c%40="), [pair("b5", "=%3D"), pair("c@", "")]);
        assert_eq!(form(b"%FF=%"), [(vec![0xFF], b"%".to_vec())]);
    }
}
