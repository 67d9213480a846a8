//! The authorization response as a JWT, [JARM](https://openid.net/specs/oauth-v2-jarm.html).

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::{
    Client, Jwt,
    jwt::Draft,
    response::{Body, Response},
    shared::Shared,
    signer,
};

/// Ten minutes at most are advised (section 2.1).
const LIFETIME: u64 = 600;

/// Puts the parameters of a callback into a JWT where one was asked for.
pub(crate) fn seal(shared: &Shared, response: &mut Response) {
    let Body::Callback(callback) = &mut response.body else { return };
    let Some(client_id) = callback.jarm.take() else { return };
    let client = shared.client(&client_id).unwrap_or_else(|| Arc::new(Client::new(client_id)));
    let (mut claims, mut doubled) = (Map::new(), Vec::new());
    for (name, text) in callback.params.drain(..) {
        let value = if name == "expires_in" { number(&text) } else { text.into() };
        if claims.contains_key(&name) {
            doubled.push((name, value));
        } else {
            claims.insert(name, value);
        }
    }
    claims.entry("aud").or_insert_with(|| client.id.clone().into());
    claims.entry("exp").or_insert_with(|| (shared.clock.seconds() + LIFETIME).into());
    let alg = client.requests.response_alg.clone().unwrap_or_else(|| shared.keys.default_alg());
    let mut draft = Draft::new(signer::signer(shared, &client, &alg), claims);
    draft.doubled = doubled;
    let encryption = client.requests.response_encryption.as_ref();
    let token = signer::sealed_draft(shared, &client, Jwt::AuthorizationResponse, draft, encryption);
    callback.params.push(("response".into(), token));
}

/// Numbers are numbers (section 2.1).
fn number(text: &str) -> Value {
    text.parse::<Number>().map_or_else(|_| text.into(), Value::Number)
}
