//! The contract suite itself: a store with leases passes its lease part, and stores with a defect are found out.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use grantee_core::contract::store::{Faults, run};
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::{BlockingStore, Record, StoreLock, TokenKey};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_store_with_leases_keeps_the_contract() {
    let store = Leased::new(Defect::None);
    run(|| Arc::new(store.clone()), &store);
}

#[test]
fn each_defect_is_found_under_its_rule() {
    for (defect, rule) in [
        (Defect::NoFence, "a holder that comes back too late is refused"),
        (Defect::LateDropFreesTheLock, "a holder that comes back too late is refused"),
        (Defect::LockForAll, "a lock has one holder"),
        (Defect::OneLockForAllKeys, "the locks of two keys are two locks"),
        (Defect::LosesExtras, "what is saved is loaded, every member of it"),
        (Defect::KeepsRemoved, "what is removed is gone"),
        (Defect::LosesIntent, "what is saved is loaded, every member of it"),
        (Defect::PrepareIsLater, "a crash after prepare leaves the intent and the old token"),
    ] {
        let store = Leased::new(defect);
        let broken = catch_unwind(AssertUnwindSafe(|| run(|| Arc::new(store.clone()), &store))).unwrap_err();
        let said = broken.downcast_ref::<String>().unwrap();
        assert!(said.starts_with(&format!("store contract broken: {rule}")), "{defect:?}: {said}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Defect {
    None,
    NoFence,
    LateDropFreesTheLock,
    LockForAll,
    OneLockForAllKeys,
    LosesExtras,
    LosesIntent,
    KeepsRemoved,
    PrepareIsLater,
}

/// A store whose locks run out when its clock, which only a test moves, has moved past them.
#[derive(Clone)]
struct Leased {
    shared: Arc<(Mutex<State>, Condvar)>,
    defect: Defect,
}

#[derive(Default)]
struct State {
    now: u64,
    records: HashMap<TokenKey, Record>,
    prepared: HashMap<TokenKey, Record>,
    leases: HashMap<TokenKey, Lease>,
    fence: u64,
    /// The highest fencing number given out for each key.
    given: HashMap<TokenKey, u64>,
}

struct Lease {
    fence: u64,
    ends: u64,
}

const LEASE: u64 = 30;

impl Leased {
    fn new(defect: Defect) -> Self {
        Self { shared: Arc::default(), defect }
    }

    fn key_of_lock(&self, key: &TokenKey) -> TokenKey {
        if self.defect == Defect::OneLockForAllKeys { TokenKey::new([]) } else { *key }
    }

    fn change(&self, key: &TokenKey, lock: &dyn StoreLock, change: impl FnOnce(&mut State)) -> Result<(), StoreError> {
        let mut state = self.shared.0.lock().unwrap();
        let given = state.given.get(&self.key_of_lock(key)).copied();
        if self.defect != Defect::NoFence && lock.fence() < given {
            return Err(StoreError::new(StoreErrorKind::Fenced, "another has taken the lock since"));
        }
        change(&mut state);
        Ok(())
    }
}

impl BlockingStore for Leased {
    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        Ok(self.shared.0.lock().unwrap().records.get(key).cloned())
    }

    fn lock(&self, key: &TokenKey, at_most: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let key = self.key_of_lock(key);
        let deadline = Instant::now() + at_most;
        let mut state = self.shared.0.lock().unwrap();
        while self.defect != Defect::LockForAll && state.leases.get(&key).is_some_and(|lease| lease.ends > state.now) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::new(StoreErrorKind::Busy, "held"));
            }
            state = self.shared.1.wait_timeout(state, left).unwrap().0;
        }
        state.fence += 1;
        let (fence, ends) = (state.fence, state.now + LEASE);
        state.given.insert(key, fence);
        state.leases.insert(key, Lease { fence, ends });
        Ok(Box::new(LeasedLock { store: self.clone(), key, fence }))
    }

    fn prepare(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError> {
        if self.defect == Defect::PrepareIsLater {
            return self.change(key, lock, |state| drop(state.prepared.insert(*key, record.clone())));
        }
        self.save(key, record, lock)
    }

    fn save(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError> {
        let mut record = record.clone();
        match self.defect {
            Defect::LosesExtras => record.extra.clear(),
            Defect::LosesIntent => record.intent = None,
            _ => {}
        }
        self.change(key, lock, |state| drop(state.records.insert(*key, record)))
    }

    fn remove(&self, key: &TokenKey, lock: &dyn StoreLock) -> Result<(), StoreError> {
        if self.defect == Defect::KeepsRemoved {
            return Ok(());
        }
        self.change(key, lock, |state| drop(state.records.remove(key)))
    }
}

struct LeasedLock {
    store: Leased,
    key: TokenKey,
    fence: u64,
}

impl StoreLock for LeasedLock {
    fn fence(&self) -> Option<u64> {
        Some(self.fence)
    }
}

impl Drop for LeasedLock {
    fn drop(&mut self) {
        let mut state = self.store.shared.0.lock().unwrap();
        let is_ours = state.leases.get(&self.key).is_some_and(|lease| lease.fence == self.fence);
        if is_ours || self.store.defect == Defect::LateDropFreesTheLock {
            state.leases.remove(&self.key);
        }
        self.store.shared.1.notify_all();
    }
}

impl Faults for Leased {
    fn kill_a_holder(&self, key: &TokenKey) {
        // The dead drop nothing: only the end of its lease frees the lock.
        std::mem::forget(self.lock(key, Duration::from_secs(10)).unwrap());
    }

    fn kill_after_prepare(&self, key: &TokenKey, record: &Record) {
        let lock = self.lock(key, Duration::from_secs(10)).unwrap();
        self.prepare(key, record, &*lock).unwrap();
        std::mem::forget(lock);
    }

    fn kill_during_save(&self, _: &TokenKey, _: &Record, _: usize) -> bool {
        false
    }

    fn has_leases(&self) -> bool {
        true
    }

    fn let_leases_run_out(&self) {
        self.shared.0.lock().unwrap().now += LEASE;
        self.shared.1.notify_all();
    }
}
