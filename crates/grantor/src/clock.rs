//! What the server takes for the time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::shared::lock;

/// Where the time since the epoch comes from.
pub(crate) type Source = Arc<dyn Fn() -> Duration + Send + Sync>;

pub(crate) struct Clock {
    source: Source,
    /// How far a test has moved it.
    ahead: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn new(source: Option<Source>) -> Self {
        Self { source: source.unwrap_or_else(|| Arc::new(system)), ahead: Mutex::default() }
    }

    /// Since the epoch.
    pub(crate) fn now(&self) -> Duration {
        (self.source)().saturating_add(*lock(&self.ahead))
    }

    /// Seconds since the epoch.
    pub(crate) fn seconds(&self) -> u64 {
        self.now().as_secs()
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut ahead = lock(&self.ahead);
        *ahead = ahead.saturating_add(by);
    }
}

pub(crate) fn system() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
