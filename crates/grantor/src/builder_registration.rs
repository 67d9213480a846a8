//! Settings of dynamic client registration.

use std::time::Duration;

use serde_json::Value;

use crate::Builder;

#[derive(Clone, Default)]
pub(crate) struct RegistrationPolicy {
    pub(crate) initial_access_token: Option<String>,
    pub(crate) rotate_access_tokens: bool,
    pub(crate) secret_lifetime: Option<Duration>,
    /// Whose software statements are taken, with their keys.
    pub(crate) statement_issuers: Vec<(String, Value)>,
    /// What this server has its own mind about.
    pub(crate) replaced: Vec<(String, Value)>,
}

impl Builder {
    /// Registers clients only for who has this token, and shows it as a Bearer token. Anybody may register unless this is
    /// called.
    ///
    /// [RFC 7591 section 3](https://www.rfc-editor.org/rfc/rfc7591#section-3)
    pub fn initial_access_token(mut self, token: impl Into<String>) -> Self {
        self.config.registration.initial_access_token = Some(token.into());
        self
    }

    /// Gives a new `registration_access_token` with each answer about a client; the one before is then good for nothing.
    ///
    /// [RFC 7592 section 5](https://www.rfc-editor.org/rfc/rfc7592#section-5)
    pub fn rotate_registration_access_tokens(mut self) -> Self {
        self.config.registration.rotate_access_tokens = true;
        self
    }

    /// How long the `client_secret` of a client that registered itself is good. For ever unless set.
    ///
    /// [RFC 7591 section 3.2.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1)
    pub fn registered_secret_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.registration.secret_lifetime = Some(lifetime);
        self
    }

    /// Takes software statements of that issuer, signed with a key of that JWK Set. Calling it again adds an issuer.
    ///
    /// [RFC 7591 section 2.3](https://www.rfc-editor.org/rfc/rfc7591#section-2.3)
    pub fn software_statement_issuer(mut self, issuer: impl Into<String>, jwks: Value) -> Self {
        self.config.registration.statement_issuers.push((issuer.into(), jwks));
        self
    }

    /// Registers every client with this value of a member of its metadata, whatever it asked for. The answer says so.
    ///
    /// ```
    /// let server = grantor::Server::builder().replace_client_metadata("token_endpoint_auth_method", "client_secret_post").start();
    /// # drop(server);
    /// ```
    ///
    /// [RFC 7591 section 3.2.1](https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1)
    pub fn replace_client_metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.registration.replaced.push((name.into(), value.into()));
        self
    }
}
