//! Discovery: [RFC 8414 section 3](https://www.rfc-editor.org/rfc/rfc8414#section-3) and
//! [OpenID Connect Discovery 1.0 section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig).

use crate::error::{Error, Result, RuleViolation, StatusError};
use crate::metadata::reader::fault;
use crate::metadata::{AuthorizationServer, TENANT};
use crate::wire::url::{self, oauth_authorization_server, openid_configuration, openid_configuration_inserted};
use ::url::Url;
use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use std::sync::Arc;

const STAGE: &str = "metadata";

/// Where a server's metadata is looked for.
///
/// A text with `/.well-known/` in it is taken for a document's URL, any other for an issuer:
///
/// ```
/// use grantee_core::endpoint::discovery::Where;
/// assert_eq!(
///     Where::from("https://as.example").urls(false)?,
///     [
///         "https://as.example/.well-known/openid-configuration",
///         "https://as.example/.well-known/oauth-authorization-server",
///     ]
/// );
/// let document = "https://as.example/.well-known/openid-configuration";
/// assert_eq!(Where::from(document).urls(false)?, [document]);
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Where {
    /// At the well-known places of an issuer.
    Issuer(String),
    /// At one URL.
    DocumentUrl {
        /// REQUIRED. The URL.
        url: String,
        /// OPTIONAL. The issuer that the document must name. Without it, one whose well-known URL is this `url`.
        issuer: Option<String>,
    },
    /// At the well-known places of the issuer that a person's identifier leads to; made by [`person`](Self::person).
    Person(String),
}

// The URL of a document may hold a secret in its query.
impl std::fmt::Debug for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Issuer(issuer) => f.debug_tuple("Issuer").field(&url::shown(issuer)).finish(),
            Self::DocumentUrl { url, issuer } => {
                f.debug_struct("DocumentUrl").field("url", &url::shown(url)).field("issuer", issuer).finish()
            }
            Self::Person(_) => f.write_str("Person(..)"),
        }
    }
}

impl From<&str> for Where {
    fn from(text: &str) -> Self {
        if text.contains("/.well-known/") {
            Self::DocumentUrl { url: text.to_owned(), issuer: None }
        } else {
            Self::Issuer(text.to_owned())
        }
    }
}

impl From<String> for Where {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Where {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl Where {
    /// Where the provider is of a person who gave an identifier such as `joe@example.com`, `acct:joe@example.com` or
    /// `https://example.com/joe`: WebFinger is asked for the issuer ([`webfinger`](super::webfinger)), once in a client's
    /// life, and the metadata is that of exactly this issuer.
    ///
    /// Whoever gives the identifier chooses the issuer, and with it who gets what this client sends: its secret too. So this
    /// is for public clients and for such as are registered with whatever issuer turns up. Where only one issuer is right,
    /// name it with `issuer(..)` on the client; another is refused then.
    pub fn person(identifier: impl Into<String>) -> Self {
        Self::Person(identifier.into())
    }

    /// The URLs to ask, the next only where [`not_here`] says so of the one before.
    ///
    /// # Errors
    /// [`Error::Config`] when the place is no absolute https URL (http to this machine and with `allow_http` is one too),
    /// or an issuer has a query or a fragment; for a [`Person`](Self::Person), whose issuer has to be asked for first.
    pub fn urls(&self, allow_http: bool) -> Result<Vec<String>> {
        match self {
            Self::Issuer(issuer) => {
                // RFC 8414 section 2.
                if may_be_asked("the issuer", issuer, allow_http)?.query().is_some() {
                    return Err(Error::config(
                        "the issuer has a query",
                        "give the issuer alone, as in https://as.example; for a document elsewhere, give the document's URL",
                    ));
                }
                candidates(issuer)
            }
            Self::DocumentUrl { url, .. } => {
                may_be_asked("the metadata document's URL", url, allow_http)?;
                Ok(vec![url.clone()])
            }
            Self::Person(_) => Err(Error::config(
                "a person's identifier says nothing of where the metadata are",
                "ask WebFinger for the issuer first",
            )),
        }
    }
}

fn may_be_asked(what: &str, text: &str, allow_http: bool) -> Result<Url> {
    if let Some(fault) = fault(text) {
        return Err(Error::config(format!("{what}: {fault}"), "give it in full, as in https://as.example"));
    }
    let parsed = url::parse(what, text)?;
    // Whoever can change the metadata on its way chooses where the credentials go.
    url::confidential(what, &parsed, allow_http)?;
    Ok(parsed)
}

/// Which issuer a document may name.
///
/// ```
/// use grantee_core::endpoint::discovery::IssuerPolicy;
/// // The server is asked at its address inside the cluster, and calls itself by the public one.
/// let policy = IssuerPolicy::ReachedAs { issuer: "https://login.example".into() };
/// assert_ne!(policy, IssuerPolicy::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IssuerPolicy {
    /// The one asked, character by character. This keeps a server from speaking for another (RFC 8414 section 6.2).
    #[default]
    Exact,
    /// For Microsoft Entra: asked for the tenant `common`, `organizations` or `consumers`, the document may name the issuer
    /// with `{tenantid}` in that place, or for `consumers` the tenant of personal accounts. Each token's issuer must then be
    /// compared with [`AuthorizationServer::token_issuer`].
    EntraTenant,
    /// The server is reached under another name than its own: the document must name exactly this issuer.
    ReachedAs {
        /// REQUIRED. The server's own name.
        issuer: String,
    },
}

/// Where an issuer's metadata may be: OpenID Connect's place first, then RFC 8414's, and for an issuer with a path the one where
/// RFC 8414 section 5 puts OpenID Connect's document.
///
/// # Errors
/// [`Error::Config`] when the issuer is not an absolute URL.
pub fn candidates(issuer: &str) -> Result<Vec<String>> {
    let mut places = vec![openid_configuration(issuer), oauth_authorization_server(issuer)?];
    let inserted = openid_configuration_inserted(issuer)?;
    if !places.contains(&inserted) {
        places.push(inserted);
    }
    Ok(places)
}

/// Asks for a metadata document (RFC 8414 section 3.1).
///
/// # Errors
/// [`Error::Config`] when the URL is none that can be asked.
pub fn request(url: &str) -> Result<Request<Bytes>> {
    let parsed = url::parse("the metadata document's URL", url)?;
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = parsed.as_str().parse().map_err(|_| {
        Error::config("the metadata document's URL can't be sent in a request", "give it as in https://as.example")
    })?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// Judges the answer to [`request`]: whether it is metadata, and that of the server that was asked for.
///
/// # Errors
/// - [`Error::Status`] for an error status; [`not_here`] tells whether to ask at the next place.
/// - [`Error::Rule`] when the answer is no metadata, or that of another issuer.
pub fn judge(response: &Response<Bytes>, asked: &Where, policy: &IssuerPolicy) -> Result<AuthorizationServer> {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        return Err(Error::Status(StatusError::new(STAGE, response).into()));
    }
    if status != StatusCode::OK {
        return Err(RuleViolation::new(STAGE, "the status is 200", "RFC 8414 section 3.2").got(status.as_u16()).into());
    }
    let server = AuthorizationServer::parse(response.body())?;
    let Some(issuer) = &server.issuer else {
        return Err(RuleViolation::new(STAGE, "the document names its issuer", "RFC 8414 section 2")
            .got("no issuer that is a string")
            .into());
    };
    // RFC 8414 section 3.3, OpenID Connect Discovery section 4.3: code point by code point, nothing made equal before.
    let (expected, is_right) = match (policy, asked) {
        (IssuerPolicy::ReachedAs { issuer: expected }, _)
        | (IssuerPolicy::Exact, Where::Issuer(expected) | Where::DocumentUrl { issuer: Some(expected), .. }) => {
            (expected, issuer == expected)
        }
        (IssuerPolicy::EntraTenant, Where::Issuer(expected) | Where::DocumentUrl { issuer: Some(expected), .. }) => {
            (expected, entra_names(issuer).any(|name| name == *expected))
        }
        (IssuerPolicy::Exact, Where::DocumentUrl { url, issuer: None }) => (url, is_published_at(issuer, url)),
        (IssuerPolicy::EntraTenant, Where::DocumentUrl { url, issuer: None }) => {
            (url, entra_names(issuer).any(|name| is_published_at(&name, url)))
        }
        // Whoever judges knows which issuer the identifier has led to.
        (_, Where::Person(identifier)) => (identifier, false),
    };
    if is_right { Ok(server) } else { Err(wrong_issuer(issuer, expected, asked, policy)) }
}

/// Whether an error of [`judge`] only says that the document is not at this place, so that the next may be asked.
pub fn not_here(error: &Error) -> bool {
    error.status() == Some(404)
}

/// The error when the document is [`not_here`] at any of the [`Where::urls`]: the last one's, with what to do.
pub fn nowhere(urls: &[String], last: Error) -> Error {
    let places: Vec<String> = urls.iter().map(|place| url::shown(place)).collect();
    match last {
        Error::Status(mut status) => {
            Arc::make_mut(&mut status).hint = Some(format!(
                "no metadata at {}: check the issuer; if the server has no discovery, give its endpoints literally",
                places.join(" nor at ")
            ));
            Error::Status(status)
        }
        other => other,
    }
}

/// Whether one of the issuer's well-known places is this very URL.
fn is_published_at(issuer: &str, url: &str) -> bool {
    openid_configuration(issuer) == url
        || candidates(issuer).is_ok_and(|places| places.iter().any(|place| place == url))
}

/// The issuers by which one that Entra publishes may be asked for; its own name is the first.
fn entra_names(issuer: &str) -> impl Iterator<Item = String> {
    // The tenant that all personal accounts share.
    const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    // A whole segment of the path: in the host's place it would make one of many hosts.
    let named = |from: &str, to: &str| {
        let from = format!("/{from}/");
        issuer.contains(&from).then(|| issuer.replacen(&from, &format!("/{to}/"), 1))
    };
    [
        Some(issuer.to_owned()),
        named(TENANT, "common"),
        named(TENANT, "organizations"),
        named(TENANT, "consumers"),
        named(PERSONAL, "consumers"),
    ]
    .into_iter()
    .flatten()
}

fn wrong_issuer(issuer: &str, expected: &str, asked: &Where, policy: &IssuerPolicy) -> Error {
    let by_place =
        matches!(asked, Where::DocumentUrl { issuer: None, .. }) && !matches!(policy, IssuerPolicy::ReachedAs { .. });
    let violation = if by_place {
        RuleViolation::new(
            STAGE,
            "the document is at a well-known URL of the issuer it names",
            "RFC 8414 section 3.3, OpenID Connect Discovery section 4.3",
        )
        .expected(format_args!("an issuer published at {expected}"))
        .hint("if that issuer is the one you trust, name it beside the document's URL")
    } else {
        let hint = if issuer.contains(TENANT) {
            "for Microsoft Entra's common endpoints choose the policy EntraTenant".to_owned()
        } else if issuer.strip_suffix('/').unwrap_or(issuer) == expected.strip_suffix('/').unwrap_or(expected) {
            "the slash at the end counts; write the issuer as the server does".to_owned()
        } else {
            "if the server is right about its name, ask for that; if it is reached under another name on purpose, choose the policy ReachedAs"
                .to_owned()
        };
        RuleViolation::new(
            STAGE,
            "issuer is exactly the one asked for",
            "RFC 8414 section 3.3, OpenID Connect Discovery section 4.3",
        )
        .expected(expected)
        .hint(hint)
    };
    violation.got(issuer).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://as.example/tenant";

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    }

    fn named(issuer: &str) -> Response<Bytes> {
        answer(200, &serde_json::json!({"issuer": issuer}).to_string())
    }

    fn document(url: &str) -> Where {
        Where::DocumentUrl { url: url.to_owned(), issuer: None }
    }

    fn passes(issuer: &str, asked: &Where, policy: &IssuerPolicy) -> bool {
        judge(&named(issuer), asked, policy).is_ok()
    }

    #[test]
    fn the_request_is_a_plain_get_for_json() {
        let request = request("https://as.example/.well-known/openid-configuration").unwrap();
        assert_eq!(request.method(), "GET");
        assert_eq!(request.uri(), "https://as.example/.well-known/openid-configuration");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()["accept"], "application/json");
        assert!(request.body().is_empty());
        assert!(super::request("/relative").is_err());
    }

    #[test]
    fn openid_appends_and_oauth_inserts_in_this_order() {
        assert_eq!(
            Where::from(ISSUER).urls(false).unwrap(),
            [
                "https://as.example/tenant/.well-known/openid-configuration",
                "https://as.example/.well-known/oauth-authorization-server/tenant",
                "https://as.example/.well-known/openid-configuration/tenant",
            ]
        );
        assert_eq!(candidates("https://as.example/").unwrap().len(), 2, "the last one is the first one");
    }

    #[test]
    fn only_https_is_asked_unless_at_this_machine_or_through_the_door() {
        for place in ["http://as.example", "http://as.example/.well-known/openid-configuration"] {
            assert_eq!(Where::from(place).urls(false).unwrap_err().code(), "configuration");
            assert!(Where::from(place).urls(true).is_ok());
        }
        assert!(Where::from("http://127.0.0.1:8080").urls(false).is_ok());
        for place in [
            "",
            "as.example",
            "ftp://as.example",
            "https://as.example?a=b",
            "https://as.example#a",
            "https://a:b@as.example",
            "https://as.example\u{10}",
        ] {
            assert!(Where::from(place).urls(true).is_err(), "{place}");
        }
    }

    #[test]
    fn the_issuer_equals_what_was_asked_character_by_character() {
        let asked = Where::from(ISSUER);
        assert!(passes(ISSUER, &asked, &IssuerPolicy::Exact));
        for other in [
            "https://as.example/tenant/",
            "https://AS.example/tenant",
            "https://as.example:443/tenant",
            "https://as.example/%74enant",
            "https://as.example",
            "https://evil.example/tenant",
            "",
        ] {
            let error = judge(&named(other), &asked, &IssuerPolicy::Exact).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.code(), "rule_violation");
            assert!(message.contains("RFC 8414 section 3.3") && message.contains(ISSUER), "{message}");
            assert!(message.contains(other), "{message}");
        }
    }

    #[test]
    fn a_document_without_an_issuer_is_refused() {
        for body in ["{}", r#"{"issuer":null}"#, r#"{"issuer":["https://as.example/tenant"]}"#] {
            let error = judge(&answer(200, body), &Where::from(ISSUER), &IssuerPolicy::Exact).unwrap_err();
            assert!(error.to_string().contains("names its issuer"), "{error}");
        }
    }

    #[test]
    fn a_document_url_alone_is_a_well_known_url_of_the_issuer_it_names() {
        for good in [
            "https://as.example/tenant/.well-known/openid-configuration",
            "https://as.example/.well-known/oauth-authorization-server/tenant",
        ] {
            assert!(passes(ISSUER, &document(good), &IssuerPolicy::Exact));
        }
        for bad in [
            "https://evil.example/tenant/.well-known/openid-configuration",
            "https://as.example/.well-known/openid-configuration",
            "https://as.example/tenant/.well-known/openid-configuration?x",
            "https://as.example/metadata.json",
        ] {
            let error = judge(&named(ISSUER), &document(bad), &IssuerPolicy::Exact).unwrap_err();
            assert!(error.hint().unwrap().contains("name it"), "{error}");
        }
        assert!(!passes("no URL", &document("https://as.example/x"), &IssuerPolicy::Exact));
    }

    #[test]
    fn a_document_url_with_an_issuer_may_be_anywhere() {
        let url = "https://cdn.example/metadata.json".to_owned();
        let asked = Where::DocumentUrl { url, issuer: Some(ISSUER.to_owned()) };
        assert!(passes(ISSUER, &asked, &IssuerPolicy::Exact));
        assert!(!passes("https://cdn.example", &asked, &IssuerPolicy::Exact));
    }

    #[test]
    fn a_server_reached_under_another_name_says_exactly_its_own() {
        let policy = IssuerPolicy::ReachedAs { issuer: ISSUER.to_owned() };
        for asked in [Where::from("http://127.0.0.1:9000"), document("https://x.example/.well-known/y")] {
            assert!(passes(ISSUER, &asked, &policy));
            assert!(!passes("http://127.0.0.1:9000", &asked, &policy));
        }
    }

    #[test]
    fn entra_may_name_a_template_for_its_many_tenant_endpoints_and_nothing_else() {
        let base = "https://login.microsoftonline.com";
        let template = format!("{base}/{{tenantid}}/v2.0");
        let personal = format!("{base}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0");
        let policy = IssuerPolicy::EntraTenant;
        for tenant in ["common", "organizations", "consumers"] {
            let asked = Where::Issuer(format!("{base}/{tenant}/v2.0"));
            assert!(passes(&template, &asked, &policy), "{tenant}");
            assert!(!passes(&template, &asked, &IssuerPolicy::Exact), "{tenant}");
            assert_eq!(passes(&personal, &asked, &policy), tenant == "consumers");
            let url = document(&format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"));
            assert!(passes(&template, &url, &policy), "{tenant}");
            assert!(!passes(&template, &url, &IssuerPolicy::Exact), "{tenant}");
            assert!(!passes("https://evil.example/{tenantid}/v2.0", &asked, &policy));
            assert!(!passes(&format!("{base}/evil/v2.0"), &asked, &policy));
        }
        let one = "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0";
        assert!(passes(one, &Where::from(one), &policy));
        assert!(!passes(&template, &Where::from(one), &policy));
        assert!(!passes("https://{tenantid}.example/v2.0", &Where::from("https://common.example/v2.0"), &policy));
        let server = judge(&named(&template), &Where::Issuer(format!("{base}/common/v2.0")), &policy).unwrap();
        assert!(server.issuer_is_template());
    }

    #[test]
    fn only_404_sends_to_the_next_place() {
        for status in [404, 400, 401, 403, 410, 429, 500, 503] {
            let error = judge(&answer(status, ""), &Where::from(ISSUER), &IssuerPolicy::Exact).unwrap_err();
            assert_eq!(not_here(&error), status == 404);
            assert_eq!(error.status(), Some(status));
        }
        let last = judge(&answer(404, ""), &Where::from(ISSUER), &IssuerPolicy::Exact).unwrap_err();
        let error = nowhere(&Where::from("https://as.example").urls(false).unwrap(), last);
        assert_eq!(error.status(), Some(404));
        assert!(error.to_string().contains("openid-configuration nor at https://as.example/.well-known/oauth"));
    }

    #[test]
    fn what_is_no_metadata_is_refused_with_what_came() {
        for (status, body, got) in [
            (302, "", "got 302"),
            (204, "", "got 204"),
            (200, "<!doctype html>", "HTML"),
            (200, "[]", "no JSON object"),
            (200, r#"{"issuer":"a","issuer":"b"}"#, "twice"),
        ] {
            let error = judge(&answer(status, body), &Where::from(ISSUER), &IssuerPolicy::Exact).unwrap_err();
            assert!(!not_here(&error));
            assert!(error.to_string().contains(got), "{error}");
        }
    }
}
