//! Token credentials: [RFC 5849 section 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.3).

use super::answer::Members;
use crate::error::Result;
use crate::{Secret, Token};
use bytes::Bytes;
use serde_json::Value;

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
/// [`Token::extra`]: so are `oauth_session_handle` and `oauth_expires_in` of the OAuth Session extension, which Yahoo had. Nothing
/// is renewed by them.
///
/// ```
/// use grantee_core::oauth1::token_credentials;
/// let answer = http::Response::new(bytes::Bytes::from("oauth_token=t&oauth_token_secret=s3cret&screen_name=alice"));
/// let token = token_credentials::judge(&answer)?;
/// assert_eq!(token.get("screen_name").unwrap(), "alice");
/// # Ok::<(), grantee_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Server`](crate::Error::Server) with the server's own text when it refuses; [`Error::Status`](crate::Error::Status)
/// where it says nothing; [`Error::Rule`](crate::Error::Rule) for an answer without credentials.
pub fn judge(answer: &http::Response<Bytes>) -> Result<Token> {
    let mut members = Members::read(STAGE, answer)?;
    let (identifier, secret) = members.credentials(STAGE, "RFC 5849 section 2.3")?;
    let mut made = token(identifier, secret);
    made.extra.extend(members.further().filter(|(name, _)| !OURS.contains(&name.as_str())));
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
            assert!(matches!(error, crate::Error::Rule(_)), "{body}: {error}");
        }
    }

    #[test]
    fn nothing_in_an_answer_is_taken_for_what_a_token_says_of_itself() {
        let token = answer(
            200,
            "oauth_token=t&oauth_token_secret=s&access_token=evil&token_type=Bearer&expires_at=1&obtained_at=1&scope=all\
             &refresh_token=r&id_token=i&issued_token_type=x&key_thumbprint=k&oauth_expires_in=3600&oauth_session_handle=h",
        )
        .unwrap();
        let kept: Token = serde_json::from_value(serde_json::to_value(&token).unwrap()).unwrap();
        assert_eq!(kept, token);
        assert_eq!((kept.access_token.reveal(), kept.token_type.as_str(), kept.expires_at), ("t", "OAuth1", None));
        let mut names: Vec<_> = kept.extra.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["oauth_expires_in", "oauth_session_handle", "oauth_token_secret"]);
    }

    #[test]
    fn members_that_are_no_text_are_no_credentials() {
        for body in [
            r#"{"oauth_token":null,"oauth_token_secret":"s"}"#,
            r#"{"oauth_token":true,"oauth_token_secret":"s"}"#,
            r#"{"oauth_token":"t","oauth_token_secret":false}"#,
            r#"{"oauth_token":"t","oauth_token_secret":7}"#,
            r#"{"oauth_token":"t","oauth_token_secret":{"a":1}}"#,
        ] {
            assert!(matches!(answer(200, body), Err(crate::Error::Rule(_))), "{body}");
        }
        let token = answer(200, r#"{"oauth_token":"t","oauth_token_secret":"s","user":{"id":7},"n":null}"#).unwrap();
        assert_eq!((token.get("user").unwrap()["id"].as_i64(), token.get("n")), (Some(7), Some(&Value::Null)));
    }
}
