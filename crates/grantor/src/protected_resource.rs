//! The API describes itself, [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728).

use serde_json::{Map, Value, json};

use crate::{Builder, Endpoint, Request, response::Response, shared::Shared};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The resources that there are, by their paths: the whole server and the API. The path of a resource goes behind the
/// well-known one (section 3.1).
pub(crate) fn is_path(path: &str) -> bool {
    matches!(path.strip_prefix(WELL_KNOWN), Some("" | "/api"))
}

pub(crate) fn metadata(shared: &Shared, request: &Request) -> Response {
    if !shared.config.protected_resource {
        return Response::raw(404, "text/plain; charset=utf-8", "there is nothing here\n");
    }
    let path = request.path.strip_prefix(WELL_KNOWN).unwrap_or_default();
    Response::json(200, document(shared, request, path)).header("Cache-Control", "public, max-age=300")
}

/// Section 2.
fn document(shared: &Shared, request: &Request, path: &str) -> Map<String, Value> {
    let document = json!({
        "resource": format!("{}{path}", request.link.origin()),
        "authorization_servers": [shared.config.issuer()],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header", "body"],
        "resource_name": "the API of grantor",
        "dpop_signing_alg_values_supported": shared.config.dpop_algs,
        "dpop_bound_access_tokens_required": false,
        "tls_client_certificate_bound_access_tokens": shared.tls.is_some(),
    });
    let Value::Object(mut members) = document else {
        return Map::new();
    };
    if let Some(types) = &shared.config.requests.details_types {
        members.insert("authorization_details_types_supported".into(), json!(types));
    }
    members
}

/// The parameter `resource_metadata` of the API's challenges (section 5.1).
pub(crate) fn parameter(shared: &Shared, request: &Request) -> Option<String> {
    let wanted = shared.config.protected_resource && request.endpoint == Endpoint::Api;
    wanted.then(|| format!("{}{WELL_KNOWN}/api", request.link.origin()))
}

impl Builder {
    /// Describes the API at `/.well-known/oauth-protected-resource/api`, and the whole server without the last part, and
    /// names the first in `resource_metadata` of the API's challenges. Off unless turned on.
    ///
    /// What [`Endpoint::ProtectedResource`] says can be changed:
    ///
    /// ```
    /// use grantor::{Endpoint, Misbehaviour, Server};
    ///
    /// let server = Server::builder().protected_resource_metadata().start();
    /// let elsewhere = Misbehaviour::SetMember("authorization_servers".into(), vec!["https://evil.example"].into());
    /// server.misbehave(Endpoint::ProtectedResource, elsewhere);
    /// # drop(server);
    /// ```
    ///
    /// [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)
    pub fn protected_resource_metadata(mut self) -> Self {
        self.config.protected_resource = true;
        self
    }
}
