//! Token introspection, [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Client, Request, bearer,
    client_auth::authenticate,
    error::OAuthError,
    introspection_jwt,
    params::Params,
    response::Response,
    shared::{Shared, lock},
    store::{Grant, Life},
};

/// The caller proves to be somebody: a client with a secret, or the holder of a valid access token (section 2.1).
pub(crate) fn introspect(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let params = Params::of_form(request)?;
    let caller = if bearer::scheme_of(request).is_some() {
        match bearer::token_of(shared, request) {
            Ok((_, token)) => {
                let id = &token.grant.client_id;
                shared.client(id).unwrap_or_else(|| Arc::new(Client::new(id)))
            }
            Err(challenge) => return Ok(challenge.into()),
        }
    } else {
        let client = authenticate(shared, request, &params)?;
        if client.is_public() {
            return Err(OAuthError::invalid_client("introspection is not for public clients"));
        }
        client
    };
    let value = params.required("token")?;
    let described = describe(shared, value);
    if introspection_jwt::is_wanted(request, &caller) {
        return Ok(introspection_jwt::answer(shared, &caller, described));
    }
    Ok(Response::json(200, described).no_store())
}

fn describe(shared: &Shared, value: &str) -> Map<String, Value> {
    let store = lock(&shared.store);
    if let Some(token) = store.access(value) {
        let mut members = common(shared, &token.grant, &token.scope, &token.audience, &token.life);
        members.insert("token_type".into(), token.binding.token_type().into());
        if let Some(cnf) = &token.cnf {
            members.insert("cnf".into(), cnf.clone());
        }
        // RFC 9396 section 9.2.
        if !token.authorization_details.is_empty() {
            members.insert("authorization_details".into(), token.authorization_details.clone().into());
        }
        return members;
    }
    if let Some(token) = store.refresh(value) {
        return common(shared, &token.grant, &token.grant.scope, &token.grant.audience, &token.life);
    }
    // Nothing more about a token that is not active (section 2.2).
    Map::from_iter([("active".to_owned(), false.into())])
}

fn common(shared: &Shared, grant: &Grant, scope: &str, audience: &[String], life: &Life) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("active".into(), true.into());
    members.insert("iss".into(), shared.config.issuer().into());
    members.insert("client_id".into(), grant.client_id.clone().into());
    members.insert("sub".into(), grant.sub.clone().into());
    members.insert("iat".into(), life.issued_at.into());
    members.insert("exp".into(), life.expires_at.into());
    if !scope.is_empty() {
        members.insert("scope".into(), scope.into());
    }
    match audience {
        [] => {}
        [one] => drop(members.insert("aud".into(), one.clone().into())),
        many => drop(members.insert("aud".into(), many.into())),
    }
    if let Some(username) = &grant.username {
        members.insert("username".into(), username.clone().into());
        // RFC 9470 section 6.2.
        members.insert("auth_time".into(), grant.auth_time.into());
    }
    // RFC 8693 section 4.1.
    if let Some(act) = &grant.act {
        members.insert("act".into(), act.clone());
    }
    if let Some(acr) = &grant.acr {
        members.insert("acr".into(), acr.clone().into());
    }
    members
}
