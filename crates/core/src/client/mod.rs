//! The client: one registration at one authorization server, and the conversations it has there. Written once; both
//! faces wrap it and differ in the ports they hand over.

mod ask;
mod config;
mod config_methods;
mod login;

pub(crate) use ask::{Demanded, Proof};
pub use config::{Config, Server};
pub use login::Login;

use crate::authorization::authorization_details;
use crate::authorization::request::check_resource;
use crate::client_auth::ClientAuth;
use crate::counters::{Counters, Counting};
use crate::endpoint::{introspection, revocation, token};
use crate::error::{Error, Excerpt, Result, RuleViolation, TransportErrorKind};
use crate::grant::{Grant, GrantContext, RefreshToken, TokenParameters, polling};
use crate::hooks::TokenAnswer;
use crate::metadata::cache::MetadataCache;
use crate::metadata::{AuthorizationServer, KeySource};
use crate::oidc::id_token;
use crate::ports::{Cancel, Limits, Ports, Request};
use crate::wire::draft::Draft;
use crate::wire::{self};
use crate::{Token, TokenToActOn, UnixTime};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracing::Instrument as _;
use url::Url;

/// One client at one authorization server. Cheap to clone; clones share metadata, connections and counters.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) ports: Ports,
    pub(crate) counting: Arc<Counting>,
    pub(crate) metadata: Arc<MetadataCache>,
    pub(crate) keys: Arc<KeySource>,
    token_url: wire::url::ParsedOnce,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Client {
    /// Puts a configuration and the ports together. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration can't work.
    pub fn new(mut config: Config, ports: Ports) -> Result<Self> {
        config.check_client()?;
        Self::unregistered(config, ports)
    }

    /// As [`new`](Self::new), for a client that has no identifier yet.
    pub(crate) fn unregistered(mut config: Config, ports: Ports) -> Result<Self> {
        config.apply_rules();
        config.check()?;
        config.check_certificate(&ports)?;
        config.check_rules()?;
        let metadata = Arc::new(MetadataCache::new(&config)?);
        let keys = Arc::new(KeySource::new(config.jwks.clone()));
        let (counting, token_url) = (Arc::default(), wire::url::ParsedOnce::default());
        Ok(Self { inner: Arc::new(Inner { config, ports, counting, metadata, keys, token_url }) })
    }

    /// The same client with another method of authentication, for one request or for some. Both share metadata,
    /// connections and counters.
    #[must_use]
    pub fn authenticated_by(&self, method: Arc<dyn ClientAuth>) -> Self {
        let mut config = self.inner.config.clone();
        config.set_auth(method);
        self.with_config(config)
    }

    /// The same client with another configuration for the same server. Both share metadata, connections and counters.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn configured(&self, mut config: Config) -> Result<Self> {
        config.check_client()?;
        config.apply_rules();
        config.check()?;
        config.check_rules()?;
        Ok(self.with_config(config))
    }

    fn with_config(&self, config: Config) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                ports: self.inner.ports.clone(),
                counting: Arc::clone(&self.inner.counting),
                metadata: Arc::clone(&self.inner.metadata),
                keys: Arc::clone(&self.inner.keys),
                token_url: wire::url::ParsedOnce::default(),
            }),
        }
    }

    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        &self.inner.config.client_id
    }

    /// What this client and its sessions have done so far.
    pub fn counters(&self) -> Counters {
        self.inner.counting.read()
    }

    /// The server's metadata: fetched when first needed, kept for its lifetime, used for longer while the server can't be
    /// reached. A failure is never kept.
    ///
    /// # Errors
    /// As discovery: [`Error::Rule`] where the document breaks one, [`Error::Transport`] or [`Error::Status`] where none came.
    pub async fn metadata(&self) -> Result<Arc<AuthorizationServer>> {
        let metadata = self.inner.metadata.get(self).await?;
        self.check_server_rules(&metadata)?;
        Ok(metadata)
    }

    /// Whether the danger door to plain http is open.
    pub fn allows_http(&self) -> bool {
        self.inner.config.allow_http
    }

    /// The port through which requests go.
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.inner.ports.clock.now()
    }

    /// Gets a token by any grant.
    ///
    /// # Errors
    /// [`Error::Server`] when the server says no; the other variants as their names say.
    pub async fn token(&self, grant: &dyn Grant) -> Result<Token> {
        self.token_noting(grant, &Cancel::new(), &AtomicBool::new(false)).await
    }

    /// As [`token`](Self::token), noting in `sent` that the request is about to be sent. `until` ends the wait for a person.
    pub(crate) async fn token_noting(&self, grant: &dyn Grant, until: &Cancel, sent: &AtomicBool) -> Result<Token> {
        let kind = if grant.grant_type() == "refresh_token" { TokenAnswer::Refresh } else { TokenAnswer::Access };
        let span = tracing::info_span!(
            "token_request",
            client_id = self.client_id(),
            issuer = tracing::field::Empty,
            grant = grant.grant_type()
        );
        async {
            if let Some(schedule) = grant.polling() {
                return polling::token(self, grant, schedule, until, sent).await;
            }
            let outcome = self.request_token(grant, kind, sent).await;
            self.token_request_ended(outcome.as_ref()).await;
            outcome
        }
        .instrument(span)
        .await
    }

    /// Tells of a token request's end, or of that of the last one where several belong together.
    pub(crate) async fn token_request_ended(&self, outcome: Result<&Token, &Error>) {
        match outcome {
            Ok(token) => tracing::info!(outcome = "token", expires_at = token.expires_at.map(UnixTime::seconds)),
            Err(error) => {
                self.inner.counting.token_failures.add();
                tell(Err(error));
                for hook in &self.inner.config.hooks {
                    hook.on_token_error(error).await;
                }
            }
        }
    }

    /// One token request.
    pub(crate) async fn request_token(&self, grant: &dyn Grant, kind: TokenAnswer, sent: &AtomicBool) -> Result<Token> {
        self.inner.counting.token_requests.add();
        if kind == TokenAnswer::Refresh {
            self.inner.counting.refreshes.add();
        }
        if let Some(rules) = self.inner.config.rules {
            rules.check_grant(grant)?;
        }
        let metadata = self.metadata().await?;
        tracing::Span::current().record("issuer", metadata.issuer.as_deref());
        let endpoint = self.endpoint(&metadata, "token_endpoint")?;
        let url = self.inner.token_url.parse("the token_endpoint", endpoint)?;
        wire::url::confidential("the token_endpoint", &url, self.inner.config.allow_http)?;
        let context = GrantContext {
            client_id: self.client_id(),
            issuer: metadata.issuer.as_deref(),
            token_endpoint: endpoint,
            now: self.now(),
            entropy: &*self.inner.ports.entropy,
        };
        let TokenParameters { scope: asked_scope, authorization_details, resources, .. } = grant.parameters();
        resources.iter().try_for_each(|resource| check_resource(resource))?;
        authorization_details::check(authorization_details.as_ref(), &metadata)?;
        let proof = Proof::By(grant.key_thumbprint());
        let mut demanded = Demanded::default();
        let (sent_at, mut exchanged) = loop {
            // Everything is made anew for each request: an assertion serves once.
            let mut draft = Draft::post(url.clone(), token::form(grant, context).await?);
            for hook in &self.inner.config.hooks {
                hook.before_token_request(&mut draft).await?;
            }
            let sent_at = self.now();
            let attempt = self.attempt(token::STAGE, &metadata, draft, proof, &mut demanded, Some(sent));
            if let Some(exchanged) = attempt.await? {
                break (sent_at, exchanged);
            }
        };
        for hook in &self.inner.config.hooks {
            hook.on_token_answer(kind, &mut exchanged.answer).await?;
        }
        let asked = token::Asked {
            // A refresh that names no scope keeps the one first granted, which the grant knows.
            scope: if kind == TokenAnswer::Refresh {
                asked_scope.clone().filter(|_| grant.sends_scope())
            } else {
                asked_scope.clone()
            },
            sent_at: Some(sent_at),
            assumed_token_type: self.inner.config.assumed_token_type.clone(),
        };
        let token = token::judge(&exchanged.answer, &asked).map_err(|error| exchanged.explain(error))?;
        let token = self.inner.config.token_type.accept(token, exchanged.bound_to)?;
        let token = grant.finish(token)?;
        let token = match grant.renews() {
            Some(before) => id_token::continue_login(self, before, token).await?,
            None => token,
        };
        if let (Some(asked), Some(granted)) = (asked_scope, &token.scope)
            && !asked.same_set(granted)
        {
            tracing::warn!(asked = %asked, granted = %Excerpt(&granted.to_string()), "the server granted another scope than was asked for");
        }
        authorization_details::compared(authorization_details.as_ref(), &token);
        Ok(token)
    }

    /// Renews a token with its refresh token. Sessions do this by themselves.
    ///
    /// # Errors
    /// [`Error::Server`] with `invalid_grant` when the refresh token was revoked or already used.
    pub async fn refresh(&self, token: &Token) -> Result<Token> {
        self.token(&RefreshToken::of(token)?).await
    }

    /// Asks the server about a token ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)), authorized as this client.
    ///
    /// # Errors
    /// As [`introspection::judge`].
    pub async fn introspect(&self, token: impl Into<TokenToActOn>) -> Result<introspection::Introspection> {
        self.introspect_with(token.into(), None).await
    }

    /// As [`introspect`](Self::introspect), authorized by a Bearer token in the place of the client's authentication.
    ///
    /// # Errors
    /// As [`introspection::judge`].
    pub async fn introspect_as(
        &self,
        token: impl Into<TokenToActOn>,
        authorization: &Token,
    ) -> Result<introspection::Introspection> {
        self.introspect_with(token.into(), Some(authorization)).await
    }

    async fn introspect_with(
        &self,
        token: TokenToActOn,
        authorization: Option<&Token>,
    ) -> Result<introspection::Introspection> {
        let span = tracing::info_span!("introspection", client_id = self.client_id(), issuer = tracing::field::Empty);
        async {
            let outcome = self.request_introspection(token, authorization).await;
            tell(outcome.as_ref().map(|seen| if seen.active { "active" } else { "inactive" }));
            outcome
        }
        .instrument(span)
        .await
    }

    async fn request_introspection(
        &self,
        token: TokenToActOn,
        authorization: Option<&Token>,
    ) -> Result<introspection::Introspection> {
        let config = &self.inner.config;
        if let Some(rules) = config.rules {
            rules.check_introspection(config.introspection.signed_by())?;
        }
        let metadata = self.metadata().await?;
        tracing::Span::current().record("issuer", metadata.issuer.as_deref());
        let url = self.url_of(&metadata, "introspection_endpoint")?;
        let mut draft = Draft::post(url, introspection::form(&token));
        draft.headers.insert(http::header::ACCEPT, self.accepted_introspection());
        for hook in &self.inner.config.hooks {
            hook.before_introspection_request(&mut draft).await?;
        }
        match authorization {
            Some(token) => {
                // A hook may have moved the request.
                wire::url::confidential("the request's URL", &draft.url, self.allows_http())?;
                let answer = self.present(introspection::STAGE, token, draft.into_request()?).await?;
                self.judge_introspection(&answer, metadata.issuer.as_deref()).await
            }
            None => {
                let asked = self.ask_with(introspection::STAGE, &metadata, draft, Proof::None).await?;
                let judged = self.judge_introspection(&asked.answer, metadata.issuer.as_deref()).await;
                judged.map_err(|error| asked.explain(error))
            }
        }
    }

    /// Revokes a token ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)). `Ok` means that it is gone.
    ///
    /// # Errors
    /// As [`revocation::judge`]: an OAuth error, or a failure without one, after which the token exists still.
    pub async fn revoke(&self, token: impl Into<TokenToActOn>) -> Result<()> {
        let token = token.into();
        let span = tracing::info_span!("revocation", client_id = self.client_id(), issuer = tracing::field::Empty);
        async {
            let outcome = self.request_revocation(token).await;
            tell(outcome.as_ref().map(|()| "revoked"));
            outcome
        }
        .instrument(span)
        .await
    }

    async fn request_revocation(&self, token: TokenToActOn) -> Result<()> {
        let metadata = self.metadata().await?;
        tracing::Span::current().record("issuer", metadata.issuer.as_deref());
        let url = self.url_of(&metadata, "revocation_endpoint")?;
        let mut draft = Draft::post(url, revocation::form(&token));
        for hook in &self.inner.config.hooks {
            hook.before_revocation_request(&mut draft).await?;
        }
        let asked = self.ask_with(revocation::STAGE, &metadata, draft, Proof::None).await?;
        revocation::judge(&asked.answer).map_err(|error| asked.explain(error))
    }

    pub(crate) fn endpoint_url(&self, what: &str, endpoint: &str) -> Result<Url> {
        let url = wire::url::parse(what, endpoint)?;
        wire::url::confidential(what, &url, self.inner.config.allow_http)?;
        Ok(url)
    }

    /// Sends a request to a protocol endpoint and returns what that very endpoint answered.
    pub(crate) async fn exchange(&self, stage: &'static str, request: Request) -> Result<http::Response<Bytes>> {
        let asked = request.uri().clone();
        let limit = Limits::of(&request).body;
        let response = self.inner.ports.http.send(request).await.map_err(|mut error| {
            error.stage = stage;
            if error.kind == TransportErrorKind::TooLarge {
                return RuleViolation::new(stage, "an answer is no larger than allowed", "RFC 9700 section 4")
                    .expected(format!("at most {limit} bytes"))
                    .got("more")
                    .into();
            }
            Error::Transport(error)
        })?;
        if !same_url(&asked, &response.url) {
            return Err(RuleViolation::new(
                stage,
                "the answer comes from the URL that was asked",
                "RFC 9700 section 4.11",
            )
            .expected(wire::url::shown(&asked.to_string()))
            .got(wire::url::shown(&response.url))
            .hint("the HTTP client followed a redirect: hand over one that follows none")
            .into());
        }
        Ok(response.http)
    }
}

/// Refuses an API's answer that came from another origin than the one that was asked: the token went there.
pub(crate) fn same_origin_answer(stage: &'static str, asked: &str, answered: &str) -> Result<()> {
    let same = match (Url::parse(asked), Url::parse(answered)) {
        _ if asked == answered => true,
        (Ok(asked), Ok(answered)) => asked.origin() == answered.origin(),
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(RuleViolation::new(stage, "the answer comes from the origin that was asked", "RFC 9700 section 4.11")
        .expected(wire::url::shown(asked))
        .got(wire::url::shown(answered))
        .hint("the HTTP client followed a redirect: hand over one that follows none")
        .into())
}

pub(crate) fn same_url(asked: &http::Uri, answered: &str) -> bool {
    let parsed = || (Url::parse(&asked.to_string()), Url::parse(answered));
    wire::url::is_exactly(asked, answered) || matches!(parsed(), (Ok(asked), Ok(answered)) if asked == answered)
}

/// Says how a conversation ended, in its span.
pub(crate) fn tell(outcome: Result<&'static str, &Error>) {
    match outcome {
        Ok(outcome) => tracing::info!(outcome),
        Err(error) => tracing::warn!(
            outcome = error.code(),
            server_error = error.server_error().map(|code| tracing::field::display(Excerpt(code))),
            status = error.status()
        ),
    }
}

fn explained(mut error: Error, method: &dyn ClientAuth) -> Error {
    if let Error::Server(server) = &mut error {
        method.explain(Arc::make_mut(server));
    }
    error
}
