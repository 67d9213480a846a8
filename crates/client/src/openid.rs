//! OpenID Connect in the async client: who logged in, what is known of them, logging out, and judging access tokens.

use crate::client::{Client, ClientBuilder, Login};
use grantee_core::authorization::{AuthorizationResponse, Callback, Pending};
use grantee_core::endpoint::end_session::{EndSession, PendingLogout};
use grantee_core::endpoint::userinfo::{SourcedClaims, UnboundUserinfo, Userinfo};
use grantee_core::jose::Decrypter;
use grantee_core::oidc::{
    AccessTokenValidator, ClaimSource, FrontchannelLogout, IdToken, IdTokenExpectations, LogoutToken, ReplayCache,
    SessionWatch, ThirdPartyLogin,
};
use grantee_core::{Result, Token, UnverifiedIdToken};
use std::sync::Arc;
use url::Url;

impl Client {
    /// Judges a callback against what is pending, its ID token included where it has one, and exchanges nothing: for a program
    /// that does something with the code first. Most end a login with [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the person or the server said no, [`Error::Rule`](crate::Error::Rule) when
    /// the callback is not the answer to this request.
    pub async fn respond<'a>(
        &self,
        pending: Pending,
        callback: impl Into<Callback<'a>>,
    ) -> Result<AuthorizationResponse> {
        self.core().respond(pending, callback).await
    }

    /// Ends a login that asked for who the person is and for nothing else: `response_type` `id_token`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish); [`Error::Config`](crate::Error::Config) when the response type brings no ID token in the answer
    /// itself.
    pub async fn identify<'a>(&self, pending: Pending, callback: impl Into<Callback<'a>>) -> Result<IdToken> {
        self.core().identify(pending, callback).await
    }

    /// Verifies an ID token that came with a token of this client's, or from elsewhere. [`finish`](Self::finish) does so by
    /// itself.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken; as [`metadata`](Self::metadata) and for the key set, where
    /// they have to be fetched.
    pub async fn verify_id_token(
        &self,
        id_token: &UnverifiedIdToken,
        expected: &IdTokenExpectations,
    ) -> Result<IdToken> {
        self.core().verify_id_token(id_token, expected).await
    }

    /// What the provider says about the person of this ID token ([OpenID Connect Core section
    /// 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the answer breaks a rule, such as another `sub` than the ID token's;
    /// [`Error::Server`](crate::Error::Server) when the access token is refused.
    pub async fn userinfo(&self, token: &Token, id_token: &IdToken) -> Result<Userinfo> {
        self.core().userinfo(token, id_token).await
    }

    /// What the provider says about the person whose access token this is, whoever that may be: nobody is logged in by it.
    ///
    /// # Errors
    /// As [`userinfo`](Self::userinfo).
    pub async fn userinfo_unbound(&self, token: &Token) -> Result<UnboundUserinfo> {
        self.core().userinfo_unbound(token).await
    }

    /// The claims of a source that the provider names (OpenID Connect Core section 5.6.2), not verified.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the answer is none; otherwise why none came.
    pub async fn claims_of(&self, source: &ClaimSource<'_>) -> Result<SourcedClaims> {
        self.core().claims_of(source).await
    }

    /// Starts a logout at the server: the URL to send the person to, and what their coming back is checked against
    /// ([RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)).
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the server has no `end_session_endpoint`, or the request can't be made; as
    /// [`metadata`](Self::metadata).
    pub async fn logout(&self, request: EndSession) -> Result<(Url, PendingLogout)> {
        self.core().logout(request).await
    }

    /// Verifies what the server posted to the program's `backchannel_logout_uri`; `replays` lets each token serve once. What to
    /// answer is made by [`backchannel_logout::answer`](crate::oidc::backchannel_logout::answer).
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken; why the keys can't be had; what the `replays` say.
    pub async fn logout_token(&self, body: &[u8], replays: &dyn ReplayCache) -> Result<LogoutToken> {
        self.core().logout_token(body, replays).await
    }

    /// Judges a request for the program's `frontchannel_logout_uri`, its URL or its query: which session of this browser is over.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names another issuer, or half a session; as [`metadata`](Self::metadata).
    pub async fn frontchannel_logout<'a>(&self, request: impl Into<Callback<'a>>) -> Result<FrontchannelLogout> {
        self.core().frontchannel_logout(request).await
    }

    /// Judges a request for the program's `initiate_login_uri`, its URL, its query or the body of a POST: somebody else wants a
    /// login here.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when it names no issuer, or another than this client's; as [`metadata`](Self::metadata).
    pub async fn third_party_login<'a>(&self, request: impl Into<Callback<'a>>) -> Result<ThirdPartyLogin> {
        self.core().third_party_login(request).await
    }

    /// Watches the session of a login at the server, by the [`session_state`](Login::session_state) that came with it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the server has no `check_session_iframe`, or the state is none.
    pub async fn session_watch(&self, session_state: &str) -> Result<SessionWatch> {
        self.core().session_watch(session_state).await
    }

    /// Validates the access tokens that come to an API with this identifier, by the keys of the client's server
    /// ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).
    pub fn access_tokens(&self, resource: impl Into<String>) -> AccessTokenValidator {
        self.core().access_tokens(resource)
    }
}

impl Login {
    /// What the provider says about the person who logged in.
    ///
    /// # Errors
    /// As [`Client::userinfo`]; [`Error::Config`](crate::Error::Config) when the login was not for `openid`, so that there is
    /// nobody whom the answer could be bound to.
    pub async fn userinfo(&self) -> Result<Userinfo> {
        self.client().userinfo(self.token(), self.known_id_token()?).await
    }
}

impl ClientBuilder {
    /// A key to decrypt ID tokens and userinfo answers with; may be given more than once while keys are rotated. How they are
    /// encrypted is said with [`id_token_encryption`](Self::id_token_encryption) and its like.
    pub fn decryption_key(mut self, key: impl Decrypter + 'static) -> Self {
        self.config_mut().add_decryption_key(Arc::new(key));
        self
    }
}
