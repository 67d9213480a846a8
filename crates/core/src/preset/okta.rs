//! Okta.

use super::{Preset, discovered, host, word};
use crate::client::Config;
use crate::error::Result;

/// An authorization server of [Okta](https://developer.okta.com/docs/concepts/auth-servers/). Deviates in nothing. Tokens of the org
/// authorization server are for Okta's own APIs; for APIs of one's own there are custom ones.
///
/// ```
/// use grantee_core::preset::Okta;
/// let org = Okta::org("dev-1.okta.com")?;
/// let custom = Okta::custom("dev-1.okta.com", "default")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Okta {
    issuer: String,
}

impl Okta {
    /// The org authorization server of a domain.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is no name of a host.
    pub fn org(domain: &str) -> Result<Self> {
        Ok(Self { issuer: format!("https://{}", host("the domain", domain)?) })
    }

    /// A custom authorization server of a domain, by its identifier, such as `default`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the domain is no name of a host, or the identifier none.
    pub fn custom(domain: &str, authorization_server: &str) -> Result<Self> {
        let (host, server) = (host("the domain", domain)?, word("the authorization server", authorization_server)?);
        Ok(Self { issuer: format!("https://{host}/oauth2/{server}") })
    }
}

impl Preset for Okta {
    fn config(&self) -> Config {
        discovered(self.issuer.clone())
    }
}
