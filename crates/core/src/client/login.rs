//! Logging a person in: from the URL to the token and the ID token.

use super::{Client, Server, tell};
use crate::authorization::jarm::Signed;
use crate::authorization::request::{Additions, Prepared};
use crate::authorization::response::{Read, Unverified};
use crate::authorization::{
    AuthorizationRequest, AuthorizationResponse, Callback, Granted, Pending, RequestContext, authorization_details,
    request_object,
};
use crate::error::{Error, Result, RuleViolation};
use crate::grant::{AuthorizationCode, TokenParameters};
use crate::hooks;
use crate::metadata::{AuthorizationServer, TENANT};
use crate::oidc::{IdToken, IdTokenExpectations, id_token};
use crate::rules::Rules;
use crate::{Token, UnverifiedIdToken, wire};
use url::Url;

const CORE: &str = "OpenID Connect Core section 3.1.3.3";

impl Client {
    /// Starts an authorization: the URL to send the person to, and what the callback must be checked against. The request goes
    /// in the URL, signed or not, or is pushed, as the client's configuration, the request or the server's metadata want it.
    ///
    /// # Errors
    /// [`Error::Config`] when the request can't be made, or not as the server requires it; as [`metadata`](Self::metadata) where
    /// that has to be fetched, and as [`pushed::judge`](crate::authorization::pushed::judge) where it is pushed.
    pub async fn start(&self, request: AuthorizationRequest) -> Result<(Url, Pending)> {
        let metadata = self.metadata().await?;
        let mut prepared = self.prepare(request, &metadata).await?;
        let object = self.request_object(&metadata, &prepared).await?;
        let url = if self.pushes(&metadata, &prepared) {
            Box::pin(self.push(&metadata, &mut prepared, object)).await?
        } else if let Some(object) = object {
            request_object::check_by_value(&metadata)?;
            prepared.url_with(request_object::outside(&prepared, self.inner.config.rules), &[("request", &object)])
        } else {
            prepared.url()
        };
        Ok((self.started(&metadata, &url).await?, prepared.pending))
    }

    /// Checks a request against the configuration and the metadata, and makes what is to be made.
    pub(crate) async fn prepare(
        &self,
        mut request: AuthorizationRequest,
        metadata: &AuthorizationServer,
    ) -> Result<Prepared> {
        hooks::shape_request(&self.inner.config.hooks, &mut request).await?;
        id_token::as_hint(self, metadata, request.id_token_hint_mut()).await;
        let config = &self.inner.config;
        if let Some(rules) = config.rules {
            rules.shape(&mut request);
        }
        let context = RequestContext {
            client_id: self.client_id(),
            issuer: metadata.issuer.as_deref(),
            authorization_endpoint: metadata.require("authorization_endpoint")?,
            iss_parameter_supported: metadata.authorization_response_iss_parameter_supported.unwrap_or(false)
                || config.rules.is_some_and(Rules::requires_iss),
            redirect_uri: config.redirect_uri.as_deref(),
            entropy: &*self.inner.ports.entropy,
            now: self.now(),
            allow_http: config.allow_http,
        };
        let additions = Additions {
            parameters: config.token_type.authorization_parameters(),
            encrypted_answers: config.authorization.answers.encryption.is_some(),
        };
        let prepared = request.prepare(&context, additions)?;
        if let Some(rules) = config.rules {
            rules.check_request(&prepared)?;
            if prepared.pending.expects_signed() {
                rules.check_answers(config.authorization.answers.algorithm())?;
            }
        }
        let bound = config.token_type.needs_proof() || config.token_type.over_mtls();
        if bound && prepared.pending.response_type()?.token {
            return Err(Error::config(
                "this client's tokens are bound, and one that comes through the browser is bound to no key",
                "leave token out of the response_type (RFC 8705 section 6.4, RFC 9449 section 5)",
            ));
        }
        authorization_details::check(prepared.pending.authorization_details(), metadata)?;
        if prepared.pending.expects_signed() {
            config.authorization.answers.check_against(metadata)?;
        }
        Ok(prepared)
    }

    /// The URL, once the hooks have seen it.
    pub(crate) async fn started(&self, metadata: &AuthorizationServer, url: &str) -> Result<Url> {
        let mut url = wire::url::parse("the authorization request", url)?;
        hooks::shape_url(&self.inner.config.hooks, &mut url).await?;
        tracing::info!(client_id = self.client_id(), issuer = metadata.issuer.as_deref(), "authorization started");
        Ok(url)
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
        let read = Read::at(pending, &callback.into(), self.now());
        let outcome = match read {
            Ok(Read::Plain(read)) => self.vouched(read, issuer.as_deref()).await,
            Ok(Read::Signed(signed)) => Box::pin(self.opened(signed, issuer.as_deref())).await,
            Err(error) => Err(error),
        };
        outcome.inspect_err(|error| {
            let span = tracing::info_span!("authorization_response", client_id = self.client_id(), issuer);
            span.in_scope(|| tell(Err(error)));
        })
    }

    async fn opened(&self, signed: Signed, issuer: Option<&str>) -> Result<AuthorizationResponse> {
        let read = self.open_response(signed).await?;
        self.vouched(read, issuer).await
    }

    async fn vouched(&self, read: Unverified, issuer: Option<&str>) -> Result<AuthorizationResponse> {
        let Some(raw) = &read.id_token else { return Ok(read.verified(None)) };
        let mut expected = read.expectations();
        expected.s_hash_required = self.inner.config.rules.is_some_and(Rules::requires_s_hash);
        let id_token = self.verify_id_token(raw, &expected).await?;
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
            let parameters = login_parameters(&response);
            let token = response.take_token().ok_or_else(|| {
                Error::config(
                    format!("response_type {} brings no access token", response.response_type()),
                    "end it with identify(..), which returns the ID token",
                )
            })?;
            let granted_details = authorization_details::compared(parameters.authorization_details.as_ref(), &token);
            return Ok(Login { token, id_token: front, session_state, parameters, granted_details });
        }
        let expected = response.id_token_expectations();
        let issuer = response.issuer().map(str::to_owned);
        let asked_openid = response.scope().contains("openid");
        let parameters = login_parameters(&response);
        let grant = AuthorizationCode::new(response)?;
        let token = self.token(&grant).await?;
        let id_token = match asked_openid && self.can_verify_id_tokens() {
            true => Some(self.identify_by(&token, expected, issuer.as_deref(), front.as_ref()).await?),
            false => None,
        };
        let granted_details = authorization_details::compared(parameters.authorization_details.as_ref(), &token);
        Ok(Login { token, id_token, session_state, parameters, granted_details })
    }

    /// The ID token that came with a login's token, verified.
    pub(crate) async fn identify_by(
        &self,
        token: &Token,
        expected: IdTokenExpectations,
        issuer: Option<&str>,
        front: Option<&IdToken>,
    ) -> Result<IdToken> {
        let raw = token.id_token.as_ref().ok_or_else(|| {
            RuleViolation::new("token request", "the answer has an ID token", CORE)
                .expected("id_token, since openid was asked for")
                .got("no such member")
                .hint("leave openid out of the scope where the server is no OpenID Provider")
        })?;
        let id_token = self.login_id_token(raw, expected, token, front).await?;
        check_issuer(issuer, &id_token)?;
        Ok(id_token)
    }

    /// Whether there is a key to verify by. A client of single endpoints that was told none is one of plain OAuth: an ID token
    /// that comes all the same stays an [`UnverifiedIdToken`].
    pub(crate) fn can_verify_id_tokens(&self) -> bool {
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

/// What was asked for, authorization details included: they were settled at the authorization endpoint and are not asked for
/// again, but tell this login's token from another's.
fn login_parameters(response: &AuthorizationResponse) -> TokenParameters {
    let mut parameters = AuthorizationCode::parameters_of(response);
    parameters.authorization_details = response.authorization_details().cloned();
    parameters
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
    /// What was granted of the authorization details asked for, where the server said (RFC 9396 section 7).
    pub granted_details: Option<Granted>,
}
