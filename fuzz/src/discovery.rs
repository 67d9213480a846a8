//! An answer to the request for metadata, judged against what was asked.

use crate::property::is_presentable;
use bytes::Bytes;
use grantee_core::endpoint::discovery::{IssuerPolicy, Where, candidates, judge, not_here, nowhere, request};
use http::Response;
use url::Url;

/// The first line is what was asked, the rest is the document.
pub fn discovery(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let asked = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let response = Response::new(Bytes::copy_from_slice(parts.next().unwrap_or_default()));

    let place = Where::from(asked.as_str());
    if let Ok(urls) = place.urls(false) {
        assert!((1..=3).contains(&urls.len()));
        for url in &urls {
            let parsed = Url::parse(url).expect("what may be asked is a URL");
            assert!(parsed.scheme() == "https" || grantee_core::wire::url::is_loopback(&parsed), "{url}");
            if let Ok(request) = request(url) {
                assert_eq!(request.uri().host().map(str::to_owned), parsed.host_str().map(str::to_owned));
            }
        }
        is_presentable(&nowhere(&urls, grantee_core::Error::config("nothing asked", "ask")));
    }

    match judge(&response, &place, &IssuerPolicy::Exact) {
        Err(error) => {
            is_presentable(&error);
            assert!(!not_here(&error), "the status was 200");
        }
        Ok(server) => {
            let issuer = server.issuer.expect("metadata that passes names its issuer");
            match &place {
                Where::DocumentUrl { url, .. } => {
                    let inserted = candidates(&issuer).is_ok_and(|places| places.contains(url));
                    assert!(
                        inserted
                            || format!(
                                "{}/.well-known/openid-configuration",
                                issuer.strip_suffix('/').unwrap_or(&issuer)
                            ) == *url
                    );
                }
                _ => assert_eq!(issuer, asked),
            }
        }
    }
    // Entra's policy never lets another origin in.
    if let (Ok(server), Ok(asked)) = (judge(&response, &place, &IssuerPolicy::EntraTenant), Url::parse(&asked)) {
        let issuer = Url::parse(&server.issuer.unwrap_or_default()).expect("a URL as the one asked for is");
        assert_eq!(issuer.origin().ascii_serialization(), asked.origin().ascii_serialization());
    }
    let reached = IssuerPolicy::ReachedAs { issuer: "https://as.example".to_owned() };
    if let Ok(server) = judge(&response, &place, &reached) {
        assert_eq!(server.issuer.as_deref(), Some("https://as.example"));
    }
}
