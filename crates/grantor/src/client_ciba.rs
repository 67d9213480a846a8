//! What a client registers for CIBA: the names are those of
//! [section 4](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#registration).

use url::Url;

use crate::{Client, client::is_loopback};

#[derive(Clone, Debug, Default)]
pub(crate) struct CibaRegistration {
    mode: Option<String>,
    endpoint: Option<String>,
    pub(crate) signing_alg: Option<String>,
    pub(crate) user_code: bool,
}

/// How the result gets to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryMode {
    Poll,
    Ping,
    Push,
}

impl Client {
    /// How it gets the result of a CIBA request: `poll` (unless this is called), `ping` or `push`. The latter two need
    /// [`Client::backchannel_client_notification_endpoint`].
    pub fn backchannel_token_delivery_mode(mut self, mode: impl Into<String>) -> Self {
        self.ciba.mode = Some(mode.into());
        self
    }

    /// Where a ping or a push goes: an `http` or `https` address on this machine. Of an `https` one the certificate is not
    /// checked.
    pub fn backchannel_client_notification_endpoint(mut self, url: impl Into<String>) -> Self {
        self.ciba.endpoint = Some(url.into());
        self
    }

    /// Its CIBA requests are signed with that algorithm, by a key of [`Client::jwks`], and none that is not is taken. `iss`,
    /// `aud`, `exp`, `iat`, `nbf` and `jti` all have to be there, `exp` within an hour of `nbf` as in FAPI-CIBA.
    pub fn backchannel_authentication_request_signing_alg(mut self, alg: impl Into<String>) -> Self {
        self.ciba.signing_alg = Some(alg.into());
        self
    }

    /// Whether it sends the user codes of people who have one ([`User::user_code`](crate::User::user_code)). Off unless turned on.
    pub fn backchannel_user_code_parameter(mut self, user_code: bool) -> Self {
        self.ciba.user_code = user_code;
        self
    }

    pub(crate) fn delivery_mode(&self) -> DeliveryMode {
        match self.ciba.mode.as_deref() {
            Some("ping") => DeliveryMode::Ping,
            Some("push") => DeliveryMode::Push,
            _ => DeliveryMode::Poll,
        }
    }

    /// Where it is notified, and whether with everything.
    pub(crate) fn notified_at(&self) -> Option<(&str, DeliveryMode)> {
        match self.delivery_mode() {
            DeliveryMode::Poll => None,
            mode => Some((self.ciba.endpoint.as_deref()?, mode)),
        }
    }

    /// What is wrong with its registration.
    pub(crate) fn check_ciba(&self) -> Result<(), String> {
        let (id, ciba) = (&self.id, &self.ciba);
        let mode = ciba.mode.as_deref().unwrap_or("poll");
        if !matches!(mode, "poll" | "ping" | "push") {
            return Err(format!("client {id}: {mode} is no backchannel_token_delivery_mode"));
        }
        let local =
            |url: &str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && is_loopback(&url));
        match &ciba.endpoint {
            Some(url) if !local(url) => Err(format!("client {id}: notifications go to this machine only")),
            // What is pushed comes of no token request, so there is no key or certificate to bind it to.
            _ if mode == "push" && (self.dpop_bound || self.certificate_bound) => {
                Err(format!("client {id}: what is pushed is bound to nothing, and its tokens have to be"))
            }
            None if mode != "poll" => Err(format!("client {id}: {mode} needs a client notification endpoint")),
            _ => match &ciba.signing_alg {
                Some(alg) if alg == "none" || alg.starts_with("HS") => {
                    Err(format!("client {id}: a CIBA request is signed with a key, not with {alg}"))
                }
                Some(_) if self.jwks.is_none() && self.requests.jwks_uri.is_none() => {
                    Err(format!("client {id}: signed CIBA requests need its jwks"))
                }
                _ => Ok(()),
            },
        }
    }
}
