//! Token exchange: what goes in, what comes out, and who acts for whom.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::*;
use grantor::{Client, Server, SigningKey};
use serde_json::{Map, Value, json};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A token type by its short name.
fn kind(name: &str) -> String {
    format!("urn:ietf:params:oauth:token-type:{name}")
}

fn swap(server: &Server, token: &str, of: &str, more: &[(&str, &str)]) -> Answer {
    let of = kind(of);
    let pairs = [("grant_type", GRANT_TYPE), ("subject_token", token), ("subject_token_type", of.as_str())];
    svc(server, "/token", &[&pairs, more].concat())
}

fn introspected(server: &Server, token: &str) -> Value {
    svc(server, "/introspect", &[("token", token)]).json()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn an_access_token_becomes_one_for_another_audience() {
    let server = Server::start();
    let front = server.issue("public", Some("alice"), "read write");
    let answer = swap(
        &server,
        &front.access_token,
        "access_token",
        &[("audience", "orders"), ("resource", "https://api.example/orders"), ("scope", "read")],
    );
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.body);
    let members = answer.json();
    assert_eq!(members["issued_token_type"], kind("access_token"));
    assert_eq!((&members["token_type"], &members["scope"]), (&json!("Bearer"), &json!("read")));
    assert!(members.get("refresh_token").is_none() && members.get("id_token").is_none());
    let token = introspected(&server, &answer.text("access_token"));
    assert_eq!((&token["sub"], &token["client_id"]), (&json!("alice"), &json!("svc")));
    assert_eq!(token["aud"], json!(["https://api.example/orders", "orders"]));
    assert_eq!(token.get("act"), None, "impersonation");
    assert_eq!(
        introspected(&server, &front.access_token)["active"],
        true,
        "the exchange costs the subject token nothing"
    );
    let same = swap(&server, &front.access_token, "access_token", &[]).json();
    assert_eq!(same["scope"], "read write");
}

#[test]
fn the_new_token_is_no_wider_than_the_old() {
    let server = Server::start();
    let narrow = server.issue("public", Some("alice"), "read").access_token;
    assert_eq!(swap(&server, &narrow, "access_token", &[("scope", "write")]).error(), "invalid_scope");
    assert_eq!(swap(&server, &narrow, "access_token", &[("resource", "x#y")]).error(), "invalid_target");
    server.register(Client::new("svc").secret("secret").scope("read"));
    let wide = server.issue("public", Some("alice"), "read write").access_token;
    assert_eq!(swap(&server, &wide, "access_token", &[]).json()["scope"], "read");
}

#[test]
fn each_type_of_token_goes_in_and_comes_out() {
    let server = auto();
    let login = login(&server, "svc", Some("secret"), &[("scope", "openid profile read")]);
    let of = |name: &str| login.text(name);
    for (name, token) in [
        ("access_token", of("access_token")),
        ("refresh_token", of("refresh_token")),
        ("id_token", of("id_token")),
        ("jwt", of("id_token")),
    ] {
        let answer = swap(&server, &token, name, &[]);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert_eq!(introspected(&server, &answer.text("access_token"))["sub"], "alice", "{name}");
    }
    let token = of("access_token");
    for name in ["refresh_token", "id_token", "jwt"] {
        let answer = swap(&server, &token, "access_token", &[("requested_token_type", &kind(name))]);
        assert_eq!((answer.text("issued_token_type"), answer.text("token_type")), (kind(name), "N_A".into()));
        let value = answer.text("access_token");
        match name {
            "refresh_token" => {
                let pairs = [("grant_type", "refresh_token"), ("refresh_token", value.as_str())];
                assert_eq!(svc(&server, "/token", &pairs).status, 200);
            }
            name => {
                assert!(is_by_server(&server, &value), "{name}");
                assert_eq!(claims(&value)["sub"], "alice");
                assert_eq!(jose_header(&value)["typ"] == "at+jwt", name == "jwt");
            }
        }
    }
    let answer = swap(&server, &token, "access_token", &[("requested_token_type", &kind("id_token"))]);
    assert_eq!(claims(&answer.text("access_token"))["aud"], "svc");
    let refused = swap(&server, &token, "access_token", &[("requested_token_type", &kind("saml1"))]);
    assert_eq!(refused.error(), "invalid_request");
}

#[test]
fn an_actor_is_named_and_whoever_acted_before_stands_behind() {
    let server = Server::builder().client(Client::new("svc").secret("secret").jwt_access_tokens("ES256")).start();
    let alice = server.issue("public", Some("alice"), "read").access_token;
    let by = |client: &str| server.issue(client, None, "").access_token;
    let delegated = |subject: &str, actor: &str| {
        let pairs = [("actor_token", actor), ("actor_token_type", &kind("access_token"))];
        swap(&server, subject, "access_token", &pairs).text("access_token")
    };
    let first = delegated(&alice, &by("shop"));
    let iss = server.issuer();
    assert_eq!(claims(&first)["act"], json!({"sub": "shop", "iss": iss}));
    assert_eq!(claims(&first)["sub"], "alice");
    let second = delegated(&first, &by("depot"));
    let chain = json!({"sub": "depot", "iss": iss, "act": {"sub": "shop", "iss": iss}});
    assert_eq!((&claims(&second)["act"], &introspected(&server, &second)["act"]), (&chain, &chain));
    let again = swap(&server, &second, "access_token", &[]).text("access_token");
    assert_eq!(claims(&again)["act"], chain, "an exchange without an actor hides none");
}

#[test]
fn whatever_is_wrong_with_a_token_is_an_invalid_request() {
    let server = Server::start();
    let alice = server.issue("public", Some("alice"), "read");
    let access = kind("access_token");
    let error =
        |pairs: &[(&str, &str)]| svc(&server, "/token", &[&[("grant_type", GRANT_TYPE)], pairs].concat()).error();
    let subject = [("subject_token", alice.access_token.as_str()), ("subject_token_type", access.as_str())];
    assert_eq!(error(&subject[..1]), "invalid_request");
    assert_eq!(error(&subject[1..]), "invalid_request");
    assert_eq!(error(&[]), "invalid_request");
    assert_eq!(error(&[&subject[..], &[("actor_token", "x")]].concat()), "invalid_request");
    assert_eq!(error(&[&subject[..], &[("actor_token_type", &access)]].concat()), "invalid_request");
    assert_eq!(error(&[subject[0], ("subject_token_type", &kind("saml1"))]), "invalid_request");
    assert_eq!(swap(&server, "unknown", "access_token", &[]).error(), "invalid_request");
    assert_eq!(swap(&server, &alice.access_token, "id_token", &[]).error(), "invalid_request", "of another type");
    assert_eq!(
        swap(&server, &alice.refresh_token, "refresh_token", &[]).error(),
        "invalid_request",
        "of another client"
    );
    server.advance(Duration::from_secs(3600));
    assert_eq!(error(&subject), "invalid_request", "expired");
    let anonymous = [&subject[..], &[("grant_type", GRANT_TYPE)]].concat();
    assert_eq!(post(&server, "/token", &anonymous).error(), "invalid_client");
}

#[test]
fn a_jwt_of_somebody_trusted_is_a_subject() {
    let key = SigningKey::fresh("ES256");
    let jwks = json!({"keys": [key.jwk()]});
    let server = Server::builder().trusted_issuer("https://idp.example", jwks).start();
    let now = server.now().as_secs();
    let right = json!({"iss": "https://idp.example", "sub": "guest", "exp": now + 60, "scope": "read"});
    let by = |change: Value, more: &[(&str, &str)]| {
        let mut claims = object(right.clone());
        claims.extend(object(change));
        swap(&server, &key.sign(Map::new(), claims), "jwt", more)
    };
    let answer = by(json!({}), &[]);
    assert_eq!(introspected(&server, &answer.text("access_token"))["sub"], "guest");
    assert_eq!(by(json!({}), &[("scope", "write")]).error(), "invalid_scope");
    for change in [
        json!({"iss": "https://other.example"}),
        json!({"exp": now - 1}),
        json!({"exp": null}),
        json!({"nbf": now + 60}),
    ] {
        assert_eq!(by(change.clone(), &[]).error(), "invalid_request", "{change}");
    }
    let forged = SigningKey::fresh("ES256").sign(Map::new(), object(right.clone()));
    assert_eq!(swap(&server, &forged, "jwt", &[]).error(), "invalid_request");

    let shop = server.issue("shop", None, "").access_token;
    let actor = [("actor_token", shop.as_str()), ("actor_token_type", &kind("access_token"))];
    assert_eq!(by(json!({"may_act": {"sub": "shop"}}), &actor).status, 200);
    assert_eq!(by(json!({"may_act": {"sub": "depot"}}), &actor).error(), "invalid_request");
}
