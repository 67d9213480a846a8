//! A session's token on requests that other HTTP clients send.

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
