use super::{counts, proof};
use grantee::blocking::{AuthorizationMiddleware, Client, Session};
use grantee::{ClientCredentials, Error};
use grantor::Server;
use std::sync::Arc;
use ureq::Agent;

fn session(server: &Server) -> Session {
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    client.session(ClientCredentials::new().scope("read")).allow_origin(&server.url("")).unwrap().build().unwrap()
}

fn with(middleware: AuthorizationMiddleware) -> Agent {
    Agent::config_builder().http_status_as_error(false).max_redirects(0).middleware(middleware).build().into()
}

fn plain() -> Agent {
    Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

fn get(agent: &Agent, server: &Server, path: &str) -> u16 {
    agent.get(server.url(path)).header("x-a", "b").call().unwrap().status().as_u16()
}

#[test]
fn a_rejected_token_is_renewed_and_a_request_without_a_body_sent_once_more() {
    let server = Server::start();
    let agent = with(session(&server).middleware().replay_by(plain()));
    assert_eq!(get(&agent, &server, "/api/x"), 200);
    server.expire_access_tokens();
    assert_eq!(get(&agent, &server, "/api/x?y=z"), 200);
    assert_eq!(counts(&server), (2, 3));
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.query.as_deref(), last.header("x-a"), last.header_all("authorization").count()),
        (Some("y=z"), Some("b"), 1)
    );
}

#[test]
fn what_cannot_be_sent_again_gets_its_401_and_the_next_request_a_new_token() {
    let server = Server::start();
    let requests: [fn(&Agent, &str) -> u16; 3] = [
        |agent, url| agent.post(url).send("hello").unwrap().status().as_u16(),
        |agent, url| agent.get(url).force_send_body().send("hello").unwrap().status().as_u16(),
        |agent, url| agent.get(url).config().timeout_global(None).build().call().unwrap().status().as_u16(),
    ];
    let agent = with(session(&server).middleware().replay_by(plain()));
    for request in requests {
        let request = || request(&agent, &server.url("/api/x"));
        assert_eq!(request(), 200);
        server.expire_access_tokens();
        assert_eq!((request(), request()), (401, 200));
    }
    let alone = with(session(&server).middleware());
    assert_eq!(get(&alone, &server, "/api/x"), 200);
    server.expire_access_tokens();
    assert_eq!((get(&alone, &server, "/api/x"), get(&alone, &server, "/api/x")), (401, 200));
    assert_eq!(counts(&server), (6, 12));
}

#[test]
fn statuses_as_errors_are_understood() {
    let server = Server::start();
    let agent: Agent =
        Agent::config_builder().middleware(session(&server).middleware().replay_by(plain())).build().into();
    agent.get(server.url("/api/x")).call().unwrap();
    server.expire_access_tokens();
    agent.get(server.url("/api/x")).call().unwrap();
    assert!(matches!(agent.get(server.url("/api/status/404")).call(), Err(ureq::Error::StatusCode(404))));
    assert_eq!(counts(&server), (2, 4));
}

#[test]
fn what_is_not_about_the_token_is_an_answer() {
    let server = Server::start();
    let agent = with(session(&server).middleware().replay_by(plain()));
    assert_eq!((get(&agent, &server, "/api/scope/write"), get(&agent, &server, "/api/step-up")), (403, 401));
    assert_eq!(counts(&server), (1, 2));
    assert_eq!(get(&agent, &server, "/api/challenge?with=Bearer"), 401);
    assert_eq!(counts(&server), (2, 4));
}

#[test]
fn the_token_goes_to_named_origins_only() {
    let (server, other) = (Server::start(), Server::start());
    let middleware = session(&server).middleware();
    let error = with(middleware.clone()).get(other.url("/public/x")).call().unwrap_err();
    let ureq::Error::Other(error) = error else { panic!("{error}") };
    assert!(matches!(error.downcast_ref(), Some(Error::Config(_))), "{error}");
    assert!(other.requests().is_empty());
    assert_eq!(get(&with(middleware.pass_other_origins()), &other, "/public/x"), 200);
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(counts(&server), (0, 0));
}

#[test]
fn a_proof_is_made_for_each_sending_and_a_nonce_put_in_where_it_is_demanded() {
    let (server, api) = (Server::start(), Arc::new(proof::Api::default()));
    let url = format!("http://{}/x?y=z", api.serve());
    let agent = with(proof::blocking_session(&server, &url).middleware().replay_by(plain()));
    assert_eq!(agent.get(&url).call().unwrap().status(), 200);
    api.assert_four(&format!("GET {url}"), "");
    assert_eq!(counts(&server).0, 2);
}

#[test]
fn an_answer_from_elsewhere_says_nothing_about_the_token() {
    let (server, other) = (Server::start(), Server::start());
    let middleware = session(&server).middleware().replay_by(plain());
    let agent: Agent = Agent::config_builder().http_status_as_error(false).middleware(middleware).build().into();
    let path = format!("/api/redirect?to={}", other.url("/api/x"));
    assert_eq!((get(&agent, &server, &path), other.requests().len()), (401, 1));
    assert_eq!(counts(&server), (1, 1), "the token was not renewed, and nothing was sent again");
}
