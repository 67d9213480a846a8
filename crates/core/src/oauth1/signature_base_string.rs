//! The signature base string: [RFC 5849 section 3.4.1](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1).

use super::percent_encoding::{ascii, encode_into, encode_twice_into, encoded_byte, is_plain, twice};
use crate::error::{Error, Result};
use http::Uri;
use http::uri::Authority;
use std::cmp::Ordering;

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
    let SignedUri { scheme, host, port, path } = SignedUri::of_url(url)?;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{scheme}://{}{port}{path}", host.to_ascii_lowercase()))
}

/// What of a URL is signed (section 3.4.1.2).
pub(super) struct SignedUri<'a> {
    scheme: &'static str,
    host: &'a str,
    /// Where it is not the usual one.
    port: Option<u16>,
    path: &'a str,
}

fn refused() -> Error {
    Error::config(
        "the URL to sign is no absolute http or https URL",
        "give it in full, as in https://photos.example.net/photos (RFC 5849 section 3.4.1.2)",
    )
}

impl<'a> SignedUri<'a> {
    // Not by a URL parser: one that normalizes the path would sign another request than is sent.
    fn of_url(url: &'a str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self::new(scheme, authority, path)
    }

    /// Of a request's URI, at this host where the request names one.
    pub(super) fn of_uri(uri: &'a Uri, host: Option<&'a Authority>) -> Result<Self> {
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), host.or(uri.authority())) else {
            return Err(refused());
        };
        Self::new(scheme, authority.as_str(), uri.path())
    }

    fn new(scheme: &str, authority: &'a str, path: &'a str) -> Result<Self> {
        let (scheme, usual) = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => ("https", 443),
            _ if scheme.eq_ignore_ascii_case("http") => ("http", 80),
            _ => return Err(refused()),
        };
        // Without leaving early: nearly always all of it is as it should be.
        let graphic = |text: &str| text.bytes().fold(true, |graphic, byte| graphic & (byte > b' ') & (byte < 0x7f));
        if !graphic(authority) || !graphic(path) {
            return Err(refused());
        }
        let special = |byte: u8| matches!(byte, b'@' | b':' | b'[' | b']' | b'\\');
        let (host, port) = match authority.bytes().any(special) {
            true => Self::host_and_port(authority)?,
            false => (authority, None),
        };
        if host.is_empty() {
            return Err(refused());
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { scheme, host, port: port.filter(|port| *port != usual), path })
    }

    fn host_and_port(authority: &str) -> Result<(&str, Option<u16>)> {
        let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
        // An IPv6 address keeps its brackets, which a port may follow.
        let end = match authority.starts_with('[') {
            true => authority.find(']').ok_or_else(refused)? + 1,
            false => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(end);
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => !address.is_empty() && address.bytes().all(is_address),
            None => !host.contains(['[', ']', '\\']),
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        if !is_host || !port.is_empty() && port == digits || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        match digits {
            "" => Ok((host, None)),
            digits => Ok((host, Some(digits.parse().map_err(|_| refused())?))),
        }
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

/// The parameters that are signed (section 3.4.1.3): of the query, of a form, and of the protocol. `oauth_signature` may be among
/// them and is left out of what is signed.
#[derive(Clone, Default)]
pub struct Parameters {
    /// All of them as they stand in the base string, name and value with [`EQUALS`] between them, each with [`AND`] behind it.
    text: Vec<u8>,
    places: Vec<Place>,
}

/// An equals sign and an ampersand, encoded.
const EQUALS: &[u8] = b"%3D";
const AND: &[u8] = b"%26";
/// What is copied in one go: quicker than just the few bytes that mostly stand between two that are encoded.
const BLOCK: usize = 16;

#[derive(Clone, Copy)]
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

    pub(super) fn with_capacity(parameters: usize, bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), places: Vec::with_capacity(parameters) }
    }

    /// Adds one as it is meant, not encoded.
    pub fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        encode_twice_into(name, &mut self.text);
        let middle = self.text.len();
        self.text.extend_from_slice(EQUALS);
        encode_twice_into(value, &mut self.text);
        self.end(start, middle, self.text.len());
        self.text.extend_from_slice(AND);
    }

    /// Adds several in the place of one: those of the protocol, as they stand in the base string. Nothing else may have such a name
    /// then.
    pub(super) fn push_protocol(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        write(&mut self.text);
        self.end(start, start + "oauth_".len(), self.text.len());
        self.text.extend_from_slice(AND);
    }

    fn end(&mut self, start: usize, middle: usize, end: usize) {
        let name = self.text.get(start..middle).unwrap_or_default();
        let begins = match name.first_chunk() {
            Some(first) => u64::from_be_bytes(*first),
            None => name.iter().rev().fold(0, |begins, byte| begins >> 8 | u64::from(*byte) << 56),
        };
        self.places.push(Place { begins, start, middle, end });
    }

    /// Adds what a query or a form body holds, decoded once (section 3.4.1.3.1). What is no UTF-8 is signed as the bytes that it is.
    pub fn push_form(&mut self, form: &[u8]) {
        let mut rest = form;
        let mut end = self.text.len();
        while !rest.is_empty() {
            let start = end;
            let mut after_name = self.recode(rest, b'=', &mut end);
            let middle = end;
            let value = after_name.strip_prefix(b"=");
            if value.is_none() && end == start {
                // Between two ampersands there is no parameter.
                rest = after_name.get(1..).unwrap_or_default();
                continue;
            }
            self.put(EQUALS, &mut end);
            if let Some(value) = value {
                after_name = self.recode(value, b'&', &mut end);
            }
            rest = after_name.get(1..).unwrap_or_default();
            self.end(start, middle, end);
            self.put(AND, &mut end);
        }
        self.text.truncate(end);
    }

    /// Writes what a form has encoded as it stands in the base string, until an ampersand or this byte. Returns what is left.
    fn recode<'a>(&mut self, form: &'a [u8], stop: u8, end: &mut usize) -> &'a [u8] {
        let mut rest = form;
        loop {
            let plain = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(plain);
            // The run, or a block of it and of what follows; a byte that is encoded; what divides.
            let room = *end + plain.max(BLOCK) + 5 + EQUALS.len() + AND.len();
            if self.text.len() < room {
                // Mostly enough for all, and no more at once than a large form needs.
                self.text.resize(room + 2 * rest.len().min(8192), 0);
            }
            let place = self.text.get_mut(*end..).unwrap_or_default();
            match (rest.first_chunk::<BLOCK>(), place.first_chunk_mut()) {
                (Some(block), Some(place)) if plain <= BLOCK => *place = *block,
                _ => place.iter_mut().zip(run).for_each(|(place, byte)| *place = *byte),
            }
            *end += plain;
            let (byte, after) = match after {
                [] => return &[],
                [byte, ..] if *byte == stop || *byte == b'&' => return after,
                [b'+', after @ ..] => (b' ', after),
                [byte, after @ ..] => encoded_byte(*byte, after).unwrap_or((*byte, after)),
            };
            if let Some(place) = self.text.get_mut(*end..*end + 5) {
                let is_plain = is_plain(byte);
                let encoded = if is_plain { [byte; 5] } else { twice(byte) };
                place.copy_from_slice(&encoded);
                *end += if is_plain { 1 } else { 5 };
            }
            rest = after;
        }
    }

    /// Writes what divides, where there is room for it.
    fn put(&mut self, bytes: &[u8], end: &mut usize) {
        if let Some(place) = self.text.get_mut(*end..*end + bytes.len()) {
            place.copy_from_slice(bytes);
            *end += bytes.len();
        }
    }

    /// The names, as they stand in the base string.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| self.name(place))
    }

    /// Whether a name begins as those of the protocol do.
    pub(super) fn has_any_of_the_protocol(&self) -> bool {
        const BEGINS: u64 = u64::from_be_bytes(*b"oauth_\0\0") >> 16;
        self.places.iter().any(|place| place.begins >> 16 == BEGINS)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn name(&self, place: &Place) -> &[u8] {
        self.text.get(place.start..place.middle).unwrap_or_default()
    }

    fn value(&self, place: &Place) -> &[u8] {
        self.text.get(place.middle + EQUALS.len()..place.end).unwrap_or_default()
    }

    /// Sorts them as they are joined (section 3.4.1.3.2). Encoded again they are in the same order as encoded once: of two texts the
    /// first difference stays one.
    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|one, other| match one.begins.cmp(&other.begins) {
            Ordering::Equal => {
                self.name(one).cmp(self.name(other)).then_with(|| self.value(one).cmp(self.value(other)))
            }
            order => order,
        });
        places.retain(|place| self.name(place) != b"oauth_signature");
        self.places = places;
    }

    /// Sorted by encoded name, then by encoded value, and joined (section 3.4.1.3.2). Empty values stay.
    pub fn normalized(&self) -> String {
        let mut sorted = self.clone();
        sorted.sort();
        let mut joined = Vec::with_capacity(self.text.len());
        for (place, parameter) in sorted.places.iter().enumerate() {
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
        SignedUri::of_url(url).map(|uri| self.clone().into_base_string(method, &uri))
    }

    pub(super) fn into_base_string(mut self, method: &str, uri: &SignedUri<'_>) -> String {
        self.sort();
        let uri_length = 40 + 3 * (uri.host.len() + uri.path.len());
        let mut base = Vec::with_capacity(method.len() + uri_length + self.text.len());
        encode_into(method, &mut base);
        base.make_ascii_uppercase();
        base.push(b'&');
        uri.encode_into(&mut base);
        base.push(b'&');
        for parameter in &self.places {
            base.extend_from_slice(self.text.get(parameter.start..parameter.end + AND.len()).unwrap_or_default());
        }
        base.truncate(base.len() - if self.places.is_empty() { 0 } else { AND.len() });
        ascii(base)
    }
}

// Values may be secrets.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.names().map(|name| String::from_utf8_lossy(name).replace("%25", "%"));
        f.debug_tuple("Parameters").field(&names.collect::<Vec<_>>()).finish()
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
    fn parameters_are_decoded_once() {
        let mut parameters = Parameters::new();
        parameters.push_form(b"a=%2525+b&c");
        assert_eq!(parameters.normalized(), "a=%2525%20b&c=");
    }

    #[test]
    fn a_large_form_takes_room_for_what_it_becomes() {
        let mut parameters = Parameters::new();
        parameters.push_form(&b"name=value&".repeat(100_000));
        assert!(parameters.text.capacity() <= 2_200_000, "{}", parameters.text.capacity());
        // Large and small forms are counted otherwise, and none of either is cut off.
        for count in [100, 10_000] {
            let mut parameters = Parameters::new();
            parameters.push_form("ä".repeat(count).as_bytes());
            assert_eq!(parameters.normalized(), "%C3%A4".repeat(count) + "=");
            let mut parameters = Parameters::new();
            parameters.push_form(&b"a&".repeat(count));
            assert_eq!(parameters.normalized(), vec!["a="; count].join("&"));
        }
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
        for bad in [
            "http://\u{e4}.example/",
            "http://h/\u{e4}",
            "http://h/a b",
            "http://h\\x/",
            "http://[fe80::1%25eth0]/",
            "http://[::1]8/",
        ] {
            assert!(base_string_uri(bad).is_err(), "{bad}");
        }
        assert_eq!(base_string_uri("http://h/?\u{e4}").unwrap(), "http://h/");
    }
}
