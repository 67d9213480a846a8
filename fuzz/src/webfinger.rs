//! What a person typed, and what their domain answers.

use crate::property::is_presentable;
use bytes::Bytes;
use grantee_core::endpoint::webfinger::{Identifier, judge, request};
use http::Response;
use url::Url;

/// The first line is what was typed, the rest is the answer.
pub fn webfinger(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let typed = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    match Identifier::parse(&typed) {
        Ok(identifier) => is_asked(&identifier),
        Err(error) => is_presentable(&error),
    }
    let asked = Url::parse("https://example.com/.well-known/webfinger").expect("a URL");
    match judge(&Response::new(Bytes::copy_from_slice(parts.next().unwrap_or_default())), &asked, false) {
        Ok(issuer) => {
            let url = Url::parse(&issuer).expect("an issuer is a URL");
            assert!(url.scheme() == "https" && url.query().is_none() && url.fragment().is_none(), "{issuer}");
        }
        Err(error) => is_presentable(&error),
    }
}

/// The question goes to the host that was named, over TLS, and holds what was named.
fn is_asked(identifier: &Identifier) {
    let url = match identifier.url(false) {
        Ok(url) => url,
        Err(error) => return is_presentable(&error),
    };
    assert_eq!((url.path(), url.fragment()), ("/.well-known/webfinger", None));
    let loopback = grantee_core::wire::url::is_loopback(&url);
    assert!(url.scheme() == "https" || loopback, "{url}");
    assert!(url.username().is_empty() && url.password().is_none());
    let resources: Vec<_> = url.query_pairs().filter(|(name, _)| name == "resource").collect();
    assert_eq!(resources.len(), 1);
    assert_eq!(resources[0].1, identifier.resource());
    let authority = url.as_str().split('/').nth(2).expect("a URL has an authority");
    assert_eq!(authority, identifier.host());
    assert!(!identifier.resource().chars().any(|c| c.is_control() || c == ' '));
    if let Ok(request) = request(&url) {
        assert_eq!(request.uri().host().map(str::to_owned), url.host_str().map(str::to_owned));
    }
}
