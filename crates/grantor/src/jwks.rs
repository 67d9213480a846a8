//! The public halves of the signing keys, [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use serde_json::{Map, Value};

use crate::{keys::SigningKey, response::Response};

pub(crate) fn jwks() -> Response {
    let keys: Vec<Value> = SigningKey::all().into_iter().map(|key| key.jwk.clone()).collect();
    let mut members = Map::new();
    members.insert("keys".into(), keys.into());
    Response::json(200, members).header("Cache-Control", "public, max-age=300")
}
