//! What hooks may change beside tokens: authorization requests, and requests that carry the client's authentication.

mod support;

use grantee_core::authorization::AuthorizationRequest;
use grantee_core::client_auth::Draft;
use grantee_core::grant::ClientCredentials;
use grantee_core::hooks::Hook;
use grantee_core::ports::BoxFuture;
use grantee_core::{Client, Error, Result};
use std::sync::Arc;
use support::*;
use url::Url;

/// Asks for consent, and renames the client.
struct Renames;

impl Hook for Renames {
    fn before_authorization_request<'a>(&'a self, request: &'a mut AuthorizationRequest) -> BoxFuture<'a, Result<()>> {
        *request = std::mem::take(request).prompt("consent");
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        url.query_pairs_mut().append_pair("client_key", "svc");
        Box::pin(std::future::ready(Ok(())))
    }

    fn on_authenticated_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        let authenticated = draft.headers.contains_key("authorization");
        draft.form.push("seen", if authenticated { "authenticated" } else { "bare" });
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Sends the person elsewhere.
struct Moves;

impl Hook for Moves {
    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        *url = Url::parse("https://elsewhere.example/authorize").unwrap();
        Box::pin(std::future::ready(Ok(())))
    }
}

fn hooked(hook: impl Hook + 'static, server: &Arc<FakeServer>) -> Client {
    let mut config = literal();
    config.add_hook(Arc::new(hook));
    config.members_mut().authorization_endpoint = Some("https://as.example/authorize".into());
    config.members_mut().revocation_endpoint = Some("https://as.example/revoke".into());
    config.set_redirect_uri("https://app.example/cb".into());
    Client::new(config, ports(server, &ManualClock::new(), Arc::new(Inline))).unwrap()
}

#[test]
fn a_hook_changes_the_authorization_request_and_its_url() {
    let (url, _) =
        block_on(hooked(Renames, &rotating()).start(AuthorizationRequest::new().prompt("select_account"))).unwrap();
    let query = url.query().unwrap();
    assert!(query.contains("&prompt=select_account%20consent") || query.contains("&prompt=select_account+consent"));
    assert!(query.ends_with("&client_key=svc"), "{query}");
}

#[test]
fn a_hook_moves_no_authorization_request_to_another_origin() {
    let error = block_on(hooked(Moves, &rotating()).start(AuthorizationRequest::new())).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("another origin"), "{error}");
}

#[test]
fn a_hook_sees_requests_with_the_clients_authentication_on_them() {
    let server = rotating();
    let client = hooked(Renames, &server);
    let token = block_on(client.token(&ClientCredentials::new())).unwrap();
    block_on(client.revoke(&token)).unwrap();
    for sent in 0..2 {
        assert!(server.body(sent).ends_with("&seen=authenticated"), "{}", server.body(sent));
    }
}
