//! The async API client: one base URL, one way to authenticate, many paths.

mod base;
mod conversation;
pub(crate) mod methods;
mod pairs;
mod path;
mod response;

pub(crate) use base::Base;
pub(crate) use conversation::{Api, Authentication, Draft, EditAsync, EditInPlace, header};
pub(crate) use pairs::pair;
pub use pairs::{Booleans, NoneFields};
pub use path::Path;
pub use response::ApiResponse;

use crate::http::HttpSettings;
use crate::http::reqwest::ReqwestHttp;
use crate::session::{CallbackError, Session, SessionBuilder};
use grantee_core::Result;
use grantee_core::ports::{Http, Request};
use methods::{api_builder_methods, api_client_methods, api_danger_methods, api_request_methods};
use std::sync::Arc;

/// An API below one base URL. Cheap to clone; clones share connections and token.
///
/// Made by [`Session::api`], it sends that session's token, renews it when due, and after a 401 that rejects it once more.
/// Made by [`ApiClient::new`], it authenticates by other means or not at all.
///
/// No path leads out of the base URL: see [`Path`]. Redirects are answers like any other and never followed, so what proves
/// who asks never goes to another origin. An error status is an error, unless you say otherwise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::start(); let (issuer, base) = (server.issuer(), server.url("/api"));
/// # #[derive(serde::Deserialize)] struct Order { path: String }
/// # struct Shop { orders: grantee::ApiClient }
/// use grantee::{Client, ClientCredentials};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let api = client.session(ClientCredentials::new().scope("orders")).api(&base)?;
///
/// let order: Order = api.get(("orders", 1234)).query("expand", ["items", "customer"]).send().await?.json()?;
/// # assert_eq!(order.path, "/api/orders/1234");
/// let shop = Shop { orders: api.sub("orders")? };
/// shop.orders.post("").json(&serde_json::json!({"item": 7})).send().await?;
/// assert!(shop.orders.get("../status/500").send().await.is_err(), "refused, and not sent");
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

    /// As [`authenticate_with`](Self::authenticate_with), awaiting what the function returns: a source of your own.
    #[must_use]
    pub fn authenticate_with_async<F, R>(self, edit: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Request, CallbackError>> + Send + 'static,
    {
        self.authenticated(Authentication::Edit(Arc::new(EditAsync(edit))))
    }

    /// The HTTP client underneath, to send what this one can't. Of one of your own, [`ReqwestHttp::client`] is the rest.
    pub fn http(&self) -> &dyn Http {
        &*self.api.http
    }
}

/// A request to an API. Nothing happens until it is [sent](Self::send).
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// use grantee::ApiClient;
///
/// let api = ApiClient::new("https://api.example/v1")?;
/// let request = api.get("orders").query("open", true).query("tag", ["a", "b"]).query("after", None::<&str>).build()?;
/// assert_eq!(request.uri(), "https://api.example/v1/orders?open=true&tag=a&tag=b");
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
    pub async fn send(self) -> Result<ApiResponse> {
        self.draft.send(&self.api).await
    }
}

/// Makes an [`ApiClient`] that needs no session: [`ApiClient::builder`].
#[derive(Clone)]
#[must_use]
pub struct ApiClientBuilder {
    base: String,
    http: HttpSettings,
    own_http: Option<Arc<dyn Http>>,
    allow_http: bool,
}

impl ApiClientBuilder {
    api_builder_methods!();

    /// Sends everything by this HTTP client, in the place of one made from the settings here.
    pub fn http(mut self, http: impl Http + 'static) -> Self {
        self.own_http = Some(Arc::new(http));
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
            None => ReqwestHttp::port(&self.http)?,
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
