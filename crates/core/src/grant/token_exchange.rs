//! Token exchange, [RFC 8693](https://www.rfc-editor.org/rfc/rfc8693).

use super::{Grant, GrantContext, RefreshToken, TokenParameters, token_parameters};
use crate::endpoint::token::STAGE;
use crate::error::{Error, Excerpt, Result, RuleViolation};
use crate::oidc::IdToken;
use crate::ports::BoxFuture;
use crate::wire::form::Params;
use crate::{Secret, Token, UnverifiedIdToken};
use grantee_jose::{base64url, sha256};
use url::Url;

/// The types that section 3 registers, each by its short name.
const SHORT: [(&str, &str); 6] = [
    ("access_token", "urn:ietf:params:oauth:token-type:access_token"),
    ("refresh_token", "urn:ietf:params:oauth:token-type:refresh_token"),
    ("id_token", "urn:ietf:params:oauth:token-type:id_token"),
    ("jwt", "urn:ietf:params:oauth:token-type:jwt"),
    ("saml1", "urn:ietf:params:oauth:token-type:saml1"),
    ("saml2", "urn:ietf:params:oauth:token-type:saml2"),
];

/// What this grant makes itself.
const OWN: [&str; 5] =
    ["actor_token", "actor_token_type", "requested_token_type", "subject_token", "subject_token_type"];

/// Exchanges a token for another: for another API, in another form, or to act for somebody.
///
/// The result says in [`Token::issued_token_type`] what came. Where that is no access token, its `token_type` is `N_A`, and
/// it is never put on a request.
///
/// The same exchange brings the next token too, as long as the server takes the subject token; with a refresh token that one is
/// used. In a store each subject and actor has a record of its own, and each type requested. Give the session an
/// account of your own (the person's id, say) where a later subject token of the same person is to find the record again.
///
/// ```
/// use grantee_core::Token;
/// use grantee_core::grant::{SecurityToken, TokenExchange};
///
/// let theirs = Token::bearer("accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC");
/// let grant = TokenExchange::new(&theirs)
///     .actor(SecurityToken::new("eyJ…", "id_token"))
///     .requested_token_type("jwt")
///     .resource("https://backend.example.com/api");
/// ```
#[derive(Clone)]
pub struct TokenExchange {
    subject: SecurityToken,
    actor: Option<SecurityToken>,
    requested: Option<String>,
    parameters: TokenParameters,
    /// Tells two subjects apart without saying who they are.
    identity: String,
}

impl TokenExchange {
    /// REQUIRED. The token of whom the new one is for (`subject_token`): one of our own values, whose type is known, or a
    /// [`SecurityToken`].
    pub fn new(subject: impl Into<SecurityToken>) -> Self {
        let subject = subject.into();
        let identity = identity(&subject, None);
        Self { subject, actor: None, requested: None, parameters: TokenParameters::default(), identity }
    }

    /// OPTIONAL. The token of who acts for the subject (`actor_token`, with its `actor_token_type`).
    #[must_use]
    pub fn actor(mut self, actor: impl Into<SecurityToken>) -> Self {
        let actor = actor.into();
        self.identity = identity(&self.subject, Some(&actor));
        self.actor = Some(actor);
        self
    }

    /// OPTIONAL. The type of the token that is wanted, by its short name or in full. The server may issue another.
    #[must_use]
    pub fn requested_token_type(mut self, token_type: impl AsRef<str>) -> Self {
        self.requested = Some(token_type_identifier(token_type.as_ref()).to_owned());
        self
    }

    token_parameters!();

    fn check(&self) -> Result<()> {
        for (what, token) in std::iter::once(("subject", &self.subject)).chain(self.actor.iter().map(|t| ("actor", t)))
        {
            // Section 2.1: both are REQUIRED, and a type goes with each token.
            if token.token.is_empty() || token.token_type.is_empty() {
                return Err(Error::config(
                    format!("the {what} token of a token exchange, or its type, is empty"),
                    "hand over a token, and what it is: access_token, jwt, or a URI (RFC 8693 section 2.1)",
                ));
            }
        }
        if let Some((name, _)) = self.parameters.other.iter().find(|(name, _)| OWN.contains(name)) {
            return Err(Error::config(
                format!("a token exchange can't take {name} by param(..)"),
                "use new(..), actor(..) and requested_token_type(..)",
            ));
        }
        let bad = |resource: &&String| Url::parse(resource).map_or(true, |url| url.fragment().is_some());
        if let Some(resource) = self.parameters.resources.iter().find(bad) {
            return Err(Error::config(
                format!("the resource {} is not an absolute URI without a fragment", Excerpt(resource)),
                "give it in full, as in https://api.example/; what the server knows by another name is an audience (RFC 8693 section 2.1)",
            ));
        }
        Ok(())
    }
}

impl Grant for TokenExchange {
    fn grant_type(&self) -> &str {
        "urn:ietf:params:oauth:grant-type:token-exchange"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async {
            self.check()?;
            let mut params = Params::new()
                .with("subject_token", &self.subject.token)
                .with("subject_token_type", self.subject.token_type.as_str());
            if let Some(actor) = &self.actor {
                params.push("actor_token", &actor.token);
                params.push("actor_token_type", actor.token_type.as_str());
            }
            if let Some(requested) = &self.requested {
                params.push("requested_token_type", requested.as_str());
            }
            Ok(params)
        })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn finish(&self, answer: Token) -> Result<Token> {
        if answer.issued_token_type.is_none() {
            return Err(RuleViolation::new(
                STAGE,
                "the answer to a token exchange says what was issued",
                "RFC 8693 section 2.2.1",
            )
            .expected("issued_token_type, a string")
            .got("no such member")
            .hint("for a server known to leave it out, add it to the answer with a hook")
            .into());
        }
        Ok(answer)
    }

    fn account(&self) -> Option<&str> {
        Some(&self.identity)
    }

    fn variant(&self) -> Option<&str> {
        self.requested.as_deref()
    }
}

impl std::fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenExchange")
            .field("subject", &self.subject)
            .field("actor", &self.actor)
            .field("requested_token_type", &self.requested)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// A token with what it is, as a token exchange takes and asks for it.
///
/// Made from a [`Token`] (its access token, or whatever an earlier exchange issued), an [`IdToken`], an [`UnverifiedIdToken`] or
/// a [`RefreshToken`], whose types are known; else with [`SecurityToken::new`].
#[derive(Debug, Clone)]
pub struct SecurityToken {
    token: Secret,
    token_type: String,
}

impl SecurityToken {
    /// A token and its type: `access_token`, `refresh_token`, `id_token`, `jwt`, `saml1`, `saml2`, or any URI in full
    /// ([section 3](https://www.rfc-editor.org/rfc/rfc8693#section-3)). A SAML assertion is given as base64url.
    pub fn new(token: impl Into<Secret>, token_type: impl AsRef<str>) -> Self {
        Self { token: token.into(), token_type: token_type_identifier(token_type.as_ref()).to_owned() }
    }

    /// What it is, in full.
    pub fn token_type(&self) -> &str {
        &self.token_type
    }
}

impl From<&Token> for SecurityToken {
    fn from(token: &Token) -> Self {
        Self::new(&token.access_token, token.issued_token_type.as_deref().unwrap_or("access_token"))
    }
}

impl From<Token> for SecurityToken {
    fn from(token: Token) -> Self {
        Self::from(&token)
    }
}

impl From<&UnverifiedIdToken> for SecurityToken {
    fn from(token: &UnverifiedIdToken) -> Self {
        Self::new(token.reveal_unverified(), "id_token")
    }
}

impl From<UnverifiedIdToken> for SecurityToken {
    fn from(token: UnverifiedIdToken) -> Self {
        Self::from(&token)
    }
}

impl From<&IdToken> for SecurityToken {
    fn from(token: &IdToken) -> Self {
        Self::new(token.reveal(), "id_token")
    }
}

impl From<IdToken> for SecurityToken {
    fn from(token: IdToken) -> Self {
        Self::from(&token)
    }
}

impl From<&RefreshToken> for SecurityToken {
    fn from(token: &RefreshToken) -> Self {
        Self::new(token.secret(), "refresh_token")
    }
}

impl From<RefreshToken> for SecurityToken {
    fn from(token: RefreshToken) -> Self {
        Self::from(&token)
    }
}

/// The identifier of a token type by its short name. Anything else stands for itself.
///
/// ```
/// use grantee_core::grant::token_type_identifier;
/// assert_eq!(token_type_identifier("saml2"), "urn:ietf:params:oauth:token-type:saml2");
/// assert_eq!(token_type_identifier("urn:example:own"), "urn:example:own");
/// ```
pub fn token_type_identifier(name: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, identifier)| identifier)
}

/// A digest, each part with its length before it, so that no two lists of parts run together.
fn identity(subject: &SecurityToken, actor: Option<&SecurityToken>) -> String {
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    for token in std::iter::once(subject).chain(actor) {
        for part in [token.token.reveal(), token.token_type.as_str()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    base64url::encode(sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_short_names_and_any_identifier_in_full() {
        for name in ["access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2"] {
            let full = format!("urn:ietf:params:oauth:token-type:{name}");
            assert_eq!(token_type_identifier(name), full);
            assert_eq!(token_type_identifier(&full), full);
        }
        assert_eq!(token_type_identifier("urn:example:device"), "urn:example:device");
    }

    #[test]
    fn our_own_values_say_what_they_are() {
        let of = |token: SecurityToken| token.token_type().rsplit(':').next().unwrap().to_owned();
        let mut token = Token::bearer("a").with_refresh_token("r");
        assert_eq!(of((&token).into()), "access_token");
        assert_eq!(of(RefreshToken::of(&token).unwrap().into()), "refresh_token");
        assert_eq!(of(RefreshToken::new("r").into()), "refresh_token");
        assert_eq!(of(UnverifiedIdToken::new("i").into()), "id_token");
        token.issued_token_type = Some("urn:ietf:params:oauth:token-type:jwt".into());
        assert_eq!(of(token.into()), "jwt");
    }

    #[test]
    fn no_two_subjects_share_a_store_record_and_no_label_shows_a_token() {
        let with = |subject: &str, actor: Option<&str>| {
            let grant = TokenExchange::new(SecurityToken::new(subject, "jwt"));
            let grant = match actor {
                Some(actor) => grant.actor(SecurityToken::new(actor, "jwt")),
                None => grant,
            };
            Grant::account(&grant).unwrap().to_owned()
        };
        let all = [with("s3cret", None), with("s3cret2", None), with("s3cret", Some("b")), with("s3cret", Some("c"))];
        for (index, one) in all.iter().enumerate() {
            assert!(!one.contains("s3cret") && !all[..index].contains(one));
        }
        assert_eq!(with("s3cret", Some("b")), all[2]);
    }

    #[test]
    fn debug_shows_no_token() {
        let grant = TokenExchange::new(SecurityToken::new("s3cret-s", "jwt"))
            .actor(SecurityToken::new("s3cret-a", "jwt"))
            .param("own", "s3cret-p");
        assert!(!format!("{grant:?}").contains("s3cret"), "{grant:?}");
    }
}
