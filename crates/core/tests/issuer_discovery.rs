//! From a person's identifier to their provider's metadata: WebFinger, then discovery (OpenID Connect Discovery 1.0).

mod support;

use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::discovery::Where;
use grantee_core::error::TransportError;
use grantee_core::grant::ClientCredentials;
use grantee_core::{Client, Error};
use std::sync::Arc;
use support::*;

const REL: &str = "http://openid.net/specs/connect/1.0/issuer";

fn jrd(issuer: &str) -> Result<http::Response<Bytes>, TransportError> {
    json(200, &format!(r#"{{"subject":"acct:joe@example.com","links":[{{"rel":"{REL}","href":"{issuer}"}}]}}"#))
}

fn metadata(issuer: &str) -> Result<http::Response<Bytes>, TransportError> {
    json(200, &format!(r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token"}}"#))
}

fn redirect(to: &str) -> Result<http::Response<Bytes>, TransportError> {
    Ok(http::Response::builder().status(307).header("location", to).body(Bytes::new()).unwrap())
}

fn client_of(
    server: &Arc<FakeServer>,
    clock: &Arc<ManualClock>,
    identifier: &str,
    configure: impl FnOnce(&mut Config),
) -> Client {
    let mut config = Config::new(Server::Discover(Where::person(identifier)));
    config.set_client("app".to_owned(), None);
    configure(&mut config);
    Client::new(config, ports(server, clock, Arc::new(Inline))).unwrap()
}

fn uris(server: &FakeServer) -> Vec<String> {
    server.requests.lock().unwrap().iter().map(|request| request.uri().to_string()).collect()
}

const ASKED: &str = "https://example.com/.well-known/webfinger?resource=acct%3Ajoe%40example.com&rel=http%3A%2F%2Fopenid.net%2Fspecs%2Fconnect%2F1.0%2Fissuer";

#[test]
fn webfinger_is_asked_for_the_issuer_and_the_issuer_for_its_metadata() {
    let server = FakeServer::new(|request, _| match request.uri().host() {
        Some("example.com") => jrd("https://server.example.com"),
        _ => metadata("https://server.example.com"),
    });
    let client = client_of(&server, &ManualClock::new(), "joe@example.com", |_| ());
    let found = block_on(client.metadata()).unwrap();
    assert_eq!(found.issuer.as_deref(), Some("https://server.example.com"));
    assert_eq!(uris(&server), [ASKED, "https://server.example.com/.well-known/openid-configuration"]);
    let requests = server.requests.lock().unwrap();
    assert_eq!(whole(&requests[0]), format!("GET {ASKED}\naccept: application/jrd+json, application/json\n\n"));
}

#[test]
fn the_metadata_are_those_of_exactly_that_issuer() {
    let server = FakeServer::new(|request, _| match request.uri().host() {
        Some("example.com") => jrd("https://server.example.com"),
        _ => metadata("https://server.example.com/"),
    });
    let client = client_of(&server, &ManualClock::new(), "joe@example.com", |_| ());
    let error = block_on(client.metadata()).unwrap_err();
    assert!(error.to_string().contains("issuer is exactly the one asked for"), "{error}");
}

#[test]
fn the_issuer_is_asked_for_once_so_that_tokens_stay_at_one() {
    let server = FakeServer::new(|request, count| match request.uri().host() {
        Some("example.com") if count == 1 => jrd("https://a.example"),
        Some("example.com") => jrd("https://b.example"),
        Some(host) => metadata(&format!("https://{host}")),
        None => unreachable!(),
    });
    let clock = ManualClock::new();
    let client = client_of(&server, &clock, "joe@example.com", |_| ());
    block_on(client.metadata()).unwrap();
    clock.pass(seconds(3601));
    assert_eq!(block_on(client.metadata()).unwrap().issuer.as_deref(), Some("https://a.example"));
    assert_eq!(server.count(), 3);
}

#[test]
fn a_configured_issuer_is_the_only_one() {
    let server = FakeServer::new(|request, _| match request.uri().host() {
        Some("example.com") => jrd("https://evil.example"),
        _ => metadata("https://evil.example"),
    });
    let named = |config: &mut Config| config.members_mut().issuer = Some("https://as.example".to_owned());
    let error = block_on(client_of(&server, &ManualClock::new(), "joe@example.com", named).metadata()).unwrap_err();
    assert!(error.to_string().contains("the person's issuer is the one configured"), "{error}");
    assert_eq!(server.count(), 1, "nothing was sent to the other issuer");
}

#[test]
fn few_redirects_are_followed_and_none_away_from_tls() {
    let server = FakeServer::new(|request, _| match (request.uri().host(), request.uri().path()) {
        (Some("example.com"), "/.well-known/webfinger") => redirect("/moved"),
        (Some("example.com"), _) => redirect("https://wf.example/?x"),
        (Some("wf.example"), _) => jrd("https://as.example"),
        _ => metadata("https://as.example"),
    });
    block_on(client_of(&server, &ManualClock::new(), "joe@example.com", |_| ()).metadata()).unwrap();
    assert_eq!(uris(&server)[1..3], ["https://example.com/moved", "https://wf.example/?x"]);

    let server = FakeServer::new(|_, _| redirect("/again"));
    let error = block_on(client_of(&server, &ManualClock::new(), "joe@example.com", |_| ()).metadata()).unwrap_err();
    assert!(error.to_string().contains("at most 3 redirects"), "{error}");
    assert_eq!(server.count(), 4);

    let server = FakeServer::new(|_, _| redirect("http://example.com/plain"));
    let error = block_on(client_of(&server, &ManualClock::new(), "joe@example.com", |_| ()).metadata()).unwrap_err();
    assert!(error.to_string().contains("a redirect leads to an https URL (RFC 7033 section 4.2)"), "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_host_without_webfinger_is_an_error_that_shows_no_identifier() {
    let server = FakeServer::new(|_, _| json(404, ""));
    let client = client_of(&server, &ManualClock::new(), "joe@example.com", |_| ());
    let error = block_on(client.metadata()).unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert!(!format!("{error} {error:?} {client:?}").contains("joe"), "{error} {client:?}");
    let client = client_of(&server, &ManualClock::new(), "=joe", |_| ());
    assert!(matches!(block_on(client.metadata()), Err(Error::Config(_))));
}

#[test]
fn on_this_machine_plain_http_will_do() {
    let server = FakeServer::new(|request, _| match request.uri().path() {
        "/.well-known/webfinger" => jrd("http://127.0.0.1:8080"),
        _ => metadata("http://127.0.0.1:8080"),
    });
    block_on(client_of(&server, &ManualClock::new(), "http://127.0.0.1:8080/joe", |_| ()).metadata()).unwrap();
    // From a stranger's host it leads nowhere.
    let error = block_on(client_of(&server, &ManualClock::new(), "joe@example.com", |_| ()).metadata()).unwrap_err();
    assert!(error.to_string().contains("the issuer is an https URL"), "{error}");
}

#[test]
fn a_session_is_kept_under_the_persons_identifier() {
    let server = FakeServer::new(|request, _| match (request.uri().host(), request.uri().path()) {
        (Some("example.com"), _) => jrd("https://as.example"),
        (_, "/token") => json(200, r#"{"access_token":"at","token_type":"Bearer"}"#),
        _ => metadata("https://as.example"),
    });
    let client = client_of(&server, &ManualClock::new(), "joe@example.com", |config| {
        config.set_client("app".to_owned(), Some("s3cret".into()));
    });
    let source = source(&client, ClientCredentials::new()).build().unwrap();
    assert_eq!(access(&source), "at");
    assert!(format!("{source:?}").contains("joe@example.com"));
}
