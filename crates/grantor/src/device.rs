//! The device authorization grant, [RFC 8628](https://www.rfc-editor.org/rfc/rfc8628).

use serde_json::{Map, Value};

use crate::{
    Client, Jwt, Request, authorization_details,
    client_auth::authenticate,
    error::OAuthError,
    issue::{self, Issue, seconds},
    params::Params,
    pending::{Kind, Pending, Person},
    random, resource,
    response::Response,
    shared::{Shared, lock},
    token::{grantable, may_use_grant},
};

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// No vowels, so that no words come of it (section 6.1).
const LETTERS: &str = "BCDFGHJKLMNPQRSTVWXZ";

/// The device authorization endpoint (section 3.1).
pub(crate) fn authorize(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let params = Params::of_form(request)?;
    let client = authenticate(shared, request, &params)?;
    may_use_grant(&client, GRANT_TYPE)?;
    let settings = &shared.config.grants;
    let user_code = user_code();
    let kind = Kind::Device { user_code: user_code.clone() };
    let mut pending = Pending::new(shared, kind, &client.id, settings.device_code_lifetime, settings.device_interval);
    pending.scope = grantable(&client, &params)?;
    pending.audience = resource::asked(shared, &params)?;
    pending.details = authorization_details::asked(shared, &client, &params)?;
    pending.acr = params.get("acr_values").and_then(|values| values.split_whitespace().next()).map(str::to_owned);
    let device_code = lock(&shared.pending).add(pending);
    let verification_uri = shared.config.at("/device/verify");
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| drop(members.insert(name.into(), value));
    set("device_code", device_code.as_ref().into());
    set("verification_uri_complete", format!("{verification_uri}?user_code={user_code}").into());
    set("verification_uri", verification_uri.into());
    set("user_code", user_code.into());
    set("expires_in", seconds(settings.device_code_lifetime).into());
    if let Some(interval) = settings.device_interval {
        set("interval", interval.into());
    }
    Ok(Response::json(200, members).no_store())
}

/// The device polls (section 3.4).
pub(crate) fn token(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    let device_code = params.required("device_code")?;
    let asked = |pending: &Pending| pending.client_id == client.id && matches!(pending.kind, Kind::Device { .. });
    let after = shared.config.grants.device_auto_approve_after;
    let grant = lock(&shared.pending).poll(device_code, asked, after, |pending| {
        let username = shared.config.auto_approve.as_deref().unwrap_or("alice");
        pending.grant(shared, device_code, &Person { username, auth_time: shared.clock.seconds(), sid: None })
    })?;
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

/// Eight letters, some 34 bits (section 6.1).
fn user_code() -> String {
    let letter = |c: &char| LETTERS.contains(*c);
    let letters = std::iter::repeat_with(random::token).flat_map(|token| token.chars().collect::<Vec<_>>());
    let mut code: String = letters.filter(letter).take(8).collect();
    code.insert(4, '-');
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_two_groups_of_four_consonants() {
        let code = user_code();
        let (one, two) = code.split_once('-').unwrap();
        assert_eq!((one.len(), two.len()), (4, 4));
        assert!(one.chars().chain(two.chars()).all(|c| LETTERS.contains(c)));
    }
}
