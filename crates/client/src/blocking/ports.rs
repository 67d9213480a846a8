//! The blocking twins of what a program may hand over. They are other types than the async ones, so that neither can be
//! handed to the wrong face.

use crate::http::when_polled;
use grantee_core::UnixTime;
use grantee_core::authorization::AuthorizationRequest;
use grantee_core::error::{Error, Result, StoreError, TransportError};
use grantee_core::hooks::TokenAnswer;
use grantee_core::oidc::{BlockingReplayCache, ReplayCache};
use grantee_core::ports::{BoxFuture, Certificate, Request, Response};
use grantee_core::store::{BlockingStore, Record, Store, StoreLock, TokenKey};
use grantee_core::wire::draft::Draft;
use std::time::Duration;
use url::Url;

/// Sends requests, holding the calling thread. What it must keep to is said at [`grantee_core::ports::Http`].
pub trait Http: Send + Sync {
    /// Sends one request and reads the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// [`TransportError`] when no whole answer came.
    fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// What it knows of the certificate that it shows to servers that ask for one.
    fn certificate(&self) -> Certificate {
        Certificate::Unknown
    }
}

/// What a program wants to see or change; see [`grantee_core::hooks::Hook`], whose blocking twin this is.
#[allow(unused_variables)]
pub trait Hook: Send + Sync {
    /// A token request, before the client is authenticated and it is sent.
    ///
    /// # Errors
    /// An error ends the conversation; likewise below.
    fn before_token_request(&self, draft: &mut Draft) -> Result<()> {
        Ok(())
    }

    /// A token answer as it came, before anything is read from it.
    ///
    /// # Errors
    /// As above.
    fn on_token_answer(&self, kind: TokenAnswer, answer: &mut http::Response<bytes::Bytes>) -> Result<()> {
        Ok(())
    }

    /// A token request failed.
    fn on_token_error(&self, error: &Error) {}

    /// A request to a protected API, before the token is put on.
    ///
    /// # Errors
    /// As above.
    fn before_protected_request(&self, request: &mut Request) -> Result<()> {
        Ok(())
    }

    /// An introspection request, before the client is authenticated and it is sent.
    ///
    /// # Errors
    /// As above.
    fn before_introspection_request(&self, draft: &mut Draft) -> Result<()> {
        Ok(())
    }

    /// A revocation request, before the client is authenticated and it is sent.
    ///
    /// # Errors
    /// As above.
    fn before_revocation_request(&self, draft: &mut Draft) -> Result<()> {
        Ok(())
    }

    /// An authorization request, before its URL is made.
    ///
    /// # Errors
    /// As above.
    fn before_authorization_request(&self, request: &mut AuthorizationRequest) -> Result<()> {
        Ok(())
    }

    /// The URL that the person is sent to. It stays at the server's origin.
    ///
    /// # Errors
    /// As above.
    fn on_authorization_url(&self, url: &mut Url) -> Result<()> {
        Ok(())
    }

    /// A request to one of the server's endpoints, with the client's authentication on it, as it is about to be sent.
    ///
    /// # Errors
    /// As above.
    fn on_authenticated_request(&self, draft: &mut Draft) -> Result<()> {
        Ok(())
    }
}

/// A blocking implementation as the core's port: its work happens when the future is first polled.
pub(crate) struct WhenPolled<T>(pub(crate) T);

impl<T: Http> grantee_core::ports::Http for WhenPolled<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        when_polled(move || self.0.send(request))
    }

    fn certificate(&self) -> Certificate {
        self.0.certificate()
    }
}

impl<T: Hook> grantee_core::hooks::Hook for WhenPolled<T> {
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.before_token_request(draft))
    }

    fn on_token_answer<'a>(
        &'a self,
        kind: TokenAnswer,
        answer: &'a mut http::Response<bytes::Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.on_token_answer(kind, answer))
    }

    fn on_token_error<'a>(&'a self, error: &'a Error) -> BoxFuture<'a, ()> {
        when_polled(move || self.0.on_token_error(error))
    }

    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.before_protected_request(request))
    }

    fn before_introspection_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.before_introspection_request(draft))
    }

    fn before_revocation_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.before_revocation_request(draft))
    }

    fn before_authorization_request<'a>(&'a self, request: &'a mut AuthorizationRequest) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.before_authorization_request(request))
    }

    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.on_authorization_url(url))
    }

    fn on_authenticated_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        when_polled(move || self.0.on_authenticated_request(draft))
    }
}

impl ReplayCache for WhenPolled<&dyn BlockingReplayCache> {
    fn first_use<'a>(&'a self, id: &'a str, until: UnixTime) -> BoxFuture<'a, Result<bool>> {
        when_polled(move || self.0.first_use(id, until))
    }
}

impl<T: BlockingStore> Store for WhenPolled<T> {
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        when_polled(move || self.0.load(key))
    }

    fn lock<'a>(
        &'a self,
        key: &'a TokenKey,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        when_polled(move || self.0.lock(key, at_most))
    }

    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        when_polled(move || self.0.prepare(key, record, lock))
    }

    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        when_polled(move || self.0.save(key, record, lock))
    }

    fn remove<'a>(&'a self, key: &'a TokenKey, lock: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        when_polled(move || self.0.remove(key, lock))
    }
}
