//! The ID token, [OpenID Connect Core 1.0 section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken).

use serde_json::{Map, Value};

use crate::{Client, Jwt, claims, jwt::half_hash, shared::Shared, signer, store::Grant};

/// What an ID token goes with.
pub(crate) struct IdToken<'a> {
    pub(crate) client: &'a Client,
    pub(crate) grant: &'a Grant,
    pub(crate) scope: &'a str,
    pub(crate) jwt: Jwt,
    /// The access token and the code that come with it.
    pub(crate) access_token: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    /// The refresh token that comes with it; its hash goes into a pushed one.
    pub(crate) refresh_token: Option<&'a str>,
    /// The state of the request, where its hash is wanted.
    pub(crate) state: Option<&'a str>,
    /// Whether there will be an access token to ask userinfo with.
    pub(crate) userinfo_follows: bool,
}

pub(crate) fn id_token(shared: &Shared, with: &IdToken<'_>) -> String {
    let alg = signer::id_token_alg(shared, with.client);
    let claims = claims_of(shared, with, &alg);
    signer::sealed(shared, with.client, with.jwt, &alg, claims, with.client.id_token_encryption.as_ref())
}

fn claims_of(shared: &Shared, with: &IdToken<'_>, alg: &str) -> Map<String, Value> {
    let grant = with.grant;
    let now = shared.clock.seconds();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.into(), value);
        }
    };
    set("iss", Some(shared.config.issuer().into()));
    set("sub", Some(grant.sub.clone().into()));
    set("aud", Some(grant.client_id.clone().into()));
    set("exp", Some((now + shared.config.id_token_lifetime.as_secs()).into()));
    set("iat", Some(now.into()));
    set("auth_time", Some(grant.auth_time.into()));
    set("sid", grant.sid.clone().map(Value::from));
    set("acr", grant.acr.clone().map(Value::from));
    let hash = |text: Option<&str>| text.and_then(|text| half_hash(alg, text)).map(Value::from);
    set("at_hash", hash(with.access_token));
    set("c_hash", hash(with.code));
    set("s_hash", hash(with.state));
    // CIBA section 10.3.1.
    if with.jwt == Jwt::PushedIdToken {
        set("urn:openid:params:jwt:claim:auth_req_id", grant.auth_req_id.clone().map(Value::from));
        set("urn:openid:params:jwt:claim:rt_hash", hash(with.refresh_token));
    }
    // A refreshed ID token has no nonce (section 12.2).
    set("nonce", grant.nonce.clone().filter(|_| with.jwt != Jwt::RefreshedIdToken).map(Value::from));
    // The claims of the scope come by userinfo, unless nobody will be able to ask there (section 5.4).
    let scope = if shared.config.claims_in_id_token || !with.userinfo_follows { with.scope } else { "" };
    for (name, value) in claims::of_person(shared, grant, scope, &grant.claims.id_token) {
        claims.entry(name).or_insert(value);
    }
    if shared.config.claim_sources_in_id_token {
        claims::add_sources(shared, grant, &mut claims);
    }
    claims
}
