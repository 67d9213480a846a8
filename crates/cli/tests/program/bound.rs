//! Tokens that are bound to a key or a certificate, and clients that are known by one.

use crate::support::{Home, Ran, log_in, mode, service, set_mode, with};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantee::jose::Jwk;
use grantor::{Client, DpopNonces, Endpoint, Server};
use serde_json::{Value, json};

/// The thumbprint of the key in the proof that came last.
fn proven(server: &Server, endpoint: Endpoint) -> Option<String> {
    let request = server.requests_to(endpoint).pop()?;
    let header = URL_SAFE_NO_PAD.decode(request.dpop()?.split('.').next()?).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    Some(Jwk::from_value(header["jwk"].clone()).unwrap().thumbprint())
}

fn bound_server() -> Server {
    let client = Client::new("bound").secret("secret").dpop_bound_access_tokens();
    Server::builder().client(client).dpop_nonces(DpopNonces::EachRequest).auto_approve("alice").start()
}

fn options(home: &Home, server: &Server, client: &str) -> Vec<String> {
    let mut options = service(home, server);
    let at = options.iter().position(|option| option == "svc").unwrap();
    client.clone_into(&mut options[at]);
    options
}

#[test]
fn a_profiles_key_is_made_once_and_found_by_every_later_run() {
    let (home, server) = (Home::new(), bound_server());
    let options = options(&home, &server, "bound");
    let token = home.run(&with(&["token", "client-credentials", "--dpop", "--profile", "p"], &options)).json();
    assert_eq!(token["token_type"], "DPoP");
    let key = home.path("state/grantee/p/dpop.jwk");
    let made = std::fs::read(&key).unwrap();
    assert_eq!(mode(&key), 0o600);
    let first = proven(&server, Endpoint::Token).unwrap();
    let url = server.url("/api/orders");
    home.run(&["call", "GET", &url, "--profile", "p"]).exits(0);
    assert_eq!(proven(&server, Endpoint::Api), Some(first.clone()));
    home.age_token("p");
    home.run(&["call", "GET", &url, "--profile", "p"]).exits(0);
    assert_eq!((proven(&server, Endpoint::Token), proven(&server, Endpoint::Api)), (Some(first.clone()), Some(first)));
    assert_eq!(std::fs::read(&key).unwrap(), made);
    let header = home.run(&["token", "--profile", "p", "--output", "header"]).exits(0);
    assert!(header.text().starts_with("DPoP "), "{header:?}");
    set_mode(&key, 0o644);
    let ran = home.run(&["call", "GET", &url, "--profile", "p", "--json"]).exits(14);
    assert!(ran.error()["hint"].as_str().unwrap().starts_with("chmod 600"), "{ran:?}");
    home.run(&["profile", "remove", "p"]).exits(0);
    assert!(!key.exists());
}

#[test]
fn a_key_of_ones_own_has_tokens_of_its_own() {
    let (home, server) = (Home::new(), bound_server());
    let options = options(&home, &server, "bound");
    home.run(&with(&["token", "client-credentials", "--dpop", "--profile", "p"], &options)).json();
    let made = proven(&server, Endpoint::Token);
    home.file("key", home.run(&["jwk", "generate", "--alg", "ES256"]).exits(0).stdout);
    let thumbprint = home.run(&["jwk", "thumbprint", "key"]).exits(0).text().trim().to_owned();
    let call = ["call", "GET", &server.url("/api/orders"), "--profile", "p", "--dpop-key", "key"];
    for _ in 0..2 {
        home.run(&call).exits(0);
        assert_eq!(proven(&server, Endpoint::Api).as_deref(), Some(thumbprint.as_str()));
    }
    home.run(&call[..5]).exits(0);
    assert_eq!(proven(&server, Endpoint::Api), made);
    assert_eq!(server.requests_to(Endpoint::Token).iter().filter(|sent| sent.dpop().is_some()).count(), 4);
    // It says --dpop, and without a profile there is a key for the run.
    home.run(&with(&["token", "client-credentials", "--dpop-key", "key"], &options)).json();
    assert_eq!(proven(&server, Endpoint::Token).as_deref(), Some(thumbprint.as_str()));
    let once = home.run(&with(&["token", "client-credentials", "--dpop"], &options)).json();
    assert_eq!(once["token_type"], "DPoP");
    assert_ne!(proven(&server, Endpoint::Token).as_deref(), Some(thumbprint.as_str()));
    home.file("public", home.run(&["jwk", "public", "key"]).exits(0).stdout);
    for (file, status) in [("public", 14), ("none", 14), ("-", 2)] {
        home.run(&with(&["token", "client-credentials", "--dpop-key", file], &options)).exits(status);
    }
}

#[test]
fn a_login_and_userinfo_with_bound_tokens() {
    let (home, server) = (Home::new(), bound_server());
    let options = options(&home, &server, "bound");
    let more = ["--scope", "openid", "email", "--dpop", "--profile", "p"];
    let started = home.run(&with(&[&["login", "--start", "pending"], &more[..]].concat(), &options)).exits(0);
    assert!(started.text().contains("dpop_jkt="), "{started:?}");
    let token = log_in(&home, &options, &more).json();
    assert_eq!(token["token_type"], "DPoP");
    home.run(&["userinfo", "--profile", "p", "--json"]).json();
    assert!(proven(&server, Endpoint::Userinfo).is_some());
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    home.run(&["token", "refresh", "--profile", "p"]).json();
    // A token from elsewhere with the key it is bound to.
    let key = home.path("state/grantee/p/dpop.jwk");
    let given = with(&["userinfo", "--json", "--dpop-key", key.to_str().unwrap()], &options);
    let current = home.run(&["token", "--profile", "p"]).json();
    home.run_with(current["access_token"].as_str().unwrap(), &given).json();
}

#[test]
fn a_login_that_another_run_finishes_needs_a_key_that_is_kept() {
    let (home, server) = (Home::new(), bound_server());
    let options = options(&home, &server, "bound");
    let ran = home.run(&with(&["login", "--start", "pending", "--dpop"], &options)).exits(2);
    assert!(ran.stderr.contains("--dpop-key") && !home.path("pending").exists(), "{ran:?}");
    home.file("key", home.run(&["jwk", "generate", "--alg", "ES256"]).exits(0).stdout);
    log_in(&home, &options, &["--dpop-key", "key"]).json();
}

#[test]
fn a_bearer_token_where_a_bound_one_was_asked_for_is_11() {
    let (home, server) = (Home::new(), bound_server());
    let belittled = grantor::Misbehaviour::SetMember("token_type".into(), "Bearer".into());
    server.misbehave(Endpoint::Token, belittled);
    let options = options(&home, &server, "bound");
    let ran = home.run(&with(&["token", "client-credentials", "--dpop", "--json"], &options)).exits(11);
    assert!(ran.error()["spec"].as_str().unwrap().contains("RFC 9449"), "{ran:?}");
}

/// A server that knows clients by their certificates, and a client's files.
fn with_certificates(home: &Home) -> Server {
    let selfmade = Server::self_signed_certificate("selfmade");
    let server = Server::builder()
        .mtls()
        .client(Client::new("shop").tls_client_auth_subject_dn("CN=shop").certificate_bound_access_tokens())
        .client(Client::new("selfmade").auth("self_signed_tls_client_auth").jwks(selfmade.jwks()))
        .client(Client::new("secret").secret("secret").certificate_bound_access_tokens())
        .auto_approve("alice")
        .start();
    let shop = server.client_certificate("shop");
    for (name, certificate) in [("shop", &shop), ("selfmade", &selfmade)] {
        home.file(&format!("{name}.pem"), &certificate.chain_pem);
        home.file(&format!("{name}.key"), &certificate.key_pem);
    }
    home.file("ca.pem", server.ca_pem());
    server
}

fn certified(server: &Server, client: &str, name: &str) -> Vec<String> {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
    let options = ["--tls-cert", &certificate, "--tls-key", &key, "--ca", "ca.pem"];
    ["--issuer", &server.issuer(), "--client-id", client].iter().chain(&options).map(|&text| text.to_owned()).collect()
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let home = Home::new();
    let server = with_certificates(&home);
    let base = ["token", "client-credentials"];
    for (client, auth) in [("shop", "tls_client_auth"), ("selfmade", "self_signed_tls_client_auth")] {
        let token =
            home.run(&with(&[&base[..], &["--auth", auth]].concat(), &certified(&server, client, client))).json();
        assert_eq!(token["token_type"], "Bearer");
        let sent = server.requests_to(Endpoint::Token).pop().unwrap();
        assert!(sent.client_certificate_thumbprint().is_some() && sent.form_value("client_secret").is_none());
    }
    let other = certified(&server, "shop", "selfmade");
    let ran = home.run(&with(&[&base[..], &["--auth", "tls_client_auth", "--json"]].concat(), &other)).exits(10);
    assert_eq!(ran.error()["server_error"], "invalid_client");
    let issuer = server.issuer();
    let without = ["--issuer", &issuer, "--client-id", "shop", "--auth", "tls_client_auth"];
    let ran = home.run(&[&base[..], &without].concat()).exits(2);
    assert!(ran.stderr.contains("--tls-cert"), "{ran:?}");
    home.run(&[&base[..], &without, &["--tls-cert", "shop.pem"]].concat()).exits(2);
    home.run(&[&base[..], &without, &["--tls-cert", "shop.pem", "--tls-key", "ca.pem"]].concat()).exits(14);
}

#[test]
fn a_token_that_is_bound_to_the_certificate_is_called_with_and_renewed() {
    let home = Home::new();
    let server = with_certificates(&home);
    let secret = home.file("secret-file", "secret");
    for (client, more) in
        [("shop", &["--auth", "tls_client_auth"][..]), ("secret", &["--client-secret-file", secret.to_str().unwrap()])]
    {
        let options = certified(&server, client, "shop");
        let base = ["token", "client-credentials", "--profile", client];
        home.run(&with(&[&base[..], more].concat(), &options)).json();
        let url = server.mtls_url("/api/orders");
        let echo = |ran: Ran| serde_json::from_slice::<Value>(&ran.exits(0).stdout).unwrap();
        assert_eq!(echo(home.run(&["call", "GET", &url, "--profile", client]))["client_id"], client);
        home.age_token(client);
        let asked = server.count(Endpoint::Token);
        echo(home.run(&["call", "GET", &url, "--profile", client]));
        assert_eq!(server.count(Endpoint::Token), asked + 1);
    }
    // In other hands it is no use.
    let token = home.run(&["token", "--profile", "shop", "--output", "token"]).exits(0);
    let bare = json!({ "active": true });
    let seen = home.run_with(token.text(), &["introspect", "--json", "--profile", "shop"]).json();
    assert_eq!((&seen["active"], seen["cnf"]["x5t#S256"].is_string()), (&bare["active"], true));
}
