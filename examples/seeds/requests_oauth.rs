//! The snippets of Authlib's "OAuth for Requests" (both versions of the page).

use super::server;
use grantee::ClientCredentials;
use grantee::blocking::{ApiClient, Client, oauth1};
use grantee::oauth1::token_credentials;

#[test]
fn oauth1_auth_directly_on_a_request() {
    let server = server();
    let issued = server.issue_oauth1("consumer", "alice");
    let token = token_credentials::token(issued.token, issued.secret);
    let client = oauth1::Client::builder("consumer", "secret").build().unwrap();
    let mut request = http::Request::get(server.url("/oauth1/api/photos?size=1")).body(bytes::Bytes::new()).unwrap();
    client.sign(&mut request, Some(&token)).unwrap();
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let answer = ureq::get(request.uri().to_string()).header("authorization", authorization).call().unwrap();
    assert_eq!(answer.status(), 200);
}

#[test]
fn a_token_obtained_elsewhere_without_renewal() {
    let server = server();
    let token = server.issue("svc", Some("alice"), "").access_token;
    let api = ApiClient::new(&server.url("/api")).unwrap().bearer(token.as_str()).unwrap();
    assert_eq!(api.get("me").send().unwrap().status(), 200);
}

#[test]
fn the_three_default_client_authentication_methods() {
    let server = server();
    for (client_id, secret) in [("basic", "secret"), ("svc", "secret")] {
        let client = Client::discover(server.issuer()).client(client_id, secret).build().unwrap();
        client.token(ClientCredentials::new()).unwrap();
    }
}

#[test]
fn a_session_is_closed_by_hand() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(ClientCredentials::new()).allow_origin(&server.url("/")).unwrap().build().unwrap();
    session.send(http::Request::get(server.url("/api/me")).body(bytes::Bytes::new()).unwrap()).unwrap();
    session.close();
    client.close();
}

#[test]
fn a_server_with_a_certificate_of_its_own() {
    let server = grantor::Server::builder().tls().start();
    let builder = || Client::discover(server.issuer()).client("svc", "secret");
    assert!(builder().build().unwrap().token(ClientCredentials::new()).is_err());
    // For this server, in production too; the page turns all verification off instead, for every host.
    builder().add_ca(server.ca_pem()).build().unwrap().token(ClientCredentials::new()).unwrap();
    builder().danger().accept_invalid_certs().build().unwrap().token(ClientCredentials::new()).unwrap();
}
