//! The snippets of Authlib's "OAuth for HTTPX": the same, awaited.

use super::{CALLBACK, server, service_account, visit};
use grantee::{Client, ServiceAccount, legacy, oauth1};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn three_steps_of_oauth_1_and_requests_of_every_method() {
    let server = server();
    let client = oauth1::Client::builder("consumer", "secret")
        .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
        .authorization_endpoint(server.url("/oauth1/authorize"))
        .token_credentials_endpoint(server.url("/oauth1/token"))
        .callback(CALLBACK)
        .build()
        .unwrap();
    let (url, pending) = client.start().await.unwrap();
    let token = client.finish(pending, &visit(&url)).await.unwrap();
    let api = client.session_of(token).api(&server.url("/oauth1/api")).unwrap();
    assert_eq!(api.get("x").send().await.unwrap().status(), 200);
    assert_eq!(api.post("x").form([("a", "1")]).send().await.unwrap().status(), 200);
    assert_eq!(api.put("x").body("{}").send().await.unwrap().status(), 200);
    assert_eq!(api.delete("x").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_of_every_method() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let api = client.session(legacy::Password::new("alice", "wonderland")).api(&server.url("/api")).unwrap();
    assert_eq!(api.get("x").send().await.unwrap().status(), 200);
    assert_eq!(api.post("x").send().await.unwrap().status(), 200);
    assert_eq!(api.put("x").send().await.unwrap().status(), 200);
    assert_eq!(api.delete("x").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_async_update_token() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let saved = Arc::new(Mutex::new(None));
    let database = Arc::clone(&saved);
    let session = client
        .session(legacy::Password::new("alice", "wonderland"))
        .on_change_async(move |_old, new, _why| {
            let database = Arc::clone(&database);
            async move {
                tokio::task::yield_now().await;
                *database.lock().unwrap() = Some(new);
                Ok(())
            }
        })
        .build()
        .unwrap();
    let token = session.token().await.unwrap();
    assert_eq!(saved.lock().unwrap().as_ref(), Some(&*token));
}

#[tokio::test]
async fn a_session_is_closed_by_hand() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let session = client.session(legacy::Password::new("alice", "wonderland")).build().unwrap();
    session.token().await.unwrap();
    session.close().await;
}

#[tokio::test]
async fn an_async_assertion_client_for_a_service_account() {
    let (server, file) = service_account();
    let account = ServiceAccount::from_json(&file).unwrap();
    let client = Client::service_account(&account).build().unwrap();
    let api = client.session(account.grant().scope("analytics")).api(&server.url("/api")).unwrap();
    assert_eq!(api.get("reports").send().await.unwrap().status(), 200);
    assert_eq!(api.post("reports").body("{}").send().await.unwrap().status(), 200);
}
