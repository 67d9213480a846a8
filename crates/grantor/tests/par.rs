//! Pushed authorization requests, RFC 9126.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::*;
use grantor::{Client, Endpoint, Misbehaviour, Server, SigningKey};
use serde_json::{Map, json};

const REQUEST: [(&str, &str); 8] = [
    ("response_type", "code"),
    ("client_id", "public"),
    ("redirect_uri", CALLBACK),
    ("scope", "openid"),
    ("state", "pushed"),
    ("nonce", "n"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = REQUEST.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect()
}

fn push(server: &Server, more: &[(&str, &str)]) -> Answer {
    post(server, "/par", &with(more))
}

fn authorize(server: &Server, client: &str, request_uri: &str) -> Answer {
    get(server, &format!("/authorize?{}", encode(&[("client_id", client), ("request_uri", request_uri)])))
}

#[test]
fn a_pushed_request_is_answered_with_a_uri_that_stands_for_it() {
    let server = auto();
    let answer = push(&server, &[]);
    assert_eq!((answer.status, answer.json()["expires_in"].clone()), (201, json!(60)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let uri = answer.text("request_uri");
    assert!(uri.strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap().len() >= 43);
    let answer = authorize(&server, "public", &uri);
    assert_eq!(answer.callback("state").as_deref(), Some("pushed"));
    assert_eq!(answer.callback("iss"), Some(server.issuer()));
    let tokens = exchange(&server, &answer.callback("code").unwrap());
    assert_eq!(claims(&tokens.text("id_token"))["nonce"], "n");
    assert_eq!(server.count(Endpoint::Par), 1);
    let metadata = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], server.url("/par"));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
}

#[test]
fn a_request_uri_is_good_once_for_its_client_and_for_its_time() {
    let server = Server::builder().auto_approve("alice").request_uri_lifetime(Duration::from_secs(90)).start();
    let uri = push(&server, &[]).text("request_uri");
    let is_page = |answer: Answer| answer.status == 400 && answer.header("location").is_none();
    assert!(is_page(authorize(&server, "svc", &uri)), "another client's");
    assert!(authorize(&server, "public", &uri).callback("code").is_some(), "and that did not use it up");
    assert!(is_page(authorize(&server, "public", &uri)), "a second time");
    assert!(is_page(authorize(&server, "public", "urn:ietf:params:oauth:request_uri:guessed")));
    let uri = push(&server, &[]).text("request_uri");
    server.advance(Duration::from_secs(90));
    assert!(is_page(authorize(&server, "public", &uri)), "too late");
}

#[test]
fn nothing_beside_the_request_uri_counts() {
    let server = auto();
    let uri = push(&server, &[]).text("request_uri");
    let more =
        [("client_id", "public"), ("request_uri", &uri), ("state", "other"), ("redirect_uri", "https://evil.example")];
    let answer = get(&server, &format!("/authorize?{}", encode(&more)));
    assert!(answer.header("location").unwrap().starts_with(CALLBACK));
    assert_eq!(answer.callback("state").as_deref(), Some("pushed"));
}

#[test]
fn what_is_wrong_is_refused_when_it_is_pushed() {
    let server = Server::builder().client(Client::new("narrow").secret("s").scope("a").response_type("code")).start();
    let narrow = [("client_id", "narrow"), ("client_secret", "s")];
    type Mistake<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let mistakes: [Mistake; 11] = [
        (&[("redirect_uri", "https://evil.example/")], 400, "invalid_request"),
        (&[("redirect_uri", "")], 400, "invalid_request"),
        (&[("response_type", "telegram")], 400, "unsupported_response_type"),
        (&[("response_type", "")], 400, "invalid_request"),
        (&[("response_mode", "telegram")], 400, "invalid_request"),
        (&[("code_challenge", "")], 400, "invalid_request"),
        (&[("request_uri", "https://client.example/r")], 400, "invalid_request"),
        (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], 400, "invalid_request"),
        (&[("resource", "relative")], 400, "invalid_target"),
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("client_id", "svc")], 401, "invalid_client"),
    ];
    for (more, status, error) in mistakes {
        let answer = push(&server, more);
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{more:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let by_narrow = |more: &[(&str, &str)]| push(&server, &[&narrow, more].concat()).error();
    assert_eq!(by_narrow(&[]), "invalid_scope");
    assert_eq!(by_narrow(&[("scope", "a"), ("response_type", "code token")]), "unauthorized_client");
    assert_eq!(send(&server, "GET", "/par", &[], "").status, 405);
    let twice = format!("{}&state=2", encode(&REQUEST));
    assert_eq!(send(&server, "POST", "/par", &[FORM], &twice).error(), "invalid_request");
}

#[test]
fn the_client_authenticates_as_at_the_token_endpoint_and_names_itself_all_the_same() {
    let key = SigningKey::fresh("ES256");
    let kim = Client::new("kim").jwks(json!({"keys": [key.jwk()]}));
    let server = Server::builder().auto_approve("alice").client(kim).start();
    let header = [FORM, ("Authorization", &*basic("svc", "secret"))];
    let by_header = |pairs: &[(&str, &str)]| send(&server, "POST", "/par", &header, &encode(&with(pairs)));
    assert_eq!(by_header(&[("client_id", "")]).error(), "invalid_request", "RFC 9126 section 2.1");
    let uri = by_header(&[("client_id", "svc")]).text("request_uri");
    assert!(authorize(&server, "svc", &uri).callback("code").is_some());
    let wrong = [FORM, ("Authorization", &*basic("svc", "wrong"))];
    assert_eq!(
        send(&server, "POST", "/par", &wrong, &encode(&with(&[("client_id", "svc")]))).error(),
        "invalid_client"
    );

    let now = server.now().as_secs();
    let assertion = |aud: String, jti: &str| {
        let claims = json!({"iss": "kim", "sub": "kim", "aud": aud, "exp": now + 60, "jti": jti});
        key.sign(Map::new(), claims.as_object().unwrap().clone())
    };
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let by_key =
        |assertion: String| push(&server, &[("client_id", "kim"), kind, ("client_assertion", &assertion)]).status;
    assert_eq!(by_key(assertion(server.issuer(), "1")), 201);
    assert_eq!(by_key(assertion(server.url("/par"), "2")), 401, "unless the server is tolerant");
    let tolerant = Server::builder()
        .client(Client::new("kim").jwks(json!({"keys": [key.jwk()]})))
        .tolerant_assertion_audience(true)
        .start();
    let assertion = assertion(tolerant.url("/par"), "3");
    assert_eq!(push(&tolerant, &[("client_id", "kim"), kind, ("client_assertion", &assertion)]).status, 201);
}

#[test]
fn a_server_or_a_client_may_want_every_request_pushed() {
    let server = Server::builder().auto_approve("alice").require_pushed_authorization_requests().start();
    let refused = get(&server, &authorize_target(&[]));
    assert_eq!(refused.callback("error").as_deref(), Some("invalid_request"));
    assert_eq!(refused.callback("state").as_deref(), Some("af0ifjsldkj"));
    let uri = push(&server, &[]).text("request_uri");
    assert!(authorize(&server, "public", &uri).callback("code").is_some());
    let metadata = get(&server, "/.well-known/openid-configuration").json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);

    let client = Client::new("pushy").require_pushed_authorization_requests();
    let server = Server::builder().auto_approve("alice").client(client).start();
    let refused = get(&server, &authorize_target(&[("client_id", "pushy")]));
    assert_eq!(refused.callback("error").as_deref(), Some("invalid_request"));
    assert!(get(&server, &authorize_target(&[])).callback("code").is_some());
}

#[test]
fn the_faults_of_a_callback_apply_to_a_pushed_request_too() {
    let server = auto();
    let by = |misbehaviour: Misbehaviour| {
        server.misbehave_times(Endpoint::Authorize, 1, misbehaviour);
        let uri = push(&server, &[]).text("request_uri");
        authorize(&server, "public", &uri)
    };
    assert_eq!(by(Misbehaviour::WrongIssuer("https://x.example".into())).callback("iss").unwrap(), "https://x.example");
    assert_eq!(by(Misbehaviour::OmitMember("iss".into())).callback("iss"), None);
    assert_ne!(by(Misbehaviour::WrongState).callback("state").unwrap(), "pushed");
    assert_eq!(by(Misbehaviour::OmitMember("state".into())).callback("state"), None);
    server.misbehave_times(Endpoint::Par, 1, Misbehaviour::OmitMember("request_uri".into()));
    assert!(push(&server, &[]).json().get("request_uri").is_none());
    server.misbehave_times(Endpoint::Par, 1, Misbehaviour::Html);
    assert!(push(&server, &[]).body.contains("<html"));
}

#[test]
fn a_person_sees_the_pages_of_a_pushed_request() {
    let server = Server::start();
    let uri = push(&server, &[("login_hint", "alice")]).text("request_uri");
    let page = authorize(&server, "public", &uri);
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#"value="alice""#));
}
