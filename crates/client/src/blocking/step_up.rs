//! Step-up in the blocking face ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)): what an API found missing becomes a login.

use super::client::{Client, Login};
use super::runtime::block_on;
use super::session::Session;
use grantee_core::Result;
use grantee_core::authorization::{AuthorizationRequest, Pending};
use grantee_core::error::Insufficient;
use grantee_core::grant::TokenParameters;
use url::Url;

impl Client {
    /// Starts the login that gets what an API found missing, beside what was asked for before: see
    /// [`Insufficient::authorization_request`]. A [`Session`] knows what was asked for by itself.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the challenge says nothing that can be asked for; as [`start`](Self::start).
    pub fn step_up(&self, missing: &Insufficient, before: &TokenParameters) -> Result<(Url, Pending)> {
        block_on(self.core().step_up(missing, before))
    }
}

impl Session {
    /// Starts the login that gets what an API found missing, beside what this session was made with. Finish it with the client;
    /// the session of that login takes the place of this one.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the challenge says nothing that can be asked for;
    /// [`Error::Config`](crate::Error::Config) when the token is the client's own; as [`Client::start`].
    pub fn step_up(&self, missing: &Insufficient) -> Result<(Url, Pending)> {
        block_on(self.source().step_up(missing))
    }

    /// The request that [`step_up`](Self::step_up) starts, to add to: a redirect URI, a hint at who the person is.
    ///
    /// # Errors
    /// As [`step_up`](Self::step_up).
    pub fn step_up_request(&self, missing: &Insufficient) -> Result<AuthorizationRequest> {
        self.source().step_up_request(missing)
    }
}

impl Login {
    /// Starts the login that gets what an API found missing, beside what this one asked for.
    ///
    /// # Errors
    /// As [`Client::step_up`].
    pub fn step_up(&self, missing: &Insufficient) -> Result<(Url, Pending)> {
        self.client().step_up(missing, self.parameters())
    }
}
