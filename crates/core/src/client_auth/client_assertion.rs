//! An assertion that somebody else signed, such as a platform for its workloads:
//! [RFC 7521 section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2).

use super::assertion::{JWT_BEARER, explain, put};
use super::{AuthContext, ClientAuth, Draft};
use crate::Secret;
use crate::error::{Error, Result, ServerError};
use crate::ports::BoxFuture;
use std::future::Future;
use std::sync::Arc;

/// Authenticates by an assertion from elsewhere, asked for anew at each request, since what made it also renews it.
///
/// The crate `grantee` has sources that read a file, the environment or a command.
///
/// ```
/// use grantee_core::client_auth::ClientAssertion;
///
/// let method = ClientAssertion::from_fn(|| Ok("eyJ…".into()));
/// ```
#[derive(Clone)]
pub struct ClientAssertion {
    source: Arc<Source>,
    needs_reactor: bool,
    method: String,
    assertion_type: String,
}

type Source = dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync;

impl ClientAssertion {
    /// From a function that holds the calling thread; it is called when the request's future is polled.
    pub fn from_fn(source: impl Fn() -> Result<Secret> + Send + Sync + 'static) -> Self {
        let source = Arc::new(source);
        let boxed = move || -> BoxFuture<'static, Result<Secret>> {
            let source = Arc::clone(&source);
            Box::pin(async move { source() })
        };
        Self::of(Arc::new(boxed), false)
    }

    /// From an async function. A blocking client refuses it, unless it [`needs_no_reactor`](Self::needs_no_reactor).
    pub fn from_async_fn<F, O>(source: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = Result<Secret>> + Send + 'static,
    {
        Self::of(Arc::new(move || Box::pin(source())), true)
    }

    fn of(source: Arc<Source>, needs_reactor: bool) -> Self {
        let (method, assertion_type) = ("private_key_jwt".to_owned(), JWT_BEARER.to_owned());
        Self { source, needs_reactor, method, assertion_type }
    }

    /// Says that the source's future makes progress without an async runtime, so that a blocking client takes it too.
    #[must_use]
    pub fn needs_no_reactor(mut self) -> Self {
        self.needs_reactor = false;
        self
    }

    /// The name of the method, in the place of `private_key_jwt`.
    #[must_use]
    pub fn method_name(mut self, name: impl Into<String>) -> Self {
        self.method = name.into();
        self
    }

    /// The `client_assertion_type`, in the place of RFC 7523's `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[must_use]
    pub fn assertion_type(mut self, assertion_type: impl Into<String>) -> Self {
        self.assertion_type = assertion_type.into();
        self
    }
}

impl ClientAuth for ClientAssertion {
    fn method(&self) -> &str {
        &self.method
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let assertion = (self.source)().await?;
            if assertion.is_empty() {
                return Err(Error::config(
                    "the source of the client assertion gave an empty one",
                    "look at what makes it",
                ));
            }
            put(draft, context.client_id, &self.assertion_type, assertion);
            Ok(())
        })
    }

    fn needs_reactor(&self) -> bool {
        self.needs_reactor
    }

    fn explain(&self, error: &mut ServerError) {
        explain(
            error,
            "the client assertion came from elsewhere: look at its aud, sub and exp, and at how the server trusts its issuer",
        );
    }
}

impl std::fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientAssertion")
            .field("method", &self.method)
            .field("assertion_type", &self.assertion_type)
            .finish_non_exhaustive()
    }
}
