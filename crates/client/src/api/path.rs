//! Paths below an API's base: however they are written, they stay below it
//! ([RFC 3986 section 3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3)).

use grantee_core::{Error, Result};
use std::fmt::Display;

/// Where a request goes, seen from an API's base URL. Made from what the methods of an `ApiClient` are given:
///
/// - a **string** is a path as it stands in a URL, its leading `/` optional: `"orders/open"`, `"/orders/open"`. Segments that
///   are percent-encoded stay so, and what no path may hold, such as a space, is encoded.
/// - **parts** are one segment each, whatever is in them: `["users", id]`, `("users", 1234, "details")`, a `Vec`, a slice, a
///   number alone. Each is percent-encoded, so a `/` in an identifier is part of the identifier. An empty part is kept.
///
/// What could lead out of the base is refused when the request is sent: the segments `.` and `..` in any spelling, encoded
/// slashes in a string, backslashes, `//host`, and `https://host`. So are `?` and `#` in a string; the query has a method of
/// its own.
///
/// ```
/// use grantee::Path;
/// assert_eq!(Path::from("/orders/open").to_string(), "/orders/open");
/// assert_eq!(Path::from(["users", "a/b?"]).to_string(), "/users/a%2Fb%3F");
/// assert_eq!(Path::from(("users", 0, "")).to_string(), "/users/0/");
/// ```
#[derive(Debug, Clone)]
pub struct Path(std::result::Result<String, &'static str>);

impl Path {
    /// Empty, or a slash and what follows.
    pub(crate) fn below(self) -> Result<String> {
        self.0.map_err(|why| Error::config(format!("the path could lead out of the API's base URL: {why}"), HINT))
    }

    fn of_parts(parts: impl IntoIterator<Item = impl Display>) -> Self {
        let mut path = String::new();
        for part in parts {
            let part = part.to_string();
            if matches!(part.as_str(), "." | "..") {
                return Self(Err(DOTS));
            }
            path.push('/');
            for byte in part.bytes() {
                // Unreserved characters alone mean the same encoded and not (RFC 3986 section 2.3).
                let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                push(&mut path, byte, plain);
            }
        }
        Self(Ok(path))
    }

    fn of_text(text: &str) -> Self {
        Self(encoded(text))
    }
}

/// As it will follow the base; why not, in words, where it is refused.
impl Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Ok(path) => f.write_str(path),
            Err(why) => write!(f, "refused: {why}"),
        }
    }
}

const HINT: &str = "give what comes from elsewhere as a part of its own, as in get([\"users\", id]), and the query by query(name, value)";
const DOTS: &str = "a segment is `.` or `..`, which no encoding keeps from climbing";

fn encoded(text: &str) -> std::result::Result<String, &'static str> {
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return Err("it is an absolute URL");
    }
    if text.contains('\\') {
        return Err("a backslash is a slash to some servers");
    }
    if text.contains(['?', '#']) {
        return Err("a question mark or number sign would end the path");
    }
    if text.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    let text = text.strip_prefix('/').unwrap_or(text);
    if text.starts_with('/') {
        return Err("two slashes at the beginning read as another host");
    }
    if text.is_empty() {
        return Ok(String::new());
    }
    let mut path = String::with_capacity(text.len() + 1);
    for segment in text.split('/') {
        check(segment)?;
        path.push('/');
        for byte in segment.bytes() {
            // `pchar` of RFC 3986 section 3.3; a percent sign begins an encoded octet, as `check` has seen to.
            let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
            push(&mut path, byte, plain);
        }
    }
    Ok(path)
}

/// Refuses a segment that some server could read as more than one, or as a step up, decoding it once or again and again.
fn check(segment: &str) -> std::result::Result<(), &'static str> {
    let mut bytes = segment.as_bytes().to_vec();
    let mut first = true;
    loop {
        // Some servers cut off parameters, `..;a=b`, before they look at the dots.
        let name = bytes.split(|byte| *byte == b';').next().unwrap_or_default();
        if matches!(name, b"." | b"..") {
            return Err(DOTS);
        }
        if bytes.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
            return Err("a slash is encoded in it");
        }
        match decoded(&bytes) {
            Some(shorter) if shorter.len() < bytes.len() => bytes = shorter,
            Some(_) => return Ok(()),
            None if first => return Err("a percent sign begins no encoded character"),
            None => return Ok(()),
        }
        first = false;
    }
}

/// Percent-decoded once; nothing where a percent sign is not followed by two hexadecimal digits.
fn decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    Some(out)
}

fn push(path: &mut String, byte: u8, plain: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if plain {
        path.push(char::from(byte));
    } else {
        path.push('%');
        path.push(char::from(DIGITS[usize::from(byte >> 4)]));
        path.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self::of_text(text)
    }
}

impl From<&String> for Path {
    fn from(text: &String) -> Self {
        Self::of_text(text)
    }
}

impl From<String> for Path {
    fn from(text: String) -> Self {
        Self::of_text(&text)
    }
}

impl<T: Display, const N: usize> From<[T; N]> for Path {
    fn from(parts: [T; N]) -> Self {
        Self::of_parts(parts)
    }
}

impl<T: Display, const N: usize> From<&[T; N]> for Path {
    fn from(parts: &[T; N]) -> Self {
        Self::of_parts(parts)
    }
}

impl<T: Display> From<&[T]> for Path {
    fn from(parts: &[T]) -> Self {
        Self::of_parts(parts)
    }
}

impl<T: Display> From<Vec<T>> for Path {
    fn from(parts: Vec<T>) -> Self {
        Self::of_parts(parts)
    }
}

impl<T: Display> From<&Vec<T>> for Path {
    fn from(parts: &Vec<T>) -> Self {
        Self::of_parts(parts)
    }
}

macro_rules! from_number {
    ($($number:ty)*) => {$(
        impl From<$number> for Path {
            fn from(part: $number) -> Self {
                Self::of_parts([part])
            }
        }
    )*};
}
from_number!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! from_tuple {
    ($($part:ident)*) => {
        impl<$($part: Display),*> From<($($part,)*)> for Path {
            #[allow(non_snake_case)]
            fn from(($($part,)*): ($($part,)*)) -> Self {
                Self::of_parts([$(&$part as &dyn Display),*])
            }
        }
    };
}
from_tuple!(A);
from_tuple!(A B);
from_tuple!(A B C);
from_tuple!(A B C D);
from_tuple!(A B C D E);
from_tuple!(A B C D E F);
from_tuple!(A B C D E F G);
from_tuple!(A B C D E F G H);

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: impl Into<Path>) -> String {
        path.into().below().unwrap()
    }

    fn refused(path: impl Into<Path>) -> String {
        path.into().below().unwrap_err().to_string()
    }

    #[test]
    fn a_leading_slash_is_optional_and_a_trailing_one_is_kept() {
        assert_eq!((path("a/b"), path("/a/b")), ("/a/b".to_owned(), "/a/b".to_owned()));
        assert_eq!((path(""), path("/")), (String::new(), String::new()));
        assert_eq!((path("a/"), path("a//b")), ("/a/".to_owned(), "/a//b".to_owned()));
    }

    #[test]
    fn a_string_keeps_what_is_encoded_and_encodes_what_no_path_may_hold() {
        assert_eq!(path("a%20b/c d/\u{e9}/\"<>`{}|^"), "/a%20b/c%20d/%C3%A9/%22%3C%3E%60%7B%7D%7C%5E");
        assert_eq!(path("a:b@c;v=1/x,y/~"), "/a:b@c;v=1/x,y/~");
        assert_eq!(path("..a/b../..."), "/..a/b../...");
    }

    #[test]
    fn every_part_is_one_segment() {
        assert_eq!(
            path(["a/b", "c?d", "e#f", "100%", "\\", "%2e%2e", ";", "+", " "]),
            "/a%2Fb/c%3Fd/e%23f/100%25/%5C/%252e%252e/%3B/%2B/%20"
        );
        assert_eq!(path(["//other.host", "http://other"]), "/%2F%2Fother.host/http%3A%2F%2Fother");
        assert_eq!(path(["..;a"]), "/..%3Ba");
    }

    #[test]
    fn zero_and_the_empty_part_are_kept() {
        assert_eq!(path(("users", 0, "", true)), "/users/0//true");
        assert_eq!((path([""]), path(["", "a"]), path([] as [&str; 0])), ("/".into(), "//a".into(), String::new()));
        assert_eq!((path(0), path(-7_i64), path(u128::MAX)), ("/0".into(), "/-7".into(), format!("/{}", u128::MAX)));
    }

    #[test]
    fn parts_come_as_arrays_slices_vectors_and_tuples() {
        let owned = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(path(&owned), "/a/b");
        assert_eq!(path(&owned[..]), "/a/b");
        assert_eq!(path(owned), "/a/b");
        let borrowed = &["a", "b"];
        assert_eq!(path(borrowed), "/a/b");
        assert_eq!(path([1, 2]), "/1/2");
        assert_eq!(path(("a", String::from("b"), 'c', 4, 5u8, 6.5, "g", "h")), "/a/b/c/4/5/6.5/g/h");
    }

    #[test]
    fn no_spelling_of_dots_climbs() {
        for dots in [
            "..",
            ".",
            "../x",
            "x/..",
            "x/../y",
            "x/.",
            "/..",
            "%2e%2e",
            "%2E%2e/x",
            ".%2e",
            "%2e",
            "a/%2E./b",
            "..;/x",
            "..;a=b",
            "%2e%2e%3bx",
            "%252e%252e",
            "%25252e.",
            ".;",
        ] {
            assert!(refused(dots).contains("`..`"), "{dots}");
        }
        for dots in ["..", "."] {
            assert!(refused(["a", dots]).contains("`..`"), "{dots}");
        }
    }

    #[test]
    fn no_encoded_slash_hides_in_a_string() {
        for slash in ["a%2Fb", "a%2fb", "..%2f", "%5c", "a%5Cb", "a%252Fb", "%25252f", "x/%2e%2e%2fy"] {
            assert!(refused(slash).contains("slash"), "{slash}");
        }
        assert!(refused("a\\b").contains("backslash"));
    }

    #[test]
    fn no_string_names_another_host() {
        for url in ["http://other", "HTTPS://other/x", "a+b.c-d://x", "//other.host", "///x", "//"] {
            let said = refused(url);
            assert!(said.contains("absolute URL") || said.contains("another host"), "{url}: {said}");
        }
    }

    #[test]
    fn a_string_ends_where_its_path_ends() {
        for text in ["a?b=c", "a#b", "?", "#"] {
            assert!(refused(text).contains("query(name, value)"), "{text}");
        }
        for text in ["100%", "%zz", "%2", "a\nb", "a\0"] {
            refused(text);
        }
    }
}
