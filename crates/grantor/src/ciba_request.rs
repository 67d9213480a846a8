//! A CIBA request,
//! [sections 7.1 and 7.2](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request):
//! as form parameters, or as the claims of a JWT.

use serde_json::Value;

use crate::{
    Client, authorization_details, ciba_hint,
    client_ciba::DeliveryMode,
    error::OAuthError,
    issue::has,
    jwt::Received,
    params::Params,
    random, resource,
    shared::{Shared, lock},
    token::grantable,
};

/// A request that has been found in order.
pub(crate) struct CibaRequest {
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) details: Vec<Value>,
    pub(crate) acr: Option<String>,
    /// Whom the hint means.
    pub(crate) username: String,
    pub(crate) binding_message: Option<String>,
    pub(crate) notification_token: Option<String>,
    /// Seconds.
    pub(crate) requested_expiry: Option<u64>,
}

/// What may stand beside a signed request: how the client authenticates (section 7.1.1).
const OF_THE_CLIENT: [&str; 5] = ["request", "client_id", "client_secret", "client_assertion", "client_assertion_type"];

/// What a signed request has for itself.
const OF_THE_JWT: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// The longest life of a signed request (FAPI-CIBA section 5.2.2), in seconds.
const LONGEST: f64 = 3600.0;

/// How far the client's clock may be ahead, in seconds.
const LEEWAY: f64 = 5.0;

/// The longest message that fits a small screen.
const BINDING_MESSAGE: usize = 128;

/// The longest notification token (section 7.1).
const NOTIFICATION_TOKEN: usize = 1024;

pub(crate) fn read(shared: &Shared, client: &Client, form: Params) -> Result<CibaRequest, OAuthError> {
    let params = match (form.get("request"), &client.ciba.signing_alg) {
        (Some(text), Some(alg)) => signed(shared, client, &form, text, alg)?,
        (Some(_), None) => return Err(OAuthError::invalid_request("the client has registered no signed requests")),
        (None, Some(_)) => return Err(OAuthError::invalid_request("the client has registered for signed requests")),
        (None, None) => form,
    };
    params.required("scope")?;
    let scope = grantable(client, &params)?;
    if !has(&scope, "openid") {
        return Err(OAuthError::new("invalid_scope", "a CIBA request needs the scope openid"));
    }
    let notification_token = notification_token(client, &params)?;
    let binding_message = binding_message(&params)?;
    let requested_expiry = match params.get("requested_expiry").map(str::parse::<u64>) {
        None => None,
        Some(Ok(seconds)) if seconds > 0 => Some(seconds),
        Some(_) => return Err(OAuthError::invalid_request("requested_expiry must be a positive number of seconds")),
    };
    let username = ciba_hint::person(shared, client, &params)?;
    user_code(shared, client, &params, &username)?;
    Ok(CibaRequest {
        scope,
        audience: resource::asked(shared, &params)?,
        details: authorization_details::asked(shared, client, &params)?,
        acr: params.get("acr_values").and_then(|values| values.split_whitespace().next()).map(str::to_owned),
        username,
        binding_message,
        notification_token,
        requested_expiry,
    })
}

/// Section 7.1.1: a JWT with all of the request, and nothing of it outside.
fn signed(shared: &Shared, client: &Client, form: &Params, text: &str, alg: &str) -> Result<Params, OAuthError> {
    let refused = OAuthError::invalid_request;
    if form.names().any(|name| !OF_THE_CLIENT.contains(&name)) {
        return Err(refused("a parameter stands outside of the signed request"));
    }
    let request = Received::parse(text).ok_or_else(|| refused("the request is no signed JWT"))?;
    if request.alg() != alg {
        return Err(refused("the request is signed with another algorithm than registered"));
    }
    if !client.jwks.as_ref().is_some_and(|jwks| request.is_by_one_of(jwks)) {
        return Err(refused("the signature of the request is wrong"));
    }
    if request.text("iss") != Some(client.id.as_str()) {
        return Err(refused("iss of the request is not the client"));
    }
    let issuer = shared.config.issuer();
    let for_us = match request.claims.get("aud") {
        Some(Value::String(one)) => *one == issuer,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(&issuer)),
        _ => false,
    };
    if !for_us {
        return Err(refused("aud of the request is not the issuer"));
    }
    let now = shared.clock.seconds() as f64;
    let time = |name: &str| request.claims.get(name).and_then(Value::as_f64);
    let (Some(exp), Some(iat), Some(nbf)) = (time("exp"), time("iat"), time("nbf")) else {
        return Err(refused("the request lacks exp, iat or nbf"));
    };
    if exp <= now {
        return Err(refused("the request has expired"));
    }
    if iat > now + LEEWAY || nbf > now + LEEWAY {
        return Err(refused("the request is not good yet"));
    }
    if exp - nbf > LONGEST {
        return Err(refused("the request is good for more than an hour"));
    }
    let jti = request.text("jti").ok_or_else(|| refused("the request has no jti"))?;
    if !lock(&shared.store).is_new_assertion(&format!("ciba {}", client.id), jti) {
        return Err(refused("the request was used before"));
    }
    Ok(Params::new(
        request.claims.iter().filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str())).flat_map(pairs).collect(),
    ))
}

/// A claim as parameters: `resource` may be a list, `requested_expiry` a number. `authorization_details` is JSON either way.
fn pairs((name, value): (&String, &Value)) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(many) if name != "authorization_details" => {
            many.iter().map(|value| (name.clone(), text(value))).collect()
        }
        value => vec![(name.clone(), text(value))],
    }
}

fn notification_token(client: &Client, params: &Params) -> Result<Option<String>, OAuthError> {
    if client.delivery_mode() == DeliveryMode::Poll {
        return Ok(None);
    }
    let token = params.required("client_notification_token")?;
    if token.len() > NOTIFICATION_TOKEN {
        return Err(OAuthError::invalid_request("client_notification_token has more than 1024 characters"));
    }
    // b64token of RFC 6750 section 2.1.
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    let body = token.trim_end_matches('=');
    if body.is_empty() || !body.bytes().all(allowed) {
        return Err(OAuthError::invalid_request("client_notification_token is no bearer token"));
    }
    Ok(Some(token.to_owned()))
}

fn binding_message(params: &Params) -> Result<Option<String>, OAuthError> {
    let Some(message) = params.get("binding_message") else {
        return Ok(None);
    };
    if message.chars().count() > BINDING_MESSAGE || message.chars().any(char::is_control) {
        return Err(OAuthError::new("invalid_binding_message", "binding_message must be 128 plain characters at most"));
    }
    Ok(Some(message.to_owned()))
}

/// Section 7.1.2.
fn user_code(shared: &Shared, client: &Client, params: &Params, username: &str) -> Result<(), OAuthError> {
    let expected = shared.config.users.get(username).and_then(|user| user.user_code.as_deref());
    match (expected, params.get("user_code")) {
        (Some(expected), Some(code)) if client.ciba.user_code && !random::same(expected, code) => {
            Err(OAuthError::new("invalid_user_code", "the user code is wrong"))
        }
        (Some(_), None) if client.ciba.user_code => {
            Err(OAuthError::new("missing_user_code", "this person has a user code"))
        }
        _ => Ok(()),
    }
}
