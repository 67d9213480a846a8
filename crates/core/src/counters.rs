//! Counters that a metrics library can read.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a client and its sessions have done since they were made. Each number only grows.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Default)]
        pub(crate) struct Counting {
            $(pub(crate) $name: Counter,)*
        }

        impl Counting {
            pub(crate) fn read(&self) -> Counters {
                Counters { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }

        impl Counters {
            /// Names and numbers, for whoever exports them all.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Token requests sent, refreshes included.
    token_requests,
    /// Token requests that brought no token.
    token_failures,
    /// Refreshes sent.
    refreshes,
    /// Callers that waited for a token somebody else was getting.
    waits,
    /// Tokens taken from the store, where another session or process had put them.
    adoptions,
    /// Requests sent to protected APIs, repeated ones included.
    api_requests,
    /// Requests repeated because the API rejected the token.
    api_retries,
    /// Metadata documents fetched.
    metadata_fetches,
    /// Key sets fetched.
    key_set_fetches,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
