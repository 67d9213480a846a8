use crate::support::{Home, Ran, in_a_browser, mode, redirect, service, with};
use grantor::{Endpoint, Server};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

#[test]
fn a_login_is_started_here_and_finished_there_once() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    let started =
        home.run(&with(&["login", "--json", "--start", "pending", "--scope", "openid", "a"], &options)).json();
    assert_eq!(started["file"], "pending");
    assert_eq!(mode(&home.path("pending")), 0o600);
    let callback = redirect(started["url"].as_str().unwrap()).unwrap();
    let token = home.run(&with(&["login", "--finish", "pending", &callback, "--profile", "p"], &options)).json();
    assert!(token["id_token"].is_string() && token["id_token_claims"]["sub"].is_string());
    assert!(!home.path("pending").exists());
    home.run(&with(&["login", "--finish", "pending", &callback], &options)).exits(14);
    // The profile holds it under what was asked for.
    let held = home.run(&["token", "--profile", "p"]).json();
    assert_eq!(held["access_token"], token["access_token"]);
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
}

#[test]
fn a_callback_is_a_url_a_query_a_form_body_a_file_or_stdin() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    for shape in ["url", "query", "form", "file", "stdin"] {
        let url = home.run(&with(&["login", "--start", "pending"], &options)).exits(0);
        let callback = redirect(url.text().trim()).unwrap();
        let query = callback.split_once('?').unwrap().1;
        let with_mark = format!("?{query}");
        home.file("callback", &callback);
        let given = match shape {
            "url" => &callback,
            "query" => &with_mark,
            "form" => query,
            "file" => "@callback",
            _ => "-",
        };
        home.run_with(&callback, &with(&["login", "--finish", "pending", given], &options)).json();
    }
}

#[test]
fn an_existing_files_looser_mode_does_not_survive() {
    let (home, server) = (Home::new(), server());
    crate::support::set_mode(&home.file("pending", "x"), 0o666);
    home.run(&with(&["login", "--start", "pending"], &service(&home, &server))).exits(0);
    assert_eq!(mode(&home.path("pending")), 0o600);
}

#[test]
fn a_callback_of_another_login_is_refused() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    home.run(&with(&["login", "--start", "pending"], &options)).exits(0);
    let ran = home.run(&with(&["login", "--json", "--finish", "pending", "?code=x&state=other"], &options)).exits(11);
    assert!(ran.error()["rule"].as_str().is_some());
    assert_eq!(server.count(Endpoint::Token), 0);
    home.run(&with(&["login", "--start", "pending"], &options)).exits(0);
    let kept: Value = serde_json::from_slice(&std::fs::read(home.path("pending")).unwrap()).unwrap();
    let denied = format!("?error=access_denied&iss={}&state={}", server.issuer(), kept["state"].as_str().unwrap());
    let ran = home.run(&with(&["login", "--json", "--finish", "pending", &denied], &options)).exits(10);
    assert_eq!((&ran.error()["server_error"], ran.error().get("status")), (&"access_denied".into(), None));
}

#[test]
fn the_pending_login_knows_client_and_issuer() {
    let (home, server) = (Home::new(), server());
    let url =
        home.run(&["login", "--start", "pending", "--issuer", &server.issuer(), "--client-id", "public"]).exits(0);
    let callback = redirect(url.text().trim()).unwrap();
    home.run(&["login", "--finish", "pending", &callback]).json();
}

#[test]
fn without_a_browser_the_url_is_on_stderr_and_the_callback_is_pasted() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    let arguments = with(&["login", "--no-browser", "--state", "own-state", "--max-age", "60"], &options);
    let mut child = home.spawn(&arguments);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let url = loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
        if line.starts_with("http") {
            break line;
        }
    };
    assert!(url.contains("state=own-state") && url.contains("max_age=60"));
    let callback = redirect(url.trim()).unwrap();
    writeln!(child.stdin.take().unwrap(), "{callback}").unwrap();
    let token = Ran::new(&arguments, child.wait_with_output().unwrap()).json();
    assert_eq!(token["token_type"], "Bearer");
    home.run(&with(&["login", "--no-browser"], &options)).exits(12);
}

#[test]
fn the_browser_is_opened_and_the_answer_received_on_loopback() {
    let server = server();
    let home = Home::new();
    let options = service(&home, &server);
    let (ran, callback) = in_a_browser(home, &with(&["login", "--scope", "openid", "--json"], &options));
    assert!(callback.starts_with("http://127.0.0.1:") && callback.contains("/callback?"), "{callback}");
    assert!(ran.json()["access_token"].is_string());
}

#[test]
fn the_redirect_uri_says_where_to_listen() {
    let server = server();
    let home = Home::new();
    let options = service(&home, &server);
    let uri = "http://localhost/callback";
    let (ran, callback) = in_a_browser(home, &with(&["login", "--output", "token", "--redirect-uri", uri], &options));
    assert!(callback.starts_with("http://localhost:"), "{callback}");
    assert!(!ran.exits(0).text().trim().is_empty());
    let home = Home::new();
    let options = service(&home, &server);
    let ran = home.run(&with(&["login", "--redirect-uri", "https://app.example/callback"], &options)).exits(2);
    assert!(ran.stderr.contains("--no-browser"));
}

#[test]
fn ctrl_c_ends_a_wait_with_another_status_than_0() {
    let (home, server) = (Home::new(), server());
    let mut child = home.spawn(&with(&["login", "--no-browser"], &service(&home, &server)));
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success() && !child.wait().unwrap().success());
}
