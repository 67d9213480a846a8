//! A client that nobody serves: its keys are given and its time stands still.

use crate::keys::provider;
use grantee_core::client::{Config, Server};
use grantee_core::error::{TransportError, TransportErrorKind};
use grantee_core::ports::{BoxFuture, Cancel, Clock, Entropy, Executor, Http, Ports, Request, Response, WaitEnd};
use grantee_core::{Client, Error, Result, UnixTime};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT_ID: &str = "app";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let mut config = Config::new(Server::Literal);
    config.set_client(CLIENT_ID.to_owned(), None);
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.end_session_endpoint = Some(format!("{ISSUER}/logout"));
    config.set_jwks(provider().1);
    config.set_id_token_alg(Some("EdDSA".to_owned()));
    let ports = Ports {
        http: Arc::new(Nothing),
        clock: Arc::new(Nothing),
        executor: Arc::new(Nothing),
        entropy: Arc::new(Nothing),
    };
    Client::new(config, ports).expect("the client is configured")
});

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
