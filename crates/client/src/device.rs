//! Logins on devices (RFC 8628) in the async client.

use crate::client::{Client, Login};
use crate::polling::Polling;
use grantee_core::grant::{DeviceAuthorization, DeviceAuthorizationRequest, DeviceCode};
use grantee_core::{Error, Result};

impl Client {
    /// Starts a login on a device without a browser: print the [`Device`], and wait.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) when the server said no, [`Error::Rule`](crate::Error::Rule) when its answer breaks a
    /// rule, [`Error::Config`](crate::Error::Config) when it has no `device_authorization_endpoint`; as [`metadata`](Self::metadata).
    pub async fn device(&self, request: DeviceAuthorizationRequest) -> Result<Device> {
        Ok(Device { authorization: self.core().device(request).await?, client: self.clone() })
    }

    /// Goes on with a login on a device that was kept.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when another client started it.
    pub fn resume_device(&self, authorization: DeviceAuthorization) -> Result<Device> {
        if authorization.client_id() != self.client_id() {
            return Err(Error::config(
                "the login was started by another client",
                "go on with the client that started it: the device code is for that one",
            ));
        }
        Ok(Device { authorization, client: self.clone() })
    }
}

/// A login on a device under way: `Display` prints what the person has to do.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> grantee::Result<()> {
/// # let server = grantor::Server::builder().device_interval(1).device_auto_approve_after(0).auto_approve("alice").start();
/// # let issuer = server.issuer();
/// use grantee::{DeviceAuthorizationRequest, Client};
///
/// let client = Client::discover(issuer).client("svc", "secret").build()?;
/// let device = client.device(DeviceAuthorizationRequest::new().scope("openid")).await?;
/// println!("{device}");
/// let login = device.wait().await?;
/// assert!(login.id_token().is_some());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Device {
    authorization: DeviceAuthorization,
    client: Client,
}

crate::faces::device!();

impl Device {
    /// Waits until the person has decided, or the code has expired. Dropping the future ends it;
    /// [`polling`](Self::polling) tells how it stands meanwhile, and can be cancelled.
    ///
    /// # Errors
    /// [`Error::Server`](crate::Error::Server) with `access_denied` when the person said no,
    /// [`Error::Expired`](crate::Error::Expired) when nobody confirmed in time.
    pub async fn wait(&self) -> Result<Login> {
        self.polling().wait().await
    }
}
