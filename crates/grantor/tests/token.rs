//! The token endpoint and what stands around it: metadata, keys, introspection, revocation, userinfo.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::*;
use grantor::{Client, Endpoint, Server};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

#[test]
fn metadata_is_the_same_at_both_addresses_and_names_the_issuer_exactly() {
    let server = Server::builder()
        .issuer_path("/tenant/one")
        .omit_metadata("introspection_endpoint")
        .set_metadata("extra", json!([1]))
        .start();
    let oauth = get(&server, "/.well-known/oauth-authorization-server/tenant/one");
    let openid = get(&server, "/tenant/one/.well-known/openid-configuration");
    assert_eq!(oauth.json(), openid.json());
    let document = oauth.json();
    assert_eq!(document["issuer"], server.issuer());
    assert_eq!(server.issuer(), format!("http://127.0.0.1:{}/tenant/one", server.port()));
    assert_eq!(document["token_endpoint"], format!("{}/token", server.issuer()));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["extra"], json!([1]));
    assert!(document.get("introspection_endpoint").is_none());
    assert_eq!(get(&server, "/.well-known/oauth-authorization-server").status, 404);
    assert_eq!(server.count(Endpoint::Metadata), 2);
}

#[test]
fn every_named_endpoint_is_there() {
    let server = Server::start();
    let document = get(&server, "/.well-known/openid-configuration").json();
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix(&server.issuer()).unwrap().to_owned();
            assert_ne!(get(&server, &path).status, 404, "{name}");
        }
    }
}

#[test]
fn client_credentials_give_a_token_and_no_refresh_token_unless_asked_for() {
    let server = Server::start();
    let answer = svc(&server, "/token", &[("grant_type", "client_credentials"), ("scope", "read write")]);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let token = answer.json();
    assert_eq!((token["token_type"].as_str(), token["scope"].as_str()), (Some("Bearer"), Some("read write")));
    assert_eq!(token["expires_in"].to_string(), "3600");
    assert!(token.get("refresh_token").is_none() && token.get("id_token").is_none());
    assert_eq!(server.active_access_tokens(), 1);

    let offline = svc(&server, "/token", &[("grant_type", "client_credentials"), ("scope", "offline_access")]);
    assert!(offline.json()["refresh_token"].is_string());

    let public = post(&server, "/token", &[("grant_type", "client_credentials"), ("client_id", "public")]);
    assert_eq!((public.status, public.error().as_str()), (400, "unauthorized_client"));
}

#[test]
fn a_client_authenticates_the_way_it_is_registered_for() {
    let server = Server::start();
    let grant = ("grant_type", "client_credentials");
    let by_header = |id: &str, secret: &str| {
        send(&server, "POST", "/token", &[FORM, ("Authorization", &basic(id, secret))], &encode(&[grant]))
    };
    let by_body =
        |id: &str, secret: &str| post(&server, "/token", &[grant, ("client_id", id), ("client_secret", secret)]);
    for id in ["svc", "basic"] {
        assert_eq!(by_header(id, "secret").status, 200, "{id}");
    }
    for id in ["svc", "post"] {
        assert_eq!(by_body(id, "secret").status, 200, "{id}");
    }
    assert_eq!(by_header("odd", "s3cret &+%41/=:é").status, 200);
    let refused = [
        by_header("post", "secret"),
        by_body("basic", "secret"),
        by_header("svc", "wrong"),
        by_body("svc", "wrong"),
        by_header("nobody", "secret"),
        post(&server, "/token", &[grant, ("client_id", "svc")]),
        post(&server, "/token", &[grant]),
        // Not form-encoded before it was joined.
        send(
            &server,
            "POST",
            "/token",
            &[FORM, ("Authorization", "Basic b2RkOnMzY3JldCAmKyU0MS89OsOp")],
            &encode(&[grant]),
        ),
    ];
    for answer in refused {
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"), "{answer:?}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
    }
    let both = send(
        &server,
        "POST",
        "/token",
        &[FORM, ("Authorization", &basic("svc", "secret"))],
        &encode(&[grant, ("client_id", "svc"), ("client_secret", "secret")]),
    );
    assert_eq!((both.status, both.error().as_str()), (400, "invalid_request"));
}

#[test]
fn a_malformed_token_request_is_refused() {
    let server = Server::start();
    let grant = ("grant_type", "client_credentials");
    assert_eq!(svc(&server, "/token", &[grant, grant]).error(), "invalid_request");
    assert_eq!(svc(&server, "/token", &[]).error(), "invalid_request");
    assert_eq!(svc(&server, "/token", &[("grant_type", "magic")]).error(), "unsupported_grant_type");
    assert_eq!(svc(&server, "/token", &[grant, ("scope", "a  b")]).error(), "invalid_scope");
    assert_eq!(svc(&server, "/token", &[grant, ("resource", "not absolute")]).error(), "invalid_target");
    let auth = basic("svc", "secret");
    let json = send(&server, "POST", "/token", &[("Content-Type", "application/json"), ("Authorization", &auth)], "{}");
    assert_eq!((json.status, json.error().as_str()), (400, "invalid_request"));
    assert_eq!(get(&server, "/token").status, 405);
}

#[test]
fn expires_in_is_a_fraction_where_the_lifetime_is_one() {
    let server = Server::builder().access_token_lifetime(Duration::from_millis(1500)).start();
    let answer = svc(&server, "/token", &[("grant_type", "client_credentials")]);
    assert!(answer.body.contains(r#""expires_in":1.5"#), "{}", answer.body);
}

#[test]
fn an_access_token_ends_with_its_lifetime() {
    let server = Server::builder().access_token_lifetime(Duration::ZERO).start();
    let token = server.issue("svc", None, "").access_token;
    let answer = get_with(&server, "/api", &token);
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
    assert_eq!(server.active_access_tokens(), 0);
}

#[test]
fn the_password_grant_logs_a_person_in() {
    let server = Server::start();
    let pairs = |password| [("grant_type", "password"), ("username", "alice"), ("password", password)];
    let answer = svc(&server, "/token", &pairs("wonderland"));
    assert_eq!(answer.status, 200);
    assert!(answer.json()["refresh_token"].is_string());
    let echo = get_with(&server, "/api/me", &answer.text("access_token"));
    assert_eq!(echo.text("sub"), "alice");
    assert_eq!(svc(&server, "/token", &pairs("wrong")).error(), "invalid_grant");
}

#[test]
fn a_code_is_exchanged_once_and_a_second_use_revokes_what_the_first_gave() {
    let server = auto();
    let code = code(&server);
    let first = exchange(&server, &code);
    assert_eq!(first.status, 200, "{first:?}");
    let token = first.text("access_token");
    assert_eq!(get_with(&server, "/api", &token).status, 200);
    let second = exchange(&server, &code);
    assert_eq!((second.status, second.error().as_str()), (400, "invalid_grant"));
    assert_eq!(get_with(&server, "/api", &token).status, 401);
    assert_eq!(refresh(&server, &first.text("refresh_token")).error(), "invalid_grant");
    assert_eq!(server.families_revoked(), 1);
}

#[test]
fn a_code_needs_its_verifier_its_redirect_uri_and_its_client() {
    let server = auto();
    let wrong = "x".repeat(43);
    let exchange_by = |pairs: &[(&str, &str)]| post(&server, "/token", pairs).error();
    for verifier in [wrong.as_str(), "short", ""] {
        assert_eq!(exchange_with(&server, &code(&server), verifier).error(), "invalid_grant");
    }
    let code = code(&server);
    let base = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let elsewhere = ("redirect_uri", "http://127.0.0.1:9998/callback");
    let public = ("client_id", "public");
    assert_eq!(exchange_by(&[base.as_slice(), &[public, elsewhere]].concat()), "invalid_grant");
    assert_eq!(exchange_by(&[base.as_slice(), &[public]].concat()), "invalid_grant");
    let stolen = svc(&server, "/token", &[base.as_slice(), &[("redirect_uri", CALLBACK)]].concat());
    assert_eq!(stolen.error(), "invalid_grant");
    // None of these mistakes used the code up.
    assert_eq!(exchange(&server, &code).status, 200);
}

#[test]
fn an_expired_code_is_refused() {
    let server = Server::builder().auto_approve("alice").code_lifetime(Duration::ZERO).start();
    let code = code(&server);
    assert_eq!(exchange(&server, &code).error(), "invalid_grant");
}

#[test]
fn a_refresh_rotates_and_a_second_use_revokes_the_family() {
    let server = Server::start();
    let first = server.issue("public", Some("alice"), "read write");
    let second = refresh(&server, &first.refresh_token);
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(get_with(&server, "/api", &first.access_token).status, 200, "the old access token lives on");
    let third = refresh(&server, &second.text("refresh_token"));
    assert_eq!(third.status, 200);
    assert_eq!(server.families_revoked(), 0);
    assert_eq!(refresh(&server, &first.refresh_token).error(), "invalid_grant");
    assert_eq!(server.families_revoked(), 1);
    for token in [first.access_token, second.text("access_token"), third.text("access_token")] {
        assert_eq!(get_with(&server, "/api", &token).status, 401);
    }
    assert_eq!(refresh(&server, &third.text("refresh_token")).error(), "invalid_grant");
    assert_eq!(server.families_revoked(), 1, "one family is counted once");
}

#[test]
fn without_rotation_the_refresh_token_stays() {
    let server = Server::builder().rotate_refresh_tokens(false).start();
    let first = server.issue("public", Some("alice"), "read");
    for _ in 0..2 {
        let answer = refresh(&server, &first.refresh_token);
        assert_eq!(answer.status, 200);
        assert!(answer.json().get("refresh_token").is_none());
    }
}

#[test]
fn a_refresh_may_narrow_the_scope_and_never_widen_it() {
    let server = Server::start();
    let first = server.issue("svc", Some("alice"), "read write");
    let by = |token: &str, scope: &str| {
        svc(&server, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
    };
    assert_eq!(by(&first.refresh_token, "read admin").error(), "invalid_scope");
    let narrowed = by(&first.refresh_token, "read");
    assert_eq!(narrowed.text("scope"), "read", "the refused request did not use the token up");
    let whole =
        svc(&server, "/token", &[("grant_type", "refresh_token"), ("refresh_token", &narrowed.text("refresh_token"))]);
    assert_eq!(whole.text("scope"), "read write");
}

#[test]
fn a_refresh_token_belongs_to_its_client_and_ends_with_its_lifetime() {
    let server = Server::builder().refresh_token_lifetime(Duration::ZERO).start();
    let token = server.issue("public", Some("alice"), "").refresh_token;
    let stolen = svc(&server, "/token", &[("grant_type", "refresh_token"), ("refresh_token", &token)]);
    assert_eq!(stolen.error(), "invalid_grant");
    assert_eq!(refresh(&server, &token).error(), "invalid_grant");
    assert_eq!(server.families_revoked(), 0);
}

#[test]
fn the_id_token_is_signed_by_a_key_of_the_set_and_says_what_it_must() {
    let server =
        Server::builder().auto_approve("alice").client(Client::new("es").id_token_signed_response_alg("ES256")).start();
    for (client, algorithm) in [("public", Algorithm::RS256), ("es", Algorithm::ES256)] {
        let code = get(&server, &authorize_target(&[("client_id", client)])).callback("code").unwrap();
        let answer = post(
            &server,
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", client),
                ("code", &code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ],
        );
        let claims = verified(&server, &answer.text("id_token"), client, algorithm);
        assert_eq!(claims["iss"], server.issuer());
        assert_eq!(claims["sub"], "alice");
        assert_eq!(claims["nonce"], "n-0S6_WzA2Mj");
        assert!(claims["auth_time"].is_u64() && claims["iat"].is_u64());
        assert_eq!(claims["at_hash"].as_str().unwrap().len(), 22);
        assert!(claims.get("email").is_none());
    }
    let tokens = exchange(&server, &code(&server));
    let refreshed = refresh(&server, &tokens.text("refresh_token"));
    let claims = verified(&server, &refreshed.text("id_token"), "public", Algorithm::RS256);
    assert!(claims.get("nonce").is_none());
}

fn verified(server: &Server, id_token: &str, audience: &str, algorithm: Algorithm) -> Value {
    let keys: JwkSet = serde_json::from_value(get(server, "/jwks").json()).unwrap();
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    assert_eq!(header.alg, algorithm);
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[audience]);
    jsonwebtoken::decode::<Value>(id_token, &key, &validation).unwrap().claims
}

#[test]
fn userinfo_gives_what_the_scope_allows() {
    let server = Server::start();
    let by = |scope: &str| get_with(&server, "/userinfo", &server.issue("svc", Some("alice"), scope).access_token);
    assert_eq!(by("openid").json(), json!({"sub": "alice"}));
    assert_eq!(
        by("openid profile email").json(),
        json!({"sub": "alice", "preferred_username": "alice", "name": "Alice", "email": "alice@example.test", "email_verified": true})
    );
    let without = by("profile");
    assert_eq!(without.status, 403);
    assert!(without.header("www-authenticate").unwrap().contains(r#"scope="openid""#));
    assert_eq!(get(&server, "/userinfo").header("www-authenticate"), Some(r#"Bearer realm="grantor""#));
    let token = server.issue("svc", Some("alice"), "openid").access_token;
    assert_eq!(post(&server, "/userinfo", &[("access_token", &token)]).text("sub"), "alice");
}

#[test]
fn introspection_describes_a_live_token_and_nothing_of_a_dead_one() {
    let server = Server::start();
    let pairs = [
        ("grant_type", "client_credentials"),
        ("scope", "a"),
        ("resource", "https://one.example"),
        ("audience", "two"),
    ];
    let token = svc(&server, "/token", &pairs).text("access_token");
    let live = svc(&server, "/introspect", &[("token", &token)]).json();
    assert_eq!(live["active"], true);
    assert_eq!(live["aud"], json!(["https://one.example", "two"]));
    assert_eq!((&live["client_id"], &live["sub"], &live["scope"]), (&json!("svc"), &json!("svc"), &json!("a")));
    assert_eq!(live["exp"].as_u64().unwrap() - live["iat"].as_u64().unwrap(), 3600);
    let own = send(
        &server,
        "POST",
        "/introspect",
        &[FORM, ("Authorization", &format!("Bearer {token}"))],
        &encode(&[("token", &token)]),
    );
    assert_eq!(own.json()["active"], true);

    server.expire_access_tokens();
    assert_eq!(svc(&server, "/introspect", &[("token", &token)]).json(), json!({"active": false}));
    assert_eq!(svc(&server, "/introspect", &[("token", "x")]).json(), json!({"active": false}));
    let person = server.issue("public", Some("alice"), "openid");
    let refresh = svc(&server, "/introspect", &[("token", &person.refresh_token)]).json();
    assert_eq!((&refresh["active"], &refresh["username"]), (&json!(true), &json!("alice")));
    let public = post(&server, "/introspect", &[("token", &token), ("client_id", "public")]);
    assert_eq!((public.status, public.error().as_str()), (401, "invalid_client"));
    assert_eq!(svc(&server, "/introspect", &[]).error(), "invalid_request");
}

#[test]
fn revoking_a_refresh_token_takes_its_family_along_and_an_access_token_goes_alone() {
    let server = Server::start();
    let token = server.issue("svc", Some("alice"), "");
    assert_eq!(svc(&server, "/revoke", &[("token", &token.access_token)]).status, 200);
    assert_eq!(get_with(&server, "/api", &token.access_token).status, 401);
    assert_eq!(svc(&server, "/introspect", &[("token", &token.refresh_token)]).json()["active"], true);

    let token = server.issue("svc", Some("alice"), "");
    let foreign = post(&server, "/revoke", &[("token", &token.refresh_token), ("client_id", "public")]);
    assert_eq!((foreign.status, foreign.error().as_str()), (400, "invalid_grant"));
    let answer = svc(&server, "/revoke", &[("token", &token.refresh_token), ("token_type_hint", "access_token")]);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(get_with(&server, "/api", &token.access_token).status, 401);
    assert_eq!(svc(&server, "/revoke", &[("token", "never issued")]).status, 200);
    assert_eq!(server.families_revoked(), 0, "only reuse counts");
}

#[test]
fn a_resource_may_be_narrowed_and_not_widened() {
    let server = auto();
    let target =
        format!("{}&resource=https%3A%2F%2Fone.example&resource=https%3A%2F%2Ftwo.example", authorize_target(&[]));
    let code = get(&server, &target).callback("code").unwrap();
    let token = exchange(&server, &code).text("refresh_token");
    let by = |token: &str, resource: &str| {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("client_id", "public"),
            ("refresh_token", token),
            ("resource", resource),
        ];
        post(&server, "/token", &pairs)
    };
    assert_eq!(by(&token, "https://three.example").error(), "invalid_target");
    let one = by(&token, "https://one.example").text("access_token");
    assert_eq!(svc(&server, "/introspect", &[("token", &one)]).json()["aud"], "https://one.example");
}

#[test]
fn revoke_everything_spares_nothing() {
    let server = auto();
    let code = code(&server);
    let token = server.issue("public", Some("alice"), "");
    server.revoke_everything();
    assert_eq!(get_with(&server, "/api", &token.access_token).status, 401);
    assert_eq!(refresh(&server, &token.refresh_token).error(), "invalid_grant");
    assert_eq!(exchange(&server, &code).error(), "invalid_grant");
}
