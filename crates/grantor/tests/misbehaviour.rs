//! Every misbehaviour, as it looks on the wire.

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use common::*;
use grantor::{Endpoint, Misbehaviour, Server};
use serde_json::json;

const CREDENTIALS: &[(&str, &str)] = &[("grant_type", "client_credentials"), ("scope", "a")];

fn token_with(misbehaviour: Misbehaviour) -> Answer {
    let server = Server::start();
    server.misbehave(Endpoint::Token, misbehaviour);
    svc(&server, "/token", CREDENTIALS)
}

fn callback_with(misbehaviour: Misbehaviour) -> (Server, Answer) {
    let server = auto();
    server.misbehave(Endpoint::Authorize, misbehaviour);
    let answer = get(&server, &authorize_target(&[]));
    (server, answer)
}

#[test]
fn a_status_comes_with_retry_after_and_without_an_oauth_error() {
    let answer = token_with(Misbehaviour::Status { status: 503, retry_after: Some(3) });
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("3")));
    assert!(answer.json().get("error").is_none());
}

#[test]
fn an_oauth_error_is_a_body_a_challenge_or_a_callback() {
    let error = || Misbehaviour::OAuthError {
        status: 400,
        error: "temporarily_unavailable".into(),
        description: Some("later".into()),
    };
    let answer = token_with(error());
    assert_eq!(
        (answer.status, answer.json()),
        (400, json!({"error": "temporarily_unavailable", "error_description": "later"}))
    );
    let (_server, callback) = callback_with(error());
    assert_eq!(callback.callback("error").as_deref(), Some("temporarily_unavailable"));
    assert!(callback.callback("code").is_none() && callback.callback("state").is_some());
    let server = Server::start();
    server.misbehave(Endpoint::Api, error());
    let challenge = get(&server, "/api").header("www-authenticate").unwrap().to_owned();
    assert!(challenge.contains(r#"error="temporarily_unavailable""#));
}

#[test]
fn a_stall_says_nothing_until_the_server_stops() {
    let server = Server::start();
    server.misbehave(Endpoint::Token, Misbehaviour::Stall);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.write_all(&request_bytes("POST", "/token", &[], "")).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let waited = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(waited.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waited}");
    assert_eq!(server.requests_to(Endpoint::Token)[0].status, None);
    assert_eq!(get(&server, "/public").status, 200, "the others go on");
    server.stop();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_reset_comes_before_the_work_or_after_it() {
    let server = Server::start();
    let token = server.issue("public", Some("alice"), "").refresh_token;
    let body = encode(&[("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", &token)]);
    let lost = || try_send(&server, "POST", "/token", &[FORM], &body).unwrap_err().kind();

    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::Reset);
    assert_eq!(lost(), ErrorKind::ConnectionReset);
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::ResetAfterProcessing);
    assert_eq!(lost(), ErrorKind::ConnectionReset);
    // The second one rotated the token, so that this is a reuse.
    assert_eq!(refresh(&server, &token).error(), "invalid_grant");
    assert_eq!(server.families_revoked(), 1);
}

#[test]
fn a_truncated_answer_promises_more_than_it_holds() {
    let answer = token_with(Misbehaviour::Truncate);
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert!(!answer.body.is_empty() && answer.body.len() < promised);
    let (_server, callback) = callback_with(Misbehaviour::Truncate);
    assert_eq!((callback.body.as_str(), callback.header("content-length")), ("", Some("64")));
}

#[test]
fn html_text_and_literal_bodies_come_instead_of_json() {
    let html = token_with(Misbehaviour::Html);
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = token_with(Misbehaviour::NotJson("{\"access_token\":".into()));
    assert_eq!((text.header("content-type"), text.body.as_str()), (Some("application/json"), "{\"access_token\":"));
    let body = Misbehaviour::Body { status: 299, content_type: "text/odd".into(), body: "x".into() };
    let literal = token_with(body);
    assert_eq!((literal.status, literal.header("content-type"), literal.body.as_str()), (299, Some("text/odd"), "x"));
}

#[test]
fn a_huge_answer_is_still_valid_json() {
    let answer = token_with(Misbehaviour::Huge(5 << 20));
    assert!(answer.body.len() > 5 << 20);
    assert!(answer.json()["access_token"].is_string());
    let server = Server::start();
    server.misbehave(Endpoint::Revocation, Misbehaviour::Huge(1000));
    assert!(svc(&server, "/revoke", &[("token", "x")]).json()["padding"].is_string());
}

#[test]
fn a_redirect_takes_a_post_along() {
    let answer = token_with(Misbehaviour::Redirect("http://evil.example/token".into()));
    assert_eq!((answer.status, answer.header("location")), (307, Some("http://evil.example/token")));
    let server = Server::start();
    server.misbehave(Endpoint::Metadata, Misbehaviour::Redirect("http://evil.example/".into()));
    assert_eq!(get(&server, "/.well-known/openid-configuration").status, 302);
}

#[test]
fn members_of_json_can_be_left_out_set_doubled_and_added() {
    let omitted = token_with(Misbehaviour::OmitMember("access_token".into()));
    assert!(omitted.json().get("access_token").is_none());
    let set = token_with(Misbehaviour::SetMember("expires_in".into(), json!("60")));
    assert_eq!(set.json()["expires_in"], "60");
    let doubled = token_with(Misbehaviour::DuplicateMember("token_type".into()));
    assert!(doubled.body.contains(r#""token_type":"Bearer""#), "{}", doubled.body);
    assert!(doubled.body.contains(r#""token_type":"Bearer-another""#));
    assert_eq!(doubled.header("cache-control"), Some("no-store"));
    let extra = token_with(Misbehaviour::ExtraParameter("x".into(), "y".into()));
    assert_eq!(extra.json()["x"], "y");
}

#[test]
fn parameters_of_the_callback_can_be_left_out_set_doubled_and_added() {
    for name in ["code", "state", "iss"] {
        let (_server, answer) = callback_with(Misbehaviour::OmitMember(name.into()));
        assert_eq!(answer.callback(name), None);
        let (_server, answer) = callback_with(Misbehaviour::DuplicateMember(name.into()));
        let location = answer.header("location").unwrap().replace('?', "&");
        assert_eq!(location.matches(&format!("&{name}=")).count(), 2);
    }
    let (_server, answer) = callback_with(Misbehaviour::SetMember("code".into(), json!("x")));
    assert_eq!(answer.callback("code").as_deref(), Some("x"));
    let (_server, answer) = callback_with(Misbehaviour::ExtraParameter("id_token".into(), "x".into()));
    assert_eq!(answer.callback("id_token").as_deref(), Some("x"));
}

#[test]
fn a_header_field_can_be_left_out() {
    let server = Server::start();
    server.misbehave(Endpoint::Api, Misbehaviour::OmitMember("WWW-Authenticate".into()));
    let answer = get(&server, "/api");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, None));
}

#[test]
fn odd_case_is_everywhere_it_must_not_matter() {
    let answer = token_with(Misbehaviour::OddCase);
    assert_eq!(answer.text("token_type"), "bEaReR");
    assert!(answer.head.contains("cOnTeNt-tYpE: "));
    let server = Server::start();
    server.misbehave(Endpoint::Api, Misbehaviour::OddCase);
    assert!(get(&server, "/api").head.contains("wWw-aUtHeNtIcAtE: bEaReR realm="));
}

#[test]
fn issuer_state_and_code_can_be_wrong() {
    let (_server, answer) = callback_with(Misbehaviour::WrongIssuer("https://evil.example".into()));
    assert_eq!(answer.callback("iss").as_deref(), Some("https://evil.example"));
    let (_server, answer) = callback_with(Misbehaviour::WrongState);
    assert_ne!(answer.callback("state").as_deref(), Some("af0ifjsldkj"));
    let (server, answer) = callback_with(Misbehaviour::ReusedCode);
    assert_eq!(exchange(&server, &answer.callback("code").unwrap()).error(), "invalid_grant");
    let server = Server::start();
    server.misbehave(Endpoint::Metadata, Misbehaviour::WrongIssuer("https://evil.example".into()));
    assert_eq!(get(&server, "/.well-known/openid-configuration").text("issuer"), "https://evil.example");
}

#[test]
fn times_are_counted_queued_and_come_before_what_lasts() {
    let server = Server::start();
    let status = |status| Misbehaviour::Status { status, retry_after: None };
    server.misbehave(Endpoint::Token, status(500));
    server.misbehave_times(Endpoint::Token, 2, status(501));
    server.misbehave_times(Endpoint::Token, 1, status(502));
    let answers: Vec<u16> = (0..5).map(|_| svc(&server, "/token", CREDENTIALS).status).collect();
    assert_eq!(answers, [501, 501, 502, 500, 500]);
    server.behave(Endpoint::Token);
    assert_eq!(svc(&server, "/token", CREDENTIALS).status, 200);
    assert_eq!(server.count(Endpoint::Token), 6);
}

#[test]
fn what_means_nothing_waits() {
    let server = Server::start();
    server.misbehave_times(Endpoint::Token, 1, Misbehaviour::OmitMember("refresh_token".into()));
    assert_eq!(svc(&server, "/token", CREDENTIALS).status, 200);
    let person = [("grant_type", "password"), ("username", "alice"), ("password", "wonderland")];
    assert!(svc(&server, "/token", &person).json().get("refresh_token").is_none());
    assert!(svc(&server, "/token", &person).json().get("refresh_token").is_some());
}

#[test]
fn the_login_page_is_shown_while_the_callback_is_to_be_wrong() {
    let server = Server::start();
    server.misbehave_times(Endpoint::Authorize, 1, Misbehaviour::WrongState);
    assert!(get(&server, &authorize_target(&[])).body.contains("Sign in"));
}

/// A request that each endpoint would answer.
fn ask(server: &Server, endpoint: Endpoint) -> std::io::Result<Vec<u8>> {
    let auth = basic("svc", "secret");
    let post = |target: &str, body: &str| try_send(server, "POST", target, &[FORM, ("Authorization", &auth)], body);
    let get = |target: &str| try_send(server, "GET", target, &[], "");
    match endpoint {
        Endpoint::Metadata => get("/.well-known/openid-configuration"),
        Endpoint::Authorize => get(&authorize_target(&[])),
        Endpoint::Token => post("/token", &encode(CREDENTIALS)),
        Endpoint::Introspection => post("/introspect", "token=x"),
        Endpoint::Revocation => post("/revoke", "token=x"),
        Endpoint::Userinfo => get("/userinfo"),
        Endpoint::Jwks => get("/jwks"),
        Endpoint::Api => get("/api"),
        Endpoint::EndSession => get("/end_session"),
        Endpoint::CheckSession => get("/check_session"),
        Endpoint::Webfinger => get("/.well-known/webfinger?resource=acct%3Aalice%40localhost"),
        Endpoint::Claims => get("/claims"),
        Endpoint::ProtectedResource => get("/.well-known/oauth-protected-resource"),
        Endpoint::DeviceAuthorization => post("/device", "scope=openid"),
        Endpoint::BackchannelAuthentication => post("/bc-authorize", "scope=openid&login_hint=alice"),
        Endpoint::Par => post("/par", "client_id=svc"),
        Endpoint::Registration => get("/register"),
        Endpoint::OAuth1TemporaryCredentials => get("/oauth1/initiate"),
        Endpoint::OAuth1Authorize => get("/oauth1/authorize"),
        Endpoint::OAuth1TokenCredentials => get("/oauth1/token"),
        Endpoint::OAuth1Api => get("/oauth1/api/photos"),
        _ => get("/public"),
    }
}

#[test]
fn every_endpoint_can_fail_be_reset_truncated_and_swollen_on_its_own() {
    let server = auto();
    for endpoint in Endpoint::ALL {
        let good = parse(&ask(&server, endpoint).unwrap());
        server.misbehave_times(endpoint, 1, Misbehaviour::Status { status: 500, retry_after: None });
        server.misbehave_times(endpoint, 1, Misbehaviour::Reset);
        server.misbehave_times(endpoint, 1, Misbehaviour::ResetAfterProcessing);
        server.misbehave_times(endpoint, 1, Misbehaviour::Truncate);
        server.misbehave_times(endpoint, 1, Misbehaviour::Huge(5000));
        for other in Endpoint::ALL.into_iter().filter(|other| *other != endpoint) {
            assert!(parse(&ask(&server, other).unwrap()).status < 500, "{other:?} while {endpoint:?} is to fail");
        }
        assert_eq!(parse(&ask(&server, endpoint).unwrap()).status, 500, "{endpoint:?}");
        for _ in 0..2 {
            assert_eq!(ask(&server, endpoint).unwrap_err().kind(), ErrorKind::ConnectionReset, "{endpoint:?}");
        }
        let truncated = parse(&ask(&server, endpoint).unwrap());
        let promised: usize = truncated.header("content-length").unwrap().parse().unwrap();
        assert!(truncated.status == good.status && truncated.body.len() < promised, "{endpoint:?}");
        assert!(ask(&server, endpoint).unwrap().len() > 5000, "{endpoint:?}");
        assert_eq!(parse(&ask(&server, endpoint).unwrap()).status, good.status, "{endpoint:?}");
    }
}
