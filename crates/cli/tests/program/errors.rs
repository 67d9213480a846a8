use crate::support::{Home, service, set_mode, with};
use grantor::{Endpoint, Misbehaviour, Server};

#[test]
fn wrong_use_is_2_and_told_in_json_when_asked() {
    let home = Home::new();
    for arguments in [
        &["token", "--json", "client-credentials", "--no-such-option"][..],
        &["token", "--json", "no-such-grant"],
        &["token", "--json", "client-credentials"],
        &["token", "--json"],
        &["call", "--json", "GET"],
        &["login", "--json", "--finish", "file"],
        &["login", "--json", "--start", "a", "--no-browser"],
        &["token", "--json", "--profile", "../x"],
        &["token", "--json", "client-credentials", "--client-id", "c", "--token-endpoint", "http://as.example/token"],
        &["token", "--json", "client-credentials", "--client-id", "c", "--proxy", "http://u:s3cret@proxy"],
        &["token", "--json", "client-credentials", "--param", "client_secret=s3cret"],
        &[
            "token",
            "--json",
            "client-credentials",
            "--client-id",
            "c",
            "--issuer",
            "https://as.example",
            "--auth",
            "private_key_jwt",
        ],
        &[
            "token",
            "--json",
            "client-credentials",
            "--client-id",
            "c",
            "--issuer",
            "https://as.example",
            "--auth",
            "client_secret_post",
        ],
    ] {
        let ran = home.run(arguments).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.contains("s3cret"), "{ran:?}");
        let error = ran.error();
        assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
        assert!(error.as_object().unwrap().values().all(|member| !member.is_null()), "{error}");
    }
    let ran = home.run(&["token", "client-credentials", "--no-such-option"]).exits(2);
    assert!(ran.stderr.contains("--no-such-option"));
}

#[test]
fn what_the_server_says_is_10_and_named() {
    let (home, server) = (Home::new().env("GRANTEE_CLIENT_SECRET", "wrong-s3cret"), Server::start());
    let arguments = ["token", "client-credentials", "--json", "--issuer", &server.issuer(), "--client-id", "svc"];
    let ran = home.run(&arguments).exits(10);
    let error = ran.error();
    assert_eq!((&error["server_error"], &error["status"]), (&"invalid_client".into(), &401.into()));
    assert!(!ran.stderr.contains("wrong-s3cret"));
    assert!(error.get("rule").is_none() && error.get("spec").is_none());
    server.misbehave(Endpoint::Token, Misbehaviour::Status { status: 503, retry_after: None });
    let error = home.run(&arguments).exits(10).error();
    assert_eq!((&error["status"], error.get("server_error")), (&503.into(), None));
}

#[test]
fn an_answer_that_breaks_a_rule_is_11() {
    let (home, server) = (Home::new(), Server::builder().set_metadata("issuer", "https://other.example").start());
    let error = home.run(&["discover", "--json", &server.issuer()]).exits(11).error();
    assert!(error["rule"].is_string() && error["spec"].as_str().unwrap().contains("RFC 8414"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_13() {
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", "s");
    let ran = home.run(&[
        "token",
        "client-credentials",
        "--json",
        "--token-endpoint",
        "http://127.0.0.1:9/token",
        "--client-id",
        "c",
    ]);
    assert_eq!(ran.exits(13).error()["code"], "connect");
}

#[test]
fn a_file_that_fails_is_14() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let issuer = server.issuer();
    let arguments = [
        "token",
        "client-credentials",
        "--json",
        "--issuer",
        &issuer,
        "--client-id",
        "svc",
        "--client-secret-file",
        "none",
    ];
    assert_eq!(home.run(&arguments).exits(14).error()["code"], "file");
    home.run(&with(&["token", "client-credentials", "--ca", "none"], &options)).exits(14);
    home.run(&with(&["token", "client-credentials", "--profile", "p"], &options)).exits(0);
    let store = home.path("state/grantee/p/tokens.json");
    set_mode(&store, 0o644);
    let error = home.run(&["token", "--json", "--profile", "p"]).exits(14).error();
    assert!(error["hint"].as_str().unwrap().contains("chmod"), "{error}");
    set_mode(&store, 0o600);
    std::fs::write(home.profile_file("p"), "client_secret = 's3cret").unwrap();
    let ran = home.run(&["token", "--profile", "p"]).exits(14);
    assert!(!ran.stderr.contains("s3cret"));
}

#[test]
fn two_things_cannot_both_come_from_stdin() {
    let (home, server) = (Home::new(), Server::start());
    let options =
        ["--json", "--issuer", &server.issuer(), "--client-id", "svc", "--client-secret-file", "-"].map(str::to_owned);
    for verb in [
        &["introspect"][..],
        &["revoke"],
        &["token", "refresh"],
        &["token", "password", "--username", "alice", "--password-file", "-"],
        &["login", "--no-browser"],
        &["call", "POST", "http://127.0.0.1:9/", "-d", "@-"],
    ] {
        let ran = home.run_with("secret", &with(verb, &options)).exits(2);
        assert!(ran.error()["message"].as_str().unwrap().contains("stdin"), "{ran:?}");
    }
    assert_eq!(server.count(Endpoint::Token), 0);
}
