//! What can be wrong with an ID token, as it looks on the wire.
#![allow(clippy::unwrap_used)]

mod common;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use common::*;
use grantor::{Client, Jwt, JwtFault, OTHER_CLIENT, OTHER_ISSUER, OTHER_SUBJECT, Server};
use serde_json::{Value, json};

/// The ID token of a login with everything in it, the fault applied to that of the authorization response.
fn front(server: &Server, fault: JwtFault) -> String {
    server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, fault);
    let answer = get(server, &authorize_target(&[("response_type", "code id_token token"), ("acr_values", "silver")]));
    answer.fragment("id_token").unwrap()
}

fn right(server: &Server) -> Value {
    claims(&get(server, &authorize_target(&[("response_type", "code id_token token")])).fragment("id_token").unwrap())
}

#[test]
fn a_claim_is_wrong_and_the_signature_is_right() {
    let server = auto();
    let now = server.now().as_secs();
    let cases: [(JwtFault, &str, Value); 9] = [
        (JwtFault::WrongIssuer, "iss", json!(OTHER_ISSUER)),
        (JwtFault::WrongAudience, "aud", json!(OTHER_CLIENT)),
        (JwtFault::SeveralAudiences { azp: None }, "aud", json!(["public", OTHER_CLIENT])),
        (JwtFault::SeveralAudiences { azp: Some("public".into()) }, "azp", json!("public")),
        (JwtFault::SeveralAudiences { azp: Some(OTHER_CLIENT.into()) }, "azp", json!(OTHER_CLIENT)),
        (JwtFault::WrongSubject, "sub", json!(OTHER_SUBJECT)),
        (JwtFault::claim("acr", "bronze"), "acr", json!("bronze")),
        (JwtFault::claim("exp", "soon"), "exp", json!("soon")),
        (JwtFault::claim("x", json!([1])), "x", json!([1])),
    ];
    for (fault, claim, value) in cases {
        let token = front(&server, fault.clone());
        assert_eq!(claims(&token)[claim], value, "{fault:?}");
        assert!(is_by_server(&server, &token), "{fault:?}");
    }
    let number = |fault: JwtFault, claim: &str| claims(&front(&server, fault))[claim].as_u64().unwrap();
    assert!(number(JwtFault::Expired, "exp") < now);
    assert!(number(JwtFault::IssuedLongAgo, "iat") + 9 * 365 * 86_400 < now);
    assert!(number(JwtFault::IssuedLongAgo, "exp") > now);
    assert!(number(JwtFault::IssuedInTheFuture, "iat") > now + 3600);
    assert!(number(JwtFault::NotYetValid, "nbf") > now + 3600);
    assert!(number(JwtFault::StaleAuthTime, "auth_time") + 9 * 365 * 86_400 < now);
}

#[test]
fn any_claim_can_be_missing() {
    let server = auto();
    for claim in ["iss", "aud", "sub", "iat", "exp", "nonce", "at_hash", "c_hash", "auth_time", "acr"] {
        let token = front(&server, JwtFault::without(claim));
        assert!(claims(&token).get(claim).is_none() && is_by_server(&server, &token), "{claim}");
        assert!(claims(&token).as_object().unwrap().len() > 9, "the others are there");
    }
}

#[test]
fn hashes_and_nonce_can_be_others() {
    let server = auto();
    let cases = [
        (JwtFault::WrongNonce, "nonce"),
        (JwtFault::WrongAtHash, "at_hash"),
        (JwtFault::WrongCHash, "c_hash"),
        (JwtFault::WrongSHash, "s_hash"),
    ];
    for (fault, claim) in cases {
        let token = front(&server, fault);
        let wrong = claims(&token)[claim].as_str().unwrap().to_owned();
        assert!(is_by_server(&server, &token) && !wrong.is_empty(), "{claim}");
        assert!(claim == "nonce" || wrong.len() == 22, "it is as long as a right one");
        assert_ne!(right(&server)[claim], wrong);
    }
    assert_eq!(right(&server)["nonce"], "n-0S6_WzA2Mj");
}

#[test]
fn a_claim_can_stand_there_twice() {
    let server = auto();
    let token = front(&server, JwtFault::DuplicateClaim("sub".into(), json!("mallory")));
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    assert!(payload.contains(r#""sub":"alice""#) && payload.ends_with(r#","sub":"mallory"}"#), "{payload}");
    assert!(is_by_server(&server, &token));
}

#[test]
fn a_signature_can_be_broken_empty_or_somebody_elses() {
    let secret = "a secret of more than thirty-two bytes";
    for alg in ["RS256", "PS256", "ES256", "ES384", "EdDSA", "HS256"] {
        let client = Client::new("public").secret(secret).id_token_signed_response_alg(alg).auth("none");
        let server = Server::builder().auto_approve("alice").client(client).start();
        let is_right = |token: &str| match alg {
            "HS256" => verifies_with_secret(token, secret.as_bytes()),
            _ => is_by_server(&server, token),
        };
        assert!(is_right(&front(&server, JwtFault::claim("x", 1))), "{alg}");
        for fault in [JwtFault::BrokenSignature, JwtFault::OtherKey] {
            let token = front(&server, fault.clone());
            let (message, signature) = token.rsplit_once('.').unwrap();
            assert!(!is_right(&token) && signature.len() >= 43, "{alg} {fault:?}: {message}");
            assert_eq!(jose_header(&token)["alg"], alg);
        }
        let empty = front(&server, JwtFault::EmptySignature);
        assert!(empty.ends_with('.') && jose_header(&empty)["alg"] == alg);
    }
}

#[test]
fn alg_can_be_none_another_one_or_confused() {
    let server = auto();
    let none = front(&server, JwtFault::AlgNone);
    assert!(none.ends_with('.') && jose_header(&none)["alg"] == "none", "{none}");
    let other = front(&server, JwtFault::OtherAlg("ES256".into()));
    assert!(jose_header(&other)["alg"] == "ES256" && is_by_server(&server, &other));
    let confused = front(&server, JwtFault::AlgorithmConfusion);
    let key = server.signing_key("RS256");
    assert_eq!(jose_header(&confused), json!({"alg": "HS256", "kid": key.kid()}));
    assert!(key.public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    assert!(verifies_with_secret(&confused, key.public_pem().as_bytes()));
    let shop = Client::new("shop").secret("a secret of more than thirty-two bytes");
    server.register(shop);
    server.misbehave_jwt(Jwt::IdToken, JwtFault::OtherAlg("HS256".into()));
    let secret = "a secret of more than thirty-two bytes";
    let mac = login(&server, "shop", Some(secret), &[]).text("id_token");
    assert!(verifies_with_secret(&mac, secret.as_bytes()));
}

#[test]
fn the_header_can_name_no_key_or_one_that_is_not_there() {
    let server = auto();
    let none = front(&server, JwtFault::NoKid);
    let key = server.signing_key("RS256").jwk();
    assert!(jose_header(&none).get("kid").is_none() && verifies(&none, &key));
    let unknown = front(&server, JwtFault::UnknownKid);
    assert!(verifies(&unknown, &key) && !is_by_server(&server, &unknown));
    let crit = front(&server, JwtFault::UnknownCrit);
    assert_eq!(jose_header(&crit)["crit"], json!(["grantor-unknown"]));
    assert!(is_by_server(&server, &crit), "but for the extension it is good");
    let odd = front(&server, JwtFault::SetHeader("typ".into(), "x".into()));
    assert!(jose_header(&odd)["typ"] == "x" && is_by_server(&server, &odd));
    let bare = front(&server, JwtFault::RemoveHeader("alg".into()));
    assert!(jose_header(&bare).get("alg").is_none());
}

#[test]
fn an_attacker_brings_a_key_along() {
    for alg in ["RS256", "ES256", "ES384", "EdDSA"] {
        let client = Client::new("public").id_token_signed_response_alg(alg);
        let server = Server::builder().auto_approve("alice").client(client).start();
        let in_header = front(&server, JwtFault::AttackerJwk);
        assert!(verifies(&in_header, &jose_header(&in_header)["jwk"]) && !is_by_server(&server, &in_header), "{alg}");
        assert!(is_by_server(&server, &front(&server, JwtFault::claim("x", 1))));

        let by_url = front(&server, JwtFault::AttackerJku(None));
        assert_eq!(jose_header(&by_url)["jku"], server.url("/attacker/jwks"));
        let keys = get(&server, "/attacker/jwks").json()["keys"].as_array().unwrap().clone();
        assert!(keys.iter().any(|key| key["alg"] == alg && verifies(&by_url, key)), "{alg}");
        assert!(!is_by_server(&server, &by_url), "{alg}");
        let elsewhere = front(&server, JwtFault::AttackerJku(Some("https://evil.example/keys".into())));
        assert_eq!(jose_header(&elsewhere)["jku"], "https://evil.example/keys");

        let by_certificate = front(&server, JwtFault::AttackerX5c);
        let certificate = STANDARD.decode(jose_header(&by_certificate)["x5c"][0].as_str().unwrap()).unwrap();
        assert!(certificate.starts_with(&[0x30]) && !is_by_server(&server, &by_certificate), "{alg}");
    }
}

#[test]
fn each_kind_of_id_token_goes_wrong_on_its_own() {
    let server = auto();
    server.misbehave_jwt(Jwt::RefreshedIdToken, JwtFault::WrongIssuer);
    server.misbehave_jwt(Jwt::IdToken, JwtFault::WrongSubject);
    let answer = get(&server, &authorize_target(&[("response_type", "code id_token")]));
    let front = claims(&answer.fragment("id_token").unwrap());
    let tokens = exchange(&server, &answer.fragment("code").unwrap());
    let back = claims(&tokens.text("id_token"));
    let refreshed = refresh(&server, &tokens.text("refresh_token"));
    let refreshed = claims(&refreshed.text("id_token"));
    let of = |claims: &Value| (claims["iss"] == server.issuer(), claims["sub"] == "alice");
    assert_eq!([of(&front), of(&back), of(&refreshed)], [(true, true), (true, false), (false, true)]);
    server.behave_jwt(Jwt::IdToken);
    assert_eq!(claims(&exchange(&server, &code(&server)).text("id_token"))["sub"], "alice");
}

#[test]
fn a_refreshed_id_token_can_be_of_another_login() {
    let server = auto();
    let mut token = exchange(&server, &code(&server)).text("refresh_token");
    let faults = [
        (JwtFault::WrongIssuer, "iss", json!(OTHER_ISSUER)),
        (JwtFault::WrongSubject, "sub", json!(OTHER_SUBJECT)),
        (JwtFault::WrongAudience, "aud", json!(OTHER_CLIENT)),
        (JwtFault::claim("auth_time", 1), "auth_time", json!(1)),
        (JwtFault::claim("azp", OTHER_CLIENT), "azp", json!(OTHER_CLIENT)),
    ];
    for (fault, claim, value) in faults {
        server.misbehave_jwt_times(Jwt::RefreshedIdToken, 1, fault);
        let answer = refresh(&server, &token);
        assert_eq!(claims(&answer.text("id_token"))[claim], value);
        token = answer.text("refresh_token");
    }
    let right = claims(&refresh(&server, &token).text("id_token"));
    assert_eq!((&right["aud"], &right["sub"]), (&json!("public"), &json!("alice")));
    assert!(right.get("nonce").is_none() && right.get("azp").is_none());
}

#[test]
fn faults_are_counted_queued_combined_and_wait_while_they_mean_nothing() {
    let server = auto();
    server.misbehave_jwt(Jwt::IdToken, JwtFault::claim("n", 9));
    server.misbehave_jwt_times(Jwt::IdToken, 2, JwtFault::claim("n", 1));
    server.misbehave_jwt_times(
        Jwt::IdToken,
        1,
        JwtFault::All(vec![JwtFault::claim("n", 2), JwtFault::without("nonce"), JwtFault::NoKid]),
    );
    server.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::without("c_hash"));
    let tokens: Vec<String> = (0..4).map(|_| exchange(&server, &code(&server)).text("id_token")).collect();
    let numbers: Vec<_> = tokens.iter().map(|token| claims(token)["n"].clone()).collect();
    assert_eq!(
        numbers,
        [json!(1), json!(1), json!(2), Value::Null],
        "the last waits for a c_hash, and blocks the line"
    );
    assert!(claims(&tokens[2]).get("nonce").is_none() && jose_header(&tokens[2]).get("kid").is_none());
    server.misbehave_jwt_times(Jwt::FrontChannelIdToken, 1, JwtFault::Literal("x.y".into()));
    let answer = get(&server, &authorize_target(&[("response_type", "id_token")]));
    assert_eq!(answer.fragment("id_token").as_deref(), Some("x.y"));
}

#[test]
#[should_panic(expected = "grantor cannot sign with RS1")]
fn an_algorithm_that_nobody_knows_stops_the_test_that_asks_for_it() {
    auto().misbehave_jwt(Jwt::IdToken, JwtFault::All(vec![JwtFault::OtherAlg("RS1".into())]));
}
