//! An API wants more than the token has; the person logs in anew, and the API is content (RFC 9470, RFC 6750 section 3.1).

mod faces;

use faces::{Client, Face, Session, callback_of, client, in_both_faces, login_session};
use grantee::error::Insufficient;
use grantee::{AuthorizationRequest, Error, Pending, Result};
use grantor::{Endpoint, STRONG_ACR, Server};
use url::Url;

in_both_faces! {
    a_stronger_login_is_asked_for_and_serves,
    a_scope_that_lacks_is_asked_for_and_serves,
}

fn client_of(face: Face, server: &Server) -> Client {
    client!(
        face,
        discover(server.issuer().as_str()).client("svc", "secret").redirect_uri("http://127.0.0.1:4711/callback")
    )
    .unwrap()
}

fn logged_in(client: &Client, started: Result<(Url, Pending)>, server: &Server) -> Session {
    let (url, pending) = started.unwrap();
    let login = client.finish(pending, callback_of(&url).as_str()).unwrap();
    login_session!(login, allow_origin(&server.url("")).unwrap()).unwrap()
}

fn missing(session: &Session, url: &str) -> std::sync::Arc<Insufficient> {
    match session.get(url) {
        Err(Error::Insufficient(missing)) => missing,
        other => panic!("{other:?}"),
    }
}

fn step_up(session: &Session, missing: &Insufficient) -> Result<(Url, Pending)> {
    match session {
        Session::Async(session) => faces::RUNTIME.block_on(session.step_up(missing)),
        Session::Blocking(session) => session.step_up(missing),
    }
}

fn a_stronger_login_is_asked_for_and_serves(face: Face) {
    let server = Server::builder().auto_approve("alice").start();
    let client = client_of(face, &server);
    let start = client.start(AuthorizationRequest::new().scope("openid orders"));
    let session = logged_in(&client, start, &server);
    let url = server.url("/api/step-up");
    let missing = missing(&session, &url);
    assert_eq!(missing.acr_values.as_deref(), Some(STRONG_ACR));
    let session = logged_in(&client, step_up(&session, &missing), &server);
    assert_eq!(session.get(&url).unwrap().status(), 200);
    let asked = server.requests_to(Endpoint::Authorize);
    let last = asked.last().unwrap();
    let value = |name| last.query_value(name).unwrap();
    assert_eq!([value("scope"), value("max_age"), value("acr_values")], ["openid orders", "60", STRONG_ACR]);
}

fn a_scope_that_lacks_is_asked_for_and_serves(face: Face) {
    let server = Server::builder().auto_approve("alice").start();
    let client = client_of(face, &server);
    let session = logged_in(&client, client.start(AuthorizationRequest::new().scope("orders")), &server);
    let url = server.url("/api/scope/refunds");
    let missing = missing(&session, &url);
    let session = logged_in(&client, step_up(&session, &missing), &server);
    assert_eq!(session.get(&url).unwrap().status(), 200);
    let scope = session.token().unwrap().scope.clone().unwrap();
    assert!(scope.contains("orders") && scope.contains("refunds"), "{scope}");
}
