//! Keycloak.

use super::{Preset, base, discovered};
use crate::client::Config;
use crate::error::{Error, Result};
use crate::wire;

/// A realm of a [Keycloak](https://www.keycloak.org/securing-apps/oidc-layers) server. Deviates in nothing.
///
/// ```
/// use grantee_core::preset::Keycloak;
/// let realm = Keycloak::realm("https://sso.example.com", "my realm")?;
/// assert_eq!(realm.issuer(), "https://sso.example.com/realms/my%20realm");
/// let before_17 = Keycloak::realm("https://sso.example.com/auth", "master")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Keycloak {
    issuer: String,
}

impl Keycloak {
    /// A realm by its server and its name. Servers before version 17 have `/auth` in their address.
    ///
    /// # Errors
    /// [`Error::Config`] when the server is no https URL, or the realm no name.
    pub fn realm(server: &str, realm: &str) -> Result<Self> {
        let mut url = wire::url::parse("the server", &base("the server", server)?)?;
        let named = !realm.is_empty() && realm != "." && realm != "..";
        match url.path_segments_mut() {
            Ok(mut segments) if named => {
                segments.pop_if_empty().push("realms").push(realm);
            }
            _ => return Err(Error::config("the realm has no name", "give it as the console shows it")),
        }
        Ok(Self { issuer: url.into() })
    }

    /// The realm's issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Preset for Keycloak {
    fn config(&self) -> Config {
        discovered(self.issuer.clone())
    }
}
