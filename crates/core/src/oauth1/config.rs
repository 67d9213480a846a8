//! What is settled about a client, and what a provider settles:
//! [RFC 5849 section 2](https://www.rfc-editor.org/rfc/rfc5849#section-2).

use super::request::Signing;
use crate::Secret;
use crate::error::{Error, Excerpt, Result};
use crate::hooks::Hook;
use crate::wire;
use http::Method;
use std::sync::Arc;

/// Everything that is settled about a client of OAuth 1.0 before its first conversation.
///
/// ```
/// use grantee_core::oauth1::{Config, preset::Tumblr, Preset as _};
/// let mut config = Config::new("key", "s3cret");
/// Tumblr::new().settle(&mut config);
/// config.set_callback("https://app.example/ready".to_owned());
/// assert!(!format!("{config:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) consumer_key: String,
    pub(crate) consumer_secret: Secret,
    pub(crate) signing: Signing,
    pub(crate) temporary_credentials_endpoint: Option<String>,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_credentials_endpoint: Option<String>,
    pub(crate) callback: Option<String>,
    pub(crate) callback_required: bool,
    pub(crate) credentials_method: Method,
    pub(crate) temporary_credentials_parameters: Vec<(String, String)>,
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
            callback_required: false,
            credentials_method: Method::POST,
            temporary_credentials_parameters: Vec::new(),
            authorization_parameters: Vec::new(),
            allow_http: false,
            hooks: Vec::new(),
        }
    }

    /// How requests are signed.
    pub fn set_signing(&mut self, signing: Signing) {
        self.signing = signing;
    }

    /// How requests are signed as far as is settled, to change a part of it.
    pub fn signing(&self) -> &Signing {
        &self.signing
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

    /// For a server that shows nobody a code: a login without a callback is an error before anything is sent.
    pub fn set_callback_required(&mut self) {
        self.callback_required = true;
    }

    /// By what method both kinds of credentials are asked for: POST, unless the server names GET (sections 2.1 and 2.3).
    pub fn set_credentials_method(&mut self, method: Method) {
        self.credentials_method = method;
    }

    /// A further parameter of the request for temporary credentials, as a server may want (section 2.1): in its body, or in its
    /// query where the method is GET.
    pub fn add_temporary_credentials_parameter(&mut self, name: String, value: String) {
        self.temporary_credentials_parameters.push((name, value));
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

    /// Refuses what can't work, whatever the server says.
    pub(super) fn check(&self) -> Result<()> {
        if self.consumer_key.is_empty() {
            return Err(Error::config(
                "no consumer key is given",
                "the provider shows it where the client is registered",
            ));
        }
        if ![Method::GET, Method::POST].contains(&self.credentials_method) {
            return Err(Error::config(
                format!("credentials are not asked for by {}", self.credentials_method),
                "use POST, or GET where the server wants it (RFC 5849 section 2.1)",
            ));
        }
        if let Some(callback) = self.callback.as_deref().filter(|callback| *callback != "oob") {
            wire::url::parse("the callback", callback)?;
        }
        let own = |name: &str| name.starts_with("oauth_");
        if let Some((name, _)) = self.temporary_credentials_parameters.iter().find(|(name, _)| own(name)) {
            return Err(Error::config(
                format!("{} is a parameter of the protocol's own", Excerpt(name)),
                "leave it out: the client sends what RFC 5849 section 2.1 wants",
            ));
        }
        if self.authorization_parameters.iter().any(|(name, _)| name == "oauth_token") {
            return Err(Error::config(
                "oauth_token is a parameter of the protocol's own",
                "leave it out: the client sends it (RFC 5849 section 2.2)",
            ));
        }
        Ok(())
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
