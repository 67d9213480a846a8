//! What an API answered.

use bytes::Bytes;
use grantee_core::error::RuleViolation;
use grantee_core::session::call::STAGE;
use grantee_core::{Error, Result};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

/// What an API answered: status, headers and the whole body.
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::start(); let base = server.url("/public");
/// use grantee::blocking::ApiClient;
///
/// let answer = ApiClient::new(&base)?.get("orders").send()?;
/// assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"application/json".parse().unwrap()));
/// let echo: std::collections::HashMap<String, serde_json::Value> = answer.json()?;
/// assert_eq!(echo["path"], "/public/orders");
/// let plain: http::Response<bytes::Bytes> = answer.into();
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ApiResponse(http::Response<Bytes>);

impl ApiResponse {
    pub(crate) fn new(answer: http::Response<Bytes>) -> Self {
        Self(answer)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The body, which clones share.
    pub fn bytes(&self) -> Bytes {
        self.0.body().clone()
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`Error::Rule`] when it is not UTF-8.
    pub fn text(&self) -> Result<String> {
        std::str::from_utf8(self.0.body()).map(str::to_owned).map_err(|error| {
            let rule = RuleViolation::new(STAGE, "a text is UTF-8", "RFC 3629").expected("UTF-8");
            rule.got(format!("{} bytes that are none from byte {} on", self.0.body().len(), error.valid_up_to())).into()
        })
    }

    /// The body, read as JSON of your type, whatever content type was declared.
    ///
    /// # Errors
    /// [`Error::Rule`] that names the place where it does not fit, never what stands there.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.0.body();
        serde_json::from_slice(body).map_err(|error| {
            let got = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => format!("an empty body with status {}", self.status().as_u16()),
                Some(b'<') => "HTML or XML".to_owned(),
                Some(_) => {
                    // serde's words quote what it read, so only the place is told.
                    let what = if error.is_data() { "JSON of another shape" } else { "no whole JSON" };
                    format!("{what}: line {} column {} of {} bytes", error.line(), error.column(), body.len())
                }
            };
            let rule = RuleViolation::new(STAGE, "the answer is JSON of the type asked for", "RFC 8259");
            Error::from(rule.expected(std::any::type_name::<T>()).got(got))
        })
    }
}

impl From<ApiResponse> for http::Response<Bytes> {
    fn from(response: ApiResponse) -> Self {
        response.0
    }
}

// Headers and body may hold anything.
impl std::fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiResponse")
            .field("status", &self.status())
            .field("body_bytes", &self.0.body().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: DeserializeOwned>(body: &'static str) -> String {
        let response = ApiResponse::new(http::Response::new(Bytes::from(body)));
        match response.json::<T>() {
            Ok(_) => panic!("{body} was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn json_that_does_not_fit_is_told_by_its_place_and_never_by_its_content() {
        let shape = said::<Vec<u32>>("[1,\n \"s3cret\"]");
        assert!(
            shape.contains("line 2 column") && shape.contains("another shape") && shape.contains("Vec<u32>"),
            "{shape}"
        );
        assert!(!shape.contains("s3cret"), "{shape}");
        assert!(said::<serde_json::Value>("{\"s3cret\":").contains("no whole JSON"));
        assert!(said::<serde_json::Value>("<html>s3cret").contains("HTML or XML"));
        assert!(said::<serde_json::Value>(" ").contains("an empty body with status 200"));
    }

    #[test]
    fn what_is_no_utf_8_is_no_text() {
        let response = ApiResponse::new(http::Response::new(Bytes::from_static(b"ab\xff")));
        assert!(response.text().unwrap_err().to_string().contains("3 bytes that are none from byte 2 on"));
    }

    #[test]
    fn debug_shows_no_body() {
        let mut answer = http::Response::new(Bytes::from("s3cret"));
        answer.headers_mut().insert("set-cookie", http::HeaderValue::from_static("s3cret"));
        assert_eq!(format!("{:?}", ApiResponse::new(answer)), "ApiResponse { status: 200, body_bytes: 6, .. }");
    }
}
