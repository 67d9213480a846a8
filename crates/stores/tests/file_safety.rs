//! Who may read the file, and what stands in it.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod common;

use common::{PATIENCE, key, names_in, record};
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::{BlockingStore, Store};
use grantee_stores::File;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

fn save(store: &File, name: &str) -> Result<(), StoreError> {
    let lock = BlockingStore::lock(store, &key(name), PATIENCE)?;
    BlockingStore::save(store, &key(name), &record(name), &*lock)
}

fn load(store: &File, name: &str) -> Result<Option<grantee_core::store::Record>, StoreError> {
    BlockingStore::load(store, &key(name))
}

#[test]
fn every_file_is_0600_and_the_directory_0700() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b/tokens.json");
    let store = File::at(&path).unwrap();
    assert!(load(&store, "one").unwrap().is_none());
    save(&store, "one").unwrap();
    assert_eq!(mode(&directory.path().join("a")), 0o700);
    assert_eq!(mode(&directory.path().join("a/b")), 0o700);
    let lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
    BlockingStore::prepare(&store, &key("one"), &record("one"), &*lock).unwrap();
    let names = names_in(path.parent().unwrap());
    let hex = common::hex(&key("one"));
    let expected =
        ["tokens.json", &format!("tokens.json.{hex}.lock"), &format!("tokens.json.{hex}.reserve"), "tokens.json.lock"];
    assert_eq!(names, expected);
    for name in names {
        assert_eq!(mode(&path.with_file_name(&name)), 0o600, "{name}");
    }
    drop(lock);
    assert!(!names_in(path.parent().unwrap()).concat().contains("reserve"), "room nobody needs any more");
}

#[test]
fn a_file_that_others_could_read_is_refused_with_the_fix_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    save(&store, "one").unwrap();
    let before = std::fs::read(&path).unwrap();
    for open_to_others in [0o644, 0o640, 0o604, 0o660, 0o602] {
        std::fs::set_permissions(&path, Permissions::from_mode(open_to_others)).unwrap();
        let errors = [
            File::at(&path).unwrap_err(),
            load(&store, "one").unwrap_err(),
            save(&store, "one").unwrap_err(),
            common::block_on(Store::load(&store, &key("one"))).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind, StoreErrorKind::Unsafe, "{open_to_others:o}");
            let fix = format!("chmod 600 {}", store.path().display());
            assert!(error.hint.as_deref().unwrap().starts_with(&fix), "{error}");
            assert!(!error.to_string().contains("the token of"));
        }
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(load(&store, "one").unwrap(), Some(record("one")));
}

#[test]
fn a_file_of_another_user_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    save(&File::at(&path).unwrap(), "one").unwrap();
    std::os::unix::fs::chown(&path, Some(1), None).expect("this test gives a file away, so it must run as root");
    let error = File::at(&path).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unsafe);
    assert!(error.to_string().contains("another user") && error.to_string().contains("chown"), "{error}");
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(File::at(directory.path()).unwrap_err().kind, StoreErrorKind::Unsafe);
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
    assert_eq!(File::at(pipe).unwrap_err().kind, StoreErrorKind::Unsafe);
    assert_eq!(File::at("/").unwrap_err().kind, StoreErrorKind::Io);
}

#[test]
fn a_content_that_no_store_wrote_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    save(&store, "one").unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len() - 3).step_by(7).map(|length| whole[..length].to_vec()).collect();
    damaged.push(vec![0; whole.len()]);
    damaged.push(b"{\"version\":2,\"records\":{}}".to_vec());
    damaged.push(b"# my notes".to_vec());
    for content in damaged {
        std::fs::write(&path, &content).unwrap();
        let store = File::at(&path).unwrap();
        for error in [load(&store, "one").unwrap_err(), save(&store, "two").unwrap_err()] {
            assert_eq!(error.kind, StoreErrorKind::Corrupt);
            assert!(error.hint.is_some());
        }
        let lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
        assert!(BlockingStore::remove(&store, &key("one"), &*lock).is_err());
        assert!(BlockingStore::prepare(&store, &key("one"), &record("one"), &*lock).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_symbolic_link_is_followed_once_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let (link, target) = (directory.path().join("link"), directory.path().join("real/tokens.json"));
    // It may lead to a file that is yet to be.
    std::os::unix::fs::symlink("real/tokens.json", &link).unwrap();
    let store = File::at(&link).unwrap();
    save(&store, "one").unwrap();
    assert!(link.is_symlink() && target.is_file() && !target.is_symlink());
    assert_eq!(load(&File::at(&target).unwrap(), "one").unwrap(), Some(record("one")));
    // Whoever puts a link in the file's place does not make us read or write somewhere else.
    std::fs::rename(&target, directory.path().join("stolen")).unwrap();
    std::os::unix::fs::symlink("../stolen", &target).unwrap();
    assert_eq!(load(&store, "one").unwrap_err().kind, StoreErrorKind::Unsafe);
    assert_eq!(save(&store, "one").unwrap_err().kind, StoreErrorKind::Unsafe);
    let (a, b) = (directory.path().join("a"), directory.path().join("b"));
    std::os::unix::fs::symlink(&a, &b).unwrap();
    std::os::unix::fs::symlink(&b, &a).unwrap();
    assert_eq!(File::at(a).unwrap_err().kind, StoreErrorKind::Io);
}

#[test]
fn what_a_killed_process_left_is_cleared_unless_its_lock_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    let held = BlockingStore::lock(&store, &key("held"), PATIENCE).unwrap();
    BlockingStore::prepare(&store, &key("held"), &record("held"), &*held).unwrap();
    let dead = common::hex(&key("dead"));
    for ending in ["tmp", "reserve"] {
        std::fs::write(path.with_file_name(format!("tokens.json.{dead}.{ending}")), "half a tok").unwrap();
    }
    std::fs::write(path.with_file_name("tokens.json.notes.tmp"), "somebody's own").unwrap();
    File::at(&path).unwrap();
    let names = names_in(directory.path());
    assert!(names.contains(&format!("tokens.json.{}.reserve", common::hex(&key("held")))));
    assert!(names.contains(&"tokens.json.notes.tmp".to_owned()));
    assert!(!names.contains(&format!("tokens.json.{dead}.tmp")), "{names:?}");
    assert!(!names.contains(&format!("tokens.json.{dead}.reserve")), "{names:?}");
}

#[test]
fn lock_files_are_never_renamed_or_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let store = File::at(&path).unwrap();
    save(&store, "one").unwrap();
    let locks: Vec<_> = names_in(directory.path()).into_iter().filter(|name| name.ends_with(".lock")).collect();
    assert_eq!(locks.len(), 2);
    let inodes = || locks.iter().map(|name| path.with_file_name(name).metadata().unwrap().ino()).collect::<Vec<_>>();
    let before = inodes();
    save(&store, "one").unwrap();
    let lock = BlockingStore::lock(&store, &key("one"), PATIENCE).unwrap();
    BlockingStore::remove(&store, &key("one"), &*lock).unwrap();
    drop(lock);
    drop(store);
    save(&File::at(&path).unwrap(), "one").unwrap();
    assert_eq!(inodes(), before);
}

#[test]
fn a_write_without_the_lock_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = File::at(directory.path().join("tokens.json")).unwrap();
    let other = BlockingStore::lock(&store, &key("other"), PATIENCE).unwrap();
    assert!(BlockingStore::save(&store, &key("one"), &record("one"), &*other).is_err());
    assert!(load(&store, "one").unwrap().is_none());
}

#[test]
fn debug_and_errors_show_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let store = File::at(directory.path().join("tokens.json")).unwrap();
    save(&store, "one").unwrap();
    assert!(!format!("{store:?}").contains("the token of"));
}
