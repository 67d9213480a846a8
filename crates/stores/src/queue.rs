//! Who holds the lock of which key inside this process, and who waits for it, first come first served.
//!
//! A key is in the table while somebody holds its lock, so idle keys cost nothing. Letting go hands the lock to the
//! first who still waits, and wakes nobody else.

use crate::timer;
use event_listener::{Event, Listener};
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::TokenKey;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The table of keys whose lock is held, each with those who wait.
#[derive(Default)]
pub(crate) struct Queue(Mutex<HashMap<TokenKey, VecDeque<Arc<Waiter>>>>);

/// Held by one at a time for each key; dropping it lets go.
pub(crate) struct Permit {
    queue: Arc<Queue>,
    key: TokenKey,
}

impl Queue {
    /// Waits on the calling thread until `deadline`, for ever when there is none.
    pub(crate) fn enter_blocking(
        self: &Arc<Self>,
        key: &TokenKey,
        deadline: Option<Instant>,
    ) -> Result<Permit, StoreError> {
        let mut place = match self.join(key) {
            Ok(permit) => return Ok(permit),
            Err(place) => place,
        };
        place.waiter.wait_blocking(deadline);
        place.claim().ok_or_else(busy)
    }

    /// Waits without a thread. Dropping the future gives the place up.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        key: &TokenKey,
        deadline: Option<Instant>,
    ) -> Result<Permit, StoreError> {
        let mut place = match self.join(key) {
            Ok(permit) => return Ok(permit),
            Err(place) => place,
        };
        let _alarm = deadline.map(|deadline| timer::end_at(&place.waiter, deadline)).transpose()?;
        place.waiter.wait().await;
        place.claim().ok_or_else(busy)
    }

    fn join(self: &Arc<Self>, key: &TokenKey) -> Result<Permit, Place> {
        let mut table = self.table();
        match table.get_mut(key) {
            None => {
                table.insert(*key, VecDeque::new());
                Ok(self.permit(key))
            }
            Some(waiting) => {
                let waiter = Arc::new(Waiter::default());
                waiting.push_back(waiter.clone());
                Err(Place { queue: self.clone(), key: *key, waiter, left: false })
            }
        }
    }

    fn leave(&self, key: &TokenKey) {
        let mut table = self.table();
        let Some(waiting) = table.get_mut(key) else { return };
        while let Some(next) = waiting.pop_front() {
            if next.settle(GRANTED) {
                drop(table);
                next.ended.notify(usize::MAX);
                return;
            }
        }
        table.remove(key);
        // A burst of keys must not leave its room behind for good.
        if table.capacity() > 1024 && table.len() < table.capacity() / 8 {
            table.shrink_to_fit();
        }
    }

    fn permit(self: &Arc<Self>, key: &TokenKey) -> Permit {
        Permit { queue: self.clone(), key: *key }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<TokenKey, VecDeque<Arc<Waiter>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn keys_in_use(&self) -> usize {
        self.table().len()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.queue.leave(&self.key);
    }
}

/// When a wait of `at_most` from now is over; `None` for never, when it is longer than the clock can count.
pub(crate) fn deadline(at_most: Duration) -> Option<Instant> {
    Instant::now().checked_add(at_most)
}

pub(crate) fn busy() -> StoreError {
    StoreError::new(StoreErrorKind::Busy, "somebody else holds the lock of this token and did not let go in time")
}

/// A place in the line.
struct Place {
    queue: Arc<Queue>,
    key: TokenKey,
    waiter: Arc<Waiter>,
    left: bool,
}

impl Place {
    fn claim(&mut self) -> Option<Permit> {
        if !self.waiter.is(GRANTED) {
            return None;
        }
        self.left = true;
        Some(self.queue.permit(&self.key))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        self.waiter.settle(ENDED);
        if self.waiter.is(GRANTED) {
            // Granted, and then nobody came for it.
            self.queue.leave(&self.key);
        } else if let Some(waiting) = self.queue.table().get_mut(&self.key) {
            waiting.retain(|waiter| !Arc::ptr_eq(waiter, &self.waiter));
        }
    }
}

const WAITING: u8 = 0;
const GRANTED: u8 = 1;
const ENDED: u8 = 2;

/// One who waits: for a lock, or only for time to pass.
#[derive(Default)]
pub(crate) struct Waiter {
    state: AtomicU8,
    ended: Event,
}

impl Waiter {
    /// Ends the wait empty-handed, if it has not ended.
    pub(crate) fn end(&self) {
        if self.settle(ENDED) {
            self.ended.notify(usize::MAX);
        }
    }

    pub(crate) async fn wait(&self) {
        while self.is(WAITING) {
            let listener = self.ended.listen();
            if self.is(WAITING) {
                listener.await;
            }
        }
    }

    fn wait_blocking(&self, deadline: Option<Instant>) {
        while self.is(WAITING) {
            let listener = self.ended.listen();
            if !self.is(WAITING) {
                return;
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) => {
                    if listener.wait_deadline(deadline).is_none() {
                        self.settle(ENDED);
                    }
                }
            }
        }
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::SeqCst) == state
    }

    fn settle(&self, state: u8) -> bool {
        self.state.compare_exchange(WAITING, state, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn key() -> TokenKey {
        TokenKey::new([("key", "one")])
    }

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn first_come_first_served_and_one_at_a_time() {
        let queue = Arc::new(Queue::default());
        let held = queue.enter_blocking(&key(), None).unwrap();
        let (one, two) = (key(), key());
        let mut first = pin!(queue.enter(&one, None));
        let mut second = pin!(queue.enter(&two, None));
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        drop(held);
        assert!(poll(second.as_mut()).is_pending());
        let Poll::Ready(Ok(permit)) = poll(first.as_mut()) else { panic!("the first was not served") };
        assert!(poll(second.as_mut()).is_pending());
        drop(permit);
        assert!(poll(second.as_mut()).is_ready());
    }

    #[test]
    fn a_lock_granted_to_one_who_has_gone_goes_on_to_the_next() {
        let queue = Arc::new(Queue::default());
        let held = queue.enter_blocking(&key(), None).unwrap();
        let (one, two) = (key(), key());
        let mut first = Box::pin(queue.enter(&one, None));
        let mut second = Box::pin(queue.enter(&two, None));
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
        drop(held);
        drop(first);
        assert!(poll(second.as_mut()).is_ready());
    }

    #[test]
    fn an_idle_key_takes_no_room() {
        let queue = Arc::new(Queue::default());
        for number in 0..10_000 {
            let key = TokenKey::new([("key", number.to_string().as_str())]);
            let held = queue.enter_blocking(&key, None).unwrap();
            assert_eq!(queue.enter_blocking(&key, deadline(Duration::ZERO)).err().unwrap().kind, StoreErrorKind::Busy);
            assert_eq!(queue.keys_in_use(), 1);
            drop(held);
        }
        assert_eq!(queue.keys_in_use(), 0);
    }

    #[test]
    fn a_longest_wait_has_no_deadline() {
        assert_eq!(deadline(Duration::MAX), None);
    }
}
