//! Access tokens that are JWTs.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{Client, Jwt, JwtFault, Server};
use serde_json::{Value, json};

fn server() -> Server {
    let cnf = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    Server::builder()
        .auto_approve("alice")
        .client(Client::new("public").jwt_access_tokens("RS256"))
        .client(Client::new("bound").secret("secret").jwt_access_tokens("ES256").access_token_cnf(cnf))
        .start()
}

#[test]
fn an_access_token_says_what_rfc_9068_wants() {
    let server = server();
    let more = [("acr_values", "gold"), ("resource", "https://api.example")];
    let token = login(&server, "public", None, &more).text("access_token");
    assert_eq!(jose_header(&token)["typ"], "at+jwt");
    assert!(is_by_server(&server, &token));
    let claims = claims(&token);
    for (name, value) in [
        ("iss", json!(server.issuer())),
        ("sub", json!("alice")),
        ("client_id", json!("public")),
        ("aud", json!("https://api.example")),
        ("scope", json!("openid profile email")),
        ("acr", json!("gold")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
    assert!(claims["jti"].is_string() && claims["auth_time"].is_u64() && claims.get("cnf").is_none());
    // It is good here as any other is.
    assert_eq!(get_with(&server, "/userinfo", &token).text("sub"), "alice");
    assert_eq!(get_with(&server, "/api", &token).status, 200);
}

#[test]
fn a_client_by_itself_is_its_own_subject_and_an_audience_is_always_there() {
    let server = server();
    let by = ["bound", "secret"];
    let pairs = [("grant_type", "client_credentials"), ("client_id", by[0]), ("client_secret", by[1])];
    let token = post(&server, "/token", &pairs).text("access_token");
    let claims = claims(&token);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("bound"), &json!(server.url("/api"))));
    assert!(claims.get("auth_time").is_none() && claims.get("scope").is_none());
    assert_eq!(claims["cnf"]["jkt"], "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(svc(&server, "/introspect", &[("token", &token)]).json()["cnf"], claims["cnf"]);
    let issued = server.issue("public", None, "read").access_token;
    assert!(is_by_server(&server, &issued) && claims_of(&issued)["scope"] == "read");
    assert!(!server.issue("svc", None, "read").access_token.contains('.'), "opaque unless registered");
}

fn claims_of(token: &str) -> Value {
    claims(token)
}

#[test]
fn an_access_token_can_be_wrong() {
    let server = server();
    let by = |fault: JwtFault| {
        server.misbehave_jwt_times(Jwt::AccessToken, 1, fault);
        server.issue("public", Some("alice"), "read").access_token
    };
    assert_eq!(claims(&by(JwtFault::claim("aud", "https://other.example")))["aud"], "https://other.example");
    assert!(claims(&by(JwtFault::without("exp"))).get("exp").is_none());
    assert_eq!(jose_header(&by(JwtFault::SetHeader("typ".into(), "JWT".into())))["typ"], "JWT");
    assert!(by(JwtFault::AlgNone).ends_with('.'));
    assert!(!is_by_server(&server, &by(JwtFault::OtherKey)));
    assert!(is_by_server(&server, &server.issue("public", Some("alice"), "read").access_token));
}
