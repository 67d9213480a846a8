//! The token endpoint, [RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2), and its first four grants; `extension_grant`
//! has the others.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Client, Jwt, Request, User, authorization_details,
    binding::Binding,
    client_auth::authenticate,
    error::OAuthError,
    extension_grant,
    issue::{self, Issue, has},
    params::Params,
    random, resource,
    response::Response,
    shared::{Shared, lock},
    store::{Grant, Spent},
};

pub(crate) fn token(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let params = Params::of_form(request)?;
    if let Some(answer) = extension_grant::without_client(shared, request, &params) {
        return answer;
    }
    let client = &*Binding::of(shared, authenticate(shared, request, &params)?, request)?;
    let grant_type = params.required("grant_type")?;
    may_use_grant(client, grant_type)?;
    match grant_type {
        "authorization_code" => authorization_code(shared, client, &params),
        "client_credentials" => client_credentials(shared, client, &params),
        "refresh_token" => refresh_token(shared, client, &params),
        "password" => password(shared, client, &params),
        other => extension_grant::token(shared, request, client, other, &params),
    }
}

/// What a client has registered for (RFC 7591 section 2).
pub(crate) fn may_use_grant(client: &Client, grant_type: &str) -> Result<(), OAuthError> {
    if client.may_use_grant(grant_type) {
        return Ok(());
    }
    Err(OAuthError::new("unauthorized_client", "the client is not registered for that grant_type"))
}

fn authorization_code(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let value = params.required("code")?;
    let (grant, audience, details) = {
        let mut store = lock(&shared.store);
        let code = match store.present_code(value, &client.id) {
            Spent::Now(code) => code,
            Spent::Before => return Err(OAuthError::invalid_grant("the code was used before; its tokens are revoked")),
            Spent::No => return Err(OAuthError::invalid_grant("the code is unknown, expired or somebody else's")),
        };
        if code.redirect_uri.as_deref() != params.get("redirect_uri") {
            return Err(OAuthError::invalid_grant("redirect_uri differs from the one the code was asked with"));
        }
        verify_pkce(code.code_challenge.as_deref(), params.get("code_verifier"))?;
        // RFC 9449 section 10.
        if code.grant.dpop_jkt.is_some() && code.grant.dpop_jkt != client.binding.jkt {
            return Err(OAuthError::invalid_grant("the code is bound to another key than that of the DPoP proof"));
        }
        let audience = narrowed_audience(shared, &code.grant, params)?;
        let details = authorization_details::narrowed(shared, client, &code.grant.authorization_details, params)?;
        code.used = true;
        (code.grant.clone(), audience, details)
    };
    Ok(issue::answer_with(
        shared,
        Issue { client, scope: grant.scope.clone(), audience, grant, with_refresh_token: true, id_token: Jwt::IdToken },
        details,
    ))
}

/// RFC 7636 section 4.6. A verifier for a code that had no challenge is refused as well, lest an attacker strip the
/// challenge from the request (RFC 9700 section 2.1.1).
fn verify_pkce(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier))
            if is_code_verifier(verifier) && random::same(challenge, &random::sha256_base64url(verifier)) =>
        {
            Ok(())
        }
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant("code_verifier does not match the code_challenge")),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => Err(OAuthError::invalid_grant("the code was asked for without a code_challenge")),
    }
}

/// RFC 7636 section 4.1.
fn is_code_verifier(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(allowed)
}

fn client_credentials(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    if client.is_public() {
        return Err(OAuthError::new("unauthorized_client", "client credentials are for confidential clients"));
    }
    let grant = Arc::new(Grant {
        client_id: client.id.clone(),
        sub: client.id.clone(),
        scope: grantable(client, params)?,
        audience: resource::asked(shared, params)?,
        authorization_details: details(shared, client, params)?,
        ..Grant::default()
    });
    // No refresh token: the client can ask again (RFC 6749 section 4.4.3), unless it wants one by name.
    let with_refresh_token = has(&grant.scope, "offline_access");
    Ok(issue::answer(
        shared,
        Issue {
            client,
            scope: grant.scope.clone(),
            audience: grant.audience.clone(),
            grant,
            with_refresh_token,
            id_token: Jwt::IdToken,
        },
    ))
}

fn password(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let username = params.required("username")?;
    let password = params.required("password")?;
    let user = check_password(shared, username, password)
        .ok_or_else(|| OAuthError::invalid_grant("wrong username or password"))?;
    let grant = Arc::new(Grant {
        client_id: client.id.clone(),
        username: Some(user.username.clone()),
        sub: user.sub.clone(),
        scope: grantable(client, params)?,
        audience: resource::asked(shared, params)?,
        authorization_details: details(shared, client, params)?,
        auth_time: shared.clock.seconds(),
        ..Grant::default()
    });
    Ok(issue::answer(
        shared,
        Issue {
            client,
            scope: grant.scope.clone(),
            audience: grant.audience.clone(),
            grant,
            with_refresh_token: true,
            id_token: Jwt::IdToken,
        },
    ))
}

pub(crate) fn check_password<'a>(shared: &'a Shared, username: &str, password: &str) -> Option<&'a User> {
    let user = shared.config.users.get(username)?;
    let expected = user.password.as_deref()?;
    random::same(expected, password).then_some(user)
}

/// RFC 6749 section 6.
fn refresh_token(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let value = params.required("refresh_token")?;
    let rotate = shared.config.rotate_refresh_tokens;
    let (grant, scope, audience, details) = {
        let mut store = lock(&shared.store);
        let grant = match store.present_refresh(value, &client.id) {
            Spent::Now(grant) => grant,
            Spent::Before => {
                return Err(OAuthError::invalid_grant("the refresh token was used before; its family is revoked"));
            }
            Spent::No => {
                return Err(OAuthError::invalid_grant(
                    "the refresh token is unknown, expired, revoked or somebody else's",
                ));
            }
        };
        if !store.refresh_is_for(value, &client.binding) {
            return Err(OAuthError::invalid_grant("the refresh token is bound to another key or certificate"));
        }
        // What is wrong with the rest of the request must not cost the client its token.
        let scope = narrowed_scope(&grant, params)?;
        let audience = narrowed_audience(shared, &grant, params)?;
        let details = authorization_details::narrowed(shared, client, &grant.authorization_details, params)?;
        if rotate {
            store.spend_refresh(value);
        }
        (grant, scope, audience, details)
    };
    Ok(issue::answer_with(
        shared,
        Issue { client, grant, scope, audience, with_refresh_token: rotate, id_token: Jwt::RefreshedIdToken },
        details,
    ))
}

fn narrowed_scope(grant: &Grant, params: &Params) -> Result<String, OAuthError> {
    let Some(asked) = params.get("scope") else {
        return Ok(grant.scope.clone());
    };
    match asked.split(' ').find(|value| !has(&grant.scope, value)) {
        Some(_) => Err(OAuthError::new("invalid_scope", "the scope is wider than what was granted")),
        None => Ok(asked.to_owned()),
    }
}

/// A token may be for some of the resources the grant is for, and for no others (RFC 8707 section 2.2).
fn narrowed_audience(shared: &Shared, grant: &Grant, params: &Params) -> Result<Vec<String>, OAuthError> {
    let asked = resource::asked(shared, params)?;
    if asked.is_empty() {
        return Ok(grant.audience.clone());
    }
    if !grant.audience.is_empty() && asked.iter().any(|one| !grant.audience.contains(one)) {
        return Err(OAuthError::new("invalid_target", "the grant is not for that resource"));
    }
    Ok(asked)
}

pub(crate) fn details(shared: &Shared, client: &Client, params: &Params) -> Result<Vec<Value>, OAuthError> {
    Ok(authorization_details::granted(shared, authorization_details::asked(shared, client, params)?))
}

pub(crate) fn grantable(client: &Client, params: &Params) -> Result<String, OAuthError> {
    client
        .grantable(params.get("scope"))
        .map_err(|value| OAuthError::new("invalid_scope", format!("the scope {value} is not allowed")))
}
