//! What arrived: a counter for every endpoint and the requests themselves.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
};

use crate::{Endpoint, Request, shared::lock};

/// What the log keeps in bytes, whatever the number of requests.
const WEIGHT: usize = 64 << 20;

pub(crate) struct Log {
    counts: [AtomicUsize; Endpoint::ALL.len()],
    kept: Mutex<Kept>,
    limit: usize,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    weight: usize,
}

pub(crate) struct Entry {
    pub(crate) request: Request,
    /// 0 until an answer is on its way.
    status: AtomicU16,
}

impl Entry {
    pub(crate) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Release);
    }
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { counts: Default::default(), kept: Mutex::default(), limit }
    }

    pub(crate) fn add(&self, request: Request) -> Arc<Entry> {
        let endpoint = request.endpoint;
        let weight = request.weight();
        let entry = Arc::new(Entry { request, status: AtomicU16::new(0) });
        if self.limit > 0 {
            let mut kept = lock(&self.kept);
            kept.entries.push_back(entry.clone());
            kept.weight += weight;
            while kept.entries.len() > self.limit || kept.weight > WEIGHT {
                let Some(oldest) = kept.entries.pop_front() else { break };
                kept.weight -= oldest.request.weight();
            }
        }
        // Counted last: who has waited for a count finds the request in the log.
        self.counts[endpoint.index()].fetch_add(1, Ordering::Release);
        entry
    }

    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        self.counts[endpoint.index()].load(Ordering::Acquire)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        let kept = lock(&self.kept);
        let with_status = |entry: &Arc<Entry>| {
            let status = entry.status.load(Ordering::Acquire);
            Request { status: (status != 0).then_some(status), ..entry.request.clone() }
        };
        kept.entries.iter().map(with_status).collect()
    }

    pub(crate) fn clear(&self) {
        *lock(&self.kept) = Kept::default();
        for count in &self.counts {
            count.store(0, Ordering::Release);
        }
    }
}
