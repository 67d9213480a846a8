//! The protected API and the open one.

mod common;

use common::*;
use grantor::{Endpoint, Jwt, JwtFault, STRONG_ACR, Server};
use serde_json::json;

#[test]
fn no_token_gives_a_challenge_without_an_error_and_a_bad_one_names_it() {
    let server = Server::start();
    for headers in [&[][..], &[("Authorization", "Basic eDp5")]] {
        let answer = send(&server, "GET", "/api/orders", headers, "");
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="grantor""#));
    }
    let bad = get_with(&server, "/api/orders", "nonsense");
    assert_eq!((bad.status, bad.error().as_str()), (401, "invalid_token"));
    assert!(bad.header("www-authenticate").unwrap().starts_with(r#"Bearer realm="grantor", error="invalid_token""#));
}

#[test]
fn the_api_echoes_what_arrived_and_whose_token_it_was() {
    let server = Server::start();
    let token = server.issue("svc", Some("alice"), "read").access_token;
    let auth = format!("bEARER {token}");
    let answer = send(&server, "PUT", "/api/a%20b?x=1&y", &[("Authorization", &auth), ("X-Odd", "1")], "hello");
    let echo = answer.json();
    assert_eq!(
        (&echo["method"], &echo["path"], &echo["query"], &echo["body"]),
        (&json!("PUT"), &json!("/api/a%20b"), &json!("x=1&y"), &json!("hello"))
    );
    assert_eq!((&echo["sub"], &echo["client_id"], &echo["scope"]), (&json!("alice"), &json!("svc"), &json!("read")));
    assert_eq!(echo["headers"]["x-odd"], "1");
    assert!(!answer.body.contains(&token));
}

#[test]
fn a_token_may_come_in_a_form_and_not_twice() {
    let server = Server::start();
    let token = server.issue("svc", None, "").access_token;
    let form = post(&server, "/api", &[("access_token", &token), ("a", "1")]);
    assert_eq!((form.status, form.text("body").as_str()), (200, "a=1"));
    let both = send(
        &server,
        "POST",
        "/api",
        &[FORM, ("Authorization", &format!("Bearer {token}"))],
        &encode(&[("access_token", &token)]),
    );
    assert_eq!((both.status, both.error().as_str()), (400, "invalid_request"));
    assert_eq!(get(&server, &format!("/api?access_token={token}")).status, 401, "the query is not looked at");
}

#[test]
fn some_paths_have_wishes_of_their_own() {
    let server = Server::start();
    let token = server.issue("svc", Some("alice"), "read").access_token;
    assert_eq!(get_with(&server, "/api/scope/read", &token).status, 200);
    let lacking = get_with(&server, "/api/scope/write", &token);
    assert_eq!((lacking.status, lacking.error().as_str()), (403, "insufficient_scope"));
    assert!(lacking.header("www-authenticate").unwrap().contains(r#"scope="write""#));
    for status in [204, 304, 404, 418, 500] {
        assert_eq!(get_with(&server, &format!("/api/status/{status}"), &token).status, status);
    }
    let redirect = get_with(&server, "/api/redirect?to=https%3A%2F%2Felsewhere.example%2F", &token);
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("https://elsewhere.example/")));
    let bare = get_with(&server, "/api/bare-401", &token);
    assert_eq!((bare.status, bare.header("www-authenticate")), (401, None));
    assert_eq!(get_with(&server, "/api/bare-401", &token).status, 200);
    let literal = get_with(&server, "/api/challenge?with=Negotiate&with=Bearer%20x%3D1", &token);
    assert_eq!(literal.head.matches("WWW-Authenticate: ").count(), 2);
    let injected = get_with(&server, "/api/redirect?to=a%0D%0AX-Bad:%201", &token);
    assert!(!injected.head.contains("X-Bad"));
}

#[test]
fn step_up_is_asked_for_and_can_be_had() {
    let server = auto();
    let weak = exchange(&server, &code(&server)).text("access_token");
    let answer = get_with(&server, "/api/step-up", &weak);
    assert_eq!((answer.status, answer.error().as_str()), (401, "insufficient_user_authentication"));
    let challenge = answer.header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains(&format!(r#"acr_values="{STRONG_ACR}""#)) && challenge.contains(r#"max_age="60""#));
    let code = get(&server, &authorize_target(&[("acr_values", STRONG_ACR)])).callback("code").unwrap();
    let strong = exchange(&server, &code).text("access_token");
    assert_eq!(get_with(&server, "/api/step-up", &strong).status, 200);
}

#[test]
fn public_needs_no_token() {
    let server = Server::start();
    let echo = post(&server, "/public/form", &[("a", "b")]);
    assert_eq!((echo.status, echo.text("body").as_str()), (200, "a=b"));
    assert_eq!(server.count(Endpoint::Api), 0);
    assert_eq!(server.count(Endpoint::Other), 1);
}

#[test]
fn the_log_tells_what_arrived_and_how_it_was_answered() {
    let server = Server::start();
    post(&server, "/token?q=1", &[("grant_type", "magic"), ("client_id", "public")]);
    let requests = server.requests_to(Endpoint::Token);
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str(), request.status), ("POST", "/token", Some(400)));
    assert_eq!(request.query_pairs(), [("q".to_owned(), "1".to_owned())]);
    assert_eq!(request.form_value("grant_type").as_deref(), Some("magic"));
    assert_eq!(request.header("host"), Some("localhost"));
    server.clear_log();
    assert!(server.requests().is_empty());
    assert_eq!(server.count(Endpoint::Token), 0);
    let quiet = Server::builder().log_limit(1).start();
    get(&quiet, "/public/1");
    get(&quiet, "/public/2");
    assert_eq!((quiet.requests().len(), quiet.requests()[0].path.as_str()), (1, "/public/2"));
    assert_eq!(quiet.count(Endpoint::Other), 2);
}

#[test]
fn a_signed_answer_names_the_client_and_can_be_wrong_like_any_jwt() {
    let server = Server::start();
    let token = server.issue("svc", None, "a").access_token;
    let answer = get_with(&server, "/api/signed", &token);
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    assert!(is_by_server(&server, &answer.body));
    let inside = claims(&answer.body);
    assert_eq!((&inside["iss"], &inside["aud"]), (&server.issuer().into(), &"svc".into()));
    assert_eq!(inside["data"]["path"], "/api/signed");
    server.misbehave_jwt_times(Jwt::ApiAnswer, 1, JwtFault::claim("aud", vec!["svc"]));
    let inside = claims(&get_with(&server, "/api/signed", &token).body);
    assert_eq!(inside["aud"], serde_json::json!(["svc"]));
    server.misbehave_jwt_times(Jwt::ApiAnswer, 1, JwtFault::BrokenSignature);
    assert!(!is_by_server(&server, &get_with(&server, "/api/signed", &token).body));
    assert_eq!(get(&server, "/api/signed").status, 401);
}
