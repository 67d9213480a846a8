//! Token requests, the whole wire of each.

mod support;

use grantee_core::client_auth::{self, ClientSecretBasic, ClientSecretPost, from_fn};
use grantee_core::grant::{AuthorizationCode, ClientCredentials, Grant, RefreshToken, legacy};
use grantee_core::{Client, Error, Token};
use std::sync::Arc;
use support::*;

const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;

fn sent_by(config: grantee_core::Config, grant: &dyn Grant) -> String {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.token(grant)).unwrap();
    let requests = server.requests.lock().unwrap();
    whole(&requests[0])
}

fn sent(grant: &dyn Grant) -> String {
    sent_by(literal(), grant)
}

const HEAD: &str = "POST https://as.example/token\naccept: application/json\nauthorization: Basic c3ZjOnMzY3JldA==\ncontent-type: application/x-www-form-urlencoded\n\n";

#[test]
fn client_credentials_with_every_parameter_and_repeated_values() {
    assert_eq!(sent(&ClientCredentials::new()), format!("{HEAD}grant_type=client_credentials"));
    let all = ClientCredentials::new()
        .scope("read write")
        .scope("read")
        .resource("https://a.example/")
        .resource("https://b.example/")
        .audience("x")
        .param("own", "1")
        .param("own", "2");
    assert_eq!(
        sent(&all),
        format!(
            "{HEAD}grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F&audience=x&own=1&own=2"
        )
    );
}

#[test]
fn authorization_code_by_the_explicit_door() {
    let grant = AuthorizationCode::from_parts("c0de", "https://app.example/cb?x=1", "v".repeat(43));
    assert_eq!(
        sent(&grant),
        format!(
            "{HEAD}grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fx%3D1&code_verifier={}",
            "v".repeat(43)
        )
    );
}

#[test]
fn password() {
    let grant = legacy::Password::new("alice", "p&ss wörd").scope("a");
    assert_eq!(sent(&grant), format!("{HEAD}grant_type=password&username=alice&password=p%26ss+w%C3%B6rd&scope=a"));
}

#[test]
fn refresh_names_no_scope_and_keeps_what_the_answer_leaves_out() {
    let server = FakeServer::new(|_, _| json(200, r#"{"access_token":"new","token_type":"Bearer"}"#));
    let mut old = Token::bearer("old").with_refresh_token("rt").with_scope("a b");
    old.id_token = Some(grantee_core::UnverifiedIdToken::new("idt"));
    let new = block_on(client(&server, &ManualClock::new()).refresh(&old)).unwrap();
    assert_eq!(server.body(0), "grant_type=refresh_token&refresh_token=rt");
    assert_eq!(new.access_token.reveal(), "new");
    assert_eq!(new.refresh_token.as_ref().unwrap().reveal(), "rt");
    assert_eq!(new.scope, Some("a b".into()));
    assert_eq!(new.id_token.unwrap().reveal_unverified(), "idt");
}

#[test]
fn refresh_takes_what_the_answer_names() {
    let server = FakeServer::new(|_, _| {
        json(200, r#"{"access_token":"new","token_type":"Bearer","refresh_token":"rt2","scope":"a"}"#)
    });
    let old = Token::bearer("old").with_refresh_token("rt").with_scope("a b");
    let new = block_on(client(&server, &ManualClock::new()).refresh(&old)).unwrap();
    assert_eq!(new.refresh_token.unwrap().reveal(), "rt2");
    assert_eq!(new.scope, Some("a".into()));
}

#[test]
fn refresh_cannot_widen_scope() {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let old = Token::bearer("old").with_refresh_token("rt").with_scope("a b");
    let client = client(&server, &ManualClock::new());
    let wider = block_on(client.token(&RefreshToken::of(&old).unwrap().scope("a c"))).unwrap_err();
    assert!(matches!(wider, Error::Config(_)) && server.count() == 0, "{wider}");
    block_on(client.token(&RefreshToken::of(&old).unwrap().scope("a"))).unwrap();
    assert_eq!(server.body(0), "grant_type=refresh_token&refresh_token=rt&scope=a");
}

#[test]
fn none_sends_the_client_id_and_no_credential() {
    let mut config = literal();
    config.set_auth(Arc::new(client_auth::None));
    let text = sent_by(config, &ClientCredentials::new().resource("urn:a").resource("urn:b"));
    assert!(!text.contains("authorization:"));
    assert!(
        text.ends_with("\n\ngrant_type=client_credentials&resource=urn%3Aa&resource=urn%3Ab&client_id=svc"),
        "{text}"
    );
}

#[test]
fn post_sends_both_in_the_body_and_repeated_parameters_survive() {
    let mut config = literal();
    config.set_auth(Arc::new(ClientSecretPost::new("s&cret")));
    let text = sent_by(config, &ClientCredentials::new().resource("urn:a").resource("urn:b"));
    assert!(
        text.ends_with(
            "\n\ngrant_type=client_credentials&resource=urn%3Aa&resource=urn%3Ab&client_id=svc&client_secret=s%26cret"
        ),
        "{text}"
    );
}

#[test]
fn a_method_of_ones_own_edits_method_url_headers_and_body() {
    let mut config = literal();
    config.set_auth(Arc::new(from_fn("own", |draft, context| {
        let form = std::mem::take(&mut draft.form);
        form.iter().for_each(|(name, value)| draft.push_query(name, value));
        draft.push_query("client_id", context.client_id);
        draft.method = http::Method::GET;
        draft.headers.insert("x-own", "1".parse().unwrap());
        Ok(())
    })));
    assert_eq!(
        sent_by(config, &ClientCredentials::new()),
        "GET https://as.example/token?grant_type=client_credentials&client_id=svc\naccept: application/json\nx-own: 1\n\n"
    );
}

#[test]
fn invalid_client_hints_at_the_raw_switch_through_the_client() {
    let server = FakeServer::new(|_, _| json(401, r#"{"error":"invalid_client"}"#));
    let mut config = literal();
    config.set_auth(Arc::new(ClientSecretBasic::new("a+b")));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
    assert!(error.hint().unwrap().contains("basic_raw"), "{error}");
    assert_eq!(server.count(), 1, "a live secret is never tried a second time");
}

#[test]
fn an_answer_from_another_url_is_refused() {
    struct Follows;
    impl grantee_core::ports::Http for Follows {
        fn send(
            &self,
            _: grantee_core::ports::Request,
        ) -> grantee_core::ports::BoxFuture<
            '_,
            Result<grantee_core::ports::Response, grantee_core::error::TransportError>,
        > {
            Box::pin(async {
                let http = json(200, TOKEN)?;
                Ok(grantee_core::ports::Response { http, url: "https://evil.example/token?x=s3cret".to_owned() })
            })
        }
    }
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let mut ports = ports(&server, &ManualClock::new(), Arc::new(Inline));
    ports.http = Arc::new(Follows);
    let error = block_on(Client::new(literal(), ports).unwrap().token(&ClientCredentials::new())).unwrap_err();
    assert!(
        matches!(error, Error::Rule(_))
            && error.to_string().contains("evil.example")
            && !error.to_string().contains("s3cret"),
        "{error}"
    );
}

#[test]
fn credentials_never_travel_by_http_to_another_machine() {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let mut config = literal();
    config.members_mut().token_endpoint = Some("http://as.example/token".to_owned());
    let client = Client::new(config.clone(), ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    assert!(matches!(block_on(client.token(&ClientCredentials::new())).unwrap_err(), Error::Config(_)));
    assert_eq!(server.count(), 0);
    config.set_allow_http();
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.token(&ClientCredentials::new())).unwrap();
}

#[test]
fn a_missing_endpoint_is_an_error_that_names_the_metadata_member() {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let mut config = literal();
    config.members_mut().token_endpoint = None;
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let error = block_on(client.token(&ClientCredentials::new())).unwrap_err();
    assert!(error.to_string().contains("token_endpoint"), "{error}");
    assert!(block_on(client.introspect("t")).unwrap_err().to_string().contains("introspection_endpoint"));
    assert!(block_on(client.revoke("t")).unwrap_err().to_string().contains("revocation_endpoint"));
}

#[test]
fn our_own_grants_and_methods_keep_their_contracts() {
    use grantee_core::contract;
    contract::grant::run(&ClientCredentials::new().scope("a").param("own", "1"));
    contract::grant::run(&legacy::Password::new("u", "p"));
    contract::grant::run(&RefreshToken::new("r"));
    contract::grant::run(&AuthorizationCode::from_parts("c", "https://app.example/cb", "v".repeat(43)));
    contract::client_auth::run(&client_auth::None);
    contract::client_auth::run(&ClientSecretBasic::new("s"));
    contract::client_auth::run(&ClientSecretPost::new("s"));
    contract::client_auth::run(&from_fn("query", |draft, context| {
        draft.push_query("client_id", context.client_id);
        Ok(())
    }));
}

#[test]
fn a_method_serves_one_request_and_leaves_the_client_as_it_was() {
    let server = FakeServer::new(|_, _| json(200, TOKEN));
    let client = client(&server, &ManualClock::new());
    let other = Arc::new(ClientSecretPost::new("another"));
    block_on(client.authenticated_by(other).token(&ClientCredentials::new())).unwrap();
    block_on(client.token(&ClientCredentials::new())).unwrap();
    assert_eq!(server.body(0), "grant_type=client_credentials&client_id=svc&client_secret=another");
    assert_eq!(server.body(1), "grant_type=client_credentials");
    assert_eq!(client.counters().token_requests, 2);
}

#[test]
fn a_request_under_construction_shows_no_secret() {
    let url = url::Url::parse("https://as.example/token?client_secret=s3cret").unwrap();
    let mut draft = client_auth::Draft::post(url, grantee_core::Params::new().with("password", "s3cret"));
    draft.headers.insert("x-key", "s3cret".parse().unwrap());
    assert!(!format!("{draft:?}").contains("s3cret"), "{draft:?}");
}
