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
        if is_unreserved(byte) {
            continue;
        }
        encoded.push_str(text.get(plain..place).unwrap_or_default());
        plain = place + 1;
        encode_byte(byte, encoded);
    }
    encoded.push_str(text.get(plain..).unwrap_or_default());
}

fn encode_byte(byte: u8, encoded: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(HEX[usize::from(value & 0x0f)]);
    match is_unreserved(byte) {
        true => encoded.push(char::from(byte)),
        false => encoded.extend(['%', digit(byte >> 4), digit(byte)]),
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Undoes [`percent_encode`]; what is not encoded stays as it is, and what is no UTF-8 becomes U+FFFD.
///
/// ```
/// assert_eq!(grantee_core::oauth1::percent_decode("a%20b%2B+"), "a b++");
/// ```
pub fn percent_decode(text: &str) -> String {
    let bytes: Vec<u8> = Decoded { rest: text.as_bytes(), plus_is_space: false }.collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The bytes that an encoded text stands for.
struct Decoded<'a> {
    rest: &'a [u8],
    /// As in forms and queries.
    plus_is_space: bool,
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (&byte, after) = self.rest.split_first()?;
        let digit = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        let (decoded, after) = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                (u8::try_from(high * 16 + low).unwrap_or_default(), after.get(2..).unwrap_or_default())
            }
            (b'+', ..) if self.plus_is_space => (b' ', after),
            _ => (byte, after),
        };
        self.rest = after;
        Some(decoded)
    }
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
/// [`Error::Config`] when it is no absolute http or https URL, or has characters before its query that a URL does not have
/// unencoded: whoever sends it would encode them, and send another URL than was signed.
pub fn base_string_uri(url: &str) -> Result<String> {
    // Not by a URL parser: one that normalizes the path would sign another request than is sent.
    let refused = || Error::config("the URL to sign is no absolute http or https URL", "RFC 5849 section 3.4.1.2");
    let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
    let scheme = scheme.to_ascii_lowercase();
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if !matches!(scheme.as_str(), "http" | "https") || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused());
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        // An IPv6 address keeps its brackets, which a port may follow.
        Some((address, after)) => {
            let port = after.strip_prefix(':');
            let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            if address.is_empty() || !address.bytes().all(is_address) || port.is_none() && !after.is_empty() {
                return Err(refused());
            }
            (format!("[{address}]"), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (authority.to_owned(), None),
        },
    };
    if host.is_empty() || !host.starts_with('[') && host.contains([':', '[', ']', '\\']) {
        return Err(refused());
    }
    let port = match port {
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse::<u16>().map_err(|_| refused())?)
        }
        Some(_) => return Err(refused()),
    };
    let mut uri = format!("{scheme}://{}", host.to_ascii_lowercase());
    if let Some(port) = port.filter(|port| !matches!((scheme.as_str(), port), ("http", 80) | ("https", 443))) {
        uri.push_str(&format!(":{port}"));
    }
    uri.push_str(if path.is_empty() { "/" } else { path });
    Ok(uri)
}

/// The parameters that are signed (section 3.4.1.3), each encoded once: of the query, of a form, and of the protocol.
/// `oauth_signature` may be among them and is left out of what is signed.
#[derive(Clone, Default)]
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

    /// Adds what a query or a form body holds, decoded once (section 3.4.1.3.1). What is no UTF-8 is signed as the bytes that it is.
    pub fn push_form(&mut self, form: &[u8]) {
        for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let start = self.text.len();
            let mut next = || {
                let half = Decoded { rest: halves.next().unwrap_or_default(), plus_is_space: true };
                half.for_each(|byte| encode_byte(byte, &mut self.text));
                self.text.len()
            };
            let place = (start, next(), next());
            self.places.push(place);
        }
    }

    /// The names, encoded.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| self.pair(*place).0)
    }

    fn pair(&self, (start, middle, end): (usize, usize, usize)) -> (&str, &str) {
        (self.text.get(start..middle).unwrap_or_default(), self.text.get(middle..end).unwrap_or_default())
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let pairs = self.places.iter().map(|place| self.pair(*place));
        let mut pairs: Vec<_> = pairs.filter(|(name, _)| *name != "oauth_signature").collect();
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
        base.push('&');
        for (place, (name, value)) in self.sorted().into_iter().enumerate() {
            if place > 0 {
                base.push_str("%26");
            }
            encode_again(name, &mut base);
            base.push_str("%3D");
            encode_again(value, &mut base);
        }
        Ok(base)
    }
}

// Values may be secrets.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Parameters").field(&self.names().collect::<Vec<_>>()).finish()
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
    fn bytes_that_are_no_utf8_are_signed_as_they_are() {
        let mut parameters = Parameters::new();
        parameters.push_form(b"b=%ff%C3&\xfe=%e4%zz&=&&x==1");
        assert_eq!(parameters.normalized(), "=&%FE=%E4%25zz&b=%FF%C3&x=%3D1");
    }

    #[test]
    fn the_signature_is_never_signed_and_values_are_never_shown() {
        let mut parameters = Parameters::new();
        parameters.push("oauth_signature", "s");
        assert_eq!(parameters.base_string("get", "http://h").unwrap(), "GET&http%3A%2F%2Fh%2F&");
        parameters.push("oauth_signature_method", "PLAINTEXT");
        parameters.push_form(b"oauth%5Fsignature=s");
        assert_eq!(parameters.normalized(), "oauth_signature_method=PLAINTEXT");
        assert!(!format!("{parameters:?}").contains("PLAINTEXT"));
    }

    #[test]
    fn what_a_client_would_encode_before_it_sends_it_is_not_signed() {
        for bad in
            ["http://\u{e4}.example/", "http://h/\u{e4}", "http://h/a b", "http://h\\x/", "http://[fe80::1%25eth0]/"]
        {
            assert!(base_string_uri(bad).is_err(), "{bad}");
        }
        assert_eq!(base_string_uri("http://h/?\u{e4}").unwrap(), "http://h/");
    }
}
