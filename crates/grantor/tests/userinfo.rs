//! UserInfo: which claims, in which form, for whom.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use grantor::{BearerMethod, Client, Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_SUBJECT, Server, User};
use serde_json::{Value, json};

fn userinfo(server: &Server, client: &str, user: &str, scope: &str) -> Answer {
    get_with(server, "/userinfo", &server.issue(client, Some(user), scope).access_token)
}

#[test]
fn each_scope_gives_its_claims_with_or_without_a_language_tag() {
    let server = Server::start();
    let by = |scope: &str| userinfo(&server, "svc", "jane", scope).json();
    let names = |claims: &Value| claims.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(by("openid"), json!({"sub": "jane"}));
    assert_eq!(by("openid address")["address"]["postal_code"], "AL1 1AA");
    assert_eq!(
        by("openid phone"),
        json!({"sub": "jane", "phone_number": "+44 20 7946 0000", "phone_number_verified": false})
    );
    let profile = by("openid profile");
    assert_eq!(profile["family_name#ja-Hani-JP"], "辺音");
    assert_eq!(profile["updated_at"], 1_600_000_000);
    assert!(profile.get("email").is_none());
    let all = by("openid profile email address phone");
    // The 20 standard claims with sub, and three in Japanese.
    assert_eq!(names(&all).len(), 23);
}

#[test]
fn a_claim_of_ones_own_needs_to_be_asked_for_by_name() {
    let user = User::new("kim", "k").claim("shoe_size", 42);
    let server = Server::builder().user(user).auto_approve("kim").start();
    let by = |wish: &str| {
        let token = login(&server, "public", None, &[("claims", wish)]).text("access_token");
        get_with(&server, "/userinfo", &token).json()
    };
    assert!(by("{}").get("shoe_size").is_none());
    assert_eq!(by(r#"{"userinfo":{"shoe_size":null}}"#)["shoe_size"], 42);
}

#[test]
fn the_token_may_come_in_the_header_or_the_body_unless_one_is_not_taken() {
    let ways = |server: &Server| {
        let token = server.issue("svc", Some("alice"), "openid").access_token;
        let header = format!("Bearer {token}");
        [
            get_with(server, "/userinfo", &token).status,
            send(server, "POST", "/userinfo", &[("Authorization", &header)], "").status,
            post(server, "/userinfo", &[("access_token", &token)]).status,
        ]
    };
    assert_eq!(ways(&Server::start()), [200, 200, 200]);
    assert_eq!(ways(&Server::builder().userinfo_bearer(BearerMethod::Header).start()), [200, 200, 401]);
    assert_eq!(ways(&Server::builder().userinfo_bearer(BearerMethod::Body).start()), [401, 401, 200]);
}

#[test]
fn a_client_may_want_it_signed() {
    let secret = "a secret of more than thirty-two bytes";
    let server = Server::builder()
        .client(Client::new("rs").userinfo_signed_response_alg("RS256"))
        .client(Client::new("hs").secret(secret).userinfo_signed_response_alg("HS256"))
        .client(Client::new("none").userinfo_signed_response_alg("none"))
        .start();
    let signed = userinfo(&server, "rs", "alice", "openid email");
    assert_eq!(signed.header("content-type"), Some("application/jwt"));
    assert!(is_by_server(&server, &signed.body));
    assert_eq!(
        claims(&signed.body),
        json!({"sub": "alice", "email": "alice@example.test", "email_verified": true,
            "iss": server.issuer(), "aud": "rs"})
    );
    assert!(verifies_with_secret(&userinfo(&server, "hs", "alice", "openid").body, secret.as_bytes()));
    assert!(userinfo(&server, "none", "alice", "openid").body.ends_with('.'));
    server.misbehave_jwt_times(Jwt::Userinfo, 1, JwtFault::WrongSubject);
    let wrong = userinfo(&server, "rs", "alice", "openid").body;
    assert!(claims(&wrong)["sub"] == OTHER_SUBJECT && is_by_server(&server, &wrong));
}

#[test]
fn sub_can_be_wrong_or_missing() {
    let server = Server::start();
    server.misbehave_times(Endpoint::Userinfo, 1, Misbehaviour::SetMember("sub".into(), OTHER_SUBJECT.into()));
    server.misbehave_times(Endpoint::Userinfo, 1, Misbehaviour::OmitMember("sub".into()));
    assert_eq!(userinfo(&server, "svc", "alice", "openid").text("sub"), OTHER_SUBJECT);
    assert!(userinfo(&server, "svc", "alice", "openid").json().get("sub").is_none());
}

/// A person with claims of three sources.
fn of_many_sources() -> User {
    User::new("mo", "m")
        .aggregated_claims(json!({"address": {"country": "NL"}, "birthdate": "2000-01-01"}))
        .distributed_claims(json!({"credit_score": 650}), true)
        .distributed_claims(json!({"shoe_size": 42}), false)
}

#[test]
fn aggregated_claims_are_a_jwt_of_the_claims_provider() {
    let server = Server::builder().user(of_many_sources()).start();
    let claims_of = userinfo(&server, "svc", "mo", "openid").json();
    assert_eq!(
        claims_of["_claim_names"],
        json!({"address": "src1", "birthdate": "src1", "credit_score": "src2", "shoe_size": "src3"})
    );
    let jwt = claims_of["_claim_sources"]["src1"]["JWT"].as_str().unwrap();
    let issuer = format!("{}/claims", server.issuer());
    assert_eq!(
        claims(jwt),
        json!({"iss": issuer, "address": {"country": "NL"}, "birthdate": "2000-01-01"}),
        "and no sub"
    );
    let document = get(&server, "/claims/.well-known/openid-configuration");
    assert_eq!(document.text("issuer"), issuer);
    let jwks = document.text("jwks_uri");
    let keys = get(&server, jwks.strip_prefix(&server.url("")).unwrap()).json();
    assert!(verifies(jwt, &keys["keys"][0]) && !is_by_server(&server, jwt));
}

#[test]
fn distributed_claims_are_fetched_with_their_token() {
    let server = Server::builder().user(of_many_sources()).start();
    let sources = userinfo(&server, "svc", "mo", "openid").json()["_claim_sources"].clone();
    let fetch = |source: &str| {
        assert_eq!(sources[source]["endpoint"], server.url("/claims"));
        get_with(&server, "/claims", sources[source]["access_token"].as_str().unwrap())
    };
    let jwt = fetch("src2");
    assert_eq!(jwt.header("content-type"), Some("application/jwt"));
    assert_eq!(claims(&jwt.body)["credit_score"], 650);
    assert_eq!(fetch("src3").json(), json!({"shoe_size": 42}));
    assert_eq!(get_with(&server, "/claims", "guessed").status, 401);
    assert_eq!(get(&server, "/claims").status, 401);
    assert_eq!(server.count(Endpoint::Claims), 4);
    server.misbehave_jwt(Jwt::Claims, JwtFault::BrokenSignature);
    let key = get(&server, "/claims/jwks").json()["keys"][0].clone();
    assert!(verifies(&jwt.body, &key) && !verifies(&fetch("src2").body, &key));
}

#[test]
fn claims_of_other_sources_are_in_the_id_token_where_that_is_wished() {
    let build = || Server::builder().user(of_many_sources()).auto_approve("mo");
    let names = |server: &Server| claims(&login(server, "public", None, &[]).text("id_token"))["_claim_names"].clone();
    assert_eq!(names(&build().start()), Value::Null);
    assert_eq!(names(&build().claim_sources_in_id_token(true).start())["address"], "src1");
}
