//! OpenID Connect in the blocking client: who logged in, what is known of them, logging out, and judging access tokens.

use super::client::{Client, ClientBuilder, Login};
use super::ports::WhenPolled;
use super::runtime::block_on;
use grantee_core::authorization::{AuthorizationResponse, Callback, Pending};
use grantee_core::endpoint::end_session::{EndSession, PendingLogout};
use grantee_core::endpoint::userinfo::{SourcedClaims, UnboundUserinfo, Userinfo};
use grantee_core::jose::BlockingDecrypter;
use grantee_core::jose::signer::Inline;
use grantee_core::oidc::access_token::{AccessTokenClaims, Possession};
use grantee_core::oidc::{
    BlockingReplayCache, ClaimSource, FrontchannelLogout, IdToken, IdTokenExpectations, LogoutToken, SessionWatch,
    ThirdPartyLogin,
};
use grantee_core::{Result, Scope, Token, UnverifiedIdToken};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

impl Client {
    /// Judges a callback against what is pending, its ID token included where it has one, and exchanges nothing: for a program
    /// that does something with the code first. Most end a login with [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Rule`](crate::Error::Rule) when
    /// the callback is not the answer to this request.
    pub fn respond<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<AuthorizationResponse> {
        block_on(self.core().respond(pending, callback))
    }

    /// Ends a login that asked for who the person is and for nothing else: `response_type` `id_token`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish); [`Error::Config`](crate::Error::Config) when the response type brings no ID token in the answer
    /// itself.
    pub fn identify<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<IdToken> {
        block_on(self.core().identify(pending, callback))
    }

    /// Verifies an ID token that came with a token of this client's, or from elsewhere. [`finish`](Self::finish) does so by
    /// itself.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken; as [`metadata`](Self::metadata) and for the key set, where
    /// they have to be fetched.
    pub fn verify_id_token(&self, id_token: &UnverifiedIdToken, expected: &IdTokenExpectations) -> Result<IdToken> {
        block_on(self.core().verify_id_token(id_token, expected))
    }

    /// What the provider says about the person of this ID token ([OpenID Connect Core section
    /// 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the answer breaks a rule, such as another `sub` than the ID token's;
    /// [`Error::Server`](crate::Error::Server) when the access token is refused.
    pub fn userinfo(&self, token: &Token, id_token: &IdToken) -> Result<Userinfo> {
        block_on(self.core().userinfo(token, id_token))
    }

    /// What the provider says about the person whose access token this is, whoever that may be: nobody is logged in by it.
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo).
    pub fn userinfo_unbound(&self, token: &Token) -> Result<UnboundUserinfo> {
        block_on(self.core().userinfo_unbound(token))
    }

    /// The claims of a source that the provider names (OpenID Connect Core section 5.6.2), not verified.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the answer is none; otherwise why none came.
    pub fn claims_of(&self, source: &ClaimSource<'_>) -> Result<SourcedClaims> {
        block_on(self.core().claims_of(source))
    }

    /// Starts a logout at the server: the URL to send the person to, and what their coming back is checked against
    /// ([RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)).
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the server has no `end_session_endpoint`, or the request can't be made; as
    /// [`metadata`](Self::metadata).
    pub fn logout(&self, request: EndSession) -> Result<(Url, PendingLogout)> {
        block_on(self.core().logout(request))
    }

    /// Verifies what the server posted to the program's `backchannel_logout_uri`; `replays` lets each token serve once. What to
    /// answer is made by [`backchannel_logout::answer`](crate::oidc::backchannel_logout::answer).
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken; why the keys can't be had; what the `replays` say.
    pub fn logout_token(&self, body: &[u8], replays: &dyn BlockingReplayCache) -> Result<LogoutToken> {
        block_on(self.core().logout_token(body, &WhenPolled(replays)))
    }

    /// Judges a request for the program's `frontchannel_logout_uri`, its URL or its query: which session of this browser is over.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names another issuer, or half a session; as [`metadata`](Self::metadata).
    pub fn frontchannel_logout<'a>(&self, request: impl Into<Callback<'a>>) -> Result<FrontchannelLogout> {
        block_on(self.core().frontchannel_logout(request))
    }

    /// Judges a request for the program's `initiate_login_uri`, its URL, its query or the body of a POST: somebody else wants a
    /// login here.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names no issuer, or another than this client's; as [`metadata`](Self::metadata).
    pub fn third_party_login<'a>(&self, request: impl Into<Callback<'a>>) -> Result<ThirdPartyLogin> {
        block_on(self.core().third_party_login(request))
    }

    /// Watches the session of a login at the server, by the [`session_state`](Login::session_state) that came with it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the server has no `check_session_iframe`, or the state is none.
    pub fn session_watch(&self, session_state: &str) -> Result<SessionWatch> {
        block_on(self.core().session_watch(session_state))
    }

    /// Validates the access tokens that come to an API with this identifier, by the keys of the client's server
    /// ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).
    pub fn access_tokens(&self, resource: impl Into<String>) -> AccessTokenValidator {
        AccessTokenValidator(self.core().access_tokens(resource))
    }
}

impl Login {
    /// What the provider says about the person who logged in.
    ///
    /// # Errors
    /// As [`Client::userinfo`]; [`Error::Config`](crate::Error::Config) when the login was not for `openid`, so that there is
    /// nobody whom the answer could be bound to.
    pub fn userinfo(&self) -> Result<Userinfo> {
        self.client().userinfo(self.token(), self.known_id_token()?)
    }
}

impl ClientBuilder {
    /// A key to decrypt ID tokens and userinfo answers with; may be given more than once while keys are rotated. How they are
    /// encrypted is said with [`id_token_encryption`](Self::id_token_encryption) and its like.
    pub fn decryption_key(mut self, key: impl BlockingDecrypter + 'static) -> Self {
        self.config_mut().add_decryption_key(Arc::new(Inline(key)));
        self
    }
}

/// Validates the access tokens that come to an API; see [`grantee_core::oidc::AccessTokenValidator`], whose blocking twin this
/// is. Cheap to clone, and made once for many requests.
///
/// ```no_run
/// # fn example(client: &grantee::blocking::Client, token: &str) -> grantee::Result<()> {
/// let tokens = client.access_tokens("https://api.example").require_scope("orders");
/// println!("{}", tokens.validate(token)?.subject());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct AccessTokenValidator(grantee_core::oidc::AccessTokenValidator);

impl AccessTokenValidator {
    /// Another identifier of the same API. A token for any of them will do.
    pub fn audience(self, resource: impl Into<String>) -> Self {
        Self(self.0.audience(resource))
    }

    /// An algorithm that tokens may be signed by; may be called more than once. Without it only RS256 is.
    pub fn alg(self, alg: impl Into<String>) -> Self {
        Self(self.0.alg(alg))
    }

    /// How far the server's clock may be from this machine's; a minute by default.
    pub fn leeway(self, leeway: Duration) -> Self {
        Self(self.0.leeway(leeway))
    }

    /// What the token must allow, all of it. Adds to what was given before.
    pub fn require_scope(self, scope: impl Into<Scope>) -> Self {
        Self(self.0.require_scope(scope))
    }

    /// How tokens are encrypted to this API; the client holds the decryption key.
    pub fn encryption(self, alg: impl Into<String>, enc: impl Into<String>) -> Self {
        Self(self.0.encryption(alg, enc))
    }

    /// Validates a token that came without proof of a key. One that is bound to a key is refused.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken, [`Error::Insufficient`](crate::Error::Insufficient) the
    /// scope that is missing; [`access_token::answer`](crate::oidc::access_token::answer) turns either into what the API answers.
    pub fn validate(&self, token: &str) -> Result<AccessTokenClaims> {
        block_on(self.0.validate(token))
    }

    /// Validates a token that came with proof of a key: each key that it is bound to must be among those proven.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn validate_with(&self, token: &str, proven: &Possession) -> Result<AccessTokenClaims> {
        block_on(self.0.validate_with(token, proven))
    }
}
