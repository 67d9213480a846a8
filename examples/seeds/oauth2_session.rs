//! The snippets of Authlib's "OAuth 2 Session".

use super::{CALLBACK, server, service_account, visit};
use grantee::blocking::{Client, Hook};
use grantee::client_auth::from_fn;
use grantee::hooks::TokenAnswer;
use grantee::{AuthorizationRequest, ClientCredentials, Params, Pending, Result, ServiceAccount, Token, legacy};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn client(server: &grantor::Server) -> Client {
    Client::discover(server.issuer()).client("svc", "secret").redirect_uri(CALLBACK).build().unwrap()
}

#[test]
fn create_authorization_url_and_fetch_token() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(AuthorizationRequest::new().scope("user:email")).unwrap();
    assert!(url.as_str().contains("response_type=code") && url.as_str().contains("scope=user%3Aemail"));
    let login = client.finish(pending, visit(&url)).unwrap();
    assert!(login.token().is_bearer());
}

#[test]
fn a_state_that_was_not_ours_is_refused() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(AuthorizationRequest::new()).unwrap();
    let forged = visit(&url).replace(pending.state(), "d..t");
    assert_eq!(client.finish(pending, &forged).unwrap_err().code(), "rule_violation");
}

#[test]
fn another_process_restores_what_is_pending() {
    let server = server();
    let (url, kept) = {
        let (url, pending) = client(&server).start(AuthorizationRequest::new()).unwrap();
        (url, serde_json::to_string(&pending).unwrap())
    };
    let pending: Pending = serde_json::from_str(&kept).unwrap();
    client(&server).finish(pending, visit(&url)).unwrap();
}

#[test]
fn pkce_is_there_by_itself_and_with_a_verifier_of_ones_own() {
    let server = server();
    let client = client(&server);
    for request in [AuthorizationRequest::new(), AuthorizationRequest::new().code_verifier("x".repeat(48))] {
        let (url, pending) = client.start(request).unwrap();
        assert!(url.as_str().contains("code_challenge_method=S256"));
        client.finish(pending, visit(&url)).unwrap();
    }
}

#[test]
fn implicit() {
    let server = server();
    let client = client(&server);
    let (url, pending) = client.start(legacy::implicit(AuthorizationRequest::new())).unwrap();
    let callback = visit(&url);
    assert!(callback.contains("#") && callback.contains("access_token="));
    let response = client.respond(pending, callback.as_str()).unwrap();
    assert!(response.token().unwrap().is_bearer());
}

#[test]
fn password() {
    let server = server();
    let token = client(&server).token(legacy::Password::new("alice", "wonderland")).unwrap();
    assert!(token.refresh_token.is_some());
}

#[test]
fn client_credentials() {
    client(&server()).token(ClientCredentials::new()).unwrap();
}

#[test]
fn a_client_authentication_that_puts_everything_into_the_url() {
    let server = server();
    let in_the_url = from_fn("client_secret_uri", |draft, context| {
        draft.push_query("client_id", context.client_id);
        draft.push_query("client_secret", "secret");
        Ok(())
    });
    let client = Client::discover(server.issuer()).public_client("svc").auth(in_the_url).build().unwrap();
    // The embedded server takes no secret from a URL, as RFC 6749 section 2.3.1 says; what counts is what was sent.
    let _ = client.token(ClientCredentials::new());
    assert!(server.requests().pop().unwrap().query.unwrap().contains("client_secret=secret"));
}

#[test]
fn protected_resources_with_the_session_or_with_a_token_restored() {
    let server = server();
    let client = client(&server);
    let token = client.token(legacy::Password::new("alice", "wonderland").scope("openid")).unwrap();
    let kept = serde_json::to_string(&token).unwrap();
    let restored: Token = serde_json::from_str(&kept).unwrap();
    let api = client.session_of(restored).api(&server.url("/")).unwrap();
    assert_eq!(api.get("userinfo").send().unwrap().json::<serde_json::Value>().unwrap()["sub"], "alice");
}

#[test]
fn a_token_is_refreshed_by_itself_and_its_update_is_told() {
    let server = server();
    let client = client(&server);
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let old = client.token(legacy::Password::new("alice", "wonderland")).unwrap();
    let mut expired = old.clone();
    expired.expires_at = expired.obtained_at;
    let api = client
        .session_of(expired)
        .leeway(Duration::from_secs(60))
        .on_change(move |old, new, why| {
            let refresh_token = old.and_then(|old| old.refresh_token.as_ref()).map(|token| token.reveal().to_owned());
            listener.lock().unwrap().push((refresh_token, new.access_token.reveal().to_owned(), why));
            Ok(())
        })
        .api(&server.url("/api"))
        .unwrap();
    assert_eq!(api.get("me").send().unwrap().status(), 200);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0.as_deref(), old.refresh_token.as_ref().map(grantee::Secret::reveal));
}

#[test]
fn a_token_is_refreshed_by_hand() {
    let server = server();
    let client = client(&server);
    let token = client.token(legacy::Password::new("alice", "wonderland")).unwrap();
    assert_ne!(client.refresh(&token).unwrap().access_token, token.access_token);
}

#[test]
fn revoke_and_introspect() {
    let server = server();
    let client = client(&server);
    let token = client.token(ClientCredentials::new()).unwrap();
    assert!(client.introspect(&token).unwrap().active);
    client.revoke(&token).unwrap();
    assert!(!client.introspect(&token).unwrap().active);
}

/// For a server that wants `site` on each request and answers with a form whose lifetime is called `expires`.
struct StackExchange;

impl Hook for StackExchange {
    fn before_protected_request(&self, request: &mut grantee::ports::Request) -> Result<()> {
        let joint = if request.uri().query().is_some() { '&' } else { '?' };
        let with_site = format!("{}{joint}site=stackoverflow", request.uri());
        *request.uri_mut() = with_site.parse().map_err(|_| grantee::Error::config("no URL", "look at the hook"))?;
        Ok(())
    }

    fn on_token_answer(&self, kind: TokenAnswer, answer: &mut http::Response<bytes::Bytes>) -> Result<()> {
        assert_eq!(kind, TokenAnswer::Access);
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let form = Params::parse(&text);
        let json = serde_json::json!({
            "access_token": form.get("access_token"), "token_type": "Bearer", "expires_in": form.get("expires"),
        });
        *answer.body_mut() = json.to_string().into();
        Ok(())
    }
}

#[test]
fn compliance_hooks_for_a_server_that_deviates() {
    let server = server();
    let issued = server.issue("svc", Some("alice"), "").access_token;
    server.misbehave(
        grantor::Endpoint::Token,
        grantor::Misbehaviour::Body {
            status: 200,
            content_type: "application/x-www-form-urlencoded".to_owned(),
            body: format!("access_token={issued}&expires=3600"),
        },
    );
    let client = Client::discover(server.issuer()).client("svc", "secret").hook(StackExchange).build().unwrap();
    let api = client.session(ClientCredentials::new()).api(&server.url("/api")).unwrap();
    let echo: serde_json::Value = api.get("me").send().unwrap().json().unwrap();
    assert!(echo["query"].to_string().contains("site=stackoverflow"), "{echo}");
}

#[test]
fn an_assertion_session_for_a_service_account() {
    let (server, file) = service_account();
    let account = ServiceAccount::from_json(&file).unwrap();
    let client = Client::service_account(&account).build().unwrap();
    // Google puts the scope into the claims, and so does the account's grant.
    let api = client.session(account.grant().scope("analytics")).api(&server.url("/api")).unwrap();
    assert_eq!(api.get("reports").send().unwrap().status(), 200);
    assert_eq!(api.post("reports").body("{}").send().unwrap().status(), 200);
    let token = client.token(account.grant().scope("analytics")).unwrap();
    assert_eq!(token.scope, Some("analytics".into()));
}
