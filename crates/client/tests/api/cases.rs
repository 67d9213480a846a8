// One source for both faces. Around it: `ApiClient`, `Client`, `SessionBuilder`, `enter()` and `run(call)`.

use crate::recorder::Recorder;
use grantee::error::InsufficientKind;
use grantee::ports::Request;
use grantee::{Booleans, ClientCredentials, Error, NoneFields, Placement, Token};
use grantor::{Endpoint, Server};
use http::Method;
use serde::Serialize;
use std::time::Duration;

/// An API that nobody answers, and what is sent there.
fn recorded() -> (Recorder, ApiClient) {
    let recorder = Recorder::default();
    let api = ApiClient::builder("https://api.example/v1").http(recorder.clone()).build().unwrap();
    (recorder, api)
}

/// A session at a server that answers from a list, these tokens first.
fn session(recorder: &Recorder, tokens: &[&'static str]) -> SessionBuilder {
    let _guard = enter();
    for token in tokens {
        recorder.answer(200, &[], token);
    }
    let client = Client::at("https://as.example/token").client("svc", "secret").http(recorder.clone()).build().unwrap();
    client.session(ClientCredentials::new())
}

const AT1: &str = r#"{"access_token":"at1","token_type":"Bearer","expires_in":3600}"#;
const AT2: &str = r#"{"access_token":"at2","token_type":"Bearer","expires_in":3600}"#;

/// A session at grantor, its API, and the client.
fn real(server: &Server) -> ApiClient {
    let _guard = enter();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    client.session(ClientCredentials::new().scope("read")).api(&server.url("/api")).unwrap()
}

#[derive(Serialize)]
struct Filter {
    open: bool,
    after: Option<&'static str>,
    tag: Vec<&'static str>,
}

const FILTER: Filter = Filter { open: true, after: None, tag: vec![] };

#[test]
fn every_method_goes_out_as_it_is() {
    let (recorder, api) = recorded();
    run(api.get("x").send()).unwrap();
    run(api.post("x").send()).unwrap();
    run(api.put("x").send()).unwrap();
    run(api.patch("x").send()).unwrap();
    run(api.delete("x").send()).unwrap();
    run(api.head("x").send()).unwrap();
    run(api.request(Method::from_bytes(b"PURGE").unwrap(), "x").send()).unwrap();
    let methods: Vec<_> = recorder.sent().iter().map(|sent| sent.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "PURGE"]);
    assert_eq!(recorder.sent()[0], "GET https://api.example/v1/x\n\n");
}

#[test]
fn a_path_is_a_string_or_parts_below_the_base() {
    let (recorder, api) = recorded();
    let id = String::from("a/b");
    run(api.get("orders/open").send()).unwrap();
    run(api.get("/orders/open").send()).unwrap();
    run(api.get(["users", &id, "details"]).send()).unwrap();
    run(api.get(("users", 1234, "details")).send()).unwrap();
    run(api.get(0).send()).unwrap();
    run(api.get(vec!["", "x"]).send()).unwrap();
    run(api.get("").send()).unwrap();
    let urls: Vec<_> = recorder.sent().iter().map(|sent| sent.trim_end().split(' ').next_back().unwrap().to_owned()).collect();
    let below = |path: &str| format!("https://api.example/v1{path}");
    assert_eq!(
        urls,
        ["/orders/open", "/orders/open", "/users/a%2Fb/details", "/users/1234/details", "/0", "//x", ""].map(below)
    );
}

#[test]
fn nothing_is_sent_to_a_path_that_could_leave_the_base() {
    let (recorder, api) = recorded();
    for path in ["..", "../x", "a/%2e%2e/b", "a%2fb", "a\\b", "//other.host/x", "https://other.host/x", "x?y=z", "x#y"] {
        let error = run(api.get(path).send()).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && error.hint().is_some(), "{path}: {error}");
        api.sub(path).unwrap_err();
    }
    assert!(matches!(run(api.get(["users", ".."]).send()), Err(Error::Config(_))));
    assert!(recorder.sent().is_empty());
}

#[test]
fn query_headers_and_limits_of_the_client_and_of_the_request_add_up() {
    let (recorder, api) = recorded();
    let api = api.query("api-version", 2).unwrap().header("x-client", "c").unwrap().header("accept", "a/b").unwrap();
    run(api
        .get("x")
        .query("q", "a b&c")
        .query("tag", ["x", "y"])
        .query("none", None::<u8>)
        .query_opt("some", Some(1))
        .query_opt("none", None::<u8>)
        .query_all(&FILTER)
        .header("accept", "c/d")
        .header("accept", "e/f")
        .timeout(Duration::from_secs(7))
        .max_body(9)
        .send())
    .unwrap();
    assert_eq!(
        recorder.sent(),
        ["GET https://api.example/v1/x?api-version=2&q=a+b%26c&tag=x&tag=y&some=1&open=true\naccept: c/d\naccept: e/f\nx-client: c\n\n"]
    );
    assert_eq!((recorder.limits()[0].body, recorder.limits()[0].total), (9, Some(Duration::from_secs(7))));
}

#[test]
fn answers_may_have_16_mib_unless_told_otherwise() {
    let (recorder, api) = recorded();
    run(api.get("x").send()).unwrap();
    run(api.max_body(5).timeout(Duration::from_secs(3)).sub("y").unwrap().get("x").send()).unwrap();
    let limits: Vec<_> = recorder.limits().iter().map(|limits| (limits.body, limits.total)).collect();
    assert_eq!(limits, [(16 * 1024 * 1024, None), (5, Some(Duration::from_secs(3)))]);
}

#[test]
fn bodies_say_what_they_are() {
    let (recorder, api) = recorded();
    run(api.post("x").json(&serde_json::json!({"a": null, "b": [1]})).send()).unwrap();
    run(api.post("x").form([("a", "1"), ("b", "x y")]).form(&FILTER).send()).unwrap();
    run(api.post("x").header("content-type", "text/plain").body("hello").send()).unwrap();
    run(api.post("x").header("content-type", "application/merge-patch+json").json(&[1]).send()).unwrap();
    assert_eq!(
        recorder.sent(),
        [
            "POST https://api.example/v1/x\ncontent-type: application/json\n\n{\"a\":null,\"b\":[1]}",
            "POST https://api.example/v1/x\ncontent-type: application/x-www-form-urlencoded\n\na=1&b=x+y&open=true",
            "POST https://api.example/v1/x\ncontent-type: text/plain\n\nhello",
            "POST https://api.example/v1/x\ncontent-type: application/merge-patch+json\n\n[1]",
        ]
    );
}

#[test]
fn none_and_booleans_are_the_users_choice() {
    let (recorder, api) = recorded();
    run(api.clone().none_fields(NoneFields::Empty).booleans(Booleans::OneZero).post("x").form(&FILTER).send()).unwrap();
    run(api.none_fields(NoneFields::Null).booleans(Booleans::Words("yes", "no")).get("x").query("b", false).query_all(&FILTER).send())
        .unwrap();
    assert!(recorder.sent()[0].ends_with("\n\nopen=1&after="), "{}", recorder.sent()[0]);
    assert!(recorder.sent()[1].starts_with("GET https://api.example/v1/x?b=no&open=yes&after=null\n"), "{}", recorder.sent()[1]);
}

#[test]
fn what_makes_no_request_is_told_when_it_is_sent_and_nothing_goes_out() {
    let (recorder, api) = recorded();
    let nested = serde_json::json!({"where": {"s3cret": 1}});
    for request in [
        api.get("x").query_all(&nested),
        api.get("x").query("where", &nested),
        api.post("x").form("s3cret"),
        api.get("x").header("bad name", "s3cret"),
        api.get("x").header("x-name", "s3cret\n"),
        api.post("x").json(&std::collections::BTreeMap::from([((1, 2), "s3cret")])),
    ] {
        let error = run(request.send()).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("s3cret"), "{error}");
    }
    assert!(recorder.sent().is_empty());
}

#[test]
fn authentication_is_none_basic_bearer_or_a_function() {
    let (recorder, api) = recorded();
    run(api.get("x").send()).unwrap();
    run(api.clone().basic("user", "pass:word\u{e9}").unwrap().get("x").send()).unwrap();
    run(api.clone().bearer("t0ken").unwrap().get("x").header("authorization", "Bearer other").send()).unwrap();
    let signed = api.authenticate_with(|request: &mut Request| {
        let uri = format!("{}?sig={}", request.uri(), request.body().len());
        *request.uri_mut() = uri.parse()?;
        Ok(())
    });
    run(signed.post("x").body("abc").send()).unwrap();
    assert_eq!(
        recorder.sent(),
        [
            "GET https://api.example/v1/x\n\n",
            "GET https://api.example/v1/x\nauthorization: Basic dXNlcjpwYXNzOndvcmTDqQ==\n\n",
            "GET https://api.example/v1/x\nauthorization: Bearer t0ken\n\n",
            "POST https://api.example/v1/x?sig=3\n\nabc",
        ]
    );
}

#[test]
fn credentials_that_no_header_can_carry_are_refused() {
    let (_, api) = recorded();
    api.clone().basic("us:er", "s3cret").unwrap_err();
    api.clone().basic("user", "s3cret\n").unwrap_err();
    api.clone().bearer("").unwrap_err();
    api.bearer("two words").unwrap_err();
}

#[test]
fn a_function_that_fails_or_moves_the_request_stops_it() {
    let (recorder, api) = recorded();
    let failing = api.clone().authenticate_with(|_: &mut Request| Err("no key".into()));
    let error = run(failing.get("x").send()).unwrap_err();
    assert_eq!(error.to_string(), "authenticate_with: no key");
    for elsewhere in ["https://other.example/v1/x", "http://api.example/v1/x", "https://api.example:8443/v1/x", "/v1/x"] {
        let moving = api.clone().authenticate_with(move |request: &mut Request| {
            *request.uri_mut() = elsewhere.parse()?;
            Ok(())
        });
        assert!(matches!(run(moving.get("x").send()), Err(Error::Config(_))));
    }
    assert!(recorder.sent().is_empty());
}

#[test]
fn http_is_good_enough_until_something_secret_is_sent() {
    let recorder = Recorder::default();
    let api = |base: &str| ApiClient::builder(base).http(recorder.clone());
    let plain = api("http://api.example").build().unwrap();
    run(plain.get("x").send()).unwrap();
    run(plain.sub("y").unwrap().get("x").send()).unwrap();
    let sent = recorder.sent().len();
    let mut sensitive = http::HeaderValue::from_static("s3cret");
    sensitive.set_sensitive(true);
    for request in [
        plain.clone().basic("u", "p").unwrap().get("x"),
        plain.clone().bearer("t").unwrap().get("x"),
        plain.clone().authenticate_with(|_: &mut Request| Ok(())).get("x"),
        plain.get("x").header("authorization", "x"),
        plain.get("x").header("cookie", "x"),
        plain.get("x").header("x-key", sensitive),
    ] {
        let error = run(request.send()).unwrap_err();
        assert!(matches!(error, Error::Config(_)) && error.to_string().contains("danger().allow_http()"), "{error}");
    }
    session(&recorder, &[]).api("http://api.example").unwrap_err();
    assert_eq!(recorder.sent().len(), sent);
    run(api("http://127.0.0.1:8080").build().unwrap().bearer("t").unwrap().get("x").send()).unwrap();
    run(api("http://api.example").danger().allow_http().build().unwrap().bearer("t").unwrap().get("x").send()).unwrap();
    assert_eq!(recorder.sent().len(), sent + 2);
}

#[test]
fn a_sub_api_inherits_everything() {
    let (recorder, api) = recorded();
    let api = api.query("v", 1).unwrap().header("x-a", "b").unwrap().bearer("t").unwrap().booleans(Booleans::OneZero).error_for_status(false);
    let users = api.sub("users").unwrap();
    let details = users.sub((7, "details")).unwrap();
    recorder.answer(404, &[], "");
    assert_eq!(run(details.get("/x").query("b", true).send()).unwrap().status(), 404);
    assert_eq!((users.base(), details.base()), ("https://api.example/v1/users", "https://api.example/v1/users/7/details"));
    assert_eq!(
        recorder.sent(),
        ["GET https://api.example/v1/users/7/details/x?v=1&b=1\nauthorization: Bearer t\nx-a: b\n\n"]
    );
}

#[test]
fn an_error_status_is_an_error_with_everything_at_hand() {
    let (recorder, api) = recorded();
    recorder.answer(503, &[("retry-after", "7"), ("x-id", "1")], "s3cret");
    let error = run(api.get("x").send()).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.code(), error.is_transient()), ("api call: status 503, try again in 7 s", "http_status", true));
    let Error::Status(status) = &error else { panic!("{error:?}") };
    assert_eq!((status.status, &status.headers["x-id"], &status.body[..]), (503, &"1".parse().unwrap(), &b"s3cret"[..]));
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[test]
fn client_and_request_each_say_whether_an_error_status_is_an_error() {
    let (recorder, api) = recorded();
    for _ in 0..4 {
        recorder.answer(404, &[], "gone");
    }
    assert_eq!(run(api.get("x").accept_error_status().send()).unwrap().text().unwrap(), "gone");
    let lenient = api.error_for_status(false);
    assert_eq!(run(lenient.get("x").send()).unwrap().status(), 404);
    assert_eq!(run(lenient.get("x").error_for_status(true).send()).unwrap_err().status(), Some(404));
    assert_eq!(run(lenient.error_for_status(true).get("x").send()).unwrap_err().status(), Some(404));
}

#[test]
fn a_session_puts_its_token_where_it_was_told() {
    for (placement, expected) in [
        (Placement::Header, "POST https://api.example/x\nauthorization: Bearer at1\ncontent-type: application/x-www-form-urlencoded\n\na=1"),
        (Placement::FormBody, "POST https://api.example/x\ncontent-type: application/x-www-form-urlencoded\n\na=1&access_token=at1"),
        (
            Placement::Query,
            "POST https://api.example/x?access_token=at1\ncache-control: no-store\ncontent-type: application/x-www-form-urlencoded\n\na=1",
        ),
    ] {
        let recorder = Recorder::default();
        let api = session(&recorder, &[AT1]).placement(placement).api("https://api.example").unwrap();
        run(api.post("x").form([("a", 1)]).send()).unwrap();
        assert_eq!(recorder.sent()[1], expected);
    }
}

#[test]
fn a_form_token_on_another_body_is_refused() {
    let recorder = Recorder::default();
    let api = session(&recorder, &[AT1]).placement(Placement::FormBody).api("https://api.example").unwrap();
    assert!(matches!(run(api.post("x").json(&1).send()), Err(Error::Config(_))));
    assert!(matches!(run(api.get("x").send()), Err(Error::Config(_))));
    assert_eq!(recorder.sent().len(), 1, "the token request alone");
}

#[test]
fn an_answer_from_another_origin_is_refused() {
    let (recorder, api) = recorded();
    recorder.answer_from("https://other.example/v1/x");
    assert!(matches!(run(api.get("x").send()), Err(Error::Rule(_))));
    recorder.answer_from("https://api.example/elsewhere");
    run(api.get("x").send()).unwrap();
}

#[test]
fn a_session_of_a_given_token_calls_without_a_token_request() {
    let recorder = Recorder::default();
    let _guard = enter();
    let client = Client::at("https://as.example/token").client("svc", "secret").http(recorder.clone()).build().unwrap();
    let api = client.session_of(Token::bearer("given")).api("https://api.example").unwrap();
    run(api.get("x").send()).unwrap();
    assert_eq!(recorder.sent(), ["GET https://api.example/x\nauthorization: Bearer given\n\n"]);
    assert!(api.session().unwrap().held().is_some());
    assert!(api.bearer("t").unwrap().session().is_none());
}

#[test]
fn the_http_client_underneath_is_reachable() {
    #[allow(unused_imports)]
    use grantee::{blocking::Http as _, ports::Http as _};
    let (recorder, api) = recorded();
    let request = api.get("x").build().unwrap();
    run(api.http().send(request)).unwrap();
    assert_eq!(recorder.sent(), ["GET https://api.example/v1/x\n\n"]);
}

#[test]
fn debug_shows_neither_credentials_nor_content() {
    let (_, api) = recorded();
    let api = api.header("x-key", "s3cret").unwrap().bearer("s3cret").unwrap();
    let request = api.post("x").query("q", "s3cret").header("x-key", "s3cret").body("s3cret");
    assert_eq!(
        format!("{api:?} {request:?}").matches("s3cret").count(),
        0,
        "{api:?} {request:?}"
    );
}

#[test]
fn a_rejected_token_is_renewed_and_the_request_sent_once_more() {
    let server = Server::start();
    let api = real(&server);
    run(api.get("x").send()).unwrap();
    server.expire_access_tokens();
    let answer = run(api.post("orders").json(&["a"]).send()).unwrap();
    assert_eq!(answer.json::<serde_json::Value>().unwrap()["body"], "[\"a\"]");
    assert_eq!((server.count(Endpoint::Token), server.count(Endpoint::Api)), (2, 3));
    let counters = api.session().unwrap().source().client().counters();
    assert_eq!((counters.api_requests, counters.api_retries), (3, 1));
}

#[test]
fn a_401_without_a_challenge_or_without_an_error_rejects_the_token_too() {
    for challenge in [&[][..], &[("www-authenticate", "Bearer realm=\"a\"")], &[("www-authenticate", "Basic")]] {
        let recorder = Recorder::default();
        let session = session(&recorder, &[AT1]);
        recorder.answer(401, challenge, "").answer(200, &[], AT2).answer(200, &[], "done");
        let api = session.api("https://api.example").unwrap();
        let request = api.post("x").query("q", 1).header("x-a", "b").body("abc");
        assert_eq!(run(request.send()).unwrap().text().unwrap(), "done");
        let sent = recorder.sent();
        let whole = |token| format!("POST https://api.example/x?q=1\nauthorization: Bearer {token}\nx-a: b\n\nabc");
        assert_eq!((sent.len(), &sent[1], &sent[3]), (4, &whole("at1"), &whole("at2")));
    }
}

#[test]
fn a_second_401_is_the_answer() {
    let server = Server::start();
    let api = real(&server);
    let error = run(api.get("challenge").query("with", "Bearer error=\"invalid_token\"").send()).unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), "http_status"));
    assert_eq!((server.count(Endpoint::Token), server.count(Endpoint::Api)), (2, 2));
}

#[test]
fn what_the_token_lacks_is_named_and_nothing_is_sent_again() {
    let server = Server::start();
    let api = real(&server);
    for api in [api.clone(), api.error_for_status(false)] {
        let Err(Error::Insufficient(lacking)) = run(api.get("scope/write").send()) else { panic!() };
        assert_eq!((lacking.kind, lacking.scope.as_ref().unwrap().to_string().as_str()), (InsufficientKind::Scope, "write"));
        let Err(Error::Insufficient(lacking)) = run(api.get("step-up").send()) else { panic!() };
        assert_eq!((lacking.kind, lacking.max_age), (InsufficientKind::UserAuthentication, Some(60)));
    }
    assert_eq!((server.count(Endpoint::Token), server.count(Endpoint::Api)), (1, 4));
}

#[test]
fn redirects_are_answers_and_nothing_follows_them() {
    let (server, other) = (Server::start(), Server::start());
    let to = other.url("/api/x");
    for api in [real(&server), ApiClient::new(&server.url("/api")).unwrap().bearer(server.issue("svc", None, "").access_token).unwrap()] {
        let _guard = enter();
        let answer = run(api.get("redirect").query("to", &to).send()).unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (302, to.as_str()));
    }
    assert!(other.requests().is_empty());
}

#[test]
fn an_open_api_needs_no_session() {
    let server = Server::start();
    let api = ApiClient::new(&server.url("/public")).unwrap();
    let echo: serde_json::Value = run(api.put(("a b", "")).query("n", 1).body("hello").send()).unwrap().json().unwrap();
    assert_eq!((&echo["method"], &echo["path"], &echo["query"], &echo["body"]), (&"PUT".into(), &"/public/a%20b/".into(), &"n=1".into(), &"hello".into()));
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[test]
fn an_answer_larger_than_allowed_is_refused() {
    let server = Server::start();
    let error = run(real(&server).get("x").max_body(10).send()).unwrap_err();
    assert_eq!(error.code(), "answer_too_large");
    assert!(error.to_string().contains("more than 10 bytes"), "{error}");
}
