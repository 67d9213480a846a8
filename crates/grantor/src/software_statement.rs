//! Software statements, [RFC 7591 section 2.3](https://www.rfc-editor.org/rfc/rfc7591#section-2.3).

use serde_json::{Map, Value};

use crate::{error::OAuthError, jwt::Received, shared::Shared};

/// Claims of the JWT that are no metadata of the client.
const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The metadata, with what the software statement says in place of what the client does.
pub(crate) fn merged(shared: &Shared, mut asked: Map<String, Value>) -> Result<Map<String, Value>, OAuthError> {
    let Some(statement) = asked.get("software_statement") else {
        return Ok(asked);
    };
    let invalid = |what: &str| OAuthError::new("invalid_software_statement", what);
    let statement = statement
        .as_str()
        .and_then(Received::parse)
        .ok_or_else(|| invalid("the software statement is no signed JWT"))?;
    let iss = statement.text("iss").ok_or_else(|| invalid("the software statement has no iss"))?;
    let issuers = &shared.config.registration.statement_issuers;
    let Some((_, jwks)) = issuers.iter().find(|(issuer, _)| issuer == iss) else {
        let unknown = "software statements of that issuer are not taken here";
        return Err(OAuthError::new("unapproved_software_statement", unknown));
    };
    if !statement.is_by_one_of(jwks) {
        return Err(invalid("the signature of the software statement is wrong"));
    }
    let exp = statement.claims.get("exp").map(Value::as_f64);
    if exp.is_some_and(|exp| exp.is_none_or(|exp| exp <= shared.clock.seconds() as f64)) {
        return Err(invalid("the software statement has expired"));
    }
    let said = statement.claims.into_iter().filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str()));
    asked.extend(said);
    Ok(asked)
}
