//! What the server says of itself about authorization requests and registration:
//! [RFC 9101 section 9.2](https://www.rfc-editor.org/rfc/rfc9101#section-9.2),
//! [RFC 9126 section 5](https://www.rfc-editor.org/rfc/rfc9126#section-5),
//! [RFC 9396 section 10](https://www.rfc-editor.org/rfc/rfc9396#section-10),
//! [JARM section 4](https://openid.net/specs/oauth-v2-jarm.html#name-authorization-server-metad).

use serde_json::{Map, Value, json};

use crate::{
    client_assertion::SIGNING_ALGS,
    metadata::{ENCRYPTION_ALGS, ENCRYPTION_ENCS},
    oracle,
    shared::Shared,
};

pub(crate) fn extend(shared: &Shared, signing_algs: &[String], document: &mut Map<String, Value>) {
    let config = &shared.config;
    let policy = &config.requests;
    let mut set = |name: &str, value: Value| drop(document.insert(name.into(), value));
    set(
        "response_modes_supported",
        json!(["query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt"]),
    );
    let signed: Vec<&String> = signing_algs.iter().filter(|alg| *alg != "none").collect();
    set("authorization_signing_alg_values_supported", json!(signed));
    set("registration_endpoint", config.at("/register").into());
    set("pushed_authorization_request_endpoint", config.at("/par").into());
    set("require_pushed_authorization_requests", policy.require_pushed.into());
    set("request_parameter_supported", true.into());
    set("request_uri_parameter_supported", true.into());
    set("require_request_uri_registration", true.into());
    set("require_signed_request_object", policy.require_signed.into());
    let unsigned = shared.any_client(|client| client.requests.object_alg.as_deref() == Some("none"));
    let object_algs: Vec<&str> = SIGNING_ALGS.into_iter().chain(unsigned.then_some("none")).collect();
    set("request_object_signing_alg_values_supported", json!(object_algs));
    if policy.decrypts_objects {
        set("request_object_encryption_alg_values_supported", json!(oracle::DECRYPTION_ALGS));
        set("request_object_encryption_enc_values_supported", json!(ENCRYPTION_ENCS));
    }
    if oracle::PRESENT {
        set("authorization_encryption_alg_values_supported", json!(ENCRYPTION_ALGS));
        set("authorization_encryption_enc_values_supported", json!(ENCRYPTION_ENCS));
    }
    if let Some(types) = &policy.details_types {
        set("authorization_details_types_supported", json!(types));
    }
}
