//! What an earlier login left in a store.

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::error::{LoginRequired, Result};
use crate::ports::BoxFuture;
use crate::wire::form::Params;

/// Takes up a login that an earlier session kept: the same store, account, scope and resources find the same token. It
/// renews it as the login's own session would, and says that the person must log in where there is none.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    parameters: TokenParameters,
    variant: Option<&'static str>,
}

impl Stored {
    /// A login made with no scope or resource.
    pub fn new() -> Self {
        Self::default()
    }

    /// A login made with these parameters.
    pub fn with_parameters(parameters: TokenParameters) -> Self {
        Self { parameters, variant: None }
    }

    /// A login of OAuth 1.0, whose token is another than OAuth 2's whatever else is the same.
    pub(crate) fn of_oauth1() -> Self {
        Self { variant: Some("oauth1"), ..Self::default() }
    }

    /// No login: a client of OAuth 1.0 that acts for itself, and so for nobody whose token is kept.
    pub(crate) fn of_oauth1_client() -> Self {
        Self { variant: Some("oauth1-client"), ..Self::default() }
    }

    token_parameters!();
}

impl Grant for Stored {
    // The grant that brought the token, so that its key is the login's.
    fn grant_type(&self) -> &str {
        "authorization_code"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Err(LoginRequired::error("no token is kept for this account", None)) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn variant(&self) -> Option<&str> {
        self.variant
    }

    fn is_repeatable(&self) -> bool {
        false
    }
}
