//! Protected resource metadata: [RFC 9728](https://www.rfc-editor.org/rfc/rfc9728). An API says which authorization server its
//! tokens come from, and the caller says which of these may be used.

use crate::Scope;
use crate::authorization::step_up::{NEVER_ADDED, is_plain};
use crate::endpoint::discovery::Where;
use crate::error::{Error, Excerpt, Result, RuleViolation, StatusError, TransportErrorKind};
use crate::metadata::reader::fault;
use crate::metadata::{AuthorizationServer, ProtectedResource};
use crate::ports::{Http, Limits, ParsedUrl, PublicOnly, Request};
use crate::wire::{self, address, www_authenticate};
use ::url::Url;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;
use std::time::Duration;

const STAGE: &str = "protected resource metadata";
/// A document that says more than this says something else.
const LIMITS: Limits = Limits { body: 64 * 1024, total: Some(Duration::from_secs(10)) };

/// Where a resource's metadata are: the suffix inserted between host and path, a query kept (RFC 9728 section 3.1).
///
/// ```
/// use grantee_core::endpoint::protected_resource::well_known;
/// assert_eq!(
///     well_known("https://api.example/v1?tenant=7")?,
///     "https://api.example/.well-known/oauth-protected-resource/v1?tenant=7"
/// );
/// # Ok::<(), grantee_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Config`] when the resource is not an absolute URL, or has a fragment.
pub fn well_known(resource: &str) -> Result<String> {
    let url = resource_url(resource)?;
    let path = if url.path() == "/" { "" } else { url.path() };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{}/.well-known/oauth-protected-resource{path}{query}", wire::url::origin(&url)))
}

/// Which authorization servers an API may send the program to: without this, every API would choose whom the program trusts.
///
/// ```
/// use grantee_core::endpoint::protected_resource::Trust;
/// let one = Trust::issuers(["https://as.example"]);
/// let ours = Trust::when(|issuer| issuer.starts_with("https://login.example/"));
/// ```
#[derive(Clone)]
pub struct Trust(Arc<dyn Fn(&str) -> bool + Send + Sync>, Named);

/// Whether the caller has named the servers, or judges what an API names.
#[derive(Clone, Copy, PartialEq)]
enum Named {
    ByCaller,
    ByResource,
}

impl Trust {
    /// These issuers, character by character.
    pub fn issuers(issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let issuers: Vec<String> = issuers.into_iter().map(Into::into).collect();
        Self(Arc::new(move |issuer| issuers.iter().any(|trusted| trusted == issuer)), Named::ByCaller)
    }

    /// Those that the function says yes to. It is asked about what an API names, in the order it names them, so it decides on a
    /// stranger's text: one that says yes to all lets an API send the person to any login page, and this program's client to any
    /// server. Issuers at addresses that are not public it is not asked about, unless the lookup allows them.
    pub fn when(trusted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(trusted), Named::ByResource)
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust(..)")
    }
}

/// How `resource` in the metadata must agree with the URL that was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourcePolicy {
    /// Character by character (RFC 9728 section 3.3).
    #[default]
    Exact,
    /// Also one of the same origin whose path leads to the URL's, for APIs that describe themselves as a whole: a client that
    /// asks for `https://api.example/v1/orders` then takes `https://api.example/v1` and `https://api.example`. Where the metadata
    /// are not at the URL's own well-known place, that of the origin is asked too. Who shares a host with others chooses
    /// [`Exact`](Self::Exact).
    SameOriginPathPrefix,
}

/// Finds the authorization server of an API.
///
/// ```
/// use grantee_core::endpoint::protected_resource::{ResourceLookup, ResourcePolicy, Trust};
/// let lookup = ResourceLookup::new("https://api.example/mcp", Trust::issuers(["https://as.example"]))
///     .policy(ResourcePolicy::SameOriginPathPrefix);
/// assert_eq!(lookup.urls()?, [
///     "https://api.example/.well-known/oauth-protected-resource/mcp",
///     "https://api.example/.well-known/oauth-protected-resource",
/// ]);
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ResourceLookup {
    resource: String,
    trust: Trust,
    policy: ResourcePolicy,
    challenged: Challenged,
    allow_private_addresses: bool,
    allow_http: bool,
}

/// What a challenge said.
#[derive(Debug, Clone, Default)]
struct Challenged {
    resource_metadata: Option<String>,
    scope: Option<Scope>,
}

impl ResourceLookup {
    /// For the API at this URL. What it says is believed only about itself, and its servers are used only where `trust` has them.
    pub fn new(resource: impl Into<String>, trust: Trust) -> Self {
        Self {
            resource: resource.into(),
            trust,
            policy: ResourcePolicy::default(),
            challenged: Challenged::default(),
            allow_private_addresses: false,
            allow_http: false,
        }
    }

    /// After a 401 of that URL: its challenge may say where the metadata are (RFC 9728 section 5.1), and which scope a token needs.
    pub fn challenged_by(mut self, headers: &HeaderMap) -> Self {
        let challenges = www_authenticate::parse(headers);
        // Any scheme may say so (section 5.1).
        let saying = challenges.iter().find(|challenge| challenge.param("resource_metadata").is_some());
        let scoped = saying.or_else(|| challenges.iter().find(|challenge| challenge.param("scope").is_some()));
        self.challenged = Challenged {
            resource_metadata: saying.and_then(|challenge| challenge.param("resource_metadata")).map(str::to_owned),
            scope: scoped
                .and_then(|challenge| challenge.param("scope"))
                .map(Scope::from)
                .filter(|scope| !scope.is_empty()),
        };
        self
    }

    /// As [`challenged_by`](Self::challenged_by), from the error that a call ended with.
    ///
    /// # Errors
    /// [`Error::Config`] for an error that is no answer of an API.
    pub fn challenged_by_error(self, error: &Error) -> Result<Self> {
        match error {
            Error::Status(error) => Ok(self.challenged_by(&error.headers)),
            Error::Insufficient(error) => Ok(self.challenged_by(&error.headers)),
            Error::Server(error) => Ok(self.challenged_by(&error.headers)),
            _ => Err(Error::config(
                "the error is no answer of an API, so no challenge came with it",
                "hand over the error of a call that was answered 401",
            )),
        }
    }

    /// How `resource` must agree with the URL; exactly, unless this says otherwise.
    pub fn policy(mut self, policy: ResourcePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Lets documents be fetched from loopback, private and other local addresses: for tests and for intranets. An API can then
    /// have this program ask any machine it can reach.
    pub fn allow_private_addresses(mut self) -> Self {
        self.allow_private_addresses = true;
        self
    }

    /// Lets documents be fetched by plain http, as the client's danger door does.
    #[doc(hidden)]
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// The URLs to ask, the next only where the one before answers 404.
    ///
    /// # Errors
    /// [`Error::Config`] when the resource is no URL for it.
    pub fn urls(&self) -> Result<Vec<String>> {
        resource_url(&self.resource)?;
        if let Some(url) = &self.challenged.resource_metadata {
            return Ok(vec![url.clone()]);
        }
        let mut urls = vec![well_known(&self.resource)?];
        if self.policy == ResourcePolicy::SameOriginPathPrefix {
            let of_origin = well_known(&wire::url::origin(&resource_url(&self.resource)?))?;
            if !urls.contains(&of_origin) {
                urls.push(of_origin);
            }
        }
        Ok(urls)
    }

    /// A request for the document at one of the [`urls`](Self::urls): bounded in size and time, and for public addresses alone.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that may not be asked, [`Error::Transport`] for an address that is not public.
    pub fn request(&self, url: &str) -> Result<Request> {
        const WHAT: &str = "the resource_metadata URL";
        if let Some(fault) = fault(url) {
            return Err(Error::config(format!("{WHAT}: {fault}"), "the API names it: tell its operators"));
        }
        let url = wire::url::parse(WHAT, url)?;
        // Whoever can change the document on its way chooses the authorization server.
        wire::url::confidential(WHAT, &url, self.allow_http)?;
        let mut request = http::Request::new(Bytes::new());
        if !self.allow_private_addresses {
            address::refuse_private(&url).map_err(staged)?;
            request.extensions_mut().insert(PublicOnly);
        }
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| Error::config(format!("{WHAT} is not one that HTTP can carry"), "look at the API's answer"))?;
        request.extensions_mut().insert(LIMITS);
        request.extensions_mut().insert(ParsedUrl(url));
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    /// Judges the document: whether it is this API's, and which of its servers may be used.
    ///
    /// # Errors
    /// - [`Error::Status`] for an error status.
    /// - [`Error::Rule`] when the answer is no metadata, or that of another resource, or names no server.
    /// - [`Error::Untrusted`] when none of the servers it names may be used; it names them.
    pub fn judge(&self, answer: &http::Response<Bytes>) -> Result<FoundResource> {
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(Error::Status(StatusError::new(STAGE, answer).into()));
        }
        if status != StatusCode::OK {
            let broken = RuleViolation::new(STAGE, "the status is 200", "RFC 9728 section 3.2");
            return Err(broken.got(status.as_u16()).into());
        }
        let metadata = ProtectedResource::parse(answer.body())?;
        let named = metadata.resource.as_deref().unwrap_or_default();
        if !self.is_about(named) {
            let mut broken =
                RuleViolation::new(STAGE, "resource is the URL that was asked for", "RFC 9728 section 3.3")
                    .expected(&self.resource)
                    .got(if named.is_empty() { "no resource that is a string" } else { named });
            if self.policy == ResourcePolicy::Exact && leads_to(named, &self.resource) {
                broken = broken.hint("if the API describes itself as a whole, choose the policy SameOriginPathPrefix");
            }
            return Err(broken.into());
        }
        let issuer = self.issuer(&metadata)?;
        let named_scope: Scope = match &self.challenged.scope {
            Some(scope) => scope.clone(),
            None => metadata.scopes_supported.iter().flatten().collect(),
        };
        // As in a challenge that asks for more, who the person is and access while they are away are not an API's to want.
        let wanted = |token: &&str| is_plain(token) && !NEVER_ADDED.contains(token);
        let scope = named_scope.iter().filter(wanted).take(MOST_SCOPES).collect();
        Ok(FoundResource { resource: named.to_owned(), issuer, scope, metadata })
    }

    fn is_about(&self, named: &str) -> bool {
        named == self.resource || self.policy == ResourcePolicy::SameOriginPathPrefix && leads_to(named, &self.resource)
    }

    fn issuer(&self, metadata: &ProtectedResource) -> Result<String> {
        let named = metadata.authorization_servers.as_deref().unwrap_or_default();
        if named.is_empty() {
            return Err(RuleViolation::new(STAGE, "the metadata name an authorization server", "RFC 9728 section 2")
                .expected("authorization_servers")
                .got("none")
                .hint("the API does not say where its tokens come from: give the issuer yourself")
                .into());
        }
        let Trust(trusted, by) = &self.trust;
        let usable = |issuer: &&String| {
            let Ok(url) = Url::parse(issuer) else { return false };
            // RFC 8414 section 2: an issuer has no query.
            fault(issuer).is_none()
                && url.query().is_none()
                && wire::url::confidential("the issuer", &url, self.allow_http).is_ok()
                && (*by == Named::ByCaller || self.allow_private_addresses || address::refuse_private(&url).is_ok())
        };
        match named.iter().take(MOST_SERVERS).filter(usable).find(|issuer| trusted(issuer)) {
            Some(issuer) => Ok(issuer.clone()),
            None => Err(Error::Untrusted(Arc::new(UntrustedIssuer {
                resource: self.resource.clone(),
                issuers: named.iter().take(MOST_SERVERS).cloned().collect(),
            }))),
        }
    }

    /// Finds it.
    ///
    /// # Errors
    /// As [`request`](Self::request) and [`judge`](Self::judge); [`Error::Transport`] where no answer came, with
    /// [`NotPublic`](TransportErrorKind::NotPublic) where the API wanted a local address asked.
    pub async fn find(&self, http: &dyn Http) -> Result<FoundResource> {
        let outcome = self.ask(http).await;
        let told = match &outcome {
            Ok(found) => found.issuer.as_str(),
            Err(error) => error.code(),
        };
        tracing::info!(resource = wire::url::shown(&self.resource), outcome = %Excerpt(told), "protected resource metadata");
        outcome
    }

    async fn ask(&self, http: &dyn Http) -> Result<FoundResource> {
        let mut last = Error::config("no place to look for metadata", "give the API's URL");
        for url in self.urls()? {
            match self.judge(&send(http, self.request(&url)?).await?) {
                Err(error) if error.status() == Some(404) => last = error,
                outcome => return outcome,
            }
        }
        Err(last)
    }
}

/// The most servers of one API that are looked at.
const MOST_SERVERS: usize = 32;
/// The most scope tokens of one API that are asked for: more than any real API knows.
const MOST_SCOPES: usize = 256;

async fn send(http: &dyn Http, request: Request) -> Result<http::Response<Bytes>> {
    let asked = request.uri().clone();
    let response = http.send(request).await.map_err(staged)?;
    if !crate::client::same_url(&asked, &response.url) {
        return Err(RuleViolation::new(STAGE, "the answer comes from the URL that was asked", "RFC 9728 section 3.1")
            .expected(wire::url::shown(&asked.to_string()))
            .got(wire::url::shown(&response.url))
            .hint("the HTTP client followed a redirect: hand over one that follows none")
            .into());
    }
    Ok(response.http)
}

fn staged(mut error: crate::error::TransportError) -> Error {
    error.stage = STAGE;
    if error.kind == TransportErrorKind::NotPublic {
        error.message.push_str("; allow_private_addresses() lets the lookup go there");
    }
    Error::Transport(error)
}

fn resource_url(resource: &str) -> Result<Url> {
    if let Some(fault) = fault(resource) {
        return Err(Error::config(
            format!("the resource {}: {fault}", Excerpt(&wire::url::shown(resource))),
            "give the API's URL, as in https://api.example/v1 (RFC 9728 section 1.2)",
        ));
    }
    wire::url::parse("the resource", resource)
}

/// Whether one resource's path is the start of a URL's, at the same origin.
fn leads_to(resource: &str, url: &str) -> bool {
    let (Ok(parsed), Ok(url)) = (Url::parse(resource), Url::parse(url)) else { return false };
    // A path with dots in it, which the parser takes out, is no path to compare.
    let as_written = resource == parsed.as_str() || format!("{resource}/") == parsed.as_str();
    let path = parsed.path().strip_suffix('/').unwrap_or(parsed.path());
    let rest = url.path().strip_prefix(path);
    as_written
        && fault(resource).is_none()
        && parsed.origin() == url.origin()
        && parsed.query().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What an API says about itself, with a server that the caller trusts.
///
/// [`Where`] is made of it for a client of that server. Tokens are then asked for with `resource` and `scope`, so that a token for
/// this API is good at no other (RFC 9728 section 7.4): `ClientCredentials::new().resource(&found.resource).scope(&found.scope)`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundResource {
    /// The API's name, as `resource` of token and authorization requests (RFC 8707).
    pub resource: String,
    /// The server to get tokens from.
    pub issuer: String,
    /// The scope to ask for: that of the challenge, else all of `scopes_supported`, as clients of the Model Context Protocol choose
    /// it. Who knows what is needed asks for less (RFC 9728 section 7.2). Without `openid` and `offline_access`, which are the
    /// program's to ask for, and what is no scope token.
    pub scope: Scope,
    /// All that the API says.
    pub metadata: ProtectedResource,
}

impl FoundResource {
    /// Whether the server knows this API, where its metadata list those it knows: a check of both against each other, for
    /// ecosystems whose servers list them all.
    ///
    /// # Errors
    /// [`Error::Rule`] when there is a list, and the API is not in it.
    pub fn check_listed(&self, server: &AuthorizationServer) -> Result<()> {
        match &server.protected_resources {
            Some(listed) if !listed.contains(&self.resource) => Err(RuleViolation::new(
                STAGE,
                "the server lists the resource among its protected_resources",
                "RFC 9728 section 4",
            )
            .expected(&self.resource)
            .got(listed.join(" "))
            .into()),
            _ => Ok(()),
        }
    }
}

impl From<&FoundResource> for Where {
    fn from(found: &FoundResource) -> Self {
        Self::Issuer(found.issuer.clone())
    }
}

/// An API names authorization servers of which the caller trusts none, so nothing was sent to any (RFC 9728 section 7.6).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UntrustedIssuer {
    /// The API that was asked for.
    pub resource: String,
    /// The issuers that it names, as it writes them.
    pub issuers: Vec<String>,
}

impl std::error::Error for UntrustedIssuer {}

impl std::fmt::Display for UntrustedIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (resource, issuers) = (wire::url::shown(&self.resource), self.issuers.join(" "));
        write!(
            f,
            "the api {} names authorization servers that are not trusted: {} (hint: if one of them is right, name it among the trusted issuers, RFC 9728 section 7.6)",
            Excerpt(&resource),
            Excerpt(&issuers)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_segments_of_the_same_origin() {
        let url = "https://api.example/v1/orders?x=1";
        for good in [
            "https://api.example",
            "https://api.example/",
            "https://api.example/v1",
            "https://api.example/v1/",
            "https://api.example/v1/orders",
        ] {
            assert!(leads_to(good, url), "{good}");
        }
        for bad in [
            "https://api.example/v",
            "https://api.example/v1/orders/7",
            "https://api.example/v2",
            "https://api.example:8443/v1",
            "http://api.example/v1",
            "https://evil.example/v1",
            "https://api.example/v1?x=1",
            "https://api.example/v1#x",
            "https://api.example/x/../v1",
            "https://u@api.example/v1",
            "",
            "v1",
        ] {
            assert!(!leads_to(bad, url), "{bad}");
        }
    }

    #[test]
    fn the_resource_is_a_url_without_fragment() {
        for bad in ["", "api.example", "https://api.example/#x", "https://u:p@api.example", "file:///x"] {
            assert_eq!(well_known(bad).unwrap_err().code(), "configuration", "{bad}");
        }
    }
}
