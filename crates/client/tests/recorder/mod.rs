//! An HTTP client that sends nothing: it writes down what it was to send and answers from a list.
#![allow(dead_code)] // no test file uses all of it

use bytes::Bytes;
use grantee::error::TransportError;
use grantee::ports::{BoxFuture, Limits, Request, Response};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    sent: Vec<String>,
    limits: Vec<Limits>,
    answers: VecDeque<http::Response<Bytes>>,
    /// The URL that every answer claims to come from, in the place of the one that was asked.
    from: Option<String>,
}

impl Recorder {
    /// The next answer; a 200 without body when there is none left.
    pub fn answer(&self, status: u16, headers: &[(&str, &str)], body: &'static str) -> &Self {
        let builder = headers
            .iter()
            .fold(http::Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
        self.0.lock().unwrap().answers.push_back(builder.body(Bytes::from(body)).unwrap());
        self
    }

    pub fn answer_from(&self, url: &str) {
        self.0.lock().unwrap().from = Some(url.to_owned());
    }

    /// Each request whole: method and URL, headers by name, an empty line, the body.
    pub fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap().sent.clone()
    }

    pub fn limits(&self) -> Vec<Limits> {
        self.0.lock().unwrap().limits.clone()
    }

    fn take(&self, request: &Request) -> Response {
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        let body = String::from_utf8_lossy(request.body());
        let mut inner = self.0.lock().unwrap();
        inner.sent.push(format!("{} {}\n{}\n{body}", request.method(), request.uri(), headers.concat()));
        inner.limits.push(Limits::of(request));
        let url = inner.from.clone().unwrap_or_else(|| request.uri().to_string());
        Response { http: inner.answers.pop_front().unwrap_or_default(), url }
    }
}

impl grantee::ports::Http for Recorder {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move { Ok(self.take(&request)) })
    }
}

impl grantee::blocking::Http for Recorder {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        Ok(self.take(&request))
    }
}
