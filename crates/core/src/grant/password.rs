//! Resource owner password credentials grant, [RFC 6749 section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::Secret;
use crate::error::Result;
use crate::ports::BoxFuture;
use crate::wire::form::Params;

/// Hands a person's password to the server. OAuth 2.1 has removed this grant and RFC 9700 section 2.4 forbids it: the
/// client sees the password, and neither a second factor nor a single sign-on can work. For servers that know no other.
#[derive(Debug, Clone)]
pub struct Password {
    username: String,
    password: Secret,
    parameters: TokenParameters,
}

impl Password {
    /// With the person's name and password.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { username: username.into(), password: password.into(), parameters: TokenParameters::default() }
    }

    token_parameters!();
}

impl Grant for Password {
    fn grant_type(&self) -> &str {
        "password"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("username", self.username.as_str()).with("password", &self.password)) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn account(&self) -> Option<&str> {
        Some(&self.username)
    }
}
