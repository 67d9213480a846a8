//! A string that must not be seen: printed as `Secret(..)`, compared in constant time, wiped on drop.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A client secret, a password, a token, a code verifier.
///
/// Serializing a `Secret` reveals it, since a token that is stored must come back; nothing else does but
/// [`Secret::reveal`], which a reviewer can search for.
///
/// ```
/// let secret = grantee_core::Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.reveal(), "hunter2");
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a string secret from here on.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The string itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        grantee_jose::constant_time_eq(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<&String> for Secret {
    fn from(value: &String) -> Self {
        Self::new(value.as_str())
    }
}

impl From<&Secret> for Secret {
    fn from(value: &Secret) -> Self {
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?} {:#?}", Secret::from("abc"), Secret::from("")), "Secret(..) Secret(..)");
    }

    #[test]
    fn serde_round_trip_reveals_it() {
        let json = serde_json::to_string(&Secret::from("abc")).unwrap();
        assert_eq!(json, "\"abc\"");
        assert_eq!(serde_json::from_str::<Secret>(&json).unwrap(), Secret::from("abc"));
    }
}
