//! Ping Identity.

use super::{Preset, base, discovered, fixed, host, word};
use crate::client::Config;
use crate::error::Result;
use serde_json::json;

/// An environment of [PingOne](https://developer.pingidentity.com/pingone-api/auth/openid-connect-oauth-2.html). Deviates in nothing.
///
/// ```
/// let ping = grantee_core::preset::PingOne::environment("eu", "342b5660-0c32-4936-a5a4-ce21fae57b0a")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PingOne {
    issuer: String,
}

impl PingOne {
    /// An environment by its region's top-level domain (`com`, `eu`, `ca`, `com.au`, `sg`, `asia`) and its identifier.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when one of them is none.
    pub fn environment(region: &str, id: &str) -> Result<Self> {
        let (region, id) = (host("the region", region)?, word("the environment", id)?);
        Ok(Self { issuer: format!("https://auth.pingone.{region}/{id}/as") })
    }
}

impl Preset for PingOne {
    fn config(&self) -> Config {
        discovered(self.issuer.clone())
    }
}

/// A [PingFederate](https://docs.pingidentity.com/pingfederate/latest/developers_reference_guide/pf_oauth_2_0_endpoints.html) server, by
/// the paths its endpoints have unless somebody has moved them. Nothing is fetched; where its metadata can be had, discovery by its
/// issuer serves as well. Deviates in nothing.
///
/// ```
/// let ping = grantee_core::preset::PingFederate::at("https://sso.example.com")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PingFederate {
    base: String,
}

impl PingFederate {
    /// A server by its base URL, which is its issuer.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is no https URL.
    pub fn at(server: &str) -> Result<Self> {
        Ok(Self { base: base("the server", server)? })
    }
}

impl Preset for PingFederate {
    fn config(&self) -> Config {
        let base = &self.base;
        fixed(json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/as/authorization.oauth2"),
            "token_endpoint": format!("{base}/as/token.oauth2"),
            "revocation_endpoint": format!("{base}/as/revoke_token.oauth2"),
            "introspection_endpoint": format!("{base}/as/introspect.oauth2"),
            "device_authorization_endpoint": format!("{base}/as/device_authz.oauth2"),
            "pushed_authorization_request_endpoint": format!("{base}/as/par.oauth2"),
            "backchannel_authentication_endpoint": format!("{base}/as/bc-auth.ciba"),
            "registration_endpoint": format!("{base}/as/clients.oauth2"),
            "userinfo_endpoint": format!("{base}/idp/userinfo.openid"),
            "jwks_uri": format!("{base}/pf/JWKS"),
        }))
    }
}
