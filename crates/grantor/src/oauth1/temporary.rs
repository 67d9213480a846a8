//! Temporary credentials, [RFC 5849 section 2.1](https://www.rfc-editor.org/rfc/rfc5849#section-2.1).

use super::{
    Problem,
    request::{With, judge},
};
use crate::{
    Request,
    response::{Body, Response},
    shared::{Shared, lock},
};

pub(crate) fn lend(shared: &Shared, request: &Request) -> Result<Response, Problem> {
    let signed = judge(shared, request, With::Nothing)?;
    signed.parameters.require(&["oauth_callback"])?;
    let callback = signed.parameters.get("oauth_callback").unwrap_or_default();
    if callback != "oob" && !signed.client.allows_callback(callback) {
        return Err(Problem::rejected("oauth_callback is not registered for this client"));
    }
    let lifetime = shared.config.oauth1.temporary_lifetime;
    let [token, secret] = lock(&shared.oauth1).lend(&signed.client.key, callback, shared.clock.now(), lifetime);
    Ok(credentials(&token, &secret, [("oauth_callback_confirmed".to_owned(), "true".to_owned())]))
}

/// The form that credentials come in.
pub(crate) fn credentials(token: &str, secret: &str, more: impl IntoIterator<Item = (String, String)>) -> Response {
    let mut members =
        vec![("oauth_token".to_owned(), token.to_owned()), ("oauth_token_secret".to_owned(), secret.to_owned())];
    members.extend(more);
    let mut response = Response::empty(200);
    response.body = Body::Form(members);
    response.no_store()
}
