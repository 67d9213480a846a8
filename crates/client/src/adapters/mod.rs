//! A session's token on requests that other HTTP clients send.
//!
//! | you have | you use |
//! |---|---|
//! | reqwest | [`Session::attempt`](crate::Session::attempt), as below, or [`Session::send`](crate::Session::send) and [`ApiClient`](crate::ApiClient), which are on reqwest |
//! | reqwest-middleware | `Session::middleware` (feature `reqwest-middleware`) |
//! | anything on hyper or tower | `Session::layer` (feature `tower`) |
//! | ureq | [`blocking::Session::middleware`](crate::blocking::Session::middleware) |
//!
//! All do the same. The token goes to the origins that [`allow_origin`](crate::SessionBuilder::allow_origin) named, over https
//! or to this machine; a request to anywhere else is refused, or passed on without a token where
//! `pass_other_origins()` says so. After a 401 that rejects the token it is renewed, and the request is sent once more if it
//! can be; if not, the 401 comes back, and the next request has the new token. Where the token's type needs a proof each request
//! gets one of its own, and is sent once more where the API demands something of it: four times at the most. Any status is an
//! answer. Hooks and counters belong to [`Session::send`](crate::Session::send) and [`ApiClient`](crate::ApiClient): they see
//! nothing of this.
//!
//! A session of [`oauth1`](crate::oauth1) signs requests, and of a body that is no form its hash. reqwest-middleware does so where
//! the body is no stream; the others see none and refuse what can't be signed without it. The signature goes into the header only,
//! which HTTP clients drop when a redirect leaves the host.
//!
//! A token that is bound to the client's certificate
//! ([`certificate_bound_tokens`](crate::ClientBuilder::certificate_bound_tokens)) is of use only over connections that show the
//! same one: the HTTP client in front of which this stands must have it, and be given the new one when it is renewed.
//! [`Session::send`](crate::Session::send) and [`ApiClient`](crate::ApiClient) use the client's own connections.
//!
//! With plain reqwest, whatever the token's type:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = grantor::Server::start(); let (issuer, url) = (server.issuer(), server.url("/api/orders"));
//! use grantee::{Client, ClientCredentials};
//!
//! let client = Client::discover(issuer).client("svc", "secret").build()?;
//! let session = client.session(ClientCredentials::new().scope("orders")).build()?;
//! let reqwest = reqwest::Client::new();
//!
//! let (method, uri) = (http::Method::GET, url.parse()?);
//! let mut attempt = session.attempt();
//! let answer = loop {
//!     let mut headers = http::HeaderMap::new();
//!     attempt.authorize(&method, &uri, &mut headers).await?; // a token that is fresh, and what goes with it
//!     let answer = reqwest.request(method.clone(), &url).headers(headers).send().await?;
//!     if !attempt.again(&uri, answer.status(), answer.headers()).await? {
//!         break answer;
//!     }
//! };
//! assert_eq!(answer.status(), 200);
//! # Ok(()) }
//! ```

#[cfg(feature = "reqwest-middleware")]
mod reqwest_middleware;
#[cfg(feature = "tower")]
mod tower;
pub(crate) mod ureq;

#[cfg(feature = "reqwest-middleware")]
pub use reqwest_middleware::AuthorizationMiddleware;
#[cfg(feature = "tower")]
pub use tower::{Authorization, AuthorizationLayer, CloneBody, NoReplay, ReplayBody};

use crate::session::SessionOptions;
use grantee_core::session::Source;
use grantee_core::session::call::Placement;
use grantee_core::wire::url::{confidential, origin, parse};
use grantee_core::{Error, Result};
use http::Uri;
use http::uri::PathAndQuery;
use url::Url;

/// What every adapter knows of its session.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) source: Source,
    options: SessionOptions,
    pub(crate) pass_other_origins: bool,
}

impl Gate {
    pub(crate) fn new(source: &Source, options: &SessionOptions) -> Self {
        Self { source: source.clone(), options: options.clone(), pass_other_origins: false }
    }

    /// Whether a request to this URL gets the token.
    ///
    /// # Errors
    /// [`Error::Config`] where it must not be sent at all.
    pub(crate) fn judge(&self, url: &Url) -> Result<bool> {
        if self.options.placement != Placement::Header {
            return Err(Error::config(
                "an adapter puts the token into the header only",
                "leave placement(…) out, or use an ApiClient",
            ));
        }
        let origin = origin(url);
        if self.options.origins.contains(&origin) {
            confidential("the request's URL", url, self.source.client().allows_http())?;
            return Ok(true);
        }
        if self.pass_other_origins {
            return Ok(false);
        }
        Err(Error::config(
            format!("this session's token may not go to {origin}"),
            "name the origins that may receive it with allow_origin(…) on the session, or say pass_other_origins() on the adapter",
        ))
    }

    /// As [`judge`](Self::judge), for a request whose URI may be a path alone: then `Host` says where it goes. The whole URI,
    /// which a proof is made for, where the request gets the token.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub(crate) fn judge_request<B>(&self, request: &http::Request<B>) -> Result<Option<Uri>> {
        let uri = request.uri();
        if uri.authority().is_some() {
            return Ok(self.judge(&parse("the request's URL", &uri.to_string())?)?.then(|| uri.clone()));
        }
        let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte)) {
            return Err(Error::config(
                "the request does not say where it goes",
                "give it an absolute URI or a Host header",
            ));
        }
        // Whoever made the connection knows the scheme; either may be allowed.
        let http = parse("the request's Host header", &format!("http://{host}/"))?;
        if self.options.origins.contains(&origin(&http)) {
            return Ok(self.judge(&http)?.then(|| whole(uri, "http", host)));
        }
        let https = parse("the request's Host header", &format!("https://{host}/"))?;
        Ok(self.judge(&https)?.then(|| whole(uri, "https", host)))
    }
}

/// A path at a host that has been judged.
fn whole(path: &Uri, scheme: &str, host: &str) -> Uri {
    // `OPTIONS *` is about the server as a whole (RFC 9110 section 7.1).
    let path_and_query = path.path_and_query().filter(|path| path.as_str() != "*").cloned();
    let whole = Uri::builder().scheme(scheme).authority(host);
    let whole = whole.path_and_query(path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")));
    whole.build().unwrap_or_else(|_| path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::Client;
    use grantee_core::grant::ClientCredentials;

    fn gate() -> Gate {
        let client = Client::at("https://as.example/token").client("svc", "secret").build().unwrap();
        let session = client.session(ClientCredentials::new());
        let session =
            session.allow_origin("https://api.example/x").unwrap().allow_origin("http://127.0.0.1:8080").unwrap();
        let session = session.allow_origin("http://plain.example").unwrap().build().unwrap();
        Gate::new(session.source(), session.options())
    }

    fn request(uri: &str, host: Option<&str>) -> http::Request<()> {
        let builder = http::Request::get(uri);
        match host {
            Some(host) => builder.header("host", host).body(()).unwrap(),
            None => builder.body(()).unwrap(),
        }
    }

    #[test]
    fn the_token_goes_to_named_origins_only() {
        for (uri, host) in [
            ("https://api.example/y", None),
            ("https://api.example:443/y", Some("other.example")),
            ("http://127.0.0.1:8080/", None),
            ("/y", Some("api.example")),
            ("/y", Some("API.example:443")),
            ("/y", Some("127.0.0.1:8080")),
        ] {
            assert!(gate().judge_request(&request(uri, host)).unwrap().is_some(), "{uri} {host:?}");
        }
        for (uri, host) in [
            ("http://api.example/y", None),
            ("https://api.example:8443/y", None),
            ("https://api.example.other/y", None),
            ("https://other.example/y", Some("api.example")),
            ("/y", Some("other.example")),
            ("/y", Some("127.0.0.1")),
            ("/y", Some("[::1]:8080")),
        ] {
            let mut gate = gate();
            let error = gate.judge_request(&request(uri, host)).unwrap_err();
            assert!(error.to_string().contains("may not go to"), "{error}");
            gate.pass_other_origins = true;
            assert_eq!(gate.judge_request(&request(uri, host)).unwrap(), None, "{uri} {host:?}");
        }
    }

    #[test]
    fn a_proof_is_for_the_whole_uri() {
        for (uri, host, whole) in [
            ("https://api.example/y?z=1", None, "https://api.example/y?z=1"),
            ("/y?z=1", Some("api.example"), "https://api.example/y?z=1"),
            ("/y", Some("127.0.0.1:8080"), "http://127.0.0.1:8080/y"),
            ("*", Some("api.example"), "https://api.example/"),
        ] {
            let found = gate().judge_request(&request(uri, host)).unwrap().unwrap();
            assert_eq!(found, whole, "{uri} {host:?}");
        }
    }

    #[test]
    fn a_request_that_does_not_say_where_it_goes_is_refused() {
        let mut gate = gate();
        gate.pass_other_origins = true;
        for host in [None, Some(""), Some("user@api.example"), Some("api.example/x"), Some("api.example#")] {
            gate.judge_request(&request("/y", host)).unwrap_err();
        }
    }

    #[test]
    fn a_named_origin_on_plain_http_is_refused_even_where_others_pass() {
        let mut gate = gate();
        gate.pass_other_origins = true;
        let error = gate.judge_request(&request("http://plain.example/", None)).unwrap_err();
        assert!(error.to_string().contains("whoever is on the way"), "{error}");
    }
}
