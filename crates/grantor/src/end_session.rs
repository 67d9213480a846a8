//! Logging out, [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html).

use crate::{
    Request,
    browser::no_session_cookie,
    pages,
    params::Params,
    response::Response,
    shared::{Shared, lock},
};

/// Ends the browser's session. Back to the client only where it says who it is and the address is registered for it
/// (section 3); its redirect URIs serve for this too.
pub(crate) fn end_session(shared: &Shared, request: &Request) -> Response {
    let params = Params::new(if request.method == "POST" { request.form() } else { request.query_pairs() });
    lock(&shared.browser).log_out(request, &shared.config);
    let client = params.get("client_id").and_then(|id| shared.config.clients.get(id));
    let registered = |uri: &&str| client.is_some_and(|client| client.allows_redirect_to(uri));
    let response = match params.get("post_logout_redirect_uri").filter(registered) {
        Some(uri) => {
            let mut to = uri.to_owned();
            if let Some(state) = params.get("state") {
                let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
                to.push_str(&format!("{}{query}", if uri.contains('?') { '&' } else { '?' }));
            }
            Response::empty(303).header("Location", to)
        }
        None => pages::signed_out(),
    };
    response.header("Set-Cookie", no_session_cookie(&shared.config))
}
