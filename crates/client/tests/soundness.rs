//! One protocol, two faces: what makes it sound.

use bytes::Bytes;
use grantee::error::TransportError;
use grantee::ports::{BoxFuture, Cancel, Request, Response, WaitEnd};
use grantee::{AuthorizationRequest, Client, ClientCredentials, Error, Token, blocking, legacy};
use grantor::{Endpoint, Misbehaviour};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

fn answer(text: String) -> Response {
    Response { http: http::Response::new(Bytes::from(text)), url: "https://as.example/token".to_owned() }
}

/// Numbers its tokens, each of which has expired when it comes.
#[derive(Clone, Default)]
struct Numbering(Arc<AtomicUsize>);

impl Numbering {
    fn answer(&self) -> Response {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        answer(format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":0}}"#))
    }
}

impl blocking::Http for Numbering {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        Ok(self.answer())
    }
}

impl grantee::ports::Http for Numbering {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { Ok(self.answer()) })
    }
}

fn blocking_client(http: impl blocking::Http + 'static) -> blocking::Client {
    blocking::Client::at("https://as.example/token").client("svc", "secret").http(http).build().unwrap()
}

/// A parked tokio primitive would hang for ever at the 129th turn, since tokio's budget for one task is 128.
fn a_thousand_renewals_and_waits() {
    let numbering = Numbering::default();
    let session = blocking_client(numbering.clone()).session(ClientCredentials::new()).build().unwrap();
    for count in 1..=1000 {
        assert_eq!(session.token().unwrap().access_token.reveal(), format!("at{count}"));
    }
    let clock = Arc::clone(&session.source().client().ports().clock);
    let (cancel, thrown) = (Cancel::new(), Cancel::new());
    thrown.cancel();
    for _ in 0..1000 {
        assert_eq!(blocking_on(clock.sleep_or_cancel(Duration::from_nanos(1), &cancel)), WaitEnd::Elapsed);
        assert_eq!(blocking_on(clock.sleep_or_cancel(Duration::from_secs(3600), &thrown)), WaitEnd::Cancelled);
    }
}

/// Waits of the blocking face are over when they are first polled.
fn blocking_on<T>(mut future: BoxFuture<'_, T>) -> T {
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(outcome) => outcome,
        std::task::Poll::Pending => panic!("the blocking face's clock holds the thread"),
    }
}

#[test]
fn the_blocking_face_works_inside_one_task_of_a_current_thread_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(async { a_thousand_renewals_and_waits() }).await.unwrap() });
}

#[test]
fn the_blocking_face_works_inside_one_task_of_a_multi_thread_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(async { a_thousand_renewals_and_waits() }).await.unwrap() });
}

#[test]
fn blocking_waiters_inside_one_task_wait_for_another_threads_renewal() {
    let server = grantor::Server::builder().access_token_lifetime(Duration::ZERO).start();
    let client = blocking::Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    let other = session.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let busy = thread::spawn(move || (0..200).for_each(|_| drop(other.token().unwrap())));
    runtime.block_on(async {
        tokio::spawn(async move { (0..200).for_each(|_| drop(session.token().unwrap())) }).await.unwrap();
    });
    busy.join().unwrap();
}

#[test]
fn blocking_work_happens_when_the_future_is_polled_and_never_when_it_is_made() {
    let numbering = Numbering::default();
    let client = blocking_client(numbering.clone());
    let request = http::Request::post("https://as.example/token").body(Bytes::new()).unwrap();
    let future = client.core().ports().http.send(request);
    assert_eq!(numbering.0.load(Ordering::SeqCst), 0);
    blocking_on(future).unwrap();
    assert_eq!(numbering.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_wait_of_the_blocking_face_ends_when_it_is_cancelled() {
    let client = blocking_client(Numbering::default());
    let cancel = Cancel::new();
    let (shared, clock) = (cancel.clone(), Arc::clone(&client.core().ports().clock));
    let waiting = thread::spawn(move || blocking_on(clock.sleep_or_cancel(Duration::from_secs(3600), &shared)));
    cancel.cancel();
    assert_eq!(waiting.join().unwrap(), WaitEnd::Cancelled);
}

#[tokio::test]
async fn a_wait_of_the_async_face_ends_when_it_is_cancelled() {
    let client =
        Client::at("https://as.example/token").client("svc", "secret").http(Numbering::default()).build().unwrap();
    let cancel = Cancel::new();
    let (shared, clock) = (cancel.clone(), Arc::clone(&client.core().ports().clock));
    let waiting = tokio::spawn(async move { clock.sleep_or_cancel(Duration::from_secs(3600), &shared).await });
    cancel.cancel();
    assert_eq!(waiting.await.unwrap(), WaitEnd::Cancelled);
    let clock = &client.core().ports().clock;
    assert_eq!(clock.sleep_or_cancel(Duration::from_nanos(1), &Cancel::new()).await, WaitEnd::Elapsed);
}

#[test]
fn an_async_client_outside_of_a_runtime_is_a_typed_error() {
    let error = Client::at("https://as.example/token").client("svc", "secret").build().unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("runtime"), "{error}");
}

#[test]
fn a_session_whose_runtime_has_died_says_so_and_never_hangs() {
    let first = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let session = first.block_on(async {
        let client =
            Client::at("https://as.example/token").client("svc", "secret").http(Numbering::default()).build().unwrap();
        client.session(ClientCredentials::new()).build().unwrap()
    });
    drop(first);
    let second = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = second.block_on(session.token()).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }) && error.to_string().contains("runtime"), "{error}");
}

struct Panicking;

impl blocking::Http for Panicking {
    fn send(&self, _: Request) -> Result<Response, TransportError> {
        panic!("as the test wants")
    }
}

impl grantee::ports::Http for Panicking {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async { panic!("as the test wants") })
    }
}

#[tokio::test]
async fn a_renewal_that_panics_fails_its_waiters_in_the_async_face() {
    let client = Client::at("https://as.example/token").client("svc", "secret").http(Panicking).build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    let (one, two) = tokio::join!(session.token(), session.token());
    for error in [one.unwrap_err(), two.unwrap_err()] {
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    }
}

#[test]
fn a_renewal_that_panics_fails_its_waiters_in_the_blocking_face() {
    let session = blocking_client(Panicking).session(ClientCredentials::new()).build().unwrap();
    let leader = session.clone();
    assert!(thread::spawn(move || leader.token()).join().is_err(), "the panic is the leader's");
    // The gate is open again: the next caller leads, and is not left waiting.
    let next = session.clone();
    assert!(thread::spawn(move || next.token()).join().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_make_one_token_request_and_share_its_token() {
    let server = grantor::Server::start();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    let hold = server.hold(Endpoint::Token);
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            tokio::spawn({
                let session = session.clone();
                async move { session.header().await }
            })
        })
        .collect();
    while client.counters().waits < 9_999 {
        tokio::task::yield_now().await;
    }
    assert!(hold.wait_for_async(1).await);
    hold.release();
    let mut headers = Vec::new();
    for task in tasks {
        headers.push(task.await.unwrap().unwrap());
    }
    assert!(headers.iter().all(|header| *header == headers[0]));
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_make_one_token_request_and_share_its_failure() {
    let server = grantor::Server::start();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 503, retry_after: Some(60) });
    let hold = server.hold(Endpoint::Token);
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            tokio::spawn({
                let session = session.clone();
                async move { session.header().await }
            })
        })
        .collect();
    while client.counters().waits < 9_999 {
        tokio::task::yield_now().await;
    }
    hold.release();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().status(), Some(503));
    }
    assert_eq!(session.header().await.unwrap_err().status(), Some(503), "later callers get it too, until Retry-After");
    assert_eq!(server.count(Endpoint::Token), 1);
}

fn sixty_four_threads(server: &grantor::Server) -> Vec<Result<http::HeaderValue, Error>> {
    let client = blocking::Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    let hold = server.hold(Endpoint::Token);
    let ready = Arc::new(Barrier::new(64));
    let threads: Vec<_> = (0..64)
        .map(|_| {
            let (session, ready) = (session.clone(), Arc::clone(&ready));
            thread::spawn(move || {
                ready.wait();
                session.header()
            })
        })
        .collect();
    while client.counters().waits < 63 {
        thread::yield_now();
    }
    assert!(hold.wait_for(1));
    hold.release();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn sixty_four_threads_make_one_token_request_and_share_its_token() {
    let server = grantor::Server::start();
    let headers = sixty_four_threads(&server);
    assert!(headers.iter().all(|header| header.as_ref().unwrap() == headers[0].as_ref().unwrap()));
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn sixty_four_threads_make_one_token_request_and_share_its_failure() {
    let server = grantor::Server::start();
    server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 503, retry_after: None });
    assert!(sixty_four_threads(&server).iter().all(|outcome| outcome.as_ref().unwrap_err().is_transient()));
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn a_cancelled_caller_loses_no_rotated_refresh_token() {
    let server = grantor::Server::builder().access_token_lifetime(Duration::from_millis(1)).start();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(legacy::Password::new("alice", "wonderland")).build().unwrap();
    session.token().await.unwrap();
    let hold = server.hold(Endpoint::Token);
    // One caller's task is aborted, another's future dropped, while the server has rotated and not yet answered.
    let aborted = tokio::spawn({
        let session = session.clone();
        async move { session.renew().await }
    });
    {
        let mut dropped = Box::pin(session.renew());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    assert!(hold.wait_for_async(1).await);
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    hold.release();
    for _ in 0..3 {
        session.renew().await.unwrap();
    }
    assert_eq!(server.families_revoked(), 0);
}

#[tokio::test]
async fn close_waits_for_the_renewal_that_runs() {
    let server = grantor::Server::start();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).build().unwrap();
    let hold = server.hold(Endpoint::Token);
    let caller = tokio::spawn({
        let session = session.clone();
        async move { session.token().await }
    });
    assert!(hold.wait_for_async(1).await);
    let mut closing = Box::pin(session.close());
    assert!(closing.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending());
    hold.release();
    closing.await;
    assert!(session.held().is_some());
    caller.await.unwrap().unwrap();
}

#[test]
fn an_early_renewal_of_the_blocking_face_runs_on_a_thread_that_close_joins() {
    let server = grantor::Server::builder().access_token_lifetime(Duration::from_secs(1000)).start();
    let client = blocking::Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    // Early from the first moment on: 500 s before the end at most, so the token is made to look half spent.
    let token = Token::bearer("old").with_expires_in(Duration::from_secs(300));
    let session =
        client.session(ClientCredentials::new()).token(token).renew_early(Duration::from_secs(3600)).build().unwrap();
    assert_eq!(session.token().unwrap().access_token.reveal(), "old");
    let mut aged = Token::bearer("aged").with_expires_in(Duration::from_secs(100));
    aged.obtained_at = Some(grantee::UnixTime::now().before(Duration::from_secs(900)));
    let session =
        client.session(ClientCredentials::new()).token(aged).renew_early(Duration::from_secs(300)).build().unwrap();
    session.save().unwrap();
    assert_eq!(session.held().unwrap(), "Bearer aged", "callers never wait while the old token lives");
    client.close();
    session.close();
    assert_ne!(session.held().unwrap(), "Bearer aged", "close() has waited for the renewal");
    assert_eq!(server.count(Endpoint::Token), 1);
}

/// Never called: that it compiles is the test.
#[allow(dead_code)]
fn every_public_future_is_send(client: &Client, session: &grantee::Session, token: &Token, pending: grantee::Pending) {
    fn send<T: Send>(_: T) {}
    send(client.metadata());
    send(client.token(ClientCredentials::new()));
    send(client.refresh(token));
    send(client.start(AuthorizationRequest::new()));
    send(client.finish(pending, "code=x"));
    send(client.introspect(token));
    send(client.introspect_as("t", token));
    send(client.revoke(token));
    send(session.header());
    send(session.token());
    send(session.renew());
    send(session.save());
    send(session.forget());
    send(session.close());
    send(session.send(http::Request::new(Bytes::new())));
    send(session.after_rejection(&http::HeaderValue::from_static("x")));
    let (mut attempt, uri, mut headers) = (session.attempt(), http::Uri::default(), http::HeaderMap::new());
    send(attempt.authorize(&http::Method::GET, &uri, &mut headers));
    send(attempt.again(&uri, http::StatusCode::OK, &headers));
}

#[test]
fn no_public_type_asks_its_user_for_a_type_parameter() {
    #[allow(dead_code)]
    struct Named {
        client: Client,
        session: grantee::Session,
        blocking_client: blocking::Client,
        blocking_session: blocking::Session,
    }
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Client>();
    shared::<grantee::Session>();
    shared::<blocking::Client>();
    shared::<blocking::Session>();
}
