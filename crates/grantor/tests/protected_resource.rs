//! The API describes itself, RFC 9728.

mod common;

use common::*;
use grantor::{Endpoint, Misbehaviour, Server};
use serde_json::json;

const PATH: &str = "/.well-known/oauth-protected-resource";

fn described() -> Server {
    Server::builder().protected_resource_metadata().start()
}

#[test]
fn the_path_of_the_resource_goes_behind_the_well_known_one() {
    let server = described();
    let at = |path: &str| get(&server, &format!("{PATH}{path}"));
    let api = at("/api").json();
    assert_eq!(api["resource"], server.url("/api"));
    assert_eq!(api["authorization_servers"], json!([server.issuer()]));
    assert_eq!(api["bearer_methods_supported"], json!(["header", "body"]));
    assert!(api["scopes_supported"].is_array() && api["dpop_signing_alg_values_supported"].is_array());
    assert_eq!((&api["dpop_bound_access_tokens_required"], &api["jwks_uri"]), (&json!(false), &json!(null)));
    assert_eq!(at("").json()["resource"], server.url(""));
    assert_eq!(at("/other").status, 404);
    assert_eq!(server.count(Endpoint::ProtectedResource), 2);
}

#[test]
fn challenges_of_the_api_say_where() {
    let server = described();
    let parameter = format!("resource_metadata=\"{}\"", server.url(&format!("{PATH}/api")));
    let challenge = |answer: Answer| answer.header("www-authenticate").unwrap().to_owned();
    assert_eq!(challenge(get(&server, "/api")), format!("Bearer realm=\"grantor\", {parameter}"));
    assert!(challenge(get_with(&server, "/api", "nonsense")).contains(&parameter));
    let token = server.issue("svc", None, "").access_token;
    assert!(challenge(get_with(&server, "/api/step-up", &token)).contains(&parameter));
    server.misbehave_times(
        Endpoint::Api,
        1,
        Misbehaviour::OAuthError { status: 401, error: "invalid_token".into(), description: None },
    );
    assert!(challenge(get_with(&server, "/api", &token)).contains(&parameter));
    assert!(!challenge(get(&server, "/userinfo")).contains("resource_metadata"));
}

#[test]
fn nothing_is_said_unless_it_is_turned_on() {
    let server = Server::start();
    assert_eq!(get(&server, PATH).status, 404);
    assert_eq!(get(&server, "/api").header("www-authenticate"), Some("Bearer realm=\"grantor\""));
}

#[test]
fn the_resource_and_its_servers_can_be_wrong() {
    let server = described();
    for (name, value) in [
        ("resource", json!("https://other.example/api")),
        ("authorization_servers", json!([server.issuer(), "https://other.example"])),
        ("authorization_servers", json!(["https://other.example"])),
    ] {
        server.misbehave_times(Endpoint::ProtectedResource, 1, Misbehaviour::SetMember(name.into(), value.clone()));
        assert_eq!(get(&server, &format!("{PATH}/api")).json()[name], value);
    }
}

#[test]
fn the_document_tells_of_certificates_where_there_is_a_port_for_them() {
    let server = Server::builder().mtls().protected_resource_metadata().start();
    let document = get(&server, &format!("{PATH}/api")).json();
    assert_eq!(document["resource"], server.url("/api"));
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], true);
}

#[test]
fn the_types_of_authorization_details_are_listed_where_the_server_has_some() {
    let server = Server::builder().protected_resource_metadata().authorization_details_types(["payment"]).start();
    assert_eq!(get(&server, PATH).json()["authorization_details_types_supported"], json!(["payment"]));
    assert!(get(&described(), PATH).json().get("authorization_details_types_supported").is_none());
}
