//! The methods that both faces' API clients and requests share, so that they can't differ.

/// Of an `ApiClient`, which has `api: Arc<Api>` and `session: Option<Session>`.
macro_rules! api_client_methods {
    () => {
        /// An API below this base URL that is asked without authentication, until [`basic`](Self::basic),
        /// [`bearer`](Self::bearer) or [`authenticate_with`](Self::authenticate_with) says otherwise. An API that takes OAuth
        /// tokens comes from `session.api(base)`.
        ///
        /// The base may be http; whatever proves who asks goes there only over https or to this machine. It has no query of
        /// its own: [`query`](Self::query) adds to all. Whether it ends with a slash does not matter.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) when it is no absolute http or https URL of a host and a path.
        pub fn new(base: &str) -> grantee_core::Result<Self> {
            Self::builder(base).build()
        }

        /// As [`new`](Self::new), with settings for the connection or an HTTP client of your own.
        pub fn builder(base: &str) -> ApiClientBuilder {
            ApiClientBuilder { base: base.to_owned(), http: Default::default(), own_http: None, allow_http: false }
        }

        /// The API below a path of this one, with the same session and settings.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) for a path that could lead out of the base.
        pub fn sub(&self, path: impl Into<$crate::Path>) -> grantee_core::Result<Self> {
            let base = self.api.base.sub(path.into())?;
            Ok(self.clone().with(|api| api.base = base))
        }

        /// Authenticates by HTTP Basic ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) for a user name with a colon, or a control character in either.
        pub fn basic(self, user: &str, password: impl Into<$crate::Secret>) -> grantee_core::Result<Self> {
            let basic = $crate::api::Authentication::basic(user, &password.into())?;
            Ok(self.authenticated(basic))
        }

        /// Authenticates by a Bearer token that never changes. A session's is renewed: `session.api(base)`.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) for a token that no header can carry.
        pub fn bearer(self, token: impl Into<$crate::Secret>) -> grantee_core::Result<Self> {
            let bearer = $crate::api::Authentication::bearer(&token.into())?;
            Ok(self.authenticated(bearer))
        }

        /// Authenticates by a function that edits each request just before it is sent: a signature, a key in a header. It may
        /// not move the request to another origin.
        #[must_use]
        pub fn authenticate_with<F>(self, edit: F) -> Self
        where
            F: Fn(&mut $crate::ports::Request) -> Result<(), $crate::CallbackError> + Send + Sync + 'static,
        {
            let edit = std::sync::Arc::new($crate::api::EditInPlace(edit));
            self.authenticated($crate::api::Authentication::Edit(edit))
        }

        /// Adds this to the query of every request, as in `query("api-version", 2)`.
        ///
        /// # Errors
        /// As [`ApiRequest::query`], here at once.
        pub fn query(self, name: &str, value: impl serde::Serialize) -> grantee_core::Result<Self> {
            let more = $crate::api::pair(name, value, self.api.rules)?;
            Ok(self.with(|api| api.query.append(more)))
        }

        /// Adds this header to every request that has none of that name. Mark a secret one sensitive
        /// ([`HeaderValue::set_sensitive`](http::HeaderValue::set_sensitive)), and it travels by https only.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) when it makes no header.
        pub fn header(
            self,
            name: impl TryInto<http::HeaderName>,
            value: impl TryInto<http::HeaderValue>,
        ) -> grantee_core::Result<Self> {
            let (name, value) = $crate::api::header(name, value)?;
            Ok(self.with(|api| _ = api.headers.append(name, value)))
        }

        /// Whether an error status is an error: it is, unless this says `false`. Each request can say otherwise.
        #[must_use]
        pub fn error_for_status(self, error: bool) -> Self {
            self.with(|api| api.error_for_status = error)
        }

        /// What becomes of `None` in queries and forms: left out, unless this says otherwise.
        #[must_use]
        pub fn none_fields(self, none_fields: $crate::NoneFields) -> Self {
            self.with(|api| api.rules.none_fields = none_fields)
        }

        /// How booleans are written in queries and forms: `true` and `false`, unless this says otherwise.
        #[must_use]
        pub fn booleans(self, booleans: $crate::Booleans) -> Self {
            self.with(|api| api.rules.booleans = booleans)
        }

        /// How many bytes an answer may have: 16 MiB by default. Each request can say otherwise.
        #[must_use]
        pub fn max_body(self, bytes: usize) -> Self {
            self.with(|api| api.limits.body = bytes)
        }

        /// How long a whole exchange may take; the HTTP client's own timeout by default. Each request can say otherwise.
        #[must_use]
        pub fn timeout(self, timeout: std::time::Duration) -> Self {
            self.with(|api| api.limits.total = Some(timeout))
        }

        /// The base URL, without a slash at its end.
        pub fn base(&self) -> &str {
            self.api.base.as_str()
        }

        /// The session whose token is sent, where there is one.
        pub fn session(&self) -> Option<&Session> {
            self.session.as_ref()
        }

        /// A `GET` of a path; see [`Path`](crate::Path) for what one is given as.
        pub fn get(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::GET, path)
        }

        /// A `POST` to a path.
        pub fn post(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::POST, path)
        }

        /// A `PUT` of a path.
        pub fn put(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::PUT, path)
        }

        /// A `PATCH` of a path.
        pub fn patch(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::PATCH, path)
        }

        /// A `DELETE` of a path.
        pub fn delete(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::DELETE, path)
        }

        /// A `HEAD` of a path.
        pub fn head(&self, path: impl Into<$crate::Path>) -> ApiRequest {
            self.request(http::Method::HEAD, path)
        }

        /// A request by any method.
        pub fn request(&self, method: http::Method, path: impl Into<$crate::Path>) -> ApiRequest {
            let draft = $crate::api::Draft::new(&self.api, method, path.into());
            ApiRequest { api: std::sync::Arc::clone(&self.api), draft }
        }

        fn authenticated(mut self, authentication: $crate::api::Authentication) -> Self {
            self.session = None;
            self.with(|api| api.authentication = authentication)
        }

        fn with(mut self, change: impl FnOnce(&mut $crate::api::Api)) -> Self {
            change(std::sync::Arc::make_mut(&mut self.api));
            self
        }
    };
}
pub(crate) use api_client_methods;

/// Of an `ApiRequest`, which has `api: Arc<Api>` and `draft: Draft`.
macro_rules! api_request_methods {
    () => {
        /// Adds to the query: a text, a number, a boolean; a list once for each item; `None` as
        /// [`none_fields`](ApiClient::none_fields) says.
        pub fn query(mut self, name: &str, value: impl serde::Serialize) -> Self {
            self.draft.query(name, value);
            self
        }

        /// Adds to the query if there is something, whatever [`none_fields`](ApiClient::none_fields) says.
        pub fn query_opt(self, name: &str, value: Option<impl serde::Serialize>) -> Self {
            match value {
                Some(value) => self.query(name, value),
                None => self,
            }
        }

        /// Adds to the query the fields of a struct, the entries of a map, or a list of pairs, in their order.
        pub fn query_all(mut self, fields: impl serde::Serialize) -> Self {
            self.draft.query_all(fields);
            self
        }

        /// Adds a header. It takes the place of the client's own of that name; what authenticates the request can't be replaced.
        pub fn header(mut self, name: impl TryInto<http::HeaderName>, value: impl TryInto<http::HeaderValue>) -> Self {
            self.draft.header($crate::api::header(name, value));
            self
        }

        /// Sends this value as JSON.
        pub fn json(mut self, value: &(impl serde::Serialize + ?Sized)) -> Self {
            self.draft.json(value);
            self
        }

        /// Sends a form of the fields of a struct, the entries of a map, or a list of pairs, in their order. A second call adds
        /// to the first.
        pub fn form(mut self, fields: impl serde::Serialize) -> Self {
            self.draft.form(fields);
            self
        }

        /// Sends these bytes; say by [`header`](Self::header) what they are.
        pub fn body(mut self, body: impl Into<bytes::Bytes>) -> Self {
            self.draft.body(body.into());
            self
        }

        /// How long the whole exchange may take.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.draft.timeout(timeout);
            self
        }

        /// How many bytes the answer may have.
        pub fn max_body(mut self, bytes: usize) -> Self {
            self.draft.max_body(bytes);
            self
        }

        /// Takes any status for an answer. (A challenge that names what the token lacks stays an error:
        /// [`Error::Insufficient`](crate::Error::Insufficient).)
        pub fn accept_error_status(self) -> Self {
            self.error_for_status(false)
        }

        /// Whether an error status is an error, whatever the client says.
        pub fn error_for_status(mut self, error: bool) -> Self {
            self.draft.error_for_status(error);
            self
        }

        /// The request itself, without its authentication, for whoever sends it by other means.
        ///
        /// # Errors
        /// [`Error::Config`](crate::Error::Config) when what was given makes no request below the base.
        pub fn build(self) -> grantee_core::Result<$crate::ports::Request> {
            self.draft.into_request(&self.api)
        }
    };
}
pub(crate) use api_request_methods;

/// Of an `ApiClientBuilder`, which has `http: HttpSettings`, `own_http` and `allow_http`, and of its door.
macro_rules! api_builder_methods {
    () => {
        $crate::http::http_settings_methods!();

        /// What is weaker than it should be, each with what an attacker gains.
        pub fn danger(self) -> ApiDanger {
            ApiDanger(self)
        }
    };
}
pub(crate) use api_builder_methods;

/// Of the door.
macro_rules! api_danger_methods {
    () => {
        /// Lets credentials travel by plain http to other machines. Whoever is on the way can read and use them.
        pub fn allow_http(mut self) -> ApiClientBuilder {
            self.0.allow_http = true;
            self.0
        }

        /// Takes any certificate. Whoever is on the way can pose as the API and read everything.
        pub fn accept_invalid_certs(mut self) -> ApiClientBuilder {
            self.0.http.accept_invalid_certs = true;
            self.0
        }
    };
}
pub(crate) use api_danger_methods;
