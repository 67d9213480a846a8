//! Both stores, both faces: the public contract suite.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod common;

use common::start_and_kill;
use grantee_core::contract::store::{Faults, run, run_async};
use grantee_core::store::{BlockingStore, Record, TokenKey};
use grantee_stores::{File, Memory};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn memory_keeps_the_contract() {
    let store = Memory::new();
    run(|| Arc::new(store.clone()), &Unwinding(store.clone()));
}

#[test]
fn memory_keeps_the_contract_async() {
    let store = Memory::new();
    run_async(|| Arc::new(store.clone()), &Unwinding(store.clone()));
}

#[test]
fn file_keeps_the_contract() {
    let faults = Killed::new();
    run(|| Arc::new(File::at(&faults.path).unwrap()), &faults);
}

#[test]
fn file_keeps_the_contract_async() {
    let faults = Killed::new();
    run_async(|| Arc::new(File::at(&faults.path).unwrap()), &faults);
}

#[test]
fn child() {
    common::be_a_child();
}

/// Memory dies with its process, so the worst that can happen to a holder is a panic.
struct Unwinding(Memory);

impl Unwinding {
    fn panic_after(&self, key: &TokenKey, act: impl FnOnce(&Memory, &dyn grantee_core::store::StoreLock) + Send) {
        let died = std::thread::scope(|threads| {
            let holder = threads.spawn(|| {
                let lock = BlockingStore::lock(&self.0, key, Duration::from_secs(10)).unwrap();
                act(&self.0, &*lock);
                std::panic::resume_unwind(Box::new("dies"));
            });
            holder.join().is_err()
        });
        assert!(died);
    }
}

impl Faults for Unwinding {
    fn kill_a_holder(&self, key: &TokenKey) {
        self.panic_after(key, |_, _| ());
    }

    fn kill_after_prepare(&self, key: &TokenKey, record: &Record) {
        self.panic_after(key, |store, lock| BlockingStore::prepare(store, key, record, lock).unwrap());
    }

    fn kill_during_save(&self, _: &TokenKey, _: &Record, _: usize) -> bool {
        false
    }
}

/// Real processes, really killed; and for the steps of a save, what each leaves on the disk.
struct Killed {
    directory: tempfile::TempDir,
    path: PathBuf,
}

impl Killed {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens.json");
        Self { directory, path }
    }

    /// What the file would be after a save.
    fn content_after(&self, key: &TokenKey, record: &Record) -> Vec<u8> {
        let path = self.directory.path().join("elsewhere.json");
        std::fs::copy(&self.path, &path).unwrap();
        let store = File::at(&path).unwrap();
        let lock = BlockingStore::lock(&store, key, Duration::from_secs(10)).unwrap();
        BlockingStore::save(&store, key, record, &*lock).unwrap();
        std::fs::read(path).unwrap()
    }

    fn leave(&self, key: &TokenKey, ending: &str, content: &[u8]) {
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.directory.path().join(format!("tokens.json.{}.{ending}", common::hex(key)));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
    }
}

impl Faults for Killed {
    fn kill_a_holder(&self, key: &TokenKey) {
        start_and_kill("hold", &self.path, key, None);
    }

    fn kill_after_prepare(&self, key: &TokenKey, record: &Record) {
        start_and_kill("prepare", &self.path, key, Some(record));
    }

    fn kill_during_save(&self, key: &TokenKey, record: &Record, step: usize) -> bool {
        let next = self.content_after(key, record);
        let half = &next[..next.len() / 2];
        let half_over_reserve = [half, &[0; 8192]].concat();
        let (ending, content): (&str, &[u8]) = match step {
            // Without a reserve: nothing yet, the new file made, half written, written, and renamed.
            0 => return self.kill_a_holder_too(key),
            1 => ("tmp", &[]),
            2 => ("tmp", half),
            3 => ("tmp", &next),
            4 => {
                start_and_kill("save", &self.path, key, Some(record));
                return true;
            }
            // With one: untouched, written over half-way, written, and cut.
            5 => ("reserve", &[0; 8192]),
            6 => ("reserve", &half_over_reserve),
            7 => ("reserve", &next),
            _ => return false,
        };
        start_and_kill("hold", &self.path, key, None);
        self.leave(key, ending, content);
        true
    }
}

impl Killed {
    fn kill_a_holder_too(&self, key: &TokenKey) -> bool {
        self.kill_a_holder(key);
        true
    }
}
