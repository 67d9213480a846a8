//! The Bearer token of a request, [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750), and the challenges that answer it.

use serde_json::{Map, Value};

use crate::{
    Request,
    error::printable,
    response::Response,
    shared::{Shared, lock},
    store::AccessToken,
};

/// A way to present an access token, [RFC 6750 section 2](https://www.rfc-editor.org/rfc/rfc6750#section-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerMethod {
    /// In the `Authorization` field (section 2.1).
    Header,
    /// In a form body (section 2.2).
    Body,
}

/// A challenge: what is wrong with the token of a request.
pub(crate) struct Challenge {
    status: u16,
    error: Option<&'static str>,
    description: &'static str,
    more: Vec<(&'static str, String)>,
}

impl Challenge {
    /// Nothing was presented, so nothing is said about it (RFC 6750 section 3.1).
    fn no_token() -> Self {
        Self { status: 401, error: None, description: "", more: Vec::new() }
    }

    pub(crate) fn new(status: u16, error: &'static str, description: &'static str) -> Self {
        Self { status, error: Some(error), description, more: Vec::new() }
    }

    pub(crate) fn invalid_token() -> Self {
        Self::new(401, "invalid_token", "the token is unknown, expired or revoked")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    pub(crate) fn insufficient_scope(scope: &str) -> Self {
        Self::new(403, "insufficient_scope", "the token lacks a scope").with("scope", scope)
    }
}

impl From<Challenge> for Response {
    fn from(challenge: Challenge) -> Self {
        let mut value = "Bearer realm=\"grantor\"".to_owned();
        let mut members = Map::new();
        if let Some(error) = challenge.error {
            value.push_str(&format!(", error=\"{error}\", error_description=\"{}\"", challenge.description));
            members.insert("error".into(), error.into());
            members.insert("error_description".into(), challenge.description.into());
        }
        for (name, text) in challenge.more {
            value.push_str(&format!(", {name}=\"{}\"", printable(&text)));
            members.insert(name.into(), Value::String(text));
        }
        Response::json(challenge.status, members).header("WWW-Authenticate", value).no_store()
    }
}

/// The valid token of a request, with its value.
pub(crate) fn token_of(shared: &Shared, request: &Request) -> Result<(String, AccessToken), Challenge> {
    token_for(shared, presented(request, None)?)
}

/// The token with that value, if it is good.
pub(crate) fn token_for(shared: &Shared, value: String) -> Result<(String, AccessToken), Challenge> {
    match lock(&shared.store).access(&value) {
        Some(token) => Ok((value, token.clone())),
        None => Err(Challenge::invalid_token()),
    }
}

/// The token in the header field (RFC 6750 section 2.1) or in a form body (section 2.2). The query is not looked at
/// (RFC 9700 section 4.3.2). With `only`, the other way is not looked at either.
pub(crate) fn presented(request: &Request, only: Option<BearerMethod>) -> Result<String, Challenge> {
    let mut found: Vec<String> = request
        .header_all("authorization")
        .filter_map(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned())
        .filter(|_| only != Some(BearerMethod::Body))
        .collect();
    if only != Some(BearerMethod::Header) && request.is_form() && request.method != "GET" {
        found.extend(request.form().into_iter().filter(|(name, _)| name == "access_token").map(|(_, value)| value));
    }
    match found.len() {
        0 => Err(Challenge::no_token()),
        1 => Ok(found.remove(0)),
        _ => Err(Challenge::new(400, "invalid_request", "the token was sent more than once")),
    }
}
