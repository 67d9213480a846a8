//! Pushed authorization requests, [RFC 9126](https://www.rfc-editor.org/rfc/rfc9126).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Client, Request,
    authorization_request::AuthorizationRequest,
    authorize,
    client_auth::authenticate,
    dpop,
    error::OAuthError,
    issue::seconds,
    params::Params,
    random, request_object,
    response::Response,
    shared::{Shared, lock},
};

/// What the `request_uri` of a pushed request begins with (section 2.2).
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// What authenticates a client by form.
const AUTHENTICATION: [&str; 4] = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

pub(crate) fn push(shared: &Shared, request: &Request) -> Result<Response, OAuthError> {
    let form = Params::of_form(request)?;
    let client = authenticate(shared, request, &form)?;
    if form.get("request_uri").is_some() {
        return Err(OAuthError::invalid_request("request_uri is not for pushed requests"));
    }
    // First, lest a request object be used up by a request that only lacks a nonce.
    let proven = dpop::thumbprint_of(shared, request)?;
    let params = params(shared, &client, form)?;
    let mut authorization = authorize::checked(shared, &params)?;
    bind(&mut authorization, proven)?;
    let request_uri: Arc<str> = format!("{URN}{}", random::token()).into();
    let lifetime = shared.config.requests.request_uri_lifetime;
    lock(&shared.store).push(request_uri.clone(), authorization, lifetime);
    let mut members = Map::new();
    members.insert("request_uri".into(), request_uri.as_ref().into());
    members.insert("expires_in".into(), Value::Number(seconds(lifetime)));
    Ok(Response::json(201, members).no_store())
}

/// A proof says which key the code is to be bound to, just as `dpop_jkt` does (RFC 9449 section 10.1).
fn bind(authorization: &mut AuthorizationRequest, proven: Option<String>) -> Result<(), OAuthError> {
    if proven.is_some() && authorization.dpop_jkt.is_some() && authorization.dpop_jkt != proven {
        return Err(OAuthError::new("invalid_dpop_proof", "dpop_jkt is another key than that of the DPoP proof"));
    }
    authorization.dpop_jkt = proven.or(authorization.dpop_jkt.take());
    Ok(())
}

/// The parameters that count: those of the form, or of the request object in it (section 3).
fn params(shared: &Shared, client: &Client, form: Params) -> Result<Params, OAuthError> {
    let Some(object) = form.get("request").map(str::to_owned) else {
        request_object::may_be_missing(shared, client)?;
        // It belongs to every authorization request, whatever authenticates the client (section 2.1).
        form.required("client_id")?;
        return Ok(form);
    };
    if shared.config.requests.strict_objects {
        let foreign = |name: &&str| *name != "request" && !AUTHENTICATION.contains(name);
        if let Some(name) = form.names().find(foreign) {
            return Err(OAuthError::invalid_request(format!("{name} belongs into the request object")));
        }
    }
    match request_object::read(shared, client, form, &object, true) {
        (params, None) => Ok(params),
        (_, Some(error)) => Err(error),
    }
}

pub(crate) fn is_pushed(request_uri: &str) -> bool {
    request_uri.starts_with(URN)
}

/// What was pushed. Whatever else the authorization request says does not count (RFC 9101 section 6.3).
pub(crate) fn take(shared: &Shared, params: &Params, request_uri: &str) -> Option<AuthorizationRequest> {
    if params.count("client_id") != 1 || params.count("request_uri") != 1 {
        return None;
    }
    lock(&shared.store).take_pushed(request_uri, params.get("client_id")?)
}
