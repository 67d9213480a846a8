//! Pushed authorization requests, [RFC 9126](https://www.rfc-editor.org/rfc/rfc9126): the request goes to the server from here,
//! authenticated, and the browser carries a reference to it.
//!
//! A server that requires it (`require_pushed_authorization_requests`) gets it by itself; else it is by choice, for one request
//! ([`AuthorizationRequest::pushed`]) or for all of a client (its builder's `par`).

use super::pending::Pending;
use super::request::{Additions, AuthorizationRequest, Prepared, RequestContext};
use crate::client::{Client, Proof};
use crate::endpoint;
use crate::error::{Error, Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::rules::Rules;
use crate::wire::form::Params;
use crate::wire::json;
use bytes::Bytes;
use std::time::Duration;
use tracing::Instrument as _;

pub(crate) const STAGE: &str = "pushed authorization request";
const SPEC: &str = "RFC 9126 section 2.2";

/// What a server made of a request that was pushed.
///
/// ```
/// use grantee_core::authorization::pushed::judge;
///
/// let body = r#"{"request_uri": "urn:example:bwc4JK-ESC0w8acc191e-Y1LTC2", "expires_in": 90}"#;
/// let pushed = judge(&http::Response::builder().status(201).body(body.into()).unwrap())?;
/// assert_eq!(pushed.request_uri, "urn:example:bwc4JK-ESC0w8acc191e-Y1LTC2");
/// assert_eq!(pushed.expires_in.as_secs(), 90);
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// REQUIRED. Stands for the request, once.
    pub request_uri: String,
    /// REQUIRED. How long the person may take until they are at the server.
    pub expires_in: Duration,
}

// Whoever knows the reference can start the request in their own browser (RFC 9126 section 7.1).
impl std::fmt::Debug for Pushed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pushed").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Judges an answer: [RFC 9126 section 2.2](https://www.rfc-editor.org/rfc/rfc9126#section-2.2), with any status of success.
///
/// # Errors
/// [`Error::Server`] for an OAuth error under any status, [`Error::Status`] for an
/// error status without one, [`Error::Rule`] for an answer that gives no reference.
pub fn judge(answer: &http::Response<Bytes>) -> Result<Pushed> {
    let members = endpoint::members(STAGE, answer)?;
    let broken = |rule: &'static str, expected: &str, name: &str| {
        RuleViolation::new(STAGE, rule, SPEC).expected(expected).got(match members.get(name) {
            Some(serde_json::Value::Number(number)) => number.to_string(),
            Some(serde_json::Value::String(text)) if !text.is_empty() => "another string".to_owned(),
            other => json::kind(other).to_owned(),
        })
    };
    // A URI is visible ASCII (RFC 3986 section 2); what else comes is put into no browser.
    let is_uri = |uri: &&str| !uri.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic());
    let request_uri = members
        .get("request_uri")
        .and_then(serde_json::Value::as_str)
        .filter(is_uri)
        .ok_or_else(|| broken("the answer has a request_uri", "a URI as a string", "request_uri"))?
        .to_owned();
    let expires_in =
        members.get("expires_in").and_then(serde_json::Value::as_u64).filter(|seconds| *seconds > 0).ok_or_else(
            || broken("the answer says how long it serves", "expires_in as a positive integer", "expires_in"),
        )?;
    Ok(Pushed { request_uri, expires_in: Duration::from_secs(expires_in) })
}

impl AuthorizationRequest {
    /// Makes the form that is pushed, without the client's authentication, and what must be kept until the callback: for a
    /// program that sends it by itself. [`Client::start`] does all of it.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_as_form(self, context: &RequestContext<'_>) -> Result<(Params, Pending)> {
        if self.asks_for_request_object() {
            return Err(Error::config(
                "a request that is signed can't be made without a client",
                "hand it to the client's start(..)",
            ));
        }
        let prepared = self.prepare(context, Additions::default())?;
        Ok((prepared.form(), prepared.pending))
    }
}

impl Client {
    /// Whether a request is to be pushed.
    pub(crate) fn pushes(&self, metadata: &AuthorizationServer, prepared: &Prepared) -> bool {
        prepared.wants_push()
            || self.inner.config.authorization.pushed
            || self.inner.config.rules.is_some_and(Rules::pushes)
            || metadata.require_pushed_authorization_requests == Some(true)
    }

    /// Pushes a request, as itself or as its request object, and returns the URL that refers to it.
    ///
    /// # Errors
    /// [`Error::Config`] where the server has no endpoint for it; as [`judge`].
    pub(crate) async fn push(
        &self,
        metadata: &AuthorizationServer,
        prepared: &mut Prepared,
        object: Option<String>,
    ) -> Result<String> {
        let form = match object {
            // All else is in it (RFC 9126 section 3).
            Some(object) => Params::new().with("client_id", self.client_id()).with("request", object),
            None => prepared.form(),
        };
        let issuer = metadata.issuer.as_deref();
        let span = tracing::info_span!("pushed_authorization_request", client_id = self.client_id(), issuer);
        let pushed = async {
            let outcome = self.request_push(metadata, &mut prepared.pending, form).await;
            crate::client::tell(outcome.as_ref().map(|_| "pushed"));
            outcome
        }
        .instrument(span)
        .await?;
        Ok(prepared.url_with(&["client_id"], &[("request_uri", &pushed.request_uri)]))
    }

    async fn request_push(
        &self,
        metadata: &AuthorizationServer,
        pending: &mut Pending,
        form: Params,
    ) -> Result<Pushed> {
        let sent_at = self.now();
        let asked = {
            let proof = Proof::By(pending.key_thumbprint.as_deref());
            self.ask(STAGE, metadata, "pushed_authorization_request_endpoint", form, proof).await?
        };
        let pushed = judge(&asked.answer).map_err(|error| asked.explain(error))?;
        if self.inner.config.token_type.needs_proof() {
            // A proof binds the code as dpop_jkt does (RFC 9449 section 10.1).
            pending.key_thumbprint = asked.bound_to;
        }
        pending.request_expires_at = Some(sent_at.after(pushed.expires_in));
        Ok(pushed)
    }
}
