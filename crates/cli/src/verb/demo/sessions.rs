//! Sessions: renewed, repeated, shared, kept; and both faces.

use super::flows::{call, service, session};
use super::{LIFETIME, Outcome, Steps};
use bytes::Bytes;
use grantee::stores::File;
use grantee::{Client, ClientCredentials, Error, Session};
use grantor::{Endpoint, Server};
use http::Request;
use std::future::Future;

pub(super) fn retry_after_401(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let session = session(server, client.session(ClientCredentials::new().scope("orders")));
    let session = steps.step("session made", session)?;
    steps.step("token got", session.token())?;
    // The session holds a token that it takes for a good one.
    server.expire_access_tokens();
    steps.step("API called with a token the server has dropped", call(server, &session, "/api/orders", "svc"))?;
    steps.check("with one repetition", client.counters().api_retries == 1)
}

pub(super) fn insufficient_scope(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let session = session(server, client.session(ClientCredentials::new().scope("orders")));
    let session = steps.step("session made", session)?;
    let request = steps.step("request made", Request::get(server.url("/api/scope/admin")).body(Bytes::new()))?;
    let refused = session.send(request);
    let names = matches!(&refused, Err(Error::Insufficient(more)) if more.scope.as_ref().is_some_and(|scope| scope.contains("admin")));
    steps.check("the error names the scope to ask for", names)
}

pub(super) fn stampede(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", service(server))?;
    let session = session(server, client.session(ClientCredentials::new().scope("orders")));
    let session = steps.step("session made", session)?;
    let asked = server.count(Endpoint::Token);
    // The server holds its answer back until all are there.
    let hold = server.hold(Endpoint::Token);
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(|| session.token().map(|_| ()))).collect();
        while client.counters().waits < 31 && !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        hold.release();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?.map_err(|error| error.to_string()))
            .collect::<Outcome<Vec<()>>>()
    });
    steps.step("all have a token", all)?;
    steps.check("one token request", server.count(Endpoint::Token) == asked + 1)
}

pub(super) fn file(server: &Server, steps: &mut Steps) -> Outcome {
    let directory = steps.step("directory made", tempfile::tempdir())?;
    let path = directory.path().join("tokens.json");
    let client = steps.step("client made", service(server))?;
    let session_on_file = || {
        let store = File::at(&path)?;
        session(server, client.session(ClientCredentials::new().scope("orders")).store(store))
    };
    let first = steps.step("session made", session_on_file())?;
    steps.step("API called", call(server, &first, "/api/orders", "svc"))?;
    let token = steps.step("token looked at", first.token())?;
    drop(first);
    let second = steps.step("second session made on the file", session_on_file())?;
    let taken_up = steps.step("its token looked at", second.token())?;
    // On a slow machine it may have expired meanwhile, and is another one then.
    steps.check(
        "it is the first one's",
        token.access_token == taken_up.access_token || token.is_expired(LIFETIME / 10),
    )?;
    std::thread::sleep(LIFETIME);
    steps.step("API called past its expiry", call(server, &second, "/api/orders", "svc"))
}

fn run_async(steps: &mut Steps, work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    steps.step("runtime started", runtime)?.block_on(work)
}

async fn async_call(server: &Server, session: &Session) -> Outcome {
    let request = Request::get(server.url("/api/orders")).body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = session.send(request).await.map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("status {}", answer.status())) }
}

fn async_session(server: &Server) -> grantee::Result<(Client, Session)> {
    let client = Client::discover(server.issuer().as_str()).client("svc", "secret").build()?;
    let session = client.session(ClientCredentials::new().scope("orders")).allow_origin(&server.issuer())?.build()?;
    Ok((client, session))
}

pub(super) fn asynchronous(server: &Server, steps: &mut Steps) -> Outcome {
    let mut done = Steps::default();
    let outcome = run_async(steps, async {
        let (client, session) = done.step("client and session made", async_session(server))?;
        done.step("API called", async_call(server, &session).await)?;
        let asked = client.counters().token_requests;
        tokio::time::sleep(LIFETIME).await;
        done.step("API called past the token's expiry", async_call(server, &session).await)?;
        done.check("the token was renewed for it", client.counters().token_requests > asked)
    });
    steps.0.append(&mut done.0);
    outcome
}

pub(super) fn asynchronous_stampede(server: &Server, steps: &mut Steps) -> Outcome {
    let mut done = Steps::default();
    let outcome = run_async(steps, async {
        let (client, session) = done.step("client and session made", async_session(server))?;
        let asked = server.count(Endpoint::Token);
        let hold = server.hold(Endpoint::Token);
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let session = session.clone();
                tokio::spawn(async move { session.token().await.map(|_| ()) })
            })
            .collect();
        while client.counters().waits < 199 && !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        hold.release();
        for task in tasks {
            task.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        }
        done.check("all have a token", true)?;
        done.check("one token request", server.count(Endpoint::Token) == asked + 1)
    });
    steps.0.append(&mut done.0);
    outcome
}
