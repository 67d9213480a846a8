//! Step-up (RFC 9470, RFC 6750): what an API found missing becomes the next authorization request.

mod support;

use grantee_core::authorization::Pending;
use grantee_core::client::Config;
use grantee_core::error::Insufficient;
use grantee_core::grant::{ClientCredentials, Stored, TokenParameters};
use grantee_core::jose::{JwkSet, SignatureAlgorithm};
use grantee_core::session::call::insufficient;
use grantee_core::{Client, Error, Token, UnixTime};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use std::sync::Arc;
use support::provider::{ISSUER, NOW, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, block_on, ports, source};
use url::Url;

fn missing(challenge: &str) -> Insufficient {
    let mut headers = HeaderMap::new();
    headers.append("www-authenticate", challenge.parse().unwrap());
    insufficient(StatusCode::UNAUTHORIZED, &headers).unwrap()
}

fn scope(scope: &str) -> Insufficient {
    missing(&format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
}

fn login(more: &str) -> Insufficient {
    missing(&format!("Bearer error=\"insufficient_user_authentication\"{more}"))
}

fn config() -> Config {
    let mut config = support::literal();
    config.set_redirect_uri("https://app.example/cb".into());
    config.set_id_token_alg(Some("ES256".into()));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.authorization_endpoint = Some(format!("{ISSUER}/authorize"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    config
}

fn client() -> Client {
    let server = FakeServer::new(|_, _| support::json(500, ""));
    Client::new(config(), ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

fn before() -> TokenParameters {
    let mut before = TokenParameters::default();
    before.scope = Some("openid orders".into());
    before.resources = vec!["https://api.example/".into(), "https://b.example/".into()];
    before.audiences = vec!["api".into()];
    before.authorization_details = Some(json!([{"type": "payment"}]));
    before
}

fn query(url: &Url) -> Vec<(String, String)> {
    let made =
        ["state", "nonce", "code_challenge", "code_challenge_method", "response_type", "client_id", "redirect_uri"];
    url.query_pairs().into_owned().filter(|(name, _)| !made.contains(&name.as_str())).collect()
}

fn asked(missing: &Insufficient) -> Vec<(String, String)> {
    query(&block_on(client().step_up(missing, &before())).unwrap().0)
}

fn refused(missing: &Insufficient) -> String {
    let error = missing.authorization_request(&before()).unwrap_err();
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    error.to_string()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_the_api_wants_is_added_to_what_was_asked_for_and_the_rest_is_kept() {
    assert_eq!(
        asked(&scope("orders refunds")),
        pairs(&[
            ("scope", "openid orders refunds"),
            ("authorization_details", r#"[{"type":"payment"}]"#),
            ("resource", "https://api.example/"),
            ("resource", "https://b.example/"),
            ("audience", "api"),
        ])
    );
    assert_eq!(
        asked(&login(", acr_values=\"gold silver\", max_age=\"60\", scope=\"refunds\"")),
        pairs(&[
            ("scope", "openid orders refunds"),
            ("acr_values", "gold silver"),
            ("max_age", "60"),
            ("authorization_details", r#"[{"type":"payment"}]"#),
            ("resource", "https://api.example/"),
            ("resource", "https://b.example/"),
            ("audience", "api"),
        ])
    );
}

#[test]
fn an_api_adds_neither_openid_nor_offline_access() {
    let mut plain = TokenParameters::default();
    plain.scope = Some("orders".into());
    let (url, _) = block_on(client().step_up(&scope("openid refunds offline_access"), &plain)).unwrap();
    assert_eq!(query(&url), pairs(&[("scope", "orders refunds")]));
    assert!(refused(&scope("openid offline_access")).contains("says what to ask for"));
    // What was asked for before stays.
    assert_eq!(asked(&scope("openid refunds"))[0], ("scope".to_owned(), "openid orders refunds".to_owned()));
}

#[test]
fn a_challenge_that_says_nothing_is_an_error_and_no_loop() {
    assert!(refused(&missing("Bearer error=\"insufficient_scope\"")).contains("says what to ask for"));
    assert!(refused(&login("")).contains("says what to ask for"));
    assert!(refused(&login(", max_age=\"soon\"")).contains("says what to ask for"));
}

#[test]
fn what_a_hostile_api_asks_for_is_bounded() {
    let many = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    assert!(scope(&many(32)).authorization_request(&before()).is_ok());
    assert!(refused(&scope(&many(33))).contains("bounded list"));
    assert!(scope(&"s".repeat(256)).authorization_request(&before()).is_ok());
    assert!(refused(&scope(&"s".repeat(257))).contains("bounded list"));
    for bad in ["a\\\\b", "a\\\"b"] {
        assert!(refused(&scope(bad)).contains("bounded list"), "{bad}");
    }
    let mut odd = scope("a");
    odd.scope = Some("caf\u{e9}".into());
    assert!(refused(&odd).contains("bounded list"));
    assert!(refused(&login(&format!(", acr_values=\"{}\"", many(33)))).contains("RFC 9470"));
}

#[test]
fn a_session_knows_what_it_was_made_with() {
    let session = source(&client(), Stored::with_parameters(before())).build().unwrap();
    let (url, _) = block_on(session.step_up(&scope("refunds"))).unwrap();
    assert_eq!(query(&url)[0], ("scope".to_owned(), "openid orders refunds".to_owned()));
    let own = source(&client(), ClientCredentials::new().scope("orders")).build().unwrap();
    assert!(matches!(block_on(own.step_up(&scope("refunds"))), Err(Error::Config(_))));
}

#[test]
fn a_session_on_a_restored_token_knows_what_that_was_granted() {
    let token = Token::bearer("at").with_scope("orders").with_expires_at(UnixTime::from_seconds(NOW + 600));
    let session = source(&client(), Stored::new()).token(token).build().unwrap();
    block_on(session.token()).unwrap();
    let (url, _) = block_on(session.step_up(&scope("refunds"))).unwrap();
    assert_eq!(query(&url)[0], ("scope".to_owned(), "orders refunds".to_owned()));
}

/// How a login ends whose ID token has these claims.
fn finished(missing: &Insufficient, acr: Option<&str>, auth_time: Option<i64>) -> Result<(), Error> {
    let key = ec("k");
    let keys = JwkSet { keys: vec![key.clone()], ignored: Vec::new() }.public().to_json();
    let token = std::sync::Mutex::new(String::new());
    let token = Arc::new(token);
    let answer = Arc::clone(&token);
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/jwks" => support::json(200, &keys),
        _ => support::json(200, &answer.lock().unwrap()),
    });
    let client = Client::new(config(), ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let (url, pending): (Url, Pending) = block_on(client.step_up(missing, &before())).unwrap();
    let mut claims = claims();
    let nonce = url.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.into_owned();
    claims.insert("nonce".into(), nonce.into());
    claims.extend(acr.map(|acr| ("acr".to_owned(), acr.into())));
    claims.extend(auth_time.map(|at| ("auth_time".to_owned(), at.into())));
    let id_token = signed(&key, SignatureAlgorithm::Es256, &claims);
    *token.lock().unwrap() = json!({"access_token": "at", "token_type": "Bearer", "id_token": id_token}).to_string();
    let callback = format!("code=c&state={}&iss={ISSUER}", pending.state());
    block_on(client.finish(pending, callback.as_str())).map(|_| ())
}

#[test]
fn the_class_that_was_wanted_must_come() {
    let gold = login(", acr_values=\"gold\"");
    finished(&gold, Some("gold"), None).unwrap();
    for acr in [Some("bronze"), None] {
        let error = finished(&gold, acr, None).unwrap_err();
        assert!(matches!(&error, Error::Rule(rule) if rule.rule.contains("acr")), "{error}");
    }
}

#[test]
fn the_login_must_be_as_recent_as_was_wanted() {
    let fresh = login(", max_age=\"5\"");
    finished(&fresh, None, Some(NOW)).unwrap();
    for (at, rule) in [(Some(NOW - 3600), "no older than max_age"), (None, "auth_time")] {
        let error = finished(&fresh, None, at).unwrap_err();
        assert!(matches!(&error, Error::Rule(_)) && error.to_string().contains(rule), "{error}");
    }
}
