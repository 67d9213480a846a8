//! The blocking session.

use super::ports::WhenPolled;
use super::runtime::block_on;
use crate::session::{CallbackError, SessionOptions, SyncOnChange, session_builder_methods};
use grantee_core::client::Config;
use grantee_core::grant::Grant;
use grantee_core::ports::Request;
use grantee_core::session::call::{self, Placement, call};
use grantee_core::session::{Renewal, Source, SourceBuilder};
use grantee_core::store::BlockingStore;
use grantee_core::{Result, Token};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::sync::Arc;

/// Makes a [`Session`].
#[must_use]
pub struct SessionBuilder {
    source: SourceBuilder,
    options: SessionOptions,
    /// Why the grant can't be used here, where it can't.
    refused: Result<()>,
}

impl SessionBuilder {
    pub(crate) fn new(client: grantee_core::Client, grant: Arc<dyn Grant>, token: Option<Token>) -> Self {
        let refused = Config::refuse_reactor_of(&*grant);
        let mut source = SourceBuilder::new(client, grant);
        if let Some(token) = token {
            source = source.token(token);
        }
        Self { refused, ..Self::of(source) }
    }

    pub(crate) fn of(source: SourceBuilder) -> Self {
        Self { source, options: SessionOptions::default(), refused: Ok(()) }
    }

    session_builder_methods!();

    /// Keeps the token in this store.
    pub fn store(mut self, store: impl BlockingStore + 'static) -> Self {
        self.source = self.source.store(Arc::new(WhenPolled(store)));
        self
    }

    /// Is told of every new token, once a renewal, before any waiting caller goes on: the one before, the new one, and how
    /// it came. An error reaches those callers; the new token stays usable.
    pub fn on_change<F>(mut self, on_change: F) -> Self
    where
        F: Fn(Option<&Token>, &Token, Renewal) -> Result<(), CallbackError> + Send + Sync + 'static,
    {
        self.source = self.source.on_change(Arc::new(SyncOnChange(on_change)));
        self
    }

    /// The session. Nothing is fetched or read yet.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when a store is to keep a person's token and nobody said whose it is, or the
    /// grant needs an async runtime.
    pub fn build(self) -> Result<Session> {
        self.refused?;
        Ok(Session { source: self.source.build()?, options: Arc::new(self.options) })
    }
}

/// A token that stays fresh. Cheap to clone; clones share the token.
///
/// However many threads use it at once, one token request is made when it is due, and a caller that goes away takes nothing
/// with it.
#[derive(Debug, Clone)]
pub struct Session {
    source: Source,
    options: Arc<SessionOptions>,
}

impl Session {
    /// The `Authorization` header of the held token while it is fresh. No lock, no future, no allocation.
    pub fn held(&self) -> Option<HeaderValue> {
        self.source.held()
    }

    /// The `Authorization` header, of the held token or of a new one. One that is bound to the client's certificate is of use
    /// only over connections that show the same one.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where each request needs a proof of its own: see [`attempt`](Self::attempt).
    /// Whatever kept a token from coming; all who waited get the same.
    pub fn header(&self) -> Result<HeaderValue> {
        block_on(self.source.header())
    }

    /// The token: the held one while it is fresh, else a new one.
    ///
    /// # Errors
    /// Whatever kept a new one from coming; all who waited get the same.
    pub fn token(&self) -> Result<Arc<Token>> {
        block_on(self.source.token())
    }

    /// A new token, however fresh the held one is.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn renew(&self) -> Result<Arc<Token>> {
        block_on(self.source.renew())
    }

    /// One request with this token by an HTTP client of your own: what goes on it, proof included, and whether its answer asks
    /// for it to be sent once more.
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt(self.source.attempt())
    }

    /// The header of a token other than the one an API rejected, for whoever sends requests by other means.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn after_rejection(&self, rejected: &HeaderValue) -> Result<HeaderValue> {
        block_on(self.source.after_rejection(rejected))
    }

    /// Stores the token the session was started with, where there is a store, and otherwise makes sure that there is one.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn save(&self) -> Result<()> {
        block_on(self.source.save())
    }

    /// Forgets the token, here and in the store. It stays good at the server: see [`Client::revoke`](super::Client::revoke).
    ///
    /// # Errors
    /// [`Error::Store`](crate::Error::Store) when the store keeps it still.
    pub fn forget(&self) -> Result<()> {
        block_on(self.source.forget())
    }

    /// Sends a request with the token, to an origin that [`SessionBuilder::allow_origin`] named. After a 401 that rejects
    /// the token it is renewed and the request sent once more. Any status is an answer.
    ///
    /// # Errors
    /// [`Error::Insufficient`](crate::Error::Insufficient) when the API asks for more; [`Error::Config`](crate::Error::Config) for another origin; otherwise why there is no
    /// token or no answer.
    pub fn send(&self, request: Request) -> Result<http::Response<bytes::Bytes>> {
        self.options.check(&request, self.source.client().allows_http())?;
        block_on(call(&self.source, request, self.options.placement))
    }

    /// Starts nothing more and waits for the renewal that runs. A token that is held still serves while it is fresh.
    pub fn close(&self) {
        block_on(self.source.close());
    }

    /// The source underneath.
    pub fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn options(&self) -> &SessionOptions {
        &self.options
    }

    pub(crate) fn placement(&self) -> Placement {
        self.options.placement
    }
}

/// One request to an API with a session's token, by an HTTP client of your own.
///
/// A demand of the token type is met once for each token; a rejected token is renewed once. So whatever a server answers, a
/// request is sent four times at the most.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = grantor::Server::start(); let (issuer, url) = (server.issuer(), server.url("/api/orders"));
/// use grantee::{ClientCredentials, blocking::Client};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let session = client.session(ClientCredentials::new().scope("orders")).build()?;
/// let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
///
/// let mut attempt = session.attempt();
/// let answer = loop {
///     let mut request = http::Request::get(&url).body(())?;
///     let (method, uri) = (request.method().clone(), request.uri().clone());
///     attempt.authorize(&method, &uri, request.headers_mut())?;
///     let answer = agent.run(request)?;
///     if !attempt.again(&uri, answer.status(), answer.headers())? {
///         break answer;
///     }
/// };
/// assert_eq!(answer.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Attempt<'a>(pub(crate) call::Attempt<'a>);

impl Attempt<'_> {
    /// Whether the token's type signs requests, and so wants whole ones
    /// ([`authorize_request`](Self::authorize_request)) where they are at hand.
    pub fn signs_request(&self) -> bool {
        self.0.signs_request()
    }

    /// Puts the token on a request, and a proof where its type needs one: new ones at each call. The URI is the whole one.
    ///
    /// # Errors
    /// Whatever keeps a token from coming; [`Error::Config`](crate::Error::Config) for one that can't be put on a request.
    pub fn authorize(&mut self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Result<()> {
        block_on(self.0.authorize(method, uri, headers))
    }

    /// As [`authorize`](Self::authorize), of a whole request: whatever of it a token's type signs or changes.
    ///
    /// # Errors
    /// As [`authorize`](Self::authorize).
    pub fn authorize_request(&mut self, request: &mut Request) -> Result<()> {
        block_on(self.0.authorize_request(request))
    }

    /// Whether the request is to be made and sent once more: the answer rejects the token, which has been renewed, or demands
    /// something of the proof. To be asked about every answer, since later proofs may need what it says.
    ///
    /// # Errors
    /// Whatever keeps a new token from coming.
    pub fn again(&mut self, uri: &Uri, status: StatusCode, headers: &HeaderMap) -> Result<bool> {
        block_on(self.0.again(uri, status, headers))
    }
}
