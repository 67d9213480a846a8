//! What an HTTP client of your own must keep to: [`run`] for one of the async face, [`run_blocking`] for one of the
//! blocking face. Each starts servers on loopback ports and lets the client send to them.
//!
//! ```
//! use grantee::contract;
//! # use grantee::blocking::UreqHttp;
//!
//! # fn main() {
//! # let config = ureq::Agent::config_builder().proxy(None).max_redirects(0).http_status_as_error(false);
//! # let my_blocking_http = UreqHttp::new(config.allow_non_standard_methods(true).build().into());
//! contract::http::run_blocking(&my_blocking_http);
//! # }
//! ```
//!
//! The rules, each a line that a failure names:
//!
//! - any status is an answer
//! - method, URL, headers and body arrive byte for byte, and nothing that gives anybody away is added
//! - the answer comes back byte for byte, however its length is told, with the URL that answered
//! - no redirect is followed, or the URL it led to is told; no cookie is kept
//! - a body of the limit's size is read, a larger one is `TooLarge`, though it never end
//! - what takes too long is `Timeout`, where nobody listens is `Connect`, what breaks off or is no HTTP is `Broken`
//! - an error does not tell the URL's query
//! - a request that is `PublicOnly` connects to no address that is not public, whatever name leads to it, and says `NotPublic`
//! - a request is sent once, whatever becomes of it, and never before its future is polled

mod peer;

use crate::blocking;
use crate::blocking::runtime::block_on;
use ::http::{HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use grantee_core::error::{TransportError, TransportErrorKind};
use grantee_core::ports::{BoxFuture, Http, Limits, PublicOnly, Request, Response};
use peer::{Peer, Then, refused_address};
use std::time::Duration;

/// How long a client is given to find out that nobody answers.
const SHORT: Duration = Duration::from_millis(150);

/// Runs the suite over an HTTP client of the async face, on whatever runtime that wants.
///
/// # Panics
/// When a rule is broken, with the rule.
pub async fn run(http: &dyn Http) {
    nothing_is_done_before_the_first_poll(http).await;
    rules(http).await;
}

/// Runs the suite over an HTTP client of the blocking face.
///
/// # Panics
/// When a rule is broken, with the rule.
pub fn run_blocking(http: &dyn blocking::Http) {
    block_on(rules(&WhenPolled(http)));
}

struct WhenPolled<'a>(&'a dyn blocking::Http);

impl Http for WhenPolled<'_> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        crate::http::when_polled(move || self.0.send(request))
    }
}

async fn rules(http: &dyn Http) {
    any_status_is_an_answer(http).await;
    the_request_arrives_byte_for_byte(http).await;
    nothing_that_gives_anybody_away_is_added(http).await;
    the_answer_comes_back_byte_for_byte(http).await;
    no_redirect_is_followed_unseen(http).await;
    no_cookie_is_kept(http).await;
    the_body_limit_is_obeyed(http).await;
    what_takes_too_long_is_a_timeout(http).await;
    where_nobody_listens_is_connect(http).await;
    what_breaks_off_is_broken(http).await;
    a_request_for_public_addresses_goes_to_no_other(http).await;
    a_request_is_sent_once(http).await;
}

async fn any_status_is_an_answer(http: &dyn Http) {
    for status in [200, 201, 204, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 599] {
        let length = if status == 204 { "" } else { "content-length: 0\r\n" };
        let peer = Peer::start(Then::answer(format!("HTTP/1.1 {status} Any\r\n{length}connection: close\r\n\r\n")));
        let answer = ok(http.send(get(&peer.url("/"))).await, "any status is an answer");
        assert_eq!(answer.http.status().as_u16(), status, "the status comes back as it is");
    }
}

async fn the_request_arrives_byte_for_byte(http: &dyn Http) {
    let target = "/a%2Fb/c;d=1,2/%7Etilde/%E2%82%AC?q=a%20b+c&empty=&lone&slash=/&e=%65";
    let body: Vec<u8> = (0..=255).cycle().take(3000).collect();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let peer = Peer::start(Then::ok(""));
        let mut request = get(&peer.url(target));
        *request.method_mut() = method.clone();
        *request.body_mut() = Bytes::from(body.clone());
        let headers = request.headers_mut();
        headers.insert("authorization", HeaderValue::from_static("Basic YTpi"));
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert("accept", HeaderValue::from_static("application/json"));
        headers.insert("x-odd", HeaderValue::from_static("a, \"b\"; c=\\d\te  f"));
        headers.append("x-repeated", HeaderValue::from_static("one"));
        headers.append("x-repeated", HeaderValue::from_static("two"));
        let asked = request.headers().clone();
        ok(http.send(request).await, "a request is answered");
        let seen = peer.only_request();
        assert_eq!(seen.method, method.as_str(), "the method arrives as it is");
        assert_eq!(seen.target, target, "path and query arrive byte for byte");
        assert!(seen.body == body, "the body arrives byte for byte");
        assert_eq!(seen.headers["host"], peer.host(), "the host is the URL's");
        for name in asked.keys() {
            let values = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
            assert_eq!(values(&seen.headers), values(&asked), "{name} arrives as it is, and as often");
        }
    }
    let peer = Peer::start(Then::ok(""));
    ok(http.send(get(&peer.url("/"))).await, "a request is answered");
    let seen = peer.only_request();
    assert_eq!((seen.method.as_str(), seen.body.len()), ("GET", 0), "a GET stays a GET without a body");
}

async fn nothing_that_gives_anybody_away_is_added(http: &dyn Http) {
    let peer = Peer::start(Then::ok(""));
    ok(http.send(get(&peer.url("/"))).await, "a request is answered");
    let seen = peer.only_request();
    for name in ["authorization", "proxy-authorization", "cookie", "referer", "origin", "from"] {
        assert!(!seen.headers.contains_key(name), "{name} is not added");
    }
}

async fn the_answer_comes_back_byte_for_byte(http: &dyn Http) {
    let body: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let fields = "x-one: 1\r\nwww-authenticate: Basic realm=\"a\"\r\nwww-authenticate: Bearer, DPoP algs=\"ES256\"\r\n\
                  content-type: text/odd\r\nconnection: close\r\n";
    let with_length = head(&format!("{fields}content-length: 3000\r\n"), &body);
    let until_close = head(fields, &body);
    let mut chunked = head(&format!("{fields}transfer-encoding: chunked\r\n"), b"");
    for chunk in body.chunks(700) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    for bytes in [with_length, until_close, chunked] {
        let peer = Peer::start(Then::Answer(bytes));
        let url = peer.url("/where?a=%20b");
        let answer = ok(http.send(get(&url)).await, "a body is read however its length is told");
        assert!(answer.http.body() == &body, "the body comes back byte for byte");
        assert_eq!(answer.url, url, "the URL that answered is told");
        let challenges: Vec<_> = answer.http.headers().get_all("www-authenticate").iter().collect();
        assert_eq!(
            challenges,
            ["Basic realm=\"a\"", "Bearer, DPoP algs=\"ES256\""],
            "repeated headers are kept, in order"
        );
        assert_eq!(answer.http.headers()["content-type"], "text/odd", "headers come back as they are");
    }
}

async fn no_redirect_is_followed_unseen(http: &dyn Http) {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Peer::start(Then::ok("elsewhere"));
        let to = elsewhere.url("/landed");
        let fields = format!("location: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let peer = Peer::start(Then::answer(format!("HTTP/1.1 {status} Away\r\n{fields}")));
        let mut request = get(&peer.url("/asked"));
        *request.method_mut() = Method::POST;
        *request.body_mut() = Bytes::from_static(b"client_secret=s3cret");
        let answer = ok(http.send(request).await, "a redirect is an answer");
        if answer.http.status().as_u16() == status {
            assert_eq!(
                answer.url,
                peer.url("/asked"),
                "a redirect that is not followed comes from the URL that was asked"
            );
            assert_eq!(elsewhere.requests(), 0, "a redirect that is told is not followed as well");
        } else {
            assert_eq!(answer.url, to, "no redirect is followed, or the URL it led to is told");
        }
    }
}

async fn no_cookie_is_kept(http: &dyn Http) {
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: who=alice; Path=/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let peer = Peer::start(Then::answer(answer));
    for _ in 0..2 {
        ok(http.send(get(&peer.url("/"))).await, "a request is answered");
    }
    assert!(peer.seen().iter().all(|seen| !seen.headers.contains_key("cookie")), "no cookie is kept");
}

async fn the_body_limit_is_obeyed(http: &dyn Http) {
    const LIMIT: usize = 1000;
    let body = |size: usize| vec![b'x'; size];
    let told = |size: usize| head(&format!("content-length: {size}\r\nconnection: close\r\n"), &body(size));
    let untold = |size: usize| head("connection: close\r\n", &body(size));
    let chunked = |size: usize| {
        let text = format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
        head("transfer-encoding: chunked\r\nconnection: close\r\n", text.as_bytes())
    };
    for answer in [&told as &dyn Fn(usize) -> Vec<u8>, &untold, &chunked] {
        let peer = Peer::start(Then::Answer(answer(LIMIT)));
        let whole = ok(http.send(limited(&peer.url("/"), LIMIT, None)).await, "a body of the limit's size is read");
        assert_eq!(whole.http.body().len(), LIMIT, "a body of the limit's size is read");
        let peer = Peer::start(Then::Answer(answer(LIMIT + 1)));
        let error = failed(http.send(limited(&peer.url("/"), LIMIT, None)).await, "a larger body is refused");
        assert_eq!(error.kind, TransportErrorKind::TooLarge, "a body larger than the limit is TooLarge");
    }
    let peer = Peer::start(Then::Endless);
    let error = failed(http.send(get(&peer.url("/"))).await, "a body without an end is refused");
    assert_eq!(error.kind, TransportErrorKind::TooLarge, "a body without an end is TooLarge, by the default limit");
}

async fn what_takes_too_long_is_a_timeout(http: &dyn Http) {
    let half = head("content-length: 100\r\n", b"half");
    for then in [Then::Silence(Vec::new()), Then::Silence(b"HTTP/1.1 200 OK\r\nx-".to_vec()), Then::Silence(half)] {
        let peer = Peer::start(then);
        let error = failed(http.send(limited(&peer.url("/"), 1000, Some(SHORT))).await, "an exchange ends");
        assert_eq!(error.kind, TransportErrorKind::Timeout, "what takes longer than Limits::total is Timeout: {error}");
        assert!(error.may_have_been_sent());
    }
}

async fn where_nobody_listens_is_connect(http: &dyn Http) {
    let error = failed(http.send(get(&format!("http://{}/?code=s3cret", refused_address()))).await, "nobody listens");
    assert_eq!(error.kind, TransportErrorKind::Connect, "where nobody listens is Connect: {error}");
    assert!(!error.to_string().contains("s3cret"), "an error does not tell the URL's query: {error}");
}

async fn what_breaks_off_is_broken(http: &dyn Http) {
    for then in [
        Then::Answer(Vec::new()),
        Then::Answer(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        Then::Answer(head("content-length: 100\r\nconnection: close\r\n", b"half")),
        Then::Answer(head("transfer-encoding: chunked\r\nconnection: close\r\n", b"64\r\nhalf")),
        Then::answer("SSH-2.0-this is no HTTP\r\n\r\n"),
        Then::Reset,
    ] {
        let shown = format!("{then:?}");
        let peer = Peer::start(then);
        let error = failed(http.send(get(&peer.url("/?code=s3cret"))).await, &shown);
        assert_eq!(error.kind, TransportErrorKind::Broken, "what breaks off or is no HTTP is Broken: {shown}: {error}");
        assert!(!error.to_string().contains("s3cret"), "an error does not tell the URL's query: {error}");
    }
}

async fn a_request_for_public_addresses_goes_to_no_other(http: &dyn Http) {
    let peer = Peer::start(Then::ok(""));
    let (_, port) =
        peer.host().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).unwrap_or_default();
    // Once without, so that a connection is there to be used again.
    ok(http.send(get(&peer.url("/open"))).await, "a request is answered");
    for host in ["127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"] {
        let mut request = get(&format!("http://{host}:{port}/?code=s3cret"));
        request.extensions_mut().insert(PublicOnly);
        let error = failed(http.send(request).await, "a PublicOnly request connects to no private address");
        assert_eq!(error.kind, TransportErrorKind::NotPublic, "a PublicOnly request to {host} is NotPublic: {error}");
        assert!(!error.to_string().contains("s3cret"), "an error does not tell the URL's query: {error}");
    }
    assert_eq!(peer.requests(), 1, "a PublicOnly request connects to no private address");
}

async fn a_request_is_sent_once(http: &dyn Http) {
    for then in [Then::Answer(Vec::new()), Then::Reset] {
        // The first answer leaves the connection open, so that the second request may find it and lose it: that is
        // where clients are tempted to try again.
        let peer = Peer::start_with(head("content-length: 2\r\n", b"ok"), then);
        ok(http.send(get(&peer.url("/first"))).await, "a request is answered");
        let mut request = get(&peer.url("/second"));
        *request.method_mut() = Method::POST;
        *request.body_mut() = Bytes::from_static(b"grant_type=refresh_token&refresh_token=once");
        let error = failed(http.send(request).await, "the connection breaks");
        assert_eq!(error.kind, TransportErrorKind::Broken, "a connection lost after the request is Broken: {error}");
        let posts = peer.seen().iter().filter(|seen| seen.method == "POST").count();
        assert_eq!(posts, 1, "a request is sent once, whatever becomes of it");
    }
}

async fn nothing_is_done_before_the_first_poll(http: &dyn Http) {
    let peer = Peer::start(Then::ok(""));
    drop(http.send(get(&peer.url("/never"))));
    ok(http.send(get(&peer.url("/polled"))).await, "a request is answered");
    let targets: Vec<_> = peer.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/polled"], "nothing is done before the future is first polled");
}

fn get(url: &str) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = url.parse().expect("a URL of the suite's own");
    request
}

fn limited(url: &str, body: usize, total: Option<Duration>) -> Request {
    let mut request = get(url);
    request.extensions_mut().insert(Limits { body, total });
    request
}

fn head(fields: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[track_caller]
fn ok(outcome: Result<Response, TransportError>, rule: &str) -> Response {
    match outcome {
        Ok(answer) => answer,
        Err(error) => panic!("{rule}: {error}"),
    }
}

#[track_caller]
fn failed(outcome: Result<Response, TransportError>, rule: &str) -> TransportError {
    match outcome {
        Ok(answer) => panic!("{rule}: an answer with status {} came", answer.http.status()),
        Err(error) => error,
    }
}
