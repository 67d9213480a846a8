//! Token revocation, [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009).

use crate::{
    Request,
    client_auth::authenticate,
    error::OAuthError,
    params::Params,
    response::Response,
    shared::{Shared, lock},
};

/// An access token goes alone; a refresh token takes its whole family along (section 2.1).
pub(crate) fn revoke(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let params = Params::of_form(request)?;
    let client = authenticate(shared, request, &params)?;
    let value = params.required("token")?;
    let mut store = lock(&shared.store);
    // `token_type_hint` is not needed to find a token here, and may be ignored (section 2.1).
    let access = store.access(value).map(|token| token.grant.clone());
    let refresh = store.refresh(value).map(|token| token.grant.clone());
    let Some(grant) = access.as_ref().or(refresh.as_ref()) else {
        // What is no token is as good as revoked (section 2.2).
        return Ok(Response::empty(200).no_store());
    };
    if grant.client_id != client.id {
        return Err(OAuthError::invalid_grant("the token was issued to another client"));
    }
    match refresh {
        Some(grant) => drop(grant.revoke()),
        None => store.revoke_access(value),
    }
    Ok(Response::empty(200).no_store())
}
