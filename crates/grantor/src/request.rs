//! A request as it arrived, kept for assertions.

use std::sync::Arc;

use url::form_urlencoded;

use crate::{Endpoint, link::Link};

/// One request that the server received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The endpoint it was for.
    pub endpoint: Endpoint,
    /// The method, as sent.
    pub method: String,
    /// The path, as sent: still percent-encoded, without the query.
    pub path: String,
    /// The query, as sent and without its question mark.
    pub query: Option<String>,
    /// The header fields in the order and the case they were sent in.
    pub headers: Vec<(String, String)>,
    /// The body, chunked coding removed.
    pub body: Vec<u8>,
    /// The status it was answered with; none while it waits, and none when it never got an answer.
    pub status: Option<u16>,
    pub(crate) link: Arc<Link>,
}

impl Request {
    /// The first header field of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_all(name).next()
    }

    /// Every header field of that name, whatever its case.
    pub fn header_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body read as `application/x-www-form-urlencoded`, whatever its declared type.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The first form parameter of that name.
    pub fn form_value(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The query read as form parameters.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        let query = self.query.as_deref().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// The first query parameter of that name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The DPoP proof it bears, as sent ([RFC 9449 section 4.1](https://www.rfc-editor.org/rfc/rfc9449#section-4.1)).
    pub fn dpop(&self) -> Option<&str> {
        self.header("dpop")
    }

    /// The SHA-256 thumbprint of the client's certificate, whose key it has shown to have: `x5t#S256`. None where the
    /// connection had none ([RFC 8705 section 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    pub fn client_certificate_thumbprint(&self) -> Option<&str> {
        self.link.thumbprint.as_deref()
    }

    /// Whether the body is declared to be a form.
    pub(crate) fn is_form(&self) -> bool {
        self.header("content-type").is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// A cookie of that name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.header_all("cookie")
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// What the log is charged for it.
    pub(crate) fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
        128 + self.path.len() + self.query.as_deref().map_or(0, str::len) + headers + self.body.len()
    }
}
