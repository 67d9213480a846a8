//! How a token is put on a request: one file a token type.

pub mod bearer;

use crate::Token;
use crate::error::{Error, Result};
use http::HeaderValue;

/// The `Authorization` header that carries a token, marked sensitive.
///
/// # Errors
/// [`Error::Config`] when the token is of a type that this client can't use, or holds what no header can carry.
pub fn authorization_header(token: &Token) -> Result<HeaderValue> {
    if token.is_bearer() {
        return bearer::authorization_header(token);
    }
    Err(Error::config(
        format!("a token of type {} can't be put on a request", crate::error::Excerpt(&token.token_type)),
        "only Bearer tokens are supported",
    ))
}
