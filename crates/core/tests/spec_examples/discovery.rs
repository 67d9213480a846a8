//! Where metadata is, and whose: RFC 8414, RFC 9728, RFC 7033 and OpenID Connect Discovery.

use crate::Case;
use crate::support::provider::ISSUER;
use crate::support::{FakeServer, Inline, ManualClock, Wire, block_on, ports};
use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::discovery::{self, IssuerPolicy, Where};
use grantee_core::endpoint::protected_resource::{ResourceLookup, Trust, well_known};
use grantee_core::endpoint::webfinger::{self, Identifier};
use grantee_core::{Client, Error};
use serde_json::json;
use std::sync::Arc;

/// The document that an example shows, wherever it is asked for.
fn serving(case: &Case) -> Arc<FakeServer> {
    let body = case.body();
    FakeServer::new(move |_, _| crate::support::json(200, body))
}

pub fn well_known_url(case: &Case) {
    let (identifier, url) = (case.input("/identifier"), case.expected("/url"));
    let place = match (case.input("/rule"), case.input("/suffix")) {
        ("rfc9728", "oauth-protected-resource") => return assert_eq!(well_known(identifier).unwrap(), url),
        ("oidc", "openid-configuration") => 0,
        ("rfc8414", "oauth-authorization-server") => 1,
        // The form of OpenID Connect's document that RFC 8414 section 5 wants is asked for last, where it is another URL.
        ("rfc8414", "openid-configuration") => match discovery::candidates(identifier).unwrap().len() {
            2 => 0,
            _ => 2,
        },
        other => panic!("nobody knows the rule {other:?}"),
    };
    // Nothing is anywhere, so every place is asked, in order.
    let server = FakeServer::new(|_, _| crate::support::json(404, ""));
    let mut config = Config::new(Server::Discover(Where::from(identifier)));
    config.set_client("app".to_owned(), None);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    block_on(client.metadata()).unwrap_err();
    assert_eq!(server.requests.lock().unwrap()[place].uri(), url);
    // Whoever has the document's URL alone need not name the issuer.
    let body = json!({"issuer": identifier}).to_string();
    let answer = http::Response::new(Bytes::from(body));
    discovery::judge(&answer, &Where::from(url), &IssuerPolicy::Exact).unwrap();
}

pub fn as_metadata(case: &Case) {
    let server = serving(case);
    let mut config = Config::new(Server::Discover(Where::from(case.input("/requested_issuer"))));
    config.set_client("app".to_owned(), None);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let outcome = block_on(client.metadata());
    if !case.expected["accept"].as_bool().unwrap() {
        assert!(matches!(outcome.unwrap_err(), Error::Rule(_)));
        return;
    }
    let metadata = outcome.unwrap();
    assert_eq!(metadata.issuer.as_deref(), Some(case.expected("/issuer")));
    // And each endpoint of the document is one that the client would use.
    let document: serde_json::Value = serde_json::from_str(case.body()).unwrap();
    let endpoints = document.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint"));
    for (name, url) in endpoints {
        assert_eq!(metadata.endpoint(name), url.as_str(), "{name}");
    }
    assert_eq!(metadata.jwks_uri.as_deref(), document["jwks_uri"].as_str());
    assert_eq!(json!(metadata.scopes_supported), document["scopes_supported"]);
    assert_eq!(
        json!(metadata.token_endpoint_auth_methods_supported),
        document["token_endpoint_auth_methods_supported"]
    );
}

pub fn webfinger_jrd(case: &Case) {
    let document: serde_json::Value = serde_json::from_str(case.body()).unwrap();
    let subject = document["subject"].as_str().unwrap();
    let identifier = Identifier::parse(subject).unwrap();
    assert_eq!(identifier.resource(), subject);
    let url = identifier.url(false).unwrap();
    let resource = url.query_pairs().find(|(name, _)| name == "resource").unwrap().1;
    assert_eq!((resource.as_ref(), url.path()), (subject, "/.well-known/webfinger"));
    assert_eq!(webfinger::judge(&case.answer(), &url, false).unwrap(), case.expected("/issuer"));
    // The whole way: the issuer that is found is the one whose metadata is asked for.
    let (body, issuer) = (case.body(), case.expected("/issuer"));
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/.well-known/webfinger" => crate::support::json(200, body),
        _ => crate::support::json(200, &json!({"issuer": issuer}).to_string()),
    });
    let mut config = Config::new(Server::Discover(Where::person(subject)));
    config.set_client("app".to_owned(), None);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    assert_eq!(block_on(client.metadata()).unwrap().issuer.as_deref(), Some(issuer));
    assert_ne!(issuer, ISSUER);
}

pub fn prm_metadata(case: &Case) {
    let lookup = ResourceLookup::new(case.input("/requested_resource"), Trust::when(|_| true));
    let outcome = block_on(lookup.find(&Wire(serving(case))));
    if !case.expected["accept"].as_bool().unwrap() {
        assert!(matches!(outcome.unwrap_err(), Error::Rule(_)));
        return;
    }
    let found = outcome.unwrap();
    assert_eq!(json!(found.metadata.authorization_servers), case.expected["authorization_servers"]);
    assert_eq!(found.issuer, case.expected("/authorization_servers/0"), "the first of those that are trusted");
    // None of them is used where the caller trusts another only.
    let elsewhere = ResourceLookup::new(case.input("/requested_resource"), Trust::issuers([ISSUER]));
    assert!(block_on(elsewhere.find(&Wire(serving(case)))).is_err());
}
