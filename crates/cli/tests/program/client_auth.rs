use crate::support::{Home, with};
use grantor::{Client, Endpoint, Server};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A key of the client's, in a file, and a server that knows its public part.
fn with_a_key(home: &Home, arguments: &[&str]) -> Server {
    let key = home.run(&[&["jwk", "generate"], arguments].concat()).json();
    home.file("key", key.to_string());
    let public = home.run(&["jwk", "public", "key"]).json();
    let client = Client::new("keyed").auth("private_key_jwt").jwks(json!({ "keys": [public] }));
    Server::builder().client(client).start()
}

fn options(server: &Server) -> Vec<String> {
    ["--issuer", &server.issuer(), "--client-id", "keyed"].map(str::to_owned).into()
}

#[test]
fn private_key_jwt_by_a_jwk_or_pem_file() {
    let home = Home::new();
    for kind in [&["--type", "rsa"][..], &["--alg", "ES256"], &["--alg", "EdDSA"]] {
        let server = with_a_key(&home, kind);
        let options = options(&server);
        let token = ["token", "client-credentials"];
        home.run(&with(&[&token[..], &["--key", "key"]].concat(), &options)).json();
        home.run(&with(&[&token[..], &["--key", "key", "--auth", "private_key_jwt"]].concat(), &options)).json();
        let pem = home.run(&["jwk", "convert", "key", "--to", "pem"]).exits(0);
        home.file("key.pem", &pem.stdout);
        // PEM names no key; the server has one alone.
        home.run(&with(&[&token[..], &["--key", "key.pem", "--auth", "private_key_jwt"]].concat(), &options)).json();
        let sent = server.requests_to(Endpoint::Token);
        assert!(sent.iter().all(|request| request.form_value("client_assertion").is_some()), "{FORM}");
        assert!(sent.iter().all(|request| request.form_value("client_secret").is_none()));
    }
}

#[test]
fn an_encrypted_key_has_its_password_from_a_file_or_the_environment() {
    let home = Home::new();
    let server = with_a_key(&home, &["--alg", "ES256"]);
    home.file("password", "s3cret");
    home.file("wrong", "another-s3cret");
    let pem = ["jwk", "convert", "key", "--to", "encrypted-pem", "--new-password-file", "password"];
    home.file("key.pem", home.run(&pem).exits(0).stdout);
    let options = options(&server);
    let base = with(&["token", "client-credentials", "--json", "--key", "key.pem"], &options);
    home.run(&[&base[..], &["--key-password-file", "password"]].concat()).json();
    let without = home.run(&base).exits(14);
    assert!(without.error()["hint"].as_str().unwrap().contains("password"));
    let wrong = home.run(&[&base[..], &["--key-password-file", "wrong"]].concat()).exits(14);
    assert!(!wrong.stderr.contains("s3cret"));
    let home = home.env("GRANTEE_KEY_PASSWORD", "s3cret");
    home.run(&base).json();
}

#[test]
fn a_key_that_can_t_sign_is_14_and_none_at_all_is_2() {
    let home = Home::new();
    let server = with_a_key(&home, &["--alg", "ES256"]);
    home.file("public", home.run(&["jwk", "public", "key"]).exits(0).stdout);
    home.file("bad", "s3cret");
    let options = options(&server);
    for (key, status) in [("public", 14), ("bad", 14), ("none", 14), ("-", 2)] {
        for auth in [&[][..], &["--auth", "private_key_jwt"]] {
            let arguments = [&["token", "client-credentials", "--json", "--key", key], auth].concat();
            let ran = home.run(&with(&arguments, &options)).exits(status);
            assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
        }
    }
    home.run(&with(&["token", "client-credentials", "--auth", "private_key_jwt"], &options)).exits(2);
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn client_secret_jwt_never_sends_the_secret() {
    let secret = "a-secret-of-thirty-two-characters";
    let server = Server::builder().client(Client::new("jwt").secret(secret).auth("client_secret_jwt")).start();
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", secret);
    let issuer = server.issuer();
    let base = ["token", "client-credentials", "--issuer", &issuer, "--client-id", "jwt"];
    home.run(&[&base[..], &["--auth", "client_secret_jwt"]].concat()).json();
    let sent = server.requests_to(Endpoint::Token).pop().unwrap();
    assert!(sent.form_value("client_assertion").is_some() && sent.form_value("client_secret").is_none());
}

#[test]
fn an_assertion_comes_from_a_file_a_command_or_the_environment() {
    let home = Home::new();
    let server = Server::start();
    home.file("assertion", "a.b.c\n");
    home.file("bad", "hunter2");
    let options = options(&server);
    let base = with(&["token", "client-credentials", "--json"], &options);
    let sent = |arguments: &[&str], home: &Home| {
        // What the server says to such an assertion is no matter here.
        home.run(&[&base[..], arguments].concat()).exits(10);
        server.requests_to(Endpoint::Token).pop().unwrap().form_value("client_assertion")
    };
    assert_eq!(sent(&["--client-assertion-file", "assertion"], &home).as_deref(), Some("a.b.c"));
    assert_eq!(sent(&["--client-assertion-command", "/bin/echo", "d.e.f"], &home).as_deref(), Some("d.e.f"));
    let bad = home.run(&[&base[..], &["--client-assertion-file", "bad"]].concat()).exits(2);
    assert!(!bad.stderr.contains("hunter2"));
    let home = home.env("GRANTEE_CLIENT_ASSERTION", "g.h.i");
    assert_eq!(sent(&[], &home).as_deref(), Some("g.h.i"));
}

#[test]
fn a_profile_keeps_where_the_key_is_and_not_the_key() {
    let home = Home::new();
    let server = with_a_key(&home, &["--alg", "ES256"]);
    let options = options(&server);
    home.run(&with(&["profile", "save", "p", "--key", "key", "--auth", "private_key_jwt"], &options)).exits(0);
    let kept = std::fs::read_to_string(home.profile_file("p")).unwrap();
    let key: Value = serde_json::from_slice(&std::fs::read(home.path("key")).unwrap()).unwrap();
    assert!(kept.contains("private_key_jwt") && !kept.contains(key["d"].as_str().unwrap()));
    home.run(&["token", "client-credentials", "--profile", "p"]).json();
    let home = home.env("GRANTEE_KEY", "none");
    home.run(&["token", "client-credentials", "--profile", "p"]).exits(14);
}
