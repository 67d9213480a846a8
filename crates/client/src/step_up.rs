//! Step-up in the async face ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)): what an API found missing becomes a login.

use crate::client::{Client, Login};
use crate::session::Session;
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
    pub async fn step_up(&self, missing: &Insufficient, before: &TokenParameters) -> Result<(Url, Pending)> {
        self.core().step_up(missing, before).await
    }
}

impl Session {
    /// Starts the login that gets what an API found missing, beside what this session was made with. Finish it with the client;
    /// the session of that login takes the place of this one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = grantor::Server::start(); let base = server.url("/api");
    /// use grantee::{Client, Error, legacy::Password};
    ///
    /// let client = Client::discover(server.issuer()).client("svc", "secret").redirect_uri("https://app.example/cb").build()?;
    /// let session = client.session(Password::new("alice", "wonderland")).allow_origin(&base)?.build()?;
    /// let request = http::Request::get(format!("{base}/step-up")).body(bytes::Bytes::new())?;
    /// match session.send(request).await {
    ///     Err(Error::Insufficient(missing)) => {
    ///         let (url, pending) = session.step_up(&missing).await?;
    ///         assert!(url.query_pairs().any(|(name, _)| name == "acr_values"));
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) when the challenge says nothing that can be asked for;
    /// [`Error::Config`](crate::Error::Config) when the token is the client's own; as [`Client::start`].
    pub async fn step_up(&self, missing: &Insufficient) -> Result<(Url, Pending)> {
        self.source().step_up(missing).await
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
    pub async fn step_up(&self, missing: &Insufficient) -> Result<(Url, Pending)> {
        self.client().step_up(missing, self.parameters()).await
    }
}
