//! The base URL that an API's paths are below.

use super::path::Path;
use grantee_core::wire::url::{origin, parse};
use grantee_core::{Error, Params, Result};
use url::Url;

/// Origin and path, without a slash at the end.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    text: String,
    url: Url,
}

const WHAT: &str = "the API's base URL";

impl Base {
    /// # Errors
    /// [`Error::Config`] for anything but http or https with a host and perhaps a path.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = parse(WHAT, text)?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(Error::config(
                format!("{WHAT} is neither https nor http"),
                "give it as in https://api.example/v1",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config(format!("{WHAT} holds a user name or password"), "use basic(user, password)"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::config(
                format!("{WHAT} holds a query or a fragment"),
                "give what every request's query has by query(name, value) on the ApiClient",
            ));
        }
        let text = format!("{}{}", origin(&url), url.path().trim_end_matches('/'));
        let url = parse(WHAT, &text)?;
        Ok(Self { text, url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn sub(&self, path: Path) -> Result<Self> {
        Self::parse(&format!("{}{}", self.text, path.below()?))
    }

    /// # Errors
    /// [`Error::Config`] when somebody on the way could read what goes there.
    pub(crate) fn confidential(&self, allow_http: bool) -> Result<()> {
        grantee_core::wire::url::confidential(WHAT, &self.url, allow_http)
    }

    /// # Errors
    /// [`Error::Config`] for a path that could lead out of the base.
    pub(crate) fn join(&self, path: Path, query: &Params) -> Result<http::Uri> {
        let mut text = format!("{}{}", self.text, path.below()?);
        // A second opinion: the URL parser knows further spellings of dots, and it must see this very path.
        let parsed = parse("the request's URL", &text)?;
        let path = text.get(origin(&self.url).len()..).unwrap_or_default();
        if parsed.origin() != self.url.origin() || (parsed.path() != path && !path.is_empty()) {
            return Err(Error::config("the path could lead out of the API's base URL", "give it in parts"));
        }
        if path.is_empty() {
            text.push('/');
        }
        if !query.is_empty() {
            text.push('?');
            text.push_str(&query.encode());
        }
        text.parse().map_err(|_| {
            Error::config("the request's URL is not one that HTTP can carry", "it may be too long: send a body")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: impl Into<Path>) -> String {
        Base::parse(base).unwrap().join(path.into(), &Params::new()).unwrap().to_string()
    }

    #[test]
    fn a_path_never_resets_the_base() {
        for base in ["https://api.example/v1", "https://api.example/v1/", "https://api.example:443/v1//"] {
            assert_eq!(joined(base, "orders"), "https://api.example/v1/orders");
            assert_eq!(joined(base, "/orders/"), "https://api.example/v1/orders/");
            assert_eq!(joined(base, ""), "https://api.example/v1");
            assert_eq!(joined(base, [""]), "https://api.example/v1/");
        }
        assert_eq!(joined("https://api.example", ""), "https://api.example/");
        assert_eq!(joined("https://api.example/", "/x"), "https://api.example/x");
        assert_eq!(joined("https://api.example", ["", "x"]), "https://api.example//x");
        assert_eq!(joined("http://[::1]:8080/a%20b", "~'()*!;=:@,$&+"), "http://[::1]:8080/a%20b/~'()*!;=:@,$&+");
    }

    #[test]
    fn whatever_a_part_holds_the_url_stays_below_the_base() {
        for byte in 0..=u8::MAX {
            let part = char::from(byte).to_string();
            if part == "." {
                continue;
            }
            let url = Url::parse(&joined("https://api.example/v1", ["a", part.as_str(), "b"])).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            assert_eq!(
                (url.origin().ascii_serialization().as_str(), segments.len()),
                ("https://api.example", 4),
                "{byte}"
            );
            assert_eq!((segments[0], segments[1], segments[3]), ("v1", "a", "b"));
            assert_eq!((url.query(), url.fragment()), (None, None));
        }
    }

    #[test]
    fn a_sub_api_is_below_the_base() {
        let base = Base::parse("https://api.example/v1/").unwrap();
        assert_eq!(base.sub("users/".into()).unwrap().as_str(), "https://api.example/v1/users");
        assert_eq!(base.sub(["a/b"].into()).unwrap().as_str(), "https://api.example/v1/a%2Fb");
        base.sub("..".into()).unwrap_err();
    }

    #[test]
    fn a_base_has_no_query_no_fragment_no_password_and_a_host() {
        for base in [
            "https://api.example/?a=b",
            "https://api.example/#x",
            "https://u:s3cret@api.example/",
            "ftp://api.example/",
            "mailto:x@api.example",
            "api.example/v1",
            "/v1",
            "",
        ] {
            let said = Base::parse(base).unwrap_err().to_string();
            assert!(said.starts_with("the API's base URL") && !said.contains("s3cret"), "{said}");
        }
    }
}
