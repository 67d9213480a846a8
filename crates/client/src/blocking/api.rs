//! The blocking API client.

use super::ports::{Http, WhenPolled};
use super::runtime::block_on;
use super::session::{Session, SessionBuilder};
use crate::api::methods::{api_builder_methods, api_client_methods, api_danger_methods, api_request_methods};
use crate::api::{Api, ApiResponse, Base, Draft};
use crate::http::HttpSettings;
use crate::http::ureq::UreqHttp;
use grantee_core::Result;
use grantee_core::error::TransportError;
use grantee_core::ports::{Request, Response};
use std::sync::Arc;

/// An API below one base URL. Cheap to clone; clones share connections and token.
///
/// Made by [`Session::api`], it sends that session's token, renews it when due, and after a 401 that rejects it once more.
/// Made by [`ApiClient::new`], it authenticates by other means or not at all.
///
/// No path leads out of the base URL: see [`Path`](crate::Path). Redirects are answers like any other and never followed, so
/// what proves who asks never goes to another origin. An error status is an error, unless you say otherwise.
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::start(); let (issuer, base) = (server.issuer(), server.url("/api"));
/// use grantee::{ClientCredentials, blocking::Client};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let api = client.session(ClientCredentials::new().scope("orders")).api(&base)?;
/// assert!(api.get(["orders", "open"]).send()?.text()?.contains("/api/orders/open"));
///
/// let error = api.get("status/404").send().unwrap_err();
/// assert_eq!(error.status(), Some(404));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ApiClient {
    api: Arc<Api>,
    session: Option<Session>,
}

impl ApiClient {
    api_client_methods!();

    pub(crate) fn http_port(&self) -> &dyn grantee_core::ports::Http {
        &*self.api.http
    }

    pub(crate) fn allows_http(&self) -> bool {
        self.api.allow_http
    }

    /// The HTTP client underneath, to send what this one can't. Of one of your own, [`UreqHttp::agent`] is the rest.
    pub fn http(&self) -> impl Http + '_ {
        Underneath(&*self.api.http)
    }
}

struct Underneath<'a>(&'a dyn grantee_core::ports::Http);

impl Http for Underneath<'_> {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        block_on(self.0.send(request))
    }
}

/// A request to an API. Nothing happens until it is [sent](Self::send).
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// use grantee::blocking::ApiClient;
///
/// let api = ApiClient::new("https://api.example/v1")?;
/// let request = api.post("orders").form([("item", "7"), ("note", "a b")]).build()?;
/// assert_eq!((request.uri(), &request.body()[..]), (&"https://api.example/v1/orders".parse().unwrap(), &b"item=7&note=a+b"[..]));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until send()"]
pub struct ApiRequest {
    api: Arc<Api>,
    draft: Draft,
}

impl ApiRequest {
    api_request_methods!();

    /// Sends it.
    ///
    /// # Errors
    /// [`Error::Status`](crate::Error::Status), with status, headers and body, for an error status;
    /// [`Error::Insufficient`](crate::Error::Insufficient) when the API asks for more than the token has; otherwise why there is
    /// no token, no request or no answer.
    pub fn send(self) -> Result<ApiResponse> {
        block_on(self.draft.send(&self.api))
    }
}

/// Makes an [`ApiClient`] that needs no session: [`ApiClient::builder`].
#[derive(Clone)]
#[must_use]
pub struct ApiClientBuilder {
    base: String,
    http: HttpSettings,
    own_http: Option<Arc<dyn grantee_core::ports::Http>>,
    allow_http: bool,
}

impl ApiClientBuilder {
    api_builder_methods!();

    /// Sends everything by this HTTP client, in the place of one made from the settings here.
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.own_http = Some(Arc::new(WhenPolled(http)));
        self
    }

    /// The API client. Fetches nothing.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the base is none, or the settings can't work.
    pub fn build(self) -> Result<ApiClient> {
        let base = Base::parse(&self.base)?;
        let http = match self.own_http {
            Some(http) => http,
            None => UreqHttp::port(&self.http)?,
        };
        Ok(ApiClient { api: Arc::new(Api::new(base, http, self.allow_http)), session: None })
    }
}

impl std::fmt::Debug for ApiClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiClientBuilder").finish_non_exhaustive()
    }
}

/// The door to what is weaker than it should be.
#[derive(Debug)]
#[must_use]
pub struct ApiDanger(ApiClientBuilder);

impl ApiDanger {
    api_danger_methods!();
}

impl Session {
    /// An API below this base URL that is asked with this session's token.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when it is no base URL, or plain http to another machine.
    pub fn api(&self, base: &str) -> Result<ApiClient> {
        let api = Api::of_source(base, self.source(), self.placement())?;
        Ok(ApiClient { api: Arc::new(api), session: Some(self.clone()) })
    }
}

impl SessionBuilder {
    /// The session's API client: [`build`](Self::build) and [`Session::api`] in one.
    ///
    /// # Errors
    /// As those two.
    pub fn api(self, base: &str) -> Result<ApiClient> {
        self.build()?.api(base)
    }
}
