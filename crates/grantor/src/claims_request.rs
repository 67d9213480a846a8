//! The `claims` parameter, [OpenID Connect Core 1.0 section 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter).

use serde_json::{Map, Value};

use crate::error::OAuthError;

#[derive(Clone, Debug, Default)]
pub(crate) struct ClaimsRequest {
    pub(crate) id_token: Map<String, Value>,
    pub(crate) userinfo: Map<String, Value>,
}

impl ClaimsRequest {
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        let Some(text) = text else { return Ok(Self::default()) };
        let wrong = || OAuthError::invalid_request("claims is no JSON object of objects");
        let mut members: Map<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
        let mut part = |name: &str| match members.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(part)) => Ok(part),
            Some(_) => Err(wrong()),
        };
        Ok(Self { id_token: part("id_token")?, userinfo: part("userinfo")? })
    }

    /// The first value that the ID token is asked to have for a claim (section 5.5.1).
    pub(crate) fn wanted(&self, claim: &str) -> Option<&str> {
        let wish = self.id_token.get(claim)?;
        wish.get("value").or_else(|| wish.get("values")?.get(0))?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_may_name_one_value_or_several() {
        let text = r#"{"id_token":{"acr":{"values":["a","b"]},"sub":{"value":"s"},"name":null}}"#;
        let claims = ClaimsRequest::parse(Some(text)).unwrap();
        assert_eq!((claims.wanted("acr"), claims.wanted("sub"), claims.wanted("name")), (Some("a"), Some("s"), None));
        assert!(ClaimsRequest::parse(Some("[]")).is_err());
        assert!(ClaimsRequest::parse(Some(r#"{"userinfo":1}"#)).is_err());
    }
}
