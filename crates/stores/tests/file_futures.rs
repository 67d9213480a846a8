//! What the async face of `File` owes to the thread that polls it, and to whoever locks next.

mod common;

use common::{PATIENCE, block_on, key, large_record, record};
use grantee_core::store::{BlockingStore, Store};
use grantee_stores::File;
use std::task::{Context, Waker};

#[test]
fn the_caller_never_waits_for_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    let (key, record) = (key("one"), record("one"));
    let lock = block_on(Store::lock(&store, &key, PATIENCE)).unwrap();
    block_on(Store::save(&store, &key, &record, &*lock)).unwrap();
    // Another process is writing. Whoever did this save on the calling thread would wait here, and then be refused.
    let writing = std::fs::File::open(directory.path().join("tokens.json.lock")).unwrap();
    writing.lock().unwrap();
    let mut saving = Store::save(&store, &key, &record, &*lock);
    for _ in 0..3 {
        assert!(saving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    writing.unlock().unwrap();
    block_on(saving).unwrap();
}

#[test]
fn a_save_whose_future_is_dropped_is_over_before_anybody_gets_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let store = File::at(directory.path().join("tokens.json")).unwrap();
    let (key, dropped, next) = (key("one"), large_record(20_000), record("next"));
    for _ in 0..50 {
        let lock = block_on(Store::lock(&store, &key, PATIENCE)).unwrap();
        let mut saving = Store::save(&store, &key, &dropped, &*lock);
        let _ = saving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(saving);
        drop(lock);
        // The blocking face does not go through the thread that still has the save to do.
        let lock = BlockingStore::lock(&store, &key, PATIENCE).unwrap();
        assert_eq!(BlockingStore::load(&store, &key).unwrap().as_ref(), Some(&dropped));
        BlockingStore::save(&store, &key, &next, &*lock).unwrap();
        drop(lock);
        assert_eq!(block_on(Store::load(&store, &key)).unwrap().as_ref(), Some(&next));
    }
}

#[test]
fn one_thread_serves_any_number_of_waits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let (store, key) = (File::at(&path).unwrap(), key("one"));
    let held = block_on(Store::lock(&store, &key, PATIENCE)).unwrap();
    let mut waits: Vec<_> = (0..1000).map(|_| Store::lock(&store, &key, PATIENCE)).collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    if cfg!(target_os = "linux") {
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        assert!(threads < 20, "{threads} threads");
    }
    drop(held);
    for wait in waits {
        drop(block_on(wait).unwrap());
    }
}
