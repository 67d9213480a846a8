//! Temporary credentials: [RFC 5849 section 2.1](https://www.rfc-editor.org/rfc/rfc5849#section-2.1).

use super::token_credentials::{Members, credentials};
use crate::Secret;
use crate::error::{Result, RuleViolation};
use bytes::Bytes;

pub(crate) const STAGE: &str = "temporary credentials request";

/// What a server lends a client for one login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemporaryCredentials {
    /// REQUIRED. Their identifier, `oauth_token`.
    pub token: Secret,
    /// REQUIRED. Their shared secret, `oauth_token_secret`.
    pub secret: Secret,
}

/// Judges an answer of the temporary credentials endpoint.
///
/// # Errors
/// [`Error::Server`](crate::Error::Server) with the server's own text when it refuses; [`Error::Rule`](crate::Error::Rule) for an
/// answer without credentials, or one that does not confirm the callback: such a server speaks the version of the protocol that
/// lets an attacker have a victim end the attacker's login.
pub fn judge(answer: &http::Response<Bytes>) -> Result<TemporaryCredentials> {
    let mut members = Members::read(STAGE, answer)?;
    let confirmed = members.take("oauth_callback_confirmed");
    // Authlib writes it as Python does: True.
    if !confirmed.as_deref().is_some_and(|confirmed| confirmed.eq_ignore_ascii_case("true")) {
        return Err(RuleViolation::new(STAGE, "the server confirms the callback", "RFC 5849 section 2.1")
            .expected("oauth_callback_confirmed=true")
            .got(confirmed.as_deref().unwrap_or("no such parameter"))
            .hint("a server without it speaks OAuth 1.0 as it was before session fixation was mended")
            .into());
    }
    let (token, secret) = credentials(STAGE, "RFC 5849 section 2.1", &mut members)?;
    Ok(TemporaryCredentials { token, secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_callback_that_is_not_confirmed_is_refused() {
        let judged = |confirmed: &str| {
            let body = format!("oauth_token=t&oauth_token_secret=s{confirmed}");
            judge(&http::Response::new(Bytes::from(body)))
        };
        for confirmed in ["&oauth_callback_confirmed=true", "&oauth_callback_confirmed=True"] {
            assert_eq!(judged(confirmed).unwrap().token.reveal(), "t", "{confirmed}");
        }
        for confirmed in ["", "&oauth_callback_confirmed=", "&oauth_callback_confirmed=false"] {
            assert!(matches!(judged(confirmed), Err(Error::Rule(_))), "{confirmed}");
        }
    }
}
