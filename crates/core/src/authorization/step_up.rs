//! Asking for what an API found missing: [RFC 9470 section 4](https://www.rfc-editor.org/rfc/rfc9470#section-4), and
//! `insufficient_scope` of [RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1).

use super::{AuthorizationRequest, Pending};
use crate::error::{Error, Insufficient, Result, RuleViolation};
use crate::grant::TokenParameters;
use crate::session::Source;
use crate::session::call::STAGE;
use crate::{Client, Scope};
use url::Url;

/// What one challenge may ask for: more than any real API wants.
const MOST_TOKENS: usize = 32;
const MOST_BYTES: usize = 256;

/// What an API can't ask for: who the person is, and access while they are away, are between the program and the person.
pub(crate) const NEVER_ADDED: [&str; 2] = ["openid", "offline_access"];

const SCOPE: &str = "RFC 6750 section 3";
const STEP_UP: &str = "RFC 9470 section 3";

impl Insufficient {
    /// The authorization request that gets what is missing: what was asked for before (scope, resources, audiences, rich
    /// authorization details) and what the API wants. The person is sent there, and the new login takes the place of the old.
    ///
    /// The ID token of the new login, where `openid` is asked for, must then have one of the classes wanted (`acr`) and be of a login
    /// as recent as wanted (`auth_time`).
    ///
    /// The challenge is a stranger's text, so it is bounded: 32 scope tokens and classes at the most. The scopes `openid` and
    /// `offline_access` stay out unless they were asked for before.
    ///
    /// ```
    /// use grantee_core::{authorization::AuthorizationRequest, grant::TokenParameters, session::call::insufficient};
    /// # let challenge = r#"Bearer error="insufficient_user_authentication", acr_values="urn:example:gold", max_age="60""#;
    /// # let headers = http::HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, challenge.parse()?)]);
    /// let error = insufficient(http::StatusCode::UNAUTHORIZED, &headers).unwrap();
    /// let request: AuthorizationRequest = error.authorization_request(&TokenParameters::default())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Rule`] when the challenge says nothing that can be asked for, or breaks its bounds.
    pub fn authorization_request(&self, before: &TokenParameters) -> Result<AuthorizationRequest> {
        let wanted = self.scope.clone().unwrap_or_default();
        checked(&wanted, "scope", SCOPE)?;
        let acr_values = Scope::from(self.acr_values.as_deref().unwrap_or_default());
        checked(&acr_values, "acr_values", STEP_UP)?;
        let asked = before.scope.clone().unwrap_or_default();
        let more: Scope = wanted.iter().filter(|token| !NEVER_ADDED.contains(token)).collect();
        if more.is_empty() && acr_values.is_empty() && self.max_age.is_none() {
            return Err(RuleViolation::new(STAGE, "a challenge says what to ask for", SCOPE)
                .expected("scope, acr_values or max_age")
                .got("nothing that can be asked for")
                .hint("look at the API's own description of what it wants")
                .into());
        }
        let mut request = AuthorizationRequest::new().scope(asked).scope(more).acr_values(acr_values);
        for resource in &before.resources {
            request = request.resource(resource);
        }
        for audience in &before.audiences {
            request = request.audience(audience);
        }
        if let Some(details) = &before.authorization_details {
            request = request.authorization_details(details.clone());
        }
        Ok(match self.max_age {
            Some(seconds) => request.max_age(seconds),
            None => request,
        })
    }
}

impl Client {
    /// Starts the login that gets what an API found missing: [`Insufficient::authorization_request`], started.
    ///
    /// # Errors
    /// As there, and as [`start`](Self::start).
    pub async fn step_up(&self, missing: &Insufficient, before: &TokenParameters) -> Result<(Url, Pending)> {
        self.start(missing.authorization_request(before)?).await
    }
}

impl Source {
    /// The authorization request that gets what an API found missing, beside what this source was made with.
    ///
    /// # Errors
    /// As [`Insufficient::authorization_request`]; [`Error::Config`] when the token is the client's own, and no person's.
    pub fn step_up_request(&self, missing: &Insufficient) -> Result<AuthorizationRequest> {
        if self.inner.grant.grant_type() == "client_credentials" {
            return Err(Error::config(
                "the token is the client's own, so there is no person to ask for more",
                "ask for the missing scope in the grant",
            ));
        }
        let mut before = self.inner.grant.parameters().clone();
        // A token restored from elsewhere knows what it was granted.
        before.scope = before.scope.or_else(|| self.inner.held.load().as_ref()?.token.scope.clone());
        missing.authorization_request(&before)
    }

    /// Starts the login that gets what an API found missing.
    ///
    /// # Errors
    /// As [`step_up_request`](Self::step_up_request), and as [`Client::start`].
    pub async fn step_up(&self, missing: &Insufficient) -> Result<(Url, Pending)> {
        self.client().start(self.step_up_request(missing)?).await
    }
}

/// RFC 6749 section 3.3 says what a scope token is; classes are held to the same.
pub(crate) fn is_plain(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    token.len() <= MOST_BYTES && token.bytes().all(allowed)
}

fn checked(list: &Scope, what: &'static str, spec: &'static str) -> Result<()> {
    if list.iter().nth(MOST_TOKENS).is_none() && list.iter().all(is_plain) {
        return Ok(());
    }
    Err(RuleViolation::new(STAGE, "a challenge asks for a bounded list of plain words", spec)
        .expected(format!(
            "{what} of at most {MOST_TOKENS} words of {MOST_BYTES} visible ASCII characters, no quote and no backslash"
        ))
        .got("something else")
        .into())
}
