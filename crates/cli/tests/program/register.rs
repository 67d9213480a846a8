//! A client's registration, made, read, updated and deleted.

use crate::support::{Home, log_in, mode, set_mode, with};
use grantor::{Endpoint, Server};
use serde_json::{Value, json};

fn options(server: &Server) -> Vec<String> {
    ["--issuer", &server.issuer()].map(str::to_owned).into()
}

fn kept(home: &Home) -> Value {
    serde_json::from_slice(&std::fs::read(home.path("state/grantee/p/registration.json")).unwrap()).unwrap()
}

#[test]
fn a_client_registers_once_and_the_profile_is_that_client() {
    let (home, server) = (Home::new(), Server::builder().auto_approve("alice").start());
    let metadata = json!({
        "client_name": "Orders", "redirect_uris": ["http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_post", "id_token_signed_response_alg": "ES256",
    });
    home.file("client.json", metadata.to_string());
    let register = ["register", "--client-metadata", "client.json", "--json", "--profile", "p"];
    let registered = home.run(&with(&register, &options(&server))).json();
    for member in ["client_id", "client_secret", "registration_access_token", "registration_client_uri"] {
        assert_eq!(registered[member], kept(&home)[member]);
        assert!(registered[member].is_string(), "{registered}");
    }
    assert_eq!(
        (&registered["client_name"], &registered["id_token_signed_response_alg"]),
        (&"Orders".into(), &"ES256".into())
    );
    let file = home.path("state/grantee/p/registration.json");
    assert_eq!(mode(&file), 0o600);
    assert!(
        !std::fs::read_to_string(home.profile_file("p"))
            .unwrap()
            .contains(registered["client_secret"].as_str().unwrap())
    );
    // What was registered is known: how to authenticate, how ID tokens are signed.
    home.run(&["token", "client-credentials", "--profile", "p"]).json();
    let sent = server.requests_to(Endpoint::Token).pop().unwrap();
    assert_eq!(sent.form_value("client_secret").as_deref(), registered["client_secret"].as_str());
    let login = log_in(&home, &[], &["--scope", "openid", "--profile", "p"]).json();
    assert_eq!(login["id_token_claims"]["aud"], registered["client_id"]);
    let again = home.run(&with(&register, &options(&server))).exits(2);
    assert!(again.error()["hint"].as_str().unwrap().contains("register update"), "{again:?}");
    set_mode(&file, 0o640);
    home.run(&["token", "client-credentials", "--profile", "p"]).exits(14);
}

#[test]
fn a_registration_is_read_updated_and_deleted_and_its_new_token_kept_at_once() {
    let (home, server) = (Home::new(), Server::builder().rotate_registration_access_tokens().start());
    home.file("client.json", json!({"grant_types": ["client_credentials"], "client_name": "One"}).to_string());
    home.run(&with(&["register", "--client-metadata", "client.json", "--profile", "p"], &options(&server))).exits(0);
    let first = kept(&home)["registration_access_token"].clone();
    let read = home.run(&["register", "read", "--profile", "p", "--json"]).json();
    assert_eq!(read["client_name"], "One");
    let second = kept(&home)["registration_access_token"].clone();
    assert_ne!(first, second, "the server has replaced it");
    home.file("client.json", json!({"grant_types": ["client_credentials"], "client_name": "Two"}).to_string());
    let update = ["register", "update", "--client-metadata", "client.json", "--profile", "p", "--json"];
    assert_eq!(home.run(&update).json()["client_name"], "Two");
    assert_ne!(second, kept(&home)["registration_access_token"]);
    home.run(&["token", "client-credentials", "--profile", "p"]).json();
    let deleted = home.run(&["register", "delete", "--profile", "p", "--json"]).json();
    assert_eq!(deleted["deleted"], read["client_id"]);
    assert!(!home.path("state/grantee/p/registration.json").exists());
    home.run(&["register", "read", "--profile", "p"]).exits(2);
    home.run(&["token", "client-credentials", "--profile", "p"]).exits(2);
    // The profile may have another client now.
    home.run(&["register", "--client-metadata", "client.json", "--profile", "p"]).exits(0);
}

#[test]
fn an_initial_access_token_is_shown_and_never_an_option() {
    let (home, server) = (Home::new(), Server::builder().initial_access_token("s3cret-iat").start());
    home.file("client.json", json!({"grant_types": ["client_credentials"]}).to_string());
    home.file("token", "s3cret-iat\n");
    let options = options(&server);
    let base = with(&["register", "--client-metadata", "client.json", "--json"], &options);
    let refused = home.run(&base).exits(10);
    assert!(refused.error()["hint"].as_str().unwrap().contains("--initial-access-token"), "{refused:?}");
    home.run(&[&base[..], &["--initial-access-token", "@token"]].concat()).json();
    home.run_with("s3cret-iat", &[&base[..], &["--initial-access-token", "-"]].concat()).json();
    let literal = home.run(&[&base[..], &["--initial-access-token", "s3cret-iat"]].concat()).exits(2);
    assert!(!literal.stderr.contains("s3cret"), "{literal:?}");
}

#[test]
fn what_the_server_registered_otherwise_is_told() {
    let server = Server::builder().replace_client_metadata("client_name", "Their Name").start();
    let home = Home::new();
    home.file("client.json", json!({"grant_types": ["client_credentials"], "client_name": "Mine"}).to_string());
    let ran = home.run(&with(&["register", "--client-metadata", "client.json", "--json"], &options(&server))).exits(0);
    assert!(ran.stderr.contains("client_name") && ran.stderr.contains("Their Name"), "{ran:?}");
}

#[test]
fn wrong_use_of_register() {
    let (home, server) = (Home::new(), Server::start());
    home.file("client.json", "{}");
    home.file("bad.json", "[1]");
    home.file("token", "t");
    for (wrong, status) in [
        (&[][..], 2),
        (&["--client-metadata", "bad.json"], 2),
        (&["--client-metadata", "none.json"], 14),
        (&["read"], 2),
        (&["read", "--client-metadata", "client.json", "--profile", "p"], 2),
        (&["update", "--profile", "p"], 2),
        (&["delete", "--profile", "p"], 2),
        (&["read", "--initial-access-token", "@token", "--profile", "p"], 2),
        (&["rename"], 2),
    ] {
        let ran = home.run(&with(&[&["register"], wrong].concat(), &options(&server)));
        assert_eq!(ran.status, status, "{ran:?}");
    }
    assert_eq!(server.count(Endpoint::Registration), 0);
    home.run(&with(&["profile", "save", "q", "--client-id", "c"], &options(&server))).exits(0);
    home.run(&["register", "--client-metadata", "client.json", "--profile", "q"]).exits(2);
}
