//! Oracle NetSuite.

use super::{Config, Preset, endpoints};
use crate::error::{Error, Excerpt, Result};
use crate::oauth1::request::Signing;
use crate::oauth1::signature::HmacSha256;

/// Oracle NetSuite's
/// [token-based authentication](https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156337186044.html).
/// Deviates in:
///
/// - Requests are signed by HMAC-SHA256 alone, and say which account they are for by the realm, the account's ID
///   ([the header](https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1534941088.html)).
/// - Each account has hosts of its own
///   ([domains](https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1498251763.html)), in which a sandbox is
///   `1234567-sb1` and in the realm `1234567_SB1`. Either will do here.
/// - A person who refuses comes back with an empty `oauth_verifier`
///   ([step two](https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156536698849.html)), which is an error of the
///   rule, not a refusal.
///
/// A timestamp may be five minutes off. A token serves until it is revoked. As of NetSuite 2027.1 no new integration can use it:
/// OAuth 2.0 is there for those.
///
/// ```
/// use grantee_core::oauth1::preset::NetSuite;
/// let netsuite = NetSuite::account("1234567_SB1")?;
/// assert_eq!(netsuite.rest_url(), "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/");
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NetSuite {
    realm: String,
    host: String,
}

impl NetSuite {
    /// An account, by its ID as "Company Information" shows it.
    ///
    /// # Errors
    /// [`Error::Config`] when that is no ID of an account.
    pub fn account(id: &str) -> Result<Self> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !id.starts_with(|first: char| first.is_ascii_alphanumeric()) || id.len() > 50 || !id.bytes().all(fine) {
            return Err(Error::config(
                format!("the account's ID is not of letters, digits, - and _ alone: {}", Excerpt(id)),
                "take it from Setup > Company > Company Information, as in 1234567_SB1",
            ));
        }
        Ok(Self { realm: id.to_ascii_uppercase().replace('-', "_"), host: id.to_ascii_lowercase().replace('_', "-") })
    }

    /// The base of its REST web services.
    pub fn rest_url(&self) -> String {
        format!("https://{}.suitetalk.api.netsuite.com/services/rest/", self.host)
    }

    /// Where its RESTlets are.
    pub fn restlet_url(&self) -> String {
        format!("https://{}.restlets.api.netsuite.com/app/site/hosting/restlet.nl", self.host)
    }
}

impl Preset for NetSuite {
    fn settle(&self, config: &mut Config) {
        let host = &self.host;
        let rest = |name| format!("https://{host}.restlets.api.netsuite.com/rest/{name}");
        let authorization = format!("https://{host}.app.netsuite.com/app/login/secure/authorizetoken.nl");
        endpoints(config, [&rest("requesttoken"), &authorization, &rest("accesstoken")]);
        config.set_signing(Signing::new().method(HmacSha256).realm(&self.realm).without_body_hash());
    }
}
