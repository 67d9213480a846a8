//! Sessions on tokens bound to a key (RFC 9449), against a server that demands a new nonce at each request.
#![allow(clippy::unwrap_used)]

use grantee::jose::{Curve, Jwk, KeyKind};
use grantee::{AuthorizationRequest, ClientCredentials, blocking, legacy::Password};
use grantor::{DpopNonces, Endpoint, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const CALLS: usize = 1000;
const AT_A_TIME: usize = 10;

fn key() -> Jwk {
    Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap()
}

fn server(lifetime: Duration) -> Server {
    Server::builder().dpop_nonces(DpopNonces::EachRequest).access_token_lifetime(lifetime).start()
}

/// Every call reached the API with a good proof, by as many tokens as the time took.
fn check(server: &Server, lifetime: Duration) {
    let calls = server.requests_to(Endpoint::Api);
    assert!(calls.len() >= CALLS && calls.iter().all(|call| call.dpop().is_some()), "{}", calls.len());
    // The first of each ten at the least had no nonce that was good.
    assert!(calls.len() > CALLS, "demands were met");
    let renewals = server.count(Endpoint::Token);
    println!("{lifetime:?}: {} requests for {CALLS} calls, {renewals} token requests", calls.len());
}

async fn thousand_async(lifetime: Duration, password: bool) {
    let server = server(lifetime);
    let client = grantee::Client::discover(server.issuer()).client("svc", "secret").dpop(key()).build().unwrap();
    let session = match password {
        true => client.session(Password::new("alice", "wonderland")),
        false => client.session(ClientCredentials::new()),
    };
    let api = Arc::new(session.build().unwrap().api(&server.url("/api")).unwrap());
    let left = Arc::new(AtomicUsize::new(CALLS));
    let callers: Vec<_> = (0..AT_A_TIME)
        .map(|_| {
            let (api, left) = (Arc::clone(&api), Arc::clone(&left));
            tokio::spawn(async move {
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                    api.get("orders").send().await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    check(&server, lifetime);
}

fn thousand_blocking(lifetime: Duration, password: bool) {
    let server = server(lifetime);
    let client = blocking::Client::discover(server.issuer()).client("svc", "secret").dpop(key()).build().unwrap();
    let session = match password {
        true => client.session(Password::new("alice", "wonderland")),
        false => client.session(ClientCredentials::new()),
    };
    let api = session.build().unwrap().api(&server.url("/api")).unwrap();
    let left = AtomicUsize::new(CALLS);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                    api.get("orders").send().unwrap();
                }
            });
        }
    });
    check(&server, lifetime);
}

const TWO_SECONDS: Duration = Duration::from_secs(2);
/// So short that a thousand calls outlive some of them.
const SHORT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_ten_at_a_time_end_without_an_error_async() {
    thousand_async(TWO_SECONDS, false).await;
    thousand_async(SHORT, false).await;
}

#[tokio::test]
async fn refresh_tokens_rotate_and_none_is_lost_async() {
    thousand_async(SHORT, true).await;
}

#[test]
fn a_thousand_calls_ten_at_a_time_end_without_an_error_blocking() {
    thousand_blocking(TWO_SECONDS, false);
    thousand_blocking(SHORT, false);
}

#[test]
fn refresh_tokens_rotate_and_none_is_lost_blocking() {
    thousand_blocking(SHORT, true);
}

#[test]
fn a_code_and_what_it_brings_are_bound_to_the_key_and_renewed_with_it() {
    let server = Server::builder().auto_approve("alice").dpop_nonces(DpopNonces::Required).start();
    let redirect_uri = "http://127.0.0.1:4711/callback";
    let builder = || blocking::Client::discover(server.issuer()).public_client("public").redirect_uri(redirect_uri);
    let client = builder().dpop(key()).build().unwrap();
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid offline_access")).unwrap();
    assert!(url.query_pairs().any(|(name, _)| name == "dpop_jkt"));
    let callback = ureq::get(url.as_str()).config().max_redirects(0).build().call().unwrap();
    let callback = callback.headers()["location"].to_str().unwrap().to_owned();
    let login = client.finish(pending, callback.as_str()).unwrap();
    assert!(login.token().key_thumbprint.is_some() && login.id_token().is_some());
    assert_eq!(login.userinfo().unwrap().claims.sub(), Some("alice"));
    let renewed = client.refresh(login.token()).unwrap();
    assert_eq!(renewed.key_thumbprint, login.token().key_thumbprint);
    // With another key the refresh token is worth nothing, and nothing is sent.
    let before = server.count(Endpoint::Token);
    let other = builder().dpop(key()).build().unwrap();
    assert!(other.refresh(&renewed).unwrap_err().to_string().contains("not at hand"));
    assert_eq!(server.count(Endpoint::Token), before);
}
