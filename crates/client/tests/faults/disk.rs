//! What is wrong under a `File` store: no room, other people's eyes, somebody else's bytes.

use crate::faces::{Client, Face, client, in_both_faces, session, shown};
use grantee::error::StoreErrorKind;
use grantee::stores::File;
use grantee::{ClientCredentials, Error};
use grantor::{Endpoint, Server};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn service(face: Face, server: &Server) -> Client {
    client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap()
}

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::Store(error) => error.kind,
        other => panic!("no error of the store: {other:?}"),
    }
}

#[cfg(target_os = "linux")]
mod full {
    use super::*;
    use crate::faces::process::STARTING;
    use std::io::{ErrorKind, Write};
    use std::process::Command;
    use std::sync::{PoisonError, RwLockWriteGuard};

    /// A real disk of 64 KiB.
    struct SmallDisk {
        directory: tempfile::TempDir,
        _alone: RwLockWriteGuard<'static, ()>,
    }

    impl SmallDisk {
        fn mount() -> Self {
            let alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
            let directory = tempfile::tempdir().unwrap();
            let options = ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"];
            let mounted = Command::new("mount").args(options).arg(directory.path()).output().unwrap();
            let why = String::from_utf8_lossy(&mounted.stderr).into_owned();
            assert!(mounted.status.success(), "this test mounts a 64 KiB tmpfs, so it must run as root: {why}");
            Self { directory, _alone: alone }
        }

        fn fill(&self) {
            let mut filler = std::fs::File::create(self.directory.path().join("filler")).unwrap();
            for size in [4096, 1] {
                let error = std::iter::repeat_with(|| filler.write_all(&[1; 4096][..size])).find_map(Result::err);
                assert_eq!(error.unwrap().kind(), ErrorKind::StorageFull);
            }
        }

        fn empty(&self) {
            std::fs::remove_file(self.directory.path().join("filler")).unwrap();
        }
    }

    impl Drop for SmallDisk {
        fn drop(&mut self) {
            let unmounted = Command::new("umount").arg("--lazy").arg(self.directory.path()).status();
            if !std::thread::panicking() {
                assert!(unmounted.unwrap().success(), "the tmpfs is still mounted");
            }
        }
    }

    in_both_faces! {
        on_a_full_disk_no_token_request_is_sent,
        a_disk_that_fills_up_while_the_request_is_under_way_loses_no_refresh_token,
    }

    fn on_a_full_disk_no_token_request_is_sent(face: Face) {
        let (server, disk) = (Server::start(), SmallDisk::mount());
        let client = service(face, &server);
        let store = File::at(disk.directory.path().join("tokens.json")).unwrap();
        let session = session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap();
        disk.fill();
        let error = session.token().unwrap_err();
        assert_eq!((kind(&error), error.code(), error.is_transient()), (StoreErrorKind::Full, "store", false));
        assert!(error.hint().unwrap().contains("make room"), "{error}");
        assert_eq!(server.count(Endpoint::Token), 0);
        disk.empty();
        let again = session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap();
        again.token().unwrap();
        assert_eq!(server.count(Endpoint::Token), 1);
    }

    fn a_disk_that_fills_up_while_the_request_is_under_way_loses_no_refresh_token(face: Face) {
        let (server, disk) = (Server::start(), SmallDisk::mount());
        let client = service(face, &server);
        let store = File::at(disk.directory.path().join("tokens.json")).unwrap();
        let grant = || grantee::legacy::Password::new("alice", "wonderland");
        let session = session!(client, session(grant()).store(store.clone())).unwrap();
        session.token().unwrap();
        let hold = server.hold(Endpoint::Token);
        let renewing = std::thread::spawn({
            let session = session.clone();
            move || session.renew()
        });
        assert!(hold.wait_for(1));
        disk.fill();
        hold.release();
        let renewed = renewing.join().unwrap().unwrap();
        let next = session!(client, session(grant()).store(store.clone())).unwrap();
        assert_eq!(
            next.access().unwrap(),
            renewed.access_token.reveal(),
            "room had been reserved before anything was spent"
        );
    }
}

in_both_faces! {
    a_token_file_that_others_could_read_is_refused_with_the_fix_named,
    a_token_file_that_no_store_wrote_is_refused_and_left_as_it_is,
}

fn a_token_file_that_others_could_read_is_refused_with_the_fix_named(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    let client = service(face, &server);
    let store = File::at(&path).unwrap();
    session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap().token().unwrap();
    server.clear_log();
    for mode in [0o644, 0o640, 0o604, 0o660] {
        open_up(&path, mode);
        let refused = Error::from(File::at(&path).unwrap_err());
        // A program that has it open already is refused as well.
        let session = session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap();
        for error in [refused, session.token().unwrap_err()] {
            assert_eq!((kind(&error), error.is_transient()), (StoreErrorKind::Unsafe, false));
            assert!(error.hint().unwrap().contains(&format!("chmod 600 {}", path.display())), "{error}");
            assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
        }
    }
    assert_eq!(server.count(Endpoint::Token), 0);
    open_up(&path, 0o600);
    session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap().token().unwrap();
    assert_eq!(server.count(Endpoint::Token), 0, "what is kept serves again");
}

fn a_token_file_that_no_store_wrote_is_refused_and_left_as_it_is(face: Face) {
    let server = Server::start();
    let client = service(face, &server);
    for content in ["s3cret", "{\"s3cret\":", "[]", "{\"tokens\": 7}", "\u{0}"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens.json");
        std::fs::write(&path, content).unwrap();
        open_up(&path, 0o600);
        let session = session!(client, session(ClientCredentials::new()).store(File::at(&path).unwrap())).unwrap();
        let error = session.token().unwrap_err();
        assert_eq!(kind(&error), StoreErrorKind::Corrupt, "{content}: {error}");
        assert!(!error.is_transient() && !shown(&error).contains("s3cret"), "{error:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn open_up(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
