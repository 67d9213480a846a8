//! Token credentials: [RFC 5849 section 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.3).

use crate::error::{Error, Result, RuleViolation, ServerError};
use crate::wire::json;
use crate::{Secret, Token};
use ::url::form_urlencoded;
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

pub(crate) const STAGE: &str = "token credentials request";
/// The `token_type` of a token of OAuth 1.0, here and in stores. No server sends it.
pub const TOKEN_TYPE: &str = "OAuth1";
/// The further member of such a token that holds its shared secret.
pub const SECRET_MEMBER: &str = "oauth_token_secret";

/// A token that came from elsewhere, such as a provider's own page.
///
/// ```
/// use grantee_core::oauth1::token_credentials;
/// let token = token_credentials::token("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00");
/// assert!(!format!("{token:?}").contains("pfkkdhi9sl3r4s00"));
/// ```
pub fn token(token: impl Into<Secret>, secret: impl Into<Secret>) -> Token {
    let mut made = Token::bearer(token);
    TOKEN_TYPE.clone_into(&mut made.token_type);
    made.extra.insert(SECRET_MEMBER.to_owned(), Value::from(secret.into().reveal()));
    made
}

/// Judges an answer of the token credentials endpoint. What else it says, such as the person's name, is in
/// [`Token::extra`].
///
/// # Errors
/// [`Error::Server`] with the server's own text when it refuses; [`Error::Rule`] for an answer without credentials.
pub fn judge(answer: &http::Response<Bytes>) -> Result<Token> {
    let mut members = Members::read(STAGE, answer)?;
    let (identifier, secret) = credentials(STAGE, "RFC 5849 section 2.3", &mut members)?;
    let mut made = token(identifier, secret);
    let further = members.0.into_iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
    made.extra.extend(further.map(|(name, value)| (name, Value::from(value))));
    Ok(made)
}

/// What a stored token says of itself, and no server may.
const OURS: [&str; 9] = [
    "access_token",
    "token_type",
    "refresh_token",
    "id_token",
    "scope",
    "expires_at",
    "obtained_at",
    "issued_token_type",
    "key_thumbprint",
];

/// What an error does not show, whatever the answer's status.
const CREDENTIALS: [&str; 2] = ["oauth_token", SECRET_MEMBER];

/// The members of an answer, of a form or of JSON: servers send both under any content type.
pub(super) struct Members(Vec<(String, String)>);

impl Members {
    pub(super) fn read(stage: &'static str, answer: &http::Response<Bytes>) -> Result<Self> {
        let text = std::str::from_utf8(answer.body()).unwrap_or_default().trim();
        let members = if text.starts_with('{') {
            json::object(stage, answer.body())?
                .into_iter()
                .map(|(name, value)| (name, if let Value::String(text) = value { text } else { value.to_string() }))
                .collect()
        } else {
            form_urlencoded::parse(text.as_bytes()).into_owned().collect()
        };
        let members = Self(members);
        if !answer.status().is_success() {
            return Err(members.refusal(stage, answer, text));
        }
        Ok(members)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(held, _)| held == name)?;
        Some(self.0.remove(place).1)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// Servers say why in ways of their own: a word (OAuth Problem Reporting), JSON, or plain text.
    fn refusal(&self, stage: &'static str, answer: &http::Response<Bytes>, text: &str) -> Error {
        let code = self.get("oauth_problem").or_else(|| self.get("error")).unwrap_or("refused");
        let mut error = ServerError::new(stage, code);
        let said = self.get("oauth_problem_advice").or_else(|| self.get("error_description"));
        let has_credentials = CREDENTIALS.iter().any(|name| self.get(name).is_some());
        let plain = Some(text).filter(|text| !text.is_empty() && !text.starts_with('<') && !has_credentials);
        error.description = said.or(plain).map(|said| said.chars().take(200).collect());
        error.status = answer.status().as_u16();
        error.headers = answer.headers().clone();
        Error::Server(Arc::new(error))
    }
}

pub(super) fn credentials(stage: &'static str, spec: &'static str, members: &mut Members) -> Result<(Secret, Secret)> {
    let mut one = |name: &'static str| {
        let broken = |got: &str| {
            RuleViolation::new(stage, "the answer has credentials", spec)
                .expected(format_args!("{name}, once"))
                .got(got)
        };
        let value = members.take(name).filter(|value| !value.is_empty()).ok_or_else(|| broken("none"))?;
        match members.take(name) {
            Some(_) => Err(Error::from(broken("two"))),
            None => Ok(Secret::new(value)),
        }
    };
    Ok((one("oauth_token")?, one("oauth_token_secret")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Token> {
        judge(&http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap())
    }

    #[test]
    fn credentials_come_as_a_form_or_as_json_under_any_content_type() {
        for body in [
            "oauth_token=t%2F1&oauth_token_secret=s+1&screen_name=alice",
            r#" {"oauth_token":"t/1","oauth_token_secret":"s 1","screen_name":"alice"}"#,
        ] {
            let token = answer(200, body).unwrap();
            assert_eq!((token.access_token.reveal(), token.token_type.as_str()), ("t/1", "OAuth1"));
            assert_eq!(token.get(SECRET_MEMBER).unwrap(), "s 1");
            assert_eq!(token.get("screen_name").unwrap(), "alice");
            assert_eq!(serde_json::from_value::<Token>(serde_json::to_value(&token).unwrap()).unwrap(), token);
        }
    }

    #[test]
    fn an_answer_without_whole_credentials_is_refused() {
        for body in [
            "",
            "oauth_token=t",
            "oauth_token=&oauth_token_secret=s",
            "oauth_token=t&oauth_token=u&oauth_token_secret=s",
        ] {
            let error = answer(200, body).unwrap_err();
            assert!(matches!(error, Error::Rule(_)), "{body}: {error}");
        }
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        for (body, code, description) in [
            ("oauth_problem=token_rejected&oauth_problem_advice=gone", "token_rejected", Some("gone")),
            ("Failed to validate oauth signature", "refused", Some("Failed to validate oauth signature")),
            (r#"{"error":"invalid_grant","error_description":"no"}"#, "invalid_grant", Some("no")),
            ("<html>", "refused", None),
            ("oauth_token=t&oauth_token_secret=s", "refused", None),
            (r#"{"oauth_token_secret":"s"}"#, "refused", None),
        ] {
            let error = answer(401, body).unwrap_err();
            let Error::Server(server) = &error else { panic!("{error}") };
            assert_eq!((server.error.as_str(), server.description.as_deref()), (code, description));
            assert_eq!(error.status(), Some(401));
        }
    }
}
