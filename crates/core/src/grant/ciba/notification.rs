//! What the server sends to the client notification endpoint: [CIBA sections 10.2, 10.3 and
//! 12](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#ping_callback).

use super::{BackchannelAuthentication, Delivery};
use crate::Secret;
use crate::authorization::authorization_details;
use crate::client::{Client, Login};
use crate::endpoint::token;
use crate::error::{Error, Result, RuleViolation, ServerError};
use crate::wire::json;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::sync::Arc;

pub(super) const STAGE: &str = "backchannel notification";
const MOST_BYTES: usize = 64 * 1024;
const BEARER: &str = "the bearer token is the client_notification_token that was sent";

/// A notification that was judged against the request it is about.
///
/// ```no_run
/// # use grantee_core::grant::ciba::{BackchannelAuthentication, Notification, answer};
/// # fn handle(pending: &BackchannelAuthentication, headers: &http::HeaderMap, body: &[u8]) -> http::Response<bytes::Bytes> {
/// let outcome = Notification::read(pending, headers, body);
/// answer(&outcome)    // 204; 401 where the bearer token is wrong
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notification {
    /// Ping: the token endpoint has the outcome, whatever it is.
    Ping,
    /// Push: a token, which [`Client::pushed`] verifies.
    Push(PushedToken),
    /// Push: no token will come, and why (CIBA section 12).
    Error(Arc<ServerError>),
}

/// A token that was pushed and that nobody has verified.
#[derive(Clone)]
pub struct PushedToken(Map<String, Value>);

impl std::fmt::Debug for PushedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushedToken(..)")
    }
}

impl Notification {
    /// Judges what was posted: that it shows the `client_notification_token` (compared in constant time), that it is about this
    /// very request, and what it holds in the mode that the client is registered for.
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken; [`answer`] makes of it what the server is told.
    pub fn read(pending: &BackchannelAuthentication, headers: &HeaderMap, body: &[u8]) -> Result<Self> {
        let shown = bearer(headers)?;
        if pending.notification_token.as_ref() != Some(&shown) {
            return Err(wrong_bearer("another token"));
        }
        let members = members(body)?;
        if auth_req_id(&members)? != pending.auth_req_id {
            return Err(other_request());
        }
        Self::of(pending.delivery, members)
    }

    /// What the members say, once they are known to be about the right request.
    pub(super) fn of(delivery: Delivery, members: Map<String, Value>) -> Result<Self> {
        // A ping holds nothing that a push must have (CIBA sections 10.2, 10.3 and 12).
        let is_bare = || ["access_token", "id_token", "error"].iter().all(|name| !members.contains_key(*name));
        if !delivery.may_push() || delivery == Delivery::Notified && is_bare() {
            return Ok(Self::Ping);
        }
        if let Some(error) = members.get("error") {
            let code = error.as_str().filter(|code| !code.is_empty()).ok_or_else(|| {
                RuleViolation::new(STAGE, "an error is a code", "CIBA section 12").got(json::kind(Some(error)))
            })?;
            let mut error = ServerError::new(STAGE, code);
            error.description = json::text(&members, "error_description");
            error.members = members;
            return Ok(Self::Error(Arc::new(error)));
        }
        for name in ["access_token", "id_token"] {
            if !matches!(members.get(name), Some(Value::String(token)) if !token.is_empty()) {
                return Err(RuleViolation::new(
                    STAGE,
                    "a push has an access token and an ID token",
                    "CIBA section 10.3.1",
                )
                .expected(name)
                .got(json::kind(members.get(name)))
                .into());
            }
        }
        Ok(Self::Push(PushedToken(members)))
    }
}

/// What to answer to the server: 204 when all is well, 401 for a wrong bearer token, else 400 with an OAuth error as JSON; never a
/// redirect (CIBA section 10.2). The error names the rule and nothing of what came.
pub fn answer<T>(outcome: &Result<T>) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::new());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Err(error) = outcome else {
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    };
    let body = match error {
        Error::Rule(broken) if broken.rule == BEARER => {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
            return response;
        }
        Error::Rule(broken) => serde_json::json!({
            "error": "invalid_request",
            "error_description": format!("rule broken: {} ({})", broken.rule, broken.spec),
        }),
        // What ails this program is nobody else's business.
        _ => serde_json::json!({"error": "server_error", "error_description": "the notification could not be taken"}),
    };
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Bytes::from(body.to_string());
    response
}

impl Client {
    /// Verifies a pushed token: its ID token is the signature over all of it, so it is for this client, of the issuer that was
    /// asked, and names the access token (`at_hash`), the refresh token where there is one (`rt_hash`), and the request.
    ///
    /// # Errors
    /// [`Error::Rule`] names the rule that is broken; why the keys can't be had.
    pub async fn pushed(&self, pending: &BackchannelAuthentication, push: &PushedToken) -> Result<Login> {
        let config = &self.inner.config;
        let mut members = push.0.clone();
        members.remove("auth_req_id");
        let asked = token::Asked {
            scope: pending.parameters.scope.clone(),
            sent_at: Some(self.now()),
            assumed_token_type: config.assumed_token_type.clone(),
        };
        let token = token::from_members(STAGE, members, &asked)?;
        let token = config.token_type.accept(token, pending.key_thumbprint.clone())?;
        // Whoever knows the address may send there, so nothing that the ID token leaves out is believed.
        let mut expected = pending.expectations().front_channel();
        expected.refresh_token.clone_from(&token.refresh_token);
        let id_token = self.identify_by(&token, expected, pending.issuer.as_deref(), None).await?;
        let parameters = pending.parameters.clone();
        let granted_details = authorization_details::compared(parameters.authorization_details.as_ref(), &token);
        Ok(Login { token, id_token: Some(id_token), session_state: None, parameters, granted_details })
    }
}

/// The one bearer token of a request (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Result<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            let value = value.to_str().unwrap_or_default();
            match value.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => {
                    Ok(Secret::new(token.trim_matches(' ')))
                }
                _ => Err(wrong_bearer("another scheme")),
            }
        }
        (None, _) => Err(wrong_bearer("no Authorization header")),
        _ => Err(wrong_bearer("several Authorization headers")),
    }
}

pub(super) fn wrong_bearer(got: &str) -> Error {
    RuleViolation::new(STAGE, BEARER, "CIBA section 10.2")
        .expected("Authorization: Bearer and the token sent")
        .got(got)
        .into()
}

pub(super) fn other_request() -> Error {
    RuleViolation::new(STAGE, "auth_req_id is that of the request", "CIBA section 10.2")
        .expected("the one that goes with this bearer token")
        .got("another")
        .into()
}

pub(super) fn members(body: &[u8]) -> Result<Map<String, Value>> {
    if body.len() > MOST_BYTES {
        return Err(RuleViolation::new(STAGE, "a message is of bounded size", "RFC 9700 section 4")
            .expected("at most 64 KiB")
            .got(format_args!("{} bytes", body.len()))
            .into());
    }
    json::object(STAGE, body)
}

pub(super) fn auth_req_id(members: &Map<String, Value>) -> Result<Secret> {
    match members.get("auth_req_id") {
        Some(Value::String(id)) => Ok(Secret::new(id.as_str())),
        other => Err(RuleViolation::new(STAGE, "a notification has an auth_req_id", "CIBA section 10.2")
            .expected("a string")
            .got(json::kind(other))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TOKEN, pending};
    use super::*;
    use serde_json::json;

    const ID: &str = "1c266114-a1be-4252-8ad1-04986c5b9ac1";

    fn headers(authorization: &[&str]) -> HeaderMap {
        authorization.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    fn read(delivery: Delivery, body: &Value) -> Result<Notification> {
        let bearer = format!("Bearer {TOKEN}");
        Notification::read(&pending(delivery), &headers(&[&bearer]), body.to_string().as_bytes())
    }

    #[test]
    fn a_wrong_bearer_token_is_401_whatever_the_body() {
        let (right, lower) = (format!("Bearer {TOKEN}"), format!("bEARER {TOKEN}"));
        let body = json!({"auth_req_id": ID}).to_string();
        for wrong in [&[][..], &["Bearer x"], &["Bearer "], &["Basic x"], &[TOKEN], &[&right, &right], &["Bearer"]] {
            for body in [body.as_bytes(), b"", b"{"] {
                let outcome = Notification::read(&pending(Delivery::Ping), &headers(wrong), body);
                let answered = answer(&outcome);
                assert_eq!(answered.status(), 401, "{wrong:?}");
                assert_eq!(answered.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
                assert!(answered.body().is_empty());
            }
        }
        let outcome = Notification::read(&pending(Delivery::Ping), &headers(&[&lower]), body.as_bytes());
        assert_eq!((answer(&outcome).status(), answer(&outcome).body().len()), (StatusCode::NO_CONTENT, 0));
    }

    #[test]
    fn one_without_a_notification_token_takes_none() {
        let mut pending = pending(Delivery::Ping);
        pending.notification_token = None;
        let body = json!({"auth_req_id": ID}).to_string();
        let outcome = Notification::read(&pending, &headers(&["Bearer "]), body.as_bytes());
        assert_eq!(answer(&outcome).status(), 401);
    }

    #[test]
    fn a_ping_is_about_this_very_request() {
        assert!(matches!(read(Delivery::Ping, &json!({"auth_req_id": ID, "more": 1})), Ok(Notification::Ping)));
        for bad in [json!({"auth_req_id": "other"}), json!({}), json!({"auth_req_id": 7}), json!([])] {
            let outcome = read(Delivery::Ping, &bad);
            let answered = answer(&outcome);
            assert_eq!(answered.status(), 400, "{bad}");
            assert!(std::str::from_utf8(answered.body()).unwrap().contains("invalid_request"));
            assert!(!outcome.unwrap_err().to_string().contains("1c266114"));
        }
    }

    #[test]
    fn what_is_too_large_or_stands_twice_is_refused() {
        let bearer = headers(&[&format!("Bearer {TOKEN}")]);
        let twice = format!(r#"{{"auth_req_id":"{ID}","auth_req_id":"{ID}"}}"#);
        let large = format!(r#"{{"auth_req_id":"{ID}","x":"{}"}}"#, "x".repeat(MOST_BYTES));
        for body in [twice, large] {
            let outcome = Notification::read(&pending(Delivery::Ping), &bearer, body.as_bytes());
            assert_eq!(answer(&outcome).status(), 400);
        }
    }

    #[test]
    fn a_push_brings_both_tokens_or_an_error() {
        let full = json!({"auth_req_id": ID, "access_token": "s3cret", "token_type": "Bearer", "id_token": "s3cret"});
        let pushed = read(Delivery::Push, &full).unwrap();
        assert!(matches!(pushed, Notification::Push(_)) && !format!("{pushed:?}").contains("s3cret"));
        for name in ["access_token", "id_token"] {
            for value in [json!(""), json!(null), json!(7)] {
                let mut body = full.clone();
                body[name] = value;
                assert_eq!(answer(&read(Delivery::Push, &body)).status(), 400);
            }
        }
        let denied = json!({"auth_req_id": ID, "error": "access_denied", "error_description": "no"});
        match read(Delivery::Push, &denied).unwrap() {
            Notification::Error(error) => {
                assert_eq!((error.error.as_str(), error.description.as_deref()), ("access_denied", Some("no")));
            }
            other => panic!("{other:?}"),
        }
        assert!(read(Delivery::Push, &json!({"auth_req_id": ID, "error": 7})).is_err());
    }
}
