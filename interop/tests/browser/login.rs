//! `grantee login` with Chromium as `$BROWSER` and the loopback receiver waiting for the answer.

use grantee_interop::{Auth, Browser, Program, Server, plain};
use grantor::Endpoint;
use serde_json::{Value, json};

/// The receiver's page after a login.
#[track_caller]
fn says_that_it_may_be_closed(seen: &Value) {
    let text = seen["text"].as_str().expect("a text");
    assert!(text.contains("You can close this"), "{seen}");
}

/// The receiver's page after a refusal.
#[track_caller]
fn says_that_it_was_refused(seen: &Value) {
    let text = seen["text"].as_str().expect("a text");
    assert!(text.contains("refused") && text.contains("access_denied"), "{seen}");
}

fn oidc_provider(server: &Server) -> Vec<&str> {
    let client = server.client(Auth::None);
    let issuer = server.issuer.as_deref().expect("an issuer");
    let mut arguments = vec!["login", "--json", "--issuer", issuer, "--client-id", &client.id];
    // A native client of theirs is registered for this path, at any port.
    arguments.extend(["--redirect-uri", "http://127.0.0.1/cb", "--prompt", "consent", "--scope"]);
    arguments.extend(server.scope.split(' '));
    arguments
}

#[test]
fn a_login_at_oidc_provider_ends_in_a_token_and_a_page_that_says_so() {
    let server = Server::oidc_provider();
    let browser = Browser::new().query("ui=form");
    let token = browser.of(Program::new()).run(oidc_provider(&server)).exits(0).json();
    let seen = browser.seen();
    assert_eq!(seen["steps"], json!(["login", "allow"]));
    says_that_it_may_be_closed(&seen);
    assert!(token["refresh_token"].is_string(), "{token}");
    assert_eq!(plain::get(&server.api, token["access_token"].as_str().expect("a token")).status, 200);
}

#[test]
fn a_refusal_at_oidc_provider_is_told_in_the_browser_and_by_the_program() {
    let server = Server::oidc_provider();
    let browser = Browser::new().query("ui=form").denying();
    let answer = browser.of(Program::new()).run(oidc_provider(&server)).exits(10);
    assert_eq!(answer.error()["error"]["server_error"], "access_denied");
    assert!(answer.stdout.is_empty());
    let seen = browser.seen();
    assert_eq!(seen["steps"], json!(["login", "deny"]));
    says_that_it_was_refused(&seen);
}

fn grantor(server: &grantor::Server) -> Vec<String> {
    let issuer = server.issuer();
    let words = ["login", "--json", "--issuer", &issuer, "--client-id", "public"];
    let scope = ["--scope", "openid", "profile", "offline_access", "orders"];
    words.into_iter().chain(scope).map(str::to_owned).collect()
}

fn at_grantor(browser: &Browser) -> Program {
    browser.of(Program::new()).env("BROWSER_USER", "alice").env("BROWSER_PASSWORD", "wonderland")
}

#[test]
fn a_login_at_grantor_ends_in_a_token_and_a_page_that_says_so() {
    let server = grantor::Server::start();
    let browser = Browser::new();
    let token = at_grantor(&browser).run(grantor(&server)).exits(0).json();
    let seen = browser.seen();
    assert_eq!(seen["steps"], json!(["login", "allow"]));
    says_that_it_may_be_closed(&seen);
    let userinfo = plain::get(&server.url("/userinfo"), token["access_token"].as_str().expect("a token"));
    assert_eq!(userinfo.json["sub"], "alice");
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn a_refusal_at_grantor_is_told_in_the_browser_and_by_the_program() {
    let server = grantor::Server::start();
    let browser = Browser::new().denying();
    let answer = at_grantor(&browser).run(grantor(&server)).exits(10);
    assert_eq!(answer.error()["error"]["server_error"], "access_denied");
    let seen = browser.seen();
    assert_eq!(seen["steps"], json!(["login", "deny"]));
    says_that_it_was_refused(&seen);
    assert_eq!(server.count(Endpoint::Token), 0, "no code, nothing to exchange");
}
