//! The errors an endpoint answers with, [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).

use serde_json::{Map, Value};

use crate::response::Response;

#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) description: String,
    challenge: Option<&'static str>,
}

impl OAuthError {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { status: 400, code, description: description.into(), challenge: None }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    /// A 401 always names a scheme the client could have used (RFC 9110 section 15.5.2).
    pub(crate) fn invalid_client(description: impl Into<String>) -> Self {
        Self {
            status: 401,
            code: "invalid_client",
            description: description.into(),
            challenge: Some("Basic realm=\"grantor\""),
        }
    }
}

impl From<OAuthError> for Response {
    fn from(error: OAuthError) -> Self {
        let mut members = Map::new();
        members.insert("error".into(), error.code.into());
        members.insert("error_description".into(), Value::String(printable(&error.description)));
        let response = Response::json(error.status, members).no_store();
        match error.challenge {
            Some(challenge) => response.header("WWW-Authenticate", challenge),
            None => response,
        }
    }
}

/// Keeps the characters that `error_description` may hold (RFC 6749 section 5.2).
pub(crate) fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if allowed(c) { c } else { '?' }).collect()
}
