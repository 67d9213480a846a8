//! One flight at a time: whoever asks while work is under way waits for its outcome, success or failure.

use crate::error::{Error, Result};
use crate::ports::{BoxFuture, Executor};
use event_listener::Event;
use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Lets one piece of work run at a time and shares its outcome with all who wait. Knows no runtime: its waiters park on
/// an event, which works in a thread, in a task, and in a thread that blocks inside a task.
pub(crate) struct Gate<T> {
    flight: Mutex<Option<Arc<Flight<T>>>>,
    idle: Event,
    what: &'static str,
}

struct Flight<T> {
    outcome: OnceLock<Result<T>>,
    landed: Event,
    /// The work, while it waits for a thread.
    queued: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl<T: Clone + Send + Sync + 'static> Gate<T> {
    pub(crate) fn new(what: &'static str) -> Arc<Self> {
        Arc::new(Self { flight: Mutex::new(None), idle: Event::new(), what })
    }

    /// Looks again, joins the flight under way, or starts one with `work`. The work outlives a caller that goes away.
    pub(crate) async fn run(
        self: &Arc<Self>,
        executor: &dyn Executor,
        look: impl FnOnce() -> Option<Result<T>>,
        joined: impl FnOnce(),
        work: impl FnOnce() -> BoxFuture<'static, Result<T>>,
    ) -> Result<T> {
        match self.enter(look) {
            Entry::Settled(outcome) => outcome,
            Entry::Joined(flight) => {
                joined();
                // Whoever needs the outcome does not wait for a thread that may be busy, and perhaps waits for this caller.
                if let Some(work) = flight.take_queued() {
                    work.await;
                }
                flight.land().await
            }
            Entry::Pilot(pilot) => {
                let flight = Arc::clone(&pilot.flight);
                let future = fly(pilot, work());
                if executor.callers_run_their_own() {
                    future.await;
                } else {
                    executor.spawn(future)?;
                }
                flight.land().await
            }
        }
    }

    /// Starts `work` unless some is under way or a look says that there is no need; nobody waits for it here.
    pub(crate) fn start(
        self: &Arc<Self>,
        executor: &dyn Executor,
        look: impl FnOnce() -> Option<Result<T>>,
        work: impl FnOnce() -> BoxFuture<'static, Result<T>>,
    ) {
        if let Entry::Pilot(pilot) = self.enter(look) {
            // Where it can't be spawned the pilot is dropped with it, which opens the gate again.
            let flight = Arc::clone(&pilot.flight);
            let future = fly(pilot, work());
            if !executor.callers_run_their_own() {
                let _ = executor.spawn(future);
                return;
            }
            *flight.queued.lock().unwrap_or_else(PoisonError::into_inner) = Some(future);
            let queued = Queued(flight);
            let _ = executor.spawn(Box::pin(async move {
                if let Some(work) = queued.0.take_queued() {
                    work.await;
                }
            }));
        }
    }

    fn enter(self: &Arc<Self>, look: impl FnOnce() -> Option<Result<T>>) -> Entry<T> {
        let mut held = self.lock();
        // Under the lock: a flight publishes what it brought before it leaves the gate, so a caller sees either that or
        // the flight, and never starts a second one.
        if let Some(settled) = look() {
            return Entry::Settled(settled);
        }
        if let Some(flight) = &*held {
            if Aboard::is_on(flight) {
                return Entry::Settled(Err(Error::config(
                    format!("a {} was asked for by what it calls itself, and would wait for itself", self.what),
                    "a hook, a listener or a store must not wait for the session it works for: use what it is handed, or another session",
                )));
            }
            return Entry::Joined(Arc::clone(flight));
        }
        let flight = Arc::new(Flight { outcome: OnceLock::new(), landed: Event::new(), queued: Mutex::new(None) });
        *held = Some(Arc::clone(&flight));
        Entry::Pilot(Pilot { gate: Arc::clone(self), flight })
    }

    /// Waits until nothing is under way, except for what it is called by.
    pub(crate) async fn wait_idle(&self) {
        loop {
            let listener = self.idle.listen();
            if self.lock().as_ref().is_none_or(Aboard::is_on) {
                return;
            }
            listener.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Flight<T>>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a caller finds at the gate.
enum Entry<T> {
    Settled(Result<T>),
    Joined(Arc<Flight<T>>),
    Pilot(Pilot<T>),
}

fn fly<T: Clone + Send + Sync + 'static>(
    pilot: Pilot<T>,
    work: BoxFuture<'static, Result<T>>,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let (mut work, flight) = (work, Arc::as_ptr(&pilot.flight).addr());
        let outcome = poll_fn(|context| {
            let _aboard = Aboard::board(flight);
            work.as_mut().poll(context)
        })
        .await;
        pilot.land(outcome);
    })
}

thread_local! {
    /// The flights whose work this thread is in the middle of, by their addresses.
    static ABOARD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Says which flights a call comes from, so that none waits for itself.
struct Aboard;

impl Aboard {
    fn board(flight: usize) -> Self {
        let _ = ABOARD.try_with(|aboard| aboard.borrow_mut().push(flight));
        Self
    }

    fn is_on<T>(flight: &Arc<Flight<T>>) -> bool {
        ABOARD.try_with(|aboard| aboard.borrow().contains(&Arc::as_ptr(flight).addr())).unwrap_or(false)
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        let _ = ABOARD.try_with(|aboard| aboard.borrow_mut().pop());
    }
}

impl<T: Clone> Flight<T> {
    async fn land(&self) -> Result<T> {
        loop {
            if let Some(outcome) = self.outcome.get() {
                return outcome.clone();
            }
            let listener = self.landed.listen();
            if let Some(outcome) = self.outcome.get() {
                return outcome.clone();
            }
            listener.await;
        }
    }
}

impl<T> Flight<T> {
    fn take_queued(&self) -> Option<BoxFuture<'static, ()>> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A flight's place in the queue for a thread. Given up, it fails the flight, unless a caller has taken that over.
struct Queued<T>(Arc<Flight<T>>);

impl<T> Drop for Queued<T> {
    fn drop(&mut self) {
        drop(self.0.take_queued());
    }
}

/// Whoever flies. Dropped without an outcome (a panic, a runtime that died), it fails all who wait and opens the gate.
struct Pilot<T> {
    gate: Arc<Gate<T>>,
    flight: Arc<Flight<T>>,
}

impl<T> Pilot<T> {
    fn land(self, outcome: Result<T>) {
        let _ = self.flight.outcome.set(outcome);
    }
}

impl<T> Drop for Pilot<T> {
    fn drop(&mut self) {
        self.flight.outcome.get_or_init(|| {
            Err(Error::Interrupted { what: self.gate.what, why: "it panicked, or the runtime it ran on has shut down" })
        });
        *self.gate.flight.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.flight.landed.notify(usize::MAX);
        self.gate.idle.notify(usize::MAX);
    }
}
