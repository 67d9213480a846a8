//! Response types and modes, and the ID tokens of the front channel.
#![allow(clippy::unwrap_used)]

mod common;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::*;
use grantor::{Client, Jwt, JwtFault, Misbehaviour, Server};
use serde_json::json;

const TYPES: [&str; 8] =
    ["code", "none", "id_token", "token", "id_token token", "code id_token", "code token", "token code id_token"];

fn half(algorithm: &'static digest::Algorithm, text: &str) -> String {
    let digest = digest::digest(algorithm, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
}

#[test]
fn each_response_type_gives_what_it_names_where_it_belongs() {
    let server = auto();
    for response_type in TYPES {
        let answer = get(&server, &authorize_target(&[("response_type", response_type)]));
        let words: Vec<&str> = response_type.split(' ').collect();
        let by_query = response_type == "code" || response_type == "none";
        let value = |name: &str| if by_query { answer.callback(name) } else { answer.fragment(name) };
        assert_eq!(value("code").is_some(), words.contains(&"code"), "{response_type}");
        assert_eq!(value("id_token").is_some(), words.contains(&"id_token"), "{response_type}");
        assert_eq!(value("access_token").is_some(), words.contains(&"token"), "{response_type}");
        assert_eq!(value("token_type").as_deref(), words.contains(&"token").then_some("Bearer"));
        assert_eq!(value("expires_in").as_deref(), words.contains(&"token").then_some("3600"));
        assert_eq!(value("state").as_deref(), Some("af0ifjsldkj"), "{response_type}");
        assert_eq!(value("iss"), Some(server.issuer()), "{response_type}");
        assert!(value("session_state").is_some(), "{response_type}");
    }
}

#[test]
fn the_hashes_go_by_the_digest_of_the_signature() {
    let server = Server::builder()
        .auto_approve("alice")
        .client(Client::new("es384").id_token_signed_response_alg("ES384"))
        .client(Client::new("ed").id_token_signed_response_alg("EdDSA"))
        .client(Client::new("hs512").secret("secret").id_token_signed_response_alg("HS512"))
        .start();
    let digests: [(&str, &'static digest::Algorithm); 4] =
        [("public", &digest::SHA256), ("es384", &digest::SHA384), ("ed", &digest::SHA512), ("hs512", &digest::SHA512)];
    for (client, algorithm) in digests {
        let target = authorize_target(&[("client_id", client), ("response_type", "code id_token token")]);
        let answer = get(&server, &target);
        let id_token = claims(&answer.fragment("id_token").unwrap());
        assert_eq!(id_token["c_hash"], half(algorithm, &answer.fragment("code").unwrap()), "{client}");
        assert_eq!(id_token["at_hash"], half(algorithm, &answer.fragment("access_token").unwrap()), "{client}");
        assert!(id_token.get("s_hash").is_none());
    }
}

#[test]
fn an_id_token_has_hashes_of_what_comes_with_it_and_of_nothing_else() {
    let server = Server::builder().auto_approve("alice").client(Client::new("fapi").s_hash()).start();
    let by = |client: &str, response_type: &str| {
        let target = authorize_target(&[("client_id", client), ("response_type", response_type)]);
        claims(&get(&server, &target).fragment("id_token").unwrap())
    };
    let has = |claims: &serde_json::Value| ["at_hash", "c_hash", "s_hash"].map(|name| claims.get(name).is_some());
    assert_eq!(has(&by("public", "id_token")), [false, false, false]);
    assert_eq!(has(&by("public", "id_token token")), [true, false, false]);
    assert_eq!(has(&by("public", "code id_token")), [false, true, false]);
    assert_eq!(has(&by("fapi", "code id_token")), [false, true, true]);
    assert_eq!(by("fapi", "code id_token")["s_hash"], half(&digest::SHA256, "af0ifjsldkj"));
    // Nobody can ask userinfo without an access token (OpenID Connect Core 1.0 section 5.4).
    assert_eq!(by("public", "id_token")["email"], "alice@example.test");
    assert!(by("public", "code id_token").get("email").is_none());
}

#[test]
fn what_comes_by_the_front_channel_is_good() {
    let server = auto();
    let answer = get(&server, &authorize_target(&[("response_type", "code id_token token")]));
    let token = answer.fragment("access_token").unwrap();
    assert_eq!(get_with(&server, "/userinfo", &token).text("sub"), "alice");
    let id_token = answer.fragment("id_token").unwrap();
    assert!(is_by_server(&server, &id_token));
    assert_eq!(claims(&id_token)["nonce"], "n-0S6_WzA2Mj");
    let second = exchange(&server, &answer.fragment("code").unwrap()).text("id_token");
    for claim in ["iss", "sub", "aud", "nonce", "sid", "auth_time"] {
        assert_eq!(
            claims(&second)[claim],
            claims(&id_token)[claim],
            "OpenID Connect Core 1.0 section 3.3.3.6: {claim}"
        );
    }
}

#[test]
fn an_id_token_by_the_front_channel_needs_a_nonce_and_the_scope_openid() {
    let server = auto();
    for response_type in TYPES {
        let answer = get(&server, &authorize_target(&[("response_type", response_type), ("nonce", "")]));
        let needs = response_type.contains("id_token");
        let error = if needs { answer.fragment("error") } else { None };
        assert_eq!(error.as_deref(), needs.then_some("invalid_request"), "{response_type}");
        assert!(needs || !answer.header("location").unwrap().contains("error="), "{response_type}");
    }
    let answer = get(&server, &authorize_target(&[("response_type", "id_token"), ("scope", "email")]));
    assert_eq!(answer.fragment("error").as_deref(), Some("invalid_request"));
}

#[test]
fn tokens_go_into_no_query() {
    let server = auto();
    for response_type in ["id_token", "token", "code token", "code id_token"] {
        let target = authorize_target(&[("response_type", response_type), ("response_mode", "query")]);
        assert_eq!(get(&server, &target).fragment("error").as_deref(), Some("invalid_request"), "{response_type}");
    }
    let code = get(&server, &authorize_target(&[("response_mode", "query")]));
    assert!(code.callback("code").is_some());
    let form = authorize_target(&[("response_type", "code id_token token"), ("response_mode", "form_post")]);
    let page = get(&server, &form);
    assert!(page.status == 200 && page.body.contains(r#"name="id_token""#) && page.header("location").is_none());
}

#[test]
fn an_error_comes_by_form_post_as_well() {
    let server = auto();
    let target = authorize_target(&[("response_mode", "form_post"), ("prompt", "none"), ("max_age", "0")]);
    let page = get(&server, &target);
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#"name="error" value="login_required""#), "{}", page.body);
    assert!(page.body.contains(r#"name="state" value="af0ifjsldkj""#));
    assert!(!page.body.contains(r#"name="code""#));
    assert!(get(&server, &authorize_target(&[("prompt", "none")])).callback("code").is_some());
    let nobody = get(&Server::start(), &authorize_target(&[("prompt", "none"), ("response_type", "code id_token")]));
    assert_eq!(nobody.fragment("error").as_deref(), Some("login_required"));
}

#[test]
fn a_client_gets_the_response_types_it_is_registered_for() {
    let client = Client::new("narrow").response_type("id_token code").response_type("code");
    let server = Server::builder().auto_approve("alice").client(client).start();
    let by = |response_type: &str| {
        get(&server, &authorize_target(&[("client_id", "narrow"), ("response_type", response_type)]))
    };
    assert!(by("code id_token").fragment("code").is_some());
    assert_eq!(by("token").fragment("error").as_deref(), Some("unauthorized_client"));
}

#[test]
fn misbehaviour_reaches_the_fragment_too() {
    let server = auto();
    server.misbehave_times(grantor::Endpoint::Authorize, 1, Misbehaviour::SetMember("id_token".into(), json!("x")));
    let answer = get(&server, &authorize_target(&[("response_type", "id_token")]));
    assert_eq!(answer.fragment("id_token").as_deref(), Some("x"));
}

#[test]
fn the_claims_parameter_is_honoured_as_far_as_the_claims_are_known() {
    let server = Server::builder().auto_approve("jane").start();
    let wish = json!({
        "id_token": {"email": {"essential": true}, "acr": {"values": ["high", "low"]}, "shoe_size": null},
        "userinfo": {"phone_number": null, "name#ja-Kana-JP": null, "shoe_size": null},
    })
    .to_string();
    let tokens = login(&server, "public", None, &[("scope", "openid"), ("claims", &wish)]);
    let id_token = claims(&tokens.text("id_token"));
    assert_eq!((&id_token["email"], &id_token["acr"]), (&json!("jane@example.test"), &json!("high")));
    assert!(id_token.get("phone_number").is_none() && id_token.get("shoe_size").is_none());
    let userinfo = get_with(&server, "/userinfo", &tokens.text("access_token")).json();
    assert_eq!(
        userinfo,
        json!({"sub": "jane", "phone_number": "+44 20 7946 0000", "name#ja-Kana-JP": "ジェーン ベネット"})
    );
    let wrong = get(&server, &authorize_target(&[("claims", "[]")]));
    assert_eq!(wrong.callback("error").as_deref(), Some("invalid_request"));
    let other = json!({"id_token": {"sub": {"value": "somebody"}}}).to_string();
    let other = get(&server, &authorize_target(&[("claims", &other)]));
    assert_eq!(other.callback("error").as_deref(), Some("login_required"));
}

#[test]
fn acr_values_max_age_and_ui_locales_are_taken() {
    let server = auto();
    let more = [("acr_values", "gold silver"), ("max_age", "60"), ("ui_locales", "fr-CA fr")];
    let id_token = claims(&login(&server, "public", None, &more).text("id_token"));
    assert_eq!(id_token["acr"], "gold");
    assert!(id_token["auth_time"].is_u64());
}

#[test]
fn an_id_token_hint_of_somebody_else_will_not_do() {
    let server = auto();
    let own = exchange(&server, &code(&server)).text("id_token");
    let by = |hint: &str| get(&server, &authorize_target(&[("prompt", "none"), ("id_token_hint", hint)]));
    assert!(by(&own).callback("code").is_some());
    server.misbehave_jwt_times(grantor::Jwt::IdToken, 1, grantor::JwtFault::WrongSubject);
    let other = exchange(&server, &code(&server)).text("id_token");
    assert_eq!(by(&other).callback("error").as_deref(), Some("login_required"));
}

#[test]
fn each_hash_of_a_hybrid_answer_can_be_missing_or_wrong() {
    let server = Server::builder().auto_approve("alice").client(Client::new("fapi").s_hash()).start();
    let ask = || {
        let more = [("client_id", "fapi"), ("response_type", "code id_token token")];
        claims(&get(&server, &authorize_target(&more)).fragment("id_token").unwrap())
    };
    let right = |name: &str| half(&digest::SHA256, "something else") != ask()[name];
    for (name, wrong) in
        [("at_hash", JwtFault::WrongAtHash), ("c_hash", JwtFault::WrongCHash), ("s_hash", JwtFault::WrongSHash)]
    {
        assert!(right(name), "{name}");
        server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, wrong);
        assert!(!right(name), "{name}");
        server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, JwtFault::without(name));
        assert!(ask().get(name).is_none(), "{name}");
    }
}
