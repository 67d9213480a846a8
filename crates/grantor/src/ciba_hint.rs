//! Whom a CIBA request is about,
//! [section 7.1](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request).

use serde_json::Value;

use crate::{
    Client, User, error::OAuthError, id_token_hint::IdTokenHint, jwt::Received, params::Params, shared::Shared,
};

/// The user name of the person that the one hint means.
pub(crate) fn person(shared: &Shared, client: &Client, params: &Params) -> Result<String, OAuthError> {
    let hints: Vec<(&str, &str)> = ["login_hint", "login_hint_token", "id_token_hint"]
        .into_iter()
        .filter_map(|name| Some((name, params.get(name)?)))
        .collect();
    let [(name, hint)] = hints.as_slice() else {
        return Err(OAuthError::invalid_request(
            "there must be exactly one of login_hint, login_hint_token and id_token_hint",
        ));
    };
    let user = match *name {
        "login_hint" => by_name(shared, hint),
        "login_hint_token" => by_token(shared, client, hint)?,
        // It was issued to this client (section 7.1); that it has expired does not matter.
        _ => IdTokenHint::read(shared, hint)
            .filter(|hint| hint.client_id == client.id)
            .and_then(|hint| by_sub(shared, &hint.sub)),
    };
    user.map(|user| user.username.clone())
        .ok_or_else(|| OAuthError::new("unknown_user_id", format!("the {name} names nobody who is known here")))
}

/// A user name, a subject identifier, an email address or a telephone number.
fn by_name<'a>(shared: &'a Shared, text: &str) -> Option<&'a User> {
    let users = &shared.config.users;
    let claimed = |user: &&User, claim: &str| user.claims.get(claim).and_then(Value::as_str) == Some(text);
    users
        .get(text)
        .or_else(|| by_sub(shared, text))
        .or_else(|| users.values().find(|user| claimed(user, "email") || claimed(user, "phone_number")))
}

pub(crate) fn by_sub<'a>(shared: &'a Shared, sub: &str) -> Option<&'a User> {
    shared.config.users.values().find(|user| user.sub == sub)
}

/// A JWT by this server, by a trusted issuer or by the client itself. Its `sub_id` (RFC 9493) or its `sub` is the person.
fn by_token<'a>(shared: &'a Shared, client: &Client, text: &str) -> Result<Option<&'a User>, OAuthError> {
    let Some(token) = Received::parse(text) else {
        return Ok(None);
    };
    let trusted = token.text("iss").and_then(|iss| shared.config.grants.trusted_issuers.get(iss));
    let genuine = shared.keys.all().iter().any(|key| token.is_by_key(&key.jwk()))
        || trusted.is_some_and(|jwks| token.is_by_one_of(jwks))
        || client.jwks.as_ref().is_some_and(|jwks| token.is_by_one_of(jwks));
    if !genuine {
        return Ok(None);
    }
    if token.claims.get("exp").and_then(Value::as_f64).is_some_and(|exp| exp <= shared.clock.seconds() as f64) {
        return Err(OAuthError::new("expired_login_hint_token", "the login_hint_token has expired"));
    }
    let identifier = token.claims.get("sub_id").and_then(Value::as_object);
    let named = identifier.and_then(|members| {
        let name =
            ["email", "phone_number", "phone", "id", "sub", "uri"].into_iter().find_map(|name| members.get(name))?;
        name.as_str()
    });
    Ok(named.or_else(|| token.text("sub")).and_then(|name| by_name(shared, name)))
}
