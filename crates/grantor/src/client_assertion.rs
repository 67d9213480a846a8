//! A client that authenticates with a JWT, [RFC 7523 section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3) and
//! [OpenID Connect Core 1.0 section 9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication).

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Client,
    error::OAuthError,
    jwt::Received,
    params::Params,
    shared::{Config, Shared, lock},
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What clients may sign with.
pub(crate) const SIGNING_ALGS: [&str; 12] =
    ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// An assertion is for one request; one that is good for longer than this was made for something else.
const LONGEST: u64 = 3600;

/// How far the client's clock may be ahead, in seconds.
const LEEWAY: u64 = 5;

pub(crate) fn authenticate(shared: &Shared, params: &Params) -> Result<Arc<Client>, OAuthError> {
    let refused = OAuthError::invalid_client;
    if params.get("client_assertion_type") != Some(TYPE) {
        return Err(OAuthError::invalid_request("client_assertion_type is missing or is not jwt-bearer"));
    }
    let text = params.required("client_assertion")?;
    let assertion = Received::parse(text).ok_or_else(|| refused("the client assertion is no signed JWT"))?;
    let sub = assertion.text("sub").ok_or_else(|| refused("the client assertion has no sub"))?;
    if assertion.text("iss") != Some(sub) {
        return Err(refused("iss of the client assertion is not its sub"));
    }
    if params.get("client_id").is_some_and(|id| id != sub) {
        return Err(refused("sub of the client assertion is not the client_id"));
    }
    let client = shared.client(sub).ok_or_else(|| refused("no such client"))?;
    verify_signature(&client, &assertion, shared.clock.seconds())?;
    if !is_for(&shared.config, assertion.claims.get("aud")) {
        return Err(refused("aud of the client assertion is not the issuer as one string"));
    }
    verify_times(&assertion, shared.clock.seconds())?;
    let jti = assertion.text("jti").ok_or_else(|| refused("the client assertion has no jti"))?;
    if !lock(&shared.store).is_new_assertion(sub, jti) {
        return Err(refused("the client assertion was used before"));
    }
    Ok(client)
}

fn verify_signature(client: &Client, assertion: &Received, now: u64) -> Result<(), OAuthError> {
    let refused = OAuthError::invalid_client;
    let alg = assertion.alg();
    let symmetric = matches!(alg, "HS256" | "HS384" | "HS512");
    let method = if symmetric { "client_secret_jwt" } else { "private_key_jwt" };
    if !client.may_use(method) {
        return Err(refused(format!("this client may not use {method}").as_str()));
    }
    if symmetric && client.secret_expires_at.is_some_and(|ends| ends <= now) {
        return Err(refused("the client_secret has expired"));
    }
    if client.assertion_alg.as_ref().is_some_and(|registered| registered != alg) {
        return Err(refused("the client assertion is signed with another algorithm than registered"));
    }
    if is_by(client, assertion) { Ok(()) } else { Err(refused("the signature of the client assertion is wrong")) }
}

/// Whether the signature is by the client: by its secret or by a key of its set.
pub(crate) fn is_by(client: &Client, jwt: &Received) -> bool {
    if matches!(jwt.alg(), "HS256" | "HS384" | "HS512") {
        return client.secret.as_ref().is_some_and(|secret| jwt.is_by_secret(secret.as_bytes()));
    }
    client.jwks.as_ref().is_some_and(|jwks| jwt.is_by_one_of(jwks))
}

/// The issuer, as one string: an assertion for several servers can be used at each of them (RFC 7523bis section 4).
fn is_for(config: &Config, aud: Option<&Value>) -> bool {
    let issuer = config.issuer();
    let here = |text: &str| text == issuer || (config.tolerant_assertion_audience && is_alias(config, text));
    match aud {
        Some(Value::String(one)) => here(one),
        Some(Value::Array(many)) if config.tolerant_assertion_audience => {
            many.iter().filter_map(Value::as_str).any(here)
        }
        _ => false,
    }
}

/// The endpoints that RFC 9126 section 2 and CIBA section 7.1 have servers take as well.
fn is_alias(config: &Config, text: &str) -> bool {
    ["/token", "/par", "/bc-authorize"].iter().any(|path| text == config.at(path))
}

fn verify_times(assertion: &Received, now: u64) -> Result<(), OAuthError> {
    let refused = OAuthError::invalid_client;
    let time = |name: &str| assertion.claims.get(name).and_then(Value::as_f64);
    let exp = time("exp").ok_or_else(|| refused("the client assertion has no exp"))?;
    if exp <= now as f64 {
        return Err(refused("the client assertion has expired"));
    }
    if exp > (now + LONGEST) as f64 {
        return Err(refused("the client assertion is good for more than an hour"));
    }
    let ahead = |name: &str| time(name).is_some_and(|time| time > (now + LEEWAY) as f64);
    if ahead("iat") || ahead("nbf") {
        return Err(refused("the client assertion is not good yet"));
    }
    Ok(())
}
