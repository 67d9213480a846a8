//! Dynamic client registration, [RFC 7591](https://www.rfc-editor.org/rfc/rfc7591) and
//! [OpenID Connect Dynamic Client Registration 1.0](https://openid.net/specs/openid-connect-registration-1_0.html).

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    Client, Request,
    bearer::{Challenge, Scheme, presented},
    client_metadata,
    error::OAuthError,
    random,
    response::Response,
    shared::Shared,
    software_statement,
};

/// What is known of a client that registered itself.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) access_token: String,
    /// Seconds since the epoch.
    pub(crate) issued_at: u64,
    /// What it said of itself, with what was added.
    pub(crate) metadata: Map<String, Value>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

pub(crate) async fn register(shared: &Shared, request: &Request) -> Response {
    if let Some(expected) = &shared.config.registration.initial_access_token {
        match presented(request, None) {
            Ok(token) if token.scheme == Scheme::Bearer && random::same(expected, &token.value) => {}
            Ok(_) => return Challenge::invalid_token().into(),
            Err(challenge) => return challenge.into(),
        }
    }
    match registered(shared, request).await {
        Ok(client) => {
            let response = Response::json(201, description(shared, &client)).no_store();
            shared.register(client);
            response
        }
        Err(error) => error.into(),
    }
}

async fn registered(shared: &Shared, request: &Request) -> Result<Client, OAuthError> {
    let asked = software_statement::merged(shared, members(request)?)?;
    let registration = Registration {
        access_token: random::token().to_string(),
        issued_at: shared.clock.seconds(),
        metadata: Map::new(),
    };
    client_metadata::client(shared, &random::token()[..22], None, registration, asked).await
}

/// The members of the JSON object that a request is (RFC 7591 section 3.1).
pub(crate) fn members(request: &Request) -> Result<Map<String, Value>, OAuthError> {
    let essence = request.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(OAuthError::invalid_request("the body must be application/json"));
    }
    serde_json::from_slice(&request.body)
        .map_err(|_| OAuthError::new("invalid_client_metadata", "the body is no JSON object"))
}

/// RFC 7591 section 3.2.1 and RFC 7592 section 3.
pub(crate) fn description(shared: &Shared, client: &Client) -> Map<String, Value> {
    let Some(registration) = &client.registration else {
        return Map::new();
    };
    let mut members = registration.metadata.clone();
    let mut set = |name: &str, value: Value| drop(members.insert(name.into(), value));
    set("client_id", client.id.clone().into());
    set("client_id_issued_at", registration.issued_at.into());
    if let Some(secret) = &client.secret {
        set("client_secret", secret.clone().into());
        // Zero where it never ends.
        set("client_secret_expires_at", client.secret_expires_at.unwrap_or_default().into());
    }
    set("registration_access_token", registration.access_token.clone().into());
    set("registration_client_uri", shared.config.at(&format!("/register/{}", client.id)).into());
    members
}
