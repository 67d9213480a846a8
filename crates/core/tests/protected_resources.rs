//! Finding an API's authorization server (RFC 9728).

mod support;

use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::protected_resource::{FoundResource, ResourceLookup, ResourcePolicy, Trust};
use grantee_core::error::{Error, TransportError, TransportErrorKind};
use grantee_core::grant::ClientCredentials;
use grantee_core::metadata::AuthorizationServer;
use grantee_core::ports::{BoxFuture, Http, Limits, PublicOnly, Request, Response};
use grantee_core::{Client, Result};
use http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::{FakeServer, Inline, ManualClock, Wire, block_on, ports, whole};

const API: &str = "https://api.example/v1";
const ISSUER: &str = "https://as.example";

fn trust() -> Trust {
    Trust::issuers([ISSUER])
}

fn lookup() -> ResourceLookup {
    ResourceLookup::new(API, trust())
}

fn document(resource: &str, more: Value) -> Value {
    let mut members = json!({"resource": resource, "authorization_servers": [ISSUER]});
    members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    members
}

fn serving(document: Value) -> Arc<FakeServer> {
    FakeServer::new(move |_, _| support::json(200, &document.to_string()))
}

fn find(server: &Arc<FakeServer>, lookup: &ResourceLookup) -> Result<FoundResource> {
    block_on(lookup.find(&Wire(Arc::clone(server))))
}

fn challenge(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, value.parse().unwrap())])
}

fn rule(outcome: Result<FoundResource>) -> String {
    match outcome {
        Err(Error::Rule(broken)) => broken.rule.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_document_is_asked_for_once_bounded_and_for_public_addresses_alone() {
    let server = serving(document(API, json!({"scopes_supported": ["read", "write"]})));
    let found = find(&server, &lookup()).unwrap();
    assert_eq!((found.resource.as_str(), found.issuer.as_str()), (API, ISSUER));
    assert_eq!(found.scope, "read write".into());
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        whole(&requests[0]),
        "GET https://api.example/.well-known/oauth-protected-resource/v1\naccept: application/json\n\n"
    );
    assert!(PublicOnly::is_on(&requests[0]));
    assert_eq!(Limits::of(&requests[0]), Limits { body: 64 * 1024, total: Some(Duration::from_secs(10)) });
}

#[test]
fn a_token_is_asked_for_with_that_resource_at_that_server() {
    let server = FakeServer::new(|request, _| match request.uri().path() {
        "/.well-known/oauth-protected-resource/v1" => {
            support::json(200, &document(API, json!({"scopes_supported": ["read"]})).to_string())
        }
        "/token" => support::json(200, r#"{"access_token":"at","token_type":"Bearer"}"#),
        _ => support::json(200, &json!({"issuer": ISSUER, "token_endpoint": "https://as.example/token"}).to_string()),
    });
    let found = find(&server, &lookup()).unwrap();
    let mut config = Config::new(Server::Discover((&found).into()));
    config.set_client("svc".to_owned(), Some("s".into()));
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.token(&ClientCredentials::new().resource(&found.resource).scope(&found.scope))).unwrap();
    assert_eq!(server.body(2), "grant_type=client_credentials&scope=read&resource=https%3A%2F%2Fapi.example%2Fv1");
}

#[test]
fn a_challenge_says_where_the_document_is_in_whatever_scheme() {
    for scheme in ["Bearer", "DPoP", "Basic realm=\"x\", Bearer", "Own"] {
        let server = serving(document(API, json!({})));
        let headers = challenge(&format!(r#"{scheme} resource_metadata="https://meta.example/doc?x=1""#));
        find(&server, &lookup().challenged_by(&headers)).unwrap();
        assert_eq!(server.requests.lock().unwrap()[0].uri(), "https://meta.example/doc?x=1", "{scheme}");
    }
    let server = serving(document(API, json!({})));
    find(&server, &lookup().challenged_by(&challenge("Bearer realm=\"x\""))).unwrap();
    assert_eq!(server.requests.lock().unwrap()[0].uri().path(), "/.well-known/oauth-protected-resource/v1");
}

#[test]
fn the_scope_is_the_challenges_and_else_all_that_are_supported() {
    let server = serving(document(API, json!({"scopes_supported": ["read", "write"]})));
    let scope = |headers: &str| find(&server, &lookup().challenged_by(&challenge(headers))).unwrap().scope.to_string();
    assert_eq!(scope(r#"Bearer scope="write", resource_metadata="https://api.example/m""#), "write");
    assert_eq!(scope(r#"Bearer scope="write""#), "write");
    assert_eq!(scope(r#"Bearer resource_metadata="https://api.example/m""#), "read write");
    let silent = serving(document(API, json!({})));
    assert!(find(&silent, &lookup()).unwrap().scope.is_empty());
}

#[test]
fn what_a_hostile_api_asks_for_is_bounded_and_adds_no_identity_and_no_absence() {
    let odd = json!(["read", "openid", "offline_access", "a\"b", "caf\u{e9}", "s".repeat(257), "\u{1b}[31m"]);
    let found = find(&serving(document(API, json!({"scopes_supported": odd}))), &lookup()).unwrap();
    assert_eq!(found.scope, "read".into());
    assert_eq!(found.metadata.scopes_supported.unwrap().len(), 7, "what it said is there to be looked at");
    let many: Vec<_> = (0..1000).map(|n| format!("s{n}")).collect();
    let found = find(&serving(document(API, json!({"scopes_supported": many}))), &lookup()).unwrap();
    assert_eq!(found.scope.iter().count(), 256);
    let challenged = lookup().challenged_by(&challenge(r#"Bearer scope="openid write offline_access""#));
    assert_eq!(find(&serving(document(API, json!({}))), &challenged).unwrap().scope, "write".into());
}

#[test]
fn resource_equals_what_was_asked_exactly() {
    for other in [
        "https://api.example",
        "https://api.example/v1/",
        "https://API.example/v1",
        "https://api.example:443/v1",
        "https://api.example/%761",
        "https://evil.example/v1",
        "",
    ] {
        let outcome = find(&serving(document(other, json!({}))), &lookup());
        assert_eq!(rule(outcome), "resource is the URL that was asked for", "{other}");
    }
    let without = serving(json!({"authorization_servers": [ISSUER]}));
    assert_eq!(rule(find(&without, &lookup())), "resource is the URL that was asked for");
    // So it is where a challenge has said where the document is (RFC 9728 section 3.3).
    let headers = challenge(r#"Bearer resource_metadata="https://evil.example/doc""#);
    let outcome = find(&serving(document("https://evil.example", json!({}))), &lookup().challenged_by(&headers));
    assert_eq!(rule(outcome), "resource is the URL that was asked for");
}

#[test]
fn a_prefix_of_the_same_origin_will_do_by_policy() {
    let by_policy =
        ResourceLookup::new("https://api.example/v1/orders", trust()).policy(ResourcePolicy::SameOriginPathPrefix);
    for good in ["https://api.example/v1/orders", "https://api.example/v1", "https://api.example"] {
        assert_eq!(find(&serving(document(good, json!({}))), &by_policy).unwrap().resource, good);
    }
    for bad in
        ["https://api.example/v", "https://evil.example/v1", "http://api.example/v1", "https://api.example/v1/orders/7"]
    {
        assert_eq!(
            rule(find(&serving(document(bad, json!({}))), &by_policy)),
            "resource is the URL that was asked for"
        );
    }
    let error = find(&serving(document("https://api.example", json!({}))), &lookup()).unwrap_err();
    assert!(error.hint().unwrap().contains("SameOriginPathPrefix"), "{error}");
}

#[test]
fn the_origins_document_is_asked_for_by_that_policy_alone_and_after_a_404_alone() {
    let server = |status: u16| {
        FakeServer::new(move |request, _| match request.uri().path() {
            "/.well-known/oauth-protected-resource" => {
                support::json(200, &document("https://api.example", json!({})).to_string())
            }
            _ => support::json(status, "{}"),
        })
    };
    let by_policy = lookup().policy(ResourcePolicy::SameOriginPathPrefix);
    assert_eq!(find(&server(404), &by_policy).unwrap().resource, "https://api.example");
    assert_eq!(find(&server(503), &by_policy).unwrap_err().status(), Some(503));
    let exact = server(404);
    assert_eq!(find(&exact, &lookup()).unwrap_err().status(), Some(404));
    assert_eq!(exact.count(), 1);
}

#[test]
fn a_server_that_is_not_trusted_is_named_and_not_used() {
    let server =
        serving(document(API, json!({"authorization_servers": ["https://evil.example", "https://as.example/"]})));
    let error = find(&server, &lookup()).unwrap_err();
    let Error::Untrusted(untrusted) = &error else { panic!("{error:?}") };
    assert_eq!(untrusted.issuers, ["https://evil.example", "https://as.example/"]);
    assert_eq!((error.code(), error.is_transient()), ("untrusted_issuer", false));
    assert!(error.to_string().contains("https://evil.example https://as.example/"), "{error}");
    assert_eq!(server.count(), 1, "nothing is asked of a server that is not trusted");
}

#[test]
fn the_first_trusted_server_is_used_by_list_or_by_callback() {
    let servers = json!({"authorization_servers": ["https://evil.example", ISSUER, "https://other.example"]});
    let server = serving(document(API, servers));
    assert_eq!(find(&server, &lookup()).unwrap().issuer, ISSUER);
    let judge = ResourceLookup::new(API, Trust::when(|issuer| issuer.starts_with("https://other.")));
    assert_eq!(find(&server, &judge).unwrap().issuer, "https://other.example");
    let nobody = ResourceLookup::new(API, Trust::when(|_| false));
    assert_eq!(find(&server, &nobody).unwrap_err().code(), "untrusted_issuer");
}

#[test]
fn a_callback_is_not_asked_about_what_is_no_issuer_or_at_no_public_address() {
    let hostile = [
        "http://as.example",
        "javascript:alert(1)",
        "https://u:p@as.example",
        "https://as.example#x",
        "https://as.example?x",
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://[::ffff:169.254.169.254]",
        "https://localhost",
        "",
    ];
    let server = serving(document(API, json!({"authorization_servers": hostile})));
    let any = ResourceLookup::new(API, Trust::when(|_| true));
    assert_eq!(find(&server, &any).unwrap_err().code(), "untrusted_issuer");
    assert_eq!(find(&server, &any.allow_private_addresses()).unwrap().issuer, "https://127.0.0.1");
    // An issuer that the caller has named may be anywhere.
    let named = ResourceLookup::new(API, Trust::issuers(["https://10.0.0.1"]));
    assert_eq!(find(&server, &named).unwrap().issuer, "https://10.0.0.1");
}

#[test]
fn an_api_that_names_no_server_is_refused() {
    for none in [json!({"authorization_servers": []}), json!({"authorization_servers": null})] {
        let outcome = find(&serving(document(API, none)), &lookup());
        assert_eq!(rule(outcome), "the metadata name an authorization server");
    }
}

#[test]
fn local_addresses_are_never_asked_unless_allowed() {
    for hostile in [
        "https://127.0.0.1/doc",
        "http://127.0.0.1/doc",
        "https://2130706433/doc",
        "https://[::1]/doc",
        "https://[::ffff:10.0.0.1]/doc",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/doc",
        "https://x.localhost/doc",
    ] {
        let server = serving(document(API, json!({})));
        let challenged = lookup().challenged_by(&challenge(&format!("Bearer resource_metadata=\"{hostile}\"")));
        let error = find(&server, &challenged).unwrap_err();
        let Error::Transport(refused) = &error else { panic!("{hostile}: {error:?}") };
        assert_eq!(refused.kind, TransportErrorKind::NotPublic, "{hostile}");
        assert!(error.to_string().contains("allow_private_addresses"), "{error}");
        assert_eq!(server.count(), 0, "{hostile}");
        find(&server, &challenged.allow_private_addresses()).unwrap();
        assert!(!PublicOnly::is_on(&server.requests.lock().unwrap()[0]));
    }
}

#[test]
fn what_is_no_https_url_is_never_asked() {
    for hostile in [
        "http://api.example/doc",
        "file:///etc/passwd",
        "javascript:1",
        "https://u:p@api.example/",
        "/doc",
        "https://a.example/#x",
    ] {
        let server = serving(document(API, json!({})));
        let challenged = lookup().challenged_by(&challenge(&format!("Bearer resource_metadata=\"{hostile}\"")));
        assert_eq!(find(&server, &challenged).unwrap_err().code(), "configuration", "{hostile}");
        assert_eq!(server.count(), 0, "{hostile}");
    }
    for wrong in ["", "api.example", "https://api.example/#x"] {
        let server = serving(document(wrong, json!({})));
        assert_eq!(find(&server, &ResourceLookup::new(wrong, trust())).unwrap_err().code(), "configuration");
        assert_eq!(server.count(), 0);
    }
}

#[test]
fn a_document_from_elsewhere_than_asked_is_refused() {
    struct Follows;
    impl Http for Follows {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            let http = http::Response::new(Bytes::from(document(API, json!({})).to_string()));
            Box::pin(async { Ok(Response { http, url: "https://evil.example/doc".to_owned() }) })
        }
    }
    assert_eq!(rule(block_on(lookup().find(&Follows))), "the answer comes from the URL that was asked");
}

#[test]
fn what_is_no_document_is_refused() {
    for (status, body) in
        [(200, "<html>"), (200, "[]"), (204, ""), (302, ""), (200, r#"{"resource":"a","resource":"b"}"#)]
    {
        let server = FakeServer::new(move |_, _| support::json(status, body));
        assert_eq!(find(&server, &lookup()).unwrap_err().code(), "rule_violation", "{status} {body}");
    }
}

#[test]
fn signed_metadata_are_kept_and_not_believed() {
    let server = serving(document(API, json!({"signed_metadata": "a.b.c"})));
    assert_eq!(find(&server, &lookup()).unwrap().metadata.signed_metadata.as_deref(), Some("a.b.c"));
}

#[test]
fn both_lists_can_be_checked_against_each_other() {
    let found = find(&serving(document(API, json!({}))), &lookup()).unwrap();
    let mut server = AuthorizationServer::default();
    found.check_listed(&server).unwrap();
    server.protected_resources = Some(vec![API.to_owned()]);
    found.check_listed(&server).unwrap();
    server.protected_resources = Some(vec!["https://api.example".to_owned()]);
    assert_eq!(found.check_listed(&server).unwrap_err().code(), "rule_violation");
}

#[test]
fn a_challenge_comes_from_the_error_of_a_call() {
    let headers = challenge(r#"Bearer resource_metadata="https://meta.example/doc""#);
    let mut answer = http::Response::new(Bytes::new());
    *answer.headers_mut() = headers;
    let refused = Error::Status(Arc::new(grantee_core::error::StatusError::new("api call", &answer)));
    assert_eq!(lookup().challenged_by_error(&refused).unwrap().urls().unwrap(), ["https://meta.example/doc"]);
    assert_eq!(lookup().challenged_by_error(&Error::config("x", "y")).unwrap_err().code(), "configuration");
}
