//! A claims provider of its own, with its own key, whose claims others pass on,
//! [OpenID Connect Core 1.0 section 5.6.2](https://openid.net/specs/openid-connect-core-1_0.html#AggregatedDistributedClaims).
//!
//! It lives below `/claims`; that address is also its issuer identifier.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::{
    Jwt, Request, SigningKey, bearer, forge,
    jwt::{Draft, Signer},
    response::Response,
    shared::{Shared, lock},
};

fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::fresh("ES256"))
}

fn issuer(shared: &Shared) -> String {
    shared.config.at("/claims")
}

/// The claims as it vouches for them. There is no `sub`: it knows the person by no name of this server's.
pub(crate) fn jwt(shared: &Shared, claims: &Map<String, Value>) -> String {
    let mut claims = claims.clone();
    claims.entry("iss").or_insert_with(|| issuer(shared).into());
    forge::sealed(shared, Jwt::Claims, Draft::new(Signer::Key(key().clone()), claims).typed("JWT"))
}

/// Where distributed claims are fetched.
pub(crate) fn claims(shared: &Shared, request: &Request) -> Response {
    let value = match bearer::presented(request, None) {
        Ok(presented) if presented.scheme == bearer::Scheme::Bearer => presented.value,
        Ok(_) => return bearer::Challenge::invalid_token().into(),
        Err(challenge) => return challenge.into(),
    };
    let held = lock(&shared.store).held_claims(&value).cloned();
    match held {
        Some(held) if held.as_jwt => Response::raw(200, "application/jwt", jwt(shared, &held.claims)).no_store(),
        Some(held) => Response::json(200, held.claims).no_store(),
        None => bearer::Challenge::invalid_token().into(),
    }
}

pub(crate) fn metadata(shared: &Shared) -> Response {
    let mut members = Map::new();
    members.insert("issuer".into(), issuer(shared).into());
    members.insert("jwks_uri".into(), shared.config.at("/claims/jwks").into());
    Response::json(200, members)
}

pub(crate) fn jwks() -> Response {
    Response::json(200, Map::from_iter([("keys".to_owned(), Value::from(vec![key().jwk()]))]))
}
