//! A SAML 2.0 assertion as an authorization grant, [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1).

use std::sync::Arc;

use crate::{
    Client, Request,
    error::OAuthError,
    jwt_bearer::{holder, is_here, issue},
    params::Params,
    response::Response,
    saml::Assertion,
    shared::{Shared, lock},
};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// `client` is whoever authenticated, which is optional (RFC 7521 section 4.1).
pub(crate) fn token(
    shared: &Shared,
    request: &Request,
    client: Option<&Client>,
    params: &Params,
) -> Result<Response, OAuthError> {
    let refused = OAuthError::invalid_grant;
    let config = &shared.config;
    let text = params.required("assertion")?;
    let assertion = Assertion::parse(text)
        .ok_or_else(|| refused("the assertion is no SAML assertion in base64url without padding"))?;
    if !config.grants.saml_issuers.contains(&assertion.issuer) {
        return Err(refused("the Issuer of the assertion is nobody who is trusted here"));
    }
    if !assertion.audiences.iter().any(|audience| is_here(config, audience)) {
        return Err(refused("the Audience of the assertion is neither the issuer nor the token endpoint"));
    }
    if !assertion.is_good_at(shared.clock.seconds()) {
        return Err(refused("the assertion has expired, is not good yet or never ends"));
    }
    if assertion.recipients.iter().any(|recipient| !is_here(config, recipient)) {
        return Err(refused("the Recipient of the assertion is another"));
    }
    let sub = assertion.name_id.as_deref().ok_or_else(|| refused("the assertion has no NameID"))?;
    let holder = match client {
        Some(client) => Arc::new(client.clone()),
        None => holder(shared, request, params, Arc::new(Client::new(&assertion.issuer)))?,
    };
    let answer = issue(shared, &holder, sub, &assertion.issuer, params.get("scope"), params)?;
    if !lock(&shared.store).is_new_assertion(&format!("saml {}", assertion.issuer), &assertion.id) {
        return Err(refused("the assertion was used before"));
    }
    Ok(answer())
}
