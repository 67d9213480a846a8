//! Client authentication: one file a method, named as the registry names it
//! ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
//!
//! | method | the client shows | type |
//! |---|---|---|
//! | `none` | nothing but its name | [`None`] |
//! | `client_secret_basic` | its secret, in a header | [`ClientSecretBasic`] |
//! | `client_secret_post` | its secret, in the body | [`ClientSecretPost`] |
//! | `client_secret_jwt` | a JWT signed with its secret | [`ClientSecretJwt`] |
//! | `private_key_jwt` | a JWT signed with its private key, which may live elsewhere | [`PrivateKeyJwt`] |
//! | the same, or another name | an assertion that somebody else signed | [`ClientAssertion`] |
//! | `tls_client_auth` | the certificate of its connection, from an authority | [`TlsClientAuth`] |
//! | `self_signed_tls_client_auth` | the certificate of its connection, its own | [`SelfSignedTlsClientAuth`] |
//!
//! A method of your own is one type that implements [`ClientAuth`], or a closure handed to [`from_fn`].

mod assertion;
mod client_assertion;
mod client_secret_basic;
mod client_secret_jwt;
mod client_secret_post;
mod credentials;
mod none;
mod private_key_jwt;
mod self_signed_tls_client_auth;
mod tls_client_auth;

pub use client_assertion::ClientAssertion;
pub use client_secret_basic::ClientSecretBasic;
pub use client_secret_jwt::ClientSecretJwt;
pub use client_secret_post::ClientSecretPost;
pub(crate) use credentials::{Credentials, SecretMethods};
pub use none::None;
pub use private_key_jwt::PrivateKeyJwt;
pub(crate) use private_key_jwt::{read_pem, usual_algorithm};
pub use self_signed_tls_client_auth::SelfSignedTlsClientAuth;
pub use tls_client_auth::TlsClientAuth;

use crate::UnixTime;
use crate::error::{Result, ServerError};
use crate::ports::{BoxFuture, Entropy};
use grantee_jose::SignatureAlgorithm;

pub use crate::wire::draft::Draft;

/// What a method may know while it authenticates a request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AuthContext<'a> {
    /// The client's identifier.
    pub client_id: &'a str,
    /// The issuer, where one is known.
    pub issuer: Option<&'a str>,
    /// The token endpoint, where one is known.
    pub token_endpoint: Option<&'a str>,
    /// The time.
    pub now: UnixTime,
    /// Chance.
    pub entropy: &'a dyn Entropy,
}

impl<'a> AuthContext<'a> {
    /// What a request of this client is authenticated with.
    pub fn new(client_id: &'a str, now: UnixTime, entropy: &'a dyn Entropy) -> Self {
        Self { client_id, issuer: Option::None, token_endpoint: Option::None, now, entropy }
    }
}

/// Authenticates a client at the endpoints that want it. Called anew for each attempt, so that a retry never repeats a
/// one-time credential. Its future awaits only what the context hands it, since both faces drive it.
pub trait ClientAuth: Send + Sync {
    /// The registry's name of the method, or a name of its own.
    fn method(&self) -> &str;

    /// Adds what authenticates the client; may change method, URL, headers and form.
    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>>;

    /// Whether its future needs an async runtime to make progress, as one does that signs at a KMS. A blocking client
    /// refuses such a method when it is built.
    fn needs_reactor(&self) -> bool {
        false
    }

    /// Whether the client is known by the certificate of its connection, so that requests go to the server's addresses for
    /// those (RFC 8705 section 5).
    fn uses_certificate(&self) -> bool {
        false
    }

    /// What it signs by, where it signs: a profile may allow some algorithms only.
    fn algorithm(&self) -> Option<SignatureAlgorithm> {
        Option::None
    }

    /// Whether its assertions name another audience than the issuer, by the program's choice.
    fn has_own_audience(&self) -> bool {
        false
    }

    /// Whether its settings can work at all: asked when a client is built.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) that names the setting.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// May add a hint to an error that the server answered.
    fn explain(&self, _error: &mut ServerError) {}
}

/// A method made of a closure, for servers that want something of their own.
///
/// ```
/// use grantee_core::client_auth::from_fn;
/// // Credentials in the query string.
/// let method = from_fn("client_secret_query", |draft, context| {
///     draft.push_query("client_id", context.client_id);
///     draft.push_query("client_secret", "s3cret");
///     Ok(())
/// });
/// ```
pub fn from_fn<F>(method: &'static str, authenticate: F) -> FromFn<F>
where
    F: Fn(&mut Draft, AuthContext<'_>) -> Result<()> + Send + Sync,
{
    FromFn { method, authenticate }
}

/// A method made of a closure: see [`from_fn`].
pub struct FromFn<F> {
    method: &'static str,
    authenticate: F,
}

impl<F> ClientAuth for FromFn<F>
where
    F: Fn(&mut Draft, AuthContext<'_>) -> Result<()> + Send + Sync,
{
    fn method(&self) -> &str {
        self.method
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { (self.authenticate)(draft, context) })
    }
}
