//! Token exchange, [RFC 8693](https://www.rfc-editor.org/rfc/rfc8693).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    Client, Jwt, access_token, authorization_details,
    binding::Binding,
    error::OAuthError,
    exchange_party::{Party, party},
    id_token::{IdToken, id_token},
    issue::{self, Issue, has, seconds},
    params::Params,
    resource,
    response::{Body, Response},
    shared::{Shared, lock},
    store::Grant,
};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The token types of section 3.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(crate) const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
pub(crate) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub(crate) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub(crate) const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";

pub(crate) fn token(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let requested = params.get("requested_token_type").unwrap_or(ACCESS_TOKEN);
    if ![ACCESS_TOKEN, REFRESH_TOKEN, ID_TOKEN, JWT].contains(&requested) {
        return Err(OAuthError::invalid_request("this server does not issue that requested_token_type"));
    }
    params.required("subject_token")?;
    let subject = party(shared, client, params, "subject_token")?
        .ok_or_else(|| OAuthError::invalid_request("the parameter subject_token is missing"))?;
    let actor = party(shared, client, params, "actor_token")?;
    let grant = Arc::new(Grant {
        client_id: client.id.clone(),
        scope: scope(client, &subject, params)?,
        audience: resource::asked(shared, params)?,
        authorization_details: authorization_details::narrowed(shared, client, &subject.details, params)?,
        auth_time: subject.auth_time.unwrap_or_else(|| shared.clock.seconds()),
        acr: subject.acr.clone(),
        act: act(&subject, actor.as_ref())?,
        username: subject.username,
        sub: subject.sub,
        ..Grant::default()
    });
    if requested == ACCESS_TOKEN {
        return Ok(as_access_token(shared, client, grant));
    }
    let (value, lifetime) = match requested {
        REFRESH_TOKEN => {
            let (lifetime, binding) = (shared.config.refresh_token_lifetime, Binding::of_refresh_token(client));
            (lock(&shared.store).add_refresh(grant.clone(), lifetime, binding).to_string(), lifetime)
        }
        ID_TOKEN if grant.username.is_none() => {
            return Err(OAuthError::invalid_request("an ID token is about a person, and the subject is none"));
        }
        ID_TOKEN => {
            let with = IdToken {
                client,
                grant: &grant,
                scope: &grant.scope,
                jwt: Jwt::IdToken,
                access_token: None,
                code: None,
                refresh_token: None,
                state: None,
                userinfo_follows: false,
            };
            (id_token(shared, &with), shared.config.id_token_lifetime)
        }
        _ => {
            let alg = shared.keys.default_alg();
            let (token, _) = access_token::issue_as(
                shared,
                Some(client),
                Some(&alg),
                &grant,
                &grant.scope,
                &grant.audience,
                &grant.authorization_details,
            );
            (token.to_string(), shared.config.access_token_lifetime)
        }
    };
    let mut members = Map::new();
    // The name is historical; whatever was issued goes here (section 2.2.1).
    members.insert("access_token".into(), value.into());
    members.insert("issued_token_type".into(), requested.into());
    // It cannot be spent at a resource (section 2.2.1).
    members.insert("token_type".into(), "N_A".into());
    members.insert("expires_in".into(), seconds(lifetime).into());
    if !grant.scope.is_empty() {
        members.insert("scope".into(), grant.scope.clone().into());
    }
    Ok(Response::json(200, members).no_store())
}

fn as_access_token(shared: &Shared, client: &Client, grant: Arc<Grant>) -> Response {
    let (scope, audience) = (grant.scope.clone(), grant.audience.clone());
    // Not otherwise: the client can exchange again (section 2.2.1).
    let with_refresh_token = has(&scope, "offline_access");
    let issue = Issue { client, scope, audience, grant, with_refresh_token, id_token: Jwt::IdToken };
    let mut response = issue::answer(shared, issue);
    if let Body::Json(members) = &mut response.body {
        members.insert("issued_token_type".into(), ACCESS_TOKEN.into());
        // Nobody has logged in just now.
        members.remove("id_token");
    }
    response
}

/// Not wider than what the subject token was good for, where that is known.
fn scope(client: &Client, subject: &Party, params: &Params) -> Result<String, OAuthError> {
    let invalid = |description: &str| OAuthError::new("invalid_scope", description);
    let granted = match (params.get("scope"), &subject.scope) {
        (Some(asked), Some(had)) if asked.split(' ').any(|value| !has(had, value)) => {
            return Err(invalid("the scope is wider than that of the subject token"));
        }
        (Some(asked), _) => client.grantable(Some(asked)),
        (None, Some(had)) => {
            let allowed = had.split(' ').filter(|value| client.grantable(Some(value)).is_ok());
            Ok(allowed.collect::<Vec<_>>().join(" "))
        }
        (None, None) => client.grantable(None),
    };
    granted.map_err(|_| invalid("the scope is not allowed"))
}

/// Who acts for the subject now, and who did before (section 4.1). Without an actor token it is impersonation, and whoever
/// acted before still does.
fn act(subject: &Party, actor: Option<&Party>) -> Result<Option<Value>, OAuthError> {
    let Some(actor) = actor else {
        return Ok(subject.act.clone());
    };
    // Section 4.4.
    if let Some(allowed) = &subject.may_act {
        let agrees = |name: &str, value: &str| allowed.get(name).is_none_or(|allowed| allowed == value);
        if !agrees("sub", &actor.sub) || !agrees("iss", &actor.iss) {
            return Err(OAuthError::invalid_request(
                "the actor is not the one that may_act of the subject token names",
            ));
        }
    }
    let mut act = json!({"sub": actor.sub, "iss": actor.iss});
    if let (Some(before), Some(members)) = (&subject.act, act.as_object_mut()) {
        members.insert("act".into(), before.clone());
    }
    Ok(Some(act))
}
