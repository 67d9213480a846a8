//! URLs from metadata, from an API or from a person's hand.

use crate::property::is_presentable;
use grantee_core::wire::url as wire;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The bytes are the URL.
pub fn url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = wire::shown(&text);
    assert!(
        shown == "something that is no URL" || Url::parse(&shown).is_ok_and(|url| carries_nothing(&url)),
        "{shown}"
    );
    assert!(wire::openid_configuration(&text).ends_with("/.well-known/openid-configuration"));
    let Ok(parsed) = wire::parse("the URL", &text) else {
        is_presentable(&wire::parse("the URL", &text).expect_err("again"));
        return assert!(wire::oauth_authorization_server(&text).is_err());
    };
    if let Err(error) = wire::confidential("the URL", &parsed, false) {
        is_presentable(&error);
    } else if parsed.scheme() == "http" {
        let is_here = match parsed.host() {
            Some(Host::Ipv4(address)) => address.octets()[0] == Ipv4Addr::LOCALHOST.octets()[0],
            Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
            Some(Host::Domain(name)) => name.trim_end_matches('.').rsplit('.').next() == Some("localhost"),
            None => false,
        };
        assert!(is_here, "{parsed} is let through and is elsewhere");
    } else {
        assert_eq!(parsed.scheme(), "https");
    }
    for (inserted, suffix) in [
        (wire::oauth_authorization_server(&text), "oauth-authorization-server"),
        (wire::openid_configuration_inserted(&text), "openid-configuration"),
    ] {
        let inserted = inserted.expect("a URL has a well-known place");
        if parsed.has_host() {
            let inserted = Url::parse(&inserted).expect("which is a URL");
            assert_eq!(inserted.origin().ascii_serialization(), parsed.origin().ascii_serialization());
            assert!(inserted.path().starts_with(&format!("/.well-known/{suffix}")), "{inserted}");
        }
    }
}

fn carries_nothing(url: &Url) -> bool {
    url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}
