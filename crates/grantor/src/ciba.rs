//! Client-initiated backchannel authentication,
//! [OpenID Connect CIBA Core 1.0](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html).

use std::{sync::Arc, time::Duration};

use serde_json::Map;

use crate::{
    CibaNotification, Client, Jwt, Request, ciba_request,
    client_auth::authenticate,
    client_ciba::DeliveryMode,
    error::OAuthError,
    issue::{self, Issue, seconds},
    notification,
    params::Params,
    pending::{Decision, Kind, Pending, Person},
    response::{Body, Response},
    shared::{Shared, lock},
    store::Grant,
    token::may_use_grant,
};

pub(crate) const GRANT_TYPE: &str = "urn:openid:params:grant-type:ciba";

/// The backchannel authentication endpoint (section 7).
pub(crate) fn authorize(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let form = Params::of_form(request)?;
    let client = authenticate(shared, request, &form)?;
    if client.is_public() {
        return Err(OAuthError::new("unauthorized_client", "a client of CIBA has to authenticate"));
    }
    may_use_grant(&client, GRANT_TYPE)?;
    let asked = ciba_request::read(shared, &client, form)?;
    let settings = &shared.config.grants;
    let lifetime = asked.requested_expiry.map_or(settings.ciba_lifetime, Duration::from_secs);
    let kind = Kind::Ciba {
        username: asked.username.clone(),
        binding_message: asked.binding_message,
        notification_token: asked.notification_token,
    };
    let mut pending = Pending::new(shared, kind, &client.id, lifetime, settings.ciba_interval);
    pending.scope = asked.scope;
    pending.audience = asked.audience;
    pending.details = asked.details;
    pending.acr = asked.acr;
    let auth_req_id = lock(&shared.pending).add(pending);
    let mut members = Map::new();
    members.insert("auth_req_id".into(), auth_req_id.as_ref().into());
    members.insert("expires_in".into(), seconds(lifetime).into());
    // Whoever is pushed to never polls (section 7.3).
    if let Some(interval) = settings.ciba_interval.filter(|_| client.delivery_mode() != DeliveryMode::Push) {
        members.insert("interval".into(), interval.into());
    }
    let mut response = Response::json(200, members).no_store();
    if settings.ciba_auto_approve_after.is_some() && client.delivery_mode() != DeliveryMode::Poll {
        let verdict = Verdict::Yes(&asked.username);
        response.afterwards = decide(shared, &auth_req_id, verdict).flatten().into_iter().collect();
    }
    Ok(response)
}

/// What becomes of a request.
#[derive(Clone, Copy)]
pub(crate) enum Verdict<'a> {
    /// By that person.
    Yes(&'a str),
    /// For the reason that this error code gives.
    No(&'static str),
}

/// None where nothing waits under that id; else the notification that the client is to get, if any.
pub(crate) fn decide(shared: &Shared, auth_req_id: &str, verdict: Verdict<'_>) -> Option<Option<CibaNotification>> {
    let pending = lock(&shared.pending).ciba(auth_req_id)?;
    let client = shared.client(&pending.client_id)?;
    let grant = match verdict {
        Verdict::Yes(username) => {
            let person = Person { username, auth_time: shared.clock.seconds(), sid: None };
            Ok(pending.grant(shared, auth_req_id, &person))
        }
        Verdict::No(error) => Err(error),
    };
    let decision = match &grant {
        // Pushed, the tokens are handed out by that.
        Ok(_) if client.delivery_mode() == DeliveryMode::Push => Decision::Spent,
        Ok(grant) => Decision::Approved(grant.clone()),
        Err(error) => Decision::Refused(error),
    };
    if !lock(&shared.pending).decide(auth_req_id, decision) {
        return None;
    }
    Some(notice(shared, &client, auth_req_id, &pending, grant))
}

/// What the client is told (sections 10.2, 10.3 and 12).
fn notice(
    shared: &Shared,
    client: &Client,
    auth_req_id: &str,
    pending: &Pending,
    result: Result<Arc<Grant>, &str>,
) -> Option<CibaNotification> {
    let (uri, mode) = client.notified_at()?;
    let mut body = match (mode, result) {
        (DeliveryMode::Push, Ok(grant)) => match answer(shared, client, grant, Jwt::PushedIdToken).body {
            Body::Json(members) => members,
            _ => return None,
        },
        (DeliveryMode::Push, Err(error)) => Map::from_iter([("error".to_owned(), error.into())]),
        // The client knows that itself (section 10.2).
        (_, Err("expired_token")) => return None,
        _ => Map::new(),
    };
    body.insert("auth_req_id".into(), auth_req_id.into());
    let token = match &pending.kind {
        Kind::Ciba { notification_token, .. } => notification_token.clone(),
        Kind::Device { .. } => None,
    };
    Some(notification::make(shared, &client.id, uri, auth_req_id, token, body))
}

/// The client polls, or fetches what a ping has told it of (section 10.1).
pub(crate) fn token(shared: &Shared, client: &Client, params: &Params) -> Result<Response, OAuthError> {
    if client.delivery_mode() == DeliveryMode::Push {
        return Err(OAuthError::new("unauthorized_client", "the client is registered for push and does not poll"));
    }
    let auth_req_id = params.required("auth_req_id")?;
    let asked = |pending: &Pending| pending.client_id == client.id && matches!(pending.kind, Kind::Ciba { .. });
    let after = shared.config.grants.ciba_auto_approve_after;
    let grant = lock(&shared.pending).poll(auth_req_id, asked, after, |pending| {
        let username = match &pending.kind {
            Kind::Ciba { username, .. } => username.as_str(),
            Kind::Device { .. } => "alice",
        };
        pending.grant(shared, auth_req_id, &Person { username, auth_time: shared.clock.seconds(), sid: None })
    })?;
    Ok(answer(shared, client, grant, Jwt::IdToken))
}

fn answer(shared: &Shared, client: &Client, grant: Arc<Grant>, id_token: Jwt) -> Response {
    let (scope, audience) = (grant.scope.clone(), grant.audience.clone());
    issue::answer(shared, Issue { client, scope, audience, grant, with_refresh_token: true, id_token })
}
