//! Client credentials grant, [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::error::Result;
use crate::ports::BoxFuture;
use crate::wire::form::Params;

/// A token for the client itself.
///
/// ```
/// use grantee_core::grant::ClientCredentials;
/// let grant = ClientCredentials::new().scope("orders").resource("https://api.example/").param("tenant", "one");
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientCredentials {
    parameters: TokenParameters,
}

impl ClientCredentials {
    /// Asks for whatever the server gives this client by default.
    pub fn new() -> Self {
        Self::default()
    }

    token_parameters!();
}

impl Grant for ClientCredentials {
    fn grant_type(&self) -> &str {
        "client_credentials"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new()) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }
}
