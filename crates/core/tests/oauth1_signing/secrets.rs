//! Nothing that is shown has a secret in it.

use crate::*;
use grantee_core::oauth1::{HmacSha1, Parameters, Pending, Plaintext, Secrets, token_credentials};
use grantee_core::token_type::oauth1::OAuth1;

const CANARY: &str = "c4nary";

fn hides(what: &str, value: &impl std::fmt::Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(CANARY), "{what} shows a secret: {shown}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let secret = Secret::from(CANARY);
    let signing = Signing::new().method(Plaintext);
    hides("Signing", &signing);
    hides("Secrets", &Secrets { client: &secret, token: Some(&secret) });
    let further = [("oauth_verifier", CANARY), ("oauth_session_handle", CANARY)];
    let mut signer = Signer::new(KEY, &secret, UnixTime::from_seconds(1), "n");
    signer.token = Some(CANARY);
    signer.token_secret = Some(&secret);
    signer.further = &further;
    hides("Signer", &signer);
    assert!(format!("{signer:?}").contains("oauth_verifier"), "what is not secret is shown");
    hides("OAuth1", &OAuth1::new(KEY, CANARY, signing.clone()));
    let mut config = Config::new(KEY, CANARY);
    config.set_signing(signing);
    hides("Config", &config);
    let server = FakeServer::new(|_, _| panic!("nothing is sent"));
    hides("Client", &Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap());
    let mut parameters = Parameters::new();
    parameters.push("oauth_verifier", CANARY);
    parameters.push_form(format!("password={CANARY}").as_bytes());
    hides("Parameters", &parameters);
    hides("Token", &token_credentials::token(CANARY, CANARY));
    hides("HmacSha1", &HmacSha1);
    let mut with_password = form("https://api.example/", format!("x_auth_password={CANARY}").as_bytes());
    let signed = try_sign(&Signing::new(), &mut with_password).unwrap();
    hides("Signed", &signed);
    assert!(format!("{signed:?}").contains("POST&https%3A%2F%2Fapi.example%2F&.."), "{signed:?}");
}

#[test]
fn a_login_that_is_kept_shows_no_secret() {
    let server = FakeServer::new(|_, _| {
        Ok(http::Response::new(Bytes::from(format!(
            "oauth_token={CANARY}&oauth_token_secret={CANARY}&oauth_callback_confirmed=true"
        ))))
    });
    let mut config = Config::new(KEY, CANARY);
    config.set_temporary_credentials_endpoint("https://server.example/initiate".into());
    config.set_authorization_endpoint("https://server.example/authorize".into());
    config.set_token_credentials_endpoint("https://server.example/token".into());
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let (_, pending) = block_on(client.start()).unwrap();
    hides("Pending", &pending);
    let again = Pending::from_json(&pending.to_json().unwrap()).unwrap();
    hides("Pending", &again);
    let error = block_on(client.finish(again, format!("oauth_token=x{CANARY}&oauth_verifier={CANARY}").as_str()));
    let error = error.unwrap_err();
    hides("an error of a callback", &error);
    assert!(!error.to_string().contains(CANARY) && !error.hint().unwrap_or_default().contains(CANARY));
}

#[test]
fn errors_show_neither_secrets_nor_the_query() {
    let secret = Secret::from(CANARY);
    for (signing, url) in [
        (Signing::new().method(Plaintext), "http://api.example/?a=c4nary"),
        (Signing::new(), "https://api.example/?oauth_token=c4nary"),
        (Signing::new(), "/?a=c4nary"),
        (Signing::new().method(Plaintext), "/?a=c4nary"),
        (Signing::new().realm("c4nary\n"), "https://api.example/"),
    ] {
        let mut request = request("GET", url);
        let signer = Signer::new(KEY, &secret, UnixTime::from_seconds(1), "n");
        let error = block_on(signing.sign(&mut request, signer)).unwrap_err();
        hides("an error", &error);
        assert!(!error.to_string().contains(CANARY) && !error.hint().unwrap_or_default().contains(CANARY), "{error}");
    }
}

#[test]
fn the_header_is_sensitive_so_that_no_trace_shows_it() {
    let (signed, _) = sign(&Signing::new(), request("GET", "https://api.example/"));
    assert!(signed.headers()["authorization"].is_sensitive());
    assert!(!format!("{signed:?}").contains("oauth_signature"));
}
