//! The conversations: [RFC 5849 section 2](https://www.rfc-editor.org/rfc/rfc5849#section-2).

use super::pending::{Pending, Verifier};
use super::request::{Nonces, Signed, Signer, Signing};
use super::temporary_credentials;
use super::token_credentials::{self, TOKEN_TYPE};
use crate::client::{self, Server};
use crate::error::{Error, Result};
use crate::grant::Stored;
use crate::hooks::Hook;
use crate::ports::{Ports, Request};
use crate::session::SourceBuilder;
use crate::token_type::oauth1::OAuth1;
use crate::wire;
use crate::{Secret, Token};
use bytes::Bytes;
use std::sync::Arc;
use url::Url;

/// Everything that is settled about a client of OAuth 1.0 before its first conversation.
#[derive(Clone)]
pub struct Config {
    pub(crate) consumer_key: String,
    pub(crate) consumer_secret: Secret,
    pub(crate) signing: Signing,
    pub(crate) temporary_credentials_endpoint: Option<String>,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_credentials_endpoint: Option<String>,
    pub(crate) callback: Option<String>,
    pub(crate) authorization_parameters: Vec<(String, String)>,
    pub(crate) allow_http: bool,
    pub(crate) hooks: Vec<Arc<dyn Hook>>,
}

impl Config {
    /// A client with this identifier and shared secret, which may be empty where an RSA key signs.
    pub fn new(consumer_key: impl Into<String>, consumer_secret: impl Into<Secret>) -> Self {
        Self {
            consumer_key: consumer_key.into(),
            consumer_secret: consumer_secret.into(),
            signing: Signing::new(),
            temporary_credentials_endpoint: None,
            authorization_endpoint: None,
            token_credentials_endpoint: None,
            callback: None,
            authorization_parameters: Vec::new(),
            allow_http: false,
            hooks: Vec::new(),
        }
    }

    /// How requests are signed.
    pub fn set_signing(&mut self, signing: Signing) {
        self.signing = signing;
    }

    /// Where temporary credentials come from (section 2.1).
    pub fn set_temporary_credentials_endpoint(&mut self, url: String) {
        self.temporary_credentials_endpoint = Some(url);
    }

    /// Where the person is sent (section 2.2).
    pub fn set_authorization_endpoint(&mut self, url: String) {
        self.authorization_endpoint = Some(url);
    }

    /// Where token credentials come from (section 2.3).
    pub fn set_token_credentials_endpoint(&mut self, url: String) {
        self.token_credentials_endpoint = Some(url);
    }

    /// Where the person comes back to, or `oob`.
    pub fn set_callback(&mut self, callback: String) {
        self.callback = Some(callback);
    }

    /// A further parameter of the URL that the person is sent to.
    pub fn add_authorization_parameter(&mut self, name: String, value: String) {
        self.authorization_parameters.push((name, value));
    }

    /// Lets requests go over plain http to other machines: for tests.
    pub fn set_allow_http(&mut self) {
        self.allow_http = true;
    }

    /// Adds a hook; hooks run in the order they were added.
    pub fn add_hook(&mut self, hook: Arc<dyn Hook>) {
        self.hooks.push(hook);
    }

    /// Refuses what a program without an async runtime can't use.
    ///
    /// # Errors
    /// [`Error::Config`] that names it.
    #[doc(hidden)]
    pub fn refuse_reactor(&self) -> Result<()> {
        if self.signing.needs_reactor() {
            return Err(Error::config(
                "the signer of this blocking client needs an async runtime",
                "hand over one that implements BlockingSigner",
            ));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("consumer_key", &self.consumer_key)
            .field("signing", &self.signing)
            .finish_non_exhaustive()
    }
}

/// What all clients of one provider have in common. Ours are in [`preset`](super::preset).
///
/// ```
/// use grantee_core::oauth1::{Config, Preset};
///
/// struct Photos;
///
/// impl Preset for Photos {
///     fn settle(&self, config: &mut Config) {
///         config.set_temporary_credentials_endpoint("https://photos.example/initiate".into());
///         config.set_authorization_endpoint("https://photos.example/authorize".into());
///         config.set_token_credentials_endpoint("https://photos.example/token".into());
///     }
/// }
/// ```
pub trait Preset {
    /// Sets the endpoints, and where the provider deviates.
    fn settle(&self, config: &mut Config);
}

impl<P: Preset + ?Sized> Preset for &P {
    fn settle(&self, config: &mut Config) {
        (**self).settle(config);
    }
}

/// One client at one server of OAuth 1.0. Cheap to clone; clones share connections and counters.
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<Config>,
    nonces: Arc<Nonces>,
    /// What sources and calls need of a client: ports, hooks, counters, and a token type that signs.
    client: client::Client,
}

impl Client {
    /// Puts a configuration and the ports together. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration can't work.
    pub fn new(mut config: Config, ports: Ports) -> Result<Self> {
        if config.consumer_key.is_empty() {
            return Err(Error::config(
                "no consumer key is given",
                "the provider shows it where the client is registered",
            ));
        }
        if config.allow_http {
            config.signing.allow_http();
        }
        let mut settings = client::Config::new(Server::Literal);
        settings.set_client(config.consumer_key.clone(), None);
        // What its tokens are kept under: the server's name, as far as there is one.
        settings.members_mut().token_endpoint.clone_from(&config.token_credentials_endpoint);
        let token_type =
            OAuth1::new(config.consumer_key.clone(), config.consumer_secret.clone(), config.signing.clone());
        settings.set_token_type(Arc::new(token_type));
        if config.allow_http {
            settings.set_allow_http();
        }
        config.hooks.iter().for_each(|hook| settings.add_hook(Arc::clone(hook)));
        let client = client::Client::new(settings, ports)?;
        Ok(Self { config: Arc::new(config), nonces: Arc::default(), client })
    }

    /// The client underneath, with its ports and counters.
    pub fn client(&self) -> &client::Client {
        &self.client
    }

    /// The client's identifier.
    pub fn consumer_key(&self) -> &str {
        &self.config.consumer_key
    }

    /// Starts a login: temporary credentials, the URL to send the person to, and what their coming back is judged by. Without a
    /// callback the person is shown a code (`oob`).
    ///
    /// # Errors
    /// [`Error::Config`] where an endpoint is missing; [`Error::Server`] when the server refuses; [`Error::Rule`] when its answer
    /// breaks a rule.
    pub async fn start(&self) -> Result<(Url, Pending)> {
        let callback = self.config.callback.as_deref().unwrap_or("oob");
        let endpoint = self.endpoint(&self.config.temporary_credentials_endpoint, "temporary credentials endpoint")?;
        let authorization = self.endpoint(&self.config.authorization_endpoint, "authorization endpoint")?;
        let answer = self.ask(temporary_credentials::STAGE, &endpoint, None, &[("oauth_callback", callback)]).await?;
        let lent = temporary_credentials::judge(&answer)?;
        let mut url = authorization;
        url.query_pairs_mut().append_pair("oauth_token", lent.token.reveal());
        for (name, value) in &self.config.authorization_parameters {
            url.query_pairs_mut().append_pair(name, value);
        }
        let pending = Pending::new(lent, &self.config.consumer_key, callback, self.client.now());
        tracing::info!(client_id = self.consumer_key(), "OAuth 1.0 login started");
        Ok((url, pending))
    }

    /// Ends a login: judges how the person came back and trades the temporary credentials for a token.
    ///
    /// # Errors
    /// [`Error::Server`] when the person or the server said no, [`Error::Rule`] when the callback is not the answer to this login.
    pub async fn finish<'a>(&self, pending: Pending, verifier: impl Into<Verifier<'a>>) -> Result<Token> {
        if pending.consumer_key != self.config.consumer_key {
            return Err(Error::config(
                "the pending login was started by another client",
                "finish it with the client that started it",
            ));
        }
        let verifier = pending.judge(&verifier.into())?;
        let endpoint = self.endpoint(&self.config.token_credentials_endpoint, "token credentials endpoint")?;
        let lent = Some((pending.oauth_token.reveal(), &pending.oauth_token_secret));
        let further = [("oauth_verifier", verifier.reveal())];
        let answer = self.ask(token_credentials::STAGE, &endpoint, lent, &further).await?;
        token_credentials::judge(&answer)
    }

    /// A source of this token, for sessions and API clients. It is never renewed. One that is none of OAuth 1.0 is an error when it
    /// is first used.
    pub fn source_of(&self, token: Token) -> SourceBuilder {
        self.source().token(token)
    }

    /// A source of the token that a store keeps for an account, of a client with the same token credentials endpoint.
    pub fn source(&self) -> SourceBuilder {
        SourceBuilder::new(self.client.clone(), Arc::new(Stored::new()))
    }

    /// A source for requests that the client signs for itself (two legs).
    pub fn two_legged(&self) -> SourceBuilder {
        let mut token = Token::bearer(Secret::default());
        TOKEN_TYPE.clone_into(&mut token.token_type);
        self.source_of(token)
    }

    /// Signs any request, with a token or for the client itself, and says by what base string.
    ///
    /// # Errors
    /// As [`Signing::sign`].
    pub async fn sign(&self, request: &mut Request, token: Option<&Token>) -> Result<Signed> {
        let nonce = self.nonces.next(&*self.client.ports().entropy)?;
        let secret = token.and_then(crate::token_type::oauth1::secret_of);
        self.config.signing.sign(request, self.signer(&nonce, token, secret.as_ref())).await
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
        let nonce = self.nonces.next(&*self.client.ports().entropy)?;
        let secret = token.and_then(crate::token_type::oauth1::secret_of);
        self.config.signing.sign_head(head, body, self.signer(&nonce, token, secret.as_ref())).await
    }

    fn signer<'a>(&'a self, nonce: &'a str, token: Option<&'a Token>, secret: Option<&'a Secret>) -> Signer<'a> {
        let config = &self.config;
        let mut signer = Signer::new(&config.consumer_key, &config.consumer_secret, self.client.now(), nonce);
        signer.token = token.map(|token| token.access_token.reveal()).filter(|token| !token.is_empty());
        signer.token_secret = secret;
        signer
    }

    fn endpoint(&self, url: &Option<String>, what: &str) -> Result<Url> {
        let url = url.as_deref().ok_or_else(|| {
            Error::config(
                format!("the client has no {what}"),
                format!("set {} where it is built", what.replace(' ', "_")),
            )
        })?;
        self.client.endpoint_url(&format!("the {what}"), url)
    }

    async fn ask(
        &self,
        stage: &'static str,
        endpoint: &Url,
        credentials: Option<(&str, &Secret)>,
        further: &[(&str, &str)],
    ) -> Result<http::Response<Bytes>> {
        let ports = self.client.ports();
        let config = &self.config;
        let mut draft = wire::draft::Draft::post(endpoint.clone(), wire::form::Params::new());
        // A form or JSON comes under many names.
        draft.headers.insert(http::header::ACCEPT, http::HeaderValue::from_static("*/*"));
        for hook in &config.hooks {
            hook.before_token_request(&mut draft).await?;
        }
        wire::url::confidential("the request's URL", &draft.url, config.allow_http)?;
        let mut request = draft.into_request()?;
        let nonce = self.nonces.next(&*ports.entropy)?;
        let mut signer = Signer::new(&config.consumer_key, &config.consumer_secret, ports.clock.now(), &nonce);
        signer.token = credentials.map(|(token, _)| token);
        signer.token_secret = credentials.map(|(_, secret)| secret);
        signer.further = further;
        config.signing.sign(&mut request, signer).await?;
        self.client.exchange(stage, request).await
    }
}
