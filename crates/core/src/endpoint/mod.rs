//! Endpoints: for each, a function that makes the request and one that judges the answer. Both are pure, so whoever
//! has an HTTP client of their own can use them alone.

pub mod client_configuration;
pub mod discovery;
pub mod end_session;
pub mod introspection;
pub mod introspection_jwt;
pub mod jwks;
pub mod protected_resource;
pub mod registration;
pub mod revocation;
pub mod token;
pub mod userinfo;
pub mod webfinger;

use crate::error::{Error, Result, RuleViolation, ServerError, StatusError};
use crate::wire::json;
use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Judges what is common to the answers of protocol endpoints and returns the members of a successful one.
///
/// # Errors
/// [`Error::Server`] for an OAuth error under any status, [`Error::Status`] for an error status without one, [`Error::Rule`] else.
pub(crate) fn members(stage: &'static str, answer: &http::Response<Bytes>) -> Result<Map<String, Value>> {
    let status = answer.status();
    if status.is_redirection() {
        return Err(RuleViolation::new(
            stage,
            "a protocol endpoint answers and does not redirect",
            "RFC 9700 section 4.11",
        )
        .expected("a status that is no redirect")
        .got(format!("status {}", status.as_u16()))
        .hint("look for a proxy or a login page in front of the endpoint, or a wrong scheme or path in its URL")
        .into());
    }
    let parsed = json::object(stage, answer.body());
    if let Ok(members) = &parsed
        && let Some(error) = server_error(stage, answer, members)
    {
        return Err(Error::Server(Arc::new(error)));
    }
    if !status.is_success() {
        return Err(Error::Status(Arc::new(StatusError::new(stage, answer))));
    }
    parsed
}

/// The `error` member is looked for first, whatever the status: some servers send it with 200.
fn server_error(
    stage: &'static str,
    answer: &http::Response<Bytes>,
    members: &Map<String, Value>,
) -> Option<ServerError> {
    let code = match members.get("error")? {
        Value::String(code) => code.clone(),
        // Some servers send these beside a token. They say that there is no error.
        Value::Null | Value::Bool(false) => return None,
        Value::Object(inner) => json::text(inner, "code").unwrap_or_else(|| "unknown_error".to_owned()),
        other => json::kind(Some(other)).to_owned(),
    };
    let mut error = ServerError::new(stage, code);
    error.description = json::text(members, "error_description");
    error.uri = json::text(members, "error_uri");
    error.status = answer.status().as_u16();
    error.headers = answer.headers().clone();
    error.members = members.clone();
    Some(error)
}
