//! A protected API to spend tokens at, and an open one beside it.

use std::sync::Arc;

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    Client, Jwt, Request,
    bearer::{Challenge, token_of},
    issue::has,
    random,
    response::{Body, Response},
    shared::{Shared, lock},
    signer,
    store::AccessToken,
};

/// How long a signed answer is good, in seconds.
const LIFETIME: u64 = 300;

pub(crate) fn api(shared: &Shared, request: &Request) -> Response {
    let (value, token) = match token_of(shared, request) {
        Ok(found) => found,
        Err(challenge) => return challenge.into(),
    };
    let rest = request.path.strip_prefix("/api").unwrap_or_default().trim_start_matches('/');
    let (first, second) = rest.split_once('/').unwrap_or((rest, ""));
    match first {
        "scope" if !second.is_empty() => {
            let scope = decoded(second);
            if !has(&token.scope, &scope) {
                return Challenge::insufficient_scope(&scope).like(shared, request).into();
            }
        }
        "status" => {
            if let Ok(status @ 200..=599) = second.parse() {
                return Response { status, ..echo(request, Some(&token)) };
            }
        }
        "step-up" if token.grant.acr.as_deref() != Some(crate::STRONG_ACR) => {
            return Challenge::new(401, "insufficient_user_authentication", "a stronger and fresher login is required")
                .with("acr_values", crate::STRONG_ACR)
                .with("max_age", "60")
                .like(shared, request)
                .into();
        }
        "redirect" => {
            if let Some(to) = request.query_value("to").filter(|to| is_field_value(to)) {
                return Response::empty(302).header("Location", to);
            }
        }
        "challenge" => {
            return request
                .query_pairs()
                .into_iter()
                .filter(|(name, value)| name == "with" && is_field_value(value))
                .fold(Response::json(401, Map::new()), |response, (_, value)| {
                    response.header("WWW-Authenticate", value)
                });
        }
        "signed" => return signed(shared, request, &token),
        "bare-401" if lock(&shared.store).refuse_once(&value) => return Response::empty(401),
        _ => {}
    }
    echo(request, Some(&token))
}

/// The echo as a JWT for the client, as of an API whose answers must be provable
/// (the response to a payment consent in Brazil's profile of FAPI 1.0, for one).
fn signed(shared: &Shared, request: &Request, token: &AccessToken) -> Response {
    let Body::Json(echo) = echo(request, Some(token)).body else {
        return Response::empty(500);
    };
    let client_id = &token.grant.client_id;
    let client = shared.client(client_id).unwrap_or_else(|| Arc::new(Client::new(client_id)));
    let now = shared.clock.seconds();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.into(), value));
    set("iss", shared.config.issuer().into());
    set("aud", client_id.clone().into());
    set("iat", now.into());
    set("exp", (now + LIFETIME).into());
    set("jti", random::token().as_ref().into());
    set("data", echo.into());
    let alg = match signer::id_token_alg(shared, &client) {
        alg if alg == "none" => shared.keys.default_alg(),
        alg => alg,
    };
    Response::raw(200, "application/jwt", signer::sealed(shared, &client, Jwt::ApiAnswer, &alg, claims, None))
        .no_store()
}

pub(crate) fn public(request: &Request) -> Response {
    echo(request, None)
}

/// Says what arrived. The credentials themselves are left out: an echo has a way of ending up in somebody's log.
fn echo(request: &Request, token: Option<&AccessToken>) -> Response {
    let mut members = Map::new();
    members.insert("method".into(), request.method.clone().into());
    members.insert("path".into(), request.path.clone().into());
    members.insert("query".into(), request.query.clone().into());
    if let Some(token) = token {
        members.insert("sub".into(), token.grant.sub.clone().into());
        members.insert("client_id".into(), token.grant.client_id.clone().into());
        members.insert("scope".into(), token.scope.clone().into());
    }
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone().into()))
        .filter(|(name, _)| name != "authorization" && name != "cookie")
        .collect();
    members.insert("headers".into(), headers.into());
    members.insert("body".into(), body_of(request).into());
    Response::json(200, members).header("Cache-Control", "no-store")
}

fn body_of(request: &Request) -> String {
    if !request.is_form() {
        return request.text();
    }
    let pairs = request.form().into_iter().filter(|(name, _)| name != "access_token");
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// What may stand in a header field without starting another one.
fn is_field_value(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 && byte != 0x7F)
}

fn decoded(segment: &str) -> String {
    // A plus sign means itself in a path.
    let encoded = format!("v={}", segment.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(encoded.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
