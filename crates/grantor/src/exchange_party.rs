//! Whom a token that is exchanged is about, [RFC 8693 section 2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1).

use serde_json::Value;

use crate::{
    Client,
    ciba_hint::by_sub,
    error::OAuthError,
    exchange::{ACCESS_TOKEN, ID_TOKEN, JWT, REFRESH_TOKEN, SAML2},
    id_token_hint::IdTokenHint,
    jwt::Received,
    params::Params,
    saml::Assertion,
    shared::{Shared, lock},
    store::Grant,
};

/// The subject or the actor.
#[derive(Default)]
pub(crate) struct Party {
    pub(crate) iss: String,
    pub(crate) sub: String,
    /// None for a client that acted for itself.
    pub(crate) username: Option<String>,
    /// What its token was good for; none where the token does not say.
    pub(crate) scope: Option<String>,
    /// The authorization details that it was good for (RFC 9396).
    pub(crate) details: Vec<Value>,
    pub(crate) act: Option<Value>,
    pub(crate) may_act: Option<Value>,
    /// Seconds since the epoch.
    pub(crate) auth_time: Option<u64>,
    pub(crate) acr: Option<String>,
}

/// The one that the parameter `name`, with its type beside it, means; none where there is neither.
pub(crate) fn party(
    shared: &Shared,
    client: &Client,
    params: &Params,
    name: &str,
) -> Result<Option<Party>, OAuthError> {
    let kind = params.get(&format!("{name}_type"));
    let (token, kind) = match (params.get(name), kind) {
        (None, None) => return Ok(None),
        (Some(token), Some(kind)) => (token, kind),
        (Some(_), None) => return Err(OAuthError::invalid_request(format!("the parameter {name}_type is missing"))),
        (None, Some(_)) => {
            return Err(OAuthError::invalid_request(format!("the parameter {name}_type came without a {name}")));
        }
    };
    let found = match kind {
        ACCESS_TOKEN => by_access_token(shared, token),
        REFRESH_TOKEN => by_refresh_token(shared, client, token),
        ID_TOKEN => by_id_token(shared, token),
        JWT => by_access_token(shared, token)
            .or_else(|| by_id_token(shared, token))
            .or_else(|| by_jwt(shared, client, token)),
        SAML2 => by_saml(shared, token),
        _ => return Err(OAuthError::invalid_request(format!("this server does not take that {name}_type"))),
    };
    // Whatever is wrong with the token, it is this error (section 2.2.2).
    found
        .map(Some)
        .ok_or_else(|| OAuthError::invalid_request(format!("the {name} is unknown, expired or not of its type")))
}

fn by_access_token(shared: &Shared, value: &str) -> Option<Party> {
    let store = lock(&shared.store);
    let token = store.access(value)?;
    Some(of_grant(shared, &token.grant, &token.scope, &token.authorization_details))
}

/// A refresh token is for the client it was issued to, in the hands that it is bound to.
fn by_refresh_token(shared: &Shared, client: &Client, value: &str) -> Option<Party> {
    let store = lock(&shared.store);
    let token = store.refresh(value).filter(|token| token.grant.client_id == client.id)?;
    let grant = &token.grant;
    store
        .refresh_is_for(value, &client.binding)
        .then(|| of_grant(shared, grant, &grant.scope, &grant.authorization_details))
}

fn of_grant(shared: &Shared, grant: &Grant, scope: &str, details: &[Value]) -> Party {
    Party {
        iss: shared.config.issuer(),
        sub: grant.sub.clone(),
        username: grant.username.clone(),
        scope: Some(scope.to_owned()),
        details: details.to_vec(),
        act: grant.act.clone(),
        may_act: None,
        auth_time: grant.username.as_ref().map(|_| grant.auth_time),
        acr: grant.acr.clone(),
    }
}

fn by_id_token(shared: &Shared, text: &str) -> Option<Party> {
    IdTokenHint::read(shared, text)?;
    let token = Received::parse(text)?;
    let username = by_sub(shared, token.text("sub")?).map(|user| user.username.clone());
    of_claims(shared, &token, username)
}

/// By a trusted issuer, or by the client itself.
fn by_jwt(shared: &Shared, client: &Client, text: &str) -> Option<Party> {
    let token = Received::parse(text)?;
    let iss = token.text("iss")?;
    let jwks = shared.config.grants.trusted_issuers.get(iss).or(client.jwks.as_ref().filter(|_| iss == client.id))?;
    if !token.is_by_one_of(jwks) {
        return None;
    }
    // Who is known to somebody else alone is a person here all the same.
    let sub = token.text("sub")?;
    let username = (sub != client.id).then(|| by_sub(shared, sub).map_or(sub, |user| &user.username).to_owned());
    of_claims(shared, &token, username)
}

fn of_claims(shared: &Shared, token: &Received, username: Option<String>) -> Option<Party> {
    let now = shared.clock.seconds() as f64;
    let time = |name: &str| token.claims.get(name).and_then(Value::as_f64);
    // A JWT that never ends is none to hand on.
    if time("exp")? <= now || time("nbf").is_some_and(|nbf| nbf > now) {
        return None;
    }
    Some(Party {
        iss: token.text("iss")?.to_owned(),
        sub: token.text("sub")?.to_owned(),
        username,
        scope: token.text("scope").map(str::to_owned),
        details: token.claims.get("authorization_details").and_then(Value::as_array).cloned().unwrap_or_default(),
        act: token.claims.get("act").cloned(),
        may_act: token.claims.get("may_act").cloned(),
        auth_time: token.claims.get("auth_time").and_then(Value::as_u64),
        acr: token.text("acr").map(str::to_owned),
    })
}

fn by_saml(shared: &Shared, text: &str) -> Option<Party> {
    let assertion = Assertion::parse(text).filter(|assertion| assertion.is_good_at(shared.clock.seconds()))?;
    shared.config.grants.saml_issuers.get(&assertion.issuer)?;
    let sub = assertion.name_id?;
    let username = by_sub(shared, &sub).map_or(sub.as_str(), |user| &user.username).to_owned();
    Some(Party { iss: assertion.issuer, sub, username: Some(username), ..Party::default() })
}
