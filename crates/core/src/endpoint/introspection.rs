//! Token introspection, [RFC 7662](https://www.rfc-editor.org/rfc/rfc7662).

use crate::error::{Result, RuleViolation};
use crate::wire::form::Params;
use crate::wire::json;
use crate::{Scope, Secret, TokenToActOn, UnixTime};
use bytes::Bytes;
use serde_json::{Map, Value};

pub(crate) const STAGE: &str = "introspection";

/// The form of a request about a token, without the caller's authorization (RFC 7662 section 2.1).
pub fn form(token: &TokenToActOn) -> Params {
    super::revocation::form(token)
}

/// What the server says about a token (RFC 7662 section 2.2).
///
/// `active` alone decides; the other members of a token that is not active mean nothing and are left out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Introspection {
    /// REQUIRED. Whether the token is good right now.
    pub active: bool,
    /// OPTIONAL. The scope of the token.
    pub scope: Option<Scope>,
    /// OPTIONAL. The client it was granted to.
    pub client_id: Option<String>,
    /// OPTIONAL. The person's name, for people to read.
    pub username: Option<String>,
    /// OPTIONAL. How the token is used.
    pub token_type: Option<String>,
    /// OPTIONAL. When it expires.
    pub exp: Option<UnixTime>,
    /// OPTIONAL. When it was made.
    pub iat: Option<UnixTime>,
    /// OPTIONAL. Since when it is good.
    pub nbf: Option<UnixTime>,
    /// OPTIONAL. Whose it is.
    pub sub: Option<String>,
    /// OPTIONAL. Who it is for.
    pub aud: Vec<String>,
    /// OPTIONAL. Who made it.
    pub iss: Option<String>,
    /// OPTIONAL. Its identifier.
    pub jti: Option<String>,
    /// Every member of the answer, those above included.
    pub members: Map<String, Value>,
    /// Whether the server signed the answer, and the signature was verified
    /// ([`introspection_jwt`](super::introspection_jwt)).
    pub is_signed: bool,
    /// The signed answer as it came, to be shown to others later.
    pub jwt: Option<Secret>,
}

/// Judges an answer of the introspection endpoint.
///
/// # Errors
/// As [`token::judge`](super::token::judge); an answer whose `active` is no boolean is refused.
pub fn judge(answer: &http::Response<Bytes>) -> Result<Introspection> {
    of_members(super::members(STAGE, answer)?)
}

/// Judges what an answer says, in whatever form it came.
pub(super) fn of_members(members: Map<String, Value>) -> Result<Introspection> {
    let Some(Value::Bool(active)) = members.get("active") else {
        return Err(RuleViolation::new(STAGE, "the answer says whether the token is active", "RFC 7662 section 2.2")
            .expected("active as a boolean")
            .got(json::kind(members.get("active")))
            .into());
    };
    if !active {
        let members = members.into_iter().filter(|(name, _)| name == "active").collect();
        return Ok(read(false, members));
    }
    Ok(read(true, members))
}

fn read(active: bool, members: Map<String, Value>) -> Introspection {
    let text = |name| json::text(&members, name);
    let time = |name| members.get(name).and_then(|value| serde_json::from_value(value.clone()).ok());
    let aud = match members.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    Introspection {
        active,
        scope: members.get("scope").and_then(|scope| serde_json::from_value(scope.clone()).ok()),
        client_id: text("client_id"),
        username: text("username"),
        token_type: text("token_type"),
        exp: time("exp"),
        iat: time("iat"),
        nbf: time("nbf"),
        sub: text("sub"),
        aud,
        iss: text("iss"),
        jti: text("jti"),
        members,
        is_signed: false,
        jwt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Introspection> {
        judge(&http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap())
    }

    #[test]
    fn typed_members_and_all_of_them() {
        let seen = answer(200, r#"{"active":true,"scope":"a b","aud":["x","y"],"exp":1419356238,"sub":"z","own":[1]}"#)
            .unwrap();
        assert!(seen.active && seen.scope.as_ref().unwrap().contains("b"));
        assert_eq!(seen.aud, ["x", "y"]);
        assert_eq!(seen.exp, Some(UnixTime::from_seconds(1_419_356_238)));
        assert_eq!(seen.members["own"][0], 1);
    }

    #[test]
    fn a_token_that_is_not_active_has_nothing_else() {
        let seen = answer(200, r#"{"active":false,"sub":"z"}"#).unwrap();
        assert!(!seen.active && seen.sub.is_none() && !seen.members.contains_key("sub"));
    }

    #[test]
    fn active_must_be_a_boolean() {
        for body in ["{}", r#"{"active":"true"}"#, r#"{"active":1}"#, "<html>"] {
            assert_eq!(answer(200, body).unwrap_err().code(), "rule_violation", "{body}");
        }
    }

    #[test]
    fn an_oauth_error_is_one() {
        assert_eq!(answer(401, r#"{"error":"invalid_client"}"#).unwrap_err().server_error(), Some("invalid_client"));
    }
}
