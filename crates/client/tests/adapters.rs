//! A session's token on requests that other HTTP clients send.

#[path = "adapters/oauth1.rs"]
mod oauth1;
#[path = "adapters/proof.rs"]
mod proof;
#[cfg(feature = "reqwest-middleware")]
#[path = "adapters/reqwest_middleware.rs"]
mod reqwest_middleware;
#[cfg(feature = "tower")]
#[path = "adapters/tower.rs"]
mod tower;
#[path = "adapters/ureq.rs"]
mod ureq;

use grantee::{Client, ClientCredentials, Session};
use grantor::{Endpoint, Server};
use std::sync::Arc;

/// A session whose token may go to that server.
fn session(server: &Server) -> Session {
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    client.session(ClientCredentials::new().scope("read")).allow_origin(&server.url("")).unwrap().build().unwrap()
}

fn counts(server: &Server) -> (usize, usize) {
    (server.count(Endpoint::Token), server.count(Endpoint::Api))
}

#[tokio::test]
async fn plain_reqwest_takes_the_header() {
    let server = Server::start();
    let session = session(&server);
    let client = reqwest::Client::new();
    let first = session.header().await.unwrap();
    let get = async |token| {
        client.get(server.url("/api/x")).header("authorization", token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(get(first.clone()).await, 200);
    server.expire_access_tokens();
    assert_eq!(get(session.header().await.unwrap()).await, 401);
    let second = session.after_rejection(&first).await.unwrap();
    assert_eq!(get(second.clone()).await, 200);
    assert_eq!(session.after_rejection(&first).await.unwrap(), second, "the rejected one was replaced already");
    assert_eq!(counts(&server), (2, 3));
}

#[tokio::test]
async fn plain_reqwest_takes_a_token_that_needs_a_proof() {
    let (server, api) = (Server::start(), Arc::new(proof::Api::default()));
    let url = format!("http://{}/x?y=z", api.serve());
    let session = proof::session(&server, &url);
    assert_eq!(session.header().await.unwrap_err().code(), "configuration", "a header alone is no use");
    let (client, uri) = (reqwest::Client::new(), url.parse().unwrap());
    let mut attempt = session.attempt();
    loop {
        let mut headers = http::HeaderMap::new();
        attempt.authorize(&http::Method::POST, &uri, &mut headers).await.unwrap();
        let answer = client.post(&url).headers(headers).body("hello").send().await.unwrap();
        if !attempt.again(&uri, answer.status(), answer.headers()).await.unwrap() {
            assert_eq!(answer.status(), 200);
            break;
        }
    }
    api.assert_four(&format!("POST {url}"), "hello");
}
