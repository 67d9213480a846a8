//! The token: what a token endpoint grants ([RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).

use crate::{Scope, Secret, UnixTime};
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// A token with everything that came with it.
///
/// Serializing it reveals the token, since what is stored must come back; `Debug` does not.
///
/// ```
/// use grantee_core::{Token, UnixTime};
/// use std::time::Duration;
/// let token = Token::bearer("an-access-token").with_expires_in(Duration::from_secs(60));
/// assert!(!token.is_expired(Duration::ZERO));
/// assert!(token.expires_in().unwrap() <= Duration::from_secs(60));
/// let header: http::HeaderValue = (&token).try_into().unwrap();
/// assert_eq!(header, "Bearer an-access-token");
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Token {
    /// REQUIRED. The access token.
    pub access_token: Secret,
    /// REQUIRED. How to use it, in the case the server sent; compare without regard to case.
    pub token_type: String,
    /// OPTIONAL. What gets the next access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// OPTIONAL. The ID token as it came. Nothing has verified it: see [`UnverifiedIdToken`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<UnverifiedIdToken>,
    /// The scope granted: what the server said, or what was asked for where it said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// When it expires; `None` where the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixTime>,
    /// When the request for it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtained_at: Option<UnixTime>,
    /// What kind of token a token exchange brought (RFC 8693 section 2.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
    /// The RFC 7638 thumbprint of the key it is bound to; never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_thumbprint: Option<String>,
    /// Every further member, under its own name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Token {
    /// A Bearer token made from a bare string that came from elsewhere.
    pub fn bearer(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            refresh_token: None,
            id_token: None,
            scope: None,
            expires_at: None,
            obtained_at: None,
            issued_token_type: None,
            key_thumbprint: None,
            extra: Map::new(),
        }
    }

    /// With the refresh token that renews it.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// With the moment it expires.
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: UnixTime) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// With what is left of its life, counted from now by the system's clock.
    #[must_use]
    pub fn with_expires_in(mut self, expires_in: Duration) -> Self {
        let now = UnixTime::now();
        self.obtained_at = Some(now);
        self.expires_at = Some(now.after(expires_in));
        self
    }

    /// With the scope it was granted.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// What is left of its life by the system's clock: zero when it has expired, `None` when the server did not say.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_at.map(|at| at.since(UnixTime::now()))
    }

    /// Whether it has expired, or will within `leeway`, by the system's clock. One that never says when has not.
    pub fn is_expired(&self, leeway: Duration) -> bool {
        self.is_expired_at(UnixTime::now(), leeway)
    }

    /// Whether it has expired at `now`, or will within `leeway` of it.
    pub fn is_expired_at(&self, now: UnixTime, leeway: Duration) -> bool {
        self.expires_at.is_some_and(|at| at <= now.after(leeway))
    }

    /// How long it was to live when it came.
    pub fn lifetime(&self) -> Option<Duration> {
        Some(self.expires_at?.since(self.obtained_at?))
    }

    /// Whether it is used as RFC 6750 says. The case of `token_type` does not matter (RFC 6749 section 5.1).
    pub fn is_bearer(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("Bearer")
    }

    /// A further member of the answer, such as `token.get("tenant")`.
    pub fn get(&self, member: &str) -> Option<&Value> {
        self.extra.get(member)
    }
}

// A further member may be a secret too, so only the names are shown.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("token_type", &self.token_type)
            .field("refresh_token", &self.refresh_token)
            .field("id_token", &self.id_token)
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .field("obtained_at", &self.obtained_at)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The header that carries it, marked sensitive so that logs leave it out.
impl TryFrom<&Token> for HeaderValue {
    type Error = crate::Error;

    fn try_from(token: &Token) -> crate::Result<Self> {
        crate::token_type::authorization_header(token)
    }
}

/// An ID token exactly as a server sent it. Nobody has checked its signature, issuer, audience or age, so it must not
/// be used to decide who somebody is; it serves to be kept, or handed to a verifier.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnverifiedIdToken(Secret);

impl UnverifiedIdToken {
    /// Keeps the string as it came.
    pub fn new(jwt: impl Into<Secret>) -> Self {
        Self(jwt.into())
    }

    /// The string as it came.
    pub fn reveal_unverified(&self) -> &str {
        self.0.reveal()
    }
}

impl std::fmt::Debug for UnverifiedIdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedIdToken(..)")
    }
}

/// A token handed to an endpoint that acts on tokens, with what kind it is where that is known.
///
/// Made from a [`Token`] (its access token), or from a bare string, about which nothing is known until
/// [`TokenToActOn::access_token`] or [`TokenToActOn::refresh_token`] says so.
#[derive(Debug, Clone)]
pub struct TokenToActOn {
    pub(crate) value: Secret,
    pub(crate) hint: Option<&'static str>,
}

impl TokenToActOn {
    /// An access token.
    pub fn access_token(token: impl Into<Secret>) -> Self {
        Self { value: token.into(), hint: Some("access_token") }
    }

    /// A refresh token.
    pub fn refresh_token(token: impl Into<Secret>) -> Self {
        Self { value: token.into(), hint: Some("refresh_token") }
    }
}

impl From<&Token> for TokenToActOn {
    fn from(token: &Token) -> Self {
        Self::access_token(&token.access_token)
    }
}

impl From<&Secret> for TokenToActOn {
    fn from(value: &Secret) -> Self {
        Self { value: value.clone(), hint: None }
    }
}

impl From<&str> for TokenToActOn {
    fn from(value: &str) -> Self {
        Self { value: value.into(), hint: None }
    }
}

impl From<String> for TokenToActOn {
    fn from(value: String) -> Self {
        Self { value: value.into(), hint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_round_trip_keeps_every_member() {
        let json = serde_json::json!({
            "access_token": "a", "token_type": "bEARER", "refresh_token": "r", "id_token": "i", "scope": "x y",
            "expires_at": 1_700_000_000.25, "obtained_at": 1_699_999_999, "tenant": {"id": 7},
        });
        let token: Token = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(token.get("tenant").unwrap()["id"], 7);
        assert!(token.is_bearer());
        assert_eq!(token.lifetime(), Some(Duration::from_millis(1250)));
        assert_eq!(serde_json::to_value(&token).unwrap(), json);
    }

    #[test]
    fn debug_shows_no_token() {
        let mut token = Token::bearer("s3cret-a").with_refresh_token("s3cret-r");
        token.id_token = Some(UnverifiedIdToken::new("s3cret-i"));
        token.extra.insert("nested".into(), "s3cret-n".into());
        assert!(!format!("{token:?}").contains("s3cret"), "{token:?}");
    }

    #[test]
    fn one_that_never_says_when_has_not_expired() {
        assert!(!Token::bearer("a").is_expired(Duration::MAX));
    }

    #[test]
    fn leeway_counts() {
        let at = UnixTime::from_seconds(1000);
        let token = Token::bearer("a").with_expires_at(at);
        assert!(!token.is_expired_at(at.before(Duration::from_secs(61)), Duration::from_secs(60)));
        assert!(token.is_expired_at(at.before(Duration::from_secs(60)), Duration::from_secs(60)));
    }
}
