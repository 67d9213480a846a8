//! Answers of the token endpoint: RFC 6749 section 5, and what RFC 8693, RFC 9396, RFC 9449 and CIBA add.

use crate::support::authorization::decoded;
use crate::support::{FakeServer, Inline, ManualClock, block_on, literal, ports};
use crate::{Case, dpop, request_objects};
use grantee_core::grant::{ClientCredentials, Grant, TokenExchange};
use grantee_core::jose::{Curve, Jwk, KeyKind};
use grantee_core::token_type::authorization_header;
use grantee_core::token_type::dpop::Dpop;
use grantee_core::{Client, Result, Token, UnverifiedIdToken};
use serde_json::Value;
use std::sync::Arc;

/// What a client makes of an example's answer; with `bound`, one whose tokens are bound to a key.
fn granted(case: &Case, bound: bool) -> Result<Token> {
    let answer = case.answer();
    let server = FakeServer::new(move |_, _| Ok(answer.clone()));
    let mut config = literal();
    if bound {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
        config.set_token_type(Arc::new(Dpop::from_key(&key).unwrap()));
    }
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let exchange = TokenExchange::new(Token::bearer("subject"));
    let grant: &dyn Grant = if case.name.starts_with("rfc8693") { &exchange } else { &ClientCredentials::new() };
    block_on(client.token(grant))
}

pub fn token_response(case: &Case) {
    let token = granted(case, case.expected("/token_type") == "DPoP").unwrap();
    for (name, value) in case.expected.as_object().unwrap() {
        match name.as_str() {
            "access_token" => assert_eq!(token.access_token.reveal(), value),
            "token_type" => assert_eq!(&token.token_type, value),
            "expires_in" => assert_eq!(Some(token.lifetime().unwrap().as_secs()), value.as_u64()),
            "refresh_token" => assert_eq!(token.refresh_token.as_ref().unwrap().reveal(), value),
            "issued_token_type" => assert_eq!(token.issued_token_type.as_deref(), value.as_str()),
            "authorization_details" => {
                assert_eq!(&Value::from(token.authorization_details().unwrap().unwrap()), value);
            }
            "id_token_claims" => {
                let id_token = token.id_token.as_ref().map(UnverifiedIdToken::reveal_unverified).unwrap();
                assert_eq!(&decoded(id_token).1, value);
            }
            other => assert_eq!(token.get(other), Some(value), "{other}"),
        }
    }
    assert_eq!(token.refresh_token.is_some(), case.expected.get("refresh_token").is_some());
    // What is no Bearer token goes on no request as one: example, N_A and DPoP.
    let bearer = case.expected("/token_type").eq_ignore_ascii_case("Bearer");
    assert_eq!((token.is_bearer(), authorization_header(&token).is_ok()), (bearer, bearer));
    // And a client that binds its tokens to a key takes no other in their place, but for what an exchange brought.
    let for_bound = granted(case, true);
    assert_eq!(for_bound.is_ok(), matches!(case.expected("/token_type"), "DPoP" | "N_A"), "{for_bound:?}");
}

pub fn token_error_response(case: &Case) {
    match case.name {
        "rfc9449-nonce-as" => dpop::demanded_by_the_server(case),
        "rfc9126-2.3-error" => return request_objects::push_refused(case),
        "rfc6749-5.2" => {}
        name => panic!("nobody knows what {name} stands for"),
    }
    // To a client that can't do what is wanted it is an error like any other.
    let error = granted(case, false).unwrap_err();
    assert_eq!((error.server_error(), error.status()), (Some(case.expected("/error")), Some(case.status())));
}
