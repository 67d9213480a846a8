//! URLs: what may carry a credential, and where well-known documents are.

use crate::error::{Error, Result};
use ::url::{Host, Url};
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// Parses an absolute URL that a configuration or a server's metadata gave.
///
/// # Errors
/// [`Error::Config`] that names what the URL was for.
pub fn parse(what: &str, text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| {
        Error::config(
            format!("{what} is not an absolute URL: {error}"),
            "give it in full, as in https://as.example/token",
        )
    })
}

/// A URL that is parsed anew only when its text has changed.
#[derive(Default)]
pub(crate) struct ParsedOnce(ArcSwapOption<(String, Url)>);

impl ParsedOnce {
    /// # Errors
    /// As [`parse`].
    pub(crate) fn parse(&self, what: &str, text: &str) -> Result<Url> {
        if let Some((held, url)) = self.0.load().as_deref()
            && held == text
        {
            return Ok(url.clone());
        }
        let url = parse(what, text)?;
        self.0.store(Some(Arc::new((text.to_owned(), url.clone()))));
        Ok(url)
    }
}

/// Whether a URL's host is this machine: `localhost`, a name below it, `127.0.0.0/8` or `[::1]`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// Lets through what may carry a credential or a key: https, or http to this machine, or http where the danger door is open.
///
/// # Errors
/// [`Error::Config`] that names what the URL was for and the door.
pub fn confidential(what: &str, url: &Url, allow_http: bool) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http || is_loopback(url) => Ok(()),
        "http" => Err(Error::config(
            format!("{what} is http, so whoever is on the way could read and change what goes there"),
            "use https; for tests, danger().allow_http() lets it through",
        )),
        _ => Err(Error::config(format!("{what} is neither https nor http"), "use https")),
    }
}

/// Where an issuer's metadata is by OpenID Connect Discovery section 4: the suffix APPENDED to the issuer.
pub fn openid_configuration(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Where an issuer's metadata is by RFC 8414 section 3.1: the suffix INSERTED between host and path.
///
/// # Errors
/// [`Error::Config`] when the issuer is not an absolute URL.
pub fn oauth_authorization_server(issuer: &str) -> Result<String> {
    inserted(issuer, "oauth-authorization-server")
}

/// Where an OpenID Provider's metadata is by RFC 8414 section 5: OpenID Connect's suffix, INSERTED. Without a path in the issuer
/// it is where [`openid_configuration`] says.
///
/// # Errors
/// [`Error::Config`] when the issuer is not an absolute URL.
pub fn openid_configuration_inserted(issuer: &str) -> Result<String> {
    inserted(issuer, "openid-configuration")
}

fn inserted(issuer: &str, suffix: &str) -> Result<String> {
    let url = parse("the issuer", issuer)?;
    let path = url.path().strip_suffix('/').unwrap_or(url.path());
    Ok(format!("{}/.well-known/{suffix}{path}", origin(&url)))
}

/// Whether a request's URI is, to the letter, this URL.
pub fn is_exactly(uri: &http::Uri, url: &str) -> bool {
    let rest = || {
        let after_scheme = url.strip_prefix(uri.scheme_str()?)?.strip_prefix("://")?;
        after_scheme.strip_prefix(uri.authority()?.as_str())
    };
    uri.path_and_query().is_some_and(|path| rest() == Some(path.as_str()))
}

/// Scheme, host and port as text, the port left out where it is the scheme's own.
pub fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// A URL as it may be shown: without userinfo, query and fragment, any of which may hold a secret.
pub fn shown(url: &str) -> String {
    match Url::parse(url) {
        // Without a host there is no telling what is a secret: `user:pass@as.example` has the scheme `user`.
        Ok(url) if url.has_host() => format!("{}{}", origin(&url), url.path()),
        _ => "something that is no URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_carries_credentials_only_to_this_machine() {
        for good in [
            "https://as.example/",
            "http://127.0.0.1:8080/",
            "http://127.9.9.9/",
            "http://[::1]/",
            "http://localhost/",
            "http://a.localhost/",
        ] {
            confidential("x", &Url::parse(good).unwrap(), false).unwrap();
        }
        for bad in [
            "http://as.example/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "ftp://127.0.0.1/",
            "http://10.0.0.1/",
        ] {
            let error = confidential("the token endpoint", &Url::parse(bad).unwrap(), false).unwrap_err();
            assert!(error.to_string().starts_with("the token endpoint is "), "{error}");
        }
        confidential("x", &Url::parse("http://as.example/").unwrap(), true).unwrap();
    }

    #[test]
    fn rfc8414_inserts_and_discovery_appends() {
        assert_eq!(
            openid_configuration("https://example.com/issuer1"),
            "https://example.com/issuer1/.well-known/openid-configuration"
        );
        assert_eq!(
            openid_configuration("https://example.com/"),
            "https://example.com/.well-known/openid-configuration"
        );
        let inserted = |issuer| oauth_authorization_server(issuer).unwrap();
        assert_eq!(
            inserted("https://example.com/issuer1"),
            "https://example.com/.well-known/oauth-authorization-server/issuer1"
        );
        assert_eq!(inserted("https://example.com"), "https://example.com/.well-known/oauth-authorization-server");
        assert_eq!(inserted("https://example.com/"), "https://example.com/.well-known/oauth-authorization-server");
        assert_eq!(
            inserted("https://example.com:8443/a/"),
            "https://example.com:8443/.well-known/oauth-authorization-server/a"
        );
    }

    #[test]
    fn exactly_is_to_the_letter() {
        let uri: http::Uri = "https://as.example:8443/token?a=b".parse().unwrap();
        assert!(is_exactly(&uri, "https://as.example:8443/token?a=b"));
        for other in [
            "https://AS.example:8443/token?a=b",
            "http://as.example:8443/token?a=b",
            "https://as.example:8443/token?a=bc",
            "https://as.example:8443/token",
            "https://as.example:844/token?a=b",
            "https://as.example:8443/token?a=b#c",
            "/token?a=b",
        ] {
            assert!(!is_exactly(&uri, other), "{other}");
        }
        assert!(is_exactly(&"https://as.example".parse().unwrap(), "https://as.example/"));
        assert!(!is_exactly(&"/token".parse().unwrap(), "/token"));
    }

    #[test]
    fn shown_hides_userinfo_and_query() {
        assert_eq!(shown("https://user:pass@as.example/cb?code=s3cret#x"), "https://as.example/cb");
        assert_eq!(shown("user:pass@as.example/cb"), "something that is no URL");
    }
}
