//! Refresh token grant, [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::error::{Error, Result};
use crate::ports::BoxFuture;
use crate::wire::form::Params;
use crate::{Scope, Secret, Token};

/// Exchanges a refresh token for a new access token.
///
/// Most programs use a session, which does this when it is due.
///
/// # Errors
/// [`Error::Server`] with `invalid_grant` when the token was revoked or already used.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    refresh_token: Secret,
    granted: Option<Scope>,
    before: Option<Box<Token>>,
    parameters: TokenParameters,
}

impl RefreshToken {
    /// With a bare refresh token.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
            granted: None,
            before: None,
            parameters: TokenParameters::default(),
        }
    }

    /// With the refresh token of a token. What the answer leaves out (refresh token, scope, ID token) is kept from it.
    ///
    /// # Errors
    /// [`Error::Config`] when it has none.
    pub fn of(token: &Token) -> Result<Self> {
        let refresh_token = token.refresh_token.as_ref().ok_or_else(|| {
            Error::config(
                "this token has no refresh token",
                "ask for one, as with scope offline_access where the server wants it",
            )
        })?;
        Ok(Self { granted: token.scope.clone(), before: Some(Box::new(token.clone())), ..Self::new(refresh_token) })
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.refresh_token
    }

    pub(crate) fn with_parameters(mut self, parameters: TokenParameters) -> Self {
        self.parameters = parameters;
        self
    }

    token_parameters!();

    /// What the answer leaves out is as it was before: RFC 6749 section 6 for the refresh token and the scope,
    /// OpenID Connect Core section 12.2 for the ID token.
    pub(crate) fn carry_over(before: &Token, mut answer: Token) -> Token {
        answer.refresh_token = answer.refresh_token.or_else(|| before.refresh_token.clone());
        answer.scope = answer.scope.or_else(|| before.scope.clone());
        answer.id_token = answer.id_token.or_else(|| before.id_token.clone());
        if let Some(details) = before.extra.get("authorization_details") {
            // What was granted is not asked for again, so it is as it was (RFC 9396 section 6).
            answer.extra.entry("authorization_details").or_insert_with(|| details.clone());
        }
        answer.key_thumbprint = answer.key_thumbprint.or_else(|| before.key_thumbprint.clone());
        answer
    }
}

impl Grant for RefreshToken {
    fn grant_type(&self) -> &str {
        "refresh_token"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async {
            // RFC 6749 section 6: the scope asked for must not go beyond the scope first granted.
            if let (Some(granted), Some(asked)) = (&self.granted, &self.parameters.scope)
                && !granted.contains_all(asked)
            {
                return Err(Error::config(
                    format!("a refresh can't widen scope: asked for {asked}, granted was {granted}"),
                    "start a new authorization for more",
                ));
            }
            Ok(Params::new().with("refresh_token", &self.refresh_token))
        })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn renews(&self) -> Option<&Token> {
        self.before.as_deref()
    }

    fn finish(&self, answer: Token) -> Result<Token> {
        Ok(match &self.before {
            Some(before) => Self::carry_over(before, answer),
            None => {
                Token { refresh_token: answer.refresh_token.or_else(|| Some(self.refresh_token.clone())), ..answer }
            }
        })
    }
}
