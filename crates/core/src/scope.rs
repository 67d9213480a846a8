//! Scope: [RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of scope tokens in the order given, each once.
///
/// Reads a string with spaces between the tokens, or, for servers that answer so, a JSON list.
///
/// ```
/// use grantee_core::Scope;
/// let scope = Scope::from("openid email openid");
/// assert_eq!(scope.to_string(), "openid email");
/// assert!(scope.contains("email"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is no token in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token is in it; scope tokens are case-sensitive.
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|held| held == token)
    }

    /// Whether every token of `other` is in it.
    pub fn contains_all(&self, other: &Scope) -> bool {
        other.iter().all(|token| self.contains(token))
    }

    /// Whether both hold the same tokens, in whatever order.
    pub fn same_set(&self, other: &Scope) -> bool {
        self.contains_all(other) && other.contains_all(self)
    }

    /// Adds the tokens of `more` that are not there yet.
    pub fn extend(&mut self, more: impl Into<Scope>) {
        for token in more.into().0 {
            if !self.contains(&token) {
                self.0.push(token);
            }
        }
    }

    /// The tokens sorted: two scopes that mean the same have the same form.
    pub(crate) fn canonical(&self) -> String {
        let mut tokens: Vec<&str> = self.iter().collect();
        tokens.sort_unstable();
        tokens.join(" ")
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl From<&str> for Scope {
    fn from(text: &str) -> Self {
        let mut scope = Self::default();
        for token in text.split([' ', '\t', '\n']).filter(|token| !token.is_empty()) {
            if !scope.contains(token) {
                scope.0.push(token.to_owned());
            }
        }
        scope
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Scope {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Scope> for Scope {
    fn from(scope: &Scope) -> Self {
        scope.clone()
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for Scope {
    fn from(tokens: [S; N]) -> Self {
        tokens.iter().collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scope {
    fn from_iter<I: IntoIterator<Item = S>>(tokens: I) -> Self {
        let mut scope = Self::default();
        for token in tokens {
            scope.extend(token.as_ref());
        }
        scope
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            List(Vec<String>),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => Self::from(text),
            Form::List(list) => list.iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_like_a_string() {
        let list: Scope = serde_json::from_str(r#"["a","b c","a"]"#).unwrap();
        assert_eq!(list, Scope::from("a b c"));
        assert_eq!(serde_json::to_string(&list).unwrap(), "\"a b c\"");
    }

    #[test]
    fn order_does_not_matter_to_the_set() {
        assert!(Scope::from("a b").same_set(&Scope::from("b a")));
        assert!(!Scope::from("a b").same_set(&Scope::from("b")));
        assert_eq!(Scope::from("b a").canonical(), Scope::from("a b").canonical());
    }
}
