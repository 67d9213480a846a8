//! Client credentials, [RFC 5849 section 1.1](https://www.rfc-editor.org/rfc/rfc5849#section-1.1).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::client::{DEFAULT_REDIRECT_URIS, matches_registered};

/// A client of OAuth 1.0: a consumer.
///
/// With a secret it signs by HMAC and by PLAINTEXT, with [`OAuth1Client::rsa_public_key`] by RSA.
///
/// ```
/// let server = grantor::Server::builder()
///     .oauth1_client(grantor::OAuth1Client::new("printer", "s3cret &%").callback("https://printer.example/ready"))
///     .start();
/// # drop(server);
/// ```
#[derive(Clone)]
pub struct OAuth1Client {
    pub(crate) key: String,
    pub(crate) secret: String,
    /// A SubjectPublicKeyInfo or an RSAPublicKey, as DER.
    pub(crate) rsa_key: Option<Vec<u8>>,
    callbacks: Vec<String>,
    methods: Vec<String>,
}

impl OAuth1Client {
    /// With that identifier and that shared secret. Any characters will do in either. Without a secret it can sign by RSA
    /// alone.
    pub fn new(consumer_key: impl Into<String>, consumer_secret: impl Into<String>) -> Self {
        Self {
            key: consumer_key.into(),
            secret: consumer_secret.into(),
            rsa_key: None,
            callbacks: Vec::new(),
            methods: Vec::new(),
        }
    }

    /// Its public RSA key as PEM, `PUBLIC KEY` or `RSA PUBLIC KEY`, of 1024 bits or more
    /// ([RFC 5849 section 3.4.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.3)).
    ///
    /// # Panics
    /// When it is no PEM.
    pub fn rsa_public_key(mut self, pem: &str) -> Self {
        let base64: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        match STANDARD.decode(base64) {
            Ok(der) if !der.is_empty() => self.rsa_key = Some(der),
            _ => panic!("the RSA key of the OAuth 1.0 client {} is no PEM", self.key),
        }
        self
    }

    /// Adds a callback. One on a loopback host matches any port. A client without any gets what
    /// [`Client::redirect_uri`](crate::Client::redirect_uri) lists; `oob` is always allowed
    /// ([RFC 5849 section 2.1](https://www.rfc-editor.org/rfc/rfc5849#section-2.1)).
    pub fn callback(mut self, uri: impl Into<String>) -> Self {
        self.callbacks.push(uri.into());
        self
    }

    /// The one signature method it may use, `HMAC-SHA256` say. Calling it again adds one. Any that goes with its secret or key,
    /// when never called.
    pub fn signature_method(mut self, name: impl Into<String>) -> Self {
        self.methods.push(name.into());
        self
    }

    pub(crate) fn preregistered() -> [Self; 2] {
        [
            Self::new("consumer", "secret"),
            // Every character that tells a right encoding from a wrong one.
            Self::new("odd consumer&=+%é", "s3cret &+%41/=:é"),
        ]
    }

    pub(crate) fn allows_callback(&self, uri: &str) -> bool {
        let own = self.callbacks.iter().map(String::as_str);
        let defaults = DEFAULT_REDIRECT_URIS.iter().copied().filter(|_| self.callbacks.is_empty());
        own.chain(defaults).any(|registered| matches_registered(registered, uri))
    }

    pub(crate) fn may_sign_by(&self, method: &str) -> bool {
        // An empty secret is known to everybody.
        let able = if method.starts_with("RSA-") { self.rsa_key.is_some() } else { !self.secret.is_empty() };
        able && (self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method))
    }
}

impl fmt::Debug for OAuth1Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1Client").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_without_a_secret_can_sign_by_its_key_alone() {
        let key = crate::SigningKey::shared("RS256").public_pem();
        let client = OAuth1Client::new("c", "").rsa_public_key(&key);
        assert!(client.may_sign_by("RSA-SHA1") && !client.may_sign_by("HMAC-SHA1") && !client.may_sign_by("PLAINTEXT"));
        let client = OAuth1Client::new("c", "s");
        assert!(!client.may_sign_by("RSA-SHA1") && client.may_sign_by("HMAC-SHA1"));
        let client = client.signature_method("HMAC-SHA256");
        assert!(client.may_sign_by("HMAC-SHA256") && !client.may_sign_by("HMAC-SHA1"));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", OAuth1Client::new("c", "hidden")).contains("hidden"));
    }
}
