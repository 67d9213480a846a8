//! The server describes itself: [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and
//! [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html), one document for both.

use serde_json::{Map, Value, json};

use crate::{response::Response, shared::Config};

pub(crate) fn metadata(config: &Config) -> Response {
    Response::json(200, document(config)).header("Cache-Control", "public, max-age=300")
}

fn document(config: &Config) -> Map<String, Value> {
    let issuer = config.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "introspection_endpoint": at("/introspect"),
        "revocation_endpoint": at("/revoke"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/end_session"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token", "password"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported":
            ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "name", "preferred_username", "email", "email_verified"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "acr_values_supported": [crate::STRONG_ACR],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // Left out, this one would mean true (OpenID Connect Discovery 1.0 section 3).
        "request_uri_parameter_supported": false,
    });
    let mut document = match document {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in &config.metadata {
        match value {
            Some(value) => document.insert(name.clone(), value.clone()),
            None => document.remove(name),
        };
    }
    document
}
