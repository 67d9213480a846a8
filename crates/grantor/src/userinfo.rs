//! The UserInfo endpoint, [OpenID Connect Core 1.0 section 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo).

use serde_json::Value;

use crate::{
    Jwt, Request,
    bearer::{Challenge, token_by},
    claims,
    issue::has,
    oracle::encrypted,
    response::Response,
    shared::Shared,
    signer,
};

pub(crate) fn userinfo(shared: &Shared, request: &Request) -> Response {
    let token = match token_by(shared, request, shared.config.userinfo_bearer) {
        Ok((_, token)) => token,
        Err(challenge) => return challenge.into(),
    };
    let grant = &token.grant;
    // Only what an OpenID request was granted opens this door, and there must be a person behind it.
    if !has(&token.scope, "openid") || grant.username.is_none() {
        return Challenge::insufficient_scope("openid").like(shared, request).into();
    }
    let mut claims = claims::of_person(shared, grant, &token.scope, &grant.claims.userinfo);
    claims::add_sources(shared, grant, &mut claims);
    claims.insert("sub".into(), grant.sub.clone().into());
    let Some(client) = shared.client(&grant.client_id) else {
        return Response::json(200, claims).no_store();
    };
    let encryption = client.userinfo_encryption.as_ref();
    let jwt = match (&client.userinfo_alg, encryption) {
        (None, None) => return Response::json(200, claims).no_store(),
        // Encrypted alone, it is no JWT that is nested but the claims themselves (section 5.3.2).
        (None, Some(how)) => {
            let text = Value::Object(claims).to_string();
            encrypted(&client, how, &text, false).unwrap_or(text)
        }
        (Some(alg), encryption) => {
            // A signed one names who it is from and for (section 5.3.2).
            claims.insert("iss".into(), shared.config.issuer().into());
            claims.insert("aud".into(), client.id.clone().into());
            signer::sealed(shared, &client, Jwt::Userinfo, alg, claims, encryption)
        }
    };
    Response::raw(200, "application/jwt", jwt).no_store()
}
