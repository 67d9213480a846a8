//! What an API needs to know: access tokens that are JWTs (RFC 9068), introspection (RFC 7662).

use crate::Case;
use crate::support::provider::{Provider, key, signed_with};
use crate::support::{FakeServer, Inline, ManualClock, block_on, json, literal, ports};
use grantee_core::jose::{KeyKind, SignatureAlgorithm, SigningKey, jws};
use grantee_core::{Client, Error, Token};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub fn at_jwt_example(case: &Case) {
    let key = key(case.input("/header/kid"), KeyKind::Rsa(2048));
    let provider = Provider::new(vec![key.clone()]);
    let client = provider.client(|config| config.members_mut().issuer = Some(case.input("/claims/iss").to_owned()));
    let claims = case.input["claims"].as_object().unwrap();
    provider.clock.wall.store(claims["iat"].as_i64().unwrap() * 1000, Ordering::SeqCst);
    let tokens = client.access_tokens(case.input("/claims/aud"));
    let signer = SigningKey::new(&key, SignatureAlgorithm::Rs256).unwrap();
    let validate = |typ: &str| {
        let token = signed_with(jws::Header::new().with_typ(typ), &signer, claims);
        block_on(tokens.validate(&token))
    };
    let caller = validate(case.input("/header/typ")).unwrap();
    assert_eq!(caller.subject(), case.input("/claims/sub"));
    assert_eq!(caller.client_id(), case.input("/claims/client_id"));
    assert_eq!(caller.jti(), case.input("/claims/jti"));
    assert_eq!(caller.scope(), &case.input("/claims/scope").into());
    assert_eq!(Some(caller.expires_at().seconds()), claims["exp"].as_i64());
    assert_eq!(case.expected["typ_case_insensitive"], true);
    for typ in case.expected["typ_ok"].as_array().unwrap() {
        let typ = typ.as_str().unwrap();
        assert!(validate(typ).is_ok() && validate(&typ.to_uppercase()).is_ok(), "{typ}");
    }
    for wrong in ["JWT", "at", "application/jwt", "dpop+jwt"] {
        assert!(matches!(validate(wrong), Err(Error::Rule(_))), "{wrong}");
    }
    provider.clock.wall.store((claims["exp"].as_i64().unwrap() + 61) * 1000, Ordering::SeqCst);
    assert!(validate(case.input("/header/typ")).is_err(), "expired");
}

pub fn introspection_response(case: &Case) {
    let answer = case.answer();
    let server = FakeServer::new(move |_, _| Ok(answer.clone()));
    let mut config = literal();
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".to_owned());
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let seen = block_on(client.introspect(&Token::bearer("mF_9.B5f-4.1JqM"))).unwrap();
    let text = |name: &str| case.expected[name].as_str();
    assert_eq!(Some(seen.active), case.expected["active"].as_bool());
    assert_eq!(seen.client_id.as_deref(), text("client_id"));
    assert_eq!(seen.username.as_deref(), text("username"));
    assert_eq!(seen.sub.as_deref(), text("sub"));
    assert_eq!(seen.iss.as_deref(), text("iss"));
    assert_eq!(seen.scope, text("scope").map(Into::into));
    assert_eq!(seen.aud.first().map(String::as_str), text("aud"));
    assert_eq!(seen.exp.map(|time| time.seconds()), case.expected["exp"].as_i64());
    assert_eq!(seen.iat.map(|time| time.seconds()), case.expected["iat"].as_i64());
    assert_eq!(Value::Object(seen.members), *case.expected);
    // An answer that does not say whether the token is active is none.
    let server = FakeServer::new(|_, _| json(200, r#"{"active":"true"}"#));
    let mut config = literal();
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".to_owned());
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    assert!(block_on(client.introspect(&Token::bearer("t"))).is_err());
}
