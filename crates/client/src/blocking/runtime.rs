//! The blocking face's clock and executor: the calling thread, and one thread of our own.

use grantee_core::ports::{BoxFuture, Cancel, Clock, Executor, WaitEnd};
use grantee_core::{Error, Result, UnixTime};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Drives a future to its end on the calling thread, which parks while there is nothing to do. Knows no runtime, so it
/// works in a thread, and in a thread that belongs to somebody's runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(outcome) => return outcome,
            // A park may end early or for somebody else's unpark: the next poll finds out.
            Poll::Pending => thread::park(),
        }
    }
}

/// The system's clocks, waiting on a condition variable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThreadClock {
    start: Instant,
}

impl ThreadClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for ThreadClock {
    fn now(&self) -> UnixTime {
        UnixTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_or_cancel<'a>(&'a self, duration: Duration, cancel: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async move { cancel.wait_blocking(duration) })
    }
}

/// Runs early renewals, one after the other, on one thread that is started when first needed.
#[derive(Default)]
pub(crate) struct ThreadExecutor {
    worker: Mutex<Worker>,
}

#[derive(Default)]
struct Worker {
    queue: Option<Sender<BoxFuture<'static, ()>>>,
    thread: Option<JoinHandle<()>>,
    closed: bool,
}

impl std::fmt::Debug for ThreadExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ThreadExecutor { .. }")
    }
}

impl ThreadExecutor {
    /// Lets what is queued finish and joins the thread. Nothing is spawned afterwards.
    pub(crate) fn close(&self) {
        let thread = {
            let mut worker = self.lock();
            worker.closed = true;
            worker.queue = None;
            worker.thread.take()
        };
        // From that thread itself there is nothing to join: it ends when it returns.
        if let Some(thread) = thread.filter(|worker| worker.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Worker> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for ThreadExecutor {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        let mut worker = self.lock();
        if worker.closed {
            return Err(Error::config("the client has been closed", "make a new one"));
        }
        if worker.queue.is_none() {
            let (queue, work) = channel::<BoxFuture<'static, ()>>();
            let thread = thread::Builder::new().name("grantee-renewal".to_owned()).spawn(move || {
                for future in work {
                    // A panic fails those who wait, by the guard in the future; the next renewal still finds a thread.
                    let _ = catch_unwind(AssertUnwindSafe(|| block_on(future)));
                }
            });
            worker.thread = Some(thread.map_err(|error| {
                Error::config(format!("no thread can be started: {error}"), "look at the machine's limits")
            })?);
            worker.queue = Some(queue);
        }
        if let Some(queue) = &worker.queue {
            // The thread ends only after the queue has been dropped.
            let _ = queue.send(future);
        }
        Ok(())
    }

    fn callers_run_their_own(&self) -> bool {
        true
    }
}

impl Drop for ThreadExecutor {
    fn drop(&mut self) {
        // The last client may be dropped by the renewal itself; the thread then ends by itself, since its queue is gone.
        self.close();
    }
}
