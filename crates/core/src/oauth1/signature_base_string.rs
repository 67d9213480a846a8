//! The signature base string: [RFC 5849 section 3.4.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1).

use crate::error::{Error, Result};
use http::Uri;
use std::cmp::Ordering;

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

/// What is encoded is ASCII.
pub(crate) fn ascii(encoded: Vec<u8>) -> String {
    String::from_utf8(encoded).unwrap_or_default()
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

fn is_plain(byte: u8) -> bool {
    ENCODED[usize::from(byte)] == 0
}

/// Whether all of it stays as it is. Without leaving early, which is quicker for what nearly always does.
fn are_plain(text: &[u8]) -> bool {
    text.iter().fold(0, |encoded, byte| encoded | ENCODED[usize::from(*byte)]) == 0
}

pub(crate) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0x0f)]]
}

pub(crate) fn encode_into(text: &str, encoded: &mut Vec<u8>) {
    if are_plain(text.as_bytes()) {
        return encoded.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(byte);
        } else {
            let [high, low] = hex(byte);
            encoded.extend_from_slice(&[b'%', high, low]);
        }
    }
}

/// As it stands in the base string, where what was encoded once is encoded again.
fn encode_twice(byte: u8, encoded: &mut Vec<u8>) {
    if is_plain(byte) {
        encoded.push(byte);
    } else {
        let [high, low] = hex(byte);
        encoded.extend_from_slice(&[b'%', b'2', b'5', high, low]);
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
        let (byte, after) = encoded_byte(byte, after).unwrap_or((byte, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that a percent sign and two digits after it stand for, and what comes after them.
fn encoded_byte(byte: u8, after: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
    if byte != b'%' {
        return None;
    }
    let value = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    Some((value, after.get(2..)?))
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
    let SignedUri { scheme, host, port, path } = SignedUri::of_url(url)?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{scheme}://{}{port}{path}", host.to_ascii_lowercase()))
}

/// What of a URL is signed.
struct SignedUri<'a> {
    scheme: &'static str,
    host: &'a str,
    /// Where it is not the usual one.
    port: Option<u16>,
    path: &'a str,
}

fn refused() -> Error {
    Error::config("the URL to sign is no absolute http or https URL", "RFC 5849 section 3.4.1.2")
}

impl<'a> SignedUri<'a> {
    // Not by a URL parser: one that normalizes the path would sign another request than is sent.
    fn of_url(url: &'a str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
        if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(refused());
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        Self::new(scheme, authority, path)
    }

    fn of_uri(uri: &'a Uri) -> Result<Self> {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(refused()) };
        Self::new(scheme, authority.as_str(), uri.path())
    }

    fn new(scheme: &str, authority: &'a str, path: &'a str) -> Result<Self> {
        let (scheme, usual) = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => ("https", 443),
            _ if scheme.eq_ignore_ascii_case("http") => ("http", 80),
            _ => return Err(refused()),
        };
        let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
        // An IPv6 address keeps its brackets, which a port may follow.
        let end = match authority.starts_with('[') {
            true => authority.find(']').filter(|end| *end > 1).ok_or_else(refused)? + 1,
            false => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(end);
        if host.is_empty() || !host.starts_with('[') && host.contains(['[', ']']) {
            return Err(refused());
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| refused())?)
            }
            _ => return Err(refused()),
        };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { scheme, host, port: port.filter(|port| *port != usual), path })
    }

    fn encode_into(&self, base: &mut Vec<u8>) {
        base.extend_from_slice(self.scheme.as_bytes());
        base.extend_from_slice(b"%3A%2F%2F");
        match self.host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => encode_into(&self.host.to_ascii_lowercase(), base),
            false => encode_into(self.host, base),
        }
        if let Some(port) = self.port {
            base.extend_from_slice(b"%3A");
            base.extend_from_slice(port.to_string().as_bytes());
        }
        encode_into(self.path, base);
    }
}

/// The parameters that are signed (section 3.4.1.3): of the query, of a form, and of the protocol.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// All of them as they stand in the base string, name and value with [`EQUALS`] between them, one after another.
    text: Vec<u8>,
    places: Vec<Place>,
}

/// An equals sign, encoded.
const EQUALS: &[u8] = b"%3D";

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first bytes of its name, which tell most names apart.
    begins: u64,
    start: usize,
    /// Where its name ends.
    middle: usize,
    end: usize,
}

impl Parameters {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(parameters: usize, bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), places: Vec::with_capacity(parameters) }
    }

    /// Adds one as it is meant, not encoded.
    pub fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.push_text(name);
        let middle = self.text.len();
        self.text.extend_from_slice(EQUALS);
        self.push_text(value);
        self.end(start, middle);
    }

    /// As [`push`](Self::push), and whether it is the same encoded.
    pub(crate) fn push_of_the_protocol(&mut self, name: &str, value: &str) -> bool {
        let start = self.text.len();
        self.push(name, value);
        self.text.len() == start + name.len() + EQUALS.len() + value.len()
    }

    fn push_text(&mut self, text: &str) {
        match are_plain(text.as_bytes()) {
            true => self.text.extend_from_slice(text.as_bytes()),
            false => text.bytes().for_each(|byte| encode_twice(byte, &mut self.text)),
        }
    }

    fn end(&mut self, start: usize, middle: usize) {
        let name = self.text.get(start..middle).unwrap_or_default();
        let begins = match name.first_chunk() {
            Some(first) => u64::from_be_bytes(*first),
            None => name.iter().fold(0, |begins, byte| begins << 8 | u64::from(*byte)) << (8 * (8 - name.len())),
        };
        self.places.push(Place { begins, start, middle, end: self.text.len() });
    }

    /// Adds what a query or a form body holds, decoded once (section 3.4.1.3.1). Bytes that are no UTF-8 stay what they are.
    pub fn push_form(&mut self, form: &[u8]) {
        let mut rest = form;
        let (mut start, mut middle) = (self.text.len(), None);
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                _ if is_plain(byte) => self.text.push(byte),
                b'&' => {
                    self.end_of_pair(start, middle);
                    (start, middle) = (self.text.len(), None);
                }
                b'=' if middle.is_none() => {
                    middle = Some(self.text.len());
                    self.text.extend_from_slice(EQUALS);
                }
                b'+' => encode_twice(b' ', &mut self.text),
                _ => {
                    let (byte, after) = encoded_byte(byte, after).unwrap_or((byte, after));
                    encode_twice(byte, &mut self.text);
                    rest = after;
                }
            }
        }
        self.end_of_pair(start, middle);
    }

    fn end_of_pair(&mut self, start: usize, middle: Option<usize>) {
        let end = self.text.len();
        match middle {
            Some(middle) => self.end(start, middle),
            // Between two ampersands there is no parameter.
            None if end == start => {}
            None => {
                self.text.extend_from_slice(EQUALS);
                self.end(start, end);
            }
        }
    }

    /// Whether one has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.iter().any(|place| self.name(place) == name.as_bytes())
    }

    /// Whether the name of one begins as those of the protocol do.
    pub(crate) fn has_any_of_the_protocol(&self) -> bool {
        const OAUTH: u64 = u64::from_be_bytes(*b"oauth_\0\0") >> 16;
        self.places.iter().any(|place| place.begins >> 16 == OAUTH)
    }

    fn name(&self, place: &Place) -> &[u8] {
        self.text.get(place.start..place.middle).unwrap_or_default()
    }

    fn value(&self, place: &Place) -> &[u8] {
        self.text.get(place.middle + EQUALS.len()..place.end).unwrap_or_default()
    }

    /// What was encoded again is in the same order as what was encoded once: of two texts the first difference stays one.
    fn sorted(&self) -> Vec<Place> {
        let mut places = self.places.clone();
        places.sort_unstable_by(|one, other| match one.begins.cmp(&other.begins) {
            Ordering::Equal => {
                self.name(one).cmp(self.name(other)).then_with(|| self.value(one).cmp(self.value(other)))
            }
            order => order,
        });
        places
    }

    /// Sorted by encoded name, then by encoded value, and joined (section 3.4.1.3.2). Empty values stay.
    pub fn normalized(&self) -> String {
        let mut joined = Vec::with_capacity(self.text.len());
        for (place, parameter) in self.sorted().iter().enumerate() {
            if place > 0 {
                joined.push(b'&');
            }
            joined.extend_from_slice(self.name(parameter));
            joined.push(b'=');
            joined.extend_from_slice(self.value(parameter));
        }
        ascii(joined).replace("%25", "%")
    }

    /// The signature base string (section 3.4.1.1) of a request with these parameters. The URL's own query must be among them.
    ///
    /// # Errors
    /// As [`base_string_uri`].
    pub fn base_string(&self, method: &str, url: &str) -> Result<String> {
        SignedUri::of_url(url).map(|uri| self.joined(method, &uri))
    }

    pub(crate) fn base_string_of(&self, method: &str, uri: &Uri) -> Result<String> {
        SignedUri::of_uri(uri).map(|uri| self.joined(method, &uri))
    }

    fn joined(&self, method: &str, uri: &SignedUri<'_>) -> String {
        let uri_length = 40 + uri.host.len() + 2 * uri.path.len();
        let mut base = Vec::with_capacity(method.len() + uri_length + self.text.len() + 3 * self.places.len());
        encode_into(method, &mut base);
        base.make_ascii_uppercase();
        base.push(b'&');
        uri.encode_into(&mut base);
        base.push(b'&');
        for (place, parameter) in self.sorted().iter().enumerate() {
            if place > 0 {
                base.extend_from_slice(b"%26");
            }
            base.extend_from_slice(self.text.get(parameter.start..parameter.end).unwrap_or_default());
        }
        ascii(base)
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
}
