//! A JWT as an authorization grant, [RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1): by an issuer
//! that is trusted, or by a client that is a service account and signs for itself.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Client, Jwt, Request,
    binding::Binding,
    ciba_hint::by_sub,
    error::OAuthError,
    issue::{self, Issue},
    jwt::Received,
    params::Params,
    resource,
    response::Response,
    shared::{Config, Shared, lock},
    store::Grant,
    token::{self, details},
};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An assertion that is good for longer was made for something else, in seconds.
const LONGEST: f64 = 3600.0;

/// How far the issuer's clock may be ahead, in seconds.
const LEEWAY: f64 = 5.0;

/// `client` is whoever authenticated, which is optional (RFC 7521 section 4.1).
pub(crate) fn token(
    shared: &Shared,
    request: &Request,
    client: Option<&Client>,
    params: &Params,
) -> Result<Response, OAuthError> {
    let refused = OAuthError::invalid_grant;
    let text = params.required("assertion")?;
    let assertion = Received::parse(text).ok_or_else(|| refused("the assertion is no signed JWT"))?;
    let iss = assertion.text("iss").ok_or_else(|| refused("the assertion has no iss"))?;
    let account = service_account(shared, client, iss);
    let trusted = shared.config.grants.trusted_issuers.get(iss);
    let jwks = trusted.or(account.as_ref().and_then(|account| account.jwks.as_ref()));
    let jwks = jwks.ok_or_else(|| refused("iss of the assertion is nobody who is trusted here"))?;
    if !assertion.is_by_one_of(jwks) {
        return Err(refused("the signature of the assertion is wrong"));
    }
    if !is_for(&shared.config, assertion.claims.get("aud")) {
        return Err(refused("aud of the assertion is neither the issuer nor the token endpoint"));
    }
    verify_times(&assertion, shared.clock.seconds() as f64)?;
    let sub = match (assertion.text("sub"), &account) {
        (Some(sub), _) => sub,
        // A service account acts for itself unless it says otherwise.
        (None, Some(_)) if trusted.is_none() => iss,
        (None, _) => return Err(refused("the assertion has no sub")),
    };
    let holder = match client {
        Some(client) => Arc::new(client.clone()),
        None => holder(shared, request, params, account.unwrap_or_else(|| Arc::new(Client::new(iss))))?,
    };
    let wanted = params.get("scope").or(assertion.text("scope"));
    let answer = issue(shared, &holder, sub, iss, wanted, params)?;
    // Used up last, so that what is wrong with the rest does not cost it.
    if let Some(jti) = assertion.text("jti")
        && !lock(&shared.store).is_new_assertion(&format!("grant {iss}"), jti)
    {
        return Err(refused("the assertion was used before"));
    }
    Ok(answer())
}

/// Whose token it becomes where nobody authenticated: bound as any client's, and only where it may use the grant.
pub(crate) fn holder(
    shared: &Shared,
    request: &Request,
    params: &Params,
    client: Arc<Client>,
) -> Result<Arc<Client>, OAuthError> {
    token::may_use_grant(&client, params.required("grant_type")?)?;
    Binding::of(shared, client, request)
}

/// The client whose name stands in `iss`. One that authenticated speaks for no other.
fn service_account(shared: &Shared, client: Option<&Client>, iss: &str) -> Option<Arc<Client>> {
    shared.client(iss).filter(|account| client.is_none_or(|client| client.id == account.id))
}

/// Sees to everything that can be wrong, and then waits to be called. Shared with the SAML bearer grant.
pub(crate) fn issue<'a>(
    shared: &'a Shared,
    client: &'a Client,
    sub: &str,
    iss: &str,
    scope: Option<&str>,
    params: &Params,
) -> Result<impl FnOnce() -> Response + 'a, OAuthError> {
    let scope = client
        .grantable(scope)
        .map_err(|value| OAuthError::new("invalid_scope", format!("the scope {value} is not allowed")))?;
    let user = by_sub(shared, sub).or_else(|| shared.config.users.get(sub));
    let itself = sub == client.id || sub == iss;
    let grant = Arc::new(Grant {
        client_id: client.id.clone(),
        username: match user {
            Some(user) => Some(user.username.clone()),
            None => (!itself).then(|| sub.to_owned()),
        },
        sub: user.map_or(sub, |user| &user.sub).to_owned(),
        audience: resource::asked(shared, params)?,
        authorization_details: details(shared, client, params)?,
        auth_time: shared.clock.seconds(),
        scope,
        ..Grant::default()
    });
    Ok(move || {
        let (scope, audience) = (grant.scope.clone(), grant.audience.clone());
        // The client can bring another assertion (RFC 7521 section 4.1).
        issue::answer(
            shared,
            Issue { client, scope, audience, grant, with_refresh_token: false, id_token: Jwt::IdToken },
        )
    })
}

fn is_for(config: &Config, aud: Option<&Value>) -> bool {
    match aud {
        Some(Value::String(one)) => is_here(config, one),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(|one| is_here(config, one)),
        _ => false,
    }
}

/// Whether an audience is this server (RFC 7523 section 3, RFC 7522 section 3).
pub(crate) fn is_here(config: &Config, audience: &str) -> bool {
    audience == config.issuer() || audience == config.at("/token")
}

fn verify_times(assertion: &Received, now: f64) -> Result<(), OAuthError> {
    let refused = OAuthError::invalid_grant;
    let time = |name: &str| assertion.claims.get(name).and_then(Value::as_f64);
    let exp = time("exp").ok_or_else(|| refused("the assertion has no exp"))?;
    if exp <= now {
        return Err(refused("the assertion has expired"));
    }
    if exp > now + LONGEST + LEEWAY {
        return Err(refused("the assertion is good for more than an hour"));
    }
    let ahead = |name: &str| time(name).is_some_and(|time| time > now + LEEWAY);
    if ahead("iat") || ahead("nbf") {
        return Err(refused("the assertion is not good yet"));
    }
    Ok(())
}
