//! The `Authorization` header: [RFC 5849 section 3.5.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.5.1).

use super::percent_encoding::{encode_into, percent_decode};
use crate::error::{Error, Result};
use bytes::Bytes;
use http::HeaderValue;

/// Writes it: the realm first, which is not signed, then each parameter encoded.
pub(super) fn write(realm: Option<&str>, parameters: &[(&str, &str)]) -> Result<HeaderValue> {
    let mut text = start(realm);
    parameters.iter().for_each(|(name, value)| push(name, value, &mut text));
    end(text)
}

pub(super) fn start(realm: Option<&str>) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    text.extend_from_slice(b"OAuth ");
    if let Some(realm) = realm {
        text.extend_from_slice(b"realm=\"");
        // A quoted string (RFC 9110 section 5.6.4), and no parameter of the protocol: it is escaped, not encoded.
        for byte in realm.bytes() {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(byte);
        }
        text.extend_from_slice(b"\", ");
    }
    text
}

/// Each with what divides it from the next.
pub(super) fn push(name: &str, value: &str, text: &mut Vec<u8>) {
    encode_into(name, text);
    text.extend_from_slice(b"=\"");
    encode_into(value, text);
    text.extend_from_slice(b"\", ");
}

pub(super) fn end(mut text: Vec<u8>) -> Result<HeaderValue> {
    text.truncate(text.len().saturating_sub(2));
    // Everything else is encoded, so what is not ASCII is the realm's. HTTP libraries may refuse it (RFC 9110 section 5.5).
    let header = Some(text).filter(|text| text.is_ascii());
    let mut header = header
        .and_then(|text| HeaderValue::from_maybe_shared(Bytes::from(text)).ok())
        .ok_or_else(|| Error::config("the realm has characters that no header can carry", "use visible ASCII"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Reads the parameters of an `OAuth` header, decoded, the realm among them; `None` where it is another header, or none.
///
/// ```
/// use grantee_core::oauth1::parse_authorization_header;
/// let read = parse_authorization_header(r#"OAuth realm="a \"b\"", oauth_token="x%2Fy""#).unwrap();
/// assert_eq!(read, [("realm".to_owned(), r#"a "b""#.to_owned()), ("oauth_token".to_owned(), "x/y".to_owned())]);
/// ```
pub fn parse(header: &str) -> Option<Vec<(String, String)>> {
    let (scheme, mut rest) = header.trim().split_once([' ', '\t'])?;
    if !scheme.eq_ignore_ascii_case("OAuth") {
        return None;
    }
    let mut parameters = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(parameters);
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let token = after.trim_start();
                let (value, after) = token.split_at(token.find(',').unwrap_or(token.len()));
                (value.trim_end().to_owned(), after)
            }
        };
        let value = if name.eq_ignore_ascii_case("realm") { value } else { percent_decode(&value) };
        parameters.push((percent_decode(name), value));
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

/// What stands until the next quote that is not escaped, and what comes after it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(place + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realm_is_escaped_and_never_encoded() {
        let header = write(Some(r#"a "b" \c"#), &[("oauth_token", "x y")]).unwrap();
        assert_eq!(header, r#"OAuth realm="a \"b\" \\c", oauth_token="x%20y""#);
        assert!(header.is_sensitive());
        let read = parse(header.to_str().unwrap()).unwrap();
        assert_eq!(read[0], ("realm".to_owned(), r#"a "b" \c"#.to_owned()));
        assert_eq!(read[1].1, "x y");
        assert!(write(Some("line\nbreak"), &[]).is_err());
    }

    #[test]
    fn nonsense_is_no_header_and_no_panic() {
        for bad in
            ["", "OAuth", "Bearer x=\"y\"", "OAuth x", "OAuth x=\"y", "OAuth x=\"y\\", "OAuth x=\"y\" z", "OAuth ä=\"é"]
        {
            assert_eq!(parse(bad).filter(|read| !read.is_empty()), None, "{bad}");
        }
        assert_eq!(parse("oauth a=b , c=\"d\"").unwrap().len(), 2);
    }
}
