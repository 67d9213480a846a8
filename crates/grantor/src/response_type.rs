//! What the authorization endpoint answers with,
//! [OAuth 2.0 Multiple Response Type Encoding Practices](https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html).

use crate::callback::ResponseMode;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseType {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

/// All of them, as they stand in the metadata.
pub(crate) const SUPPORTED: [&str; 8] =
    ["code", "none", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token"];

impl ResponseType {
    /// The order of the words does not matter (RFC 6749 section 3.1.1); `none` stands alone (section 4).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parsed = Self::default();
        if text == "none" {
            return Some(parsed);
        }
        for word in text.split(' ') {
            let part = match word {
                "code" => &mut parsed.code,
                "id_token" => &mut parsed.id_token,
                "token" => &mut parsed.token,
                _ => return None,
            };
            if std::mem::replace(part, true) {
                return None;
            }
        }
        Some(parsed)
    }

    /// Whether a token passes through the browser.
    pub(crate) fn is_front_channel(self) -> bool {
        self.id_token || self.token
    }

    /// Section 5: a token never goes into a query unless it must.
    pub(crate) fn default_mode(self) -> ResponseMode {
        if self.is_front_channel() { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_words_does_not_matter_and_a_word_is_no_other() {
        assert_eq!(ResponseType::parse("token code"), ResponseType::parse("code token"));
        assert_eq!(ResponseType::parse("none"), Some(ResponseType::default()));
        for wrong in ["", "none code", "code none", "code code", "codex", "code  token", "CODE"] {
            assert_eq!(ResponseType::parse(wrong), None, "{wrong}");
        }
        assert!(SUPPORTED.iter().all(|text| ResponseType::parse(text).is_some()));
    }
}
