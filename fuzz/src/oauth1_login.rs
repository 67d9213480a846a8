//! A login of OAuth 1.0: what the server lends and grants, and what comes back through the browser.

use crate::client::{Scripted, ports};
use crate::property::{answer, at_once, hides, is_kept, marker, tells_nothing, with_status};
use grantee_core::oauth1::{
    Client, Config, Pending, parse_authorization_header, temporary_credentials, token_credentials,
};
use grantee_core::{Params, Result, Token};

const LENT: &str = "t/1";

/// The first line is a byte that chooses a status, then how the person came back; the rest is an answer.
pub fn oauth1_login(data: &[u8]) {
    let marker = marker(data);
    let (first, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let (choice, callback) = first.split_first().unwrap_or((&0, &[]));
    let callback = String::from_utf8_lossy(callback);
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let whole = [&[*choice], body].concat();

    // Credentials, and what follows them as the bytes will.
    let secret = format!("oauth_token={marker}&oauth_token_secret={marker}&");
    let json = format!(r#"{{"oauth_token":"{marker}","oauth_token_secret":"{marker}","#);
    for prefix in ["", &secret, &json] {
        let rest = body.strip_prefix(b"{").filter(|_| prefix == json).unwrap_or(body);
        let answer = with_status(*choice, &[prefix.as_bytes(), rest].concat());
        match temporary_credentials::judge(&answer) {
            Ok(lent) => {
                assert!(!lent.token.is_empty() && !lent.secret.is_empty() && answer.status().is_success());
                hides(&marker, &lent);
            }
            Err(error) => tells_nothing(&marker, &error),
        }
        match token_credentials::judge(&answer) {
            Ok(token) => {
                is_credentials(&token);
                hides(&marker, &token);
            }
            Err(error) => tells_nothing(&marker, &error),
        }
    }

    ends(&callback, &marker, &whole);
    if let Err(error) = Pending::from_json(&callback) {
        tells_nothing(&marker, &error);
    }
}

fn is_credentials(token: &Token) {
    assert_eq!(token.token_type, "OAuth1");
    assert!(!token.access_token.is_empty());
    assert!(
        token.get("oauth_token_secret").and_then(|secret| secret.as_str()).is_some_and(|secret| !secret.is_empty())
    );
    assert_eq!(token.refresh_token, None);
    is_kept(token);
}

/// Whatever comes back, nothing is sent but for an answer to this login, and then its verifier.
fn ends(callback: &str, marker: &str, granted: &[u8]) {
    let lent = format!("oauth_token=t%2F1&oauth_token_secret={marker}&oauth_callback_confirmed=true");
    let world = Scripted::new([Some(with_status(0, lent.as_bytes())), Some(answer(granted))]);
    let client = client(&world).expect("the client is configured");
    let (url, pending) = at_once(client.start()).expect("a login that can be started");
    assert!(url.query().unwrap_or_default().ends_with("oauth_token=t%2F1"), "{url}");
    hides(marker, &pending);
    let kept = pending.to_json().expect("it can be kept");
    let pending = Pending::from_json(&kept).expect("and read again");
    let outcome = at_once(client.finish(pending, callback));
    if let Err(error) = &outcome {
        tells_nothing(marker, error);
    }
    let sent = world.sent_since(1);
    assert!(outcome.is_err() || sent.len() == 1);
    let Some((_, request)) = sent.first() else { return };
    let header = request.headers().get("authorization").and_then(|header| header.to_str().ok()).expect("it is signed");
    let sent = parse_authorization_header(header).expect("by OAuth");
    let get = |name: &str| sent.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str());
    assert_eq!(get("oauth_token"), Some(LENT));
    let verifier = get("oauth_verifier").expect("with the verifier");
    assert!(!verifier.is_empty());
    let names_the_login = |params: Params| {
        let is_once = |name: &str, value: &str| params.get_all(name).collect::<Vec<_>>() == [value];
        is_once("oauth_token", LENT) && is_once("oauth_verifier", verifier) && params.get("oauth_problem").is_none()
    };
    assert!(callback.trim() == verifier || readings(callback).any(names_the_login), "{verifier} is not of {callback}");
}

/// The whole text, or what follows the first `?`, without a fragment.
fn readings(text: &str) -> impl Iterator<Item = Params> {
    let text = text.split('#').next().unwrap_or_default();
    [Some(text), text.split_once('?').map(|(_, query)| query)].into_iter().flatten().map(Params::parse)
}

fn client(world: &Scripted) -> Result<Client> {
    let mut config = Config::new("key", "client secret");
    config.set_temporary_credentials_endpoint("https://as.example/initiate".to_owned());
    config.set_authorization_endpoint("https://as.example/authorize?own=1".to_owned());
    config.set_token_credentials_endpoint("https://as.example/token".to_owned());
    config.set_callback("https://app.example/callback?own=1".to_owned());
    Client::new(config, ports(world.clone()))
}
