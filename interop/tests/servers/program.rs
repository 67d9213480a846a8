//! What the program alone has.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use grantee_interop::program::finish;
use grantee_interop::{Auth, Server, on_each_server, plain, walk};
use serde_json::Value;

use crate::face::{AsyncFace, BlockingFace, By, Face, ProgramFace, Session, Setup};

on_each_server!(
    the_callback_may_be_pasted,
    a_token_is_printed_in_the_form_asked_for,
    a_call_prints_the_bodys_bytes_and_tells_a_refusal,
    an_unknown_profile_and_a_lack_of_options_are_wrong_use,
);

/// `login --no-browser`: a person opens the URL elsewhere and pastes where they ended up.
fn the_callback_may_be_pasted(server: &Server) {
    let face = ProgramFace::new(&Setup::new(server, Auth::None));
    let mut arguments = vec!["login".to_owned(), "--no-browser".into()];
    arguments.extend(face.options().into_iter().chain(face.login_options(&[])));
    let mut command = face.program().command(&arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("a pipe can be read"), 0, "it ended without a URL");
    }
    let callback = walk(server, line.trim());
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(format!("{callback}\n").as_bytes()).expect("it reads the callback");
    let rest = thread::spawn(move || {
        let mut rest = String::new();
        said.read_to_string(&mut rest).map(|_| rest)
    });
    let answer = finish(child, format!("{command:?}"), Duration::from_secs(60));
    let rest = rest.join().expect("the reader does not panic").expect("a pipe can be read");
    assert_eq!(answer.status, 0, "{rest}");
    let token = answer.json();
    assert_eq!(plain::get(&server.api, token["access_token"].as_str().expect("a token")).status, 200);
    assert!(!rest.contains(token["access_token"].as_str().expect("a token")), "data goes to stdout");
    drop(stdin);
}

fn a_token_is_printed_in_the_form_asked_for(server: &Server) {
    let face = ProgramFace::new(&Setup::new(server, Auth::ClientSecretBasic));
    let _session = face.session(By::Login).expect("a session");
    let run = |form: &str| face.program().run(["token", "--profile", "held", "--output", form]).exits(0);
    let json: Value = run("json").json();
    let token = json["access_token"].as_str().expect("a token");
    assert_eq!(run("token").text(), format!("{token}\n"));
    assert_eq!(run("header").text(), format!("Bearer {token}\n"));
    // A held token that is fresh is not renewed.
    assert_eq!(run("json").json()["refresh_token"], json["refresh_token"]);
}

fn a_call_prints_the_bodys_bytes_and_tells_a_refusal(server: &Server) {
    let face = ProgramFace::new(&Setup::new(server, Auth::ClientSecretBasic));
    let session = face.session(By::Login).expect("a session");
    let token = session.token().expect("a token").access_token;
    let call = |url: &str, json: bool| {
        face.program().run(["call", "GET", url, "--profile", "held"].into_iter().chain(json.then_some("--json")))
    };
    assert_eq!(call(&server.api, false).exits(0).json(), plain::get(&server.api, &token).json);
    let missing = format!("{}/there-is-no-such-page", server.base);
    let by_hand = plain::get(&missing, &token);
    assert_eq!(call(&missing, false).exits(10).text(), by_hand.text);
    let answer = call(&missing, true).exits(10);
    assert_eq!(answer.json()["status"], by_hand.status);
    assert_eq!(answer.error()["error"]["code"], "http_status");
    // A token goes to no other machine by plain http.
    let _ = call("http://192.0.2.1/", true).exits(2);
}

fn an_unknown_profile_and_a_lack_of_options_are_wrong_use(server: &Server) {
    let face = ProgramFace::new(&Setup::new(server, Auth::ClientSecretBasic));
    let _ = face.program().run(["token", "--profile", "nobody", "--json"]).exits(2);
    let _ = face.program().run(["token", "client-credentials", "--json"]).exits(2);
    let _ = face.program().run(["call", "GET", &server.api, "--json"]).exits(2);
    let _ = face.run(&["token"], &[], "").exits(2);
    // A profile that nobody has logged in to.
    let _ = face.run(&["profile", "save", "held"], &[], "").exits(0);
    let mut public = Setup::new(server, Auth::None);
    public.client.secret = None;
    let public = ProgramFace::new(&public);
    let _ = public.run(&["profile", "save", "held"], &[], "").exits(0);
    for verb in [&["token"][..], &["call", "GET", &server.api]] {
        let answer = public.program().run(verb.iter().copied().chain(["--profile", "held", "--json"])).exits(12);
        assert_eq!(answer.error()["error"]["code"], "login_required");
    }
}

/// Nobody listens at port 1.
fn cannot_be_reached<F: Face>() {
    let there = Server::authlib();
    let server = Server { token_endpoint: "http://127.0.0.1:1/token".into(), ..there };
    let failure = F::new(&Setup::new(&server, Auth::ClientSecretBasic)).client_credentials("read");
    let failure = failure.expect_err("nobody is there");
    assert_eq!((failure.code.as_str(), failure.status, failure.server_error), ("connect", None, None));
}

#[test]
fn authlib_that_is_down_is_told_as_such() {
    cannot_be_reached::<AsyncFace>();
    cannot_be_reached::<BlockingFace>();
    cannot_be_reached::<ProgramFace>();
}

/// Tokens of a few seconds, rotation with reuse detection, and nobody but the profile's file between the processes.
#[test]
fn eight_processes_share_one_login_at_oidc_provider() {
    const PROCESSES: usize = 8;
    let seconds = std::env::var("GRANTEE_INTEROP_SECONDS").map_or(10, |seconds| seconds.parse().expect("seconds"));
    let server = Server::oidc_provider().short();
    let setup = Setup::new(&server, Auth::ClientSecretBasic);
    let face = ProgramFace::new(&setup);
    let session = face.session(By::Login).expect("a session");
    let before = session.token().expect("a token");

    let end = Instant::now() + Duration::from_secs(seconds);
    let (calls, program) = (AtomicUsize::new(0), face.program());
    thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                while Instant::now() < end {
                    let answer = program.run(["call", "GET", &server.api, "--profile", "held", "--json"]).exits(0);
                    assert_eq!(answer.json()["status"], 200);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(calls.into_inner() >= PROCESSES);

    let after = session.token().expect("the family lives on");
    assert_ne!(before.refresh_token(), after.refresh_token());
    let renewed = session.renew().expect("the family lives on");
    assert_eq!(plain::get(&server.api, &renewed.access_token).status, 200);
    // The first refresh token was spent long ago: the server does detect reuse.
    face.refresh(before.refresh_token()).expect_err("reuse").is_refusal(&server, "invalid_grant");
    session.renew().expect_err("the family is gone now");
}
