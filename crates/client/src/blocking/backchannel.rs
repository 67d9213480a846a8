//! Backchannel authentication (CIBA) in the blocking client.

use super::client::{Client, Login};
use super::polling::Polling;
use super::runtime::block_on;
use grantee_core::grant::ciba::{Ciba, Notification, NotificationInbox, PushedToken};
use grantee_core::grant::{BackchannelAuthentication, BackchannelAuthenticationRequest};
use grantee_core::{Error, Result};

impl Client {
    /// Asks the server to have a person confirm on their own device
    /// ([CIBA](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html)).
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the server said no, such as `unknown_user_id`;
    /// [`Error::Rule`](crate::Error::Rule) when its answer breaks a rule; [`Error::Config`](crate::Error::Config) when the request
    /// can't be made; as [`metadata`](Self::metadata).
    pub fn backchannel(&self, request: BackchannelAuthenticationRequest) -> Result<Backchannel> {
        if request.needs_reactor() {
            return Err(Error::config(
                "the signer of this blocking client's request needs an async runtime",
                "hand over one that implements BlockingSigner with signed_by_blocking(..)",
            ));
        }
        let inbox = request.inbox().cloned();
        Ok(Backchannel { pending: block_on(self.core().backchannel(request))?, client: self.clone(), inbox })
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
    pub fn pushed(&self, pending: &BackchannelAuthentication, push: &PushedToken) -> Result<Login> {
        Ok(Login::new(block_on(self.core().pushed(pending, push))?, self.clone()))
    }
}

/// A backchannel authentication under way.
///
/// ```
/// # fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::builder().ciba_interval(1).ciba_auto_approve_after(0).start();
/// # let issuer = server.issuer();
/// use grantee::{BackchannelAuthenticationRequest, blocking::Client};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let request = BackchannelAuthenticationRequest::login_hint("alice").binding_message("W4SCT");
/// let login = client.backchannel(request)?.wait()?;
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
    pub fn wait(self) -> Result<Login> {
        self.polling()?.wait()
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
