//! Making tokens for a grant.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Number, Value};

use crate::{
    Client,
    keys::SigningKey,
    random,
    response::Response,
    shared::{Config, Shared, lock},
    store::{AccessToken, Grant, Life, since_epoch},
};

/// What the token endpoint is about to hand out.
pub(crate) struct Issue<'a> {
    pub(crate) client: &'a Client,
    pub(crate) grant: Arc<Grant>,
    /// Not wider than the grant's.
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) with_refresh_token: bool,
    /// A refreshed ID token has no nonce (OpenID Connect Core 1.0 section 12.2).
    pub(crate) with_nonce: bool,
}

/// The successful answer, RFC 6749 section 5.1.
pub(crate) fn answer(shared: &Shared, issue: Issue<'_>) -> Response {
    let config = &shared.config;
    let (access_token, refresh_token) = {
        let mut store = lock(&shared.store);
        let access_token = store.add_access(AccessToken {
            grant: issue.grant.clone(),
            scope: issue.scope.clone(),
            audience: issue.audience.clone(),
            life: Life::starting_now(config.access_token_lifetime),
            refused_once: false,
        });
        let refresh_token =
            issue.with_refresh_token.then(|| store.add_refresh(issue.grant.clone(), config.refresh_token_lifetime));
        (access_token, refresh_token)
    };
    let mut members = Map::new();
    members.insert("access_token".into(), access_token.as_ref().into());
    members.insert("token_type".into(), "Bearer".into());
    members.insert("expires_in".into(), seconds(config.access_token_lifetime).into());
    if let Some(refresh_token) = refresh_token {
        members.insert("refresh_token".into(), refresh_token.as_ref().into());
    }
    if has(&issue.scope, "openid") && issue.grant.username.is_some() {
        let claims = claims(config, &issue, &access_token);
        members.insert("id_token".into(), SigningKey::of(&issue.client.id_token_alg).sign(&claims).into());
    }
    if !issue.scope.is_empty() {
        members.insert("scope".into(), issue.scope.into());
    }
    Response::json(200, members).no_store()
}

/// Whole seconds as an integer. RFC 6749 knows nothing else; a test that cannot wait for seconds needs fractions.
fn seconds(lifetime: Duration) -> Number {
    let whole = Number::from(lifetime.as_secs());
    if lifetime.subsec_nanos() == 0 {
        return whole;
    }
    Number::from_f64(lifetime.as_secs_f64()).unwrap_or(whole)
}

/// OpenID Connect Core 1.0 section 2.
fn claims(config: &Config, issue: &Issue<'_>, access_token: &str) -> Map<String, Value> {
    let grant = &issue.grant;
    let now = since_epoch().as_secs();
    let mut claims = Map::new();
    claims.insert("iss".into(), config.issuer().into());
    claims.insert("sub".into(), grant.sub.clone().into());
    claims.insert("aud".into(), grant.client_id.clone().into());
    claims.insert("exp".into(), (now + config.id_token_lifetime.as_secs()).into());
    claims.insert("iat".into(), now.into());
    claims.insert("auth_time".into(), grant.auth_time.into());
    claims.insert("at_hash".into(), random::left_half_of_sha256(access_token).into());
    if let Some(acr) = &grant.acr {
        claims.insert("acr".into(), acr.clone().into());
    }
    if let Some(nonce) = grant.nonce.as_ref().filter(|_| issue.with_nonce) {
        claims.insert("nonce".into(), nonce.clone().into());
    }
    if config.claims_in_id_token {
        claims.extend(personal_claims(config, grant, &issue.scope));
    }
    claims
}

/// What the scope lets a client know about a person (OpenID Connect Core 1.0 section 5.4).
pub(crate) fn personal_claims(config: &Config, grant: &Grant, scope: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    let Some(username) = &grant.username else {
        return claims;
    };
    let user = config.users.get(username);
    if has(scope, "profile") {
        claims.insert("preferred_username".into(), username.clone().into());
        if let Some(name) = user.and_then(|user| user.name.clone()) {
            claims.insert("name".into(), name.into());
        }
    }
    if has(scope, "email")
        && let Some(email) = user.and_then(|user| user.email.clone())
    {
        claims.insert("email".into(), email.into());
        claims.insert("email_verified".into(), true.into());
    }
    claims
}

pub(crate) fn has(scope: &str, value: &str) -> bool {
    scope.split(' ').any(|other| other == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_an_integer_and_others_a_fraction() {
        assert_eq!(seconds(Duration::from_secs(3600)).to_string(), "3600");
        assert_eq!(seconds(Duration::from_millis(1500)).to_string(), "1.5");
        assert_eq!(seconds(Duration::from_millis(20)).to_string(), "0.02");
    }
}
