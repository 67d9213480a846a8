//! The authentication request, [CIBA section
//! 7.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request), and its answer.

use super::{BackchannelAuthentication, NotificationInbox, STAGE};
use crate::error::{Error, Result, RuleViolation};
use crate::grant::polling::{DEFAULT_INTERVAL, LONGEST_LIFE};
use crate::grant::{TokenParameters, token_parameters};
use crate::ports::Entropy;
use crate::wire::form::Params;
use crate::wire::json;
use crate::{Scope, Secret, UnixTime};
use bytes::Bytes;
use grantee_jose::signer::Inline;
use grantee_jose::{BlockingSigner, Signer, base64url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// 128 bits in the 64 letters of base64url (CIBA section 7.1).
const SHORTEST_TOKEN: usize = 22;
const LONGEST_TOKEN: usize = 1024;

/// How the outcome comes, as the client is registered (`backchannel_token_delivery_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Delivery {
    /// The token endpoint is asked until there is one.
    Poll,
    /// The server says when to ask the token endpoint. The program may ask all the same.
    Ping,
    /// The server sends the token. The token endpoint must not be asked.
    Push,
    /// Ping or push, as what comes tells: for a program that isn't told how its client is registered. The token endpoint is not
    /// asked before something has come.
    Notified,
}

impl Delivery {
    /// Whether a token may come without the token endpoint being asked.
    pub(super) fn may_push(self) -> bool {
        matches!(self, Self::Push | Self::Notified)
    }
}

/// Asks the server to have a person confirm. Made from exactly one hint to who that is.
///
/// ```
/// use grantee_core::grant::ciba::BackchannelAuthenticationRequest;
/// let request = BackchannelAuthenticationRequest::login_hint("alice@example.com").scope("email").binding_message("W4SCT");
/// ```
#[derive(Clone)]
pub struct BackchannelAuthenticationRequest {
    pub(super) hint: (&'static str, Secret),
    parameters: TokenParameters,
    pub(super) delivery: Delivery,
    pub(super) notification_token: Option<Secret>,
    pub(super) inbox: Option<NotificationInbox>,
    acr_values: Scope,
    binding_message: Option<String>,
    user_code: Option<Secret>,
    requested_expiry: Option<u64>,
    pub(super) signer: Option<Arc<dyn Signer>>,
}

impl BackchannelAuthenticationRequest {
    /// By what the server knows the person by: an email address, a telephone number, a name.
    pub fn login_hint(hint: impl Into<Secret>) -> Self {
        Self::hinted("login_hint", hint.into())
    }

    /// By a token that names the person, of a form that the server has agreed to.
    pub fn login_hint_token(token: impl Into<Secret>) -> Self {
        Self::hinted("login_hint_token", token.into())
    }

    /// By an ID token of an earlier login. One that was encrypted to this client is decrypted first.
    pub fn id_token_hint(id_token: impl Into<Secret>) -> Self {
        Self::hinted("id_token_hint", id_token.into())
    }

    fn hinted(name: &'static str, hint: Secret) -> Self {
        Self {
            hint: (name, hint),
            // The specification knows no request without it.
            parameters: TokenParameters { scope: Some("openid".into()), ..TokenParameters::default() },
            delivery: Delivery::Poll,
            notification_token: None,
            inbox: None,
            acr_values: Scope::default(),
            binding_message: None,
            user_code: None,
            requested_expiry: None,
            signer: None,
        }
    }

    token_parameters!();

    /// OPTIONAL. The wished authentication context classes, the most wished first. The ID token must have one of them.
    #[must_use]
    pub fn acr_values(mut self, acr_values: impl Into<Scope>) -> Self {
        self.acr_values.extend(acr_values);
        self
    }

    /// OPTIONAL. What both devices show, so that the person sees that they belong together: short and plain.
    #[must_use]
    pub fn binding_message(mut self, message: impl Into<String>) -> Self {
        self.binding_message = Some(message.into());
        self
    }

    /// OPTIONAL. The code that the person has with the server against requests that nobody asked for. It must not be kept.
    #[must_use]
    pub fn user_code(mut self, user_code: impl Into<Secret>) -> Self {
        self.user_code = Some(user_code.into());
        self
    }

    /// OPTIONAL. How many seconds the person is wished to have; more than zero.
    #[must_use]
    pub fn requested_expiry(mut self, seconds: u64) -> Self {
        self.requested_expiry = Some(seconds);
        self
    }

    /// The client is registered for ping or push: a `client_notification_token` goes along. Poll where this is not called.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// A `client_notification_token` of the program's own, in the place of 256 bits by chance: 22 to 1,024 characters of a
    /// Bearer token, which nobody can guess.
    #[must_use]
    pub fn notification_token(mut self, token: impl Into<Secret>) -> Self {
        self.notification_token = Some(token.into());
        self
    }

    /// Where the notification comes in. Known before the request is sent, it misses none that comes at once.
    #[must_use]
    pub fn notified_in(mut self, inbox: &NotificationInbox) -> Self {
        self.inbox = Some(inbox.clone());
        self
    }

    /// Where the notification comes in, if that was said.
    pub fn inbox(&self) -> Option<&NotificationInbox> {
        self.inbox.as_ref()
    }

    /// Signs the request ([CIBA section 7.1.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#signed_auth_request)),
    /// with a key of the client's and an asymmetric algorithm, as the client is registered
    /// (`backchannel_authentication_request_signing_alg`).
    #[must_use]
    pub fn signed_by(mut self, signer: impl Signer + 'static) -> Self {
        self.signer = Some(Arc::new(signer));
        self
    }

    /// As [`signed_by`](Self::signed_by), holding the calling thread.
    #[must_use]
    pub fn signed_by_blocking(self, signer: impl BlockingSigner + 'static) -> Self {
        self.signed_by(Inline(signer))
    }

    /// Whether its signer needs an async runtime to make progress. A blocking client refuses such a request.
    pub fn needs_reactor(&self) -> bool {
        self.signer.as_ref().is_some_and(|signer| signer.needs_reactor())
    }

    /// The parameters, all of them in the form or, signed, all of them in the request object.
    pub(super) fn params(&self) -> Params {
        let mut params = Params::new();
        params.push("scope", self.parameters.scope.clone().unwrap_or_default().to_string());
        if let Some(token) = &self.notification_token {
            params.push("client_notification_token", token);
        }
        if !self.acr_values.is_empty() {
            params.push("acr_values", self.acr_values.to_string());
        }
        if let Some(message) = &self.binding_message {
            params.push("binding_message", message.as_str());
        }
        if let Some(user_code) = &self.user_code {
            params.push("user_code", user_code);
        }
        if let Some(seconds) = self.requested_expiry {
            params.push("requested_expiry", seconds.to_string());
        }
        params.push(self.hint.0, &self.hint.1);
        self.parameters.append_all_but_scope(&mut params);
        params
    }

    /// That it can be sent at all.
    pub(super) fn check(&self) -> Result<()> {
        if self.hint.1.is_empty() {
            return Err(Error::config(
                format!("the {} of a backchannel authentication is empty", self.hint.0),
                "the server asks nobody without it",
            ));
        }
        if self.requested_expiry == Some(0) {
            return Err(Error::config("a requested_expiry of 0 s", "leave it out, or ask for a second at least"));
        }
        for (name, _) in self.parameters.other.iter() {
            if OWN.contains(&name) {
                return Err(Error::config(
                    format!("a backchannel authentication request can't take {name:?} by param(..)"),
                    "use the method of that name; hints are chosen when the request is made, and there is one",
                ));
            }
        }
        match &self.notification_token {
            _ if self.delivery == Delivery::Poll && (self.notification_token.is_some() || self.inbox.is_some()) => Err(
                Error::config("nothing is notified in the mode poll", "say delivery(..) as the client is registered"),
            ),
            Some(token) if !is_notification_token(token.reveal()) => Err(Error::config(
                "the client_notification_token is not fit to be one",
                "CIBA section 7.1 wants 22 characters or more for 128 bits, 1,024 at most, of those RFC 6750 section 2.1 allows",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn make_notification_token(&mut self, entropy: &dyn Entropy) -> Result<()> {
        if self.delivery != Delivery::Poll && self.notification_token.is_none() {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes)?;
            self.notification_token = Some(base64url::encode(bytes).into());
        }
        Ok(())
    }

    /// Judges the answer ([CIBA sections 7.3 and 7.4](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#successful_authentication_request_acknowdlegment)).
    /// `sent_at` is when the request was sent, `bound_to` the thumbprint of the key that it showed.
    ///
    /// # Errors
    /// [`Error::Server`] when the server said no, [`Error::Status`] for an error status without an OAuth error,
    /// [`Error::Rule`] for an answer that lacks something.
    pub fn judge(
        self,
        answer: &http::Response<Bytes>,
        client_id: &str,
        issuer: Option<&str>,
        sent_at: UnixTime,
        bound_to: Option<String>,
    ) -> Result<BackchannelAuthentication> {
        let members = crate::endpoint::members(STAGE, answer)?;
        let broken = |expected: &str, name: &str| {
            RuleViolation::new(STAGE, "the answer has all that is required", "CIBA section 7.3")
                .expected(expected)
                .got(json::kind(members.get(name)))
        };
        let auth_req_id = match members.get("auth_req_id") {
            Some(Value::String(id)) if !id.is_empty() => Secret::new(id.as_str()),
            _ => return Err(broken("auth_req_id", "auth_req_id").into()),
        };
        let expires_in = members.get("expires_in").and_then(json::seconds).filter(|life| !life.is_zero());
        Ok(BackchannelAuthentication {
            auth_req_id,
            expires_in: expires_in
                .ok_or_else(|| broken("expires_in, a positive number of seconds", "expires_in"))?
                .min(LONGEST_LIFE),
            interval: members.get("interval").and_then(json::seconds).unwrap_or(DEFAULT_INTERVAL),
            requested_at: sent_at,
            client_id: client_id.to_owned(),
            issuer: issuer.map(str::to_owned),
            delivery: self.delivery,
            notification_token: self.notification_token,
            acr_values: self.acr_values,
            key_thumbprint: bound_to,
            parameters: self.parameters,
        })
    }
}

/// What a hint or a JWT of our own making says must have one source.
const OWN: [&str; 22] = [
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint",
    "login_hint_token",
    "id_token_hint",
    "binding_message",
    "user_code",
    "requested_expiry",
    "request",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "authorization_details",
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "",
];

/// What RFC 6750 section 2.1 calls b64token, long enough that nobody guesses it.
fn is_notification_token(token: &str) -> bool {
    let plain = token.trim_end_matches('=');
    (SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&token.len())
        && plain.len() >= SHORTEST_TOKEN
        && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

// Whom it is about is nobody else's business.
impl std::fmt::Debug for BackchannelAuthenticationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackchannelAuthenticationRequest")
            .field("hint", &self.hint.0)
            .field("parameters", &self.parameters)
            .field("delivery", &self.delivery)
            .field("signed", &self.signer.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::TOKEN;
    use super::*;

    #[test]
    fn a_notification_token_is_long_enough_and_of_bearer_characters() {
        for (token, good) in [
            (TOKEN.to_owned(), true),
            ("a".repeat(22), true),
            ("a".repeat(1024), true),
            ("a".repeat(21), false),
            ("a".repeat(1025), false),
            (format!("{}==", "a".repeat(21)), false),
            (format!("{}==", "a".repeat(22)), true),
            (format!("{} b", "a".repeat(22)), false),
            (format!("{}=b", "a".repeat(22)), false),
            (format!("{}ä", "a".repeat(22)), false),
        ] {
            let request = BackchannelAuthenticationRequest::login_hint("x").delivery(Delivery::Ping);
            assert_eq!(request.notification_token(token.clone()).check().is_ok(), good, "{token}");
        }
    }

    #[test]
    fn one_that_is_made_has_256_bits_and_none_is_made_for_poll() {
        struct Fixed;
        impl Entropy for Fixed {
            fn fill(&self, bytes: &mut [u8]) -> Result<()> {
                bytes.fill(7);
                Ok(())
            }
        }
        for (delivery, length) in [(Delivery::Poll, None), (Delivery::Ping, Some(43)), (Delivery::Push, Some(43))] {
            let mut request = BackchannelAuthenticationRequest::login_hint("x").delivery(delivery);
            request.make_notification_token(&Fixed).unwrap();
            assert_eq!(request.notification_token.as_ref().map(|token| token.reveal().len()), length);
            request.check().unwrap();
        }
    }

    #[test]
    fn there_is_one_hint_and_no_way_to_a_second() {
        let request = BackchannelAuthenticationRequest::id_token_hint("i");
        for name in ["login_hint", "login_hint_token", "id_token_hint", "scope", "request", "iss", "user_code"] {
            assert!(request.clone().param(name, "x").check().is_err(), "{name}");
        }
        assert!(BackchannelAuthenticationRequest::login_hint("").check().is_err());
        let hints = request.params().iter().filter(|(name, _)| name.contains("hint")).count();
        assert_eq!(hints, 1);
    }

    #[test]
    fn scope_has_openid_whatever_else_is_asked_for() {
        let params = BackchannelAuthenticationRequest::login_hint("x").scope("email openid").params();
        assert_eq!(params.get("scope"), Some("openid email"));
    }

    #[test]
    fn requested_expiry_is_positive_and_poll_has_no_notifications() {
        let request = BackchannelAuthenticationRequest::login_hint("x");
        assert!(request.clone().requested_expiry(0).check().is_err());
        assert!(request.clone().notification_token(TOKEN).check().is_err());
        assert!(request.notified_in(&NotificationInbox::new()).check().is_err());
    }
}
