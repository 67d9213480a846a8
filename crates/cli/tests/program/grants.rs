//! Grants that bring a person's or another party's word: devices, CIBA, token exchange, assertions.

use crate::support::{Home, Ran, service, with};
use grantor::{Builder, Client, Endpoint, PendingAuthorization, Server, SigningKey};
use serde_json::{Map, Value, json};
use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn quick() -> Builder {
    Server::builder().device_interval(1).ciba_interval(1)
}

/// Waits until the program has asked.
fn asked(server: &Server) -> PendingAuthorization {
    (0..1000)
        .find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            server.pending_authorizations().pop()
        })
        .expect("the program has asked")
}

fn ended(child: Child, arguments: &[&str]) -> Ran {
    Ran::new(arguments, child.wait_with_output().unwrap())
}

fn form(server: &Server, endpoint: Endpoint, name: &str) -> Option<String> {
    server.requests_to(endpoint).pop().unwrap().form_value(name)
}

#[test]
fn a_device_shows_where_to_go_and_waits_for_the_person() {
    let (home, server) = (Home::new(), quick().start());
    let options = service(&home, &server);
    let arguments = with(&["token", "device", "--scope", "openid", "a", "--userinfo", "--profile", "p"], &options);
    let child = home.spawn(&arguments);
    let waiting = asked(&server);
    let code = waiting.user_code.unwrap();
    assert_eq!(waiting.scope, "openid a");
    assert!(server.approve_device(&code, "alice"));
    let ran = ended(child, &arguments).exits(0);
    assert!(ran.stderr.contains(&code) && ran.stderr.contains(&server.url("/device/verify")), "{ran:?}");
    // A pipe gets plain lines.
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\u{2588}'), "{ran:?}");
    let token = ran.json();
    assert_eq!((&token["id_token_claims"]["sub"], &token["userinfo"]["sub"]), (&"alice".into(), &"alice".into()));
    // The profile holds it, and renews it.
    home.age_token("p");
    let renewed = home.run(&["token", "--profile", "p"]).json();
    assert_ne!(renewed["access_token"], token["access_token"]);
    server.revoke_everything();
    home.run(&["token", "refresh", "--profile", "p"]).exits(12);
}

#[test]
fn a_device_that_the_person_refuses_is_10_and_one_that_nobody_confirms_is_12() {
    let (home, server) = (Home::new(), quick().start());
    let options = service(&home, &server);
    let arguments = with(&["token", "device", "--json"], &options);
    let child = home.spawn(&arguments);
    assert!(server.deny_device(&asked(&server).user_code.unwrap()));
    let ran = ended(child, &arguments).exits(10);
    assert!(ran.stdout.is_empty() && ran.error()["server_error"] == "access_denied", "{ran:?}");
    let server = quick().device_code_lifetime(Duration::from_secs(1)).start();
    let ran = home.run(&with(&["token", "device", "--json"], &service(&home, &server))).exits(12);
    assert_eq!(ran.error()["code"], "expired");
    assert!(ran.error()["hint"].as_str().unwrap().contains("again"), "{ran:?}");
}

#[test]
fn a_device_at_an_endpoint_of_its_own_and_one_where_there_is_none() {
    let server = quick().device_auto_approve_after(0).start();
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", "secret");
    let (token, device) = (server.url("/token"), server.url("/device"));
    let base = ["token", "device", "--client-id", "svc", "--token-endpoint", &token];
    home.run(&[&base[..], &["--device-authorization-endpoint", &device]].concat()).json();
    assert_eq!(server.count(Endpoint::Metadata), 0);
    home.run(&base).exits(2);
}

#[test]
fn a_backchannel_authentication_says_what_the_options_say() {
    let (home, server) = (Home::new(), quick().start());
    let options = service(&home, &server);
    let more = ["--binding-message", "W4SCT", "--requested-expiry", "120", "--acr-values", "urn:gold", "--scope", "a"];
    let arguments =
        with(&[&["token", "ciba", "--login-hint", "alice", "--profile", "p"], &more[..]].concat(), &options);
    let child = home.spawn(&arguments);
    let waiting = asked(&server);
    assert_eq!((waiting.binding_message.as_deref(), waiting.username.as_deref()), (Some("W4SCT"), Some("alice")));
    for (name, value) in [("requested_expiry", "120"), ("acr_values", "urn:gold"), ("scope", "openid a")] {
        assert_eq!(form(&server, Endpoint::BackchannelAuthentication, name).as_deref(), Some(value));
    }
    assert!(server.approve_ciba(&waiting.id, "alice"));
    assert_eq!(ended(child, &arguments).json()["id_token_claims"]["acr"], "urn:gold");
    let arguments = with(&["token", "ciba", "--login-hint", "alice", "--profile", "p"], &options);
    let child = home.spawn(&arguments);
    server.approve_ciba(&asked(&server).id, "alice");
    assert_eq!(ended(child, &arguments).json()["id_token_claims"]["sub"], "alice");
    home.run(&["token", "refresh", "--profile", "p"]).json();
    let child = home.spawn(&arguments);
    server.deny_ciba(&asked(&server).id);
    ended(child, &arguments).exits(10);
}

#[test]
fn a_ping_or_a_push_comes_to_where_the_program_listens() {
    let ports = [free_port(), free_port()];
    let server = ["ping", "push"].iter().zip(ports).fold(quick().ciba_interval(60), |server, (mode, port)| {
        let url = format!("http://127.0.0.1:{port}/cb");
        let client = Client::new(*mode).secret("secret").backchannel_token_delivery_mode(*mode);
        server.client(client.backchannel_client_notification_endpoint(url))
    });
    let server = server.start();
    let home = Home::new().env("GRANTEE_CLIENT_SECRET", "secret");
    home.file("notification-token", "a-token-of-ones-own-for-notifications\n");
    let issuer = server.issuer();
    for (mode, port) in ["ping", "push"].iter().zip(ports) {
        let (listen, asked_before) = (format!("127.0.0.1:{port}"), server.count(Endpoint::Token));
        let base = ["token", "ciba", "--issuer", &issuer, "--client-id", mode, "--login-hint", "alice"];
        let listening = ["--notify-listen", &listen, "--notification-token-file", "notification-token"];
        let arguments = [&base[..], &listening].concat();
        let child = home.spawn(&arguments);
        server.approve_ciba(&asked(&server).id, "alice");
        assert_eq!(ended(child, &arguments).json()["id_token_claims"]["sub"], "alice", "{mode}");
        let sent = form(&server, Endpoint::BackchannelAuthentication, "client_notification_token");
        assert_eq!(sent.as_deref(), Some("a-token-of-ones-own-for-notifications"));
        assert_eq!(server.count(Endpoint::Token) - asked_before, usize::from(*mode == "ping"));
        // A refusal comes the same way.
        let child = home.spawn(&arguments);
        server.deny_ciba(&asked(&server).id);
        ended(child, &arguments).exits(10);
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn a_backchannel_authentication_names_one_person_once() {
    let (home, server) = (Home::new(), quick().ciba_auto_approve_after(0).start());
    let options = service(&home, &server);
    let id_token = home.run(&with(&["token", "ciba", "--login-hint", "alice"], &options)).json()["id_token"].clone();
    home.file("id-token", id_token.as_str().unwrap());
    home.run(&with(&["token", "ciba", "--id-token-hint", "@id-token"], &options)).json();
    assert_eq!(form(&server, Endpoint::BackchannelAuthentication, "id_token_hint").as_deref(), id_token.as_str());
    for wrong in [
        &[][..],
        &["--login-hint", "alice", "--id-token-hint", "@id-token"],
        &["--login-hint-token", "@id-token", "--id-token-hint", "@id-token"],
        &["--id-token-hint", id_token.as_str().unwrap()],
        &["--login-hint", "alice", "--notification-token-file", "id-token"],
        &["--login-hint", "alice", "--requested-expiry", "0"],
        &["--login-hint", "alice", "--notify-listen", "nowhere"],
    ] {
        home.run(&with(&[&["token", "ciba"], wrong].concat(), &options)).exits(2);
    }
    // A profile's own hint goes behind what is said now.
    home.run(&with(&["profile", "save", "p", "--login-hint", "jane"], &options)).exits(0);
    let token = home.run(&["token", "ciba", "--profile", "p"]).json();
    assert_eq!(token["id_token_claims"]["sub"], "jane");
    let token = home.run(&["token", "ciba", "--profile", "p", "--id-token-hint", "@id-token"]).json();
    assert_eq!(token["id_token_claims"]["sub"], "alice");
}

#[test]
fn a_user_code_and_a_signed_request() {
    let home = Home::new();
    let key = home.run(&["jwk", "generate", "--alg", "ES256", "--kid", "1"]).exits(0);
    home.file("key", &key.stdout);
    let public = home.run(&["jwk", "public", "key"]).json();
    let client = Client::new("app").secret("secret").jwks(json!({ "keys": [public] }));
    let client = client.backchannel_user_code_parameter(true).backchannel_authentication_request_signing_alg("ES256");
    let server = quick().client(client).ciba_auto_approve_after(0).start();
    let home = home.env("GRANTEE_CLIENT_SECRET", "secret");
    let issuer = server.issuer();
    let base = ["token", "ciba", "--issuer", &issuer, "--client-id", "app", "--login-hint", "alice"];
    home.run(&[&base[..], &["--request-object-key", "key"]].concat()).json();
    let request = form(&server, Endpoint::BackchannelAuthentication, "request").unwrap();
    let shown: Value = serde_json::from_slice(&home.run_with(&request, &["jose", "inspect"]).exits(0).stdout).unwrap();
    assert_eq!(shown["payload"]["login_hint"], "alice", "{shown}");
    home.file("pin", "s3cret");
    for (given, stdin) in [("@pin", ""), ("-", "s3cret"), ("s3cret", "")] {
        home.run_with(stdin, &[&base[..], &["--user-code", given]].concat());
        let sent = form(&server, Endpoint::BackchannelAuthentication, "user_code");
        assert_eq!(sent.as_deref(), Some("s3cret"));
    }
}

#[test]
fn an_exchange_takes_its_tokens_from_files_or_stdin_and_says_what_came() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    let subject = server.issue("svc", Some("alice"), "a b").access_token;
    let actor = server.issue("svc", Some("jane"), "a").access_token;
    home.file("subject", format!("{subject}\n"));
    home.file("actor", &actor);
    let more = ["--actor-token", "@actor", "--resource", "https://api.example/", "--scope", "a"];
    let named = ["token", "exchange", "--subject-token", "@subject", "--subject-token-type", "access_token"];
    let token = home.run(&with(&[&named[..], &more].concat(), &options)).json();
    assert_eq!(token["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    let sent = |name| form(&server, Endpoint::Token, name);
    assert_eq!((sent("subject_token"), sent("actor_token")), (Some(subject.clone()), Some(actor)));
    assert_eq!(sent("actor_token_type").as_deref(), Some("urn:ietf:params:oauth:token-type:access_token"));
    assert_eq!((sent("resource").as_deref(), sent("scope").as_deref()), (Some("https://api.example/"), Some("a")));
    let from_stdin = with(&["token", "exchange", "--requested-token-type", "jwt"], &options);
    let jwt = home.run_with(&subject, &from_stdin).json();
    assert_eq!(
        (&jwt["token_type"], &jwt["issued_token_type"]),
        (&"N_A".into(), &"urn:ietf:params:oauth:token-type:jwt".into())
    );
    // What is no access token is put on no request.
    home.run_with(&subject, &[&from_stdin[..], &["--output", "header"]].concat()).exits(2);
    for wrong in [&["--subject-token", &subject][..], &["--actor-token-type", "jwt"], &[]] {
        let ran = home.run(&with(&[&["token", "exchange"], wrong].concat(), &options)).exits(2);
        assert!(!ran.stderr.contains(&subject), "{ran:?}");
    }
    let refused = home.run_with("nonsense", &with(&["token", "exchange", "--json"], &options)).exits(10);
    assert_eq!(refused.error()["server_error"], "invalid_request");
}

#[test]
fn an_exchanged_token_is_held_until_its_subject_is_needed_again() {
    let (home, server) = (Home::new(), Server::start());
    let subject = server.issue("svc", Some("alice"), "a").access_token;
    let options = service(&home, &server);
    let token = home.run_with(&subject, &with(&["token", "exchange", "--profile", "p"], &options)).json();
    assert_eq!(home.run(&["token", "--profile", "p"]).json()["access_token"], token["access_token"]);
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    home.age_token("p");
    home.run(&["token", "--profile", "p"]).exits(12);
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn assertion(server: &Server, key: &SigningKey, id: &str) -> String {
    let claims =
        json!({"iss": "https://idp.example", "sub": "alice", "aud": server.issuer(), "exp": now() + 60, "jti": id});
    key.sign(Map::new(), claims.as_object().unwrap().clone())
}

#[test]
fn a_jwt_bearer_grant_takes_an_assertion_as_it_was_given() {
    let key = SigningKey::fresh("ES256");
    let server = Server::builder().trusted_issuer("https://idp.example", json!({"keys": [key.jwk()]})).start();
    let home = Home::new();
    let options = service(&home, &server);
    home.file("assertion", format!("{}\n", assertion(&server, &key, "1")));
    let base = with(&["token", "jwt-bearer", "--json"], &options);
    let token =
        home.run(&[&base[..], &["--assertion", "@assertion", "--scope", "a", "--profile", "p"]].concat()).json();
    assert_eq!(token["scope"], "a");
    home.run_with(assertion(&server, &key, "2"), &[&base[..], &["--assertion", "-"]].concat()).json();
    // It serves once.
    home.age_token("p");
    home.run(&["token", "--profile", "p"]).exits(12);
    let used = home.run(&[&base[..], &["--assertion", "@assertion"]].concat()).exits(10);
    assert_eq!(used.error()["server_error"], "invalid_grant");
    let literal = assertion(&server, &key, "3");
    for wrong in [
        &["--assertion", &literal][..],
        &[],
        &["--assertion", "@assertion", "--subject", "alice"],
        &["--assertion", "@assertion", "--service-account", "x"],
        &["--subject", "alice"],
    ] {
        home.run(&[&base[..], wrong].concat()).exits(2);
    }
    home.file("nonsense", "s3cret nonsense");
    let ran = home.run(&[&base[..], &["--assertion", "@nonsense"]].concat()).exits(2);
    assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
}

#[test]
fn a_jwt_of_ones_own_is_signed_anew_whenever_a_token_is_due() {
    let home = Home::new();
    home.file("key", home.run(&["jwk", "generate", "--type", "rsa", "--kid", "1"]).exits(0).stdout);
    let public = home.run(&["jwk", "public", "key"]).json();
    let client = Client::new("app").auth("private_key_jwt").jwks(json!({ "keys": [public] }));
    let server = Server::builder().client(client).start();
    let options: Vec<String> =
        ["--issuer", &server.issuer(), "--client-id", "app", "--key", "key"].map(str::to_owned).into();
    let base = with(&["token", "jwt-bearer", "--subject", "alice", "--profile", "p"], &options);
    let token = home.run(&base).json();
    home.age_token("p");
    let renewed = home.run(&["token", "--profile", "p"]).json();
    assert_ne!(token["access_token"], renewed["access_token"]);
    assert!(form(&server, Endpoint::Token, "assertion").is_some());
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
}

#[test]
fn a_service_account_needs_its_file_alone() {
    let home = Home::new();
    home.file("key", home.run(&["jwk", "generate", "--type", "rsa", "--kid", "k1"]).exits(0).stdout);
    let pem = home.run(&["jwk", "convert", "key", "--to", "pem"]).exits(0);
    let public = home.run(&["jwk", "public", "key"]).json();
    let email = "svc@project.iam.example";
    let client = Client::new(email).auth("private_key_jwt").jwks(json!({ "keys": [public] }));
    let server = Server::builder().client(client).start();
    let file = json!({
        "type": "service_account", "client_email": email, "private_key_id": "k1",
        "private_key": pem.text(), "token_uri": server.url("/token"),
    });
    home.file("account.json", file.to_string());
    let base = ["token", "jwt-bearer", "--service-account", "account.json", "--scope", "a b"];
    assert_eq!(home.run(&base).json()["scope"], "a b");
    home.run(&[&base[..], &["--subject", "alice", "--profile", "p"]].concat()).json();
    assert_eq!(server.count(Endpoint::Metadata), 0);
    home.age_token("p");
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    home.file("other.json", json!({"type": "authorized_user", "client_secret": "s3cret"}).to_string());
    for (file, status) in [("other.json", 14), ("none.json", 14), ("key", 14)] {
        let ran = home.run(&["token", "jwt-bearer", "--service-account", file]).exits(status);
        assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
    }
    home.run(&["token", "saml2-bearer", "--service-account", "account.json"]).exits(2);
}

#[test]
fn a_saml_assertion_is_xml_or_base64url() {
    let server = Server::builder().saml_issuer("https://idp.example").start();
    let home = Home::new();
    let options = service(&home, &server);
    let xml = |id: &str| {
        format!(
            "<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='{id}'>\
             <saml:Issuer>https://idp.example</saml:Issuer><saml:Subject><saml:NameID>alice</saml:NameID>\
             <saml:SubjectConfirmation><saml:SubjectConfirmationData Recipient='{}' NotOnOrAfter='2099-01-01T00:00:00Z'/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions NotOnOrAfter='2099-01-01T00:00:00Z'>\
             <saml:AudienceRestriction><saml:Audience>{}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
             </saml:Assertion>",
            server.url("/token"),
            server.issuer()
        )
    };
    let base = with(&["token", "saml2-bearer", "--json"], &options);
    home.file("xml", xml("_1"));
    home.run(&[&base[..], &["--assertion", "@xml"]].concat()).json();
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(xml("_2"));
    home.run_with(format!("{encoded}\n"), &[&base[..], &["--assertion", "-"]].concat()).json();
    assert_eq!(form(&server, Endpoint::Token, "assertion"), Some(encoded));
    home.file("response", "<samlp:Response>s3cret</samlp:Response>");
    for wrong in [&[][..], &["--assertion", "@response"], &["--subject", "alice"], &["--assertion", "<x/>"]] {
        let ran = home.run(&[&base[..], wrong].concat()).exits(2);
        assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
    }
}

#[test]
fn an_option_of_one_grant_is_wrong_use_with_another() {
    let (home, server) = (Home::new(), Server::start());
    let options = service(&home, &server);
    home.file("f", "x");
    for (grant, option, value) in [
        ("client-credentials", "--subject-token", "@f"),
        ("client-credentials", "--assertion", "@f"),
        ("device", "--refresh-token", "@f"),
        ("device", "--binding-message", "x"),
        ("exchange", "--login-hint-token", "@f"),
        ("jwt-bearer", "--actor-token", "@f"),
        ("ciba", "--service-account", "f"),
        ("saml2-bearer", "--subject", "x"),
        ("password", "--notify-listen", "127.0.0.1:0"),
    ] {
        let ran = home.run(&with(&["token", "--json", grant, option, value], &options)).exits(2);
        assert!(ran.error()["message"].as_str().unwrap().contains(option), "{ran:?}");
    }
    assert_eq!(server.count(Endpoint::Token), 0);
}
