//! What tokens are for: a protected API that says what arrived.

use serde_json::{Map, Value};

use super::{
    Problem,
    percent::form,
    request::{SignedRequest, With, judge},
};
use crate::{
    Request,
    response::Response,
    shared::{Shared, lock},
};

pub(crate) fn api(shared: &Shared, request: &Request) -> Result<Response, Problem> {
    let signed = judge(shared, request, With::TokenCredentials)?;
    let username = lock(&shared.oauth1).token(&signed.token).map(|credentials| credentials.username.clone());
    let rest = request.path.strip_prefix("/oauth1/api").unwrap_or_default().trim_start_matches('/');
    match rest.split_once('/').unwrap_or((rest, "")) {
        ("status", status) => {
            if let Ok(status @ 200..=599) = status.parse() {
                return Ok(Response { status, ..echo(request, &signed, username) });
            }
        }
        ("redirect", _) => {
            let to = request.query_value("to").filter(|to| to.bytes().all(|byte| byte > 0x20 && byte != 0x7F));
            if let Some(to) = to {
                return Ok(Response::empty(302).header("Location", to));
            }
        }
        _ => {}
    }
    Ok(echo(request, &signed, username))
}

/// For a client that acts for itself.
pub(crate) fn two_legged(shared: &Shared, request: &Request) -> Result<Response, Problem> {
    let signed = judge(shared, request, With::Nothing)?;
    Ok(echo(request, &signed, None))
}

/// Names and values as pairs, since a name may stand twice; what signs is left out.
fn echo(request: &Request, signed: &SignedRequest, username: Option<String>) -> Response {
    let pairs = |bytes: &[u8]| -> Value {
        let text = |bytes: Vec<u8>| Value::from(String::from_utf8_lossy(&bytes).into_owned());
        let own = form(bytes).into_iter().filter(|(name, _)| !name.starts_with(b"oauth_"));
        own.map(|(name, value)| Value::Array(vec![text(name), text(value)])).collect()
    };
    let parameter = |name: &str| Value::from(signed.parameters.get(name));
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    set("method", request.method.clone().into());
    set("path", request.path.clone().into());
    set("query", pairs(request.query.as_deref().unwrap_or_default().as_bytes()));
    if request.is_form() {
        set("form", pairs(&request.body));
    } else {
        set("form", Value::Null);
        set("body", request.text().into());
    }
    set("content_type", request.header("content-type").into());
    set("client", signed.client.key.clone().into());
    set("user", username.into());
    set("placement", signed.parameters.placement.name().into());
    set("realm", signed.parameters.realm.clone().into());
    for name in ["signature_method", "timestamp", "nonce", "version", "body_hash"] {
        set(name, parameter(&format!("oauth_{name}")));
    }
    Response::json(200, members).header("Cache-Control", "no-store")
}
