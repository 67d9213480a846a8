use crate::support::{Home, log_in, redirect, service, with};
use grantor::{Client, Endpoint, Jwt, JwtFault, Misbehaviour, Server};
use serde_json::Value;

fn server() -> Server {
    Server::builder().auto_approve("alice").start()
}

#[test]
fn every_response_type_brings_what_it_says() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    for response_type in [
        "code",
        "id_token",
        "id_token token",
        "token id_token",
        "code id_token",
        "code token",
        "code id_token token",
        "token",
        "none",
    ] {
        let brought = log_in(&home, &options, &["--scope", "openid", "--response-type", response_type]).json();
        let brings = |word| response_type.split(' ').any(|other| other == word);
        let with_token = brings("code") || brings("token");
        assert_eq!(brought["access_token"].is_string(), with_token, "{response_type}: {brought}");
        let with_id_token = brings("code") || brings("id_token");
        assert_eq!(brought["id_token"].is_string(), with_id_token, "{response_type}: {brought}");
        assert_eq!(brought["id_token_claims"]["iss"].is_string(), with_id_token, "{response_type}: {brought}");
    }
    let ran = home.run(&with(&["login", "--start", "p", "--response-type", "code x", "--json"], &options)).exits(2);
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_fragment_is_a_callback_as_a_url_or_alone_or_as_a_form_body() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    for shape in ["url", "fragment", "body"] {
        let start = ["login", "--start", "pending", "--scope", "openid", "--response-type", "code id_token"];
        let started = home.run(&with(&start, &options)).exits(0);
        let callback = redirect(started.text().trim()).unwrap();
        let (_, fragment) = callback.split_once('#').unwrap();
        let given = match shape {
            "url" => callback.clone(),
            "fragment" => format!("#{fragment}"),
            _ => fragment.to_owned(),
        };
        home.run(&with(&["login", "--finish", "pending", &given], &options)).json();
    }
    let start = ["login", "--start", "pending", "--response-type", "code id_token", "--response-mode", "form_post"];
    let started = home.run(&with(&[&start[..], &["--scope", "openid"]].concat(), &options)).exits(0);
    assert!(started.text().contains("response_mode=form_post"));
}

#[test]
fn an_id_token_that_breaks_a_rule_is_11_and_nothing_is_printed_or_kept() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    for fault in
        [JwtFault::BrokenSignature, JwtFault::WrongAudience, JwtFault::WrongNonce, JwtFault::Expired, JwtFault::AlgNone]
    {
        server.misbehave_jwt(Jwt::IdToken, fault.clone());
        let ran = log_in(&home, &options, &["--scope", "openid", "--profile", "p"]).exits(11);
        assert!(ran.stdout.is_empty(), "{fault:?}");
        let error = ran.error();
        assert!(error["rule"].is_string() && error["spec"].is_string(), "{error}");
        home.run(&with(&["token", "--profile", "p"], &options)).exits(12);
    }
    server.misbehave_jwt(Jwt::FrontChannelIdToken, JwtFault::WrongCHash);
    let ran = log_in(&home, &options, &["--scope", "openid", "--response-type", "code id_token"]).exits(11);
    assert!(ran.error()["rule"].as_str().unwrap().contains("c_hash"), "{ran:?}");
}

#[test]
fn the_algorithm_is_the_one_registered_and_the_refusal_names_the_option() {
    let client = Client::new("es").secret("secret").id_token_signed_response_alg("ES256");
    let server = Server::builder().client(client).auto_approve("alice").start();
    let home = Home::new();
    let mut options = service(&home, &server);
    options.extend(["--client-id", "es"].map(str::to_owned));
    let options: Vec<String> = options
        .iter()
        .filter(|option| *option != "svc")
        .enumerate()
        .filter(|(at, _)| *at != 2)
        .map(|(_, option)| option.clone())
        .collect();
    let refused = log_in(&home, &options, &["--scope", "openid"]).exits(11);
    assert!(refused.error()["hint"].as_str().unwrap().contains("--id-token-alg"), "{refused:?}");
    log_in(&home, &options, &["--scope", "openid", "--id-token-alg", "ES256"]).json();
    let home = home.env("GRANTEE_ID_TOKEN_ALG", "ES256");
    log_in(&home, &options, &["--scope", "openid"]).json();
}

#[test]
fn a_login_asks_who_it_is_about_when_told_to() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    let scope = ["--scope", "openid", "profile", "email", "--userinfo"];
    let brought = log_in(&home, &options, &scope).json();
    assert_eq!(brought["userinfo"]["sub"], brought["id_token_claims"]["sub"]);
    assert!(brought["userinfo"]["email"].is_string(), "{brought}");
    let implicit = [&scope[..], &["--response-type", "id_token token"]].concat();
    assert!(log_in(&home, &options, &implicit).json()["userinfo"]["sub"].is_string());
    home.run(&with(&["login", "--start", "p", "--userinfo", "--response-type", "id_token"], &options)).exits(2);
    // The token is there, whatever userinfo comes to.
    server.misbehave_times(Endpoint::Userinfo, 1, Misbehaviour::Status { status: 503, retry_after: None });
    let ran = log_in(&home, &options, &scope).exits(10);
    let brought: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(brought["access_token"].is_string() && brought.get("userinfo").is_none());
}

#[test]
fn signed_userinfo_needs_no_option() {
    let home = Home::new();
    let client = Client::new("svc").secret("secret").userinfo_signed_response_alg("ES256");
    let server = Server::builder().client(client).auto_approve("alice").start();
    let options = service(&home, &server);
    let scope = ["--scope", "openid", "email", "--userinfo"];
    let brought = log_in(&home, &options, &scope).json();
    assert_eq!(brought["userinfo"]["sub"], brought["id_token_claims"]["sub"]);
    assert_eq!(brought["userinfo"]["aud"], "svc", "the signed form");
    log_in(&home, &options, &[&scope[..], &["--userinfo-alg", "ES256"]].concat()).json();
    let wrong = log_in(&home, &options, &[&scope[..], &["--userinfo-alg", "PS256"]].concat()).exits(11);
    assert!(wrong.error()["hint"].as_str().unwrap().contains("--userinfo-alg"));
}

#[test]
fn a_key_to_decrypt_with_wants_the_id_token_encrypted() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    home.file("key", home.run(&["jwk", "generate", "--type", "rsa", "--use", "enc"]).exits(0).stdout);
    let with_key = ["--scope", "openid", "--profile", "p", "--decryption-key", "key"];
    for response_type in ["code", "id_token"] {
        let ran = log_in(&home, &options, &[&with_key[..], &["--response-type", response_type]].concat()).exits(11);
        assert!(ran.stdout.is_empty() && ran.error()["hint"].as_str().unwrap().contains("--userinfo"), "{ran:?}");
    }
    home.run(&["token", "--profile", "p"]).exits(2);
    // It may be for userinfo, for the answer to a login, or for that to an introspection.
    log_in(&home, &options, &[&with_key[..], &["--userinfo"]].concat()).json();
    log_in(&home, &options, &[&with_key[..], &["--authorization-encryption", "RSA-OAEP-256"]].concat()).json();
    let introspection = ["--introspection-alg", "RS256", "--introspection-encryption", "RSA-OAEP-256"];
    log_in(&home, &options, &[&with_key[..], &introspection].concat()).json();
}

#[test]
fn userinfo_is_of_the_profile_or_of_a_token_given() {
    let (home, server) = (Home::new(), server());
    let options = service(&home, &server);
    let brought = log_in(&home, &options, &["--scope", "openid", "email", "--profile", "p"]).json();
    let bound = home.run(&["userinfo", "--json", "--profile", "p"]).exits(0);
    assert!(bound.stderr.is_empty(), "{bound:?}");
    let claims = bound.json();
    assert_eq!(claims["sub"], brought["id_token_claims"]["sub"]);
    let table = home.run(&["userinfo", "--profile", "p"]).exits(0);
    assert!(table.text().contains("email") && !table.text().contains('\u{1b}'));
    // The login's ID token may have expired long ago.
    let access_token = brought["access_token"].as_str().unwrap();
    home.file("token", access_token);
    for (stdin, more) in
        [(access_token, &[][..]), ("", &["--access-token", "@token"]), (access_token, &["--access-token", "-"])]
    {
        let unbound = home.run_with(stdin, &with(&[&["userinfo", "--json"], more].concat(), &options)).exits(0);
        assert!(unbound.stderr.contains("bound to no ID token"), "{unbound:?}");
        assert_eq!(unbound.json(), claims);
    }
    let literal = home.run(&with(&["userinfo", "--access-token", access_token], &options)).exits(2);
    assert!(!literal.stderr.contains(access_token));
    home.run(&with(&["userinfo"], &options)).exits(2);
    let bad = home.run_with("bad", &with(&["userinfo", "--json"], &options)).exits(10);
    assert_eq!((&bad.error()["server_error"], &bad.error()["status"]), (&"invalid_token".into(), &401.into()));
    home.run(&with(&["userinfo", "--profile", "none"], &options)).exits(12);
}

#[test]
fn userinfo_about_somebody_else_is_refused() {
    let client = Client::new("signed").secret("secret").userinfo_signed_response_alg("ES256");
    let server = Server::builder().client(client).auto_approve("alice").start();
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", "secret");
    let options: Vec<String> = ["--issuer", &server.issuer(), "--client-id", "signed"].map(str::to_owned).into();
    log_in(&home, &options, &["--scope", "openid", "--profile", "p", "--userinfo-alg", "ES256"]).json();
    assert!(home.run(&["userinfo", "--json", "--profile", "p"]).json()["sub"].is_string());
    let other = home.run(&["userinfo", "--json", "--profile", "p", "--userinfo-alg", "RS256"]).exits(11);
    assert!(other.error()["hint"].as_str().unwrap().contains("--userinfo-alg"), "{other:?}");
    server.misbehave_jwt(Jwt::Userinfo, JwtFault::WrongSubject);
    let ran = home.run(&["userinfo", "--json", "--profile", "p"]).exits(11);
    assert!(ran.stdout.is_empty() && ran.error()["rule"].as_str().unwrap().contains("sub"), "{ran:?}");
    let more = ["--scope", "openid", "--userinfo", "--userinfo-alg", "ES256"];
    assert!(log_in(&home, &options, &more).exits(11).stdout.is_empty());
}
