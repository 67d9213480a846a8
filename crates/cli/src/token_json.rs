//! A token as it is printed.

use crate::args::TokenForm;
use crate::failure::{Failure, Result};
use crate::output;
use grantee::Token;
use http::HeaderValue;
use serde_json::{Map, Value};

/// Prints a token, with further members beside it.
pub(crate) fn print_with(token: &Token, more: Map<String, Value>, form: TokenForm, json: bool) -> Result<()> {
    let text = match form {
        TokenForm::Json => {
            let mut members = members(token);
            members.extend(more);
            return output::json(&members);
        }
        TokenForm::Token => token.access_token.reveal().to_owned(),
        TokenForm::Header => {
            let header = header(token)?;
            header.to_str().map_err(|_| Failure::file("the token can't stand in a header"))?.to_owned()
        }
    };
    if json { output::json(&text) } else { output::text(&text) }
}

/// The value of the Authorization header. A token that is bound to a key needs a proof beside it, which `grantee call` makes.
fn header(token: &Token) -> Result<HeaderValue> {
    if !token.token_type.eq_ignore_ascii_case("DPoP") {
        return Ok(token.try_into()?);
    }
    let bare = Token::bearer(&token.access_token);
    let bearer: HeaderValue = (&bare).try_into()?;
    let value = bearer.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let value = value.ok_or_else(|| Failure::file("the token can't stand in a header"))?;
    HeaderValue::from_str(&format!("DPoP {value}")).map_err(|_| Failure::file("the token can't stand in a header"))
}

/// The members of the output, those that the token lacks left out. Times are whole seconds, rounded down.
fn members(token: &Token) -> Map<String, Value> {
    // Further members first: what is known by name prevails.
    let mut members = token.extra.clone();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    put("access_token", Some(token.access_token.reveal().into()));
    put("token_type", Some(token.token_type.as_str().into()));
    put("expires_at", token.expires_at.map(|at| at.seconds().into()));
    put("expires_in", token.expires_in().map(|left| left.as_secs().into()));
    put("refresh_token", token.refresh_token.as_ref().map(|refresh| refresh.reveal().into()));
    put("scope", token.scope.as_ref().map(|scope| scope.to_string().into()));
    put("id_token", token.id_token.as_ref().map(|id_token| id_token.reveal_unverified().into()));
    put("issued_token_type", token.issued_token_type.as_deref().map(Value::from));
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_header_names_the_tokens_type() {
        let mut token = Token::bearer("a");
        assert_eq!(header(&token).unwrap(), "Bearer a");
        token.token_type = "dpop".to_owned();
        assert_eq!(header(&token).unwrap(), "DPoP a");
        token.token_type = "N_A".to_owned();
        assert!(header(&token).is_err());
    }

    #[test]
    fn what_is_absent_is_left_out_and_what_is_more_keeps_its_name() {
        let mut token = Token::bearer("a").with_expires_in(Duration::from_millis(90_500));
        token.extra.insert("tenant".into(), 7.into());
        token.extra.insert("expires_in".into(), "x".into());
        let members = members(&token);
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "expires_at", "expires_in", "tenant", "token_type"]);
        assert_eq!(members["expires_in"], 90);
        assert!(members["expires_at"].is_i64());
    }
}
