//! What an authorization response holds, [OAuth 2.0 Multiple Response Types](https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html).

use crate::Scope;
use crate::error::{Error, Result};

/// A response type taken apart; with none of the three it is `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseType {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

impl ResponseType {
    /// Reads one; the order of the words does not matter.
    pub(crate) fn parse(text: &Scope) -> Option<Self> {
        let mut parsed = Self { code: false, id_token: false, token: false };
        let mut words = text.iter().peekable();
        let first = words.peek().copied();
        for word in words {
            let place = match word {
                "code" => &mut parsed.code,
                "id_token" => &mut parsed.id_token,
                "token" => &mut parsed.token,
                "none" if text.iter().nth(1).is_none() => return Some(parsed),
                _ => return None,
            };
            *place = true;
        }
        first.map(|_| parsed)
    }

    /// What a request asks for; a code where it says nothing.
    pub(crate) fn of_request(text: &Scope, implicit: bool) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self { code: true, id_token: false, token: false });
        }
        let parsed = Self::parse(text).ok_or_else(|| {
            Error::config(
                format!("response_type {text} is none that is known here"),
                "ask for code, id_token, token in any combination, or none",
            )
        })?;
        if parsed.token && !parsed.code && !parsed.id_token && !implicit {
            return Err(Error::config(
                "response_type token alone is the implicit grant, which OAuth 2.1 has removed",
                "ask for code; where a server knows nothing better, legacy::implicit(request) asks for it",
            ));
        }
        Ok(parsed)
    }

    /// The registered name.
    pub(crate) fn name(self) -> &'static str {
        match (self.code, self.id_token, self.token) {
            (false, false, false) => "none",
            (true, false, false) => "code",
            (false, true, false) => "id_token",
            (false, false, true) => "token",
            (true, true, false) => "code id_token",
            (true, false, true) => "code token",
            (false, true, true) => "id_token token",
            (true, true, true) => "code id_token token",
        }
    }

    /// Whether the answer comes in the fragment where no response mode says otherwise (section 5).
    pub(crate) fn fragment(self) -> bool {
        self.id_token || self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter() {
        for (text, name) in [
            ("code", "code"),
            ("none", "none"),
            ("id_token", "id_token"),
            ("token id_token", "id_token token"),
            ("id_token code", "code id_token"),
            ("token code", "code token"),
            ("token id_token code", "code id_token token"),
        ] {
            assert_eq!(ResponseType::of_request(&text.into(), false).unwrap().name(), name);
        }
    }

    #[test]
    fn unknown_ones_and_a_token_alone_are_refused() {
        for text in ["device", "code none", "none code", "code device", "token", "Code"] {
            assert!(ResponseType::of_request(&text.into(), false).is_err(), "{text}");
        }
        assert_eq!(ResponseType::of_request(&"token".into(), true).unwrap().name(), "token");
        assert_eq!(ResponseType::parse(&"".into()), None);
    }
}
