//! Client-initiated backchannel authentication, [CIBA Core](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html):
//! the server asks a person on their own device, and no browser of the program's takes part.
//!
//! ```text
//! BackchannelAuthenticationRequest -> Client::backchannel -> BackchannelAuthentication
//!     poll:  the token endpoint is asked until the person has decided
//!     ping:  a Notification says when to ask it
//!     push:  a Notification brings the token
//! ```
//!
//! Which of the three is settled where the client is registered.

mod inbox;
mod notification;
mod request;
mod request_object;

pub use inbox::NotificationInbox;
pub use notification::{Notification, PushedToken, answer};
pub use request::{BackchannelAuthenticationRequest, Delivery};

use super::device_code::whole_and_fraction;
use super::polling::{Openid, Polling, Schedule};
use super::{Grant, GrantContext, TokenParameters};
use crate::client::{Client, Proof};
use crate::error::{Error, Result};
use crate::oidc::{IdTokenExpectations, id_token};
use crate::ports::{BoxFuture, Cancel};
use crate::wire::form::Params;
use crate::{Scope, Secret, UnixTime};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const STAGE: &str = "backchannel authentication request";

impl Client {
    /// Asks the server to have a person confirm on their own device.
    ///
    /// # Errors
    /// [`Error::Server`] when the server said no, such as `unknown_user_id` or `missing_user_code`; [`Error::Rule`] when its answer
    /// breaks a rule; [`Error::Config`] when the request can't be made; as [`metadata`](Self::metadata).
    pub async fn backchannel(
        &self,
        mut request: BackchannelAuthenticationRequest,
    ) -> Result<BackchannelAuthentication> {
        request.check()?;
        let metadata = self.metadata().await?;
        if request.hint.0 == "id_token_hint" {
            let mut hint = Some(request.hint.1.clone());
            id_token::as_hint(self, &metadata, &mut hint).await;
            request.hint.1 = hint.unwrap_or_default();
        }
        request.make_notification_token(&*self.ports().entropy)?;
        let expected = match (&request.inbox, &request.notification_token) {
            (Some(inbox), Some(token)) => Some(inbox.expect_token(token, request.delivery, self.now())?),
            _ => None,
        };
        let form = match &request.signer {
            Some(signer) => {
                let issuer = metadata.issuer.as_deref();
                let context = request_object::Context {
                    client_id: self.client_id(),
                    issuer,
                    now: self.now(),
                    entropy: &*self.ports().entropy,
                };
                let signed = request_object::sign(&request.params(), &**signer, &context).await?;
                Params::new().with("request", signed)
            }
            None => request.params(),
        };
        // A pushed token is bound to the key that is shown here (CIBA section 5).
        let proof = if request.delivery.may_push() { Proof::By(None) } else { Proof::None };
        let sent_at = self.now();
        let asked = self.ask(STAGE, &metadata, "backchannel_authentication_endpoint", form, proof).await?;
        let issuer = metadata.issuer.as_deref();
        let pending = request
            .judge(&asked.answer, self.client_id(), issuer, sent_at, asked.bound_to.clone())
            .map_err(|error| asked.explain(error))?;
        if let Some(expected) = expected {
            expected.answered(&pending);
        }
        tracing::info!(client_id = self.client_id(), issuer, "backchannel authentication started");
        Ok(pending)
    }

    /// Waits for a person's decision: asks the token endpoint, or, where the mode is ping or push and there is an inbox, is told
    /// by what comes in there.
    ///
    /// # Errors
    /// [`Error::Config`] when the mode is push and there is no inbox, or another client asked.
    pub fn backchannel_polling(
        &self,
        pending: BackchannelAuthentication,
        inbox: Option<&NotificationInbox>,
    ) -> Result<Polling> {
        if pending.client_id != self.client_id() {
            return Err(Error::config(
                "the authentication was asked for by another client",
                "wait for it with the client that asked: the answer is for that one",
            ));
        }
        match (pending.delivery, inbox) {
            (Delivery::Poll, _) | (Delivery::Ping, None) => self.polling(Arc::new(pending.into_grant()?)),
            (Delivery::Push | Delivery::Notified, None) => Err(pushed_elsewhere()),
            (_, Some(inbox)) => {
                let polling = self.polling(Arc::new(pending.ciba()))?;
                Ok(polling.until_noticed(Arc::new(inbox.expect(pending, self.now())?)))
            }
        }
    }
}

fn pushed_elsewhere() -> Error {
    Error::config(
        "the token is pushed, so the token endpoint must not be asked",
        "hand over the inbox that the notification comes in by, or judge it with Notification::read(..)",
    )
}

/// A backchannel authentication under way: what a notification is checked against, and what gets the token. It serves once.
///
/// It can be kept: serializing it reveals what a notification must show and what gets the token; `Debug` does not.
#[derive(Serialize, Deserialize)]
pub struct BackchannelAuthentication {
    auth_req_id: Secret,
    #[serde(with = "whole_and_fraction")]
    expires_in: Duration,
    #[serde(with = "whole_and_fraction")]
    interval: Duration,
    requested_at: UnixTime,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    delivery: Delivery,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    acr_values: Scope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_thumbprint: Option<String>,
    parameters: TokenParameters,
}

impl BackchannelAuthentication {
    /// What the server calls the request: to find it again when a notification comes.
    pub fn auth_req_id(&self) -> &Secret {
        &self.auth_req_id
    }

    /// Until when the person may decide.
    pub fn expires_at(&self) -> UnixTime {
        self.requested_at.after(self.expires_in)
    }

    /// The pause between two token requests that the server asked for; 5 s where it named none.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// How the outcome comes.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The client that asked.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What was asked for.
    pub fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    /// The grant that brings the token once the person has confirmed.
    ///
    /// # Errors
    /// [`Error::Config`] when the mode is or may be push: the token endpoint must not be asked then (CIBA section 11).
    pub fn into_grant(self) -> Result<Ciba> {
        if self.delivery.may_push() {
            return Err(pushed_elsewhere());
        }
        Ok(self.ciba())
    }

    fn ciba(&self) -> Ciba {
        Ciba {
            auth_req_id: self.auth_req_id.clone(),
            parameters: self.parameters.clone(),
            schedule: Schedule {
                what: "the authentication request",
                openid: Some(Openid { expected: self.expectations(), issuer: self.issuer.clone(), always: true }),
                issuer: self.issuer.clone(),
                // CIBA section 10.1.
                ..Schedule::new(self.requested_at, self.expires_in).interval(self.interval).from_sending()
            },
        }
    }

    fn expectations(&self) -> IdTokenExpectations {
        let mut expected = IdTokenExpectations::new().acr_values(self.acr_values.clone());
        expected.auth_req_id = Some(self.auth_req_id.clone());
        expected
    }
}

impl std::fmt::Debug for BackchannelAuthentication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackchannelAuthentication")
            .field("delivery", &self.delivery)
            .field("expires_at", &self.expires_at())
            .field("interval", &self.interval)
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Gets the token once a person has confirmed: [CIBA section
/// 10.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_request). Whatever asks
/// with it waits as [`polling`](super::polling) tells, and verifies the ID token.
#[derive(Debug, Clone)]
pub struct Ciba {
    auth_req_id: Secret,
    parameters: TokenParameters,
    schedule: Schedule,
}

impl Ciba {
    /// Ends the waits when this is thrown.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.schedule = self.schedule.cancel(cancel);
        self
    }
}

impl Grant for Ciba {
    fn grant_type(&self) -> &str {
        "urn:openid:params:grant-type:ciba"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("auth_req_id", &self.auth_req_id)) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    // Settled at the backchannel authentication endpoint.
    fn sends_scope(&self) -> bool {
        false
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn polling(&self) -> Option<Schedule> {
        Some(self.schedule.clone())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::grant::polling::DEFAULT_INTERVAL;
    use bytes::Bytes;
    use serde_json::{Value, json};

    pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);
    pub(crate) const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

    fn judge(body: &Value) -> Result<BackchannelAuthentication> {
        let answer = http::Response::new(Bytes::from(body.to_string()));
        let request = BackchannelAuthenticationRequest::login_hint("s3cret-l").delivery(Delivery::Ping);
        let request = request.notification_token(TOKEN).acr_values("high").resource("https://api.example/");
        request.judge(&answer, "s6BhdRkqt3", Some("https://server.example.com"), NOW, None)
    }

    pub(crate) fn pending(delivery: Delivery) -> BackchannelAuthentication {
        let body = json!({"auth_req_id": "1c266114-a1be-4252-8ad1-04986c5b9ac1", "expires_in": 120});
        BackchannelAuthentication { delivery, ..judge(&body).unwrap() }
    }

    #[test]
    fn auth_req_id_and_expires_in_are_required_and_the_interval_is_five_seconds() {
        for bad in [
            json!({"expires_in": 120}),
            json!({"auth_req_id": "", "expires_in": 120}),
            json!({"auth_req_id": 7, "expires_in": 120}),
            json!({"auth_req_id": "a"}),
            json!({"auth_req_id": "a", "expires_in": 0}),
            json!({"auth_req_id": "a", "expires_in": -1}),
            json!({"auth_req_id": "a", "expires_in": []}),
        ] {
            let error = judge(&bad).unwrap_err();
            assert!(error.to_string().contains("CIBA section 7.3"), "{error}");
        }
        let pending = pending(Delivery::Poll);
        assert_eq!((pending.interval(), pending.expires_at()), (DEFAULT_INTERVAL, NOW.after(Duration::from_secs(120))));
    }

    #[test]
    fn no_server_keeps_a_place_for_ever() {
        let pending = judge(&json!({"auth_req_id": "a", "expires_in": 1e300})).unwrap();
        assert_eq!(pending.expires_at(), NOW.after(Duration::from_secs(30 * 86_400)));
    }

    #[test]
    fn one_that_is_pending_can_be_kept_and_debug_shows_no_secret() {
        let kept = serde_json::to_value(pending(Delivery::Push)).unwrap();
        let again: BackchannelAuthentication = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), kept);
        let request =
            BackchannelAuthenticationRequest::login_hint("s3cret-l").user_code("s3cret-u").notification_token("s3cret");
        let shown = format!("{again:?} {request:?} {:?}", again.ciba());
        assert!(!shown.contains("s3cret") && !shown.contains("1c266114") && !shown.contains(TOKEN), "{shown}");
    }

    #[test]
    fn the_token_endpoint_is_not_asked_for_what_is_pushed() {
        assert!(pending(Delivery::Push).into_grant().is_err());
        assert!(pending(Delivery::Ping).into_grant().is_ok());
    }
}
