//! Tests about what only the authorization response brings: an access token beside its ID token, and the nonce.

use crate::browser::Browser;
use crate::suite::{Flow, Outcome, Place, flows};
use crate::world::{PERSON, Rule, World, id_token_fault};
use grantee::AuthorizationRequest;
use grantor::{Endpoint, JwtFault};
use std::collections::HashSet;
use url::Url;

const AT_HASH: &str = "at_hash is the digest of the access token";
const AT_HASH_SPEC: &str = "OpenID Connect Core section 3.2.2.9";

/// An ID token beside an access token: in the response, or from the token endpoint.
fn beside_an_access_token(flow: Flow, place: Place) -> bool {
    place == Place::Back || flow.front_token()
}

#[test]
fn oidcc_client_test_invalid_athash() {
    let wrong = "AAAAAAAAAAAAAAAAAAAAAA";
    let rule = Rule::id_token(AT_HASH, AT_HASH_SPEC, wrong);
    let fault = JwtFault::claim("at_hash", wrong);
    id_token_fault("oidcc-client-test-invalid-athash", World::new, &fault, rule, beside_an_access_token);
}

#[test]
fn oidcc_client_test_missing_athash() {
    let rule = Rule::id_token(AT_HASH, AT_HASH_SPEC, "no such member");
    let fault = JwtFault::without("at_hash");
    let in_front: fn(Flow, Place) -> bool = |flow, place| place == Place::Front && flow.front_token();
    id_token_fault("oidcc-client-test-missing-athash", World::new, &fault, rule, in_front);
    // From the token endpoint it may be left out (OpenID Connect Core section 3.1.3.6).
    let world = World::new();
    world.op.misbehave_jwt_times(Place::Back.jwt(), 1, fault);
    assert!(!world.login(Flow::CODE).unwrap().id_token.claims().members().contains_key("at_hash"));
}

#[test]
fn oidcc_client_test_nonce_unless_code_flow() {
    for flow in flows("oidcc-client-test-nonce-unless-code-flow", Outcome::Succeed) {
        let world = World::new();
        let mut nonces = HashSet::new();
        for _ in 0..2 {
            let person = world.login(flow).unwrap();
            let asked = world.op.requests_to(Endpoint::Authorize).pop().unwrap();
            let nonce = asked.query_value("nonce").unwrap();
            assert_eq!(person.id_token.claims().get::<String>("nonce").as_ref(), Some(&nonce), "{flow:?}");
            assert!(nonce.len() >= 22 && nonces.insert(nonce), "{flow:?}: 128 bits, and new each time");
        }
        // The provider would have noticed.
        if flow.places().contains(&Place::Front) {
            let (url, pending) = world.start(flow, AuthorizationRequest::new());
            let error = world.end(flow, pending, &Browser::new().open(&without_nonce(&url))).unwrap_err();
            assert_eq!(error.server_error(), Some("invalid_request"), "{flow:?}");
            assert_eq!(world.login(flow).unwrap().id_token.subject(), PERSON);
        }
    }
}

fn without_nonce(url: &Url) -> String {
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| name != "nonce").collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.into()
}
