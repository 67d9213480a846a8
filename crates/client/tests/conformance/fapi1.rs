//! Tests of the plan for clients of FAPI 1.0 Advanced.

use crate::basic::{NONE, SIGNATURE};
use crate::browser::Browser;
use crate::encryption::Encrypted;
use crate::fapi::{
    ALG, Auth, KEY, VALIDATION, Variant, anywhere, fapi1, id_token_fault, issuer_mismatch, refreshes_twice, registers,
    source,
};
use crate::suite::{Outcome, Place, outcome};
use crate::world::{PERSON, RP, Rule, World, block_on};
use grantee::AuthorizationRequest;
use grantee::jose::jwt::{self, Expect};
use grantee::jose::{JwkSet, SignatureAlgorithm, VerifyingKey, base64url, jws};
use grantor::{Endpoint, Jwt, JwtFault, Misbehaviour, OTHER_CLIENT, OTHER_ISSUER, User};
use serde_json::{Value, json};
use std::sync::Arc;

/// Every ID token of every variant.
fn refused(id: &str, fault: &JwtFault, rule: Rule) {
    id_token_fault(id, fapi1(), Variant::world, fault, rule, anywhere);
}

/// Those of the authorization response, which is what ties it to the rest.
fn refused_in_front(id: &str, fault: &JwtFault, rule: Rule) {
    id_token_fault(id, fapi1(), Variant::world, fault, rule, |place| place == Place::Front);
}

/// What a JWT says, by its own word.
pub fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
}

#[test]
fn fapi1_advanced_final_client_test() {
    outcome("fapi1-advanced-final-client-test", Outcome::Succeed);
    for variant in fapi1() {
        let world = variant.world();
        let person = variant.succeeds(&world);
        assert_eq!(person.id_token.algorithm(), Some(SignatureAlgorithm::Ps256), "{variant:?}");

        // The request went as a signed object, in the way of the variant, and nothing of it in the clear.
        let asked = &world.op.requests_to(Endpoint::Authorize)[0];
        let pushed = world.op.requests_to(Endpoint::Par);
        let object = match pushed.first() {
            Some(pushed) => pushed.form_value("request"),
            None => asked.query_value("request"),
        };
        assert_eq!(!pushed.is_empty(), variant.pushed);
        let object = object.unwrap();
        assert_eq!(jws::Compact::parse(&object).unwrap().header().alg.as_deref(), Some(ALG));
        let claims = claims(&object);
        let time = |name: &str| claims[name].as_i64().unwrap();
        assert_eq!((&claims["aud"], &claims["iss"]), (&world.op.issuer().into(), &RP.into()), "{variant:?}");
        assert!(time("exp") - time("nbf") <= 3600, "{variant:?}: FAPI 1.0 Advanced section 5.2.2");
        let outside: Vec<String> = asked.query_pairs().into_iter().map(|(name, _)| name).collect();
        let mut expected = if variant.pushed { vec!["client_id", "request_uri"] } else { vec!["client_id", "request"] };
        if !variant.pushed {
            // OpenID Connect Core section 6.1 wants them outside as well.
            expected.extend(["response_type", "scope"]);
        }
        let mut outside: Vec<&str> = outside.iter().map(String::as_str).collect();
        outside.sort_unstable();
        expected.sort_unstable();
        assert_eq!(outside, expected, "{variant:?}");

        // Whoever asked, asked over a connection with its certificate; only a key that authenticates sends an assertion.
        let certificate = world.rp.ports().http.certificate();
        for request in world.op.requests_to(Endpoint::Token).iter().chain(&pushed) {
            assert_eq!(request.client_certificate_thumbprint(), certificate.thumbprint(), "{variant:?}");
            let asserts = request.form_value("client_assertion").is_some();
            assert_eq!(asserts, variant.auth == Auth::PrivateKeyJwt, "{variant:?}");
        }
    }
}

#[test]
fn fapi1_advanced_final_client_test_discovery_issuer_mismatch() {
    issuer_mismatch("fapi1-advanced-final-client-test-discovery-issuer-mismatch", fapi1());
}

#[test]
fn fapi1_advanced_final_client_test_encrypted_idtoken() {
    outcome("fapi1-advanced-final-client-test-encrypted-idtoken", Outcome::Succeed);
    for variant in fapi1() {
        for alg in ["RSA-OAEP-256", "RSA-OAEP"] {
            let encrypted = Encrypted::new(variant, alg);
            let person = encrypted.login(alg).unwrap();
            assert_eq!(person.id_token.subject(), PERSON, "{variant:?}");
            assert_eq!(person.id_token.reveal().split('.').count(), 5, "{variant:?}: what came was encrypted");
            assert_eq!(person.id_token.algorithm(), Some(SignatureAlgorithm::Ps256), "{variant:?}: and signed within");
            assert_eq!(variant.spend(&encrypted.world, &person, "/api/accounts")["sub"], PERSON);
            // Encrypted is not enough.
            for place in variant.flow().places() {
                encrypted.world.op.misbehave_jwt_times(place.jwt(), 1, JwtFault::BrokenSignature);
                SIGNATURE.refuses(encrypted.login(alg));
            }
        }
    }
}

#[test]
fn fapi1_advanced_final_client_test_encrypted_idtoken_usingrsa15() {
    outcome("fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15", Outcome::Reject);
    let rule = Rule::id_token("alg is the one registered for this client", VALIDATION, "RSA1_5");
    for variant in fapi1() {
        let encrypted = Encrypted::new(variant, "RSA-OAEP-256");
        rule.refuses(encrypted.login("RSA1_5"));
        assert_eq!(encrypted.login("RSA-OAEP-256").unwrap().id_token.subject(), PERSON, "{variant:?}");
    }
    // Nobody can ask for it either.
    let unknown = Encrypted::client(fapi1()[0], "RSA1_5").err().unwrap();
    assert!(unknown.to_string().contains("alg RSA1_5") && unknown.hint().unwrap().contains("never"), "{unknown}");
}

#[test]
fn fapi1_advanced_final_client_test_iat_is_week_in_past() {
    let fault = JwtFault::claim("iat", WEEK_AGO);
    let rule = Rule::id_token("iat is not too far in the past", VALIDATION, "604800 s ago");
    refused("fapi1-advanced-final-client-test-iat-is-week-in-past", &fault, rule);
}

/// By the clock that stands still.
pub const WEEK_AGO: u64 = 1_704_067_200 - 604_800;
/// When what [`JwtFault::Expired`] spoils has ended.
pub const HOUR_AGO: &str = "1704063600";

#[test]
fn fapi1_advanced_final_client_test_invalid_alternate_alg() {
    let rule = Rule::id_token("alg is the one registered for this client", VALIDATION, "RS256");
    refused("fapi1-advanced-final-client-test-invalid-alternate-alg", &JwtFault::OtherAlg("RS256".into()), rule);
    let rule = Rule { got: "ES256", ..rule };
    refused("fapi1-advanced-final-client-test-invalid-alternate-alg", &JwtFault::OtherAlg("ES256".into()), rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_null_alg() {
    refused("fapi1-advanced-final-client-test-invalid-null-alg", &JwtFault::AlgNone, NONE);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_signature() {
    refused("fapi1-advanced-final-client-test-invalid-signature", &JwtFault::BrokenSignature, SIGNATURE);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_aud() {
    let rule = Rule::id_token("aud is this client", VALIDATION, OTHER_CLIENT);
    refused("fapi1-advanced-final-client-test-invalid-aud", &JwtFault::WrongAudience, rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_secondary_aud() {
    let rule = Rule::id_token("aud names nobody who is not trusted", VALIDATION, "other-client beside it");
    let fault = JwtFault::SeveralAudiences { azp: None };
    refused("fapi1-advanced-final-client-test-invalid-secondary-aud", &fault, rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_missing_aud() {
    let rule = Rule::id_token("aud is this client", VALIDATION, "no such member");
    refused("fapi1-advanced-final-client-test-invalid-missing-aud", &JwtFault::without("aud"), rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_iss() {
    let rule = Rule::id_token("iss is the issuer that was asked", VALIDATION, OTHER_ISSUER);
    refused("fapi1-advanced-final-client-test-invalid-iss", &JwtFault::WrongIssuer, rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_missing_iss() {
    let rule = Rule::id_token("a claim that is required is there as a string", VALIDATION, "no such member");
    refused("fapi1-advanced-final-client-test-invalid-missing-iss", &JwtFault::without("iss"), rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_expired_exp() {
    let rule = Rule::id_token("exp lies in the future", VALIDATION, HOUR_AGO);
    refused("fapi1-advanced-final-client-test-invalid-expired-exp", &JwtFault::Expired, rule);
    // Five minutes and a second ago, which is beyond any leeway.
    let rule = Rule { got: "1704066899", ..rule };
    let fault = JwtFault::claim("exp", 1_704_066_899_u64);
    refused("fapi1-advanced-final-client-test-invalid-expired-exp", &fault, rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_missing_exp() {
    let rule = Rule::id_token("a time that is required is there as a number", VALIDATION, "no such member");
    refused("fapi1-advanced-final-client-test-invalid-missing-exp", &JwtFault::without("exp"), rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_nonce() {
    let rule = Rule::id_token("nonce is the one that was sent", VALIDATION, "another nonce");
    refused("fapi1-advanced-final-client-test-invalid-nonce", &JwtFault::WrongNonce, rule);
}

#[test]
fn fapi1_advanced_final_client_test_invalid_missing_nonce() {
    let rule = Rule::id_token("nonce is the one that was sent", VALIDATION, "no such member");
    refused("fapi1-advanced-final-client-test-invalid-missing-nonce", &JwtFault::without("nonce"), rule);
}

const NO_HASH: &str = "AAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn fapi1_advanced_final_client_test_invalid_chash() {
    let spec = "OpenID Connect Core section 3.3.2.10";
    let rule = Rule::id_token("c_hash is the digest of the code", spec, NO_HASH);
    let fault = JwtFault::claim("c_hash", NO_HASH);
    refused_in_front("fapi1-advanced-final-client-test-invalid-chash", &fault, rule);
}

const S_HASH: Rule =
    Rule::id_token("s_hash is the digest of the state", "FAPI 1.0 Advanced section 5.1.1", "no such member");

#[test]
fn fapi1_advanced_final_client_test_invalid_shash() {
    let fault = JwtFault::claim("s_hash", NO_HASH);
    refused_in_front("fapi1-advanced-final-client-test-invalid-shash", &fault, Rule { got: NO_HASH, ..S_HASH });
}

#[test]
fn fapi1_advanced_final_client_test_invalid_missing_shash() {
    refused_in_front("fapi1-advanced-final-client-test-invalid-missing-shash", &JwtFault::without("s_hash"), S_HASH);
}

#[test]
fn fapi1_advanced_final_client_test_missing_athash() {
    outcome("fapi1-advanced-final-client-test-missing-athash", Outcome::Succeed);
    for variant in fapi1().into_iter().filter(|variant| !variant.jarm) {
        let world = variant.world();
        let (url, pending) = world.start(variant.flow(), variant.request());
        let back = Browser::new().open(url.as_str()).at();
        let token = url::form_urlencoded::parse(back.split_once('#').unwrap().1.as_bytes())
            .find_map(|(name, value)| (name == "id_token").then(|| value.into_owned()))
            .unwrap();
        let claims = claims(&token);
        assert!(claims.get("at_hash").is_none() && claims.get("c_hash").is_some(), "{variant:?}: {claims}");
        let login = block_on(world.rp.finish(pending, back.as_str())).unwrap();
        assert_eq!(login.id_token.unwrap().subject(), PERSON, "{variant:?}");
        // Beside a token of the token endpoint it is optional as well; where it is there it counts.
        world.op.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::without("at_hash"));
        variant.succeeds(&world);
        world.op.misbehave_jwt_times(Jwt::IdToken, 1, JwtFault::claim("at_hash", NO_HASH));
        let spec = "OpenID Connect Core section 3.2.2.9";
        Rule::id_token("at_hash is the digest of the access token", spec, NO_HASH).refuses(variant.login(&world));
    }
}

/// The intent that the person agrees to, as Open Banking asks for it and the bank confirms it.
pub fn intents(id: &str, variants: Vec<Variant>) {
    const INTENT: &str = "urn:bank.example:intent:58923";
    let rule = Rule::id_token("a claim is as the program expects it", "set by expect_claim(..)", "a string");
    let member = "openbanking_intent_id";
    outcome(id, Outcome::Reject);
    for variant in variants {
        let world = variant.world_of(
            |op| op.user(User::new(PERSON, "wonderland").claim(member, INTENT)),
            |registered| registered,
            |config| {
                config.add_expectation(member.to_owned(), Arc::new(|intent| *intent.unwrap_or(&Value::Null) == INTENT))
            },
        );
        let request = || {
            let wish = json!({member: {"value": INTENT, "essential": true}});
            variant.request().claims(json!({"id_token": wish.clone()}))
        };
        let login = |request: AuthorizationRequest| world.login_for(variant.flow(), request);
        for place in variant.flow().places() {
            let fault = JwtFault::claim(member, "urn:bank.example:intent:other");
            world.op.misbehave_jwt_times(place.jwt(), 1, fault);
            rule.refuses(login(request()));
            world.op.misbehave_jwt_times(place.jwt(), 1, JwtFault::without(member));
            Rule { got: "no such member", ..rule }.refuses(login(request()));
            let person = login(request()).unwrap();
            assert_eq!(person.id_token.claims().at(member), Some(&json!(INTENT)), "{variant:?}");
        }
    }
}

#[test]
fn fapi1_advanced_final_client_test_invalid_openbanking_intent_id() {
    intents("fapi1-advanced-final-client-test-invalid-openbanking-intent-id", fapi1());
}

#[test]
fn fapi1_advanced_final_client_test_no_scope_in_token_endpoint_response() {
    outcome("fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response", Outcome::Succeed);
    for variant in fapi1() {
        let world = variant.world();
        let granted = variant.succeeds(&world).token().scope.clone();
        world.op.misbehave_times(Endpoint::Token, 1, Misbehaviour::OmitMember("scope".into()));
        let person = variant.succeeds(&world);
        // What was asked for is what was granted (RFC 6749 section 5.1).
        assert_eq!(person.token().scope, granted, "{variant:?}");
    }
}

#[test]
fn fapi1_advanced_final_client_test_valid_aud_as_array() {
    outcome("fapi1-advanced-final-client-test-valid-aud-as-array", Outcome::Succeed);
    for variant in fapi1() {
        let world = variant.world();
        for place in variant.flow().places() {
            world.op.misbehave_jwt(place.jwt(), JwtFault::claim("aud", json!([RP])));
        }
        let person = variant.succeeds(&world);
        assert_eq!(person.id_token.claims().at("aud"), Some(&json!([RP])), "{variant:?}");
    }
}

/// An answer of an API is none of the protocol's: the program verifies it, with what the library has for any JWT.
#[test]
fn fapi1_advanced_final_client_test_payment_consent_response_valid_aud_as_array() {
    let id = "fapi1-advanced-final-client-test-payment-consent-response-valid-aud-as-array";
    outcome(id, Outcome::Succeed);
    for variant in fapi1() {
        let world = variant.world();
        let person = variant.succeeds(&world);
        let consent = |fault: JwtFault| {
            world.op.misbehave_jwt_times(Jwt::ApiAnswer, 1, fault);
            let answer = crate::fapi::get(&source(&world, &person), &variant.api(&world, "/api/signed"));
            assert_eq!(answer.headers()["content-type"], "application/jwt", "{variant:?}");
            let keys = JwkSet::parse(Browser::new().open(&world.op.url("/jwks")).page()).unwrap().keys;
            let key = keys.iter().find(|key| key.alg() == Some(ALG)).unwrap();
            let key = VerifyingKey::new(key, SignatureAlgorithm::Ps256).unwrap();
            let expect = Expect::new().issuer(world.op.issuer()).audience(RP).require("exp");
            jwt::verify(std::str::from_utf8(answer.body()).unwrap(), &key, &expect, 1_704_067_200)
        };
        let answer = consent(JwtFault::claim("aud", json!([RP]))).unwrap();
        assert_eq!(answer.claims.get("aud"), Some(&json!([RP])), "{variant:?}");
        assert_eq!(answer.claims.get("data").unwrap()["sub"], PERSON);
        let error = consent(JwtFault::claim("aud", json!([OTHER_CLIENT]))).unwrap_err();
        assert!(error.to_string().contains("aud names the one who reads the token"), "{error}");
        let error = consent(JwtFault::BrokenSignature).unwrap_err();
        assert!(error.to_string().contains("the signature verifies"), "{error}");
    }
}

#[test]
fn fapi1_advanced_final_client_test_unencrypted_request_object_with_par() {
    outcome("fapi1-advanced-final-client-test-unencrypted-request-object-with-par", Outcome::Succeed);
    for variant in fapi1().into_iter().filter(|variant| variant.pushed) {
        // Offered, and not asked for.
        let offers = |op: grantor::Builder| {
            op.set_metadata("request_object_encryption_alg_values_supported", json!(["RSA-OAEP-256"]))
                .set_metadata("request_object_encryption_enc_values_supported", json!(["A256GCM"]))
        };
        let world = variant.world_of(offers, |registered| registered, |_| ());
        variant.succeeds(&world);
        let pushed = &world.op.requests_to(Endpoint::Par)[0];
        let object = pushed.form_value("request").unwrap();
        let compact = jws::Compact::parse(&object).unwrap();
        assert_eq!(compact.header().kid.as_deref(), KEY.kid(), "{variant:?}: signed, and not encrypted");
        let names: Vec<String> = pushed.form().into_iter().map(|(name, _)| name).collect();
        let authenticates = |name: &String| name.starts_with("client_");
        assert!(names.iter().all(|name| name == "request" || authenticates(name)), "{variant:?}: {names:?}");
    }
}

#[test]
fn fapi1_advanced_final_client_refresh_token_test() {
    outcome("fapi1-advanced-final-client-refresh-token-test", Outcome::Succeed);
    for variant in fapi1() {
        let world: World = variant.world();
        let request = variant.request().scope("offline_access");
        let person = world.login_for(variant.flow(), request).unwrap();
        let url = variant.api(&world, "/api/accounts");
        refreshes_twice(&world, &source(&world, &person), &url, &format!("{variant:?}"));
    }
}

#[test]
fn fapi1_advanced_final_client_brazildcr_happypath_test() {
    registers("fapi1-advanced-final-client-brazildcr-happypath-test", fapi1());
}
