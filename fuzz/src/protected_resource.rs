//! A 401 of any API and what its metadata say: no local address is asked, and no server used that the caller does not trust.

use crate::client::Scripted;
use crate::property::{answer, at_once, is_presentable};
use grantee_core::endpoint::protected_resource::{FoundResource, ResourceLookup, ResourcePolicy, Trust, well_known};
use grantee_core::metadata::ProtectedResource;
use grantee_core::ports::PublicOnly;
use grantee_core::wire::address::refuse_private;
use grantee_core::{Result, wire};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use url::Url;

const API: &str = "https://api.example/v1/orders";

/// The first byte chooses the policy; then come lines that are challenges, an empty line, and an answer: a byte that chooses its
/// status, and a body.
pub fn protected_resource(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let (head, rest) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(place) => (&bytes[..place], &bytes[place + 2..]),
        None => (&[][..], bytes),
    };
    let lines = head.split(|byte| *byte == b'\n').take(40);
    let headers: HeaderMap =
        lines.filter_map(|line| Some((WWW_AUTHENTICATE, HeaderValue::from_bytes(line).ok()?))).collect();
    let policy = if choice & 1 == 0 { ResourcePolicy::Exact } else { ResourcePolicy::SameOriginPathPrefix };

    let anybody = Trust::when(|_| true);
    if let Ok(found) = find(API, &anybody, policy, &headers, rest) {
        assert!(found.resource == API || policy == ResourcePolicy::SameOriginPathPrefix, "{}", found.resource);
        let (named, asked) = (Url::parse(&found.resource), Url::parse(API));
        assert_eq!(named.expect("a resource is a URL").origin(), asked.expect("it is one").origin());
        let issuer = Url::parse(&found.issuer).expect("an issuer is a URL");
        assert!(issuer.scheme() == "https" && refuse_private(&issuer).is_ok(), "{issuer}");
        assert!(issuer.fragment().is_none() && issuer.query().is_none(), "{issuer}");
        let listed = found.metadata.authorization_servers.as_deref().unwrap_or_default();
        assert!(listed.contains(&found.issuer), "a server that nobody named");
        // Whom the caller trusts is not for the API to say.
        let nobody = find(API, &Trust::when(|_| false), policy, &headers, rest);
        assert!(nobody.is_err());
        let same = find(API, &Trust::issuers([&*found.issuer]), policy, &headers, rest).expect("the caller trusts it");
        assert_eq!(same.issuer, found.issuer);
    }

    // A resource that the caller has from elsewhere.
    let text = String::from_utf8_lossy(head);
    match well_known(&text) {
        Ok(url) => {
            let (asked, url) = (Url::parse(&text).expect("it was one"), Url::parse(&url).expect("and is still one"));
            assert_eq!(url.origin(), asked.origin());
            assert!(url.path().starts_with("/.well-known/oauth-protected-resource"), "{url}");
        }
        Err(error) => is_presentable(&error),
    }
    let _ = find(&text, &anybody, policy, &HeaderMap::new(), rest);

    match ProtectedResource::parse(rest.get(1..).unwrap_or_default()) {
        Ok(metadata) => drop(crate::property::is_kept(&metadata)),
        Err(error) => is_presentable(&error),
    }
}

fn find(
    resource: &str,
    trust: &Trust,
    policy: ResourcePolicy,
    headers: &HeaderMap,
    rest: &[u8],
) -> Result<FoundResource> {
    let world = Scripted::new([Some(answer(rest)), Some(answer(rest))]);
    let lookup = ResourceLookup::new(resource, trust.clone()).policy(policy).challenged_by(headers);
    let outcome = at_once(lookup.find(&world));
    let sent = world.sent();
    assert!(sent.len() <= 2, "{} requests", sent.len());
    for (_, request) in &sent {
        let url = Url::parse(&request.uri().to_string()).expect("a request has a URL");
        assert!(wire::url::confidential("it", &url, false).is_ok(), "{url}");
        assert!(refuse_private(&url).is_ok() && PublicOnly::is_on(request), "a local address was asked: {url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
        assert!(!request.headers().contains_key("authorization"), "a stranger got a credential");
    }
    outcome.inspect_err(is_presentable)
}
