//! The handle to a running server.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use tokio::sync::Notify;

use crate::{
    Builder, Endpoint, Hold, Misbehaviour, Request, access_token,
    binding::Binding,
    shared::{Shared, lock},
    store::Grant,
};

/// A running server. Stops when it is dropped.
///
/// It runs on a thread of its own, so it serves synchronous tests and tests inside any runtime alike.
///
/// ```
/// let server = grantor::Server::start();
/// assert!(server.issuer().starts_with("http://127.0.0.1:"));
/// ```
pub struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) port: u16,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) stop: Arc<Notify>,
    pub(crate) thread: Mutex<Option<JoinHandle<()>>>,
}

/// Tokens made by [`Server::issue`], past all endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// A Bearer token.
    pub access_token: String,
    /// The refresh token of the same family.
    pub refresh_token: String,
    /// Seconds since the epoch: when the access token ends.
    pub expires_at: u64,
    /// The scope, as given.
    pub scope: String,
}

impl Server {
    /// Starts a server with all defaults on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server with other than the default settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The issuer identifier, exactly as it stands in the metadata: `http://127.0.0.1:PORT` and the path, if any.
    pub fn issuer(&self) -> String {
        self.shared.config.issuer()
    }

    /// The address of a path on this server, `/api/orders` say. The issuer's path is not added.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.config.origin)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many requests the endpoint has received, answered or not, since the start or [`Server::clear_log`].
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.shared.log.count(endpoint)
    }

    /// The requests received so far, the oldest first. See [`Builder::log_limit`].
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    /// The requests received so far by one endpoint.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.endpoint == endpoint).collect()
    }

    /// Empties the log and sets every counter to zero.
    pub fn clear_log(&self) {
        self.shared.log.clear();
    }

    /// Makes an endpoint misbehave until [`Server::behave`]. Another misbehaviour replaces this one.
    pub fn misbehave(&self, endpoint: Endpoint, misbehaviour: Misbehaviour) {
        self.shared.faults.always(endpoint, misbehaviour);
    }

    /// Makes an endpoint misbehave for the next `times` requests. Further calls queue up behind, and all of them come before
    /// what [`Server::misbehave`] has set.
    pub fn misbehave_times(&self, endpoint: Endpoint, times: usize, misbehaviour: Misbehaviour) {
        self.shared.faults.times(endpoint, times, misbehaviour);
    }

    /// Ends all misbehaviour of an endpoint.
    pub fn behave(&self, endpoint: Endpoint) {
        self.shared.faults.none(endpoint);
    }

    /// Holds the endpoint's answers back *after* the requests have been carried out. Other endpoints go on.
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        self.shared.holds.add(endpoint, false, self.runtime.clone())
    }

    /// Holds the endpoint's requests back *before* they are carried out.
    pub fn hold_before(&self, endpoint: Endpoint) -> Hold {
        self.shared.holds.add(endpoint, true, self.runtime.clone())
    }

    /// From now on every access token issued so far is refused with `invalid_token`. Refresh tokens still work.
    pub fn expire_access_tokens(&self) {
        lock(&self.shared.store).forget_access_tokens();
    }

    /// From now on every code (of a device and of CIBA too), access token and refresh token issued so far is refused, and so
    /// are all credentials of OAuth 1.0 but the clients' own.
    pub fn revoke_everything(&self) {
        lock(&self.shared.store).forget_everything();
        lock(&self.shared.pending).clear();
        lock(&self.shared.oauth1).forget_everything();
    }

    /// How many access tokens are good at this moment.
    pub fn active_access_tokens(&self) -> usize {
        lock(&self.shared.store).active_access_tokens()
    }

    /// How many families of tokens have been revoked because a refresh token or a code was used twice.
    pub fn families_revoked(&self) -> usize {
        lock(&self.shared.store).families_revoked
    }

    /// Makes tokens without any request. Client and user need not be registered.
    pub fn issue(&self, client_id: &str, user: Option<&str>, scope: &str) -> IssuedToken {
        let config = &self.shared.config;
        let sub = match user {
            Some(name) => config.users.get(name).map_or(name, |user| user.sub.as_str()),
            None => client_id,
        };
        let grant = Arc::new(Grant {
            client_id: client_id.to_owned(),
            username: user.map(str::to_owned),
            sub: sub.to_owned(),
            scope: scope.to_owned(),
            auth_time: self.shared.clock.seconds(),
            ..Grant::default()
        });
        let client = self.shared.client(client_id);
        let (access_token, life) = access_token::issue(&self.shared, client.as_deref(), &grant, scope, &[]);
        let refresh_token =
            lock(&self.shared.store).add_refresh(grant, config.refresh_token_lifetime, Binding::default());
        IssuedToken {
            access_token: access_token.to_string(),
            refresh_token: refresh_token.to_string(),
            expires_at: life.expires_at,
            scope: scope.to_owned(),
        }
    }

    /// Stops the server: every connection is closed and the port is free when this returns. Stopping twice is fine.
    pub fn stop(&self) {
        self.stop.notify_one();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            // It only fails when the server's thread panicked, and there is nobody left to tell.
            let _ = thread.join();
        }
    }

    pub(crate) fn launch(builder: Builder) -> io::Result<Self> {
        crate::listener::launch(builder)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}
