//! The keys that a client registers, [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2).

use serde_json::{Map, Value};

use crate::{client_metadata::invalid, error::OAuthError, jwks_uri};

/// Members of a JWK that nobody but its owner may know (RFC 7518 section 6).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The JWK Set in the metadata, or the one where it points. What is not there yet may come later.
pub(crate) async fn of_metadata(metadata: &Map<String, Value>) -> Result<Option<Value>, OAuthError> {
    let uri = metadata.get("jwks_uri").and_then(Value::as_str);
    let jwks = match (metadata.get("jwks"), uri) {
        (Some(_), Some(_)) => return Err(invalid("jwks and jwks_uri exclude each other")),
        (Some(jwks), None) => Some(jwks.clone()),
        (None, Some(uri)) => jwks_uri::fetched(uri).await,
        (None, None) if needs_keys(metadata) => {
            return Err(invalid("token_endpoint_auth_method needs jwks or jwks_uri"));
        }
        (None, None) => None,
    };
    let Some(jwks) = jwks else { return Ok(None) };
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or_else(|| invalid("jwks is no JWK Set"))?;
    if keys.iter().any(|key| !key.is_object()) {
        return Err(invalid("jwks has a key that is no JSON object"));
    }
    if keys.iter().any(|key| PRIVATE.iter().any(|name| key.get(name).is_some())) {
        return Err(invalid("jwks has a key that is not public"));
    }
    Ok(Some(jwks))
}

/// It signs, or is known by a certificate that nobody else has signed (RFC 8705 section 2.2).
fn needs_keys(metadata: &Map<String, Value>) -> bool {
    let method = metadata.get("token_endpoint_auth_method").and_then(Value::as_str);
    matches!(method, Some("private_key_jwt" | "self_signed_tls_client_auth"))
}
