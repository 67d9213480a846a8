//! Tests that only the comprehensive plan has.

use crate::basic::SIGNATURE;
use crate::suite::{Outcome, flows};
use crate::world::{PERSON, Rule, World, block_on, everywhere, id_token_fault};
use grantee::jose::{JwkSet, SignatureAlgorithm, VerifyingKey, jws};
use grantee::oidc::{Claims, SourceKind};
use grantor::{Endpoint, Jwt, JwtFault, User};
use serde_json::json;

fn signed_by(alg: &'static str) -> World {
    World::of(
        |op| op,
        |registered| registered.id_token_signed_response_alg(alg),
        |config| config.set_id_token_alg(Some(alg.to_owned())),
    )
}

#[test]
fn oidcc_client_test_invalid_sig_es256() {
    let world = || signed_by("ES256");
    id_token_fault("oidcc-client-test-invalid-sig-es256", world, &JwtFault::BrokenSignature, SIGNATURE, everywhere);
    assert_eq!(world().login(crate::suite::Flow::CODE).unwrap().id_token.algorithm(), Some(SignatureAlgorithm::Es256));
}

#[test]
fn oidcc_client_test_invalid_sig_hs256() {
    let world = || signed_by("HS256");
    id_token_fault("oidcc-client-test-invalid-sig-hs256", world, &JwtFault::BrokenSignature, SIGNATURE, everywhere);
    id_token_fault("oidcc-client-test-invalid-sig-hs256", world, &JwtFault::OtherKey, SIGNATURE, everywhere);
    // The server's public key is no secret.
    let rule =
        Rule::id_token("alg is the one registered for this client", "OpenID Connect Core section 3.1.3.7", "HS256");
    let confusion = JwtFault::AlgorithmConfusion;
    id_token_fault("oidcc-client-test-invalid-sig-hs256", World::new, &confusion, rule, everywhere);
}

#[test]
fn oidcc_client_test_missing_aud() {
    let rule = Rule::id_token("aud is this client", "OpenID Connect Core section 3.1.3.7", "no such member");
    id_token_fault("oidcc-client-test-missing-aud", World::new, &JwtFault::without("aud"), rule, everywhere);
}

fn with(user: User) -> World {
    World::of(|op| op.user(user).claim_sources_in_id_token(true), |registered| registered, |_| ())
}

fn person() -> User {
    User::new(PERSON, "wonderland")
}

#[test]
fn oidcc_client_test_aggregated_claims() {
    let known = json!({"address": {"country": "IS"}, "phone_number": "+354 555 0000"});
    for flow in flows("oidcc-client-test-aggregated-claims", Outcome::Succeed) {
        let world = with(person().aggregated_claims(known.clone()));
        let check = |claims: &Claims| {
            let source = claims.sources().next().unwrap();
            let mut named = source.claims.clone();
            named.sort_unstable();
            assert_eq!(named, ["address", "phone_number"], "{flow:?}");
            let sourced = block_on(world.rp.claims_of(&source)).unwrap();
            assert_eq!(sourced.claims.members(), known.as_object().unwrap(), "{flow:?}");
            assert_eq!(sourced.claims.address().unwrap().country(), Some("IS"));
            let SourceKind::Aggregated { jwt } = source.kind else { panic!("{source:?}") };
            assert!(vouched_for(&world, jwt), "{flow:?}");
            assert_eq!(sourced.jwt.unwrap().reveal(), jwt);
        };
        let person = world.login(flow).unwrap();
        check(person.id_token.claims());
        if flow.brings_token() {
            check(&block_on(world.rp.userinfo(person.token(), &person.id_token)).unwrap().claims);
        }
        assert_eq!(world.op.count(Endpoint::Claims), 1 + usize::from(flow.brings_token()), "the keys and nothing else");
        // One that is no JWT is refused, and what it holds is not read.
        world.op.misbehave_jwt(Jwt::Claims, JwtFault::Literal("no.jwt".into()));
        let person = world.login(flow).unwrap();
        let source = person.id_token.claims().sources().next().unwrap();
        assert!(block_on(world.rp.claims_of(&source)).is_err(), "{flow:?}");
    }
}

/// Whether the claims provider has signed it: its keys are its own affair, and a program's that trusts it.
fn vouched_for(world: &World, jwt: &str) -> bool {
    let keys = crate::browser::Browser::new().open(&world.op.url("/claims/jwks")).page();
    let keys = JwkSet::parse(keys).unwrap().keys;
    let key = VerifyingKey::new(&keys[0], SignatureAlgorithm::Es256).unwrap();
    jws::Compact::parse(jwt).unwrap().verify(&key).is_ok()
}

#[test]
fn oidcc_client_test_distributed_claims() {
    let known = json!({"credit_score": 650, "shipping_address": {"country": "IS"}});
    for flow in flows("oidcc-client-test-distributed-claims", Outcome::Succeed) {
        for as_jwt in [true, false] {
            let world = with(person().distributed_claims(known.clone(), as_jwt));
            let person = world.login(flow).unwrap();
            let source = person.id_token.claims().sources().next().unwrap();
            let SourceKind::Distributed { endpoint, access_token } = &source.kind else { panic!("{source:?}") };
            assert_eq!(*endpoint, world.op.url("/claims"));
            assert_eq!(world.op.count(Endpoint::Claims), 0, "{flow:?}: nobody is asked before the program wants it");
            let sourced = block_on(world.rp.claims_of(&source)).unwrap();
            assert_eq!(sourced.claims.members(), known.as_object().unwrap(), "{flow:?}");
            assert_eq!(sourced.jwt.is_some(), as_jwt);
            // The token that the provider gave for it, and no other.
            let bearer = format!("Bearer {}", access_token.as_ref().unwrap().reveal());
            let asked = world.op.requests_to(Endpoint::Claims);
            assert_eq!((asked.len(), asked[0].header("authorization")), (1, Some(bearer.as_str())), "{flow:?}");
            let own = person.token.as_ref().map(|token| format!("Bearer {}", token.access_token.reveal()));
            assert_ne!(own, Some(bearer));
        }
    }
}
