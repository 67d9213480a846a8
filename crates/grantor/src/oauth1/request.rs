//! A signed request, judged by [RFC 5849 section 3.2](https://www.rfc-editor.org/rfc/rfc5849#section-3.2).

use std::sync::Arc;

use url::Url;

use super::{
    OAuth1Client, Problem,
    base_string::{base_string, uri},
    parameters::Parameters,
    percent::encode,
    signature::Method,
};
use crate::{
    Request,
    client::is_loopback,
    shared::{Shared, lock},
};

/// What must sign besides the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    Nothing,
    TemporaryCredentials,
    TokenCredentials,
}

pub(crate) struct SignedRequest {
    pub(crate) client: Arc<OAuth1Client>,
    pub(crate) parameters: Parameters,
    /// `oauth_token`; empty where nothing but the client signs.
    pub(crate) token: String,
}

pub(crate) fn judge(shared: &Shared, request: &Request, with: With) -> Result<SignedRequest, Problem> {
    let parameters = Parameters::of(request)?;
    parameters.require(&["oauth_consumer_key", "oauth_signature_method", "oauth_signature"])?;
    let text = |name: &str| parameters.get(name).unwrap_or_default();
    let (key, name, signature) = (text("oauth_consumer_key"), text("oauth_signature_method"), text("oauth_signature"));
    let method = Method::parse(name).ok_or_else(|| Problem::new(400, "signature_method_rejected"))?;
    // Section 3.1: they may be left out with PLAINTEXT.
    if method != Method::Plaintext {
        parameters.require(&["oauth_timestamp", "oauth_nonce"])?;
    }
    if with != With::Nothing {
        parameters.require(&["oauth_token"])?;
    }
    if parameters.get("oauth_version").is_some_and(|version| version != "1.0") {
        return Err(Problem::new(400, "version_rejected").with("oauth_acceptable_versions", "1.0-1.0"));
    }
    let client = shared.config.oauth1.clients.get(key).cloned();
    let client = client.ok_or_else(|| Problem::new(401, "consumer_key_unknown"))?;
    if !client.may_sign_by(name) {
        return Err(Problem::new(400, "signature_method_rejected"));
    }
    let token = text("oauth_token").to_owned();
    let secret = secret_of(shared, &client, &token, with)?;
    check_body_hash(request, &parameters, method)?;
    let host = request.header("host").unwrap_or_default();
    let uri = uri(request.link.scheme, host, &request.path);
    let base_string = base_string(&request.method, &uri, &parameters.signed);
    let signed = method.verifies(&client, &secret, &base_string, signature);
    // What was signed for another server must not pass because a `Host` field says so.
    if !signed || !is_here(&uri, request) {
        return Err(Problem::new(401, "signature_invalid").with("base_string", base_string));
    }
    check_nonce(shared, &parameters, key, &token)?;
    Ok(SignedRequest { client, parameters, token })
}

/// The secret that belongs to `oauth_token`. Section 3.2: a token is good for the client it was issued to.
fn secret_of(shared: &Shared, client: &OAuth1Client, token: &str, with: With) -> Result<Arc<str>, Problem> {
    let rejected = || Problem::new(401, "token_rejected");
    let store = lock(&shared.oauth1);
    let (owner, secret) = match with {
        With::Nothing if token.is_empty() => return Ok("".into()),
        With::Nothing => return Err(rejected()),
        With::TemporaryCredentials => {
            let temporary = store.temporary(token).ok_or_else(rejected)?;
            (&temporary.consumer_key, &temporary.secret)
        }
        With::TokenCredentials => {
            let credentials = store.token(token).ok_or_else(rejected)?;
            (&credentials.consumer_key, &credentials.secret)
        }
    };
    if *owner == client.key { Ok(secret.clone()) } else { Err(rejected()) }
}

/// OAuth Request Body Hash section 4: right where it is there, and never there with a form, which is signed itself.
fn check_body_hash(request: &Request, parameters: &Parameters, method: Method) -> Result<(), Problem> {
    match parameters.get("oauth_body_hash") {
        None => Ok(()),
        Some(_) if request.is_form() => Err(Problem::rejected("oauth_body_hash stands beside a form")),
        Some(hash) if hash == method.body_hash(&request.body) => Ok(()),
        Some(_) => Err(Problem::new(401, "body_hash_invalid")),
    }
}

fn is_here(uri: &str, request: &Request) -> bool {
    let here = |url: &Url| is_loopback(url) && url.port_or_known_default() == Some(request.link.port);
    Url::parse(uri).as_ref().is_ok_and(here)
}

/// Section 3.3.
fn check_nonce(shared: &Shared, parameters: &Parameters, key: &str, token: &str) -> Result<(), Problem> {
    let (timestamp, nonce) = (parameters.get("oauth_timestamp"), parameters.get("oauth_nonce"));
    if let Some(timestamp) = timestamp {
        let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let Some(seconds) = timestamp.parse::<u64>().ok().filter(|seconds| digits && *seconds > 0) else {
            return Err(Problem::rejected("oauth_timestamp is no positive integer"));
        };
        let (now, window) = (shared.clock.seconds(), shared.config.oauth1.timestamp_window.as_secs());
        let acceptable = now.saturating_sub(window)..=now.saturating_add(window);
        if !acceptable.contains(&seconds) {
            let range = format!("{}-{}", acceptable.start(), acceptable.end());
            return Err(Problem::new(401, "timestamp_refused").with("oauth_acceptable_timestamps", range));
        }
    }
    let Some(nonce) = nonce else { return Ok(()) };
    let said = [key, token, timestamp.unwrap_or_default(), nonce].map(encode).join("&");
    if lock(&shared.oauth1).is_new(&said) { Ok(()) } else { Err(Problem::new(401, "nonce_used")) }
}
