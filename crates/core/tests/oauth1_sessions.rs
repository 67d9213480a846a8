//! Tokens of OAuth 1.0 as any other: sources, calls to an API, stores. Each request is signed anew (RFC 5849 section 3).

mod support;

use bytes::Bytes;
use grantee_core::counters::Counters;
use grantee_core::hooks::Hook;
use grantee_core::oauth1::{Client, Config, Plaintext, Secrets, SignatureMethod, Signing, token_credentials};
use grantee_core::ports::{BoxFuture, Request};
use grantee_core::session::Source;
use grantee_core::session::call::{Placement, call};
use grantee_core::store::Store;
use grantee_core::token_type::oauth1::OAuth1;
use grantee_core::{Error, Result, Token};
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use support::{FakeServer, Inline, ManualClock, Shelf, block_on, json, ports, seconds, whole};

const KEY: &str = "dpf43f3p2l4k3l03";
const SECRET: &str = "kd94hf93k423kf44";
const TOKEN: &str = "nnch734d00sl2jdk";
const TOKEN_SECRET: &str = "pfkkdhi9sl3r4s00";

fn photos() -> Config {
    let mut config = Config::new(KEY, SECRET);
    config.set_token_credentials_endpoint("https://photos.example.net/token".to_owned());
    config
}

fn built(config: Config, server: &Arc<FakeServer>) -> Client {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

fn token() -> Token {
    token_credentials::token(TOKEN, TOKEN_SECRET)
}

fn source(client: &Client) -> Source {
    client.source_of(token()).build().unwrap()
}

fn api(status: u16) -> Arc<FakeServer> {
    FakeServer::new(move |_, _| json(status, "{}"))
}

fn get(url: &str) -> Request {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

fn config_error<T: Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// What was sent, whole.
fn sent(server: &FakeServer, index: usize) -> String {
    whole(&server.requests.lock().unwrap()[index])
}

/// The header of a request with this nonce, time and signature.
fn signed(nonce: &str, timestamp: i64, further: &str, signature: &str) -> String {
    format!(
        "OAuth oauth_consumer_key=\"{KEY}\", oauth_token=\"{TOKEN}\", oauth_signature_method=\"HMAC-SHA1\", \
         oauth_version=\"1.0\", oauth_timestamp=\"{timestamp}\", oauth_nonce=\"{nonce}\", \
         {further}oauth_signature=\"{signature}\""
    )
}

const FIRST: &str = "000102030405060708090A0B0C0D0E0F";
const SECOND: &str = "101112131415161718191A1B1C1D1E1F";

#[test]
fn each_request_is_signed_anew_at_its_own_time() {
    let (server, clock) = (api(200), ManualClock::new());
    let client = Client::new(photos(), ports(&server, &clock, Arc::new(Inline))).unwrap();
    let source = source(&client);
    let url = "https://photos.example.net/photos?file=vacation.jpg&size=original";
    block_on(call(&source, get(url), Placement::Header)).unwrap();
    clock.pass(seconds(90));
    block_on(call(&source, get(url), Placement::Header)).unwrap();
    // The signatures were computed by another program, from RFC 5849 section 3.4 alone.
    for (index, nonce, timestamp, signature) in [
        (0, FIRST, 1_700_000_000, "b7uHF5jftTS8xJNY1RWuhoTZ5co%3D"),
        (1, SECOND, 1_700_000_090, "TgmYKL0xAPanLZJkiq%2FBCknawOY%3D"),
    ] {
        let header = signed(nonce, timestamp, "", signature);
        assert_eq!(sent(&server, index), format!("GET {url}\nauthorization: {header}\n\n"));
    }
}

#[test]
fn a_401_comes_back_and_nothing_is_renewed_or_sent_again() {
    let server = api(401);
    let client = built(photos(), &server);
    let answer = block_on(call(&source(&client), get("https://photos.example.net/a"), Placement::Header)).unwrap();
    assert_eq!((answer.status(), server.count()), (http::StatusCode::UNAUTHORIZED, 1));
    let mut expected = Counters::default();
    expected.api_requests = 1;
    assert_eq!(client.client().counters(), expected);
}

#[test]
fn a_redirect_of_an_api_comes_back_and_is_not_signed_for() {
    let server = FakeServer::new(|_, _| {
        Ok(http::Response::builder()
            .status(302)
            .header("location", "https://evil.example/")
            .body(Bytes::new())
            .unwrap())
    });
    let client = built(photos(), &server);
    let answer = block_on(call(&source(&client), get("https://photos.example.net/a"), Placement::Header)).unwrap();
    assert_eq!((answer.status().as_u16(), server.count()), (302, 1));
}

#[test]
fn a_signature_does_not_go_where_a_bearer_token_would() {
    let server = api(200);
    let client = built(photos(), &server);
    for placement in [Placement::FormBody, Placement::Query] {
        let request = http::Request::post("https://photos.example.net/a").body(Bytes::new()).unwrap();
        let message = config_error(block_on(call(&source(&client), request, placement)));
        assert!(message.contains("Signing::placement"), "{message}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn there_is_no_header_without_a_request() {
    let client = built(photos(), &api(200));
    let message = config_error(block_on(source(&client).header()));
    assert!(message.contains("a header alone is no use"), "{message}");
    // And none for a token alone.
    assert!(matches!(http::HeaderValue::try_from(&token()), Err(Error::Config(_))));
}

#[test]
fn what_is_signed_is_the_url_as_it_goes_out() {
    let server = api(200);
    let client = built(photos(), &server);
    let request = get("https://photos.example.net/a/../b/%C3%A9%20x?q=caf%C3%A9%20y");
    block_on(call(&source(&client), request, Placement::Header)).unwrap();
    let header = signed(FIRST, 1_700_000_000, "", "sdBTlucSY1zW4TUZ8KqDvhlrAow%3D");
    assert_eq!(
        sent(&server, 0),
        format!("GET https://photos.example.net/b/%C3%A9%20x?q=caf%C3%A9%20y\nauthorization: {header}\n\n")
    );
}

/// Asks for the size that it wants.
struct Sizes;

impl Hook for Sizes {
    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        assert!(!request.headers().contains_key("authorization"));
        *request.uri_mut() = format!("{}?size=original", request.uri()).parse().unwrap();
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn hooks_run_before_a_request_is_signed() {
    let server = api(200);
    let mut config = photos();
    config.add_hook(Arc::new(Sizes));
    let client = built(config, &server);
    block_on(call(&source(&client), get("https://photos.example.net/photos"), Placement::Header)).unwrap();
    let header = signed(FIRST, 1_700_000_000, "", "ikwJXeyx%2FUIE4q7b2xVYcdNftCk%3D");
    let request = sent(&server, 0);
    assert_eq!(request, format!("GET https://photos.example.net/photos?size=original\nauthorization: {header}\n\n"));
}

#[test]
fn an_authorization_header_that_is_there_gives_way() {
    let server = api(200);
    let client = built(photos(), &server);
    let mut request = get("https://photos.example.net/photos?file=vacation.jpg&size=original");
    request.headers_mut().insert("authorization", http::HeaderValue::from_static("Basic eDp5"));
    block_on(call(&source(&client), request, Placement::Header)).unwrap();
    let requests = server.requests.lock().unwrap();
    let headers: Vec<_> = requests[0].headers().get_all("authorization").iter().collect();
    assert_eq!(headers, [&signed(FIRST, 1_700_000_000, "", "b7uHF5jftTS8xJNY1RWuhoTZ5co%3D")]);
}

#[test]
fn a_body_that_is_no_form_is_signed_by_its_hash() {
    let server = api(200);
    let client = built(photos(), &server);
    let request = http::Request::post("https://photos.example.net/photos")
        .header("content-type", "application/json")
        .body(Bytes::from_static(br#"{"a":1}"#))
        .unwrap();
    block_on(call(&source(&client), request, Placement::Header)).unwrap();
    let hash = "oauth_body_hash=\"n4nHQM60bXQYySSnisV5QdXpZSA%3D\", ";
    let header = signed(FIRST, 1_700_000_000, hash, "hEzzvqDCHFori%2FsRssOFc%2FOPPAU%3D");
    assert_eq!(
        sent(&server, 0),
        format!(
            "POST https://photos.example.net/photos\nauthorization: {header}\ncontent-type: application/json\n\n{{\"a\":1}}"
        )
    );
}

#[test]
fn two_legs_have_no_token_and_sign_the_form() {
    let server = api(200);
    let client = built(photos(), &server);
    let source = client.two_legged().build().unwrap();
    let request = http::Request::post("https://photos.example.net/photos?x=1")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"a=b+c&a=%C3%A9"))
        .unwrap();
    block_on(call(&source, request, Placement::Header)).unwrap();
    assert_eq!(
        sent(&server, 0),
        format!(
            "POST https://photos.example.net/photos?x=1\nauthorization: OAuth oauth_consumer_key=\"{KEY}\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_version=\"1.0\", oauth_timestamp=\"1700000000\", \
             oauth_nonce=\"{FIRST}\", oauth_signature=\"IW4zON4R%2BRh7nmfZWIqVOJ1siYY%3D\"\ncontent-type: \
             application/x-www-form-urlencoded\n\na=b+c&a=%C3%A9"
        )
    );
}

#[test]
fn a_store_keeps_a_token_for_the_account_and_no_other() {
    let (server, shelf) = (api(200), Shelf::default());
    let store = || Arc::new(shelf.clone()) as Arc<dyn Store>;
    let client = built(photos(), &server);
    let login = client.source_of(token()).store(store()).account("alice").build().unwrap();
    block_on(login.save()).unwrap();
    // Another process, later.
    let later = built(photos(), &server);
    let alice = later.source().store(store()).account("alice").build().unwrap();
    assert_eq!(*block_on(alice.token()).unwrap(), token());
    block_on(call(&alice, get("https://photos.example.net/a"), Placement::Header)).unwrap();
    assert!(sent(&server, 0).contains(&format!("oauth_token=\"{TOKEN}\"")));
    let bob = later.source().store(store()).account("bob").build().unwrap();
    assert!(block_on(bob.token()).unwrap_err().needs_login());
    let mut elsewhere = photos();
    elsewhere.set_token_credentials_endpoint("https://other.example/token".to_owned());
    let elsewhere = built(elsewhere, &server).source().store(store()).account("alice").build().unwrap();
    assert!(block_on(elsewhere.token()).unwrap_err().needs_login());
    assert!(config_error(later.source().store(store()).build()).contains("account"));
    block_on(alice.forget()).unwrap();
    assert!(shelf.records().iter().all(|record| record.token.is_none()));
}

#[test]
fn a_token_that_is_asked_to_be_renewed_means_a_new_login() {
    let client = built(photos(), &api(200));
    let source = source(&client);
    block_on(source.token()).unwrap();
    assert!(block_on(source.renew()).unwrap_err().needs_login());
}

#[test]
fn tokens_of_one_protocol_are_none_of_the_other() {
    let server = api(200);
    let client = built(photos(), &server);
    let bearer = client.source_of(Token::bearer("at")).build().unwrap();
    let message = config_error(block_on(call(&bearer, get("https://photos.example.net/a"), Placement::Header)));
    assert!(message.contains("Bearer") && message.contains("OAuth 1.0"), "{message}");
    let message =
        config_error(block_on(client.sign(&mut get("https://photos.example.net/a"), Some(&Token::bearer("at")))));
    assert!(message.contains("Bearer") && message.contains("OAuth 1.0"), "{message}");

    let oauth2 = support::client(&server, &ManualClock::new());
    let source = support::source(&oauth2, grantee_core::grant::Stored::new()).token(token()).build().unwrap();
    let message = config_error(block_on(call(&source, get("https://photos.example.net/a"), Placement::Header)));
    assert!(message.contains("OAuth1"), "{message}");
    assert_eq!(server.count(), 0);
}

#[test]
fn plaintext_goes_over_no_plain_connection() {
    let server = api(200);
    let mut config = photos();
    config.set_signing(Signing::new().method(Plaintext));
    let client = built(config.clone(), &server);
    let outcome = block_on(call(&source(&client), get("http://photos.example.net/a"), Placement::Header));
    assert!(config_error(outcome).contains("http"));
    assert_eq!(server.count(), 0);
    config.set_allow_http();
    block_on(call(&source(&built(config, &server)), get("http://photos.example.net/a"), Placement::Header)).unwrap();
}

#[test]
fn a_streamed_request_is_signed_where_its_body_is_not() {
    let client = built(photos(), &api(200));
    let source = source(&client);
    let mut headers = http::HeaderMap::new();
    let uri = "https://photos.example.net/photos?file=vacation.jpg&size=original".parse().unwrap();
    block_on(source.attempt().authorize(&http::Method::GET, &uri, &mut headers)).unwrap();
    assert_eq!(headers["authorization"], signed(FIRST, 1_700_000_000, "", "b7uHF5jftTS8xJNY1RWuhoTZ5co%3D"));
    let outcome = block_on(source.attempt().authorize(&http::Method::PUT, &uri, &mut headers));
    assert!(config_error(outcome).contains("streamed"));
}

/// A method whose signer never answers.
struct Never;

impl SignatureMethod for Never {
    fn name(&self) -> &str {
        "X-NEVER"
    }
    fn sign<'a>(&'a self, _: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_request_whose_signer_is_given_up_is_left_whole() {
    let mut config = photos();
    config.set_signing(Signing::new().method(Never));
    let source = source(&built(config, &api(200)));
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let kept = || {
        let request = http::Request::post("https://photos.example.net/a?b").header("x-mine", "c");
        request.header("content-type", "text/plain").body(Bytes::from_static(b"d")).unwrap()
    };
    let mut request = kept();
    let mut attempt = source.attempt();
    let mut signing = Box::pin(attempt.authorize_request(&mut request));
    assert!(signing.as_mut().poll(&mut context).is_pending());
    drop(signing);
    assert_eq!(whole(&request), whole(&kept()));

    let (mut headers, uri) = (kept().headers().clone(), kept().uri().clone());
    headers.remove("content-type");
    let mut attempt = source.attempt();
    let mut signing = Box::pin(attempt.authorize(&http::Method::GET, &uri, &mut headers));
    assert!(signing.as_mut().poll(&mut context).is_pending());
    drop(signing);
    assert_eq!(headers["x-mine"], "c");
}

#[test]
fn a_store_keeps_the_tokens_of_both_protocols_apart() {
    let (server, shelf) = (api(200), Shelf::default());
    let store = || Arc::new(shelf.clone()) as Arc<dyn Store>;
    // One address, one identifier, one account.
    let oauth2 = grantee_core::client::Client::new(
        {
            let mut config = grantee_core::client::Config::new(grantee_core::client::Server::Literal);
            config.set_client(KEY.to_owned(), None);
            config.members_mut().token_endpoint = Some("https://photos.example.net/token".to_owned());
            config
        },
        ports(&server, &ManualClock::new(), Arc::new(Inline)),
    )
    .unwrap();
    let bearer = || support::source(&oauth2, grantee_core::grant::Stored::new()).store(store()).account("alice");
    block_on(bearer().token(Token::bearer("at")).build().unwrap().save()).unwrap();
    let client = built(photos(), &server);
    let found = client.source().store(store()).account("alice").build().unwrap();
    assert!(block_on(found.token()).unwrap_err().needs_login(), "the other protocol's token is none of ours");
    block_on(client.source_of(token()).store(store()).account("alice").build().unwrap().save()).unwrap();
    assert_eq!(shelf.records().len(), 2);
    let found = bearer().build().unwrap();
    assert_eq!(block_on(found.token()).unwrap().access_token.reveal(), "at");
}

#[test]
fn a_login_elsewhere_is_taken_up_from_the_store_when_the_token_is_rejected() {
    let server = FakeServer::new(|request, _| {
        let is_new = request.headers()["authorization"].to_str().unwrap().contains("oauth_token=\"new\"");
        json(if is_new { 200 } else { 401 }, "{}")
    });
    let shelf = Shelf::default();
    let store = || Arc::new(shelf.clone()) as Arc<dyn Store>;
    let clock = ManualClock::new();
    let client = Client::new(photos(), ports(&server, &clock, Arc::new(Inline))).unwrap();
    let session = client.source_of(token()).store(store()).account("alice").build().unwrap();
    let status = || block_on(call(&session, get("https://photos.example.net/a"), Placement::Header)).unwrap().status();
    // However often: the 401 is the answer, and comes back each time.
    for count in 1..=6 {
        assert_eq!((status().as_u16(), server.count()), (401, count));
    }
    let login = built(photos(), &server);
    let new = token_credentials::token("new", "other");
    block_on(login.source_of(new).store(store()).account("alice").build().unwrap().save()).unwrap();
    // The store is not looked at with each 401.
    assert_eq!((status().as_u16(), server.count()), (401, 7));
    clock.pass(seconds(2));
    assert_eq!((status().as_u16(), server.count()), (200, 9));
    assert_eq!((status().as_u16(), server.count()), (200, 10));
    assert_eq!(client.client().counters().token_requests, 0);
}

#[test]
fn a_client_that_acts_for_itself_is_nobody_whose_token_is_kept() {
    let (server, shelf) = (api(200), Shelf::default());
    let store = || Arc::new(shelf.clone()) as Arc<dyn Store>;
    let client = built(photos(), &server);
    block_on(client.two_legged().store(store()).account("alice").build().unwrap().save()).unwrap();
    let alice = client.source().store(store()).account("alice").build().unwrap();
    assert!(block_on(alice.token()).unwrap_err().needs_login());
    // What such a session holds signs for the client, by the client as well.
    let own = block_on(client.two_legged().build().unwrap().token()).unwrap();
    let mut request = get("https://photos.example.net/a");
    block_on(client.sign(&mut request, Some(&own))).unwrap();
    assert!(!whole(&request).contains("oauth_token"), "{}", whole(&request));
    // Nor is one whose token got lost on the way.
    let empty = token_credentials::token("", TOKEN_SECRET);
    let source = client.source_of(empty.clone()).build().unwrap();
    let outcome = block_on(call(&source, get("https://photos.example.net/a"), Placement::Header));
    assert!(config_error(outcome).contains("empty"));
    assert!(
        config_error(block_on(client.sign(&mut get("https://photos.example.net/a"), Some(&empty)))).contains("empty")
    );
    assert_eq!(server.count(), 0);
}

#[test]
fn a_token_that_no_session_holds_is_signed_for_and_never_shown() {
    let server = api(200);
    let mut config = support::literal();
    config.members_mut().userinfo_endpoint = Some("https://photos.example.net/me".to_owned());
    config.set_token_type(Arc::new(OAuth1::new(KEY, SECRET, Signing::new())));
    let client =
        grantee_core::client::Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let _ = block_on(client.userinfo_unbound(&token()));
    assert!(sent(&server, 0).contains("oauth_signature="), "{}", sent(&server, 0));
}

/// All that is said.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<String>>);

impl tracing::field::Visit for Capture {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        let _ = write!(self.0.lock().unwrap(), " {}={value:?}", field.name());
    }
}

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::Id {
        self.0.lock().unwrap().push_str(attributes.metadata().name());
        attributes.record(&mut self.clone());
        tracing::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &tracing::Id) {}
    fn exit(&self, _: &tracing::Id) {}
}

#[test]
fn what_is_told_says_how_it_went_and_no_secret() {
    let server = FakeServer::new(|request, count| match request.uri().path() {
        "/initiate" => {
            json(200, r#"{"oauth_token":"lent-1","oauth_token_secret":"lent-2","oauth_callback_confirmed":true}"#)
        }
        "/token" if count < 4 => json(200, r#"{"oauth_token":"granted-1","oauth_token_secret":"granted-2"}"#),
        "/token" => json(401, r#"{"error":"verifier_invalid"}"#),
        _ => json(200, "{}"),
    });
    let mut config = photos();
    config.set_temporary_credentials_endpoint("https://photos.example.net/initiate".to_owned());
    config.set_authorization_endpoint("https://photos.example.net/authorize".to_owned());
    let capture = Capture::default();
    // Of all tests of this file, whose secrets are the same.
    tracing::subscriber::set_global_default(capture.clone()).unwrap();
    let client = built(config, &server);
    let (_, pending) = block_on(client.start()).unwrap();
    let token = block_on(client.finish(pending, "verifier-1")).unwrap();
    let source = client.source_of(token).build().unwrap();
    block_on(call(&source, get("https://photos.example.net/a"), Placement::Header)).unwrap();
    let (_, pending) = block_on(client.start()).unwrap();
    block_on(client.finish(pending, "verifier-2")).unwrap_err();
    let said = capture.0.lock().unwrap();
    for part in ["temporary_credentials_request", "started", "token_request", "oauth1", KEY, "verifier_invalid", "401"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let secrets = [SECRET, "lent-1", "lent-2", "granted-1", "granted-2", "verifier-1", "verifier-2", "oauth_signature"];
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let client = built(photos(), &api(200));
    let shown = format!("{client:?} {:?} {:?}", source(&client), token());
    for secret in [SECRET, TOKEN_SECRET, TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
