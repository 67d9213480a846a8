use crate::support::{Home, service, with};
use grantor::{Endpoint, Server};
use serde_json::Value;

#[test]
fn the_bodys_bytes_and_nothing_else() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let url = server.url("/api/orders?x=1");
    let ran = home.run(&with(&["call", "GET", &url], &options)).exits(0);
    let echo: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&echo["client_id"], &echo["query"]), (&"svc".into(), &"x=1".into()));
    assert!(!ran.stdout.ends_with(b"\n"));
    let shown = home.run(&with(&["call", "GET", &url, "--json"], &options)).json();
    assert_eq!(shown["status"], 200);
    assert_eq!(shown["headers"]["content-type"].as_str().unwrap().split(';').next(), Some("application/json"));
    assert!(shown["body"].as_str().unwrap().contains("svc"));
}

#[test]
fn body_and_headers_are_sent() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let url = server.url("/api/orders");
    let echo = |ran: crate::support::Ran| serde_json::from_slice::<Value>(&ran.exits(0).stdout).unwrap();
    let sent =
        echo(home.run(&with(&["call", "POST", &url, "-H", "X-One: 1", "-H", "X-Two:2", "-d", r#"{"a":1}"#], &options)));
    assert_eq!((&sent["method"], &sent["body"]), (&"POST".into(), &r#"{"a":1}"#.into()));
    assert_eq!(
        (&sent["headers"]["x-one"], &sent["headers"]["content-type"]),
        (&"1".into(), &"application/json".into())
    );
    home.file("body", "from a file");
    assert_eq!(echo(home.run(&with(&["call", "PUT", &url, "-d", "@body"], &options)))["body"], "from a file");
    assert_eq!(
        echo(home.run_with("from stdin", &with(&["call", "PUT", &url, "-d", "@-"], &options)))["body"],
        "from stdin"
    );
    home.run(&with(&["call", "GET", &url, "-H", "Authorization: x"], &options)).exits(2);
}

#[test]
fn an_error_status_is_10_and_its_body_on_stdout() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let url = server.url("/api/status/404");
    let ran = home.run(&with(&["call", "GET", &url], &options)).exits(10);
    assert!(serde_json::from_slice::<Value>(&ran.stdout).is_ok());
    let ran = home.run(&with(&["call", "GET", &url, "--json"], &options)).exits(10);
    assert_eq!(ran.error()["status"], 404);
    assert_eq!(serde_json::from_slice::<Value>(&ran.stdout).unwrap()["status"], 404);
}

#[test]
fn more_scope_is_asked_for_by_name() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let ran = home.run(&with(&["call", "GET", &server.url("/api/scope/admin"), "--json"], &options)).exits(10);
    assert_eq!((&ran.error()["server_error"], &ran.error()["status"]), (&"insufficient_scope".into(), &403.into()));
    assert!(ran.error()["message"].as_str().unwrap().contains("admin"));
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(answer["status"] == 403 && answer["headers"]["www-authenticate"].is_string(), "{answer}");
    home.run(&with(&["call", "GET", &server.url("/api/step-up")], &options)).exits(12);
}

#[test]
fn a_rejected_token_is_renewed_and_the_call_repeated_once() {
    let (home, server) = (Home::new(), Server::start());
    home.run(&with(&["token", "client-credentials", "--profile", "p"], &service(&home, &server))).exits(0);
    server.expire_access_tokens();
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    assert_eq!(server.count(Endpoint::Api), 2);
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    assert_eq!((server.count(Endpoint::Api), server.count(Endpoint::Token)), (3, 2));
}

#[test]
fn a_profile_with_a_secret_and_no_login_gets_a_token_for_the_client_and_keeps_it() {
    let (home, server) = (Home::new(), Server::start());
    home.run(&with(&["profile", "save", "p"], &service(&home, &server))).exits(0);
    for _ in 0..2 {
        home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    }
    home.run(&["token", "--profile", "p"]).json();
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn without_a_login_and_a_secret_the_person_must_log_in() {
    let (home, server) = (Home::new(), Server::start());
    let url = server.url("/api/orders");
    home.run(&["call", "GET", &url, "--issuer", &server.issuer(), "--client-id", "public"]).exits(12);
    home.run(&["call", "GET", &url, "--issuer", &server.issuer(), "--client-id", "public", "--profile", "p"]).exits(12);
}

#[test]
fn a_call_outlives_its_token() {
    let (home, server) = (Home::new(), Server::start());
    home.file("password", "wonderland");
    let base = ["token", "password", "--username", "alice", "--password-file", "password", "--profile", "p"];
    home.run(&with(&base, &service(&home, &server))).exits(0);
    home.age_token("p");
    let echo: Value = serde_json::from_slice(
        &home.run(&["call", "get", &server.url("/api/orders"), "--profile", "p"]).exits(0).stdout,
    )
    .unwrap();
    assert_eq!(echo["client_id"], "svc");
    assert_eq!(server.count(Endpoint::Token), 2, "renewed before the call, and not for a 401");
}

#[test]
fn a_token_goes_to_no_plain_http_elsewhere() {
    let (home, server) = (Home::new(), Server::start());
    home.run(&with(&["call", "GET", "http://api.example/"], &service(&home, &server))).exits(2);
    assert_eq!(server.count(Endpoint::Token), 0);
}
