//! Many processes and one file; each a real one.
#![cfg(unix)]

mod common;

use common::{PATIENCE, Process, block_on, key, names_in, record};
use grantee_core::error::StoreErrorKind;
use grantee_core::store::{BlockingStore, Store};
use grantee_stores::File;
use std::time::Duration;

#[test]
fn child() {
    common::be_a_child();
}

#[test]
fn the_lock_excludes_another_process_until_that_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    let key = key("one");
    let mut holder = Process::start("hold", &path, "one", None);
    holder.wait_until_it_says("done");
    for at_most in [Duration::ZERO, Duration::from_millis(30)] {
        assert_eq!(BlockingStore::lock(&store, &key, at_most).err().unwrap().kind, StoreErrorKind::Busy);
        assert_eq!(block_on(Store::lock(&store, &key, at_most)).err().unwrap().kind, StoreErrorKind::Busy);
    }
    // Those who wait when it dies get the lock, one after the other, on threads and in futures.
    std::thread::scope(|threads| {
        let mut waiting = Vec::new();
        for _ in 0..2 {
            waiting.push(threads.spawn(|| drop(BlockingStore::lock(&store, &key, PATIENCE).unwrap())));
            waiting.push(threads.spawn(|| drop(block_on(Store::lock(&store, &key, PATIENCE)).unwrap())));
        }
        holder.kill();
        waiting.into_iter().for_each(|waiting| waiting.join().unwrap());
    });
}

#[test]
fn eight_processes_lose_no_update() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let children: Vec<_> = (0..8).map(|_| Process::start("count to ten", &path, "counter", None)).collect();
    children.into_iter().for_each(Process::wait);
    let store = File::at(&path).unwrap();
    assert_eq!(BlockingStore::load(&store, &key("counter")).unwrap(), Some(record("80")));
}

#[test]
fn processes_that_write_different_keys_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let keys = ["a", "b", "c", "d"];
    let children: Vec<_> = keys.iter().map(|key| Process::start("count to ten", &path, key, None)).collect();
    children.into_iter().for_each(Process::wait);
    let store = File::at(&path).unwrap();
    for name in keys {
        assert_eq!(BlockingStore::load(&store, &key(name)).unwrap(), Some(record("10")), "{name}");
    }
}

#[test]
fn the_file_is_valid_whenever_a_writer_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    let beside = key("beside");
    let lock = BlockingStore::lock(&store, &beside, PATIENCE).unwrap();
    BlockingStore::save(&store, &beside, &record("beside"), &*lock).unwrap();
    drop(lock);
    let expected = [record("small"), common::large_record(20_000)];
    for round in 0..20 {
        let mut writer = Process::start("save for ever", &path, "one", None);
        writer.wait_until_it_says("done");
        // The loads take it to another point of its saving each time.
        for _ in 0..=round * 3 {
            let seen = BlockingStore::load(&store, &key("one")).unwrap().unwrap();
            assert!(expected.contains(&seen), "half a save was seen");
        }
        writer.kill();
        let lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        let found = BlockingStore::load(&store, &key("one")).unwrap().unwrap();
        assert!(expected.contains(&found), "round {round}: half a save was left");
        assert_eq!(BlockingStore::load(&store, &beside).unwrap(), Some(record("beside")));
        if round % 2 == 0 {
            BlockingStore::save(&store, &key("one"), &expected[0], &*lock).unwrap();
        }
    }
    File::at(&path).unwrap();
    let names = names_in(directory.path());
    assert!(names.iter().all(|name| name == "tokens.json" || name.ends_with(".lock")), "{names:?}");
}
