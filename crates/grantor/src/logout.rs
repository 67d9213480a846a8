//! Telling the clients of a session that it has ended:
//! [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html) and
//! [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html).

use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    Client, Jwt, JwtFault,
    browser::Session,
    end_session::sub_of,
    forge,
    jwt::Draft,
    oracle::encrypted,
    random,
    shared::{Shared, lock},
    signer::{id_token_alg, signer},
};

/// A logout token that was posted to a client, and what it said to that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutNotice {
    /// Whom it was for.
    pub client_id: String,
    /// Where it went.
    pub uri: String,
    /// The logout token.
    pub logout_token: String,
    /// The status of the answer; none where there was no answer within ten seconds.
    pub status: Option<u16>,
}

/// How long a logout token is good; two minutes at most are advised (Back-Channel Logout 1.0 section 4).
const LIFETIME: u64 = 120;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Section 2.4 of Back-Channel Logout 1.0.
pub(crate) fn draft(shared: &Shared, client_id: &str, sub: Option<&str>, sid: Option<&str>) -> Draft {
    let now = shared.clock.seconds();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| drop(claims.insert(name.into(), value));
    set("iss", shared.config.issuer().into());
    set("aud", client_id.into());
    set("iat", now.into());
    set("exp", (now + LIFETIME).into());
    set("jti", random::token().as_ref().into());
    set("events", json!({EVENT: {}}));
    if let Some(sub) = sub {
        set("sub", sub.into());
    }
    if let Some(sid) = sid {
        set("sid", sid.into());
    }
    let client = shared.client(client_id).unwrap_or_else(|| Arc::new(Client::new(client_id)));
    let alg = match id_token_alg(shared, &client) {
        // Section 2.6: never without a signature, whatever the ID tokens are.
        alg if alg == "none" => shared.keys.default_alg(),
        alg => alg,
    };
    Draft::new(signer(shared, &client, &alg), claims).typed("logout+jwt")
}

/// Signs it; a client whose ID tokens are encrypted gets this one encrypted too (section 2.4).
pub(crate) fn token(shared: &Shared, client_id: &str, mut draft: Draft, fault: Option<&JwtFault>) -> String {
    let token = match fault {
        Some(fault) => {
            forge::apply(shared, fault, &mut draft);
            draft.compact()
        }
        None => forge::sealed(shared, Jwt::LogoutToken, draft),
    };
    let client = shared.client(client_id);
    match client.as_ref().and_then(|client| Some((client, client.id_token_encryption.as_ref()?))) {
        Some((client, how)) => encrypted(client, how, &token, true).unwrap_or(token),
        None => token,
    }
}

/// What is to be posted to the clients of a session.
pub(crate) fn notices(shared: &Shared, session: &Session) -> Vec<LogoutNotice> {
    let sub = session.login.as_ref().map(|login| sub_of(shared, login));
    let clients = session.clients.iter().filter_map(|id| shared.client(id));
    clients
        .filter_map(|client| {
            let uri = client.backchannel_logout_uri.clone()?;
            let draft = draft(shared, &client.id, sub.as_deref(), Some(&session.sid));
            let logout_token = token(shared, &client.id, draft, None);
            Some(LogoutNotice { client_id: client.id.clone(), uri, logout_token, status: None })
        })
        .collect()
}

pub(crate) fn remember(shared: &Shared, notice: LogoutNotice) {
    lock(&shared.notices).push(notice);
}

/// What the browser is to load in frames.
pub(crate) fn frames(shared: &Shared, session: &Session) -> Vec<String> {
    session.clients.iter().filter_map(|id| frontchannel_url(shared, id, &session.sid)).collect()
}

/// Section 2 of Front-Channel Logout 1.0.
pub(crate) fn frontchannel_url(shared: &Shared, client_id: &str, sid: &str) -> Option<String> {
    let uri = shared.client(client_id)?.frontchannel_logout_uri.clone()?;
    let mut url = Url::parse(&uri).ok()?;
    url.query_pairs_mut().append_pair("iss", &shared.config.issuer()).append_pair("sid", sid);
    Some(url.into())
}
