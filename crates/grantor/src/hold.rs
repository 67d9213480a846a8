//! Holding answers back, so that a test decides when they arrive.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::{Endpoint, shared::lock};

/// How long a wait for held requests lasts before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Holds one endpoint's answers until it is released or dropped.
///
/// Made by [`Server::hold`](crate::Server::hold) and [`Server::hold_before`](crate::Server::hold_before).
#[must_use = "a hold ends when it is dropped"]
pub struct Hold {
    gate: Arc<Gate>,
    runtime: tokio::runtime::Handle,
}

struct Gate {
    endpoint: Endpoint,
    before: bool,
    open: AtomicBool,
    opened: Notify,
    arrived: Mutex<usize>,
    someone_arrived: Condvar,
    someone_arrived_async: Notify,
}

impl Hold {
    /// Blocks until `n` requests have been held in all, for at most 30 seconds; true when they have.
    ///
    /// Blocks the thread: where the requests come from tasks of a current-thread runtime, use [`Hold::wait_for_async`].
    pub fn wait_for(&self, n: usize) -> bool {
        let enough = |arrived: &mut usize| *arrived < n;
        let arrived = lock(&self.gate.arrived);
        match self.gate.someone_arrived.wait_timeout_while(arrived, PATIENCE, enough) {
            Ok((arrived, _)) => *arrived >= n,
            Err(_) => false,
        }
    }

    /// [`Hold::wait_for`] as a future. Any executor will do.
    pub async fn wait_for_async(&self, n: usize) -> bool {
        let gate = self.gate.clone();
        // The time limit runs on the server's own runtime, as the caller's may have no timer.
        let waiting = self.runtime.spawn(async move {
            let enough = async {
                loop {
                    let more = gate.someone_arrived_async.notified();
                    tokio::pin!(more);
                    more.as_mut().enable();
                    if *lock(&gate.arrived) >= n {
                        return;
                    }
                    more.await;
                }
            };
            tokio::time::timeout(PATIENCE, enough).await.is_ok()
        });
        waiting.await.unwrap_or(false)
    }

    /// How many requests have been held so far, those let go included.
    pub fn arrived(&self) -> usize {
        *lock(&self.gate.arrived)
    }

    /// Lets every held answer go, and all later ones pass.
    pub fn release(&self) {
        self.gate.open.store(true, Ordering::Release);
        self.gate.opened.notify_waiters();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("endpoint", &self.gate.endpoint).field("arrived", &self.arrived()).finish()
    }
}

impl Gate {
    async fn pass(&self) {
        {
            *lock(&self.arrived) += 1;
            self.someone_arrived.notify_all();
            self.someone_arrived_async.notify_waiters();
        }
        loop {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            // Registered before looking, lest a release in between be missed.
            opened.as_mut().enable();
            if self.open.load(Ordering::Acquire) {
                return;
            }
            opened.await;
        }
    }
}

#[derive(Default)]
pub(crate) struct Holds {
    gates: Mutex<Vec<Arc<Gate>>>,
    /// Spares every request a lock while nothing is held.
    count: AtomicUsize,
}

impl Holds {
    pub(crate) fn add(&self, endpoint: Endpoint, before: bool, runtime: tokio::runtime::Handle) -> Hold {
        let gate = Arc::new(Gate {
            endpoint,
            before,
            open: AtomicBool::new(false),
            opened: Notify::new(),
            arrived: Mutex::new(0),
            someone_arrived: Condvar::new(),
            someone_arrived_async: Notify::new(),
        });
        let mut gates = lock(&self.gates);
        gates.retain(|gate| !gate.open.load(Ordering::Acquire));
        gates.push(gate.clone());
        self.count.store(gates.len(), Ordering::Release);
        Hold { gate, runtime }
    }

    pub(crate) async fn pass(&self, endpoint: Endpoint, before: bool) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let closed: Vec<Arc<Gate>> = {
            let mut gates = lock(&self.gates);
            gates.retain(|gate| !gate.open.load(Ordering::Acquire));
            self.count.store(gates.len(), Ordering::Release);
            gates.iter().filter(|gate| gate.endpoint == endpoint && gate.before == before).cloned().collect()
        };
        for gate in closed {
            gate.pass().await;
        }
    }
}
