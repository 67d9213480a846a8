//! Introspection, revocation and odd token answers through a client, and what hooks and listeners may stop.

mod support;

use bytes::Bytes;
use grantee_core::endpoint::discovery::Where;
use grantee_core::error::{ConfigError, Error};
use grantee_core::grant::ClientCredentials;
use grantee_core::hooks::Hook;
use grantee_core::ports::BoxFuture;
use grantee_core::session::{OnChange, Renewal};
use grantee_core::wire::draft::Draft;
use grantee_core::{Client, Config, Result, Token, TokenToActOn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;

fn config() -> Config {
    let mut config = literal();
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".to_owned());
    config.members_mut().revocation_endpoint = Some("https://as.example/revoke".to_owned());
    config
}

fn client_of(config: Config, server: &Arc<FakeServer>) -> Client {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

#[test]
fn introspection_is_authorized_as_the_client_or_by_a_bearer_token() {
    let server = FakeServer::new(|_, _| json(200, r#"{"active":true,"scope":"a"}"#));
    let client = client_of(config(), &server);
    assert!(block_on(client.introspect(&Token::bearer("seen"))).unwrap().active);
    assert!(block_on(client.introspect_as("seen", &Token::bearer("mine"))).unwrap().active);
    let head = |authorization: &str| {
        format!(
            "POST https://as.example/introspect\naccept: application/json\nauthorization: {authorization}\ncontent-type: application/x-www-form-urlencoded\n\n"
        )
    };
    let requests = server.requests.lock().unwrap();
    assert_eq!(whole(&requests[0]), head("Basic c3ZjOnMzY3JldA==") + "token=seen&token_type_hint=access_token");
    assert_eq!(whole(&requests[1]), head("Bearer mine") + "token=seen");
}

#[test]
fn a_revocation_that_is_answered_503_says_when_to_try_again() {
    let server = FakeServer::new(|_, _| {
        Ok(http::Response::builder().status(503).header("retry-after", "7").body(Bytes::new()).unwrap())
    });
    let error = block_on(client_of(config(), &server).revoke(TokenToActOn::refresh_token("rt"))).unwrap_err();
    assert!(error.is_transient() && error.server_error().is_none(), "{error}");
    assert_eq!(error.retry_after(), Some(seconds(7)));
    assert_eq!(server.body(0), "token=rt&token_type_hint=refresh_token");
}

#[test]
fn an_error_member_that_says_there_is_none_is_no_error() {
    for none in ["null", "false"] {
        let answer = format!(r#"{{"error":{none},"access_token":"at","token_type":"Bearer"}}"#);
        let server = FakeServer::new(move |_, _| json(200, &answer));
        block_on(client_of(config(), &server).token(&ClientCredentials::new())).unwrap();
    }
}

#[test]
fn a_missing_token_type_is_taken_as_what_the_client_was_told() {
    let server = FakeServer::new(|_, _| json(200, r#"{"access_token":"at"}"#));
    let error = block_on(client_of(config(), &server).token(&ClientCredentials::new())).unwrap_err();
    assert!(error.hint().unwrap().contains("assume_token_type"), "{error}");
    let mut told = config();
    told.set_assumed_token_type("Bearer".to_owned());
    assert!(block_on(client_of(told, &server).token(&ClientCredentials::new())).unwrap().is_bearer());
}

#[test]
fn a_hooks_error_stops_introspection_and_revocation_before_they_are_sent() {
    struct Refusing;
    impl Hook for Refusing {
        fn before_introspection_request<'a>(&'a self, _: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Err(Error::config("no introspection", "as the test wants")) })
        }
        fn before_revocation_request<'a>(&'a self, _: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
            Box::pin(async { Err(Error::config("no revocation", "as the test wants")) })
        }
    }
    let server = FakeServer::new(|_, _| json(200, "{}"));
    let mut config = config();
    config.add_hook(Arc::new(Refusing));
    let client = client_of(config, &server);
    let stopped = [block_on(client.introspect("t")).unwrap_err(), block_on(client.revoke("t")).unwrap_err()];
    for (error, what) in stopped.iter().zip(["no introspection", "no revocation"]) {
        assert!(matches!(error, Error::Config(ConfigError { message, .. }) if message == what), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn every_listener_is_told_though_one_fails_and_the_first_error_reaches_the_caller() {
    struct Listener(Arc<AtomicUsize>, Option<&'static str>);
    impl OnChange for Listener {
        fn changed<'a>(&'a self, _: Option<&'a Token>, _: &'a Token, _: Renewal) -> BoxFuture<'a, Result<()>> {
            Box::pin(async {
                self.0.fetch_add(1, Ordering::SeqCst);
                self.1.map_or(Ok(()), |message| Err(Error::config(message, "as the test wants")))
            })
        }
    }
    let told = Arc::new(AtomicUsize::new(0));
    let server = rotating();
    let mut builder = source(&client(&server, &ManualClock::new()), ClientCredentials::new());
    for fails in [Some("first"), None, Some("third")] {
        builder = builder.on_change(Arc::new(Listener(Arc::clone(&told), fails)));
    }
    let source = builder.build().unwrap();
    assert!(block_on(source.token()).unwrap_err().to_string().starts_with("first"));
    assert_eq!(told.load(Ordering::SeqCst), 3);
    assert_eq!(access(&source), "at1");
}

#[test]
fn debug_of_a_place_shows_no_query() {
    let place = Where::from("https://as.example/.well-known/openid-configuration?key=s3cret");
    let client = Client::new(
        {
            let mut config = Config::new(grantee_core::client::Server::Discover(place));
            config.set_client("svc".into(), None);
            config
        },
        ports(&rotating(), &ManualClock::new(), Arc::new(Inline)),
    )
    .unwrap();
    assert!(!format!("{client:?}").contains("s3cret"), "{client:?}");
}
