//! The blocking client.

use super::ports::{Hook, Http, WhenPolled};
use super::runtime::{ThreadClock, ThreadExecutor, block_on};
use super::session::SessionBuilder;
use crate::entropy::SystemEntropy;
use crate::http::{HttpSettings, http_settings_methods, ureq::UreqHttp};
use grantee_core::authorization::{AuthorizationRequest, Callback, Pending};
use grantee_core::client::{Config, Server};
use grantee_core::client_auth::{ClientAuth, from_fn};
use grantee_core::counters::Counters;
use grantee_core::endpoint::discovery::Where;
use grantee_core::endpoint::introspection::Introspection;
use grantee_core::grant::{Grant, ServiceAccount, Stored};
use grantee_core::metadata::AuthorizationServer;
use grantee_core::ports::Ports;
use grantee_core::preset::Preset;
use grantee_core::rules::{Audit, Rules};
use grantee_core::{Result, Token, TokenToActOn, client_config_methods};
use std::sync::Arc;
use url::Url;

/// A client at one authorization server. Cheap to clone; clones share metadata, connections and counters.
///
#[derive(Debug, Clone)]
pub struct Client {
    core: grantee_core::Client,
    executor: Arc<ThreadExecutor>,
}

impl Client {
    /// A client of the server with this issuer, or with its metadata at this URL. The metadata is fetched when first needed.
    pub fn discover(server: impl Into<Where>) -> ClientBuilder {
        ClientBuilder::new(Config::new(Server::Discover(server.into())))
    }

    /// A client of the server that has this token endpoint. Nothing is fetched; further endpoints are given one by one.
    pub fn at(token_endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(Config::new(Server::Literal)).token_endpoint(token_endpoint)
    }

    /// A client of the server with these metadata. Nothing is fetched.
    pub fn with_metadata(metadata: AuthorizationServer) -> ClientBuilder {
        let mut builder = ClientBuilder::new(Config::new(Server::Literal));
        *builder.config.members_mut() = metadata;
        builder
    }

    /// A client at a provider that is known: its endpoints, and where it deviates from the specifications. See
    /// [`presets`](crate::presets).
    pub fn preset(provider: impl Preset) -> ClientBuilder {
        ClientBuilder::new(provider.config())
    }

    /// A client of a service account: its token endpoint, its name, and nothing beside its assertion on the wire. Its tokens come by
    /// [`ServiceAccount::grant`](crate::ServiceAccount::grant).
    pub fn service_account(account: &ServiceAccount) -> ClientBuilder {
        ClientBuilder::new(account.config())
    }

    /// The server's metadata, fetched when first needed and kept for their lifetime.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) where the document breaks one; otherwise why none came.
    pub fn metadata(&self) -> Result<Arc<AuthorizationServer>> {
        block_on(self.core.metadata())
    }

    /// Gets a token by any grant. A [`session`](Self::session) does this by itself, and again when it is due.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the server says no; the other variants as their names say.
    pub fn token(&self, grant: impl Grant) -> Result<Token> {
        Config::refuse_reactor_of(&grant)?;
        block_on(self.core.token(&grant))
    }

    /// Renews a token with its refresh token ([RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    /// A session does this by itself.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) with `invalid_grant` when the refresh token was revoked or already used.
    pub fn refresh(&self, token: &Token) -> Result<Token> {
        block_on(self.core.refresh(token))
    }

    /// Starts a login: the URL to send the person to, and what the callback must be checked against, which goes into the
    /// person's session, a sealed cookie or a file.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the request can't be made; as [`metadata`](Self::metadata).
    pub fn start(&self, request: AuthorizationRequest) -> Result<(Url, Pending)> {
        block_on(self.core.start(request))
    }

    /// Ends a login: judges the callback against what is pending and exchanges its code for a token.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no,
    /// [`Error::Rule`](crate::Error::Rule) when the callback is not the answer to this request.
    pub fn finish<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<Login> {
        let login = block_on(self.core.finish(pending, callback))?;
        Ok(Login { login, client: self.clone() })
    }

    /// Asks the server about a token ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
    ///
    /// # Errors
    /// Why there is no answer to go by.
    pub fn introspect(&self, token: impl Into<TokenToActOn>) -> Result<Introspection> {
        block_on(self.core.introspect(token))
    }

    /// As [`introspect`](Self::introspect), authorized by a Bearer token in the place of the client's own authentication.
    ///
    /// # Errors
    /// Why there is no answer to go by.
    pub fn introspect_as(&self, token: impl Into<TokenToActOn>, authorization: &Token) -> Result<Introspection> {
        block_on(self.core.introspect_as(token, authorization))
    }

    /// Revokes a token ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)). `Ok` means that it is gone.
    ///
    /// # Errors
    /// An OAuth error, or a failure without one, after which the token exists still and a later try may do it.
    pub fn revoke(&self, token: impl Into<TokenToActOn>) -> Result<()> {
        block_on(self.core.revoke(token))
    }

    /// A session on what a grant brings: the first token on first use, renewed when due.
    pub fn session(&self, grant: impl Grant + 'static) -> SessionBuilder {
        SessionBuilder::new(self.core.clone(), Arc::new(grant), None)
    }

    /// A session on a token that came from elsewhere, renewed by its refresh token while it has one.
    pub fn session_of(&self, token: Token) -> SessionBuilder {
        SessionBuilder::new(self.core.clone(), Arc::new(Stored::new()), Some(token))
    }

    /// The same client with another method of authentication, for one request or for some:
    /// `client.authenticated_by(method).token(grant)`. Both share metadata, connections and counters. With a method that needs
    /// an async runtime each request is an error.
    #[must_use]
    pub fn authenticated_by(&self, method: impl ClientAuth + 'static) -> Self {
        let mut config = Config::new(Server::Literal);
        let method = Arc::new(method);
        config.set_auth(method.clone());
        let core = match config.refuse_reactor() {
            Ok(()) => self.core.authenticated_by(method),
            Err(error) => self.core.authenticated_by(Arc::new(from_fn("refused", move |_, _| Err(error.clone())))),
        };
        Self { core, executor: Arc::clone(&self.executor) }
    }

    /// Says of each rule of the client's profile ([`rules`](ClientBuilder::rules)), or of OAuth 2.1, whether the configuration and
    /// the server's metadata keep it.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata).
    pub fn audit(&self) -> Result<Audit> {
        block_on(self.core.audit())
    }

    /// As [`audit`](Self::audit), for a profile that the client was not given.
    ///
    /// # Errors
    /// As [`audit`](Self::audit).
    pub fn audit_for(&self, rules: Rules) -> Result<Audit> {
        block_on(self.core.audit_for(rules))
    }

    /// What this client and its sessions have done so far.
    pub fn counters(&self) -> Counters {
        self.core.counters()
    }

    /// The client's identifier.
    pub fn client_id(&self) -> &str {
        self.core.client_id()
    }

    /// Lets the early renewals that run finish and joins their thread. Held tokens still serve while they are fresh;
    /// nothing is renewed early any more. Dropping the last clone, session and API client does the same, and closes the idle
    /// connections.
    pub fn close(&self) {
        self.executor.close();
    }

    pub(crate) fn of_core(core: grantee_core::Client, executor: Arc<ThreadExecutor>) -> Self {
        Self { core, executor }
    }

    pub(crate) fn with_core(&self, core: grantee_core::Client) -> Self {
        Self { core, executor: Arc::clone(&self.executor) }
    }

    /// The conversations underneath, with their ports.
    pub fn core(&self) -> &grantee_core::Client {
        &self.core
    }
}

/// Makes a [`Client`].
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    config: Config,
    http: HttpSettings,
    own_http: Option<Arc<dyn grantee_core::ports::Http>>,
}

impl ClientBuilder {
    fn new(config: Config) -> Self {
        Self { config, http: HttpSettings::default(), own_http: None }
    }

    client_config_methods!();
    http_settings_methods!();

    /// Adds a hook; hooks run in the order they were added.
    pub fn hook(mut self, hook: impl Hook + 'static) -> Self {
        self.config.add_hook(Arc::new(WhenPolled(hook)));
        self
    }

    /// Sends everything by this HTTP client, in the place of one made from the settings here.
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.own_http = Some(Arc::new(WhenPolled(http)));
        self
    }

    /// What is weaker than it should be, each with what an attacker gains.
    pub fn danger(self) -> Danger {
        Danger(self)
    }

    /// The client. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the settings can't work, or need an async runtime.
    pub fn build(self) -> Result<Client> {
        let (config, ports, executor) = self.parts()?;
        Ok(Client { core: grantee_core::Client::new(config, ports)?, executor })
    }

    pub(crate) fn parts(self) -> Result<(Config, Ports, Arc<ThreadExecutor>)> {
        self.config.refuse_reactor()?;
        let (ports, executor) = Self::ports(&self.http, self.own_http)?;
        Ok((self.config, ports, executor))
    }

    /// What conversations run on, for the clients of this face.
    pub(crate) fn ports(
        http: &HttpSettings,
        own_http: Option<Arc<dyn grantee_core::ports::Http>>,
    ) -> Result<(Ports, Arc<ThreadExecutor>)> {
        let executor = Arc::new(ThreadExecutor::default());
        let ports = Ports {
            executor: executor.clone(),
            http: match own_http {
                Some(http) => http,
                None => UreqHttp::port(http)?,
            },
            clock: Arc::new(ThreadClock::new()),
            entropy: Arc::new(SystemEntropy),
        };
        Ok((ports, executor))
    }
}

crate::faces::danger_and_login!();
