//! Requests that OAuth 1.0 signs (RFC 5849 section 3): what goes over the wire, what is refused, and that a server which shares
//! nothing with the code here ([`server`]) takes it.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod base_string;
mod body_hash;
mod doubled;
mod methods;
mod placement;
mod plaintext;
mod properties;
#[cfg(feature = "rsa-sha1")]
mod rsa;
mod secrets;
mod server;
mod streamed;

use bytes::Bytes;
use grantee_core::oauth1::request::Signer;
use grantee_core::oauth1::{Client, Config, Signed, Signing, parse_authorization_header};
use grantee_core::ports::Request;
use grantee_core::{Error, Result, Secret, UnixTime};
use std::sync::Arc;
use support::{FakeServer, Inline, ManualClock, block_on, ports};

const KEY: &str = "key";
const CLIENT_SECRET: &str = "client &s3cret";
const TOKEN_SECRET: &str = "token s3cr%t";
const FORM: &str = "application/x-www-form-urlencoded";

fn request(method: &str, url: &str) -> Request {
    http::Request::builder().method(method).uri(url).body(Bytes::new()).unwrap()
}

fn with_body(method: &str, url: &str, content_type: &str, body: &[u8]) -> Request {
    let request = http::Request::builder().method(method).uri(url).header("content-type", content_type);
    request.body(Bytes::copy_from_slice(body)).unwrap()
}

fn form(url: &str, body: &[u8]) -> Request {
    with_body("POST", url, FORM, body)
}

/// Signs for the token `t%k`, at second 137131201 with the nonce `n`.
fn try_sign(signing: &Signing, request: &mut Request) -> Result<Signed> {
    with_signer(|signer| block_on(signing.sign(request, signer)))
}

fn with_signer<T>(sign: impl FnOnce(Signer<'_>) -> T) -> T {
    let (client, token) = (Secret::from(CLIENT_SECRET), Secret::from(TOKEN_SECRET));
    let mut signer = Signer::new(KEY, &client, UnixTime::from_seconds(137_131_201), "n");
    signer.token = Some("t%k");
    signer.token_secret = Some(&token);
    sign(signer)
}

/// Signs, and has the server say what it read.
fn sign(signing: &Signing, mut request: Request) -> (Request, server::Read) {
    let signed = try_sign(signing, &mut request).unwrap();
    let read = server::verify(&request, CLIENT_SECRET, TOKEN_SECRET).unwrap();
    assert_eq!(signed.base_string, read.base_string);
    (request, read)
}

fn refused(signing: &Signing, mut request: Request) -> String {
    let shown = |request: &Request| format!("{request:?}");
    let before = shown(&request);
    let error = try_sign(signing, &mut request).unwrap_err();
    assert!(matches!(error, Error::Config { .. }), "{error}");
    assert_eq!(shown(&request), before, "a request that is refused is left as it was");
    for secret in ["s3cret", "s3cr%t", "s3cr%25t"] {
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains(secret), "{error:?}");
    }
    error.to_string()
}

fn header(request: &Request) -> Vec<(String, String)> {
    parse_authorization_header(request.headers()["authorization"].to_str().unwrap()).unwrap()
}

fn client(change: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::new(KEY, CLIENT_SECRET);
    change(&mut config);
    let server = FakeServer::new(|_, _| panic!("nothing is sent"));
    Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}
