//! The snippets of Authlib's "OAuth 1 Session", to which the documents on Requests and on HTTPX send their readers.

use super::{CALLBACK, server, visit};
use grantee::blocking::oauth1::{Client, ClientBuilder};
use grantee::oauth1::{Pending, token_credentials};
use grantee::{Error, Token};

fn builder(server: &grantor::Server) -> ClientBuilder {
    Client::builder("consumer", "secret")
        .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
        .authorization_endpoint(server.url("/oauth1/authorize"))
        .token_credentials_endpoint(server.url("/oauth1/token"))
        .callback(CALLBACK)
}

#[test]
fn fetch_request_token_create_authorization_url_and_fetch_access_token() {
    let server = server();
    let client = builder(&server).build().unwrap();
    let (url, pending) = client.start().unwrap();
    assert!(url.as_str().contains(&format!("oauth_token={}", pending.oauth_token())));
    let token = client.finish(pending, &visit(&url)).unwrap();
    assert_eq!(token.get("screen_name").unwrap(), "alice");
}

#[test]
fn a_verifier_that_the_person_types_in() {
    let server = server();
    let client = builder(&server).callback("oob").build().unwrap();
    let (_, pending) = client.start().unwrap();
    let verifier = server.approve_oauth1(pending.oauth_token(), "alice").unwrap();
    client.finish(pending, &verifier).unwrap();
}

#[test]
fn another_process_restores_the_request_token() {
    let server = server();
    let (url, kept) = {
        let (url, pending) = builder(&server).build().unwrap().start().unwrap();
        (url, serde_json::to_string(&pending).unwrap())
    };
    let pending: Pending = serde_json::from_str(&kept).unwrap();
    builder(&server).build().unwrap().finish(pending, &visit(&url)).unwrap();
}

#[test]
fn a_person_who_denies_is_told_apart() {
    let server = server();
    let client = builder(&server).build().unwrap();
    let (_, pending) = client.start().unwrap();
    let callback = format!("{CALLBACK}?denied={}", pending.oauth_token());
    let error = client.finish(pending, &callback).unwrap_err();
    assert!(matches!(&error, Error::Server(_)), "{error}");
}

#[test]
fn access_protected_resources_with_a_token_at_hand() {
    let server = server();
    let issued = server.issue_oauth1("consumer", "alice");
    let token: Token = token_credentials::token(issued.token, issued.secret);
    let session = builder(&server).build().unwrap().session_of(token);
    let api = session.api(&server.url("/oauth1/api")).unwrap();
    assert_eq!(api.get("account/verify").send().unwrap().status(), 200);
}
