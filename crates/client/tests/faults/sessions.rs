//! Faults in the life of a session.

use crate::faces::{Client, Face, Session, client, in_both_faces, session};
use grantee::error::TransportErrorKind;
use grantee::stores::File;
use grantee::{Error, Stored, legacy};
use grantor::{Endpoint, Misbehaviour, Server};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// A login of alice, stored by its session; each access token lives that long.
fn logged_in(face: Face, server: &Server, path: &Path) -> (Client, Session) {
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let token = client.token(legacy::Password::new("alice", "wonderland")).unwrap();
    let session = session!(client, session_of(token.clone()).account("alice").store(File::at(path).unwrap())).unwrap();
    (client, session)
}

/// What the next run of the program makes of the store.
fn next_run(face: Face, server: &Server, path: &Path) -> Session {
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    session!(client, session(Stored::new()).account("alice").store(File::at(path).unwrap())).unwrap()
}

fn lose_the_answer(server: &Server, session: &Session) {
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::ResetAfterProcessing);
    server.clear_log();
    let error = session.renew().unwrap_err();
    assert!(matches!(&error, Error::Transport(lost) if lost.kind == TransportErrorKind::Broken), "{error:?}");
    assert!(error.is_transient() && !error.needs_login(), "{error}");
    assert_eq!(server.count(Endpoint::Token), 1, "a refresh is never repeated by itself");
}

fn has_an_intent(path: &Path) -> bool {
    std::fs::read_to_string(path).unwrap().contains("\"intent\"")
}

in_both_faces! {
    after_a_lost_answer_the_live_access_token_serves_on,
    after_a_lost_answer_the_old_refresh_token_is_tried_once_and_then_the_person_must_log_in,
    a_lost_answer_costs_nothing_where_the_server_does_not_rotate,
    a_503_in_the_middle_of_a_stampede_is_shared_and_keeps_the_refresh_token,
    retry_after_keeps_every_later_caller_off,
    a_dead_refresh_token_in_the_store_is_never_sent_again,
    an_api_that_fails_costs_no_token,
}

fn after_a_lost_answer_the_live_access_token_serves_on(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    let (_client, session) = logged_in(face, &server, &path);
    let before = session.header().unwrap();
    lose_the_answer(&server, &session);
    assert!(has_an_intent(&path), "the trace that the refresh token may be spent");
    assert_eq!(session.header().unwrap(), before);
    assert_eq!(next_run(face, &server, &path).header().unwrap(), before);
    assert_eq!(
        (server.count(Endpoint::Token), server.families_revoked()),
        (1, 0),
        "nothing was tried with the refresh token"
    );
}

fn after_a_lost_answer_the_old_refresh_token_is_tried_once_and_then_the_person_must_log_in(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let (_client, session) = logged_in(face, &server, &path);
    lose_the_answer(&server, &session);
    assert!(has_an_intent(&path));
    // The same run waits before it tries again.
    assert!(session.token().unwrap_err().is_transient());
    assert_eq!(server.count(Endpoint::Token), 1);
    let next = next_run(face, &server, &path);
    for _ in 0..3 {
        let error = next.token().unwrap_err();
        assert!(error.needs_login() && !error.is_transient(), "{error}");
        assert_eq!(error.server_error(), Some("invalid_grant"));
        assert!(error.to_string().contains("cut off before its answer could be kept"), "{error}");
    }
    assert_eq!(server.count(Endpoint::Token), 2);
    // Nor does the run after that send the dead token again.
    let error = next_run(face, &server, &path).token().unwrap_err();
    assert!(error.needs_login(), "{error}");
    assert_eq!(server.count(Endpoint::Token), 2);
    assert!(!has_an_intent(&path));
}

fn a_lost_answer_costs_nothing_where_the_server_does_not_rotate(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::builder().access_token_lifetime(Duration::ZERO).rotate_refresh_tokens(false).start();
    let (_client, session) = logged_in(face, &server, &path);
    lose_the_answer(&server, &session);
    next_run(face, &server, &path).token().unwrap();
    assert!(!has_an_intent(&path));
}

fn a_503_in_the_middle_of_a_stampede_is_shared_and_keeps_the_refresh_token(face: Face) {
    const CALLERS: u64 = 32;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let (client, session) = logged_in(face, &server, &path);
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::Status { status: 503, retry_after: Some(60) });
    server.clear_log();
    let hold = server.hold(Endpoint::Token);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let session = session.clone();
            thread::spawn(move || session.header())
        })
        .collect();
    while client.counters().waits < CALLERS - 1 {
        thread::yield_now();
    }
    assert!(hold.wait_for(1));
    hold.release();
    for caller in callers {
        let error = caller.join().unwrap().unwrap_err();
        assert_eq!((error.status(), error.is_transient(), error.needs_login()), (Some(503), true, false), "{error}");
    }
    assert_eq!(server.count(Endpoint::Token), 1);
    // This run waits as it was told. The refresh token is unspent, so the next run has no need to.
    next_run(face, &server, &path).header().unwrap();
    assert_eq!((server.count(Endpoint::Token), server.families_revoked()), (2, 0));
}

fn retry_after_keeps_every_later_caller_off(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let (_client, session) = logged_in(face, &server, &directory.path().join("tokens.json"));
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::Status { status: 503, retry_after: Some(3600) });
    server.clear_log();
    for _ in 0..3 {
        assert_eq!(session.token().unwrap_err().retry_after(), Some(Duration::from_secs(3600)));
        assert!(session.renew().unwrap_err().is_transient());
    }
    assert_eq!(server.count(Endpoint::Token), 1);
}

fn a_dead_refresh_token_in_the_store_is_never_sent_again(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let (_client, session) = logged_in(face, &server, &path);
    server.revoke_everything();
    server.clear_log();
    assert!(session.token().unwrap_err().needs_login());
    assert!(next_run(face, &server, &path).token().unwrap_err().needs_login());
    assert_eq!(server.count(Endpoint::Token), 1);
}

fn an_api_that_fails_costs_no_token(face: Face) {
    let server = Server::start();
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let session =
        session!(client, session(grantee::ClientCredentials::new()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.header().unwrap();
    for (misbehaviour, code) in
        [(Misbehaviour::Reset, "broken_connection"), (Misbehaviour::Truncate, "broken_connection")]
    {
        server.misbehave_times(Endpoint::Api, 1, misbehaviour);
        assert_eq!(session.get(&server.url("/api/x")).unwrap_err().code(), code);
    }
    assert_eq!(session.get(&server.url("/api/x")).unwrap().status(), 200);
    assert_eq!(server.count(Endpoint::Token), 1);
}
