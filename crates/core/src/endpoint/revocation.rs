//! Token revocation, [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009).

use crate::TokenToActOn;
use crate::error::{Error, Result, StatusError};
use crate::wire::form::Params;
use bytes::Bytes;
use std::sync::Arc;

pub(crate) const STAGE: &str = "revocation";

/// The form of a request that acts on a token, without the client's authentication (RFC 7009 section 2.1).
pub fn form(token: &TokenToActOn) -> Params {
    let mut form = Params::new().with("token", &token.value);
    if let Some(hint) = token.hint {
        form.push("token_type_hint", hint);
    }
    form
}

/// Judges an answer of the revocation endpoint. Any 2xx means that the token is gone, also one the server never knew; the
/// body means nothing (RFC 7009 section 2.2).
///
/// # Errors
/// [`Error::Server`] for an OAuth error; [`Error::Status`] for a failure without one. After a 503 the token must be taken
/// to exist still (section 2.2.1): [`Error::is_transient`], and [`Error::retry_after`] where the server says when.
pub fn judge(answer: &http::Response<Bytes>) -> Result<()> {
    match super::members(STAGE, answer) {
        Err(Error::Rule(_)) if answer.status().is_success() => Ok(()),
        Err(Error::Rule(_)) if !answer.status().is_redirection() => {
            Err(Error::Status(Arc::new(StatusError::new(STAGE, answer))))
        }
        outcome => outcome.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<()> {
        judge(
            &http::Response::builder()
                .status(status)
                .header("retry-after", "7")
                .body(Bytes::from(body.to_owned()))
                .unwrap(),
        )
    }

    #[test]
    fn the_hint_follows_what_the_token_is() {
        let token = crate::Token::bearer("a");
        assert_eq!(form(&(&token).into()).encode(), "token=a&token_type_hint=access_token");
        assert_eq!(form(&TokenToActOn::refresh_token("r")).encode(), "token=r&token_type_hint=refresh_token");
        assert_eq!(form(&"raw".into()).encode(), "token=raw");
    }

    #[test]
    fn three_outcomes() {
        for body in ["", "{}", "<html>", "OK"] {
            answer(200, body).unwrap();
        }
        assert_eq!(
            answer(400, r#"{"error":"unsupported_token_type"}"#).unwrap_err().server_error(),
            Some("unsupported_token_type")
        );
        let later = answer(503, "").unwrap_err();
        assert!(later.is_transient() && later.server_error().is_none());
        assert_eq!(later.retry_after(), Some(std::time::Duration::from_secs(7)));
        assert_eq!(answer(302, "").unwrap_err().code(), "rule_violation");
    }
}
