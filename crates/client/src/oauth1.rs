//! OAuth 1.0 ([RFC 5849](https://www.rfc-editor.org/rfc/rfc5849)): the async client.

use crate::client::ClientBuilder as Settings;
use crate::http::HttpSettings;
use crate::http::http_settings_methods;
use crate::runtime::TokioExecutor;
use crate::session::SessionBuilder;
use grantee_core::hooks::Hook;
use grantee_core::oauth1 as core;
use grantee_core::ports::{Http, Request};
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
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = grantor::Server::start();
/// use grantee::oauth1::Client;
///
/// let client = Client::builder("consumer", "secret")
///     .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
///     .authorization_endpoint(server.url("/oauth1/authorize"))
///     .token_credentials_endpoint(server.url("/oauth1/token"))
///     .callback("https://app.example/callback")
///     .build()?;
/// let (url, pending) = client.start().await?; // send the person to `url`, keep `pending` in their session
/// # let verifier = server.approve_oauth1(pending.oauth_token(), "alice").unwrap();
/// # let callback = format!("https://app.example/callback?oauth_token={}&oauth_verifier={verifier}", pending.oauth_token());
/// # assert!(url.as_str().ends_with(pending.oauth_token()));
/// let token = client.finish(pending, &callback).await?; // the URL they came back to
/// let api = client.session_of(token).api(&server.url("/oauth1/api"))?;
/// let photos: serde_json::Value = api.get("photos").send().await?.json()?;
/// assert_eq!(photos["user"], "alice");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    core: core::Client,
    executor: Arc<TokioExecutor>,
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
    pub async fn start(&self) -> Result<(Url, Pending)> {
        self.core.start().await
    }

    /// Ends a login: by the callback's URL or query, or by the code that the server showed (`oob`). A token of it is kept as any
    /// other: [`session_of`](Self::session_of), a store, serde.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Rule`](crate::Error::Rule) when the
    /// callback is not the answer to this login.
    pub async fn finish<'a>(&self, pending: Pending, verifier: impl Into<Verifier<'a>>) -> Result<Token> {
        self.core.finish(pending, verifier).await
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
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = grantor::Server::start();
    /// let client = grantee::oauth1::Client::builder("consumer", "secret").build()?;
    /// let api = client.two_legged().api(&server.url("/oauth1/two-legged"))?;
    /// let quotes: serde_json::Value = api.get("quotes").send().await?.json()?;
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
    pub async fn sign(&self, request: &mut Request, token: Option<&Token>) -> Result<Signed> {
        self.core.sign(request, token).await
    }

    /// As [`sign`](Self::sign), by a request's head, whatever its body is made of: `None` is one that is streamed.
    ///
    /// # Errors
    /// As [`Signing::sign_head`].
    pub async fn sign_head(
        &self,
        head: &mut http::request::Parts,
        body: Option<&[u8]>,
        token: Option<&Token>,
    ) -> Result<Signed> {
        self.core.sign_head(head, body, token).await
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
    pub async fn close(&self) {
        self.executor.close().await;
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
        self.config.add_hook(Arc::new(hook));
        self
    }

    /// Sends everything by this HTTP client, in the place of one made from the settings here.
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.own_http = Some(Arc::new(http));
        self
    }

    /// The client. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the settings can't work.
    pub fn build(self) -> Result<Client> {
        let (ports, executor) = Settings::ports(&self.http, self.own_http)?;
        Ok(Client { core: core::Client::new(self.config, ports)?, executor })
    }
}

/// The builder methods that both faces' OAuth 1.0 client builders share. Each has `config: Config` and `http: HttpSettings`.
macro_rules! oauth1_builder_methods {
    () => {
        /// What is known of a provider. Settings that follow come after it.
        pub fn preset(mut self, provider: impl Preset) -> Self {
            provider.settle(&mut self.config);
            self
        }

        /// How requests are signed: HMAC-SHA1 in the header, where this is not called.
        pub fn signing(mut self, signing: Signing) -> Self {
            self.config.set_signing(signing);
            self
        }

        /// Where temporary credentials come from (RFC 5849 section 2.1).
        pub fn temporary_credentials_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.set_temporary_credentials_endpoint(url.into());
            self
        }

        /// Where the person is sent (RFC 5849 section 2.2).
        pub fn authorization_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.set_authorization_endpoint(url.into());
            self
        }

        /// Where token credentials come from (RFC 5849 section 2.3).
        pub fn token_credentials_endpoint(mut self, url: impl Into<String>) -> Self {
            self.config.set_token_credentials_endpoint(url.into());
            self
        }

        /// Where the person comes back to, sent exactly as given; `oob`, where the server shows them a code, when this is not
        /// called.
        pub fn callback(mut self, callback: impl Into<String>) -> Self {
            self.config.set_callback(callback.into());
            self
        }

        /// By what method both kinds of credentials are asked for: POST, unless the server names GET (RFC 5849 section 2.1).
        pub fn credentials_method(mut self, method: ::http::Method) -> Self {
            self.config.set_credentials_method(method);
            self
        }

        /// A further parameter of the request for temporary credentials, where a server wants one (RFC 5849 section 2.1).
        pub fn temporary_credentials_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.config.add_temporary_credentials_parameter(name.into(), value.into());
            self
        }

        /// A further parameter of the URL that the person is sent to, such as a name or a scope.
        pub fn authorization_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.config.add_authorization_parameter(name.into(), value.into());
            self
        }

        /// What makes the client weaker. Each method says what an attacker gains.
        pub fn danger(self) -> Danger {
            Danger(self)
        }
    };
}
pub(crate) use oauth1_builder_methods;

/// The door to what is weaker. Expects `ClientBuilder` in scope.
macro_rules! oauth1_danger {
    () => {
        /// The door to what is weaker than it should be.
        #[derive(Debug)]
        #[must_use]
        pub struct Danger(ClientBuilder);

        impl Danger {
            /// Lets requests go over plain http to other machines, PLAINTEXT signatures too. Whoever is on the way reads, and with
            /// PLAINTEXT has, everything.
            pub fn allow_http(mut self) -> ClientBuilder {
                self.0.config.set_allow_http();
                self.0
            }

            /// Takes any certificate. Whoever is on the way can pose as the server and read everything.
            pub fn accept_invalid_certs(mut self) -> ClientBuilder {
                self.0.http.accept_invalid_certs = true;
                self.0
            }
        }

        impl std::fmt::Debug for ClientBuilder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ClientBuilder").field("config", &self.config).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use oauth1_danger;
