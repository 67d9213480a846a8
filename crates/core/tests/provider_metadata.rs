//! What real providers publish, against RFC 8414 section 3.3, OpenID Connect Discovery section 4.3 and RFC 7517 section 5.

use bytes::Bytes;
use grantee_core::endpoint::discovery::{IssuerPolicy, Where, judge};
use grantee_core::endpoint::jwks;
use grantee_core::jose::jwk::Select;
use grantee_core::jose::{Jwk, SignatureAlgorithm, VerifyingKey};
use grantee_core::metadata::AuthorizationServer;
use http::Response;

const EXACT: IssuerPolicy = IssuerPolicy::Exact;
const ENTRA: IssuerPolicy = IssuerPolicy::EntraTenant;

#[test]
fn each_provider_loads_by_its_issuer_or_is_refused_for_the_reason_named() {
    let reached = IssuerPolicy::ReachedAs { issuer: "https://accounts.google.com".to_owned() };
    // The file, what was asked, the policy, and what the refusal says or nothing.
    for (name, asked, policy, refusal) in [
        ("apple", "https://appleid.apple.com", &EXACT, ""),
        ("apple", "https://account.apple.com", &EXACT, "issuer is exactly the one asked for"),
        ("auth0-micronaut", "https://micronautguides.eu.auth0.com/", &EXACT, ""),
        ("auth0-micronaut", "https://micronautguides.eu.auth0.com", &EXACT, "the slash at the end counts"),
        ("entra-common", "https://login.microsoftonline.com/common/v2.0", &ENTRA, ""),
        ("entra-common", "https://login.microsoftonline.com/organizations/v2.0", &ENTRA, ""),
        ("entra-common", "https://login.microsoftonline.com/common/v2.0", &EXACT, "choose the policy EntraTenant"),
        ("entra-common", "https://login.microsoftonline.com/contoso/v2.0", &ENTRA, "issuer is exactly"),
        ("entra-common", "https://login.evil.example/common/v2.0", &ENTRA, "issuer is exactly"),
        ("facebook", "https://www.facebook.com", &EXACT, ""),
        ("facebook", "https://facebook.com", &EXACT, "issuer is exactly"),
        ("gitlab", "https://gitlab.com", &EXACT, ""),
        ("gitlab", "https://gitlab.com/.well-known/openid-configuration", &EXACT, ""),
        ("gitlab", "https://gitlab.com/.well-known/oauth-authorization-server", &EXACT, ""),
        ("google", "https://accounts.google.com", &EXACT, ""),
        ("google", "https://proxy.example", &EXACT, "choose the policy ReachedAs"),
        ("google", "https://proxy.example", &reached, ""),
        ("keycloak-egi", "https://aai.egi.eu/auth/realms/egi", &EXACT, ""),
        ("keycloak-egi", "https://aai.egi.eu/.well-known/oauth-authorization-server/auth/realms/egi", &EXACT, ""),
        ("keycloak-egi", "https://aai.egi.eu/.well-known/openid-configuration", &EXACT, "name it beside"),
        ("okta", "https://dev-000000.oktapreview.com/oauth2", &EXACT, ""),
        ("okta", "https://dev-000000.oktapreview.com", &EXACT, "issuer is exactly"),
        ("slack", "https://slack.com", &EXACT, ""),
    ] {
        let asked = Where::from(asked);
        match judge(&Response::new(Bytes::from_static(document(name))), &asked, policy) {
            Ok(server) => {
                assert_eq!(refusal, "", "{name} {asked:?}");
                assert_eq!(server.ignored, [""; 0], "{name}");
                assert!(server.jwks_uri.is_some(), "{name}");
            }
            Err(error) => {
                assert_ne!(refusal, "", "{name} {asked:?}: {error}");
                assert_eq!(error.code(), "rule_violation");
                assert!(error.to_string().contains(refusal), "{name}: {error}");
            }
        }
    }
}

#[test]
fn every_member_of_every_provider_survives_the_round_trip() {
    for name in
        ["apple", "auth0-micronaut", "entra-common", "facebook", "gitlab", "google", "keycloak-egi", "okta", "slack"]
    {
        let given: serde_json::Value = serde_json::from_slice(document(name)).unwrap();
        let read = AuthorizationServer::parse(document(name)).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), given, "{name}");
    }
}

#[test]
fn members_are_read_as_the_provider_means_them() {
    let read = |name| AuthorizationServer::parse(document(name)).unwrap();
    // Facebook publishes no token endpoint: what needs one says so.
    let error = read("facebook").require("token_endpoint").unwrap_err();
    assert!(error.to_string().contains("has no token_endpoint"), "{error}");

    let keycloak = read("keycloak-egi");
    assert_eq!(keycloak.mtls_endpoint("token_endpoint"), keycloak.endpoint("token_endpoint"));
    assert!(keycloak.mtls_endpoint_aliases.is_some());
    assert_eq!(keycloak.require_pushed_authorization_requests, Some(false));
    assert!(keycloak.require("device_authorization_endpoint").is_ok());
    assert!(keycloak.require("pushed_authorization_request_endpoint").is_err());

    let entra = read("entra-common");
    assert!(entra.issuer_is_template());
    assert_eq!(entra.extra["tenant_region_scope"], serde_json::Value::Null);
    assert!(entra.require("device_authorization_endpoint").is_ok());
}

#[test]
fn each_key_set_is_read_whole_and_serves_what_its_discovery_lists() {
    // The file, how many keys it has, and whether each says its alg, which binds it then. None is passed over.
    for (name, keys, bound) in [
        ("apple", 3, true),
        ("entra-common", 7, false),
        ("facebook", 2, true),
        ("gitlab", 2, true),
        ("google", 2, true),
        ("slack", 1, true),
    ] {
        let server = AuthorizationServer::parse(document(name)).unwrap();
        assert!(server.require("jwks_uri").unwrap().starts_with("https://"), "{name}");
        let set = jwks::judge(&Response::new(Bytes::from_static(key_set(name)))).unwrap();
        assert_eq!((set.keys.len(), &set.ignored[..]), (keys, &[][..]), "{name}");
        let select = |kid, algorithm| set.select(&Select { kid, algorithm }).count();

        let listed = server.id_token_signing_alg_values_supported.as_deref().unwrap();
        assert_eq!(listed, ["RS256"], "{name}");
        for algorithm in listed.iter().map(|alg| SignatureAlgorithm::from_name(alg).unwrap()) {
            assert_eq!(select(None, algorithm), keys, "{name}: a token without kid may be tried with each");
            for key in &set.keys {
                assert!(key.kid().is_some() && select(key.kid(), algorithm) == 1, "{name}: a kid names one key");
                VerifyingKey::new(key, algorithm).unwrap();
            }
            assert_eq!(select(Some("of somebody else"), algorithm), 0, "{name}");
        }
        assert_eq!(select(None, SignatureAlgorithm::Ps256), if bound { 0 } else { keys }, "{name}");
        assert_eq!(select(None, SignatureAlgorithm::Es256), 0, "{name}");
    }

    // What Microsoft says of each key beside RFC 7517: whose tokens it signs.
    let entra = jwks::judge(&Response::new(Bytes::from_static(key_set("entra-common")))).unwrap();
    let issuer = |key: &Jwk| key.to_value()["issuer"].as_str().map(str::to_owned);
    assert!(entra.keys.iter().all(|key| issuer(key).is_some_and(|issuer| issuer.starts_with("https://login."))));
}

fn key_set(name: &str) -> &'static [u8] {
    match name {
        "apple" => include_bytes!("../../jose/tests/vectors/providers/jwks/apple.json"),
        "entra-common" => include_bytes!("../../jose/tests/vectors/providers/jwks/entra-common.json"),
        "facebook" => include_bytes!("../../jose/tests/vectors/providers/jwks/facebook.json"),
        "gitlab" => include_bytes!("../../jose/tests/vectors/providers/jwks/gitlab.json"),
        "google" => include_bytes!("../../jose/tests/vectors/providers/jwks/google.json"),
        "slack" => include_bytes!("../../jose/tests/vectors/providers/jwks/slack.json"),
        other => panic!("no key set of {other}"),
    }
}

fn document(name: &str) -> &'static [u8] {
    match name {
        "apple" => include_bytes!("vectors/providers/discovery/apple.json"),
        "auth0-micronaut" => include_bytes!("vectors/providers/discovery/auth0-micronaut.json"),
        "entra-common" => include_bytes!("vectors/providers/discovery/entra-common.json"),
        "facebook" => include_bytes!("vectors/providers/discovery/facebook.json"),
        "gitlab" => include_bytes!("vectors/providers/discovery/gitlab.json"),
        "google" => include_bytes!("vectors/providers/discovery/google.json"),
        "keycloak-egi" => include_bytes!("vectors/providers/discovery/keycloak-egi.json"),
        "okta" => include_bytes!("vectors/providers/discovery/okta.json"),
        "slack" => include_bytes!("vectors/providers/discovery/slack.json"),
        other => panic!("no document of {other}"),
    }
}
