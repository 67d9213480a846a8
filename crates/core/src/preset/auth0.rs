//! Auth0.

use super::{Preset, discovered, host};
use crate::client::Config;
use crate::error::Result;
use crate::grant::ClientCredentials;

/// A tenant of [Auth0](https://auth0.com/docs/api/authentication). Deviates in nothing; which API a token is for is said with
/// `audience(…)` on the request or the grant
/// ([where `audience` is described](https://auth0.com/docs/secure/tokens/access-tokens/get-access-tokens)), and refresh tokens come
/// with the scope `offline_access`.
///
/// ```
/// use grantee_core::preset::Auth0;
/// let auth0 = Auth0::tenant("mytenant.eu")?;
/// assert_eq!(auth0.issuer(), "https://mytenant.eu.auth0.com/");
/// let grant = auth0.management_grant().scope("read:users");
/// assert_eq!(auth0.management_url(), "https://mytenant.eu.auth0.com/api/v2/");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Auth0 {
    host: String,
}

impl Auth0 {
    /// A tenant by its name (`mytenant`, or `mytenant.eu` with its region), or by its domain in full.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is no name of a host.
    pub fn tenant(tenant: &str) -> Result<Self> {
        let tenant = host("the tenant", tenant)?;
        // Regions are two letters behind the name; a whole domain has more.
        let short = match tenant.split_once('.') {
            None => true,
            Some((_, region)) => {
                region.split('-').next().is_some_and(|region| region.len() == 2) && !region.contains('.')
            }
        };
        Ok(Self { host: if short { format!("{tenant}.auth0.com") } else { tenant } })
    }

    /// The tenant's issuer, with the slash at its end.
    pub fn issuer(&self) -> String {
        format!("https://{}/", self.host)
    }

    /// The base of the tenant's Management API, which is also the audience of its tokens. A tenant with a domain of its own has it
    /// at its domain under `auth0.com` ([its description](https://auth0.com/docs/api/management/v2)).
    pub fn management_url(&self) -> String {
        format!("https://{}/api/v2/", self.host)
    }

    /// A token for the Management API; its scope is what the client was granted there.
    pub fn management_grant(&self) -> ClientCredentials {
        ClientCredentials::new().audience(self.management_url())
    }
}

impl Preset for Auth0 {
    fn config(&self) -> Config {
        discovered(self.issuer())
    }
}
