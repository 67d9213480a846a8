//! Authorization requests that are pushed, signed and rich, answers that are signed, and profiles of OAuth.

use crate::support::{Home, in_a_browser, log_in, service, with};
use grantor::{Client, Endpoint, Jwt, JwtFault, Server};
use serde_json::{Value, json};

fn keyed(home: &Home, client: Client) -> Client {
    home.file("key", home.run(&["jwk", "generate", "--alg", "ES256", "--kid", "1"]).exits(0).stdout);
    let public = home.run(&["jwk", "public", "key"]).json();
    client.jwks(json!({ "keys": [public] }))
}

fn named(home: &Home, server: &Server, client: &str) -> Vec<String> {
    let mut options = service(home, server);
    let at = options.iter().position(|option| option == "svc").unwrap();
    client.clone_into(&mut options[at]);
    options
}

fn query(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url.trim()).unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[test]
fn a_pushed_request_leaves_a_reference_in_the_browser() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = service(&home, &server);
    log_in(&home, &options, &["--scope", "openid", "--par"]).json();
    assert_eq!(server.requests_to(Endpoint::Par).pop().unwrap().form_value("scope").as_deref(), Some("openid"));
    let started = home.run(&with(&["login", "--start", "pending", "--par", "--scope", "openid"], &options)).exits(0);
    assert!(query(started.text(), "request_uri").is_some() && query(started.text(), "scope").is_none());
    // An endpoint of its own, where the metadata name none.
    let server = Server::builder().omit_metadata("pushed_authorization_request_endpoint").start();
    let options = service(&home, &server);
    home.run(&with(&["login", "--start", "pending", "--par"], &options)).exits(2);
    let endpoint = server.url("/par");
    let given = ["login", "--start", "pending", "--par", "--pushed-authorization-request-endpoint", &endpoint];
    home.run(&with(&given, &options)).exits(0);
    let home = home.env("GRANTEE_PAR", "1").env("GRANTEE_PUSHED_AUTHORIZATION_REQUEST_ENDPOINT", &endpoint);
    let started = home.run(&with(&["login", "--start", "pending"], &options)).exits(0);
    assert!(query(started.text(), "request_uri").is_some());
}

#[test]
fn a_nonce_and_a_state_may_begin_like_an_option() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = service(&home, &server);
    let own = ["--scope", "openid", "--nonce", "-nonce-of-ones-own", "--state", "--state-of-ones-own"];
    assert_eq!(log_in(&home, &options, &own).json()["id_token_claims"]["nonce"], "-nonce-of-ones-own");
}

#[test]
fn a_request_object_is_signed_by_its_key_or_the_clients_or_the_secret() {
    let home = Home::new();
    let client = keyed(&home, Client::new("signs").secret("secret").require_signed_request_object());
    let secret = "a secret of thirty-two characters";
    let by_secret = Client::new("macs").secret(secret).request_object_signing_alg("HS256");
    let server = Server::builder().client(client).client(by_secret).auto_approve("alice").start();
    let options = named(&home, &server, "signs");
    for more in
        [&["--request-object-key", "key"][..], &["--request-object", "--key", "key", "--auth", "client_secret_basic"]]
    {
        log_in(&home, &options, &[&["--scope", "openid"], more].concat()).json();
    }
    let refused = log_in_started(&home, &options);
    assert!(refused.contains("error="), "the server wants it signed: {refused}");
    let home = home.env("GRANTEE_CLIENT_SECRET", secret);
    let options: Vec<String> = ["--issuer", &server.issuer(), "--client-id", "macs"].map(str::to_owned).into();
    log_in(&home, &options, &["--scope", "openid", "--request-object"]).json();
    let public: Vec<String> = ["--issuer", &server.issuer(), "--client-id", "public"].map(str::to_owned).into();
    let home = Home::new();
    let ran = home.run(&with(&["login", "--start", "p", "--request-object"], &public)).exits(2);
    assert!(ran.stderr.contains("--request-object-key"), "{ran:?}");
}

/// Where a request that nobody has signed ends.
fn log_in_started(home: &Home, options: &[String]) -> String {
    let started = home.run(&with(&["login", "--start", "pending"], options)).exits(0);
    crate::support::redirect(started.text().trim()).unwrap_or_else(|| "error=page".to_owned())
}

#[test]
fn a_signed_answer_is_taken_by_any_key_of_the_servers_unless_an_option_says() {
    let client = Client::new("es").secret("secret").authorization_signed_response_alg("ES256");
    let server = Server::builder().client(client).auto_approve("alice").start();
    let home = Home::new();
    let options = named(&home, &server, "es");
    for mode in ["jwt", "query.jwt", "fragment.jwt"] {
        log_in(&home, &options, &["--scope", "a", "--response-mode", mode]).json();
    }
    log_in(&home, &options, &["--response-mode", "jwt", "--authorization-alg", "ES256"]).json();
    for (option, status) in [("--authorization-alg", 11), ("--id-token-alg", 11)] {
        let ran = log_in(&home, &options, &["--response-mode", "jwt", option, "PS256"]).exits(status);
        assert!(ran.error()["hint"].as_str().unwrap().contains("--authorization-alg"), "{ran:?}");
    }
    for fault in [JwtFault::BrokenSignature, JwtFault::WrongAudience, JwtFault::Expired, JwtFault::AlgNone] {
        server.misbehave_jwt(Jwt::AuthorizationResponse, fault);
        let ran = log_in(&home, &options, &["--response-mode", "jwt"]).exits(11);
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_signed_answer_comes_in_over_loopback() {
    let server = Server::builder().auto_approve("alice").start();
    let home = Home::new();
    let options = service(&home, &server);
    let (ran, callback) = in_a_browser(home, &with(&["login", "--json", "--response-mode", "jwt"], &options));
    assert!(callback.contains("response="), "{callback}");
    assert!(ran.json()["access_token"].is_string());
}

#[test]
fn authorization_details_are_json_or_a_file_and_what_was_granted_is_printed() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = service(&home, &server);
    let details = json!([{"type": "payment", "instructedAmount": {"currency": "EUR", "amount": "123.50"}}]);
    home.file("details.json", details.to_string());
    let literal = details.to_string();
    for given in [literal.as_str(), "@details.json"] {
        let token = log_in(&home, &options, &["--authorization-details", given]).json();
        assert_eq!(token["authorization_details"], details, "{token}");
        let base = ["token", "client-credentials", "--authorization-details", given];
        let token = home.run(&with(&base, &options)).json();
        assert_eq!(token["authorization_details"], details, "{token}");
    }
    for (wrong, status) in [("{", 2), ("@none", 14), ("7", 2)] {
        let arguments = ["token", "client-credentials", "--authorization-details", wrong];
        let ran = home.run(&with(&arguments, &options));
        assert_eq!(ran.status, status, "{ran:?}");
    }
    home.run(&with(&["profile", "save", "p", "--authorization-details", &literal], &options)).exits(0);
    let token = home.run(&["token", "client-credentials", "--profile", "p"]).json();
    assert_eq!(token["authorization_details"], details);
    // A file that a profile names is found from anywhere.
    home.run(&["profile", "save", "p", "--authorization-details", "@details.json"]).exits(0);
    let shown = home.run(&["profile", "show", "p", "--json"]).json();
    assert_eq!(shown["authorization_details"], format!("@{}", home.path("details.json").display()));
    home.run(&["profile", "save", "p", "--authorization-details", "{"]).exits(2);
}

#[test]
fn rules_are_kept_or_the_run_is_refused() {
    let home = Home::new();
    let client = Client::new("fapi").auth("private_key_jwt").dpop_bound_access_tokens();
    let client = keyed(&home, client.id_token_signed_response_alg("PS256"));
    let server = Server::builder().client(client).auto_approve("alice").start();
    let base: Vec<String> =
        ["--issuer", &server.issuer(), "--client-id", "fapi", "--key", "key", "--dpop", "--id-token-alg", "PS256"]
            .map(str::to_owned)
            .into();
    let login = ["--scope", "openid", "--rules", "fapi2", "--profile", "p"];
    let token = log_in(&home, &base, &login).json();
    assert_eq!((&token["token_type"], &token["id_token_claims"]["sub"]), (&"DPoP".into(), &"alice".into()));
    assert!(server.count(Endpoint::Par) > 0, "FAPI 2.0 pushes every request");
    home.run(&["call", "GET", &server.url("/api/orders"), "--profile", "p"]).exits(0);
    home.run(&["token", "refresh", "--profile", "p"]).json();
    let options = service(&home, &server);
    for rules in ["fapi2", "fapi1-advanced", "fapi2-message-signing"] {
        let ran = home.run(&with(&["token", "client-credentials", "--json", "--rules", rules], &options)).exits(2);
        assert!(ran.error()["message"].as_str().unwrap().starts_with(rules), "{ran:?}");
    }
    home.run(&with(&["token", "client-credentials", "--rules", "oauth21"], &options)).json();
    home.file("password", "wonderland");
    let password = ["token", "password", "--username", "alice", "--password-file", "password", "--rules", "oauth21"];
    home.run(&with(&password, &options)).exits(2);
    home.run(&with(&["token", "client-credentials", "--rules", "fapi3"], &options)).exits(2);
}

#[test]
fn message_signing_from_login_to_introspection() {
    let home = Home::new();
    let client = Client::new("fapi").auth("private_key_jwt").dpop_bound_access_tokens();
    let client = client.id_token_signed_response_alg("PS256").authorization_signed_response_alg("PS256");
    let client = keyed(&home, client.introspection_signed_response_alg("PS256"));
    let server = Server::builder().client(client.require_signed_request_object()).auto_approve("alice").start();
    let options: Vec<String> = ["--issuer", &server.issuer(), "--client-id", "fapi"].map(str::to_owned).into();
    let rules = ["--key", "key", "--dpop", "--id-token-alg", "PS256", "--rules", "fapi2-message-signing"];
    let token = log_in(&home, &options, &[&["--scope", "openid", "--profile", "p"], &rules[..]].concat()).json();
    let access_token = token["access_token"].as_str().unwrap();
    let seen = home.run_with(access_token, &["introspect", "--json", "--profile", "p"]).json();
    assert_eq!(seen["active"], true);
    let accept = server.requests_to(Endpoint::Introspection).pop().unwrap().header("accept").map(str::to_owned);
    assert!(accept.unwrap().contains("token-introspection+jwt"));
    server.misbehave_jwt(Jwt::Introspection, JwtFault::BrokenSignature);
    home.run_with(access_token, &["introspect", "--json", "--profile", "p"]).exits(11);
}

#[test]
fn introspection_answers_are_signed_where_that_is_asked_for() {
    let client = Client::new("signed").secret("secret").introspection_signed_response_alg("ES256");
    let server = Server::builder().client(client).start();
    let home = Home::new();
    let options = named(&home, &server, "signed");
    let token = server.issue("svc", Some("alice"), "a").access_token;
    let ask = |alg: &str| home.run_with(&token, &with(&["introspect", "--json", "--introspection-alg", alg], &options));
    assert_eq!(ask("ES256").json()["scope"], "a");
    let wrong = ask("RS256").exits(11);
    assert!(wrong.error()["hint"].as_str().unwrap().contains("--introspection-alg"), "{wrong:?}");
    server.misbehave_jwt(Jwt::Introspection, JwtFault::WrongAudience);
    assert!(ask("ES256").exits(11).stdout.is_empty());
}

#[test]
fn discovery_says_what_of_each_profile_is_kept() {
    let (home, server) = (Home::new(), Server::start());
    let document = home.run(&["discover", &server.issuer(), "--json"]).json();
    let audits = document["audit"].as_array().unwrap();
    let names: Vec<&str> = audits.iter().map(|audit| audit["rules"].as_str().unwrap()).collect();
    assert_eq!(names, ["oauth21", "fapi1-advanced", "fapi2", "fapi2-message-signing"]);
    for audit in audits {
        let findings = audit["findings"].as_array().unwrap();
        let lacking = findings.iter().filter(|finding| finding["kept"] == false).count();
        assert_eq!(audit["kept"], lacking == 0);
        for finding in findings {
            assert!(["client", "server"].contains(&finding["party"].as_str().unwrap()), "{finding}");
            assert!(finding["rule"].is_string() && finding["spec"].is_string());
            assert_eq!(finding["lacks"].is_string(), finding["kept"] == false);
            assert_eq!(finding["hint"].is_string(), finding["kept"] == false);
        }
    }
    let one = home.run(&["discover", &server.issuer(), "--json", "--rules", "oauth21"]).json();
    assert_eq!(one["audit"].as_array().unwrap().len(), 1);
    // Neither a server nor a client that breaks them is refused here.
    let broken = home.run(&["discover", &server.issuer(), "--json", "--rules", "fapi1-advanced"]).json();
    assert_eq!(broken["audit"][0]["kept"], false);
    let table = home.run(&["discover", &server.issuer()]).exits(0);
    for word in ["fapi2-message-signing", "kept", "RFC 9207", "--dpop"] {
        assert!(table.text().contains(word), "{word}: {table:?}");
    }
    // What is said of the client counts.
    home.file("key", home.run(&["jwk", "generate", "--alg", "ES256"]).exits(0).stdout);
    let issuer = server.issuer();
    let said = ["discover", &issuer, "--json", "--client-id", "c", "--key", "key", "--dpop", "--id-token-alg", "PS256"];
    let audit = home.run(&[&said[..], &["--rules", "fapi2"]].concat()).json()["audit"][0].clone();
    let lacks = |finding: &&Value| finding["party"] == "client" && finding["kept"] == false;
    assert_eq!(audit["findings"].as_array().unwrap().iter().filter(lacks).count(), 0, "{audit}");
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[test]
fn a_step_up_is_answered_with_the_command_that_asks_for_it() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let options = service(&home, &server);
    log_in(&home, &options, &["--scope", "openid", "orders", "--profile", "p"]).json();
    let url = server.url("/api/step-up");
    let ran = home.run(&["call", "GET", &url, "--profile", "p", "--json"]).exits(12);
    let hint = ran.error()["hint"].as_str().unwrap().to_owned();
    let expected = format!("grantee login --profile p --acr-values '{}'", grantor::STRONG_ACR);
    assert!(hint.starts_with(&expected), "{hint}");
    log_in(&home, &options, &["--scope", "openid", "orders", "--profile", "p", "--acr-values", grantor::STRONG_ACR])
        .json();
    home.run(&["call", "GET", &url, "--profile", "p"]).exits(0);
    let ran = home.run(&["call", "GET", &server.url("/api/scope/admin"), "--profile", "p", "--json"]).exits(10);
    assert_eq!(ran.error()["hint"], "grantee login --profile p --scope 'openid orders admin'");
    let ran = home.run(&with(&["call", "GET", &server.url("/api/scope/admin"), "--json"], &options)).exits(10);
    assert_eq!(ran.error()["hint"], "grantee token client-credentials --scope 'admin'");
    // A stranger's words can't become a command.
    let evil =
        server.url("/api/challenge?with=Bearer+error%3D%22insufficient_scope%22%2C+scope%3D%22a%27%3Brm%3B%27+b%22");
    let ran = home.run(&["call", "GET", &evil, "--profile", "p", "--json"]);
    if let Some(hint) = ran.error()["hint"].as_str() {
        assert!(!hint.contains("rm"), "{hint}");
    }
}
