//! The UserInfo endpoint, [OpenID Connect Core 1.0 section 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo).

use crate::{
    Request,
    bearer::{Challenge, token_of},
    issue::{has, personal_claims},
    response::Response,
    shared::Shared,
};

pub(crate) fn userinfo(shared: &Shared, request: &Request) -> Response {
    let token = match token_of(shared, request) {
        Ok((_, token)) => token,
        Err(challenge) => return challenge.into(),
    };
    // Only what an OpenID request was granted opens this door, and there must be a person behind it.
    if !has(&token.scope, "openid") || token.grant.username.is_none() {
        return Challenge::insufficient_scope("openid").into();
    }
    let mut claims = personal_claims(&shared.config, &token.grant, &token.scope);
    claims.insert("sub".into(), token.grant.sub.clone().into());
    Response::json(200, claims).no_store()
}
