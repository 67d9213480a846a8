//! What the token endpoint hands out for a grant, [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Number, Value};

use crate::{
    Client, Jwt, access_token,
    binding::Binding,
    id_token::{IdToken, id_token},
    response::Response,
    shared::{Shared, lock},
    store::Grant,
};

/// What the token endpoint is about to hand out.
pub(crate) struct Issue<'a> {
    pub(crate) client: &'a Client,
    pub(crate) grant: Arc<Grant>,
    /// Not wider than the grant's.
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) with_refresh_token: bool,
    /// Which kind of ID token it is, if there is one.
    pub(crate) id_token: Jwt,
}

pub(crate) fn answer(shared: &Shared, issue: Issue<'_>) -> Response {
    let details = issue.grant.authorization_details.clone();
    answer_with(shared, issue, details)
}

/// An answer with not all of the authorization details that were granted.
pub(crate) fn answer_with(shared: &Shared, issue: Issue<'_>, details: Vec<Value>) -> Response {
    let config = &shared.config;
    let Issue { grant, scope, audience, .. } = &issue;
    let (access_token, _) = access_token::issue_with(shared, Some(issue.client), grant, scope, audience, &details);
    let mut members = Map::new();
    members.insert("access_token".into(), access_token.as_ref().into());
    members.insert("token_type".into(), issue.client.binding.token_type().into());
    members.insert("expires_in".into(), seconds(config.access_token_lifetime).into());
    let refresh_token = issue.with_refresh_token.then(|| {
        let binding = Binding::of_refresh_token(issue.client);
        let lifetime = config.refresh_token_lifetime;
        let token = lock(&shared.store).add_refresh(issue.grant.clone(), lifetime, binding);
        members.insert("refresh_token".into(), token.as_ref().into());
        token
    });
    if has(&issue.scope, "openid") && issue.grant.username.is_some() {
        let with = IdToken {
            client: issue.client,
            grant: &issue.grant,
            scope: &issue.scope,
            jwt: issue.id_token,
            access_token: Some(&access_token),
            code: None,
            refresh_token: refresh_token.as_deref(),
            state: None,
            userinfo_follows: true,
        };
        members.insert("id_token".into(), id_token(shared, &with).into());
    }
    if !issue.scope.is_empty() {
        members.insert("scope".into(), issue.scope.into());
    }
    // RFC 9396 section 7.
    if !details.is_empty() {
        members.insert("authorization_details".into(), details.into());
    }
    Response::json(200, members).no_store()
}

/// Whole seconds as an integer. RFC 6749 knows nothing else; a test that cannot wait for seconds needs fractions.
pub(crate) fn seconds(lifetime: Duration) -> Number {
    let whole = Number::from(lifetime.as_secs());
    if lifetime.subsec_nanos() == 0 {
        return whole;
    }
    Number::from_f64(lifetime.as_secs_f64()).unwrap_or(whole)
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
