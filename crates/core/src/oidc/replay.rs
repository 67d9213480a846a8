//! Identifiers that serve once: [RFC 7519 section 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7).

use crate::UnixTime;
use crate::error::{Result, StoreError, StoreErrorKind};
use crate::ports::{BoxFuture, Clock};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Remembers identifiers that have been used, for the async face. A program that runs as several processes shares one among
/// them, in a database or the like; see [`BlockingReplayCache`] for what it promises.
pub trait ReplayCache: Send + Sync {
    /// Whether this is the first use.
    fn first_use<'a>(&'a self, id: &'a str, until: UnixTime) -> BoxFuture<'a, Result<bool>>;
}

/// Remembers identifiers that have been used, for the blocking face.
pub trait BlockingReplayCache: Send + Sync {
    /// Whether this is the first use of `id`, which is remembered at least `until` then. Of several callers at once one alone
    /// is the first. `id` is at most 64 characters of ASCII.
    ///
    /// # Errors
    /// When it can't be told or remembered; what bears the identifier is refused then.
    fn first_use(&self, id: &str, until: UnixTime) -> Result<bool>;
}

/// Remembers identifiers in this process, a bounded number of them. What has expired is forgotten; when it is full of what
/// has not, new ones are refused, since forgetting one would let it be used again.
///
/// ```
/// use grantee_core::UnixTime;
/// use grantee_core::oidc::{BlockingReplayCache as _, MemoryReplayCache};
/// let cache = MemoryReplayCache::new();
/// let until = UnixTime::now().after(std::time::Duration::from_secs(60));
/// assert!(cache.first_use("bWJq", until)?);
/// assert!(!cache.first_use("bWJq", until)?);
/// # Ok::<(), grantee_core::Error>(())
/// ```
pub struct MemoryReplayCache {
    most: usize,
    clock: Option<Arc<dyn Clock>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    ids: HashMap<Arc<str>, UnixTime>,
    by_end: BTreeSet<(UnixTime, Arc<str>)>,
}

/// Some ten megabytes.
const MOST: usize = 65_536;

impl MemoryReplayCache {
    /// Room for 65,536 identifiers.
    pub fn new() -> Self {
        Self::with_room_for(MOST)
    }

    /// Room for as many.
    pub fn with_room_for(most: usize) -> Self {
        Self { most, clock: None, seen: Mutex::default() }
    }

    /// Tells the time by this clock, in the place of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    fn is_first_use(&self, id: &str, until: UnixTime) -> Result<bool> {
        let now = self.clock.as_ref().map_or_else(UnixTime::now, |clock| clock.now());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.by_end.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, id)) = seen.by_end.pop_first() {
                seen.ids.remove(&id);
            }
        }
        if seen.ids.contains_key(id) {
            return Ok(false);
        }
        if seen.ids.len() >= self.most {
            return Err(StoreError::new(
                StoreErrorKind::Full,
                format!("all {} places of the replay cache are taken by identifiers that still count", self.most),
            )
            .hint("give it more room with with_room_for(..)")
            .into());
        }
        let id: Arc<str> = id.into();
        seen.ids.insert(Arc::clone(&id), until);
        seen.by_end.insert((until, id));
        Ok(true)
    }
}

impl Default for MemoryReplayCache {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for MemoryReplayCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryReplayCache").field("most", &self.most).finish_non_exhaustive()
    }
}

impl ReplayCache for MemoryReplayCache {
    fn first_use<'a>(&'a self, id: &'a str, until: UnixTime) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { self.is_first_use(id, until) })
    }
}

impl BlockingReplayCache for MemoryReplayCache {
    fn first_use(&self, id: &str, until: UnixTime) -> Result<bool> {
        self.is_first_use(id, until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Cancel, WaitEnd};
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    struct Manual(AtomicI64);

    impl Clock for Manual {
        fn now(&self) -> UnixTime {
            UnixTime::from_seconds(self.0.load(Ordering::SeqCst))
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep_or_cancel<'a>(&'a self, _: Duration, _: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
            Box::pin(async { WaitEnd::Elapsed })
        }
    }

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn an_identifier_serves_once_until_it_has_expired() {
        let clock = Arc::new(Manual(AtomicI64::new(100)));
        let cache = MemoryReplayCache::new().clock(clock.clone());
        assert!(cache.is_first_use("a", at(110)).unwrap());
        assert!(!cache.is_first_use("a", at(200)).unwrap());
        clock.0.store(109, Ordering::SeqCst);
        assert!(!cache.is_first_use("a", at(200)).unwrap());
        clock.0.store(110, Ordering::SeqCst);
        assert!(cache.is_first_use("a", at(200)).unwrap());
    }

    #[test]
    fn a_full_cache_refuses_and_the_expired_make_room() {
        let clock = Arc::new(Manual(AtomicI64::new(100)));
        let cache = MemoryReplayCache::with_room_for(2).clock(clock.clone());
        assert!(cache.is_first_use("a", at(110)).unwrap());
        assert!(cache.is_first_use("b", at(120)).unwrap());
        let error = cache.is_first_use("c", at(130)).unwrap_err();
        assert!(error.to_string().contains("all 2 places"), "{error}");
        assert!(!cache.is_first_use("a", at(130)).unwrap());
        clock.0.store(115, Ordering::SeqCst);
        assert!(cache.is_first_use("c", at(130)).unwrap());
        assert!(!cache.is_first_use("b", at(130)).unwrap());
        let seen = cache.seen.lock().unwrap();
        assert_eq!((seen.ids.len(), seen.by_end.len()), (2, 2));
    }

    #[test]
    fn of_many_threads_one_is_the_first() {
        let cache = MemoryReplayCache::new();
        let until = UnixTime::now().after(Duration::from_secs(60));
        let firsts: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| cache.is_first_use("a", until).unwrap())).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(firsts, 1);
    }
}
