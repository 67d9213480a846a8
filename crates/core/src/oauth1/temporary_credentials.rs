//! Temporary credentials: [RFC 5849 section 2.1](https://www.rfc-editor.org/rfc/rfc5849#section-2.1).

use super::answer::Members;
use crate::Secret;
use crate::error::{Excerpt, Result, RuleViolation};
use bytes::Bytes;

pub(crate) const STAGE: &str = "temporary credentials request";
const SPEC: &str = "RFC 5849 section 2.1";

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
/// ```
/// use grantee_core::oauth1::temporary_credentials;
/// let body = "oauth_token=hh5s93j4hdidpola&oauth_token_secret=hdhd0244k9j7ao03&oauth_callback_confirmed=true";
/// let lent = temporary_credentials::judge(&http::Response::new(bytes::Bytes::from(body)))?;
/// assert_eq!(lent.token.reveal(), "hh5s93j4hdidpola");
/// # Ok::<(), grantee_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Server`](crate::Error::Server) with the server's own text when it refuses; [`Error::Rule`](crate::Error::Rule) for an
/// answer without credentials, or one that does not confirm the callback: such a server speaks the version of the protocol that
/// lets an attacker have a victim end the attacker's login.
pub fn judge(answer: &http::Response<Bytes>) -> Result<TemporaryCredentials> {
    let mut members = Members::read(STAGE, answer)?;
    members.word_for_bool("oauth_callback_confirmed");
    let confirmed = members.once(STAGE, SPEC, "oauth_callback_confirmed")?;
    // Authlib writes it as Python does: True.
    if !confirmed.as_deref().is_some_and(|confirmed| confirmed.eq_ignore_ascii_case("true")) {
        return Err(RuleViolation::new(STAGE, "the server confirms the callback", SPEC)
            .expected("oauth_callback_confirmed=true")
            .got(Excerpt(confirmed.as_deref().unwrap_or("no such parameter")))
            .hint("a server without it speaks OAuth 1.0 as it was before session fixation was mended")
            .into());
    }
    let (token, secret) = members.credentials(STAGE, SPEC)?;
    Ok(TemporaryCredentials { token, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Result<TemporaryCredentials> {
        judge(&http::Response::new(Bytes::from(body.to_owned())))
    }

    #[test]
    fn the_callback_is_confirmed_once_and_in_so_many_words() {
        for good in [
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=True",
            r#"{"oauth_token":"t","oauth_token_secret":"s","oauth_callback_confirmed":"true"}"#,
            r#"{"oauth_token":"t","oauth_token_secret":"s","oauth_callback_confirmed":true}"#,
        ] {
            let lent = answer(good).unwrap();
            assert_eq!((lent.token.reveal(), lent.secret.reveal()), ("t", "s"));
        }
        for bad in [
            "oauth_token=t&oauth_token_secret=s",
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false",
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=",
            "oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true&oauth_callback_confirmed=true",
            r#"{"oauth_token":"t","oauth_token_secret":"s","oauth_callback_confirmed":1}"#,
        ] {
            let error = answer(bad).unwrap_err();
            assert!(matches!(error, crate::Error::Rule(_)), "{bad}: {error}");
        }
    }
}
