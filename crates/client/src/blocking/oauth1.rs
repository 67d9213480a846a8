//! OAuth 1.0 ([RFC 5849](https://www.rfc-editor.org/rfc/rfc5849)): the blocking client.

use super::client::ClientBuilder as Settings;
use super::ports::{Hook, Http, WhenPolled};
use super::runtime::{ThreadExecutor, block_on};
use super::session::SessionBuilder;
use crate::http::HttpSettings;
use crate::http::http_settings_methods;
use crate::oauth1::{oauth1_builder_methods, oauth1_danger};
use grantee_core::oauth1 as core;
use grantee_core::ports::Request;
use grantee_core::{Result, Secret, Token};
use std::sync::Arc;
use url::Url;

#[cfg(feature = "rsa-sha1")]
pub use grantee_core::oauth1::RsaSha1;
pub use grantee_core::oauth1::{
    Config, HmacSha1, HmacSha256, HmacSha512, Parameters, Pending, Placement, Plaintext, Preset, RsaSha256, RsaSha512,
    Secrets, SignatureMethod, Signed, Signing, Verifier, base_string_uri, parse_authorization_header, percent_decode,
    percent_encode, preset as presets, request, token_credentials,
};

/// A client at one server of OAuth 1.0. Cheap to clone; clones share connections and counters.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = grantor::Server::start();
/// use grantee::blocking::oauth1::Client;
///
/// let client = Client::builder("consumer", "secret")
///     .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
///     .authorization_endpoint(server.url("/oauth1/authorize"))
///     .token_credentials_endpoint(server.url("/oauth1/token"))
///     .callback("https://app.example/callback")
///     .build()?;
/// let (url, pending) = client.start()?; // send the person to `url`, keep `pending` in their session
/// # let verifier = server.approve_oauth1(pending.oauth_token(), "alice").unwrap();
/// # let callback = format!("https://app.example/callback?oauth_token={}&oauth_verifier={verifier}", pending.oauth_token());
/// # assert!(url.as_str().ends_with(pending.oauth_token()));
/// let token = client.finish(pending, &callback)?; // the URL they came back to
/// let api = client.session_of(token).api(&server.url("/oauth1/api"))?;
/// let photos: serde_json::Value = api.get("photos").send()?.json()?;
/// assert_eq!(photos["user"], "alice");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    core: core::Client,
    executor: Arc<ThreadExecutor>,
}

impl Client {
    /// A client with this identifier and shared secret, as the provider shows them; the secret may be empty where an RSA key signs.
    pub fn builder(consumer_key: impl Into<String>, consumer_secret: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder {
            config: Config::new(consumer_key, consumer_secret),
            http: HttpSettings::default(),
            own_http: None,
        }
    }

    /// Starts a login: temporary credentials, the URL to send the person to, and what their coming back is judged by.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where an endpoint is missing; [`Error::Server`](crate::Error::Server) when the
    /// server refuses; [`Error::Rule`](crate::Error::Rule) when its answer breaks a rule.
    pub fn start(&self) -> Result<(Url, Pending)> {
        block_on(self.core.start())
    }

    /// Ends a login: by the callback's URL or query, or by the code that the server showed (`oob`). A token of it is kept as any
    /// other: [`session_of`](Self::session_of), a store, serde.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Rule`](crate::Error::Rule) when the
    /// callback is not the answer to this login.
    pub fn finish<'a>(&self, pending: Pending, verifier: impl Into<Verifier<'a>>) -> Result<Token> {
        block_on(self.core.finish(pending, verifier))
    }

    /// A session whose requests are signed with this token; one that was shown elsewhere, as on a provider's page, is made by
    /// [`token_credentials::token`]. Nothing is renewed: such a token does not expire. One that is none of OAuth 1.0 is an error
    /// when it is first used. With `store` and `account`, its `save` keeps the token for [`session`](Self::session).
    pub fn session_of(&self, token: Token) -> SessionBuilder {
        SessionBuilder::of(self.core.source_of(token))
    }

    /// A session of the token that a store keeps: name both with `store` and `account`. A token is found by a client with the same
    /// consumer key and token credentials endpoint.
    pub fn session(&self) -> SessionBuilder {
        SessionBuilder::of(self.core.source())
    }

    /// A session whose requests the client signs for itself (two legs).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = grantor::Server::start();
    /// let client = grantee::blocking::oauth1::Client::builder("consumer", "secret").build()?;
    /// let api = client.two_legged().api(&server.url("/oauth1/two-legged"))?;
    /// let quotes: serde_json::Value = api.get("quotes").send()?.json()?;
    /// assert_eq!(quotes["client"], "consumer");
    /// # Ok(()) }
    /// ```
    pub fn two_legged(&self) -> SessionBuilder {
        SessionBuilder::of(self.core.two_legged())
    }

    /// Signs any request with a token, or for the client itself, and says by what base string.
    ///
    /// # Errors
    /// As [`Signing::sign`].
    pub fn sign(&self, request: &mut Request, token: Option<&Token>) -> Result<Signed> {
        block_on(self.core.sign(request, token))
    }

    /// As [`sign`](Self::sign), by a request's head, whatever its body is made of: `None` is one that is streamed.
    ///
    /// # Errors
    /// As [`Signing::sign_head`].
    pub fn sign_head(
        &self,
        head: &mut http::request::Parts,
        body: Option<&[u8]>,
        token: Option<&Token>,
    ) -> Result<Signed> {
        block_on(self.core.sign_head(head, body, token))
    }

    /// The client's identifier.
    pub fn consumer_key(&self) -> &str {
        self.core.consumer_key()
    }

    /// The conversations underneath, with their ports.
    pub fn core(&self) -> &core::Client {
        &self.core
    }

    /// Waits for what runs. Dropping the last clone closes the idle connections.
    pub fn close(&self) {
        self.executor.close();
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

oauth1_danger!();

impl ClientBuilder {
    oauth1_builder_methods!();
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

    /// The client. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the settings can't work.
    pub fn build(self) -> Result<Client> {
        self.config.refuse_reactor()?;
        let (ports, executor) = Settings::ports(&self.http, self.own_http)?;
        Ok(Client { core: core::Client::new(self.config, ports)?, executor })
    }
}
