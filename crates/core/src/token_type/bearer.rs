//! Bearer tokens, [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).

use crate::Token;
use crate::error::{Error, Result};
use http::HeaderValue;

/// `Authorization: Bearer …` (RFC 6750 section 2.1).
///
/// # Errors
/// [`Error::Config`] when the token has characters outside `b64token`, which would end up in a header as something else.
pub fn authorization_header(token: &Token) -> Result<HeaderValue> {
    let value = token.access_token.reveal();
    let refused = || {
        Error::config(
            "the access token has characters that no Bearer header can carry",
            "RFC 6750 section 2.1 allows visible ASCII",
        )
    };
    // Wider than the b64token of RFC 6750 section 2.1, since real servers are; never a space, a comma's neighbour or a control.
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refused());
    }
    let text = bytes::Bytes::from(format!("Bearer {value}"));
    let mut header = HeaderValue::from_maybe_shared(text).map_err(|_| refused())?;
    header.set_sensitive(true);
    Ok(header)
}
