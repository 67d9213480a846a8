//! Hooks: where a program may look at, and change, what goes out and what comes in, for servers that deviate.

use crate::authorization::AuthorizationRequest;
use crate::error::{Error, Result};
use crate::ports::{BoxFuture, Request};
use crate::wire::draft::Draft;
use bytes::Bytes;
use std::sync::Arc;
use url::Url;

/// Which token request an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenAnswer {
    /// A first token, by any grant.
    Access,
    /// A refresh.
    Refresh,
}

/// What a program wants to see or change. Hooks run in the order they were added, each seeing what the one before left.
/// An error from a hook ends the conversation with that error.
#[allow(unused_variables)]
pub trait Hook: Send + Sync {
    /// A token request, before the client is authenticated and it is sent.
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A token answer as it came (status, headers, body), before anything is read from it.
    fn on_token_answer<'a>(
        &'a self,
        kind: TokenAnswer,
        answer: &'a mut http::Response<Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A token request failed.
    fn on_token_error<'a>(&'a self, error: &'a Error) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// A request to a protected API, before the token is put on.
    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// An introspection request, before the client is authenticated and it is sent.
    fn before_introspection_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A revocation request, before the client is authenticated and it is sent.
    fn before_revocation_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// An authorization request, before its URL is made.
    fn before_authorization_request<'a>(&'a self, request: &'a mut AuthorizationRequest) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The URL that the person is sent to. It stays at the server's origin.
    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A request to one of the server's endpoints, with the client's authentication on it, as it is about to be sent.
    fn on_authenticated_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Shows an authorization request to the hooks.
pub(crate) async fn shape_request(hooks: &[Arc<dyn Hook>], request: &mut AuthorizationRequest) -> Result<()> {
    for hook in hooks {
        hook.before_authorization_request(request).await?;
    }
    Ok(())
}

/// Shows the URL of an authorization request to the hooks.
pub(crate) async fn shape_url(hooks: &[Arc<dyn Hook>], url: &mut Url) -> Result<()> {
    let asked = url.origin();
    for hook in hooks {
        hook.on_authorization_url(url).await?;
    }
    // What is pending names the server that was asked.
    if url.origin() != asked {
        return Err(Error::config(
            "a hook moved the authorization request to another origin",
            "give the client that server's authorization endpoint in the first place",
        ));
    }
    Ok(())
}
