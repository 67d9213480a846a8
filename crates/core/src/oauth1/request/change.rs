//! What signing changes of a request: [RFC 5849 section 3.5](https://www.rfc-editor.org/rfc/rfc5849#section-3.5).

use crate::error::{Error, Result};
use crate::oauth1::authorization_header;
use crate::oauth1::percent_encoding::{ascii, encode_into};
use crate::ports::ParsedUrl;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Uri};

/// One of the three places, with the parameters in it.
pub(super) enum Change {
    Header(HeaderValue),
    Query(Uri),
    Body(Bytes),
}

impl Change {
    pub(super) fn header(realm: Option<&str>, protocol: &[(&str, &str)]) -> Result<Self> {
        authorization_header::write(realm, protocol).map(Self::Header)
    }

    /// Behind what the query has (section 3.5.3).
    pub(super) fn query(uri: &Uri, protocol: &[(&str, &str)]) -> Result<Self> {
        let mut url = uri.to_string();
        match uri.query() {
            None => url.push('?'),
            Some(query) if query.is_empty() || query.ends_with('&') => {}
            Some(_) => url.push('&'),
        }
        url.push_str(&joined(protocol));
        let uri = url.parse().map_err(|_| {
            Error::config(
                "the OAuth parameters make no URL",
                "it may be too long: place them in the header (RFC 5849 section 3.5.1)",
            )
        })?;
        Ok(Self::Query(uri))
    }

    /// Behind what the form has (section 3.5.2).
    pub(super) fn body(form: &[u8], protocol: &[(&str, &str)]) -> Self {
        let added = joined(protocol);
        let mut whole = Vec::with_capacity(form.len() + added.len() + 1);
        whole.extend_from_slice(form);
        if !form.is_empty() && !form.ends_with(b"&") {
            whole.push(b'&');
        }
        whole.extend_from_slice(added.as_bytes());
        Self::Body(whole.into())
    }

    pub(super) fn apply(self, head: &mut http::request::Parts, body: Option<&mut Bytes>) {
        let headers = &mut head.headers;
        if !matches!(self, Self::Header(_)) && headers.get(AUTHORIZATION).is_some_and(is_oauth) {
            // A signature from before would be a second place.
            headers.remove(AUTHORIZATION);
        }
        match self {
            Self::Header(header) => drop(headers.insert(AUTHORIZATION, header)),
            Self::Query(uri) => {
                head.uri = uri;
                // The core has parsed another URL than is sent now.
                head.extensions.remove::<ParsedUrl>();
            }
            Self::Body(form) => {
                let Some(body) = body else { return };
                *body = form;
                // Its length is another one now.
                headers.remove(CONTENT_LENGTH);
                let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.entry(CONTENT_TYPE).or_insert(kind);
            }
        }
    }
}

fn is_oauth(header: &HeaderValue) -> bool {
    let scheme = header.as_bytes().split(|byte| *byte == b' ').next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"OAuth"))
}

fn joined(parameters: &[(&str, &str)]) -> String {
    let mut text = Vec::with_capacity(256);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push(b'&');
        }
        encode_into(name, &mut text);
        text.push(b'=');
        encode_into(value, &mut text);
    }
    ascii(text)
}
