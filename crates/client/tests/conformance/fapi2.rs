//! Tests of the plans for clients of the FAPI 2.0 Security Profile and of FAPI 2.0 Message Signing.

use crate::basic::{NONE, SIGNATURE};
use crate::fapi::{
    ALG, Auth, Bound, DPOP, VALIDATION, Variant, answer_fault, anywhere, fapi2, get, id_token_fault, issuer_mismatch,
    misbehave, refreshes_twice, registers, source,
};
use crate::fapi1::{HOUR_AGO, claims, intents};
use crate::suite::{Outcome, outcome};
use crate::world::{RP, Rule, World};
use grantee::rules::Rules;
use grantor::{DpopNonces, Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER, Request};
use serde_json::json;

fn refused(id: &str, fault: &JwtFault, rule: Rule) {
    id_token_fault(id, fapi2(), Variant::world, fault, rule, anywhere);
}

/// Those whose authorization response is one JWT.
fn signed() -> impl Iterator<Item = Variant> {
    fapi2().into_iter().filter(|variant| variant.jarm)
}

fn plain() -> impl Iterator<Item = Variant> {
    fapi2().into_iter().filter(|variant| !variant.jarm)
}

/// A proof of each request that has one.
fn proofs(requests: &[Request]) -> Vec<serde_json::Value> {
    requests.iter().filter_map(Request::dpop).map(claims).collect()
}

#[test]
fn fapi2_security_profile_final_client_test_happy_path() {
    outcome("fapi2-security-profile-final-client-test-happy-path", Outcome::Succeed);
    for variant in fapi2() {
        let world = variant.world();
        let person = variant.succeeds(&world);
        // The browser carries a reference and nothing else (Security Profile section 5.3.3.2).
        let asked = &world.op.requests_to(Endpoint::Authorize)[0];
        let mut names: Vec<String> = asked.query_pairs().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(names, ["client_id", "request_uri"], "{variant:?}");
        let pushed = world.op.requests_to(Endpoint::Par).pop().unwrap();
        let object = pushed.form_value("request");
        assert_eq!(object.is_some(), variant.rules == Rules::Fapi2MessageSigning, "{variant:?}");
        match object.as_deref().map(claims) {
            Some(claims) => {
                let time = |name: &str| claims[name].as_i64().unwrap();
                assert_eq!((&claims["aud"], &claims["iss"]), (&world.op.issuer().into(), &RP.into()), "{variant:?}");
                assert!(time("exp") - time("nbf") <= 3600, "{variant:?}: Message Signing section 5.3.1");
                assert_eq!(pushed.form_value("redirect_uri"), None, "{variant:?}: all of it is signed");
            }
            None => assert_eq!(pushed.form_value("code_challenge_method").as_deref(), Some("S256"), "{variant:?}"),
        }
        // An assertion names the issuer alone (section 5.3.3.1).
        let exchange = world.op.requests_to(Endpoint::Token).pop().unwrap();
        let assertion = exchange.form_value("client_assertion");
        assert_eq!(assertion.is_some(), variant.auth == Auth::PrivateKeyJwt, "{variant:?}");
        if let Some(assertion) = assertion.as_deref() {
            assert_eq!(claims(assertion)["aud"], world.op.issuer(), "{variant:?}");
        }
        let bound_to = person.token().key_thumbprint.clone();
        match variant.bound {
            Bound::Certificate => {
                assert_eq!(exchange.client_certificate_thumbprint(), bound_to.as_deref(), "{variant:?}");
                assert_eq!(exchange.dpop(), None, "{variant:?}");
            }
            Bound::Dpop(_) => {
                assert_eq!(bound_to, Some(DPOP.thumbprint()), "{variant:?}");
                let api = world.op.requests_to(Endpoint::Api);
                // Demanded once by each of the two, and known from then on.
                let pushes = proofs(&world.op.requests_to(Endpoint::Par));
                assert_eq!((pushes.len(), pushes[0].get("nonce")), (2, None), "{variant:?}");
                let exchanges = proofs(&world.op.requests_to(Endpoint::Token));
                assert_eq!((exchanges.len(), &exchanges[0]["nonce"]), (1, &pushes[1]["nonce"]), "{variant:?}");
                let calls = proofs(&api);
                assert_eq!(calls.len(), 2, "{variant:?}: the API has nonces of its own");
                assert!(calls[1]["nonce"].is_string() && calls[1]["nonce"] != exchanges[0]["nonce"], "{variant:?}");
                let proof = proofs(&api).pop().unwrap();
                assert_eq!((&proof["htm"], &proof["htu"]), (&json!("GET"), &world.op.url("/api/accounts").into()));
                assert!(proof["ath"].is_string(), "{variant:?}");
            }
        }
    }
}

#[test]
fn fapi2_security_profile_final_client_test_happy_path_no_dpop_nonce() {
    outcome("fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce", Outcome::Succeed);
    for variant in fapi2().into_iter().filter(|variant| variant.bound != Bound::Certificate) {
        let variant = Variant { bound: Bound::Dpop(DpopNonces::None), ..variant };
        let world = variant.world();
        let person = variant.succeeds(&world);
        // The query is no part of htu (RFC 9449 section 4.2), which this server is strict about.
        variant.spend(&world, &person, "/api/accounts?page=2");
        let mut count = 0;
        for (endpoint, requests) in [(Endpoint::Par, 1), (Endpoint::Token, 1), (Endpoint::Api, 2)] {
            let proofs = proofs(&world.op.requests_to(endpoint));
            assert_eq!(proofs.len(), requests, "{variant:?}: each request has one, and nothing is sent again");
            assert!(proofs.iter().all(|proof| proof.get("nonce").is_none()), "{variant:?}");
            count += requests;
        }
        let jtis: std::collections::BTreeSet<String> = world
            .op
            .requests()
            .iter()
            .filter_map(Request::dpop)
            .map(|proof| claims(proof)["jti"].to_string())
            .collect();
        assert_eq!(jtis.len(), count, "{variant:?}: each proof is another");
    }
}

#[test]
fn fapi2_security_profile_final_client_test_discovery_issuer_mismatch() {
    issuer_mismatch("fapi2-security-profile-final-client-test-discovery-issuer-mismatch", fapi2());
}

fn state_fault(id: &str, fault: &Misbehaviour, got: &'static str) {
    outcome(id, Outcome::Reject);
    let rule = Rule {
        stage: "authorization response",
        rule: "state is the one that was sent",
        spec: "RFC 6749 section 10.12",
        got,
    };
    for variant in fapi2() {
        answer_fault(variant, misbehave(fault.clone()), rule);
    }
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails";
    state_fault(id, &Misbehaviour::OmitMember("state".into()), "no state");
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails";
    state_fault(id, &Misbehaviour::WrongState, "another state");
}

fn issuer_fault(id: &str, fault: &Misbehaviour, got: &'static str) {
    outcome(id, Outcome::Reject);
    let rule = Rule {
        stage: "authorization response",
        rule: "iss is the issuer that was asked",
        spec: "RFC 9207 section 2.4",
        got,
    };
    for variant in plain() {
        answer_fault(variant, misbehave(fault.clone()), rule);
        // The profile requires it, whatever the metadata promise.
        let silent = |op: grantor::Builder| op.omit_metadata("authorization_response_iss_parameter_supported");
        let world = variant.world_of(silent, |registered| registered, |_| ());
        world.op.misbehave_times(Endpoint::Authorize, 1, fault.clone());
        rule.refuses(variant.login(&world));
        assert_eq!(world.op.count(Endpoint::Token), 0, "{variant:?}");
        variant.succeeds(&world);
    }
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_authorization_response_iss() {
    let id = "fapi2-security-profile-final-client-test-invalid-authorization-response-iss";
    issuer_fault(id, &Misbehaviour::WrongIssuer(OTHER_ISSUER.into()), OTHER_ISSUER);
}

#[test]
fn fapi2_security_profile_final_client_test_remove_authorization_response_iss() {
    let id = "fapi2-security-profile-final-client-test-remove-authorization-response-iss";
    issuer_fault(id, &Misbehaviour::OmitMember("iss".into()), "no iss");
}

// Signed answers

const JARM: &str = "JARM section 2.4";

fn jarm_fault(id: &str, fault: &JwtFault, rule: Rule) {
    outcome(id, Outcome::Reject);
    for variant in signed() {
        let spoil = |op: &grantor::Server| op.misbehave_jwt_times(Jwt::AuthorizationResponse, 1, fault.clone());
        answer_fault(variant, spoil, Rule { stage: "authorization response", ..rule });
    }
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_signature_is_not_none() {
    jarm_fault("fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none", &JwtFault::AlgNone, NONE);
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_sig_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails";
    jarm_fault(id, &JwtFault::BrokenSignature, SIGNATURE);
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_iss_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails";
    jarm_fault(id, &JwtFault::WrongIssuer, Rule::id_token("iss is the issuer that was asked", JARM, OTHER_ISSUER));
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_without_iss_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-without-iss-fails";
    let rule = Rule::id_token("a claim that is required is there as a string", JARM, "no such member");
    jarm_fault(id, &JwtFault::without("iss"), rule);
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_with_invalid_aud_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails";
    jarm_fault(id, &JwtFault::WrongAudience, Rule::id_token("aud is this client", JARM, OTHER_CLIENT));
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_without_aud_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails";
    jarm_fault(id, &JwtFault::without("aud"), Rule::id_token("aud is this client", JARM, "no such member"));
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_with_expired_exp_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails";
    jarm_fault(id, &JwtFault::Expired, Rule::id_token("exp lies in the future", JARM, HOUR_AGO));
}

#[test]
fn fapi2_security_profile_final_client_test_ensure_jarm_without_exp_fails() {
    let id = "fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails";
    let rule = Rule::id_token("a time that is required is there as a number", JARM, "no such member");
    jarm_fault(id, &JwtFault::without("exp"), rule);
}

// ID tokens

#[test]
fn fapi2_security_profile_final_client_test_invalid_alternate_alg() {
    let rule = Rule::id_token("alg is the one registered for this client", VALIDATION, "RS256");
    let id = "fapi2-security-profile-final-client-test-invalid-alternate-alg";
    refused(id, &JwtFault::OtherAlg("RS256".into()), rule);
    refused(id, &JwtFault::OtherAlg("ES256".into()), Rule { got: "ES256", ..rule });
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_null_alg() {
    refused("fapi2-security-profile-final-client-test-invalid-null-alg", &JwtFault::AlgNone, NONE);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_aud() {
    let rule = Rule::id_token("aud is this client", VALIDATION, OTHER_CLIENT);
    refused("fapi2-security-profile-final-client-test-invalid-aud", &JwtFault::WrongAudience, rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_aud() {
    let rule = Rule::id_token("aud is this client", VALIDATION, "no such member");
    refused("fapi2-security-profile-final-client-test-invalid-missing-aud", &JwtFault::without("aud"), rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_secondary_aud() {
    let rule = Rule::id_token("aud names nobody who is not trusted", VALIDATION, "other-client beside it");
    let fault = JwtFault::SeveralAudiences { azp: None };
    refused("fapi2-security-profile-final-client-test-invalid-secondary-aud", &fault, rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_expired_exp() {
    let rule = Rule::id_token("exp lies in the future", VALIDATION, HOUR_AGO);
    refused("fapi2-security-profile-final-client-test-invalid-expired-exp", &JwtFault::Expired, rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_exp() {
    let rule = Rule::id_token("a time that is required is there as a number", VALIDATION, "no such member");
    refused("fapi2-security-profile-final-client-test-invalid-missing-exp", &JwtFault::without("exp"), rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_iss() {
    let rule = Rule::id_token("iss is the issuer that was asked", VALIDATION, OTHER_ISSUER);
    refused("fapi2-security-profile-final-client-test-invalid-iss", &JwtFault::WrongIssuer, rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_iss() {
    let rule = Rule::id_token("a claim that is required is there as a string", VALIDATION, "no such member");
    refused("fapi2-security-profile-final-client-test-invalid-missing-iss", &JwtFault::without("iss"), rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_nonce() {
    let rule = Rule::id_token("nonce is the one that was sent", VALIDATION, "another nonce");
    refused("fapi2-security-profile-final-client-test-invalid-nonce", &JwtFault::WrongNonce, rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_missing_nonce() {
    let rule = Rule::id_token("nonce is the one that was sent", VALIDATION, "no such member");
    refused("fapi2-security-profile-final-client-test-invalid-missing-nonce", &JwtFault::without("nonce"), rule);
}

#[test]
fn fapi2_security_profile_final_client_test_invalid_openbanking_intent_id() {
    intents("fapi2-security-profile-final-client-test-invalid-openbanking-intent-id", fapi2());
}

#[test]
fn fapi2_security_profile_final_client_test_valid_aud_as_array() {
    outcome("fapi2-security-profile-final-client-test-valid-aud-as-array", Outcome::Succeed);
    for variant in fapi2() {
        let world = variant.world();
        world.op.misbehave_jwt(Jwt::IdToken, JwtFault::claim("aud", json!([RP])));
        let person = variant.succeeds(&world);
        assert_eq!(person.id_token.claims().at("aud"), Some(&json!([RP])), "{variant:?}");
        assert_eq!(person.id_token.algorithm().unwrap().name(), ALG);
    }
}

// Tokens

/// Both cases of a word, the other way round.
fn is_odd(text: &str, right: &str) -> bool {
    text != right && text.eq_ignore_ascii_case(right)
}

#[test]
fn fapi2_security_profile_final_client_test_token_type_case_insensitivity() {
    outcome("fapi2-security-profile-final-client-test-token-type-case-insensitivity", Outcome::Succeed);
    for variant in fapi2() {
        let world = variant.world();
        world.op.misbehave(Endpoint::Token, Misbehaviour::OddCase);
        let person = variant.succeeds(&world);
        let right = if variant.bound == Bound::Certificate { "Bearer" } else { "DPoP" };
        assert!(is_odd(&person.token().token_type, right), "{variant:?}: {}", person.token().token_type);
    }
    // Any other is not taken for it: a token that is said to be bound to nothing is refused.
    for variant in fapi2().into_iter().filter(|variant| variant.bound != Bound::Certificate) {
        let world = variant.world();
        world.op.misbehave_times(Endpoint::Token, 1, Misbehaviour::SetMember("token_type".into(), "Bearer".into()));
        let rule = Rule {
            stage: "token request",
            rule: "the token is of the type that was asked for",
            spec: "RFC 9449 section 5",
            got: "Bearer",
        };
        rule.refuses(variant.login(&world));
        variant.succeeds(&world);
    }
}

#[test]
fn fapi2_security_profile_final_client_test_rs_dpop_auth_scheme_case_insensitivity() {
    outcome("fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity", Outcome::Succeed);
    for variant in fapi2().into_iter().filter(|variant| variant.bound != Bound::Certificate) {
        let world = variant.world();
        let person = variant.login(&world).unwrap();
        world.op.misbehave(Endpoint::Api, Misbehaviour::OddCase);
        let demand = crate::browser::head(&world.op.url("/api/accounts"));
        assert!(
            !demand.contains("DPoP ") && demand.to_ascii_lowercase().contains("www-authenticate: dpop "),
            "{demand}"
        );
        world.op.clear_log();
        variant.spend(&world, &person, "/api/accounts");
        let proofs = proofs(&world.op.requests_to(Endpoint::Api));
        assert_eq!(proofs.len(), 2, "{variant:?}: once more, with the nonce");
        assert!(proofs[1]["nonce"].is_string() && proofs[0]["nonce"] != proofs[1]["nonce"], "{variant:?}");
        // A server that goes on demanding gets no third one.
        world.op.misbehave(Endpoint::Api, Misbehaviour::UseDpopNonce);
        world.op.clear_log();
        let answer = get(&source(&world, &person), &world.op.url("/api/accounts"));
        assert_eq!((answer.status().as_u16(), world.op.count(Endpoint::Api)), (401, 2), "{variant:?}");
    }
}

#[test]
fn fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in() {
    outcome("fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in", Outcome::Succeed);
    for variant in fapi2() {
        let world = variant.world();
        world.op.misbehave(Endpoint::Token, Misbehaviour::OmitMember("expires_in".into()));
        let person = variant.succeeds(&world);
        assert_eq!(person.token().expires_at, None, "{variant:?}");
    }
}

#[test]
fn fapi2_security_profile_final_client_refresh_token_test() {
    outcome("fapi2-security-profile-final-client-refresh-token-test", Outcome::Succeed);
    for variant in fapi2() {
        let world: World = variant.world();
        let person = world.login_for(variant.flow(), variant.request().scope("offline_access")).unwrap();
        let url = variant.api(&world, "/api/accounts");
        refreshes_twice(&world, &source(&world, &person), &url, &format!("{variant:?}"));
    }
}

#[test]
fn fapi2_security_profile_final_client_brazildcr_happypath_test() {
    registers("fapi2-security-profile-final-client-brazildcr-happypath-test", fapi2());
}
