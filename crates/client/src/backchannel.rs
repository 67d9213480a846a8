//! Backchannel authentication (CIBA) in the async client.

use crate::client::{Client, Login};
use crate::polling::Polling;
use grantee_core::Result;
use grantee_core::grant::ciba::{Ciba, Notification, NotificationInbox, PushedToken};
use grantee_core::grant::{BackchannelAuthentication, BackchannelAuthenticationRequest};

impl Client {
    /// Asks the server to have a person confirm on their own device
    /// ([CIBA](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html)).
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the server said no, such as `unknown_user_id`;
    /// [`Error::Rule`](crate::Error::Rule) when its answer breaks a rule; [`Error::Config`](crate::Error::Config) when the request
    /// can't be made; as [`metadata`](Self::metadata).
    pub async fn backchannel(&self, request: BackchannelAuthenticationRequest) -> Result<Backchannel> {
        let inbox = request.inbox().cloned();
        Ok(Backchannel { pending: self.core().backchannel(request).await?, client: self.clone(), inbox })
    }

    /// Goes on with an authentication that was kept.
    pub fn resume_backchannel(&self, pending: BackchannelAuthentication) -> Backchannel {
        Backchannel { pending, client: self.clone(), inbox: None }
    }

    /// Verifies a token that was pushed, for a program that reads its notifications itself
    /// ([`Notification::read`]). An [inbox](NotificationInbox) does so by itself.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken; why the keys can't be had.
    pub async fn pushed(&self, pending: &BackchannelAuthentication, push: &PushedToken) -> Result<Login> {
        Ok(Login::new(self.core().pushed(pending, push).await?, self.clone()))
    }
}

/// A backchannel authentication under way.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::builder().ciba_interval(1).ciba_auto_approve_after(0).start();
/// # let issuer = server.issuer();
/// use grantee::{BackchannelAuthenticationRequest, Client};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let request = BackchannelAuthenticationRequest::login_hint("alice").binding_message("W4SCT");
/// let login = client.backchannel(request).await?.wait().await?;
/// assert_eq!(login.id_token().map(|id_token| id_token.subject()), Some("alice"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Backchannel {
    pending: BackchannelAuthentication,
    client: Client,
    inbox: Option<NotificationInbox>,
}

crate::faces::backchannel!();

impl Backchannel {
    /// Waits until the person has decided, or the request has expired.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) with `access_denied` when the person said no,
    /// [`Error::Expired`](crate::Error::Expired) when nobody confirmed in time, and as [`polling`](Self::polling).
    pub async fn wait(self) -> Result<Login> {
        self.polling()?.wait().await
    }

    /// Judges what was posted to the program's notification endpoint, for a program that has no [inbox](NotificationInbox);
    /// [`answer`](crate::ciba::answer) makes what the server is told.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::Error::Rule) names the rule that is broken.
    pub fn notification(&self, headers: &http::HeaderMap, body: &[u8]) -> Result<Notification> {
        Notification::read(&self.pending, headers, body)
    }
}
