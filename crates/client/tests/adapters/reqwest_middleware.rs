use super::{counts, proof, session};
use grantee::adapters::AuthorizationMiddleware;
use grantor::Server;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error};
use std::sync::Arc;

fn with(middleware: AuthorizationMiddleware) -> ClientWithMiddleware {
    ClientBuilder::new(reqwest::Client::new()).with(middleware).build()
}

#[tokio::test]
async fn a_rejected_token_is_renewed_and_the_request_sent_once_more() {
    let server = Server::start();
    let client = with(session(&server).middleware());
    let post = async || client.post(server.url("/api/x")).header("x-a", "b").body("hello").send().await.unwrap();
    assert_eq!(post().await.status(), 200);
    server.expire_access_tokens();
    let answer = post().await;
    assert_eq!(answer.status(), 200);
    let echo = answer.text().await.unwrap();
    assert!(echo.contains(r#""body":"hello""#) && echo.contains(r#""x-a":"b""#), "{echo}");
    assert_eq!(counts(&server), (2, 3));
}

#[tokio::test]
async fn what_is_not_about_the_token_is_an_answer() {
    let server = Server::start();
    let client = with(session(&server).middleware());
    let status = async |path: &str| client.get(server.url(path)).send().await.unwrap().status().as_u16();
    assert_eq!((status("/api/scope/write").await, status("/api/step-up").await), (403, 401));
    assert_eq!(counts(&server), (1, 2));
    assert_eq!(status("/api/challenge?with=Bearer").await, 401);
    assert_eq!(counts(&server), (2, 4));
}

#[tokio::test]
async fn the_token_goes_to_named_origins_only() {
    let (server, other) = (Server::start(), Server::start());
    let middleware = session(&server).middleware();
    let error = with(middleware.clone()).get(other.url("/public/x")).send().await.unwrap_err();
    let Error::Middleware(error) = error else { panic!("{error}") };
    assert!(matches!(error.downcast_ref(), Some(grantee::Error::Config(_))), "{error}");
    assert!(other.requests().is_empty());
    assert_eq!(with(middleware.pass_other_origins()).get(other.url("/public/x")).send().await.unwrap().status(), 200);
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(counts(&server), (0, 0));
}

#[tokio::test]
async fn reqwest_drops_the_token_when_it_follows_a_redirect_to_another_host() {
    let (server, other) = (Server::start(), Server::start());
    let client = with(session(&server).middleware());
    let to = other.url("/public/x").replace("127.0.0.1", "localhost");
    let answer = client.get(format!("{}?to={to}", server.url("/api/redirect"))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_proof_is_made_for_each_sending_and_a_nonce_put_in_where_it_is_demanded() {
    let (server, api) = (Server::start(), Arc::new(proof::Api::default()));
    let url = format!("http://{}/x?y=z", api.serve());
    let client = with(proof::session(&server, &url).middleware());
    assert_eq!(client.post(&url).body("hello").send().await.unwrap().status(), 200);
    api.assert_four(&format!("POST {url}"), "hello");
    assert_eq!(counts(&server).0, 2);
}

#[tokio::test]
async fn an_answer_from_elsewhere_says_nothing_about_the_token() {
    let (server, other) = (Server::start(), Server::start());
    let client = with(session(&server).middleware());
    let answer =
        client.get(format!("{}?to={}", server.url("/api/redirect"), other.url("/api/x"))).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), other.requests().len()), (401, 1));
    assert_eq!(counts(&server), (1, 1), "the token was not renewed, and nothing was sent again");
}
