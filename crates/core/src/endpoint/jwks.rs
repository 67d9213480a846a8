//! The server's keys: [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5), found by `jwks_uri`.

use crate::error::{Error, Result, RuleViolation, StatusError};
use crate::ports::{ParsedUrl, Request};
use bytes::Bytes;
use grantee_jose::JwkSet;
use http::HeaderValue;
use http::header::ACCEPT;
use std::sync::Arc;
use url::Url;

pub(crate) const STAGE: &str = "key set";

/// A request for the key set at this URL.
///
/// # Errors
/// [`Error::Config`] when the URL is none that HTTP can carry.
pub fn request(url: &Url) -> Result<Request> {
    let mut request = http::Request::new(Bytes::new());
    *request.uri_mut() = url
        .as_str()
        .parse()
        .map_err(|_| Error::config("the jwks_uri is not one that HTTP can carry", "look at the server's metadata"))?;
    request.extensions_mut().insert(ParsedUrl(url.clone()));
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"));
    Ok(request)
}

/// Judges the answer. A key that can't be read is left out, and the others serve.
///
/// # Errors
/// [`Error::Status`] for an error status, [`Error::Rule`] for what is no key set.
pub fn judge(answer: &http::Response<Bytes>) -> Result<JwkSet> {
    if !answer.status().is_success() {
        return Err(Error::Status(Arc::new(StatusError::new(STAGE, answer))));
    }
    JwkSet::parse(answer.body()).map_err(|error| RuleViolation::from_jose(STAGE, error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Result<JwkSet> {
        judge(&http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
    }

    #[test]
    fn a_set_with_one_bad_key_still_serves_the_others() {
        let body = r#"{"keys":[{"kty":"RSA"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let set = answer(200, body).unwrap();
        assert_eq!((set.keys.len(), set.ignored.len()), (1, 1));
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for body in ["", "<html>", "[]", r#"{"error":"x"}"#, r#"{"keys":{}}"#] {
            assert_eq!(answer(200, body).unwrap_err().code(), "rule_violation", "{body}");
        }
        assert_eq!(answer(503, "").unwrap_err().status(), Some(503));
    }

    #[test]
    fn the_whole_request() {
        let request = request(&Url::parse("https://as.example/jwks").unwrap()).unwrap();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("GET", "https://as.example/jwks"));
        assert_eq!(request.headers()[ACCEPT], "application/jwk-set+json, application/json");
    }
}
