//! Calls to protected APIs: where the token goes, and what a 401 leads to.

mod support;

use bytes::Bytes;
use grantee_core::error::InsufficientKind;
use grantee_core::grant::ClientCredentials;
use grantee_core::hooks::Hook;
use grantee_core::ports::{BoxFuture, Request};
use grantee_core::session::call::{Placement, call};
use grantee_core::session::{Source, SourceBuilder};
use grantee_core::{Client, Error, Result};
use std::sync::Arc;
use support::*;

/// Tokens come numbered from the token endpoint; the API answers by the closure, which sees how often it was asked.
fn world(api: impl Fn(&Request, usize) -> http::Response<Bytes> + Send + Sync + 'static) -> (Arc<FakeServer>, Source) {
    timed_world(&ManualClock::new(), api)
}

fn timed_world(
    clock: &Arc<ManualClock>,
    api: impl Fn(&Request, usize) -> http::Response<Bytes> + Send + Sync + 'static,
) -> (Arc<FakeServer>, Source) {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let tokens = std::sync::atomic::AtomicUsize::new(0);
    let next = |counter: &std::sync::atomic::AtomicUsize| counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
    let server = FakeServer::new(move |request, _| {
        if request.uri().path() == "/token" {
            return json(
                200,
                &format!(r#"{{"access_token":"at{}","token_type":"Bearer","expires_in":100}}"#, next(&tokens)),
            );
        }
        Ok(api(request, next(&calls)))
    });
    let client = client(&server, clock);
    (server, SourceBuilder::new(client, Arc::new(ClientCredentials::new())).build().unwrap())
}

fn ok(_: &Request, _: usize) -> http::Response<Bytes> {
    http::Response::new(Bytes::from_static(b"fine"))
}

fn refused(status: u16, challenge: Option<&str>) -> http::Response<Bytes> {
    let mut answer = http::Response::builder().status(status);
    if let Some(challenge) = challenge {
        answer = answer.header("www-authenticate", challenge);
    }
    answer.body(Bytes::from_static(b"why")).unwrap()
}

fn post(body: &'static str, kind: &str) -> Request {
    http::Request::post("https://api.example/x?y=1")
        .header("content-type", kind)
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap()
}

fn get() -> Request {
    http::Request::get("https://api.example/x?y=1").body(Bytes::new()).unwrap()
}

fn api_requests(server: &FakeServer) -> Vec<String> {
    server.requests.lock().unwrap().iter().filter(|request| request.uri().path() != "/token").map(whole).collect()
}

#[test]
fn the_token_goes_into_the_header_by_default() {
    let (server, source) = world(ok);
    block_on(call(&source, get(), Placement::Header)).unwrap();
    assert_eq!(api_requests(&server), ["GET https://api.example/x?y=1\nauthorization: Bearer at1\n\n"]);
}

#[test]
fn the_token_goes_into_a_form_and_into_no_other_body() {
    let (server, source) = world(ok);
    let form = "application/x-www-form-urlencoded";
    block_on(call(&source, post("a=1", "Application/X-WWW-form-urlencoded; charset=utf-8"), Placement::FormBody))
        .unwrap();
    assert_eq!(
        api_requests(&server),
        [format!("POST https://api.example/x?y=1\ncontent-type: {form}\n\na=1&access_token=at1")]
    );
    for refused in [post("{}", "application/json"), get()] {
        assert!(matches!(block_on(call(&source, refused, Placement::FormBody)).unwrap_err(), Error::Config(_)));
    }
    assert_eq!(api_requests(&server).len(), 1);
}

#[test]
fn the_token_goes_into_the_query_where_nobody_may_keep_it() {
    let (server, source) = world(ok);
    block_on(call(&source, get(), Placement::Query)).unwrap();
    assert_eq!(api_requests(&server), ["GET https://api.example/x?y=1&access_token=at1\ncache-control: no-store\n\n"]);
}

#[test]
fn a_401_about_the_token_renews_once_and_replays_the_whole_request() {
    for challenge in [
        Some("Bearer error=\"invalid_token\""),
        Some("bearer"),
        Some("Bearer realm=\"x\""),
        Some("Basic realm=\"x\""),
        None,
    ] {
        let (server, source) = world(move |_, count| if count == 1 { refused(401, challenge) } else { ok(&get(), 0) });
        let answer = block_on(call(&source, post("{\"a\":1}", "application/json"), Placement::Header)).unwrap();
        assert_eq!(answer.status(), 200, "{challenge:?}");
        let sent = api_requests(&server);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[1], sent[0].replace("at1", "at2"));
    }
}

#[test]
fn a_401_that_comes_again_comes_back_as_it_is() {
    let (server, source) = world(|_, _| refused(401, Some("Bearer error=\"invalid_token\"")));
    let answer = block_on(call(&source, get(), Placement::Header)).unwrap();
    assert_eq!((answer.status().as_u16(), api_requests(&server).len()), (401, 2));
}

#[test]
fn a_401_for_another_reason_and_any_other_status_come_back_as_they_are() {
    for (status, challenge) in [(401, Some("Bearer error=\"invalid_request\"")), (403, None), (500, None), (302, None)]
    {
        let (server, source) = world(move |_, _| refused(status, challenge));
        let answer = block_on(call(&source, get(), Placement::Header)).unwrap();
        assert_eq!((answer.status().as_u16(), api_requests(&server).len()), (status, 1));
    }
}

#[test]
fn insufficient_scope_and_step_up_are_typed_and_name_what_to_ask_for() {
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"a b\"";
    let (server, source) = world(move |_, _| refused(403, Some(challenge)));
    let Error::Insufficient(error) = block_on(call(&source, get(), Placement::Header)).unwrap_err() else { panic!() };
    assert_eq!((error.kind, error.scope.clone(), error.status), (InsufficientKind::Scope, Some("a b".into()), 403));
    assert_eq!(api_requests(&server).len(), 1);

    let challenge = "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold silver\", max_age=\"5\"";
    let (server, source) = world(move |_, _| refused(401, Some(challenge)));
    let error = block_on(call(&source, get(), Placement::Header)).unwrap_err();
    assert!(error.needs_login() && error.to_string().contains("acr_values gold silver, max_age 5"), "{error}");
    let Error::Insufficient(error) = error else { panic!() };
    assert_eq!((error.acr_values.as_deref(), error.max_age), (Some("gold silver"), Some(5)));
    assert_eq!(api_requests(&server).len(), 1, "a new token of the same login would not help");
}

#[test]
fn a_hook_cannot_move_the_token_to_another_origin() {
    struct Moving(&'static str);
    impl Hook for Moving {
        fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
            *request.uri_mut() = self.0.parse().unwrap();
            Box::pin(async { Ok(()) })
        }
    }
    for (target, sent) in
        [("https://evil.example/x", 0), ("http://api.example/x", 0), ("https://api.example/other?site=1", 1)]
    {
        let server = FakeServer::new(|_, _| json(200, r#"{"access_token":"at","token_type":"Bearer"}"#));
        let mut config = literal();
        config.add_hook(Arc::new(Moving(target)));
        let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
        let source = SourceBuilder::new(client, Arc::new(ClientCredentials::new())).build().unwrap();
        let _ = block_on(call(&source, get(), Placement::Header));
        assert_eq!(api_requests(&server).len(), sent, "{target}");
    }
}

#[test]
fn an_api_that_rejects_every_token_gets_three_and_then_one_at_a_time() {
    let clock = ManualClock::new();
    let (server, source) = timed_world(&clock, |_, _| refused(401, Some("Bearer error=\"invalid_token\"")));
    let tokens = || server.count() - api_requests(&server).len();
    let call = || block_on(call(&source, get(), Placement::Header)).unwrap();
    for _ in 0..20 {
        assert_eq!(call().status(), 401, "the answer comes back as it is");
    }
    assert_eq!(tokens(), 1 + 3);
    for (wait, found) in [(1, 5), (2, 6), (4, 7), (8, 8), (16, 9), (30, 10), (30, 11)] {
        clock.pass(std::time::Duration::from_millis(wait * 1000 - 1));
        call();
        assert_eq!(tokens(), found - 1, "{wait}");
        clock.pass(std::time::Duration::from_millis(1));
        (0..5).for_each(|_| drop(call()));
        assert_eq!(tokens(), found, "{wait}");
    }
    // A quiet minute, and all is forgotten. The token has expired meanwhile, which is no rejection.
    clock.pass(std::time::Duration::from_secs(200));
    (0..20).for_each(|_| drop(call()));
    assert_eq!(tokens(), 11 + 1 + 3);
}

#[test]
fn a_token_that_is_rejected_in_the_second_half_of_its_life_is_renewed_however_often_that_comes() {
    let clock = ManualClock::new();
    let (server, source) = timed_world(&clock, |_, _| refused(401, Some("Bearer error=\"invalid_token\"")));
    let tokens = || server.count() - api_requests(&server).len();
    let lifetime = block_on(source.token()).unwrap().lifetime().unwrap();
    for renewals in 1..10 {
        // Within its life by this clock, and rejected: the server's is ahead.
        clock.pass(lifetime / 2);
        block_on(call(&source, get(), Placement::Header)).unwrap();
        assert_eq!(tokens(), 1 + renewals);
    }
}
