use crate::support::{Home, Ran, in_a_browser, mode, redirect, with};
use grantor::{Endpoint, Misbehaviour, OAuth1Client, Server};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

/// Options for grantor's consumer, whose secret lies in a file.
fn consumer(home: &Home) -> Vec<String> {
    let secret = home.file("secret", "secret\n");
    ["--consumer-key", "consumer", "--client-secret-file", secret.to_str().unwrap()].map(str::to_owned).into()
}

/// As [`consumer`], with the three endpoints.
fn client(home: &Home, server: &Server) -> Vec<String> {
    let mut options = consumer(home);
    let endpoints = [
        ("--temporary-credentials-endpoint", "/oauth1/initiate"),
        ("--authorization-endpoint", "/oauth1/authorize"),
        ("--token-credentials-endpoint", "/oauth1/token"),
    ];
    options.extend(endpoints.into_iter().flat_map(|(option, path)| [option.to_owned(), server.url(path)]));
    options
}

/// Options for a token that grantor has issued: its secret is in the environment.
fn issued(home: Home, server: &Server) -> Home {
    let token = server.issue_oauth1("consumer", "alice");
    home.file("token", &token.token);
    home.env("GRANTEE_TOKEN_SECRET", &token.secret)
}

fn echo(ran: Ran) -> Value {
    serde_json::from_slice(&ran.exits(0).stdout).unwrap()
}

/// Logs in by `--start` and `--finish`, for a profile.
fn log_in(home: &Home, options: &[String], profile: &str) -> Ran {
    let started = home.run(&with(&["oauth1", "login", "--start", "pending", "--callback", CALLBACK], options)).exits(0);
    let callback = redirect(started.text().trim()).unwrap();
    home.run(&with(&["oauth1", "login", "--finish", "pending", &callback, "--profile", profile], options))
}

const CALLBACK: &str = "http://127.0.0.1/callback";

#[test]
fn a_login_brings_a_token_that_the_profile_keeps() {
    let server = server();
    let home = Home::new();
    let options = client(&home, &server);
    let (ran, callback) = in_a_browser(home, &with(&["oauth1", "login"], &options));
    assert!(callback.starts_with("http://127.0.0.1:") && callback.contains("oauth_verifier="), "{callback}");
    let token = ran.json();
    assert_eq!((&token["token_type"], &token["screen_name"]), (&"OAuth1".into(), &"alice".into()));
    assert!(token["access_token"].is_string() && token["oauth_token_secret"].is_string());
    let home = Home::new();
    let options = client(&home, &server);
    let token = log_in(&home, &options, "p").json();
    // Nothing but the profile is named.
    let url = server.url("/oauth1/api/photos?size=original");
    let seen = echo(home.run(&["oauth1", "call", "GET", &url, "--profile", "p"]));
    assert_eq!(
        (&seen["user"], &seen["client"], &seen["placement"]),
        (&"alice".into(), &"consumer".into(), &"header".into())
    );
    let kept = std::fs::read_to_string(home.path("state/grantee/p/tokens.json")).unwrap();
    assert!(kept.contains(token["oauth_token_secret"].as_str().unwrap()));
    let signed = home.run(&["oauth1", "sign", "GET", &url, "--profile", "p", "--json"]).json();
    assert!(signed["headers"]["authorization"].as_str().unwrap().contains(token["access_token"].as_str().unwrap()));
}

#[test]
fn each_placement_reaches_the_api() {
    let (home, server) = (Home::new(), server());
    log_in(&home, &client(&home, &server), "p").exits(0);
    let url = server.url("/oauth1/api/photos?a=1%2B2&a=");
    for placement in ["header", "body", "query"] {
        let arguments =
            ["oauth1", "call", "post", &url, "-d", "b=x+y&c=%C3%A9", "--profile", "p", "--placement", placement];
        let seen = echo(home.run(&arguments));
        assert_eq!((&seen["placement"], &seen["user"]), (&placement.into(), &"alice".into()));
        assert_eq!(seen["form"], serde_json::json!([["b", "x y"], ["c", "é"]]));
        assert_eq!(seen["query"], serde_json::json!([["a", "1+2"], ["a", ""]]));
    }
    let json =
        echo(home.run(&["oauth1", "call", "POST", &url, "-d", r#"{"a":1}"#, "--profile", "p", "-H", "X-One: 1"]));
    assert!(json["body"] == r#"{"a":1}"# && json["body_hash"].is_string(), "{json}");
    // There is no room for them in a body that is no form.
    let arguments = ["oauth1", "call", "POST", &url, "-d", r#"{"a":1}"#, "--profile", "p", "--placement", "body"];
    home.run(&arguments).exits(2);
}

#[test]
fn every_signature_method_is_one_that_a_server_understands() {
    let home = Home::new();
    let secret = home.file("secret", "secret\n");
    let jwk = home.file("key.jwk", home.run(&["jwk", "generate", "--type", "rsa"]).exits(0).stdout);
    home.file("public.jwk", home.run_with(std::fs::read(&jwk).unwrap(), &["jwk", "public", "key.jwk"]).exits(0).stdout);
    let pem = home.run(&["jwk", "convert", "public.jwk", "--to", "pem"]).exits(0);
    let client = OAuth1Client::new("both", "secret").rsa_public_key(pem.text());
    let server = Server::builder().oauth1_client(client).start();
    for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"] {
        let by: [&str; 2] = if method.starts_with("RSA") {
            ["--key", jwk.to_str().unwrap()]
        } else {
            ["--client-secret-file", secret.to_str().unwrap()]
        };
        let url = server.url("/oauth1/two-legged/x");
        let first = ["oauth1", "call", "GET", &url, "--two-legged", "--consumer-key", "both"];
        let seen = echo(home.run(&[&first[..], &["--signature-method", method], &by].concat()));
        assert_eq!(seen["signature_method"], method);
    }
}

#[test]
fn a_code_that_the_server_shows_is_typed_in() {
    let (home, server) = (Home::new(), Server::start());
    let options = client(&home, &server);
    let arguments = with(&["oauth1", "login", "--no-browser", "--output", "token"], &options);
    let mut child = home.spawn(&arguments);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let url = loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
        if line.starts_with("http") {
            break line;
        }
    };
    let token = url.trim().split_once("oauth_token=").unwrap().1;
    let verifier = server.approve_oauth1(token, "alice").unwrap();
    writeln!(child.stdin.take().unwrap(), "{verifier}").unwrap();
    let ran = Ran::new(&arguments, child.wait_with_output().unwrap()).exits(0);
    assert!(!ran.text().trim().is_empty() && !ran.text().contains('{'));
    home.run(&arguments).exits(12);
    // The verifier of another login is none of this one.
    home.run_with("wrong\n", &with(&["oauth1", "login", "--no-browser"], &options)).exits(10);
}

#[test]
fn a_pending_login_is_private_and_serves_once() {
    let (home, server) = (Home::new(), server());
    let options = client(&home, &server);
    let start = ["oauth1", "login", "--json", "--start", "pending", "--callback", CALLBACK];
    let started = home.run(&with(&start, &options)).json();
    assert_eq!((&started["file"], mode(&home.path("pending"))), (&"pending".into(), 0o600));
    let callback = redirect(started["url"].as_str().unwrap()).unwrap();
    let query = callback.split_once('?').unwrap().1;
    home.file("callback", query);
    let finish = ["oauth1", "login", "--finish", "pending", "@callback"];
    // The file knows the client and its server.
    home.run(&[&finish[..], &["--consumer-key", "other"]].concat()).exits(2);
    let elsewhere = ["--client-secret-file", "secret", "--token-credentials-endpoint", "https://other.example/token"];
    home.run(&[&finish[..], &elsewhere].concat()).exits(2);
    assert!(home.path("pending").exists());
    home.run(&[&finish[..], &["--client-secret-file", "secret"]].concat()).json();
    assert!(!home.path("pending").exists());
    home.run(&with(&finish, &options)).exits(14);
    // The callback of another login is not the answer to this one.
    home.run(&with(&start, &options)).exits(0);
    let ran = home.run(&with(&[&finish[..], &["--json"]].concat(), &options)).exits(11);
    assert!(ran.error()["rule"].as_str().unwrap().contains("oauth_token"));
}

#[test]
fn a_refusal_is_10_and_a_broken_answer_11() {
    let server = server();
    let refusal = |problem: &str| Misbehaviour::OAuthProblem { status: 401, problem: problem.into(), more: Vec::new() };
    server.misbehave_times(Endpoint::OAuth1Authorize, 1, refusal("permission_denied"));
    let home = Home::new();
    let options = client(&home, &server);
    let (ran, _) = in_a_browser(home, &with(&["oauth1", "login", "--json"], &options));
    assert_eq!(ran.exits(10).error()["server_error"], "permission_denied");
    let home = Home::new();
    let options = client(&home, &server);
    let login = with(&["oauth1", "login", "--json", "--no-browser"], &options);
    server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, refusal("consumer_key_unknown"));
    let ran = home.run_with("code\n", &login).exits(10);
    assert_eq!((&ran.error()["server_error"], &ran.error()["status"]), (&"consumer_key_unknown".into(), &401.into()));
    for name in ["oauth_callback_confirmed", "oauth_token", "oauth_token_secret"] {
        server.misbehave_times(Endpoint::OAuth1TemporaryCredentials, 1, Misbehaviour::OmitMember(name.into()));
        home.run_with("code\n", &login).exits(11);
    }
    drop(server);
    home.run_with("code\n", &login).exits(13);
}

#[test]
fn the_callback_says_where_to_listen() {
    let server = server();
    let home = Home::new();
    let options = client(&home, &server);
    let arguments = ["oauth1", "login", "--callback", "http://localhost/callback"];
    let (ran, callback) = in_a_browser(home, &with(&arguments, &options));
    assert!(callback.starts_with("http://localhost:"), "{callback}");
    ran.exits(0);
    let home = Home::new();
    let options = client(&home, &server);
    let ran = home.run(&with(&["oauth1", "login", "--callback", "https://app.example/ready"], &options)).exits(2);
    assert!(ran.stderr.contains("--no-browser"));
    home.run(&with(&["oauth1", "login", "--output", "header"], &options)).exits(2);
}

#[test]
fn a_token_is_given_by_file_or_stdin_and_its_secret_by_file_or_environment() {
    let server = server();
    let home = issued(Home::new(), &server);
    let options = consumer(&home);
    let url = server.url("/oauth1/api/photos");
    let seen = echo(home.run(&with(&["oauth1", "call", "GET", &url, "--token", "@token"], &options)));
    assert_eq!(seen["user"], "alice");
    let token = std::fs::read_to_string(home.path("token")).unwrap();
    let arguments = with(&["oauth1", "call", "GET", &url, "--token", "-"], &options);
    assert_eq!(echo(home.run_with(&token, &arguments))["user"], "alice");
    let ran = home.run(&with(&["oauth1", "call", "GET", &url, "--token", &token], &options)).exits(2);
    assert!(!ran.stderr.contains(&token));
    // A file that is named goes before the environment.
    home.file("token-secret", "wrong");
    let arguments = ["oauth1", "call", "GET", &url, "--token", "@token", "--token-secret-file", "token-secret"];
    home.run(&with(&arguments, &options)).exits(10);
}

#[test]
fn a_refused_signature_is_10_with_the_body_on_stdout() {
    let server = server();
    let home = issued(Home::new(), &server);
    let options = consumer(&home);
    let url = server.url("/oauth1/api/photos");
    assert!(server.revoke_oauth1(std::fs::read_to_string(home.path("token")).unwrap().trim()));
    let ran = home.run(&with(&["oauth1", "call", "GET", &url, "--token", "@token", "--json"], &options)).exits(10);
    assert_eq!(ran.error()["status"], 401);
    assert!(ran.error()["hint"].as_str().unwrap().contains("oauth1 sign"), "{}", ran.stderr);
    let answer: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(answer["body"].as_str().unwrap().contains("token_rejected"), "{answer}");
    assert_eq!(server.count(Endpoint::OAuth1Api), 1, "it does not expire, so nothing is sent twice");
}

#[test]
fn without_a_token_the_client_signs_for_itself_only_when_it_is_said() {
    let (home, server) = (Home::new(), server());
    let options = client(&home, &server);
    let url = server.url("/oauth1/two-legged/x");
    home.run(&with(&["oauth1", "call", "GET", &url], &options)).exits(12);
    let seen = echo(home.run(&with(&["oauth1", "call", "GET", &url, "--two-legged"], &options)));
    assert_eq!((&seen["client"], &seen["user"]), (&"consumer".into(), &Value::Null));
    home.run(&with(&["profile", "save", "p"], &options)).exits(0);
    let ran = home.run(&["oauth1", "call", "GET", &url, "--profile", "p", "--json"]).exits(12);
    assert!(ran.error()["hint"].as_str().unwrap().contains("oauth1 login --profile p"), "{}", ran.stderr);
    home.run(&["oauth1", "sign", "GET", &url, "--profile", "p"]).exits(12);
    home.run(&["oauth1", "sign", "GET", &url, "--profile", "p", "--two-legged"]).exits(0);
    echo(home.run(&["oauth1", "call", "GET", &url, "--profile", "p", "--two-legged"]));
}

#[test]
fn a_profile_is_of_one_protocol() {
    let (home, server) = (Home::new(), server());
    home.run(&with(&["profile", "save", "one"], &client(&home, &server))).exits(0);
    home.run(&["profile", "save", "two", "--issuer", &server.issuer(), "--client-id", "public"]).exits(0);
    let url = server.url("/oauth1/api/photos");
    for arguments in [
        &["token", "--profile", "one"][..],
        &["login", "--profile", "one"],
        &["call", "GET", &url, "--profile", "one"],
        &["oauth1", "login", "--profile", "two"],
        &["oauth1", "call", "GET", &url, "--profile", "two"],
        &["oauth1", "sign", "GET", &url, "--profile", "two"],
        &["profile", "save", "two", "--consumer-key", "consumer"],
        &["profile", "save", "one", "--client-id", "public"],
    ] {
        let ran = home.run(&[arguments, &["--json"]].concat()).exits(2);
        assert!(ran.error()["message"].as_str().unwrap().contains("OAuth"), "{}", ran.stderr);
    }
}

#[test]
fn a_profile_holds_the_options_and_so_does_the_environment() {
    let (home, server) = (Home::new(), server());
    let more = ["profile", "save", "p", "--signature-method", "HMAC-SHA256", "--placement", "query", "--no-version"];
    home.run(&with(&more, &client(&home, &server))).exits(0);
    let text = std::fs::read_to_string(home.profile_file("p")).unwrap();
    assert!(
        text.contains("consumer_key = \"consumer\"") && text.contains("signature_method = \"HMAC-SHA256\""),
        "{text}"
    );
    let shown = home.run(&["profile", "show", "p", "--json"]).json();
    assert_eq!((&shown["placement"], &shown["no_version"]), (&"query".into(), &true.into()));
    let url = server.url("/oauth1/two-legged/x");
    let seen = echo(home.run(&["oauth1", "call", "GET", &url, "--profile", "p", "--two-legged"]));
    assert_eq!((&seen["signature_method"], &seen["version"]), (&"HMAC-SHA256".into(), &Value::Null));
    // A file written by hand, with dashes.
    std::fs::write(home.profile_file("q"), "consumer-key = 'consumer'\nclient-secret = 'secret'\n").unwrap();
    crate::support::set_mode(&home.profile_file("q"), 0o600);
    echo(home.run(&["oauth1", "call", "GET", &url, "--profile", "q", "--two-legged"]));
    std::fs::write(home.profile_file("q"), "consumer-key = 'consumer'\nsignature-method = 'hmac'\n").unwrap();
    let ran = home.run(&["oauth1", "sign", "GET", &url, "--profile", "q", "--json"]).exits(14);
    assert!(ran.error()["message"].as_str().unwrap().contains("signature_method"), "{}", ran.stderr);
    let home = Home::new()
        .env("GRANTEE_CONSUMER_KEY", "consumer")
        .env("GRANTEE_CLIENT_SECRET", "secret")
        .env("GRANTEE_SIGNATURE_METHOD", "HMAC-SHA512");
    let seen = echo(home.run(&["oauth1", "call", "GET", &url, "--two-legged"]));
    assert_eq!(seen["signature_method"], "HMAC-SHA512");
}

#[test]
fn what_is_dangerous_is_not_kept_by_a_login() {
    let (home, server) = (Home::new(), server());
    let mut options = client(&home, &server);
    options.push("--allow-http".to_owned());
    log_in(&home, &options, "p").exits(0);
    assert!(!std::fs::read_to_string(home.profile_file("p")).unwrap().contains("allow_http"));
    home.run(&["oauth1", "call", "GET", "http://api.example/", "--profile", "p"]).exits(2);
}

#[test]
fn what_a_login_lacks_is_named_by_its_option() {
    let home = Home::new();
    for option in ["--temporary-credentials-endpoint", "--authorization-endpoint"] {
        let mut options = consumer(&home);
        for other in ["--temporary-credentials-endpoint", "--authorization-endpoint", "--token-credentials-endpoint"] {
            if other != option {
                options.extend([other.to_owned(), "https://photos.example/x".to_owned()]);
            }
        }
        let ran = home.run(&with(&["oauth1", "login", "--no-browser", "--json"], &options)).exits(2);
        assert!(ran.error()["hint"].as_str().unwrap().contains(option), "{}", ran.stderr);
    }
    let ran = home.run(&["oauth1", "login", "--json"]).exits(2);
    assert!(ran.error()["hint"].as_str().unwrap().contains("--consumer-key"));
}

#[test]
fn what_a_server_wants_besides_is_said() {
    let (home, server) = (Home::new(), server());
    let options = client(&home, &server);
    let start = ["oauth1", "login", "--start", "pending", "--credentials-method", "GET", "--param", "name=Two words"];
    let more = ["--temporary-credentials-param", "x_auth_access_type=read", "--callback", CALLBACK];
    let url = home.run(&with(&[&start[..], &more].concat(), &options)).exits(0);
    let url = url::Url::parse(url.text().trim()).unwrap();
    assert!(url.query_pairs().any(|(name, value)| (&*name, &*value) == ("name", "Two words")), "{url}");
    let asked = server.requests_to(Endpoint::OAuth1TemporaryCredentials).remove(0);
    assert_eq!(asked.method, "GET");
    assert!(asked.query.unwrap().contains("x_auth_access_type=read"));
    let ran = home.run(&with(&["oauth1", "login", "--no-browser", "--param", "password=x"], &options)).exits(2);
    assert!(ran.stderr.contains("process list"));
    home.run(&with(&["oauth1", "login", "--proxy", "http://user:s3cret@127.0.0.1:9"], &options)).exits(2);
}
