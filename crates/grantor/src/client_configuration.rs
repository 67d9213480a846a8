//! What a client does about its registration later, [RFC 7592](https://www.rfc-editor.org/rfc/rfc7592).

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Client, Request,
    bearer::{Challenge, Scheme, presented},
    client_metadata,
    error::OAuthError,
    random,
    registration::{description, members},
    response::Response,
    shared::{Shared, lock},
    software_statement,
};

/// What the server alone sets (section 2.2).
const OF_THE_SERVER: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

pub(crate) async fn configure(shared: &Shared, request: &Request) -> Response {
    let client = match authenticated(shared, request) {
        Ok(client) => client,
        Err(challenge) => return challenge.into(),
    };
    match request.method.as_str() {
        "GET" => answer(shared, (*client).clone()),
        "PUT" => match updated(shared, request, &client).await {
            Ok(client) => answer(shared, client),
            Err(error) => error.into(),
        },
        "DELETE" => {
            shared.forget_client(&client.id);
            lock(&shared.store).forget_client(&client.id);
            Response::empty(204).no_store()
        }
        _ => Response::method_not_allowed("GET, PUT, DELETE"),
    }
}

/// The client that the address and the token are of. A client that is not there is answered like a wrong token
/// (section 2.1).
fn authenticated(shared: &Shared, request: &Request) -> Result<Arc<Client>, Challenge> {
    let token = presented(request, None)?;
    let (_, id) = request.path.rsplit_once('/').ok_or_else(Challenge::invalid_token)?;
    let client = shared.client(id).ok_or_else(Challenge::invalid_token)?;
    let right = client.registration.as_ref().is_some_and(|own| random::same(&own.access_token, &token.value));
    if right && token.scheme == Scheme::Bearer { Ok(client) } else { Err(Challenge::invalid_token()) }
}

fn answer(shared: &Shared, mut client: Client) -> Response {
    if shared.config.registration.rotate_access_tokens
        && let Some(registration) = &mut client.registration
    {
        registration.access_token = random::token().to_string();
    }
    let response = Response::json(200, description(shared, &client)).no_store();
    shared.change_client(&client.id.clone(), |old| *old = client);
    response
}

/// Section 2.2.
async fn updated(shared: &Shared, request: &Request, client: &Client) -> Result<Client, OAuthError> {
    let mut asked = members(request)?;
    let wrong = |what: String| OAuthError::invalid_request(what);
    if let Some(name) = OF_THE_SERVER.iter().find(|name| asked.contains_key(**name)) {
        return Err(wrong(format!("{name} is the server's to set")));
    }
    if asked.remove("client_id").as_ref().and_then(Value::as_str) != Some(&client.id) {
        return Err(wrong("client_id is missing or another client's".into()));
    }
    let secret = asked.remove("client_secret");
    let same = |said: &str| client.secret.as_ref().is_some_and(|own| random::same(own, said));
    if secret.is_some_and(|said| !said.as_str().is_some_and(same)) {
        return Err(wrong("client_secret is not the one that was issued".into()));
    }
    let registration =
        client.registration.clone().ok_or_else(|| wrong("this client has not registered itself".into()))?;
    let asked = software_statement::merged(shared, asked)?;
    client_metadata::client(shared, &client.id, Some(client), registration, asked).await
}
