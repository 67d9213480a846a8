//! What both faces' API clients are underneath: settings, a request under construction, the call, the judgement.

use super::ApiResponse;
use super::base::Base;
use super::pairs::{Rules, pair, pairs};
use super::path::Path;
use crate::session::CallbackError;
use bytes::Bytes;
use grantee_core::error::StatusError;
use grantee_core::ports::{BoxFuture, Http, Limits, Request};
use grantee_core::session::Source;
use grantee_core::session::call::{Placement, STAGE, call, exchange, insufficient};
use grantee_core::{Error, Params, Result, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// An API's answers may be larger than those of protocol endpoints, which have 1 MiB.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// An API: where it is, who asks, how. Settings are copied when they are changed.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) base: Base,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) allow_http: bool,
    pub(crate) authentication: Authentication,
    pub(crate) query: Params,
    pub(crate) headers: HeaderMap,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) error_for_status: bool,
}

/// Who asks.
#[derive(Clone)]
pub(crate) enum Authentication {
    None,
    Basic(HeaderValue),
    Bearer(HeaderValue),
    Edit(Arc<dyn Edit>),
    Source(Source, Placement),
}

/// A program's own authentication.
pub(crate) trait Edit: Send + Sync {
    fn edit(&self, request: Request) -> BoxFuture<'_, Result<Request, CallbackError>>;
}

pub(crate) struct EditInPlace<F>(pub(crate) F);

impl<F> Edit for EditInPlace<F>
where
    F: Fn(&mut Request) -> Result<(), CallbackError> + Send + Sync,
{
    fn edit(&self, mut request: Request) -> BoxFuture<'_, Result<Request, CallbackError>> {
        Box::pin(async move { (self.0)(&mut request).map(|()| request) })
    }
}

pub(crate) struct EditAsync<F>(pub(crate) F);

impl<F, R> Edit for EditAsync<F>
where
    F: Fn(Request) -> R + Send + Sync,
    R: Future<Output = Result<Request, CallbackError>> + Send,
{
    fn edit(&self, request: Request) -> BoxFuture<'_, Result<Request, CallbackError>> {
        Box::pin(async move { (self.0)(request).await })
    }
}

impl Authentication {
    /// HTTP Basic (RFC 7617 section 2), in UTF-8.
    pub(crate) fn basic(user: &str, password: &Secret) -> Result<Self> {
        // RFC 7617 section 2: the first colon ends the user name.
        if user.contains(':') || user.chars().chain(password.reveal().chars()).any(char::is_control) {
            return Err(Error::config(
                "a user name with a colon, or a control character, can't be sent",
                "RFC 7617 section 2 has no way to write it",
            ));
        }
        let pair = format!("{user}:{}", password.reveal());
        Ok(Self::Basic(sensitive(format!("Basic {}", grantee_jose::base64url::encode_standard(pair)))?))
    }

    /// A Bearer token that stays as it is (RFC 6750 section 2.1).
    pub(crate) fn bearer(token: &Secret) -> Result<Self> {
        let token = token.reveal();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "the token has characters that no Bearer header can carry",
                "RFC 6750 section 2.1 allows visible ASCII",
            ));
        }
        Ok(Self::Bearer(sensitive(format!("Bearer {token}"))?))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic(_) => "basic",
            Self::Bearer(_) => "bearer",
            Self::Edit(_) => "own",
            Self::Source(..) => "session",
        }
    }
}

fn sensitive(text: String) -> Result<HeaderValue> {
    let mut header = HeaderValue::from_maybe_shared(Bytes::from(text))
        .map_err(|_| Error::config("the credentials make no header", "they may hold no control characters"))?;
    header.set_sensitive(true);
    Ok(header)
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiClient")
            .field("base", &self.base.as_str())
            .field("authentication", &self.authentication.name())
            .finish_non_exhaustive()
    }
}

impl Api {
    /// An API that is asked by nobody in particular.
    pub(crate) fn new(base: Base, http: Arc<dyn Http>, allow_http: bool) -> Self {
        Self {
            base,
            http,
            allow_http,
            authentication: Authentication::None,
            query: Params::new(),
            headers: HeaderMap::new(),
            rules: Rules::default(),
            limits: Limits { body: MAX_BODY, total: None },
            error_for_status: true,
        }
    }

    /// An API that is asked with a session's token.
    ///
    /// # Errors
    /// [`Error::Config`] when it is no base URL, or when the token could be read on its way there.
    pub(crate) fn of_source(base: &str, source: &Source, placement: Placement) -> Result<Self> {
        let base = Base::parse(base)?;
        let client = source.client();
        base.confidential(client.allows_http())?;
        let mut api = Self::new(base, Arc::clone(&client.ports().http), client.allows_http());
        api.authentication = Authentication::Source(source.clone(), placement);
        Ok(api)
    }

    async fn exchange(&self, request: Request) -> Result<http::Response<Bytes>> {
        match &self.authentication {
            Authentication::None => exchange(&*self.http, request).await,
            Authentication::Basic(header) => {
                let mut request = request;
                request.headers_mut().insert(AUTHORIZATION, header.clone());
                exchange(&*self.http, request).await
            }
            Authentication::Bearer(header) => {
                let mut request = request;
                request.headers_mut().insert(AUTHORIZATION, header.clone());
                let answer = exchange(&*self.http, request).await?;
                match insufficient(answer.status(), answer.headers()) {
                    Some(insufficient) => {
                        Err(Error::Insufficient(Arc::new(insufficient.with_body(answer.into_body()))))
                    }
                    None => Ok(answer),
                }
            }
            Authentication::Edit(edit) => {
                let asked = request.uri().clone();
                let edited = edit.edit(request).await;
                let request =
                    edited.map_err(|error| Error::Callback { what: "authenticate_with", source: error.into() })?;
                // A signature may go into the query; the host, and who may read it on the way, stay as they were judged.
                let (scheme, authority) = (request.uri().scheme(), request.uri().authority());
                if (scheme, authority) != (asked.scheme(), asked.authority()) {
                    return Err(Error::config(
                        "authenticate_with(…) moved the request to another origin",
                        "make an ApiClient for that origin",
                    ));
                }
                exchange(&*self.http, request).await
            }
            Authentication::Source(source, placement) => call(source, request, *placement).await,
        }
    }
}

/// A request under construction. The first thing that goes wrong is kept and told when it is sent.
#[derive(Clone)]
pub(crate) struct Draft {
    method: Method,
    path: Path,
    query: Params,
    headers: HeaderMap,
    body: Body,
    limits: Limits,
    rules: Rules,
    error_for_status: bool,
    failed: Option<Error>,
}

// Query, headers and body may hold anything.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest")
            .field("method", &self.method)
            .field("path", &self.path.to_string())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Body {
    Form(Params),
    Json(Bytes),
    Bytes(Bytes),
}

impl Draft {
    pub(crate) fn new(api: &Api, method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            query: api.query.clone(),
            headers: HeaderMap::new(),
            body: Body::Bytes(Bytes::new()),
            limits: api.limits,
            rules: api.rules,
            error_for_status: api.error_for_status,
            failed: None,
        }
    }

    fn note<T>(&mut self, outcome: Result<T>) -> Option<T> {
        outcome.map_err(|error| _ = self.failed.get_or_insert(error)).ok()
    }

    pub(crate) fn query(&mut self, name: &str, value: impl Serialize) {
        let more = self.note(pair(name, value, self.rules)).unwrap_or_default();
        self.query.append(more);
    }

    pub(crate) fn query_all(&mut self, fields: impl Serialize) {
        let more = self.note(pairs(fields, self.rules)).unwrap_or_default();
        self.query.append(more);
    }

    pub(crate) fn header(&mut self, header: Result<(HeaderName, HeaderValue)>) {
        if let Some((name, value)) = self.note(header) {
            self.headers.append(name, value);
        }
    }

    pub(crate) fn form(&mut self, fields: impl Serialize) {
        let more = self.note(pairs(fields, self.rules)).unwrap_or_default();
        match &mut self.body {
            Body::Form(form) => form.append(more),
            body => *body = Body::Form(more),
        }
    }

    pub(crate) fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        let json = serde_json::to_vec(value).map_err(|error| {
            Error::config(format!("the JSON body can't be made: {error}"), "look at the type's Serialize")
        });
        if let Some(json) = self.note(json) {
            self.body = Body::Json(json.into());
        }
    }

    pub(crate) fn body(&mut self, body: Bytes) {
        self.body = Body::Bytes(body);
    }

    pub(crate) fn timeout(&mut self, timeout: Duration) {
        self.limits.total = Some(timeout);
    }

    pub(crate) fn max_body(&mut self, bytes: usize) {
        self.limits.body = bytes;
    }

    pub(crate) fn error_for_status(&mut self, error: bool) {
        self.error_for_status = error;
    }

    /// The request without its authentication.
    pub(crate) fn into_request(self, api: &Api) -> Result<Request> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let uri = api.base.join(self.path, &self.query)?;
        let mut headers = self.headers;
        for name in api.headers.keys() {
            if !headers.contains_key(name) {
                for value in api.headers.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        let (kind, body) = match self.body {
            Body::Form(form) => (Some("application/x-www-form-urlencoded"), form.encode().into()),
            Body::Json(json) => (Some("application/json"), json),
            Body::Bytes(bytes) => (None, bytes),
        };
        if let Some(kind) = kind {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        let says_who = |name: &HeaderName| [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name);
        let secret = headers.iter().any(|(name, value)| says_who(name) || value.is_sensitive());
        if secret || !matches!(api.authentication, Authentication::None) {
            api.base.confidential(api.allow_http)?;
        }
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(self.limits);
        Ok(request)
    }

    pub(crate) async fn send(self, api: &Api) -> Result<ApiResponse> {
        let error_for_status = self.error_for_status;
        let request = self.into_request(api)?;
        let answer = api.exchange(request).await?;
        let status = answer.status();
        if error_for_status && (status.is_client_error() || status.is_server_error()) {
            return Err(Error::Status(Arc::new(StatusError::new(STAGE, &answer))));
        }
        Ok(ApiResponse::new(answer))
    }
}

/// A header from whatever a caller has.
///
/// # Errors
/// [`Error::Config`] when it is none.
pub(crate) fn header(
    name: impl TryInto<HeaderName>,
    value: impl TryInto<HeaderValue>,
) -> Result<(HeaderName, HeaderValue)> {
    let name = name
        .try_into()
        .map_err(|_| Error::config("a header's name has characters that none may have", "RFC 9110 section 5.1"))?;
    let value = value.try_into().map_err(|_| {
        Error::config(
            format!("the header {name} has a value that none may have"),
            "RFC 9110 section 5.5: no line breaks, no control characters",
        )
    })?;
    Ok((name, value))
}
