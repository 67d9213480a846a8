//! Logging a person in: from the URL to the token and the ID token.

use super::{Client, Server, tell};
use crate::authorization::response::Unverified;
use crate::authorization::{AuthorizationRequest, AuthorizationResponse, Callback, Pending, RequestContext};
use crate::error::{Error, Result, RuleViolation};
use crate::grant::{AuthorizationCode, Grant as _, TokenParameters};
use crate::hooks;
use crate::metadata::TENANT;
use crate::oidc::{IdToken, IdTokenExpectations, id_token};
use crate::{Token, UnverifiedIdToken};
use url::Url;

const CORE: &str = "OpenID Connect Core section 3.1.3.3";

impl Client {
    /// Starts an authorization: the URL to send the person to, and what the callback must be checked against.
    ///
    /// # Errors
    /// [`Error::Config`] when the request can't be made; as [`metadata`](Self::metadata) where that has to be fetched.
    pub async fn start(&self, mut request: AuthorizationRequest) -> Result<(Url, Pending)> {
        let metadata = self.metadata().await?;
        hooks::shape_request(&self.inner.config.hooks, &mut request).await?;
        id_token::as_hint(self, &metadata, request.id_token_hint_mut()).await;
        let context = RequestContext {
            client_id: self.client_id(),
            issuer: metadata.issuer.as_deref(),
            authorization_endpoint: metadata.require("authorization_endpoint")?,
            iss_parameter_supported: metadata.authorization_response_iss_parameter_supported.unwrap_or(false),
            redirect_uri: self.inner.config.redirect_uri.as_deref(),
            entropy: &*self.inner.ports.entropy,
            now: self.now(),
            allow_http: self.inner.config.allow_http,
        };
        let mut started = request.start(&context)?;
        hooks::shape_url(&self.inner.config.hooks, &mut started.0).await?;
        tracing::info!(client_id = self.client_id(), issuer = metadata.issuer.as_deref(), "authorization started");
        Ok(started)
    }

    /// Judges the callback against what is pending, its ID token included where it has one.
    ///
    /// # Errors
    /// [`Error::Server`] when the person or the server said no, [`Error::Rule`] when the callback is not the answer to
    /// this request.
    pub async fn respond<'a>(
        &self,
        pending: Pending,
        callback: impl Into<Callback<'a>>,
    ) -> Result<AuthorizationResponse> {
        if pending.client_id() != self.client_id() {
            return Err(Error::config(
                "the pending login was started by another client",
                "finish it with the client that started it: its code is for that one",
            ));
        }
        let issuer = pending.issuer().map(str::to_owned);
        // Read before anything is awaited: a callback borrows from its caller.
        let read = Unverified::read_at(pending, &callback.into(), self.now());
        let outcome = match read {
            Ok(read) => self.vouched(read, issuer.as_deref()).await,
            Err(error) => Err(error),
        };
        outcome.inspect_err(|error| {
            let span = tracing::info_span!("authorization_response", client_id = self.client_id(), issuer);
            span.in_scope(|| tell(Err(error)));
        })
    }

    async fn vouched(&self, read: Unverified, issuer: Option<&str>) -> Result<AuthorizationResponse> {
        let Some(raw) = &read.id_token else { return Ok(read.verified(None)) };
        let id_token = self.verify_id_token(raw, &read.expectations()).await?;
        check_issuer(issuer, &id_token)?;
        Ok(read.verified(Some(id_token)))
    }

    /// Judges the callback against what is pending, exchanges its code for a token, and verifies the ID token where
    /// `openid` was asked for. A client of single endpoints verifies it when it was told the keys.
    ///
    /// # Errors
    /// [`Error::Server`] when the person or the server said no, [`Error::Rule`] when the callback is not the answer to
    /// this request or an ID token breaks a rule, and as [`token`](Self::token).
    pub async fn finish<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<Login> {
        let mut response = self.respond(pending, callback).await?;
        let session_state = response.session_state().map(str::to_owned);
        let front = response.id_token().cloned();
        if response.code().is_none() {
            let parameters = AuthorizationCode::parameters_of(&response);
            let token = response.take_token().ok_or_else(|| {
                Error::config(
                    format!("response_type {} brings no access token", response.response_type()),
                    "end it with identify(..), which returns the ID token",
                )
            })?;
            return Ok(Login { token, id_token: front, session_state, parameters });
        }
        let expected = response.id_token_expectations();
        let issuer = response.issuer().map(str::to_owned);
        let asked_openid = response.scope().contains("openid");
        let grant = AuthorizationCode::new(response)?;
        let token = self.token(&grant).await?;
        let verifiable = asked_openid && self.can_verify_id_tokens();
        let id_token = match &token.id_token {
            Some(raw) if verifiable => {
                let id_token = self.login_id_token(raw, expected, &token, front.as_ref()).await?;
                check_issuer(issuer.as_deref(), &id_token)?;
                Some(id_token)
            }
            None if verifiable => {
                return Err(RuleViolation::new("token request", "the answer has an ID token", CORE)
                    .expected("id_token, since openid was asked for")
                    .got("no such member")
                    .hint("leave openid out of the scope where the server is no OpenID Provider")
                    .into());
            }
            _ => None,
        };
        Ok(Login { token, id_token, session_state, parameters: grant.parameters().clone() })
    }

    /// Whether there is a key to verify by. A client of single endpoints that was told none is one of plain OAuth: an ID token
    /// that comes all the same stays an [`UnverifiedIdToken`].
    fn can_verify_id_tokens(&self) -> bool {
        let config = &self.inner.config;
        matches!(config.server, Server::Discover(_))
            || config.members.jwks_uri.is_some()
            || config.jwks.is_some()
            || config.id_token.needs_no_keys()
    }

    /// Ends a login that asked for who the person is and for nothing else: `response_type` `id_token`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish); [`Error::Config`] when the response type brings no ID token in the answer itself.
    pub async fn identify<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<IdToken> {
        if !pending.response_type()?.id_token {
            return Err(Error::config(
                "the login asked for no ID token in the answer itself",
                "end it with finish(..)",
            ));
        }
        let response = self.respond(pending, callback).await?;
        response.id_token().cloned().ok_or_else(|| {
            RuleViolation::new(
                "authorization response",
                "the answer has an ID token",
                "OpenID Connect Core section 3.2.2.5",
            )
            .into()
        })
    }

    async fn login_id_token(
        &self,
        raw: &UnverifiedIdToken,
        expected: IdTokenExpectations,
        token: &Token,
        front: Option<&IdToken>,
    ) -> Result<IdToken> {
        let id_token = self.verify_id_token(raw, &expected.access_token(&token.access_token)).await?;
        if let Some(front) = front
            && (front.issuer(), front.subject()) != (id_token.issuer(), id_token.subject())
        {
            return Err(RuleViolation::new(
                "ID token",
                "both ID tokens of a login are about the same person",
                "OpenID Connect Core section 3.3.3.6",
            )
            .expected("iss and sub of the one in the authorization response")
            .got("others from the token endpoint")
            .into());
        }
        Ok(id_token)
    }
}

/// The metadata may have changed since the login was started.
fn check_issuer(asked: Option<&str>, id_token: &IdToken) -> Result<()> {
    match asked {
        Some(asked) if asked != id_token.issuer() && !asked.contains(TENANT) => {
            Err(RuleViolation::new("ID token", "iss is the issuer that was asked", "RFC 9207 section 2.4")
                .expected(asked)
                .got(id_token.issuer())
                .into())
        }
        _ => Ok(()),
    }
}

/// What a login brought.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Login {
    /// The token.
    pub token: Token,
    /// Who logged in, verified, where `openid` was asked for.
    pub id_token: Option<IdToken>,
    /// The state of the person's session at the server (OpenID Connect Session Management section 2), if it was sent.
    pub session_state: Option<String>,
    /// What was asked for, which later renewals ask for again.
    pub parameters: TokenParameters,
}
