//! The browser itself, by plain HTTP: none of our crates is asked.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use grantee_interop::plain::{self, VERIFIER, authorization_url, callback_parameter};
use grantee_interop::{Auth, Browser, Server};

/// Answers every request with one page.
fn listen() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let page = "<!doctype html><title>Done</title><p>You may close this window.";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            stream.write_all((head + page).as_bytes()).expect("a reader");
        }
    });
    port
}

#[test]
fn oidc_provider_forms_are_filled_in() {
    let server = Server::oidc_provider();
    let client = server.client(Auth::None);
    let redirect_uri = format!("http://127.0.0.1:{}/cb", listen());
    let browser = Browser::new().query("ui=form");
    let seen = browser.open(&authorization_url(&server, client, &redirect_uri));
    assert_eq!(seen["title"], "Done");
    assert_eq!(seen["steps"], serde_json::json!(["login", "allow"]));
    assert!(browser.picture().exists());
    let code = callback_parameter(seen["url"].as_str().unwrap_or_default(), "code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(plain::post(&server, client, &server.token_endpoint, &form).status, 200);

    let seen = Browser::new().query("ui=form").denying().open(&authorization_url(&server, client, &redirect_uri));
    assert_eq!(callback_parameter(seen["url"].as_str().unwrap_or_default(), "error").as_deref(), Some("access_denied"));
}
