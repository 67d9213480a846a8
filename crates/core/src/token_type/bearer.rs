//! Bearer tokens, [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).

use super::{TokenType, header_of, other_type};
use crate::Token;
use crate::error::Result;
use http::HeaderValue;

/// `Authorization: Bearer …` (RFC 6750 section 2.1): whoever has the token may use it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bearer;

impl TokenType for Bearer {
    fn name(&self) -> &str {
        "Bearer"
    }

    // A token of another type is kept, since it may be meant for something else, and refused when it is to be used.
    fn header(&self, token: &Token) -> Result<HeaderValue> {
        if !token.is_bearer() {
            return Err(other_type(token, "only Bearer tokens are supported by this client"));
        }
        header_of("Bearer", token)
    }
}
