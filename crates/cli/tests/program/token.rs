use crate::support::{Home, service, with};
use grantor::{Endpoint, Server};

#[test]
fn a_token_has_the_members_of_the_page_and_no_others() {
    let (home, server) = (Home::new(), Server::start());
    let token = home.run(&with(&["token", "client-credentials", "--scope", "a", "b"], &service(&home, &server))).json();
    let names: Vec<&str> = token.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "expires_at", "expires_in", "scope", "token_type"]);
    assert_eq!(token["scope"], "a b");
    assert!((3590..=3600).contains(&token["expires_in"].as_i64().unwrap()));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(token["expires_at"].as_u64().unwrap().abs_diff(now + 3600) < 20);
}

#[test]
fn a_token_alone_or_as_a_header() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let token = home.run(&with(&["token", "client-credentials", "--output", "token"], &options)).exits(0);
    assert!(token.text().ends_with('\n') && !token.text().trim().is_empty() && !token.text().contains(' '));
    let header = home.run(&with(&["token", "client-credentials", "--output", "header"], &options)).exits(0);
    assert!(header.text().starts_with("Bearer "));
    let header = home.run(&with(&["token", "client-credentials", "--output", "header", "--json"], &options)).json();
    assert!(header.as_str().unwrap().starts_with("Bearer "));
}

#[test]
fn scope_may_be_repeated_quoted_or_several() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    for scope in [&["--scope", "a", "b"][..], &["--scope", "a b"], &["--scope", "a", "--scope", "b"]] {
        let token = home.run(&with(&[&["token", "client-credentials"], scope].concat(), &options)).json();
        assert_eq!(token["scope"], "a b");
    }
}

#[test]
fn every_way_to_authenticate() {
    let (home, server) = (Home::new(), Server::start());
    let secret = home.file("secret", "secret\n");
    let odd = home.file("odd", "s3cret &+%41/=:é");
    let issuer = server.issuer();
    for (client, file, auth) in [
        ("basic", &secret, "client_secret_basic"),
        ("post", &secret, "client_secret_post"),
        ("odd", &odd, "client_secret_basic"),
    ] {
        let file = file.to_str().unwrap();
        let arguments = [
            "token",
            "client-credentials",
            "--issuer",
            &issuer,
            "--client-id",
            client,
            "--client-secret-file",
            file,
            "--auth",
            auth,
        ];
        home.run(&arguments).json();
    }
    let arguments = [
        "token",
        "client-credentials",
        "--issuer",
        &issuer,
        "--client-id",
        "svc",
        "--client-secret-file",
        odd.to_str().unwrap(),
        "--basic-raw",
    ];
    home.run(&arguments).exits(10);
    let sent = server.requests_to(Endpoint::Token).pop().unwrap();
    use base64::Engine as _;
    let raw = base64::engine::general_purpose::STANDARD.encode("svc:s3cret &+%41/=:é");
    assert_eq!(sent.header("authorization"), Some(format!("Basic {raw}").as_str()));
}

#[test]
fn a_secret_comes_from_stdin_or_the_environment_too() {
    let server = Server::start();
    let options = ["token", "client-credentials", "--issuer", &server.issuer(), "--client-id", "svc"];
    Home::new().run_with("secret\n", &[&options[..], &["--client-secret-file", "-"]].concat()).json();
    Home::new().env("GRANTEE_CLIENT_SECRET", "secret").run(&options).json();
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", "secret").env("GRANTEE_ISSUER", &server.issuer());
    home.env("GRANTEE_CLIENT_ID", "svc").env("GRANTEE_SCOPE", "a b").run(&["token", "client-credentials"]).json();
    assert_eq!(server.requests_to(Endpoint::Token).pop().unwrap().form_value("scope").as_deref(), Some("a b"));
}

#[test]
fn a_file_named_goes_before_the_environment() {
    let (home, server) = (Home::new().env("GRANTEE_CLIENT_SECRET", "wrong"), Server::start());
    home.run(&with(&["token", "client-credentials"], &service(&home, &server))).json();
}

#[test]
fn endpoints_alone_are_enough_and_nothing_is_fetched() {
    let (home, server) = (Home::new().env("GRANTEE_CLIENT_SECRET", "secret"), Server::start());
    let endpoint = server.url("/token");
    home.run(&["token", "client-credentials", "--token-endpoint", &endpoint, "--client-id", "svc"]).json();
    assert_eq!(server.count(Endpoint::Metadata), 0);
}

#[test]
fn metadata_from_a_file_or_a_url() {
    let (home, server) = (Home::new().env("GRANTEE_CLIENT_SECRET", "secret"), Server::start());
    let document = home.run(&["discover", &server.issuer(), "--json"]).exits(0).stdout;
    home.file("metadata.json", document);
    let before = server.count(Endpoint::Metadata);
    home.run(&["token", "client-credentials", "--metadata", "metadata.json", "--client-id", "svc"]).json();
    assert_eq!(server.count(Endpoint::Metadata), before);
    let url = server.url("/.well-known/openid-configuration");
    home.run(&["token", "client-credentials", "--metadata", &url, "--client-id", "svc"]).json();
}

#[test]
fn resource_audience_and_parameters_are_sent() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let more =
        ["--resource", "https://a.example/", "https://b.example/", "--audience", "x y", "--param", "p=1", "q=2=3"];
    home.run(&with(&[&["token", "client-credentials"], &more[..]].concat(), &options)).json();
    let form = server.requests_to(Endpoint::Token).pop().unwrap().form();
    let sent: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for pair in [
        ("resource", "https://a.example/"),
        ("resource", "https://b.example/"),
        ("audience", "x y"),
        ("p", "1"),
        ("q", "2=3"),
    ] {
        assert!(sent.contains(&pair), "{pair:?} in {sent:?}");
    }
}

#[test]
fn a_password_is_never_an_option() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let base = with(&["token", "password", "--username", "alice"], &options);
    let token = home.run_with("wonderland\n", &[&base[..], &["--password-file", "-"]].concat()).json();
    assert!(token["refresh_token"].is_string());
    home.run(&[&base[..], &["--password", "wonderland"]].concat()).exits(2);
    let home = home.env("GRANTEE_PASSWORD", "wonderland");
    home.run(&base).json();
    home.file("wrong", "wrong");
    home.run(&[&base[..], &["--password-file", "wrong"]].concat()).exits(10);
}

#[test]
fn a_refresh_token_comes_from_stdin_or_a_file() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let issued = server.issue("svc", Some("alice"), "a");
    let token = home.run_with(format!("{}\n", issued.refresh_token), &with(&["token", "refresh"], &options)).json();
    home.file("refresh", token["refresh_token"].as_str().unwrap());
    home.run(&with(&["token", "refresh", "--refresh-token", "@refresh"], &options)).json();
    let literal = home.run(&with(&["token", "refresh", "--refresh-token", "literal"], &options)).exits(2);
    assert!(!literal.stderr.contains("literal,"));
    let used = home.run(&with(&["token", "refresh", "--json", "--refresh-token", "@refresh"], &options)).exits(10);
    assert_eq!(used.error()["server_error"], "invalid_grant");
}

#[test]
fn the_profiles_token_is_held_renewed_when_due_and_renewed_on_demand() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    home.file("password", "wonderland");
    let base =
        with(&["token", "password", "--username", "alice", "--password-file", "password", "--profile", "p"], &options);
    let first = home.run(&base).json();
    let held = home.run(&["token", "--profile", "p"]).json();
    assert_eq!(held["refresh_token"], first["refresh_token"]);
    let renewed = home.run(&["token", "refresh", "--profile", "p"]).json();
    assert_ne!(renewed["access_token"], held["access_token"]);
    home.age_token("p");
    let later = home.run(&["token", "--profile", "p"]).json();
    assert_ne!(later["access_token"], renewed["access_token"]);
    assert_eq!(server.families_revoked(), 0);
}

#[test]
fn without_a_login_the_person_must_log_in() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let ran = home.run(&with(&["token", "--json", "--profile", "p"], &options)).exits(12);
    assert_eq!(ran.error()["code"], "login_required");
    assert!(ran.error()["hint"].as_str().unwrap().contains("grantee login --profile p"));
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_dead_refresh_token_means_that_the_person_must_log_in() {
    let (home, server) = (Home::new(), Server::start());
    home.file("password", "wonderland");
    let options = service(&home, &server);
    // The password comes from the environment alone, so it is gone afterwards.
    let first = Home::run_with;
    let base = with(&["token", "password", "--username", "alice", "--password-file", "-", "--profile", "p"], &options);
    first(&home, "wonderland", &base).json();
    server.revoke_everything();
    let ran = home.run(&["token", "refresh", "--profile", "p", "--json"]).exits(12);
    assert_eq!(ran.error()["server_error"], "invalid_grant");
}

#[test]
fn introspection_and_revocation_take_the_token_from_stdin() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let token = server.issue("svc", Some("alice"), "a b");
    let seen = home.run_with(&token.access_token, &with(&["introspect", "--json"], &options)).json();
    assert_eq!((&seen["active"], &seen["scope"]), (&true.into(), &"a b".into()));
    let table = home.run_with(&token.access_token, &with(&["introspect"], &options)).exits(0);
    assert!(table.text().contains("active") && !table.text().contains('\u{1b}'));
    let revoked = home
        .run_with(
            format!("{}\n", token.access_token),
            &with(&["revoke", "--token-type-hint", "access_token"], &options),
        )
        .exits(0);
    assert!(revoked.stdout.is_empty());
    let sent = server.requests_to(Endpoint::Revocation).pop().unwrap();
    assert_eq!(sent.form_value("token_type_hint").as_deref(), Some("access_token"));
    let seen = home.run_with(&token.access_token, &with(&["introspect", "--json"], &options)).json();
    assert_eq!(seen, serde_json::json!({"active": false}));
    home.run(&with(&["revoke"], &options)).exits(2);
}

#[test]
fn discovery_shows_every_member() {
    let (home, server) = (Home::new(), Server::builder().set_metadata("vendor", "seven").start());
    let document = home.run(&["discover", &server.issuer(), "--json"]).json();
    assert_eq!((&document["issuer"], &document["vendor"]), (&server.issuer().into(), &"seven".into()));
    let table = home.run(&["discover", &server.issuer()]).exits(0);
    assert!(table.text().contains("token_endpoint") && table.text().contains("seven"));
    home.run(&["discover", &server.url("/.well-known/openid-configuration")]).exits(0);
    let found = home.run(&["discover", "--json", "--person", &server.url("/alice")]).json();
    assert_eq!(found["issuer"], server.issuer());
    home.run(&["discover", "alice@127.0.0.1"]).exits(13);
}
