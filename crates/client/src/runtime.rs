//! The async face's clock and executor: the caller's tokio runtime.

use event_listener::Event;
use grantee_core::ports::{BoxFuture, Cancel, Clock, Executor, WaitEnd};
use grantee_core::{Error, Result, UnixTime};
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
#[derive(Clone)]
pub(crate) struct TokioExecutor {
    handle: tokio::runtime::Handle,
    running: Arc<Running>,
}

#[derive(Default)]
struct Running {
    state: Mutex<State>,
    ended: Event,
}

#[derive(Default)]
struct State {
    count: usize,
    tasks: Vec<tokio::task::Id>,
    closed: bool,
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
        Ok(Self { handle, running: Arc::default() })
    }

    /// Spawns nothing more and waits for what runs, except for what it is called by.
    pub(crate) async fn close(&self) {
        self.running.lock().closed = true;
        loop {
            let ended = self.running.ended.listen();
            if self.running.is_idle() {
                return;
            }
            ended.await;
        }
    }
}

impl Executor for TokioExecutor {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        let runs = Runs::start(&self.running)?;
        // On a runtime that has shut down tokio drops the future at once, which fails whoever waits for it.
        drop(self.handle.spawn(async move {
            let _runs = runs.on(tokio::task::id());
            future.await;
        }));
        Ok(())
    }
}

impl std::fmt::Debug for TokioExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokioExecutor { .. }")
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Whether nothing runs but the task that asks.
    fn is_idle(&self) -> bool {
        let state = self.lock();
        let own = tokio::task::try_id().is_some_and(|task| state.tasks.contains(&task));
        state.count == usize::from(own)
    }
}

/// Counted while it exists: also when the future panics or its runtime drops it.
struct Runs(Arc<Running>, Option<tokio::task::Id>);

impl Runs {
    fn start(running: &Arc<Running>) -> Result<Self> {
        let mut state = running.lock();
        if state.closed {
            return Err(Error::config("the client has been closed", "make a new one"));
        }
        state.count += 1;
        drop(state);
        Ok(Self(Arc::clone(running), None))
    }

    fn on(mut self, task: tokio::task::Id) -> Self {
        self.0.lock().tasks.push(task);
        self.1 = Some(task);
        self
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.count -= 1;
        state.tasks.retain(|task| Some(*task) != self.1);
        drop(state);
        self.0.ended.notify(usize::MAX);
    }
}
