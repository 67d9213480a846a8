//! The server describes itself: [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and
//! [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html), one document for both.

use serde_json::{Map, Value, json};

use crate::{
    claims, client_assertion::SIGNING_ALGS, extension_grant, metadata_requests, oracle, response::Response,
    response_type, shared::Shared, tls,
};

/// What a client may encrypt with, where the build has it.
pub(crate) const ENCRYPTION_ALGS: [&str; 8] =
    ["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW", "dir", "A128KW", "A192KW", "A256KW"];
pub(crate) const ENCRYPTION_ENCS: [&str; 6] =
    ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

pub(crate) fn metadata(shared: &Shared) -> Response {
    Response::json(200, document(shared)).header("Cache-Control", "public, max-age=300")
}

fn document(shared: &Shared) -> Map<String, Value> {
    let config = &shared.config;
    let issuer = config.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let methods = json!(["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]);
    let assertion_algs = SIGNING_ALGS;
    let signing_algs = signing_algs(shared);
    // RFC 9701 section 7.
    let signed_introspection: Vec<&String> = signing_algs.iter().filter(|alg| *alg != "none").collect();
    let sources = config.users.values().any(|user| !user.aggregated.is_empty());
    let distributed = config.users.values().any(|user| !user.distributed.is_empty());
    let claim_types: Vec<&str> = [("normal", true), ("aggregated", sources), ("distributed", distributed)]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect();
    let mut document = members(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "introspection_endpoint": at("/introspect"),
        "revocation_endpoint": at("/revoke"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at(&config.jwks_path),
        "end_session_endpoint": at("/end_session"),
        "check_session_iframe": at("/check_session"),
        "response_types_supported": response_type::SUPPORTED,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported":
            ["authorization_code", "implicit", "client_credentials", "refresh_token", "password"],
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "claims_supported": claims_supported(),
        "claim_types_supported": claim_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": signing_algs,
        "userinfo_signing_alg_values_supported": signing_algs,
        "introspection_signing_alg_values_supported": signed_introspection,
        "acr_values_supported": [crate::STRONG_ACR],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion_algs,
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": config.dpop_algs,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "claims_parameter_supported": true,
    }));
    if oracle::PRESENT {
        for what in ["id_token", "userinfo", "introspection"] {
            document.insert(format!("{what}_encryption_alg_values_supported"), json!(ENCRYPTION_ALGS));
            document.insert(format!("{what}_encryption_enc_values_supported"), json!(ENCRYPTION_ENCS));
        }
    }
    extension_grant::describe(shared, &mut document);
    metadata_requests::extend(shared, &signing_algs, &mut document);
    // Last, since it tells of the endpoints that are there.
    tls::describe(shared, &mut document);
    for (name, value) in &config.metadata {
        match value {
            Some(value) => document.insert(name.clone(), value.clone()),
            None => document.remove(name),
        };
    }
    document
}

/// What there are keys for and what a client's secret is one for. `none` only where somebody has registered for it.
fn signing_algs(shared: &Shared) -> Vec<String> {
    let mut algs = shared.keys.algs();
    algs.extend(["HS256", "HS384", "HS512"].map(str::to_owned));
    if shared.any_client(|client| client.id_token_alg.as_deref() == Some("none")) {
        algs.push("none".into());
    }
    let mut seen = std::collections::HashSet::new();
    algs.retain(|alg| seen.insert(alg.clone()));
    algs
}

fn claims_supported() -> Vec<&'static str> {
    let of_the_token =
        ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid", "at_hash", "c_hash", "s_hash"];
    of_the_token.into_iter().chain(claims::standard()).collect()
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
