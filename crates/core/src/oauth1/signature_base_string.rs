//! The signature base string: [RFC 5849 section 3.4.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1).

use crate::error::{Error, Result};

/// Encodes as [RFC 5849 section 3.6](https://www.rfc-editor.org/rfc/rfc5849#section-3.6) says: everything but letters, digits and
/// `-._~`, as UTF-8, in upper case.
///
/// ```
/// assert_eq!(grantee_core::oauth1::percent_encode("a b+ä~"), "a%20b%2B%C3%A4~");
/// ```
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 16);
    encode_into(text, &mut encoded);
    encoded
}

pub(crate) fn encode_into(text: &str, encoded: &mut String) {
    let mut plain = 0;
    for (place, byte) in text.bytes().enumerate() {
        if is_plain(byte) {
            continue;
        }
        encoded.push_str(text.get(plain..place).unwrap_or_default());
        plain = place + 1;
        escape_into(byte, encoded);
    }
    encoded.push_str(text.get(plain..).unwrap_or_default());
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape_into(byte: u8, encoded: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(HEX[usize::from(value & 0x0f)]);
    encoded.extend(['%', digit(byte >> 4), digit(byte)]);
}

/// The byte that these two hexadecimal digits are.
fn unescape(digits: &[u8]) -> Option<u8> {
    let digit = |place: usize| digits.get(place).and_then(|digit| char::from(*digit).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Encodes a name or a value of a form, byte by byte: what a form holds need not be text, and is signed all the same.
fn encode_form_into(part: &[u8], encoded: &mut String) {
    let mut rest = part;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let byte = match (byte, unescape(after)) {
            (b'+', _) => b' ',
            (b'%', Some(byte)) => {
                rest = after.get(2..).unwrap_or_default();
                byte
            }
            _ => byte,
        };
        if is_plain(byte) { encoded.push(char::from(byte)) } else { escape_into(byte, encoded) }
    }
}

/// Undoes [`percent_encode`]; what is not encoded stays as it is.
///
/// ```
/// assert_eq!(grantee_core::oauth1::percent_decode("a%20b%2B+"), "a b++");
/// ```
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, unescape(after)) {
            (b'%', Some(decoded)) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The URL as it is signed: [RFC 5849 section 3.4.1.2](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1.2). Scheme and host in
/// lower case, the usual port left out, neither user nor query nor fragment; the path as it is.
///
/// ```
/// use grantee_core::oauth1::base_string_uri;
/// assert_eq!(base_string_uri("http://me@EXAMPLE.COM:80/r%20v/X?id=123")?, "http://example.com/r%20v/X");
/// # Ok::<(), grantee_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Config`] when it is no absolute http or https URL.
pub fn base_string_uri(url: &str) -> Result<String> {
    // Not by a URL parser: one that normalizes the path would sign another request than is sent.
    let refused = || Error::config("the URL to sign is no absolute http or https URL", "RFC 5849 section 3.4.1.2");
    let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") || url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(refused());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        // An IPv6 address keeps its brackets, which a port may follow.
        Some((address, after)) => {
            let port = after.strip_prefix(':');
            if address.is_empty() || port.is_none() && !after.is_empty() {
                return Err(refused());
            }
            (format!("[{address}]"), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (authority.to_owned(), None),
        },
    };
    if host.is_empty() || !host.starts_with('[') && host.contains([':', '[', ']']) {
        return Err(refused());
    }
    let port = match port {
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse::<u16>().map_err(|_| refused())?)
        }
        Some(_) => return Err(refused()),
    };
    let path = rest.split(['?', '#']).next().filter(|path| !path.is_empty()).unwrap_or("/");
    let mut uri = format!("{scheme}://{}", host.to_ascii_lowercase());
    if let Some(port) = port.filter(|port| !matches!((scheme.as_str(), port), ("http", 80) | ("https", 443))) {
        uri.push_str(&format!(":{port}"));
    }
    uri.push_str(path);
    Ok(uri)
}

/// The parameters that are signed (section 3.4.1.3), each encoded once: of the query, of a form, and of the protocol.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// All of them, names and values encoded, one after another.
    text: String,
    /// Where each begins, where its name ends, where it ends.
    places: Vec<(usize, usize, usize)>,
}

impl Parameters {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one as it is meant, not encoded.
    pub fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        encode_into(name, &mut self.text);
        let middle = self.text.len();
        encode_into(value, &mut self.text);
        self.places.push((start, middle, self.text.len()));
    }

    /// Adds what a query or a form body holds, decoded once (section 3.4.1.3.1).
    pub fn push_form(&mut self, form: &[u8]) {
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let start = self.text.len();
            encode_form_into(parts.next().unwrap_or_default(), &mut self.text);
            let middle = self.text.len();
            encode_form_into(parts.next().unwrap_or_default(), &mut self.text);
            self.places.push((start, middle, self.text.len()));
        }
    }

    fn pair(&self, (start, middle, end): (usize, usize, usize)) -> (&str, &str) {
        (self.text.get(start..middle).unwrap_or_default(), self.text.get(middle..end).unwrap_or_default())
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> = self.places.iter().map(|place| self.pair(*place)).collect();
        pairs.sort_unstable();
        pairs
    }

    /// Sorted by encoded name, then by encoded value, and joined (section 3.4.1.3.2). Empty values stay.
    pub fn normalized(&self) -> String {
        let mut joined = String::with_capacity(self.text.len() + 2 * self.places.len());
        for (name, value) in self.sorted() {
            if !joined.is_empty() {
                joined.push('&');
            }
            joined.push_str(name);
            joined.push('=');
            joined.push_str(value);
        }
        joined
    }

    /// The signature base string (section 3.4.1.1) of a request with these parameters. The URL's own query must be among them.
    ///
    /// # Errors
    /// As [`base_string_uri`].
    pub fn base_string(&self, method: &str, url: &str) -> Result<String> {
        let uri = base_string_uri(url)?;
        let mut base = String::with_capacity(uri.len() + self.text.len() * 5 / 4 + 6 * self.places.len() + 32);
        encode_into(&method.to_ascii_uppercase(), &mut base);
        base.push('&');
        encode_into(&uri, &mut base);
        let mut joint = "&";
        for (name, value) in self.sorted() {
            base.push_str(joint);
            joint = "%26";
            encode_again(name, &mut base);
            base.push_str("%3D");
            encode_again(value, &mut base);
        }
        if self.places.is_empty() {
            base.push('&');
        }
        Ok(base)
    }
}

/// What is encoded already has but one character to encode.
fn encode_again(encoded: &str, base: &mut String) {
    let mut pieces = encoded.split('%');
    base.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        base.push_str("%25");
        base.push_str(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(pairs: &[(&str, &str)]) -> String {
        let mut parameters = Parameters::new();
        pairs.iter().for_each(|(name, value)| parameters.push(name, value));
        parameters.normalized()
    }

    #[test]
    fn sorted_by_encoded_name_then_by_encoded_value_and_empty_values_stay() {
        assert_eq!(normalized(&[("b", ""), ("a", "2"), ("a", "10"), ("a", "1")]), "a=1&a=10&a=2&b=");
        // A tilde comes after every letter once it is not encoded, and a space before.
        assert_eq!(normalized(&[("a~", ""), ("a b", ""), ("ab", "")]), "a%20b=&ab=&a~=");
        // The name alone decides first: a name that another begins with comes before it.
        assert_eq!(normalized(&[("a0", "x"), ("a", "z")]), "a=z&a0=x");
    }

    #[test]
    fn any_permutation_signs_alike() {
        let pairs = [("a", "1"), ("a", "2"), ("b", "ä b"), ("c%40", "+"), ("oauth_nonce", "n")];
        let expected = normalized(&pairs);
        let mut order = pairs.to_vec();
        for turn in 0..120 {
            order.rotate_left(1);
            order.swap(turn % 4, turn % 3 + 1);
            assert_eq!(normalized(&order), expected);
        }
    }

    #[test]
    fn what_was_encoded_decodes_to_itself() {
        for text in ["", "a b", "%", "%2", "100%25", "ä€😀", "a+b=c&d", "\u{0}\u{7f}"] {
            assert_eq!(percent_decode(&percent_encode(text)), text);
        }
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn parameters_are_decoded_once() {
        let mut parameters = Parameters::new();
        parameters.push_form(b"a=%2525+b&c");
        assert_eq!(parameters.normalized(), "a=%2525%20b&c=");
    }

    #[test]
    fn a_form_is_signed_by_its_bytes_whether_they_are_text_or_not() {
        let mut parameters = Parameters::new();
        parameters.push_form(b"%FF=1&\xC3\xA4=\xE4&&=c&d=%zz%4&e=f=%3d&g'=~!");
        assert_eq!(parameters.normalized(), "=c&%C3%A4=%E4&%FF=1&d=%25zz%254&e=f%3D%3D&g%27=~%21");
    }
}
