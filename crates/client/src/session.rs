//! The async session.

use grantee_core::grant::Grant;
use grantee_core::ports::{BoxFuture, Request};
use grantee_core::session::call::{Attempt, Placement, call};
use grantee_core::session::{OnChange, Renewal, Source, SourceBuilder};
use grantee_core::store::Store;
use grantee_core::{Error, Result, Token};
use http::HeaderValue;
use std::future::Future;
use std::sync::Arc;

/// The error of a callback of the program's own.
pub type CallbackError = Box<dyn std::error::Error + Send + Sync>;

/// Makes a [`Session`].
#[must_use]
pub struct SessionBuilder {
    source: SourceBuilder,
    options: SessionOptions,
}

/// What both faces' sessions know beside their source.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionOptions {
    pub(crate) placement: Placement,
    pub(crate) origins: Vec<String>,
}

impl SessionOptions {
    /// # Errors
    /// [`Error::Config`] when the token was not meant for where the request goes.
    pub(crate) fn check(&self, request: &Request, allow_http: bool) -> Result<()> {
        let url = grantee_core::wire::url::parse("the request's URL", &request.uri().to_string())?;
        grantee_core::wire::url::confidential("the request's URL", &url, allow_http)?;
        let origin = grantee_core::wire::url::origin(&url);
        if self.origins.contains(&origin) {
            return Ok(());
        }
        Err(Error::config(
            format!("this session's token may not go to {origin}"),
            "name the origins that may receive it with allow_origin(…) on the session, or make an ApiClient with api(base)",
        ))
    }
}

/// The builder methods that both faces' session builders share.
macro_rules! session_builder_methods {
    () => {
        /// The caller's own label for whose token it is, such as the user's id: keeps the tokens of two people apart in one store.
        pub fn account(mut self, account: impl Into<String>) -> Self {
            self.source = self.source.account(account);
            self
        }

        /// Starts with this token; the grant serves when it can't be renewed.
        pub fn token(mut self, token: grantee_core::Token) -> Self {
            self.source = self.source.token(token);
            self
        }

        /// How long before its end a token counts as expired: 60 s by default, and never more than a tenth of its life.
        pub fn leeway(mut self, leeway: std::time::Duration) -> Self {
            self.source = self.source.leeway(leeway);
            self
        }

        /// Renews in the background when less than this is left (and the leeway, and up to a tenth more by chance); callers
        /// get the held token meanwhile.
        pub fn renew_early(mut self, before: std::time::Duration) -> Self {
            self.source = self.source.renew_early(before);
            self
        }

        /// Where the token goes on a request: the header, unless told otherwise.
        pub fn placement(mut self, placement: grantee_core::session::call::Placement) -> Self {
            self.options.placement = placement;
            self
        }

        /// Lets the token go to the origin of this URL, as in `https://api.example`, when the session sends to absolute URLs.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) when it is no absolute URL.
        pub fn allow_origin(mut self, origin: &str) -> grantee_core::Result<Self> {
            let url = grantee_core::wire::url::parse("the origin", origin)?;
            self.options.origins.push(grantee_core::wire::url::origin(&url));
            Ok(self)
        }
    };
}
pub(crate) use session_builder_methods;

impl SessionBuilder {
    pub(crate) fn new(client: grantee_core::Client, grant: Arc<dyn Grant>, token: Option<Token>) -> Self {
        let mut source = SourceBuilder::new(client, grant);
        if let Some(token) = token {
            source = source.token(token);
        }
        Self::of(source)
    }

    pub(crate) fn of(source: SourceBuilder) -> Self {
        Self { source, options: SessionOptions::default() }
    }

    session_builder_methods!();

    /// Keeps the token in this store.
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.source = self.source.store(Arc::new(store));
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

    /// As [`on_change`](Self::on_change), awaiting what the function returns.
    pub fn on_change_async<F, R>(mut self, on_change: F) -> Self
    where
        F: Fn(Option<Token>, Token, Renewal) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), CallbackError>> + Send + 'static,
    {
        self.source = self.source.on_change(Arc::new(AsyncOnChange(on_change)));
        self
    }

    /// The session. Nothing is fetched or read yet.
    ///
    /// # Errors
    /// [`Error::Config`] when a store is to keep a person's token and nobody said whose it is.
    pub fn build(self) -> Result<Session> {
        Ok(Session { source: self.source.build()?, options: Arc::new(self.options) })
    }
}

/// A token that stays fresh. Cheap to clone; clones share the token.
///
/// However many tasks use it at once, one token request is made when it is due, and a caller that goes away takes nothing
/// with it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::start(); let issuer = server.issuer();
/// use grantee::{Client, ClientCredentials};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let session = client.session(ClientCredentials::new().scope("orders")).build()?;
/// let header = session.header().await?;
/// assert_eq!(session.held(), Some(header));
/// # Ok(()) }
/// ```
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
    /// [`Error::Config`] where each request needs a proof of its own: see [`attempt`](Self::attempt).
    /// Whatever kept a token from coming; all who waited get the same.
    pub async fn header(&self) -> Result<HeaderValue> {
        self.source.header().await
    }

    /// The token: the held one while it is fresh, else a new one.
    ///
    /// # Errors
    /// Whatever kept a new one from coming; all who waited get the same.
    pub async fn token(&self) -> Result<Arc<Token>> {
        self.source.token().await
    }

    /// A new token, however fresh the held one is.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn renew(&self) -> Result<Arc<Token>> {
        self.source.renew().await
    }

    /// One request with this token by an HTTP client of your own: what goes on it, proof included, and whether its answer asks
    /// for it to be sent once more. [`adapters`](crate::adapters) shows it in use.
    pub fn attempt(&self) -> Attempt<'_> {
        self.source.attempt()
    }

    /// The header of a token other than the one an API rejected, for whoever sends requests by other means.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn after_rejection(&self, rejected: &HeaderValue) -> Result<HeaderValue> {
        self.source.after_rejection(rejected).await
    }

    /// Stores the token the session was started with, where there is a store, and otherwise makes sure that there is one.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn save(&self) -> Result<()> {
        self.source.save().await
    }

    /// Forgets the token, here and in the store. It stays good at the server: see [`Client::revoke`](crate::Client::revoke).
    ///
    /// # Errors
    /// [`Error::Store`] when the store keeps it still.
    pub async fn forget(&self) -> Result<()> {
        self.source.forget().await
    }

    /// Sends a request with the token, to an origin that [`SessionBuilder::allow_origin`] named. After a 401 that rejects
    /// the token it is renewed and the request sent once more. Any status is an answer.
    ///
    /// # Errors
    /// [`Error::Insufficient`] when the API asks for more; [`Error::Config`] for another origin; otherwise why there is no
    /// token or no answer.
    pub async fn send(&self, request: Request) -> Result<http::Response<bytes::Bytes>> {
        self.options.check(&request, self.source.client().allows_http())?;
        call(&self.source, request, self.options.placement).await
    }

    /// Starts nothing more and waits for the renewal that runs. A token that is held still serves while it is fresh.
    pub async fn close(&self) {
        self.source.close().await;
    }

    /// The source underneath.
    pub fn source(&self) -> &Source {
        &self.source
    }

    #[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
    pub(crate) fn options(&self) -> &SessionOptions {
        &self.options
    }

    pub(crate) fn placement(&self) -> Placement {
        self.options.placement
    }
}

pub(crate) struct SyncOnChange<F>(pub(crate) F);

impl<F> OnChange for SyncOnChange<F>
where
    F: Fn(Option<&Token>, &Token, Renewal) -> Result<(), CallbackError> + Send + Sync,
{
    fn changed<'a>(&'a self, old: Option<&'a Token>, new: &'a Token, how: Renewal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { (self.0)(old, new, how).map_err(failed) })
    }
}

struct AsyncOnChange<F>(F);

impl<F, R> OnChange for AsyncOnChange<F>
where
    F: Fn(Option<Token>, Token, Renewal) -> R + Send + Sync,
    R: Future<Output = Result<(), CallbackError>> + Send,
{
    fn changed<'a>(&'a self, old: Option<&'a Token>, new: &'a Token, how: Renewal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { (self.0)(old.cloned(), new.clone(), how).await.map_err(failed) })
    }
}

fn failed(error: CallbackError) -> Error {
    Error::Callback { what: "on_change", source: error.into() }
}
