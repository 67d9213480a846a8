//! A process killed in the middle of a renewal, and what the next one makes of what it left.

use crate::faces::process::{Process, task};
use crate::faces::{Face, Session, client, in_both_faces, session};
use bytes::Bytes;
use grantee::hooks::TokenAnswer;
use grantee::ports::BoxFuture;
use grantee::stores::File;
use grantee::{Result, Stored, blocking, legacy};
use grantor::{Endpoint, Server};
use std::path::Path;

/// Stops for good where the answer has come and nothing has been saved.
#[derive(Clone, Copy)]
struct StopAtTheAnswer;

fn say_and_stop() -> ! {
    eprintln!("answered");
    loop {
        std::thread::park();
    }
}

impl grantee::Hook for StopAtTheAnswer {
    fn on_token_answer<'a>(&'a self, _: TokenAnswer, _: &'a mut http::Response<Bytes>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { say_and_stop() })
    }
}

impl blocking::Hook for StopAtTheAnswer {
    fn on_token_answer(&self, _: TokenAnswer, _: &mut http::Response<Bytes>) -> Result<()> {
        say_and_stop()
    }
}

pub(crate) fn be_a_child() {
    let Some((face, task, arguments)) = task() else { return };
    let [issuer, path] = &arguments[..] else { panic!("issuer and path are wanted") };
    let store = || File::at(path).unwrap();
    let client = match task.as_str() {
        "renew" => client!(face, discover(issuer.as_str()).client("svc", "secret")),
        "renew until the answer" => {
            client!(face, discover(issuer.as_str()).client("svc", "secret").hook(StopAtTheAnswer))
        }
        other => panic!("no such task: {other}"),
    };
    let client = client.unwrap();
    let session = session!(client, session(Stored::new()).account("alice").store(store())).unwrap();
    session.renew().unwrap();
}

/// Puts a login into the store, and returns its access token.
fn log_in(face: Face, server: &Server, path: &Path) -> String {
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let token = client.token(legacy::Password::new("alice", "wonderland")).unwrap();
    let session = session!(client, session_of(token.clone()).account("alice").store(File::at(path).unwrap())).unwrap();
    session.save().unwrap();
    server.clear_log();
    token.access_token.reveal().to_owned()
}

fn next_run(face: Face, server: &Server, path: &Path) -> Session {
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    session!(client, session(Stored::new()).account("alice").store(File::at(path).unwrap())).unwrap()
}

fn kill_at_the_answer(face: Face, server: &Server, path: &Path) {
    let mut child = Process::start(face, "renew until the answer", &[&server.issuer(), path.to_str().unwrap()]);
    child.wait_until_it_says("answered");
    child.kill();
    assert!(std::fs::read_to_string(path).unwrap().contains("\"intent\""), "the trace of what was under way");
    assert_eq!(server.count(Endpoint::Token), 1);
}

in_both_faces! {
    a_process_killed_between_the_answer_and_the_save_leaves_the_live_access_token_to_the_next,
    a_process_killed_while_the_server_holds_its_answer_leaves_the_same,
    once_the_access_token_is_dead_too_the_next_run_says_that_the_person_must_log_in,
    an_api_that_rejects_the_token_of_a_killed_process_ends_in_a_login_too,
    a_process_killed_before_its_request_leaves_a_refresh_token_that_serves,
}

fn a_process_killed_between_the_answer_and_the_save_leaves_the_live_access_token_to_the_next(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    let access_token = log_in(face, &server, &path);
    kill_at_the_answer(face, &server, &path);
    let next = next_run(face, &server, &path);
    assert_eq!(next.access().unwrap(), access_token);
    assert_eq!(next.access().unwrap(), access_token);
    assert_eq!((server.count(Endpoint::Token), server.families_revoked()), (1, 0));
}

fn a_process_killed_while_the_server_holds_its_answer_leaves_the_same(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    let access_token = log_in(face, &server, &path);
    let hold = server.hold(Endpoint::Token);
    let child = Process::start(face, "renew", &[&server.issuer(), path.to_str().unwrap()]);
    assert!(hold.wait_for(1), "the refresh token has been rotated");
    child.kill();
    hold.release();
    assert_eq!(next_run(face, &server, &path).access().unwrap(), access_token);
    assert_eq!(server.count(Endpoint::Token), 1);
}

fn once_the_access_token_is_dead_too_the_next_run_says_that_the_person_must_log_in(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    log_in(face, &server, &path);
    kill_at_the_answer(face, &server, &path);
    // As when its time had come: what is stored says that it expired in 1970.
    age(&path);
    let next = next_run(face, &server, &path);
    for _ in 0..2 {
        let error = next.token().unwrap_err();
        assert!(error.needs_login(), "{error}");
        assert!(error.to_string().contains("cut off before its answer could be kept"), "{error}");
    }
    assert_eq!(server.count(Endpoint::Token), 2, "the old refresh token was tried once");
    assert!(next_run(face, &server, &path).token().unwrap_err().needs_login());
    assert_eq!(server.count(Endpoint::Token), 2);
}

fn an_api_that_rejects_the_token_of_a_killed_process_ends_in_a_login_too(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    log_in(face, &server, &path);
    kill_at_the_answer(face, &server, &path);
    server.expire_access_tokens();
    let next = next_run(face, &server, &path);
    let rejected = next.header().unwrap();
    let error = match &next {
        Session::Async(session) => crate::faces::RUNTIME.block_on(session.after_rejection(&rejected)),
        Session::Blocking(session) => session.after_rejection(&rejected),
    };
    assert!(error.unwrap_err().needs_login());
}

fn a_process_killed_before_its_request_leaves_a_refresh_token_that_serves(face: Face) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    let server = Server::start();
    log_in(face, &server, &path);
    let hold = server.hold_before(Endpoint::Token);
    let child = Process::start(face, "renew", &[&server.issuer(), path.to_str().unwrap()]);
    assert!(hold.wait_for(1));
    child.kill();
    // The server never carries it out, as if it had died too; then it is back.
    server.misbehave_times(Endpoint::Token, 1, grantor::Misbehaviour::Reset);
    hold.release();
    age(&path);
    while server.requests_to(Endpoint::Token).is_empty() {
        std::thread::yield_now();
    }
    next_run(face, &server, &path).token().unwrap();
    assert_eq!(server.families_revoked(), 0);
}

/// Makes every stored token look long expired.
fn age(path: &Path) {
    let mut content: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    fn walk(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    match name.as_str() {
                        "expires_at" => *member = 2.into(),
                        "obtained_at" => *member = 1.into(),
                        _ => walk(member),
                    }
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut content);
    std::fs::write(path, content.to_string()).unwrap();
}
