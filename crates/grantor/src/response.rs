//! An answer before it is written: still a value, so that a misbehaviour can change it.

use serde_json::{Map, Value};

use crate::{CibaNotification, LogoutNotice, callback::Callback};

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// What is posted to others before the answer goes out.
    pub(crate) notices: Vec<LogoutNotice>,
    /// What is posted to a client once it has the answer.
    pub(crate) afterwards: Vec<CibaNotification>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    Json(Map<String, Value>),
    Form(Vec<(String, String)>),
    Raw { content_type: String, bytes: Vec<u8> },
    Callback(Callback),
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty, notices: Vec::new(), afterwards: Vec::new() }
    }

    pub(crate) fn json(status: u16, members: Map<String, Value>) -> Self {
        Self { body: Body::Json(members), ..Self::empty(status) }
    }

    pub(crate) fn raw(status: u16, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let body = Body::Raw { content_type: content_type.to_owned(), bytes: bytes.into() };
        Self { body, ..Self::empty(status) }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// For everything that carries a token or a secret (RFC 6749 section 5.1).
    pub(crate) fn no_store(self) -> Self {
        self.header("Cache-Control", "no-store").header("Pragma", "no-cache")
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// The method is not one this resource has (RFC 9110 section 15.5.6).
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        Self::raw(405, "text/plain; charset=utf-8", "method not allowed\n").header("Allow", allow)
    }

    /// Turns a callback into the redirect or the page that carries it.
    pub(crate) fn rendered(self) -> Self {
        match self.body {
            Body::Callback(callback) => {
                let mut response = callback.into_response();
                response.headers.extend(self.headers);
                response
            }
            _ => self,
        }
    }
}
