//! The thread that does an async caller's blocking work: one for each file, started when first needed, gone with the
//! last handle. No caller's thread ever waits for a disk.

use event_listener::Event;
use grantee_core::error::{StoreError, StoreErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
pub(super) struct Worker(Mutex<Option<Sender<Job>>>);

type Job = Box<dyn FnOnce() + Send>;

impl Worker {
    /// Does a job there and brings what came of it. Started by the first poll; from then on the job is done whether or
    /// not anybody still waits, and what it returned is then dropped over there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reply = Arc::new(Reply { outcome: Mutex::new(None), ready: Event::new() });
        let answer = Answer(reply.clone());
        self.send(Box::new(move || {
            let outcome = job();
            answer.0.settle(outcome);
        }))?;
        reply.wait().await
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.is_none() {
            let (jobs, queue) = channel::<Job>();
            let work = move || {
                while let Ok(job) = queue.recv() {
                    // A job that panics answers so by dropping its answer; the next one is done all the same.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            };
            std::thread::Builder::new().name("grantee-file-store".to_owned()).spawn(work).map_err(|error| {
                StoreError::new(StoreErrorKind::Io, format!("no thread could be started to use the file: {error}"))
            })?;
            *sender = Some(jobs);
        }
        sender.as_ref().and_then(|sender| sender.send(job).ok()).ok_or_else(ended)
    }
}

struct Reply<T> {
    outcome: Mutex<Option<Result<T, StoreError>>>,
    ready: Event,
}

impl<T> Reply<T> {
    fn settle(&self, outcome: Result<T, StoreError>) {
        let mut held = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Some(outcome);
        }
        drop(held);
        self.ready.notify(usize::MAX);
    }

    async fn wait(&self) -> Result<T, StoreError> {
        loop {
            let listener = self.ready.listen();
            if let Some(outcome) = self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return outcome;
            }
            listener.await;
        }
    }
}

/// The job's end of a reply: dropped without an outcome, it says so.
struct Answer<T>(Arc<Reply<T>>);

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        // After an outcome this changes nothing that anybody reads: the one who waits takes the first.
        self.0.settle(Err(ended()));
    }
}

fn ended() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "the thread that uses the file has ended")
}
