//! Contract suites: what an implementation of an extension point keeps to, as functions that any implementation can run.
//!
//! Each panics with the rule that was broken, so a test of your own is one call. The suite of an HTTP client is in the
//! crate `grantee`, since it needs a socket.

pub mod client_auth;
pub mod grant;
pub mod store;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The outcome of a future that has nothing to wait for.
///
/// # Panics
/// When it waits: both faces drive it, so it may await only what its context hands it.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the future awaits only what its context hands it"),
    }
}
