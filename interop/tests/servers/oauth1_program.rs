//! OAuth 1.0: what the program alone has.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use grantee::oauth1::Placement;
use grantee_interop::oauth1::{Provider, agree};
use grantee_interop::program::finish;
use grantee_interop::{on_each_oauth1_server, plain};
use serde_json::json;

use crate::face::oauth1::{Call, Credentials, OAuth1Face, ProgramOAuth1, Setup};
use crate::face::program::{answered, done};

on_each_oauth1_server!(
    a_profile_keeps_a_login_and_signs_by_it,
    the_code_may_be_typed_in,
    a_call_by_nobody_asks_for_a_login,
);

fn a_profile_keeps_a_login_and_signs_by_it(provider: &Provider) {
    let face = ProgramOAuth1::new(&Setup::new(provider, "HMAC-SHA1", Placement::Query));
    let token = face.log_in_with(&agree, &["--profile", "held"]).expect("a login");
    for _ in 0..2 {
        let call = ["oauth1", "call", "GET", &provider.api, "--profile", "held", "--json"];
        let (status, answer) = answered(face.program().run(call)).expect("an answer");
        assert_eq!((status, &answer["protocol"]["oauth_token"]), (200, &token["access_token"]));
        assert_eq!(answer["placements"], json!(["query"]));
    }
    let sign = ["oauth1", "sign", "GET", &provider.api, "--profile", "held", "--json"];
    let signed = done(face.program().run(sign)).expect("a signature");
    assert_eq!(plain::fetch(signed["url"].as_str().expect("a URL")).status, 200);
}

/// `login --no-browser` without a callback: a person opens the URL elsewhere and types what the server shows.
fn the_code_may_be_typed_in(provider: &Provider) {
    let face = ProgramOAuth1::new(&Setup { callback: None, ..Setup::usual(provider) });
    let arguments = ["oauth1", "login", "--no-browser", "--json"].map(str::to_owned).to_vec();
    let mut command = face.program().command([arguments, face.signing(), face.server()].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("a pipe can be read"), 0, "it ended without a URL");
    }
    let code = agree(line.trim());
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(format!("{code}\n").as_bytes()).expect("it reads the code");
    let rest = thread::spawn(move || {
        let mut rest = String::new();
        said.read_to_string(&mut rest).map(|_| rest)
    });
    let answer = finish(child, format!("{command:?}"), Duration::from_secs(60));
    let rest = rest.join().expect("the reader does not panic").expect("a pipe can be read");
    assert_eq!(answer.status, 0, "{rest}");
    let token = answer.json();
    assert!(!rest.contains(token["oauth_token_secret"].as_str().expect("a secret")), "data goes to stdout");
    drop(stdin);
}

fn a_call_by_nobody_asks_for_a_login(provider: &Provider) {
    let face = ProgramOAuth1::new(&Setup::usual(provider));
    let call = ["oauth1", "call", "GET", &provider.api, "--json"].map(str::to_owned).to_vec();
    let answer = face.program().run([call.clone(), face.signing()].concat()).exits(12);
    assert_eq!(answer.error()["error"]["code"], "login_required");
    // The token of somebody whom the server does not know.
    let nobody = Credentials { token: "nobodys".into(), secret: "nobodys".into() };
    let (status, _) = face.call(Some(&nobody), &Call::new("GET", &provider.api, &[])).expect("an answer");
    assert_eq!(status, 401);
    let no_client = face.program().run([call, vec!["--two-legged".into()]].concat()).exits(2);
    assert_eq!(no_client.error()["error"]["code"], "usage");
}
