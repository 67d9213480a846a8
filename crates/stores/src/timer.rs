//! Ends waits when their time is over. One thread for the whole process, started when an async wait first needs it, since
//! a store is handed no clock and no runtime; it sleeps while nobody waits.

use crate::queue::Waiter;
use grantee_core::error::{StoreError, StoreErrorKind};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// Waits until then.
pub(crate) async fn sleep_until(when: Instant) -> Result<(), StoreError> {
    let waiter = Arc::new(Waiter::default());
    let _alarm = end_at(&waiter, when)?;
    waiter.wait().await;
    Ok(())
}

/// Ends a wait then, unless the alarm is dropped before.
pub(crate) fn end_at(waiter: &Arc<Waiter>, when: Instant) -> Result<Alarm, StoreError> {
    let mut alarms = alarms();
    if !alarms.started {
        std::thread::Builder::new().name("grantee-store-timer".to_owned()).spawn(ring).map_err(|error| {
            StoreError::new(StoreErrorKind::Io, format!("no thread could be started to time a wait: {error}"))
        })?;
        alarms.started = true;
    }
    alarms.count += 1;
    let alarm = Alarm((when, alarms.count));
    let is_next = alarms.set.first_key_value().is_none_or(|(next, _)| alarm.0 < *next);
    alarms.set.insert(alarm.0, Arc::downgrade(waiter));
    drop(alarms);
    if is_next {
        CHANGED.notify_one();
    }
    Ok(alarm)
}

/// Dropping it cancels it.
pub(crate) struct Alarm((Instant, u64));

impl Drop for Alarm {
    fn drop(&mut self) {
        alarms().set.remove(&self.0);
    }
}

struct Alarms {
    set: BTreeMap<(Instant, u64), Weak<Waiter>>,
    count: u64,
    started: bool,
}

static ALARMS: Mutex<Alarms> = Mutex::new(Alarms { set: BTreeMap::new(), count: 0, started: false });
static CHANGED: Condvar = Condvar::new();

fn alarms() -> MutexGuard<'static, Alarms> {
    ALARMS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ring() {
    let mut held = alarms();
    loop {
        let now = Instant::now();
        held = match held.set.first_key_value().map(|((when, _), _)| *when) {
            None => CHANGED.wait(held).unwrap_or_else(PoisonError::into_inner),
            Some(when) if when > now => {
                CHANGED.wait_timeout(held, when - now).unwrap_or_else(PoisonError::into_inner).0
            }
            Some(_) => {
                let due = held.set.pop_first();
                drop(held);
                if let Some(waiter) = due.and_then(|(_, waiter)| waiter.upgrade()) {
                    // This runs somebody's waker; should it panic, everybody else's waits must still end.
                    let _ = catch_unwind(AssertUnwindSafe(|| waiter.end()));
                }
                alarms()
            }
        };
    }
}
