//! A client that nobody serves: its keys are given and its time stands still.

use crate::keys::provider;
use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::error::{TransportError, TransportErrorKind};
use grantee_core::ports::{BoxFuture, Cancel, Clock, Entropy, Executor, Http, Ports, Request, Response, WaitEnd};
use grantee_core::{Client, Error, Result, UnixTime};
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) const APP: &str = "https://app.example";
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT_ID: &str = "app";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let mut config = config();
    config.set_jwks(provider().1);
    config.set_id_token_alg(Some("EdDSA".to_owned()));
    config.set_authorization_alg("EdDSA".to_owned());
    Client::new(config, ports(Nothing)).expect("the client is configured")
});

/// What a client of the one server knows without asking, but for its keys.
pub(crate) fn config() -> Config {
    let mut config = Config::new(Server::Literal);
    config.set_client(CLIENT_ID.to_owned(), None);
    config.set_redirect_uri(format!("{APP}/callback"));
    let members = config.members_mut();
    let at = |path: &str| Some(format!("{ISSUER}/{path}"));
    members.issuer = Some(ISSUER.to_owned());
    members.authorization_endpoint = at("authorize");
    members.token_endpoint = at("token");
    members.introspection_endpoint = at("introspect");
    members.end_session_endpoint = at("logout");
    members.pushed_authorization_request_endpoint = at("par");
    config
}

/// Ports of which all are the same world.
pub(crate) fn ports<W: Http + Clock + 'static>(world: W) -> Ports {
    let world = Arc::new(world);
    Ports { http: world.clone(), clock: world, executor: Arc::new(Nothing), entropy: Arc::new(Nothing) }
}

/// A server that answers what it was told to and then nothing any more, in a time that passes in waits alone.
#[derive(Clone, Default)]
pub(crate) struct Scripted(Arc<Script>);

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Option<http::Response<Bytes>>>>,
    /// When each request came.
    sent: Mutex<Vec<(Duration, Request)>>,
    waited: Mutex<Duration>,
}

impl Scripted {
    /// `None` is a connection that breaks.
    pub(crate) fn new(answers: impl IntoIterator<Item = Option<http::Response<Bytes>>>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self(Arc::new(Script { answers, ..Script::default() }))
    }

    pub(crate) fn client(&self, config: Config) -> Result<Client> {
        Client::new(config, ports(self.clone()))
    }

    pub(crate) fn sent(&self) -> Vec<(Duration, Request)> {
        self.sent_since(0)
    }

    /// The requests after the first ones.
    pub(crate) fn sent_since(&self, first: usize) -> Vec<(Duration, Request)> {
        lock(&self.0.sent).get(first..).unwrap_or_default().to_vec()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Http for Scripted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let url = request.uri().to_string();
        lock(&self.0.sent).push((self.monotonic(), request));
        let answer = lock(&self.0.answers).pop_front().flatten();
        Box::pin(async move {
            let broken = || TransportError::new(TransportErrorKind::Broken, "nobody says anything");
            answer.map(|http| Response { http, url }).ok_or_else(broken)
        })
    }
}

impl Clock for Scripted {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(NOW).after(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *lock(&self.0.waited)
    }

    fn sleep_or_cancel<'a>(&'a self, duration: Duration, _: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        let mut waited = lock(&self.0.waited);
        *waited = waited.saturating_add(duration);
        Box::pin(async { WaitEnd::Elapsed })
    }
}

/// No network, no time that passes, no thread and no chance.
pub(crate) struct Nothing;

impl Http for Nothing {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { Err(TransportError::new(TransportErrorKind::Connect, "nobody is there")) })
    }
}

impl Clock for Nothing {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(NOW)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_or_cancel<'a>(&'a self, _: Duration, _: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async { WaitEnd::Elapsed })
    }
}

impl Executor for Nothing {
    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<()> {
        Err(Error::config("there is no thread", "none is needed"))
    }

    fn callers_run_their_own(&self) -> bool {
        true
    }
}

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(7);
        Ok(())
    }
}
