//! The async face's clock and executor: the caller's tokio runtime.

use grantee_core::ports::{BoxFuture, Cancel, Clock, Executor, WaitEnd};
use grantee_core::{Error, Result, UnixTime};
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The system's clocks, waiting by tokio's timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioClock {
    start: Instant,
}

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> UnixTime {
        UnixTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_or_cancel<'a>(&'a self, duration: Duration, cancel: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async move {
            let mut sleep = pin!(tokio::time::sleep(duration));
            let mut cancelled = pin!(cancel.cancelled());
            poll_fn(|context| {
                if cancelled.as_mut().poll(context).is_ready() {
                    return Poll::Ready(WaitEnd::Cancelled);
                }
                sleep.as_mut().poll(context).map(|()| WaitEnd::Elapsed)
            })
            .await
        })
    }
}

/// Spawns on the runtime the client was built in.
#[derive(Debug, Clone)]
pub(crate) struct TokioExecutor {
    handle: tokio::runtime::Handle,
}

impl TokioExecutor {
    /// # Errors
    /// [`Error::Config`] outside of a runtime.
    pub(crate) fn current() -> Result<Self> {
        let handle = tokio::runtime::Handle::try_current().map_err(|_| {
            Error::config(
                "the async client was built outside of a tokio runtime",
                "build it inside the runtime it is to work in, or use grantee::blocking",
            )
        })?;
        Ok(Self { handle })
    }
}

impl Executor for TokioExecutor {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        // On a runtime that has shut down tokio drops the future at once, which fails whoever waits for it.
        drop(self.handle.spawn(future));
        Ok(())
    }
}
