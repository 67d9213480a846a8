//! Sessions over stores: what is kept, for whom, and who may renew it.

mod faces;

use faces::process::{Process, task};
use faces::{Client, Face, Login, Session, callback_of, client, in_both_faces, login_session, session};
use grantee::stores::{File, Memory};
use grantee::{AuthorizationRequest, ClientCredentials, Error, Stored, legacy};
use grantor::{Endpoint, Server};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

fn client_of(face: Face, server: &Server) -> Client {
    client!(face, discover(server.issuer().as_str()).client("svc", "secret").redirect_uri("http://127.0.0.1/callback"))
        .unwrap()
}

fn log_in(client: &Client, scope: &str) -> Login {
    let (url, pending) = client.start(AuthorizationRequest::new().scope(scope)).unwrap();
    client.finish(pending, callback_of(&url).as_str()).unwrap()
}

fn server_of(lifetime: Duration) -> Server {
    Server::builder().access_token_lifetime(lifetime).auto_approve("alice").start()
}

const HOUR: Duration = Duration::from_secs(3600);

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    (directory, path)
}

/// The same test over each store.
macro_rules! over_each_store {
    ($store:ident => $test:block) => {{
        {
            let $store = Memory::new();
            $test
        }
        {
            let (_directory, path) = file();
            let $store = File::at(&path).unwrap();
            $test
        }
    }};
}

in_both_faces! {
    a_login_that_was_stored_is_taken_up_by_the_same_account_and_scope,
    what_is_taken_up_is_renewed_and_kept_again,
    two_accounts_never_share_a_token,
    a_store_with_a_persons_token_wants_to_know_whose_it_is,
    two_clients_and_two_servers_never_share_a_token,
    what_is_forgotten_is_gone_from_the_store,
    a_login_goes_before_what_is_stored,
    two_sessions_in_one_process_never_trip_reuse_detection,
    several_processes_never_trip_reuse_detection,
}

fn a_login_that_was_stored_is_taken_up_by_the_same_account_and_scope(face: Face) {
    over_each_store!(store => {
        let server = server_of(HOUR);
        let login = log_in(&client_of(face, &server), "openid a");
        login_session!(login, account("alice").store(store.clone())).unwrap().save().unwrap();
        server.clear_log();
        // The next run of the program. The order of the scope counts for nothing.
        let client = client_of(face, &server);
        let next = session!(client, session(Stored::new().scope("a openid")).account("alice").store(store.clone())).unwrap();
        assert_eq!(next.token().unwrap().access_token, login.token().access_token);
        assert_eq!(next.token().unwrap().refresh_token, login.token().refresh_token);
        assert_eq!((server.count(Endpoint::Token), client.counters().adoptions), (0, 1));
        for other in [Stored::new(), Stored::new().scope("a"), Stored::new().scope("openid a").resource("https://api.example/")] {
            let session = session!(client, session(other.clone()).account("alice").store(store.clone())).unwrap();
            assert!(session.token().unwrap_err().needs_login());
        }
        assert_eq!(server.count(Endpoint::Token), 0);
    });
}

fn what_is_taken_up_is_renewed_and_kept_again(face: Face) {
    over_each_store!(store => {
        let server = server_of(Duration::ZERO);
        let login = log_in(&client_of(face, &server), "a");
        let first = login_session!(login, account("alice").store(store.clone())).unwrap();
        first.save().unwrap();
        for _ in 0..3 {
            let client = client_of(face, &server);
            session!(client, session(Stored::new().scope("a")).account("alice").store(store.clone())).unwrap().token().unwrap();
        }
        // And the first session, which knows of none of this, reads before it renews.
        first.token().unwrap();
        assert_eq!(server.families_revoked(), 0);
    });
}

fn two_accounts_never_share_a_token(face: Face) {
    over_each_store!(store => {
        let server = server_of(HOUR);
        let client = client_of(face, &server);
        let (alice, bob) = (log_in(&client, "a"), log_in(&client, "a"));
        login_session!(alice, account("alice").store(store.clone())).unwrap().save().unwrap();
        login_session!(bob, account("bob").store(store.clone())).unwrap().save().unwrap();
        for (account, login) in [("alice", Some(&alice)), ("bob", Some(&bob)), ("carol", None), ("", None), ("alice ", None)] {
            let session = session!(client, session(Stored::new().scope("a")).account(account).store(store.clone())).unwrap();
            match login {
                Some(login) => assert_eq!(session.token().unwrap().access_token, login.token().access_token),
                None => assert!(session.token().unwrap_err().needs_login()),
            }
        }
    });
}

fn a_store_with_a_persons_token_wants_to_know_whose_it_is(face: Face) {
    over_each_store!(store => {
        let server = server_of(HOUR);
        let client = client_of(face, &server);
        let login = log_in(&client, "a");
        for outcome in [
            login_session!(login, store(store.clone())),
            session!(client, session(Stored::new()).store(store.clone())),
            session!(client, session_of(login.token().clone()).store(store.clone())),
        ] {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Config(_)) && error.hint().unwrap().contains("account("), "{error}");
        }
        // A service needs none, and the password grant names its own.
        session!(client, session(ClientCredentials::new()).store(store.clone())).unwrap();
        session!(client, session(legacy::Password::new("alice", "wonderland")).store(store.clone())).unwrap();
    });
}

fn two_clients_and_two_servers_never_share_a_token(face: Face) {
    over_each_store!(store => {
        let (server, other) = (server_of(HOUR), server_of(HOUR));
        let one = client_of(face, &server);
        let token = session!(one, session(ClientCredentials::new()).store(store.clone())).unwrap().access().unwrap();
        let elsewhere = client_of(face, &other);
        assert_ne!(session!(elsewhere, session(ClientCredentials::new()).store(store.clone())).unwrap().access().unwrap(), token);
        let basic = client!(face, discover(server.issuer().as_str()).client("basic", "secret")).unwrap();
        assert_ne!(session!(basic, session(ClientCredentials::new()).store(store.clone())).unwrap().access().unwrap(), token);
        let again = client_of(face, &server);
        assert_eq!(session!(again, session(ClientCredentials::new()).store(store.clone())).unwrap().access().unwrap(), token);
        assert_eq!((server.count(Endpoint::Token), other.count(Endpoint::Token)), (2, 1));
    });
}

fn what_is_forgotten_is_gone_from_the_store(face: Face) {
    over_each_store!(store => {
        let server = server_of(HOUR);
        let client = client_of(face, &server);
        let session = login_session!(log_in(&client, "a"), account("alice").store(store.clone())).unwrap();
        session.save().unwrap();
        session.forget().unwrap();
        assert_eq!(session.held(), None);
        let next = session!(client, session(Stored::new().scope("a")).account("alice").store(store.clone())).unwrap();
        assert!(next.token().unwrap_err().needs_login());
    });
}

fn a_login_goes_before_what_is_stored(face: Face) {
    over_each_store!(store => {
        let server = server_of(HOUR);
        let client = client_of(face, &server);
        let (old, new) = (log_in(&client, "a"), log_in(&client, "a"));
        login_session!(old, account("alice").store(store.clone())).unwrap().save().unwrap();
        let session = login_session!(new, account("alice").store(store.clone())).unwrap();
        assert_eq!(session.token().unwrap().access_token, new.token().access_token);
        let next = session!(client, session(Stored::new().scope("a")).account("alice").store(store.clone())).unwrap();
        assert_eq!(next.token().unwrap().access_token, new.token().access_token);
    });
}

fn two_sessions_in_one_process_never_trip_reuse_detection(face: Face) {
    over_each_store!(store => {
        let server = server_of(Duration::ZERO);
        let login = log_in(&client_of(face, &server), "a");
        login_session!(login, account("alice").store(store.clone())).unwrap().save().unwrap();
        // Each with a client and a handle of its own, as in two parts of a program.
        let sessions: Vec<Session> = (0..2).map(|_| {
            let client = client_of(face, &server);
            session!(client, session(Stored::new().scope("a")).account("alice").store(store.clone())).unwrap()
        }).collect();
        let threads: Vec<_> = sessions.into_iter().map(|session| thread::spawn(move || {
            for _ in 0..20 {
                session.token().unwrap();
            }
        })).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(server.families_revoked(), 0);
    });
}

fn several_processes_never_trip_reuse_detection(face: Face) {
    let server = server_of(Duration::ZERO);
    let (_directory, path) = file();
    let login = log_in(&client_of(face, &server), "a");
    login_session!(login, account("alice").store(File::at(&path).unwrap())).unwrap().save().unwrap();
    server.clear_log();
    let (issuer, path) = (server.issuer(), path.to_str().unwrap().to_owned());
    // Both faces at one file.
    let faces = [face, face, Face::Async, Face::Blocking];
    let children = faces.map(|face| Process::start(face, "renew", &[&issuer, &path]));
    children.into_iter().for_each(Process::wait);
    assert_eq!(server.families_revoked(), 0);
    assert!(server.requests_to(Endpoint::Token).iter().all(|request| {
        request.status == Some(200) && request.form_value("grant_type").as_deref() == Some("refresh_token")
    }));
}

/// What the processes do that the test above starts.
#[test]
fn child() {
    let Some((face, _, arguments)) = task() else { return };
    let [issuer, path] = &arguments[..] else { panic!("issuer and path are wanted") };
    let client = client!(face, discover(issuer.as_str()).client("svc", "secret")).unwrap();
    let session =
        session!(client, session(Stored::new().scope("a")).account("alice").store(File::at(path).unwrap())).unwrap();
    for _ in 0..10 {
        session.token().unwrap();
    }
}
