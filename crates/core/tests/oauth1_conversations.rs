//! The three legs of OAuth 1.0 (RFC 5849 section 2), as they go over the wire, and whatever may go wrong on the way.

mod support;

use bytes::Bytes;
use grantee_core::client_auth::Draft;
use grantee_core::error::{TransportError, TransportErrorKind};
use grantee_core::hooks::{Hook, TokenAnswer};
use grantee_core::oauth1::{Client, Config, Pending, Placement, Plaintext, Signing, Verifier};
use grantee_core::ports::{BoxFuture, Http, Limits, Ports, Request, Response};
use grantee_core::{Error, Result, Token};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use support::{FakeServer, Inline, ManualClock, block_on, json, ports, whole};
use url::Url;

// The client, the credentials and the server of RFC 5849 section 1.2.
const KEY: &str = "dpf43f3p2l4k3l03";
const SECRET: &str = "kd94hf93k423kf44";
const LENT: &str = "oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=true";
const GRANTED: &str = "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00";
const CALLBACK: &str = "http://printer.example.com/ready?oauth_token=hh5s93j4hdidpola&oauth_verifier=hfdp7dh39dks9884";

const FORM: &str = "content-type: application/x-www-form-urlencoded";
const FIRST: &str = "000102030405060708090A0B0C0D0E0F";
const SECOND: &str = "101112131415161718191A1B1C1D1E1F";

/// The header of a request for credentials.
fn header(token: Option<&str>, nonce: &str, (name, value): (&str, &str), signature: &str) -> String {
    let token = token.map(|token| format!("oauth_token=\"{token}\", ")).unwrap_or_default();
    format!(
        "OAuth oauth_consumer_key=\"{KEY}\", {token}oauth_signature_method=\"HMAC-SHA1\", oauth_version=\"1.0\", \
         oauth_timestamp=\"1700000000\", oauth_nonce=\"{nonce}\", {name}=\"{value}\", oauth_signature=\"{signature}\""
    )
}

fn photos() -> Config {
    let mut config = without_callback();
    config.set_callback("http://printer.example.com/ready".to_owned());
    config
}

fn without_callback() -> Config {
    let mut config = Config::new(KEY, SECRET);
    config.set_temporary_credentials_endpoint("https://photos.example.net/initiate".to_owned());
    config.set_authorization_endpoint("https://photos.example.net/authorize".to_owned());
    config.set_token_credentials_endpoint("https://photos.example.net/token".to_owned());
    config
}

fn built(config: Config, server: &Arc<FakeServer>) -> Client {
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

/// Answers the two endpoints with these bodies, as forms.
fn answering(lent: &'static str, granted: &'static str) -> Arc<FakeServer> {
    FakeServer::new(move |request, _| {
        let body = if request.uri().path() == "/initiate" { lent } else { granted };
        Ok(http::Response::new(Bytes::from_static(body.as_bytes())))
    })
}

fn started(client: &Client) -> (Url, Pending) {
    block_on(client.start()).unwrap()
}

/// What comes of the first leg, with this answer.
fn lent(status: u16, body: &'static str) -> (usize, Result<(Url, Pending)>) {
    let server = FakeServer::new(move |_, _| {
        Ok(http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    });
    let outcome = block_on(built(photos(), &server).start());
    (server.count(), outcome)
}

/// What comes of a login whose callback is this, and how many requests it took.
fn finished(callback: &str) -> (usize, Result<Token>) {
    let server = answering(LENT, GRANTED);
    let client = built(photos(), &server);
    let (_, pending) = started(&client);
    let outcome = block_on(client.finish(pending, callback));
    (server.count(), outcome)
}

fn rule<T: Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Rule(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn config_error<T: Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_three_legs_are_these_requests() {
    let server = answering(LENT, "oauth_token=nnch734d00sl2jdk&oauth_token_secret=pfkkdhi9sl3r4s00&screen_name=jane");
    let client = built(photos(), &server);
    let (url, pending) = started(&client);
    assert_eq!(url.as_str(), "https://photos.example.net/authorize?oauth_token=hh5s93j4hdidpola");
    // The signatures were computed by another program, from RFC 5849 section 3.4 alone.
    let callback = ("oauth_callback", "http%3A%2F%2Fprinter.example.com%2Fready");
    assert_eq!(
        whole(&server.requests.lock().unwrap()[0]),
        format!(
            "POST https://photos.example.net/initiate\naccept: */*\nauthorization: {}\n{FORM}\n\n",
            header(None, FIRST, callback, "RH9wk%2FPiw5BDYy4SRubHTshF8Ow%3D")
        )
    );
    let kept = pending.to_json().unwrap();
    let token = block_on(client.finish(Pending::from_json(&kept).unwrap(), CALLBACK)).unwrap();
    let verifier = ("oauth_verifier", "hfdp7dh39dks9884");
    assert_eq!(
        whole(&server.requests.lock().unwrap()[1]),
        format!(
            "POST https://photos.example.net/token\naccept: */*\nauthorization: {}\n{FORM}\n\n",
            header(Some("hh5s93j4hdidpola"), SECOND, verifier, "yyDg3OpyZpAFy7Xpt%2BPEP6%2BKK9c%3D")
        )
    );
    assert_eq!((token.access_token.reveal(), token.token_type.as_str()), ("nnch734d00sl2jdk", "OAuth1"));
    assert_eq!(token.get("oauth_token_secret").unwrap(), "pfkkdhi9sl3r4s00");
    assert_eq!(token.get("screen_name").unwrap(), "jane");
    let counters = client.client().counters();
    assert_eq!((server.count(), counters.token_requests, counters.token_failures), (2, 1, 0));
}

#[test]
fn a_callback_is_sent_as_it_was_given_and_oob_where_there_is_none() {
    for (callback, sent) in [
        (Some("https://app.example/cb?next=%2Fa b&x=1"), "https%3A%2F%2Fapp.example%2Fcb%3Fnext%3D%252Fa%20b%26x%3D1"),
        (Some("printer-app://ready"), "printer-app%3A%2F%2Fready"),
        (Some("oob"), "oob"),
        (None, "oob"),
    ] {
        let server = answering(LENT, GRANTED);
        let mut config = without_callback();
        callback.into_iter().for_each(|callback| config.set_callback(callback.to_owned()));
        let (_, pending) = started(&built(config, &server));
        let request = whole(&server.requests.lock().unwrap()[0]);
        assert!(request.contains(&format!("oauth_callback=\"{sent}\"")), "{request}");
        assert_eq!(pending.callback(), callback.unwrap_or("oob"));
    }
}

#[test]
fn a_code_that_the_person_types_in_ends_a_login() {
    let server = answering(LENT, GRANTED);
    let client = built(photos(), &server);
    for code in [Verifier::from(" 0815 "), Verifier::Code("0815")] {
        let (_, pending) = started(&client);
        block_on(client.finish(pending, code)).unwrap();
        assert!(whole(server.requests.lock().unwrap().last().unwrap()).contains("oauth_verifier=\"0815\""));
    }
}

#[test]
fn answers_may_be_json_whatever_they_call_themselves() {
    let server = FakeServer::new(|request, _| {
        let body = match request.uri().path() {
            "/initiate" => r#"{"oauth_token":"t/1","oauth_token_secret":"s&1","oauth_callback_confirmed":true}"#,
            _ => r#" {"oauth_token":"t","oauth_token_secret":"s","user":{"id":7},"access_token":"evil"}"#,
        };
        Ok(http::Response::builder().header("content-type", "text/html").body(Bytes::from(body)).unwrap())
    });
    let client = built(photos(), &server);
    let (url, pending) = started(&client);
    assert_eq!(url.query(), Some("oauth_token=t%2F1"));
    let token = block_on(client.finish(pending, "oauth_token=t%2F1&oauth_verifier=v")).unwrap();
    assert_eq!((token.access_token.reveal(), token.get("user").unwrap()["id"].as_i64()), ("t", Some(7)));
    assert_eq!(token.get("access_token"), None);
}

#[test]
fn a_callback_that_the_server_does_not_confirm_ends_the_login() {
    for body in [
        "oauth_token=t&oauth_token_secret=s",
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false",
        "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true&oauth_callback_confirmed=true",
    ] {
        let (requests, outcome) = lent(200, body);
        let message = rule(outcome);
        assert!(message.contains("RFC 5849 section 2.1"), "{message}");
        assert_eq!(requests, 1, "{body}");
    }
}

#[test]
fn a_callback_that_is_no_answer_to_this_login_sends_nothing() {
    for callback in [
        "oauth_token=another&oauth_verifier=v",
        "oauth_verifier=v",
        "oauth_token=hh5s93j4hdidpola&oauth_token=hh5s93j4hdidpola&oauth_verifier=v",
        "oauth_token=hh5s93j4hdidpola",
        "oauth_token=hh5s93j4hdidpola&oauth_verifier=",
        "oauth_token=hh5s93j4hdidpola&oauth_verifier=v&oauth_verifier=w",
        "https://app.example/cb",
    ] {
        let (requests, outcome) = finished(callback);
        assert!(rule(outcome).contains("RFC 5849 section 2.2"), "{callback}");
        assert_eq!(requests, 1, "{callback}");
    }
}

#[test]
fn a_person_who_refuses_is_the_servers_error_and_sends_nothing() {
    for (callback, code) in [
        ("https://app.example/cb?oauth_problem=user_refused&oauth_token=hh5s93j4hdidpola", "user_refused"),
        ("oauth_problem=permission_denied", "permission_denied"),
        ("https://app.example/cb?denied=hh5s93j4hdidpola", "user_refused"),
    ] {
        let (requests, outcome) = finished(callback);
        assert_eq!(outcome.unwrap_err().server_error(), Some(code), "{callback}");
        assert_eq!(requests, 1, "{callback}");
    }
}

#[test]
fn what_the_server_said_is_in_the_error() {
    for (body, code, words) in [
        ("oauth_problem=signature_invalid&oauth_problem_advice=try+again", "signature_invalid", "try again"),
        (r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#, "32", "Could not authenticate you."),
        ("<html><head><title>Gone fishing</title></head></html>", "refused", "Gone fishing"),
        ("Invalid consumer", "refused", "Invalid consumer"),
    ] {
        let (_, outcome) = lent(401, body);
        let error = outcome.unwrap_err();
        assert_eq!((error.server_error(), error.status()), (Some(code), Some(401)), "{body}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(matches!(lent(503, "").1, Err(Error::Status(_))));
}

#[test]
fn a_server_that_quotes_a_secret_is_not_quoted() {
    let quoting = |request: &Request, _| {
        if request.uri().path() == "/initiate" {
            return Ok(http::Response::new(Bytes::from_static(LENT.as_bytes())));
        }
        let said = request.headers().get("authorization").unwrap().to_str().unwrap();
        Ok(http::Response::builder().status(401).body(Bytes::from(format!("no such request: {said}"))).unwrap())
    };
    let server = FakeServer::new(quoting);
    let mut config = photos();
    config.set_signing(Signing::new().method(Plaintext));
    let client = built(config, &server);
    let (_, pending) = started(&client);
    let error = block_on(client.finish(pending, CALLBACK)).unwrap_err();
    let shown = format!("{error} {error:?}");
    for secret in [SECRET, "hdhd0244k9j7ao03", "hfdp7dh39dks9884"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("401"), "{shown}");
    assert_eq!(client.client().counters().token_failures, 1);
}

#[test]
fn a_secret_is_not_quoted_however_it_is_written() {
    // The client's secret is `kd/94 h+f9`, the verifier `ver/ifier`.
    for body in [
        r#"{"error":"no","error_description":"not kd\/94 h+f9"}"#,
        r#"{"error":"no","error_description":"not kd\u002f94 h+f9"}"#,
        r#"{"error":"no","error_description":"x","debug":{"key":["kd\/94 h+f9&"]}}"#,
        r#"{"error":"no","error_description":"x","kd\/94 h+f9":1}"#,
        r#"{"error":"kd\/94 h+f9"}"#,
        "oauth_problem=no&oauth_problem_advice=kd%2f94+h%2bf9",
        "no: kd%2f94%20h%2bf9%26",
        "no: kd/94+h%2Bf9",
        "no: kd%252f94%2520h%252bf9",
        "no: ver%2fifier",
        r#"{"error":"no","error_description":"not ver\/ifier"}"#,
    ] {
        let server = FakeServer::new(move |request, _| {
            let (status, body) = if request.uri().path() == "/initiate" { (200, LENT) } else { (401, body) };
            let answer = http::Response::builder().status(status).header("x-debug", "kd/94 h+f9");
            Ok(answer.body(Bytes::from_static(body.as_bytes())).unwrap())
        });
        let mut config = Config::new(KEY, "kd/94 h+f9");
        config.set_temporary_credentials_endpoint("https://photos.example.net/initiate".to_owned());
        config.set_authorization_endpoint("https://photos.example.net/authorize".to_owned());
        config.set_token_credentials_endpoint("https://photos.example.net/token".to_owned());
        let client = built(config, &server);
        let (_, pending) = started(&client);
        let error = block_on(client.finish(pending, "ver/ifier")).unwrap_err();
        let Error::Server(refusal) = &error else { panic!("{error:?}") };
        let all = format!("{error} {error:?} {:?} {:?} {:?}", refusal.members, refusal.description, refusal.headers);
        for part in ["94 h", "94+h", "94%20h", "94%2520h", "h+f9", "ifier"] {
            assert!(!all.contains(part), "{body}: {all}");
        }
    }
}

#[test]
fn an_answer_is_no_larger_than_allowed() {
    let server = FakeServer::new(|request, _| {
        // Whoever sends requests for us keeps to this.
        assert_eq!(Limits::of(request).body, 1024 * 1024);
        Err(TransportError::new(TransportErrorKind::TooLarge, "1 MiB and more"))
    });
    let outcome = block_on(built(photos(), &server).start());
    assert!(rule(outcome).contains("an answer is no larger than allowed"));
}

#[test]
fn a_redirect_is_an_error_and_nothing_is_signed_for_where_it_points() {
    for status in [301, 302, 303, 307, 308] {
        let server = FakeServer::new(move |_, _| {
            Ok(http::Response::builder()
                .status(status)
                .header("location", "https://evil.example/initiate")
                .body(Bytes::from_static(LENT.as_bytes()))
                .unwrap())
        });
        assert!(rule(block_on(built(photos(), &server).start())).contains("redirect"));
        assert_eq!(server.count(), 1);
    }
}

/// An HTTP client that followed a redirect, against the contract.
struct Followed;

impl Http for Followed {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let http = http::Response::new(Bytes::from_static(LENT.as_bytes()));
        Box::pin(async { Ok(Response { http, url: "https://evil.example/initiate".to_owned() }) })
    }
}

#[test]
fn an_answer_from_elsewhere_is_refused() {
    let server = answering(LENT, GRANTED);
    let ports = Ports { http: Arc::new(Followed), ..ports(&server, &ManualClock::new(), Arc::new(Inline)) };
    let outcome = block_on(Client::new(photos(), ports).unwrap().start());
    assert!(rule(outcome).contains("the answer comes from the URL that was asked"));
}

#[test]
fn endpoints_are_https_or_on_this_machine() {
    let at = |temporary: &str, authorization: &str, token: &str, allowed: bool| {
        let mut config = photos();
        config.set_temporary_credentials_endpoint(temporary.to_owned());
        config.set_authorization_endpoint(authorization.to_owned());
        config.set_token_credentials_endpoint(token.to_owned());
        if allowed {
            config.set_allow_http();
        }
        let server = answering(LENT, GRANTED);
        let outcome = block_on(built(config, &server).start()).map(|_| ());
        (server.count(), outcome)
    };
    let (good, bad) = ("https://photos.example.net/initiate", "http://photos.example.net/initiate");
    for (a, b, c) in [(bad, good, good), (good, bad, good), (good, good, bad)] {
        let (requests, outcome) = at(a, b, c, false);
        assert!(config_error(outcome).contains("use https"), "{a} {b} {c}");
        assert_eq!(requests, 0);
    }
    let local = "http://127.0.0.1:8080/initiate";
    at(local, local, local, false).1.unwrap();
    at(bad, bad, bad, true).1.unwrap();
    // And where the pending login ends, too.
    let client = built(photos(), &answering(LENT, GRANTED));
    let (_, pending) = started(&client);
    let mut moved = photos();
    moved.set_token_credentials_endpoint(bad.to_owned());
    let server = answering(LENT, GRANTED);
    assert!(config_error(block_on(built(moved, &server).finish(pending, CALLBACK))).contains("use https"));
    assert_eq!(server.count(), 0);
}

#[test]
fn a_client_without_an_endpoint_says_which() {
    let server = answering(LENT, GRANTED);
    let mut config = Config::new(KEY, SECRET);
    assert!(config_error(block_on(built(config.clone(), &server).start())).contains("temporary_credentials_endpoint"));
    config.set_temporary_credentials_endpoint("https://photos.example.net/initiate".to_owned());
    assert!(config_error(block_on(built(config.clone(), &server).start())).contains("authorization_endpoint"));
    config.set_authorization_endpoint("https://photos.example.net/authorize".to_owned());
    assert!(config_error(block_on(built(config, &server).start())).contains("token_credentials_endpoint"));
    assert_eq!(server.count(), 0, "nobody is sent away to come back to nothing");
}

#[test]
fn settings_that_cannot_work_are_refused_when_the_client_is_built() {
    let unbuilt = |settle: fn(&mut Config)| {
        let mut config = photos();
        settle(&mut config);
        let server = answering(LENT, GRANTED);
        config_error(Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).map(|_| ()))
    };
    assert!(unbuilt(|config| *config = Config::new("", SECRET)).contains("no consumer key"));
    assert!(unbuilt(|config| config.set_callback("/ready".to_owned())).contains("the callback"));
    assert!(unbuilt(|config| config.set_credentials_method(http::Method::PUT)).contains("PUT"));
    let own = |config: &mut Config| {
        config.add_temporary_credentials_parameter("oauth_callback".to_owned(), "oob".to_owned());
    };
    assert!(unbuilt(own).contains("oauth_callback"));
    let own = |config: &mut Config| {
        config.add_temporary_credentials_parameter("oauth_token".to_owned(), "t".to_owned());
    };
    assert!(unbuilt(own).contains("oauth_token"));
    let own = |config: &mut Config| config.add_authorization_parameter("oauth_token".to_owned(), "t".to_owned());
    assert!(unbuilt(own).contains("oauth_token"));
}

#[test]
fn a_pending_login_is_ended_by_the_client_that_started_it() {
    let server = answering(LENT, GRANTED);
    let client = built(photos(), &server);
    let mut another_key = Config::new("another", SECRET);
    another_key.set_token_credentials_endpoint("https://photos.example.net/token".to_owned());
    let mut another_server = photos();
    another_server.set_token_credentials_endpoint("https://other.example/token".to_owned());
    for other in [another_key, another_server] {
        let (_, pending) = started(&client);
        let message = config_error(block_on(built(other, &server).finish(pending, CALLBACK)));
        assert!(message.contains("another client"), "{message}");
    }
    assert_eq!(server.count(), 2);
}

#[test]
fn a_pending_login_of_another_version_is_refused() {
    let (_, pending) = started(&built(photos(), &answering(LENT, GRANTED)));
    let kept = pending.to_json().unwrap();
    let later = kept.replace("\"v\":1", "\"v\":2");
    assert_ne!(kept, later);
    assert!(config_error(Pending::from_json(&later)).contains("version"));
    assert!(serde_json::from_str::<Pending>(&later).is_err());
}

#[test]
fn credentials_are_asked_for_by_get_where_the_server_wants_that() {
    let server = answering(LENT, GRANTED);
    let mut config = photos();
    config.set_callback("oob".to_owned());
    config.set_credentials_method(http::Method::GET);
    config.add_temporary_credentials_parameter("scope".to_owned(), "a b".to_owned());
    started(&built(config, &server));
    assert_eq!(
        whole(&server.requests.lock().unwrap()[0]),
        format!(
            "GET https://photos.example.net/initiate?scope=a+b\naccept: */*\nauthorization: {}\n\n",
            header(None, FIRST, ("oauth_callback", "oob"), "%2F2WOqj%2BC3mifp8zjhD6PXD7GX%2Fc%3D")
        )
    );
}

#[test]
fn parameters_may_go_into_the_body_or_the_query() {
    for (placement, in_body) in [(Placement::Body, true), (Placement::Query, false)] {
        let server = answering(LENT, GRANTED);
        let mut config = photos();
        config.set_signing(Signing::new().placement(placement));
        config.add_temporary_credentials_parameter("x".to_owned(), "1".to_owned());
        started(&built(config, &server));
        let requests = server.requests.lock().unwrap();
        let request = whole(&requests[0]);
        let (head, body) = request.split_once("\n\n").unwrap();
        assert!(!head.contains("authorization:"), "{head}");
        let placed = if in_body { body } else { head.lines().next().unwrap() };
        assert!(placed.contains("oauth_callback=") && placed.contains("oauth_signature="), "{request}");
        assert!(body.starts_with("x=1"), "{body}");
    }
}

/// Adds to what is signed, to the URL, and to an answer; and keeps the errors it is told of.
#[derive(Default)]
struct Adds(Mutex<Vec<String>>);

impl Hook for Adds {
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        draft.form.push("scope", "a b");
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_token_answer<'a>(
        &'a self,
        _: TokenAnswer,
        answer: &'a mut http::Response<Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        let body = std::str::from_utf8(answer.body()).unwrap().replace("confirmed=True", "confirmed=true");
        *answer.body_mut() = Bytes::from(body);
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        url.query_pairs_mut().append_pair("lang", "eo");
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_token_error<'a>(&'a self, error: &'a Error) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().push(error.to_string());
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn hooks_see_both_requests_before_they_are_signed_and_both_answers() {
    let server = answering(
        "oauth_token=t&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=True",
        "oauth_problem=token_used",
    );
    let hook = Arc::new(Adds::default());
    let mut config = photos();
    config.set_signing(Signing::new().method(grantee_core::oauth1::HmacSha256));
    config.add_hook(Arc::clone(&hook) as Arc<dyn Hook>);
    let client = built(config, &server);
    let (url, pending) = started(&client);
    assert_eq!(url.query(), Some("oauth_token=t&lang=eo"));
    let error = block_on(client.finish(pending, "oauth_token=t&oauth_verifier=v")).unwrap_err();
    assert_eq!(error.server_error(), Some("token_used"));
    assert_eq!(*hook.0.lock().unwrap(), [error.to_string()]);
    assert_eq!((server.body(0), server.body(1)), ("scope=a+b".to_owned(), "scope=a+b".to_owned()));
    // What the hook added is in the signature: this is the one that another program computed.
    let request = whole(&server.requests.lock().unwrap()[0]);
    assert!(request.contains("oauth_signature=\"sn8brGuJ9M7AXyqAdKrB%2BID0NYsx54XLrGZ85HoFrYI%3D\""), "{request}");
}

/// Has requests for credentials go elsewhere.
struct Moves;

impl Hook for Moves {
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        draft.url = Url::parse("http://elsewhere.example/initiate").unwrap();
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn a_hook_moves_no_request_to_plain_http() {
    let server = answering(LENT, GRANTED);
    let mut config = photos();
    config.add_hook(Arc::new(Moves));
    assert!(config_error(block_on(built(config, &server).start())).contains("is http"));
    assert_eq!(server.count(), 0);
}

#[test]
fn what_is_shown_of_a_long_refusal_is_short() {
    let long = "x".repeat(100_000);
    for body in [
        "no ".repeat(100_000),
        long.clone(),
        format!("{long}=1"),
        format!(r#"{{"error":"{long}"}}"#),
        format!("error={long}"),
    ] {
        let server = FakeServer::new(move |_, _| {
            Ok(http::Response::builder().status(401).body(Bytes::from(body.clone())).unwrap())
        });
        let error = block_on(built(photos(), &server).start()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.len() < 1500, "{}", shown.len());
    }
    // Whoever can send a browser to the callback can write this.
    let (_, outcome) = finished(&format!("https://app.example/cb?error={long}%0a"));
    let error = outcome.unwrap_err();
    assert!(format!("{error} {error:?}").len() < 1500);
}

#[test]
fn a_refusal_that_speaks_of_a_tokens_secret_is_not_quoted() {
    for body in [
        r#"{"error":"no","error_description":"oauth_token_secret=hush is no such"}"#,
        "oauth_problem=no&oauth_problem_advice=oauth_token_secret%3Dhush",
        "oauth_token_secret hush is no such",
        "oauth_token_secret: hush, oauth_token=x",
    ] {
        let error = lent(401, body).1.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn a_timestamp_that_is_refused_points_at_the_clock() {
    for body in ["oauth_problem=timestamp_refused", r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#]
    {
        let error = lent(401, body).1.unwrap_err();
        assert!(error.hint().unwrap().contains("this machine's clock"), "{error}");
    }
    let error = lent(401, "oauth_problem=nonce_used").1.unwrap_err();
    assert!(error.hint().unwrap().contains("twice"), "{error}");
}

#[test]
fn an_answer_that_is_json_and_broken_is_told_without_being_quoted() {
    let server = FakeServer::new(|_, _| json(200, r#"{"oauth_token":"t","oauth_token_secret":"s3cret"#));
    let message = rule(block_on(built(photos(), &server).start()));
    assert!(!message.contains("s3cret"), "{message}");
}
