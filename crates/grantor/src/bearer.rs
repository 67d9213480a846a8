//! The token of a request, [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750), and the challenges that answer it.

use serde_json::{Map, Value};

use crate::{
    Request, binding,
    error::printable,
    protected_resource,
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
    scheme: Scheme,
    status: u16,
    error: Option<&'static str>,
    description: &'static str,
    more: Vec<(&'static str, String)>,
}

impl Challenge {
    /// Nothing was presented, so nothing is said about it (RFC 6750 section 3.1).
    fn no_token() -> Self {
        Self { scheme: Scheme::Bearer, status: 401, error: None, description: "", more: Vec::new() }
    }

    pub(crate) fn new(status: u16, error: &'static str, description: &'static str) -> Self {
        Self { scheme: Scheme::Bearer, status, error: Some(error), description, more: Vec::new() }
    }

    pub(crate) fn invalid_token() -> Self {
        Self::new(401, "invalid_token", "the token is unknown, expired or revoked")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// By that scheme; DPoP says what a proof may be signed with (RFC 9449 section 7.1).
    pub(crate) fn by(mut self, scheme: Scheme, shared: &Shared) -> Self {
        self.scheme = scheme;
        match scheme {
            Scheme::Bearer => self,
            Scheme::Dpop => self.with("algs", shared.config.dpop_algs.join(" ")),
        }
    }

    /// By the scheme that the request presents its token by.
    pub(crate) fn like(self, shared: &Shared, request: &Request) -> Self {
        self.by(scheme_of(request).unwrap_or(Scheme::Bearer), shared).about(shared, request)
    }

    /// Says where the API describes itself, if it does.
    fn about(self, shared: &Shared, request: &Request) -> Self {
        match protected_resource::parameter(shared, request) {
            Some(url) => self.with("resource_metadata", url),
            None => self,
        }
    }

    pub(crate) fn insufficient_scope(scope: &str) -> Self {
        Self::new(403, "insufficient_scope", "the token lacks a scope").with("scope", scope)
    }
}

impl From<Challenge> for Response {
    fn from(challenge: Challenge) -> Self {
        let mut value = format!("{} realm=\"grantor\"", challenge.scheme.name());
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
    token_by(shared, request, None).map_err(|challenge| challenge.about(shared, request))
}

/// A way to present a token in the `Authorization` field. A form body counts as the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    /// [RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1).
    Dpop,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Bearer, Self::Dpop].into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }
}

/// A token as it was presented.
pub(crate) struct Presented {
    pub(crate) scheme: Scheme,
    pub(crate) value: String,
}

/// The scheme that a request presents a token by in its header.
pub(crate) fn scheme_of(request: &Request) -> Option<Scheme> {
    Scheme::parse(request.header("authorization")?.split_once(' ')?.0)
}

/// The same where userinfo may take it in one way alone.
pub(crate) fn token_by(
    shared: &Shared,
    request: &Request,
    only: Option<BearerMethod>,
) -> Result<(String, AccessToken), Challenge> {
    let presented = presented(request, only)?;
    let token = lock(&shared.store).access(&presented.value).cloned();
    let token = token.ok_or_else(|| Challenge::invalid_token().by(presented.scheme, shared))?;
    binding::verify(shared, request, &presented, &token)?;
    Ok((presented.value, token))
}

/// The token in the header field (RFC 6750 section 2.1) or in a form body (section 2.2). The query is not looked at
/// (RFC 9700 section 4.3.2). With `only`, the other way is not looked at either.
pub(crate) fn presented(request: &Request, only: Option<BearerMethod>) -> Result<Presented, Challenge> {
    let mut found: Vec<Presented> = request
        .header_all("authorization")
        .filter_map(|value| value.split_once(' '))
        .filter_map(|(scheme, token)| {
            Some(Presented { scheme: Scheme::parse(scheme)?, value: token.trim().to_owned() })
        })
        .filter(|_| only != Some(BearerMethod::Body))
        .collect();
    if only != Some(BearerMethod::Header) && request.is_form() && request.method != "GET" {
        let tokens = request.form().into_iter().filter(|(name, _)| name == "access_token");
        found.extend(tokens.map(|(_, value)| Presented { scheme: Scheme::Bearer, value }));
    }
    match found.len() {
        0 => Err(Challenge::no_token()),
        1 => Ok(found.remove(0)),
        _ => Err(Challenge::new(400, "invalid_request", "the token was sent more than once")),
    }
}
