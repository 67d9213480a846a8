//! Resource indicators, [RFC 8707](https://www.rfc-editor.org/rfc/rfc8707).

use crate::{error::OAuthError, params::Params, shared::Shared};

/// The resources and audiences that a request asks for. Each resource is one that there is (section 2).
pub(crate) fn asked(shared: &Shared, params: &Params) -> Result<Vec<String>, OAuthError> {
    let audience = params.audience()?;
    if let Some(known) = &shared.config.requests.resources
        && params.all("resource").any(|resource| !known.iter().any(|other| other == resource))
    {
        return Err(OAuthError::new("invalid_target", "this server does not know that resource"));
    }
    Ok(audience)
}
