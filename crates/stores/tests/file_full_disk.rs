//! A full disk, a real one of 64 KiB. Mounting it takes root, which the tests need anyway.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod common;

use common::{PATIENCE, block_on, key, large_record, names_in, record};
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::{BlockingStore, Intent, Record, Store};
use grantee_core::{Token, UnixTime};
use grantee_stores::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"])
            .arg(directory.path())
            .output()
            .expect("the program `mount` is needed");
        let why = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(mounted.status.success(), "this test mounts a 64 KiB tmpfs, so it must run as root: {why}");
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn tokens(&self) -> PathBuf {
        self.path().join("tokens.json")
    }

    fn fill(&self) {
        let mut filler = std::fs::File::create(self.path().join("filler")).unwrap();
        for size in [4096, 1] {
            let error = std::iter::repeat_with(|| filler.write_all(&[1; 4096][..size])).find_map(Result::err);
            assert_eq!(error.unwrap().kind(), ErrorKind::StorageFull);
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
        if !std::thread::panicking() {
            assert!(unmounted.unwrap().success(), "the tmpfs at {:?} is still mounted", self.0.path());
        }
    }
}

fn with_intent(mut record: Record) -> Record {
    record.intent = Some(Intent::new("under way", UnixTime::from_seconds(1)));
    record
}

/// The two faces, one after the other.
fn in_both_faces(test: impl Fn(&dyn Face, &SmallDisk)) {
    for face in [&Blocking as &dyn Face, &Async] {
        test(face, &SmallDisk::mount());
    }
}

trait Face {
    fn prepare(&self, store: &File, record: &Record) -> Result<(), StoreError>;
    fn save(&self, store: &File, record: &Record) -> Result<(), StoreError>;
}

struct Blocking;
struct Async;

// The caller of both holds the lock of the key; the store finds it by the key.
struct NoLock;

impl grantee_core::store::StoreLock for NoLock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

impl Face for Blocking {
    fn prepare(&self, store: &File, record: &Record) -> Result<(), StoreError> {
        BlockingStore::prepare(store, &key("one"), record, &NoLock)
    }
    fn save(&self, store: &File, record: &Record) -> Result<(), StoreError> {
        BlockingStore::save(store, &key("one"), record, &NoLock)
    }
}

impl Face for Async {
    fn prepare(&self, store: &File, record: &Record) -> Result<(), StoreError> {
        block_on(Store::prepare(store, &key("one"), record, &NoLock))
    }
    fn save(&self, store: &File, record: &Record) -> Result<(), StoreError> {
        block_on(Store::save(store, &key("one"), record, &NoLock))
    }
}

#[test]
fn on_a_full_disk_prepare_fails_and_nothing_has_changed() {
    in_both_faces(|face, disk| {
        let store = File::at(disk.tokens()).unwrap();
        let _lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        face.save(&store, &record("old")).unwrap();
        let before = std::fs::read(disk.tokens()).unwrap();
        let names = names_in(disk.path());
        disk.fill();
        for error in [
            face.prepare(&store, &with_intent(record("old"))).unwrap_err(),
            face.save(&store, &record("new")).unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
            assert!(error.hint.is_some());
        }
        assert_eq!(std::fs::read(disk.tokens()).unwrap(), before);
        assert_eq!(BlockingStore::load(&store, &key("one")).unwrap(), Some(record("old")));
        disk.empty();
        assert_eq!(names_in(disk.path()), names, "something was left behind");
        face.prepare(&store, &with_intent(record("old"))).unwrap();
        face.save(&store, &record("new")).unwrap();
    });
}

#[test]
fn room_for_the_record_but_not_for_the_reserve_is_not_enough() {
    in_both_faces(|face, disk| {
        let store = File::at(disk.tokens()).unwrap();
        let _lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        let old = large_record(15_000);
        face.save(&store, &old).unwrap();
        let names = names_in(disk.path());
        // 16 KiB are taken; 16 more and 40 of reserve are more than there is.
        assert_eq!(face.prepare(&store, &with_intent(old.clone())).unwrap_err().kind, StoreErrorKind::Full);
        assert_eq!(names_in(disk.path()), names, "something was left behind");
        assert_eq!(BlockingStore::load(&store, &key("one")).unwrap(), Some(old));
    });
}

#[test]
fn after_a_prepare_the_save_succeeds_on_a_full_disk() {
    in_both_faces(|face, disk| {
        let store = File::at(disk.tokens()).unwrap();
        let lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        face.save(&store, &record("old")).unwrap();
        face.prepare(&store, &with_intent(record("old"))).unwrap();
        disk.fill();
        let mut renewed = record("new");
        renewed.token = Some(Token::bearer("y".repeat(8 * 1024)));
        face.save(&store, &renewed).unwrap();
        assert_eq!(BlockingStore::load(&store, &key("one")).unwrap(), Some(renewed.clone()));
        drop(lock);
        assert!(!names_in(disk.path()).concat().contains("reserve"));
        assert_eq!(BlockingStore::load(&File::at(disk.tokens()).unwrap(), &key("one")).unwrap(), Some(renewed));
    });
}

#[test]
fn a_save_too_large_for_what_was_reserved_leaves_room_for_a_smaller_one() {
    in_both_faces(|face, disk| {
        let store = File::at(disk.tokens()).unwrap();
        let _lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        face.save(&store, &record("old")).unwrap();
        face.prepare(&store, &with_intent(record("old"))).unwrap();
        disk.fill();
        assert_eq!(face.save(&store, &large_record(30_000)).unwrap_err().kind, StoreErrorKind::Full);
        assert_eq!(BlockingStore::load(&store, &key("one")).unwrap(), Some(with_intent(record("old"))));
        face.save(&store, &record("new")).unwrap();
        assert_eq!(BlockingStore::load(&store, &key("one")).unwrap(), Some(record("new")));
    });
}
