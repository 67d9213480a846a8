//! `application/x-www-form-urlencoded` as OAuth uses it: [RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B).

use crate::Secret;
use serde::{Deserialize, Serialize};

/// Parameters in the order given; a name may stand more than once. Values are kept as secrets, since some are.
///
/// ```
/// use grantee_core::Params;
/// let params = Params::new().with("resource", "https://a.example/").with("resource", "https://b.example/");
/// assert_eq!(params.encode(), "resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F");
/// ```
///
/// Serialized as a list of pairs, which reveals the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(Vec<(String, Secret)>);

impl Params {
    /// No parameters, where a constant is wanted.
    pub const NONE: Self = Self(Vec::new());

    /// No parameters yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter after the others.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Secret>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a parameter after the others and returns all of them.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.push(name, value);
        self
    }

    /// Puts one value in the place of all that have this name.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Secret>) {
        let name = name.into();
        self.remove(&name);
        self.push(name, value);
    }

    /// Removes every parameter with this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(held, _)| held != name);
    }

    /// The first value with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(held, _)| *held == name).map(|(_, value)| value)
    }

    /// All values with this name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(held, _)| *held == name).map(|(_, value)| value)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.reveal()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds all of `more` after the others.
    pub fn append(&mut self, more: Params) {
        self.0.extend(more.0);
    }

    /// As a body or a query.
    pub fn encode(&self) -> String {
        // Enough where nothing has to be encoded, so that no buffer is outgrown that may hold a secret.
        let room = self.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
        let mut text = String::with_capacity(room.saturating_sub(1));
        for (name, value) in self.iter() {
            if !text.is_empty() {
                text.push('&');
            }
            encode_into(&mut text, name);
            text.push('=');
            encode_into(&mut text, value);
        }
        text
    }

    /// Reads a body or a query. Never fails: what is not form-urlencoded is kept as it stands, as browsers do.
    pub fn parse(text: &str) -> Self {
        ::url::form_urlencoded::parse(text.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }
}

impl<N: Into<String>, V: Into<Secret>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// One name or value, form-urlencoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    encode_into(&mut encoded, text);
    encoded
}

/// One name or value, form-urlencoded at the end of `target`. The bytes are those of the `url` crate.
pub(crate) fn encode_into(target: &mut String, text: &str) {
    // Most values stay as they are, which a loop without a branch sees at many bytes a step.
    if text.bytes().fold(true, |all, byte| all & is_unchanged(byte)) {
        target.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(end) = rest.bytes().position(|byte| !is_unchanged(byte)) {
        target.push_str(&rest[..end]);
        let Some(character) = rest[end..].chars().next() else { return };
        if character == ' ' {
            target.push('+');
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                target.push('%');
                for digit in [byte >> 4, byte & 15] {
                    target.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
        rest = &rest[end + character.len_utf8()..];
    }
    target.push_str(rest);
}

/// What `application/x-www-form-urlencoded` leaves as it is.
const fn is_unchanged(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'*' | b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_appendix_b_example() {
        assert_eq!(encode(" %&+\u{a3}\u{20ac}"), "+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn repeated_parameters_survive_both_ways() {
        let text = "a=1&b=2&a=3&empty=";
        let params = Params::parse(text);
        assert_eq!(params.encode(), text);
        assert_eq!(params.get_all("a").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(params.get("empty"), Some(""));
    }

    #[test]
    fn debug_shows_names_alone() {
        let shown = format!("{:?}", Params::new().with("password", "hunter2"));
        assert!(shown.contains("password") && !shown.contains("hunter2"), "{shown}");
    }
}
