//! The keys of a client that has registered where they are, `jwks_uri` of
//! [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2).

use serde_json::Value;

use crate::{Request, fetch, jwt::Received, shared::Shared};

/// What a client signs, and what may lead to it.
const SIGNED: [&str; 3] = ["client_assertion", "request", "request_uri"];

/// Fetches the keys of whoever signed something in this request. Where that fails, the ones of the last time stay.
pub(crate) async fn refresh(shared: &Shared, request: &Request) {
    if !shared.any_client(|client| client.requests.jwks_uri.is_some()) {
        return;
    }
    let pairs = if request.is_form() { request.form() } else { request.query_pairs() };
    let get = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if !SIGNED.iter().any(|name| get(name).is_some()) {
        return;
    }
    let assertion = get("client_assertion").and_then(Received::parse);
    let id = get("client_id").or_else(|| assertion.as_ref()?.text("sub"));
    let Some(client) = id.and_then(|id| shared.client(id)) else { return };
    let Some(uri) = &client.requests.jwks_uri else { return };
    if let Some(jwks) = fetched(uri).await {
        shared.change_client(&client.id, |client| client.jwks = Some(jwks));
    }
}

pub(crate) async fn fetched(uri: &str) -> Option<Value> {
    let jwks: Value = serde_json::from_str(&fetch::text(uri).await.ok()?).ok()?;
    jwks.get("keys")?.as_array()?;
    Some(jwks)
}
