//! Client authentication: one file a method, named as the registry names it
//! ([RFC 6749 section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
//!
//! A method of your own is one type that implements [`ClientAuth`], or a closure handed to [`from_fn`].

mod client_secret_basic;
mod client_secret_post;
mod none;

pub use client_secret_basic::ClientSecretBasic;
pub use client_secret_post::ClientSecretPost;
pub use none::None;

use crate::error::{Error, Result, ServerError};
use crate::metadata::AuthorizationServer;
use crate::ports::{BoxFuture, Entropy};
use crate::{Secret, UnixTime};
use std::sync::Arc;

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

/// What the client has to show, and so how its method is chosen.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Nothing: a public client.
    Public,
    /// A secret; the method follows from the server's metadata.
    Secret(SecretMethods),
    /// A method chosen by the caller.
    Method(Arc<dyn ClientAuth>),
}

/// The methods that show a secret: made once, so that what they prepare is kept.
#[derive(Clone)]
pub(crate) struct SecretMethods {
    basic: Arc<ClientSecretBasic>,
    basic_raw: Arc<ClientSecretBasic>,
    post: Arc<ClientSecretPost>,
}

impl SecretMethods {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self {
            basic: Arc::new(ClientSecretBasic::new(secret)),
            basic_raw: Arc::new(ClientSecretBasic::new(secret).raw()),
            post: Arc::new(ClientSecretPost::new(secret)),
        }
    }
}

impl Credentials {
    /// The method for these credentials at a server. The order is fixed and nothing is ever tried out: the caller's choice;
    /// no secret: `none`; a secret: the first of `client_secret_basic`, `client_secret_post` that the metadata lists, and
    /// `client_secret_basic` where it lists nothing (the default of RFC 8414 section 2).
    pub(crate) fn method(&self, metadata: &AuthorizationServer, basic_raw: bool) -> Result<Arc<dyn ClientAuth>> {
        let methods = match self {
            Self::Method(method) => return Ok(Arc::clone(method)),
            Self::Public => return Ok(Arc::new(None)),
            Self::Secret(methods) => methods,
        };
        let basic = if basic_raw { &methods.basic_raw } else { &methods.basic };
        let Some(supported) = &metadata.token_endpoint_auth_methods_supported else {
            return Ok(basic.clone());
        };
        if supported.iter().any(|method| method == "client_secret_basic") {
            return Ok(basic.clone());
        }
        if supported.iter().any(|method| method == "client_secret_post") {
            return Ok(methods.post.clone());
        }
        Err(Error::config(
            format!(
                "the server's token_endpoint_auth_methods_supported ({}) has no method that sends a client secret",
                crate::error::Excerpt(&supported.join(" "))
            ),
            "choose the method yourself with auth(…)",
        ))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => f.write_str("Public"),
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::Method(method) => f.debug_tuple("Method").field(&method.method()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(credentials: &Credentials, supported: Option<&[&str]>) -> String {
        let token_endpoint_auth_methods_supported =
            supported.map(|list| list.iter().map(|&name| name.to_owned()).collect());
        let metadata = AuthorizationServer { token_endpoint_auth_methods_supported, ..AuthorizationServer::default() };
        match credentials.method(&metadata, false) {
            Ok(method) => method.method().to_owned(),
            Err(error) => error.code().to_owned(),
        }
    }

    #[test]
    fn the_method_follows_a_fixed_order_and_is_never_tried_out() {
        let secret = Credentials::Secret(SecretMethods::new(&"s".into()));
        assert_eq!(chosen(&secret, Option::None), "client_secret_basic");
        assert_eq!(chosen(&secret, Some(&["client_secret_post", "client_secret_basic"])), "client_secret_basic");
        assert_eq!(chosen(&secret, Some(&["private_key_jwt", "client_secret_post"])), "client_secret_post");
        assert_eq!(chosen(&secret, Some(&["private_key_jwt"])), "configuration");
        assert_eq!(chosen(&Credentials::Public, Some(&["client_secret_basic"])), "none");
        let own = Credentials::Method(Arc::new(from_fn("own", |_, _| Ok(()))));
        assert_eq!(chosen(&own, Some(&["client_secret_basic"])), "own");
    }
}
