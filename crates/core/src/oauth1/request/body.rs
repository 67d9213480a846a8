//! What a body is to the signature: [RFC 5849 sections 3.4.1.3.1 and 3.5.2](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1.3.1).

use crate::error::{Error, Result};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method};

/// Whether a body is a form, whose parameters are signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Yes,
    No,
    /// There is no body, and nothing says what one would be.
    Empty,
}

impl Form {
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Result<Self> {
        match headers.get(CONTENT_TYPE) {
            Some(kind) if is_form_type(kind) && headers.contains_key(CONTENT_ENCODING) => Err(Error::config(
                "a form that is compressed can't be signed, since its parameters can't be read",
                "send it without Content-Encoding (RFC 5849 section 3.4.1.3.1)",
            )),
            Some(kind) if is_form_type(kind) => Ok(Self::Yes),
            None if body.is_empty() => Ok(Self::Empty),
            _ => Ok(Self::No),
        }
    }

    /// Refuses bodies that the parameters of the protocol can't go into.
    pub(super) fn may_take_parameters(self, method: &Method) -> Result<()> {
        const HINT: &str = "send a form by POST, PUT or PATCH, or place them in the header (RFC 5849 section 3.5.2)";
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::CONNECT) {
            return Err(Error::config(format!("a {method} request has no body for the OAuth parameters"), HINT));
        }
        match self {
            Self::Yes | Self::Empty => Ok(()),
            Self::No => Err(Error::config(
                "the OAuth parameters can't go into the body of this request, which is no form",
                HINT,
            )),
        }
    }
}

pub(super) fn is_form_type(kind: &HeaderValue) -> bool {
    kind.to_str().is_ok_and(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// Whether a request whose body was not handed over has none.
pub(super) fn has_none(method: &Method, headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0");
    matches!(*method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE)
        && length
        && ![CONTENT_TYPE, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name))
}
