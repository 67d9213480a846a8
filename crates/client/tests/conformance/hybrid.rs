//! Tests about a code beside an ID token.

use crate::suite::{Flow, Place};
use crate::world::{Rule, World, id_token_fault};
use grantor::JwtFault;

const C_HASH: &str = "c_hash is the digest of the code";
const C_HASH_SPEC: &str = "OpenID Connect Core section 3.3.2.10";

fn beside_a_code(flow: Flow, place: Place) -> bool {
    place == Place::Front && flow.code()
}

#[test]
fn oidcc_client_test_invalid_chash() {
    let wrong = "AAAAAAAAAAAAAAAAAAAAAA";
    let rule = Rule::id_token(C_HASH, C_HASH_SPEC, wrong);
    let fault = JwtFault::claim("c_hash", wrong);
    id_token_fault("oidcc-client-test-invalid-chash", World::new, &fault, rule, beside_a_code);
}

#[test]
fn oidcc_client_test_missing_chash() {
    let rule = Rule::id_token(C_HASH, C_HASH_SPEC, "no such member");
    let fault = JwtFault::without("c_hash");
    id_token_fault("oidcc-client-test-missing-chash", World::new, &fault, rule, beside_a_code);
}
