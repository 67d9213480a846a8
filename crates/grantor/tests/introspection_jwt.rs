//! Introspection answered with a JWT, RFC 9701.

mod common;

use common::*;
use grantor::{Client, Jwt, JwtFault, OTHER_ISSUER, Server};
use serde_json::json;

const JWT: (&str, &str) = ("Accept", "application/token-introspection+jwt");

fn ask(server: &Server, client: &str, accept: &[(&str, &str)], token: &str) -> Answer {
    let credentials = basic(client, "secret");
    let headers = [&[FORM, ("Authorization", credentials.as_str())], accept].concat();
    send(server, "POST", "/introspect", &headers, &encode(&[("token", token)]))
}

#[test]
fn the_answer_is_a_jwt_where_it_is_accepted_and_says_who_it_is_from_and_for() {
    let server = Server::start();
    let token = server.issue("svc", Some("alice"), "read").access_token;
    let answer = ask(&server, "svc", &[JWT], &token);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/token-introspection+jwt")));
    assert!(is_by_server(&server, &answer.body));
    assert_eq!(jose_header(&answer.body)["typ"], "token-introspection+jwt");
    let claims = claims(&answer.body);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(server.issuer()), &json!("svc")));
    assert!(claims["iat"].is_u64() && claims.get("sub").is_none() && claims.get("exp").is_none());
    let described = &claims["token_introspection"];
    assert_eq!((&described["active"], &described["sub"]), (&json!(true), &json!("alice")));
    assert_eq!(ask(&server, "svc", &[], &token).json()["active"], true, "JSON unless asked");
    let list = [("Accept", "application/json;q=0.5, Application/Token-Introspection+JWT")];
    assert!(ask(&server, "svc", &list, &token).body.starts_with("ey"));
}

#[test]
fn a_client_may_be_registered_for_it_and_learns_no_more_of_a_dead_token() {
    let client = Client::new("rs").secret("secret").introspection_signed_response_alg("ES256");
    let server = Server::builder().client(client).start();
    let answer = ask(&server, "rs", &[], "nonsense");
    assert_eq!(jose_header(&answer.body)["alg"], "ES256");
    assert_eq!(claims(&answer.body)["token_introspection"], json!({"active": false}));
    let document = get(&server, "/.well-known/openid-configuration").json();
    assert!(document["introspection_signing_alg_values_supported"].as_array().unwrap().contains(&json!("ES256")));
}

#[test]
fn the_holder_of_a_token_is_the_audience_by_its_client() {
    let server = Server::start();
    let token = server.issue("public", Some("alice"), "").access_token;
    let headers = [FORM, JWT, ("Authorization", &format!("Bearer {token}"))];
    let answer = send(&server, "POST", "/introspect", &headers, &encode(&[("token", &token)]));
    assert_eq!(claims(&answer.body)["aud"], "public");
}

#[test]
fn what_is_wrong_with_it_is_a_fault_of_a_jwt() {
    let server = Server::start();
    let wrong = |fault| {
        server.misbehave_jwt_times(Jwt::Introspection, 1, fault);
        ask(&server, "svc", &[JWT], "x").body
    };
    assert_eq!(claims(&wrong(JwtFault::WrongIssuer))["iss"], OTHER_ISSUER);
    assert_eq!(jose_header(&wrong(JwtFault::SetHeader("typ".into(), "JWT".into())))["typ"], "JWT");
    assert!(!is_by_server(&server, &wrong(JwtFault::BrokenSignature)));
    assert!(claims(&wrong(JwtFault::without("token_introspection"))).get("token_introspection").is_none());
    assert!(is_by_server(&server, &ask(&server, "svc", &[JWT], "x").body));
}

#[test]
#[should_panic(expected = "not signed with none")]
fn nobody_is_registered_for_an_unsigned_one() {
    Server::start().register(Client::new("rs").secret("s").introspection_signed_response_alg("none"));
}
