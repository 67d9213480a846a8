//! The keys of a client that has registered where they are, `jwks_uri` of
//! [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2).

use serde_json::Value;

use crate::{Request, client_auth, fetch, jwt::Received, shared::Shared};

/// What a client signs, and what may lead to it.
const SIGNED: [&str; 6] =
    ["client_assertion", "request", "request_uri", "assertion", "subject_token", "login_hint_token"];

/// Fetches the keys of whoever signed something in this request, or shows a certificate that may stand there. Where that
/// fails, the ones of the last time stay.
pub(crate) async fn refresh(shared: &Shared, request: &Request) {
    if !shared.any_client(|client| client.requests.jwks_uri.is_some()) {
        return;
    }
    let pairs = if request.is_form() { request.form() } else { request.query_pairs() };
    let get = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if request.link.thumbprint.is_none() && !SIGNED.iter().any(|name| get(name).is_some()) {
        return;
    }
    let by_header = client_auth::named(request);
    // Of the assertions of a client and of a service account, which say whose they are.
    let assertion = get("client_assertion").or(get("assertion")).and_then(Received::parse);
    let id = get("client_id").or(by_header.as_deref()).or_else(|| assertion.as_ref()?.text("iss"));
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
