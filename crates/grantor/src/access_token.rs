//! Access tokens: opaque, or JWTs as in [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Client, Jwt, forge,
    jwt::Draft,
    random,
    shared::{Shared, lock},
    signer::signer,
    store::{AccessToken, Grant, Life},
};

/// Makes one and remembers it.
pub(crate) fn issue(
    shared: &Shared,
    client: Option<&Client>,
    grant: &Arc<Grant>,
    scope: &str,
    audience: &[String],
) -> (Arc<str>, Life) {
    issue_with(shared, client, grant, scope, audience, &grant.authorization_details)
}

/// One that has not all of the authorization details that were granted.
pub(crate) fn issue_with(
    shared: &Shared,
    client: Option<&Client>,
    grant: &Arc<Grant>,
    scope: &str,
    audience: &[String],
    details: &[Value],
) -> (Arc<str>, Life) {
    let alg = client.and_then(|client| client.access_token_alg.as_deref());
    issue_as(shared, client, alg, grant, scope, audience, details)
}

/// The same, as a JWT signed with that algorithm or opaque.
pub(crate) fn issue_as(
    shared: &Shared,
    client: Option<&Client>,
    alg: Option<&str>,
    grant: &Arc<Grant>,
    scope: &str,
    audience: &[String],
    details: &[Value],
) -> (Arc<str>, Life) {
    let life = Life::starting(shared.clock.now(), shared.config.access_token_lifetime);
    let binding = client.map(|client| client.binding.clone()).unwrap_or_default();
    let cnf = binding.cnf(client.and_then(|client| client.access_token_cnf.as_ref()));
    let token = AccessToken {
        grant: grant.clone(),
        scope: scope.to_owned(),
        audience: audience.to_vec(),
        authorization_details: details.to_vec(),
        life,
        cnf,
        binding,
        refused_once: false,
    };
    let value: Arc<str> = match (client, alg) {
        (Some(client), Some(alg)) => {
            let draft = Draft::new(signer(shared, client, alg), claims(shared, &token)).typed("at+jwt");
            forge::sealed(shared, Jwt::AccessToken, draft).into()
        }
        _ => random::token(),
    };
    lock(&shared.store).add_access(value.clone(), token);
    (value, life)
}

/// Section 2.2.
fn claims(shared: &Shared, token: &AccessToken) -> Map<String, Value> {
    let grant = &token.grant;
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.into(), value));
    set("iss", shared.config.issuer().into());
    set("sub", grant.sub.clone().into());
    set("client_id", grant.client_id.clone().into());
    set("iat", token.life.issued_at.into());
    set("exp", token.life.expires_at.into());
    set("jti", random::token().as_ref().into());
    set(
        "aud",
        match token.audience.as_slice() {
            // Some resource is meant (section 3), and there is one here.
            [] => format!("{}/api", shared.config.origin).into(),
            [one] => one.clone().into(),
            many => many.into(),
        },
    );
    if !token.scope.is_empty() {
        set("scope", token.scope.clone().into());
    }
    if !token.authorization_details.is_empty() {
        set("authorization_details", token.authorization_details.clone().into());
    }
    if grant.username.is_some() {
        set("auth_time", grant.auth_time.into());
    }
    if let Some(acr) = &grant.acr {
        set("acr", acr.clone().into());
    }
    if let Some(act) = &grant.act {
        set("act", act.clone());
    }
    if let Some(cnf) = &token.cnf {
        set("cnf", cnf.clone());
    }
    claims
}
