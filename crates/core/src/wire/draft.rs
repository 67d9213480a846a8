//! A request under construction: what a grant, a client-authentication method and a hook may still change.

use crate::error::Result;
use crate::ports::ParsedUrl;
use crate::wire::form::Params;
use ::url::Url;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};

/// A request to one of the authorization server's endpoints, before it is sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Draft {
    /// `POST`, unless somebody changes it.
    pub method: Method,
    /// The endpoint.
    pub url: Url,
    /// Headers beside `Content-Type`.
    pub headers: HeaderMap,
    /// The body, form-urlencoded when it is sent; an empty one has no bytes.
    pub form: Params,
}

// A client authentication of the program's own may put a secret into the query.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("method", &self.method)
            .field("url", &crate::wire::url::shown(self.url.as_str()))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("form", &self.form)
            .finish()
    }
}

impl Draft {
    /// A `POST` of a form that accepts JSON.
    pub fn post(url: Url, form: Params) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self { method: Method::POST, url, headers, form }
    }

    /// Adds a parameter to the URL's query.
    pub fn push_query(&mut self, name: &str, value: &str) {
        self.url.query_pairs_mut().append_pair(name, value);
    }

    /// The request as it goes out.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when what was changed makes no request.
    pub fn into_request(self) -> Result<crate::ports::Request> {
        let mut request = http::Request::new(Bytes::new());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.url.as_str().parse().map_err(|_| {
            crate::Error::config(
                "the request's URL is not one that HTTP can carry",
                "look at what edited it: a hook or a client authentication of your own",
            )
        })?;
        request.extensions_mut().insert(ParsedUrl(self.url));
        *request.headers_mut() = self.headers;
        // Also with nothing in it, a form is what the endpoint takes.
        if !self.form.is_empty() || *request.method() == Method::POST {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            *request.body_mut() = Bytes::from(self.form.encode());
        }
        Ok(request)
    }
}
