//! Token endpoint, [RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).

use crate::error::{Result, RuleViolation};
use crate::grant::{Grant, GrantContext};
use crate::wire::form::Params;
use crate::wire::json;
use crate::{Scope, Secret, Token, UnixTime, UnverifiedIdToken};
use bytes::Bytes;
use serde_json::{Map, Value};

pub(crate) const STAGE: &str = "token request";

/// The form of a token request, without the client's authentication.
///
/// # Errors
/// Whatever the grant finds wrong.
pub async fn form(grant: &dyn Grant, context: GrantContext<'_>) -> Result<Params> {
    let mut form = Params::new().with("grant_type", grant.grant_type());
    form.append(grant.params(context).await?);
    if grant.sends_scope() {
        grant.parameters().append_to(&mut form);
    } else {
        grant.parameters().append_all_but_scope(&mut form);
    }
    Ok(form)
}

/// What an answer is judged against.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Asked {
    /// The scope asked for, which is the scope granted where the answer names none (RFC 6749 section 5.1).
    pub scope: Option<Scope>,
    /// When the request was sent: the token's life counts from here.
    pub sent_at: Option<UnixTime>,
    /// The token type to take as given where the answer names none: for a server known to leave it out.
    pub assumed_token_type: Option<String>,
}

/// Judges an answer of the token endpoint: [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1).
///
/// # Errors
/// [`Error::Server`](crate::Error::Server) for an OAuth error under any status, [`Error::Status`](crate::Error::Status)
/// for an error status without one, [`Error::Rule`](crate::Error::Rule) for an answer that grants no token.
pub fn judge(answer: &http::Response<Bytes>, asked: &Asked) -> Result<Token> {
    let members = super::members(STAGE, answer)?;
    from_members(STAGE, members, asked)
}

pub(crate) fn from_members(stage: &'static str, members: Map<String, Value>, asked: &Asked) -> Result<Token> {
    const SPEC: &str = "RFC 6749 section 5.1";
    let mut token = Token::bearer(Secret::default());
    let (mut access_token, mut token_type) = (None, None);
    for (name, value) in members {
        match name.as_str() {
            "access_token" => access_token = Some(value),
            "token_type" => token_type = Some(value),
            "expires_in" => {
                let sent_at = || asked.sent_at.unwrap_or_else(UnixTime::now);
                token.expires_at = json::seconds(&value).map(|lifetime| sent_at().after(lifetime));
            }
            "refresh_token" => token.refresh_token = full_string(value).map(Into::into),
            "id_token" => token.id_token = full_string(value).map(UnverifiedIdToken::new),
            "issued_token_type" => token.issued_token_type = full_string(value),
            "scope" => token.scope = scope(&value),
            // What only a store may say about a token is not a server's to say.
            "expires_at" | "obtained_at" | "key_thumbprint" => {
                token.extra.insert(format!("server_{name}"), value);
            }
            _ => {
                token.extra.insert(name, value);
            }
        }
    }
    token.access_token = match access_token {
        Some(Value::String(token)) if !token.is_empty() => token.into(),
        other => {
            return Err(RuleViolation::new(stage, "a successful answer has an access_token", SPEC)
                .expected("a string that is not empty")
                .got(json::kind(other.as_ref()))
                .into());
        }
    };
    token.token_type = match (token_type, &asked.assumed_token_type) {
        (Some(Value::String(token_type)), _) if !token_type.is_empty() => token_type,
        (None | Some(Value::Null), Some(assumed)) => assumed.clone(),
        (other, _) => {
            return Err(RuleViolation::new(stage, "a successful answer has a token_type", SPEC)
                .expected("Bearer, in any case")
                .got(json::kind(other.as_ref()))
                .hint("for a server known to leave it out, set assume_token_type(\"Bearer\") on the client")
                .into());
        }
    };
    token.scope = token.scope.or_else(|| asked.scope.clone());
    token.obtained_at = asked.sent_at;
    Ok(token)
}

fn full_string(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A scope may come as a list; whatever else it is counts as absent.
fn scope(value: &Value) -> Option<Scope> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Result<Token> {
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", "text/plain")
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let asked =
            Asked { scope: Some("a b".into()), sent_at: Some(UnixTime::from_seconds(1000)), assumed_token_type: None };
        judge(&answer, &asked)
    }

    #[test]
    fn any_2xx_any_content_type_and_any_case_of_token_type() {
        for status in [200, 201, 203] {
            let token = answer(status, r#"{"access_token":"t","token_type":"bEARER"}"#).unwrap();
            assert!(token.is_bearer());
            assert_eq!(token.scope, Some("a b".into()));
            assert_eq!(token.expires_at, None);
        }
    }

    #[test]
    fn the_life_counts_from_when_the_request_was_sent() {
        for (member, millis) in [("60", 60_000), ("\"60\"", 60_000), ("1.5", 1500), ("\"1.5\"", 1500)] {
            let token =
                answer(200, &format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{member}}}"#)).unwrap();
            assert_eq!(token.expires_at, Some(UnixTime::from_millis(1_000_000 + millis)), "{member}");
            assert_eq!(token.lifetime(), Some(Duration::from_millis(u64::try_from(millis).unwrap())));
        }
    }

    #[test]
    fn scope_as_a_list_is_read() {
        assert_eq!(
            answer(200, r#"{"access_token":"t","token_type":"Bearer","scope":["x","y"]}"#).unwrap().scope,
            Some("x y".into())
        );
    }

    #[test]
    fn an_error_member_is_an_error_under_any_status() {
        for status in [200, 400, 401, 500] {
            let error =
                answer(status, r#"{"error":"invalid_grant","error_description":"used","access_token":"s3cret"}"#)
                    .unwrap_err();
            assert_eq!(error.server_error(), Some("invalid_grant"));
            assert_eq!(error.status(), Some(status));
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn an_error_status_without_an_oauth_error_is_a_status_error() {
        let error = answer(503, "<html>").unwrap_err();
        assert!(matches!(error, Error::Status(_)) && error.is_transient(), "{error:?}");
        assert!(!answer(404, "").unwrap_err().is_transient());
    }

    #[test]
    fn no_access_token_or_no_token_type_is_an_error_that_says_what_came() {
        for (body, got) in [
            (r#"{"token_type":"Bearer"}"#, "no such member"),
            (r#"{"access_token":"","token_type":"Bearer"}"#, "an empty string"),
            (r#"{"access_token":7,"token_type":"Bearer"}"#, "a number"),
            (r#"{"access_token":"s3cret"}"#, "no such member"),
        ] {
            let error = answer(200, body).unwrap_err();
            assert!(matches!(error, Error::Rule(_)));
            assert!(error.to_string().contains(got) && !error.to_string().contains("s3cret"), "{error}");
        }
        assert!(answer(200, r#"{"access_token":"t"}"#).unwrap_err().hint().unwrap().contains("assume_token_type"));
    }

    #[test]
    fn a_redirect_is_no_answer() {
        assert_eq!(answer(302, "").unwrap_err().code(), "rule_violation");
    }

    #[test]
    fn a_server_cannot_say_when_we_obtained_the_token() {
        let token = answer(
            200,
            r#"{"access_token":"t","token_type":"Bearer","obtained_at":9999999999,"expires_at":9999999999}"#,
        )
        .unwrap();
        assert_eq!((token.expires_at, token.obtained_at), (None, Some(UnixTime::from_seconds(1000))));
        assert_eq!(token.get("server_expires_at").unwrap(), 9_999_999_999_u64);
        assert_eq!(serde_json::from_value::<Token>(serde_json::to_value(&token).unwrap()).unwrap(), token);
    }
}
