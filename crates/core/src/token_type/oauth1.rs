//! Tokens of OAuth 1.0: [RFC 5849 section 3](https://www.rfc-editor.org/rfc/rfc5849#section-3). Each request is signed.

use super::{ProofContext, TokenType, other_type};
use crate::chance::Chance;
use crate::error::{Error, Result};
use crate::oauth1::Signing;
use crate::oauth1::nonce;
use crate::oauth1::request::{Body, Revealed};
use crate::oauth1::token_credentials::{SECRET_MEMBER, TOKEN_TYPE};
use crate::ports::BoxFuture;
use crate::{Secret, Token};
use bytes::Bytes;
use http::HeaderValue;
use serde_json::Value;

/// Signs requests with the client's secret and the token's. [`oauth1::Client`](crate::oauth1::Client) sets it.
///
/// ```
/// use grantee_core::oauth1::Signing;
/// use grantee_core::token_type::{TokenType as _, oauth1::OAuth1};
/// use grantee_core::Token;
/// let signs = OAuth1::new("key", "s3cret", Signing::new());
/// assert!(signs.signs_request() && !signs.is_renewed());
/// assert!(signs.header(&Token::bearer("at")).is_err());
/// assert!(!format!("{signs:?}").contains("s3cret"));
/// ```
#[derive(Debug)]
pub struct OAuth1 {
    consumer_key: String,
    consumer_secret: Secret,
    signing: Signing,
    chance: Chance,
}

impl OAuth1 {
    /// For this client.
    pub fn new(consumer_key: impl Into<String>, consumer_secret: impl Into<Secret>, signing: Signing) -> Self {
        Self {
            consumer_key: consumer_key.into(),
            consumer_secret: consumer_secret.into(),
            signing,
            chance: Chance::default(),
        }
    }
}

/// Refuses what is no token to sign with. One that is empty would have the client sign for itself.
pub(crate) fn check_token(token: &Token) -> Result<()> {
    if token.token_type != TOKEN_TYPE {
        return Err(other_type(token, "this client signs requests with tokens of OAuth 1.0"));
    }
    if token.access_token.is_empty() && token.get(SECRET_MEMBER).is_some() {
        return Err(Error::config(
            "the token is empty, and nobody signs with that",
            "look at where it comes from; a client that acts for itself has two_legged()",
        ));
    }
    Ok(())
}

/// None where the client acts for itself.
pub(crate) fn identifier_of(token: &Token) -> Option<&str> {
    Some(token.access_token.reveal()).filter(|token| !token.is_empty())
}

pub(crate) fn secret_of(token: &Token) -> Option<&str> {
    token.get(SECRET_MEMBER).and_then(Value::as_str)
}

impl TokenType for OAuth1 {
    fn name(&self) -> &str {
        TOKEN_TYPE
    }

    /// Tells one token from another and is never sent: a request bears its signature in its place.
    fn header(&self, token: &Token) -> Result<HeaderValue> {
        check_token(token)?;
        let mut header =
            HeaderValue::from_str(&format!("OAuth {}", crate::wire::form::encode(token.access_token.reveal())))
                .map_err(|_| Error::config("the token makes no header", "report this as a bug"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    fn needs_proof(&self) -> bool {
        true
    }

    fn signs_request(&self) -> bool {
        true
    }

    fn sign<'a>(
        &'a self,
        context: ProofContext<'a>,
        head: &'a mut http::request::Parts,
        body: Option<&'a mut Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let nonce = nonce(self.chance.next(context.entropy)?);
            let signer = Revealed {
                consumer_key: &self.consumer_key,
                consumer_secret: self.consumer_secret.reveal(),
                token: context.token.and_then(identifier_of),
                token_secret: context.token.and_then(secret_of),
                timestamp: context.now.seconds(),
                nonce: &nonce,
                further: &[],
            };
            self.signing.sign_parts(head, body.map_or(Body::Streamed, Body::Whole), signer).await.map(drop)
        })
    }

    // It does not expire, so whoever rejects it is right.
    fn is_renewed(&self) -> bool {
        false
    }

    fn needs_reactor(&self) -> bool {
        self.signing.needs_reactor()
    }
}
