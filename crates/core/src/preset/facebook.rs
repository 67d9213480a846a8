//! Facebook Login.

use super::{Deviation, Preset, deviating, fixed, word};
use crate::client::Config;
use crate::error::Result;
use serde_json::json;

/// [Facebook Login](https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow), by a version of its API.
/// Deviates in:
///
/// - Errors are objects
///   ([error responses](https://developers.facebook.com/docs/graph-api/guides/error-handling)); their `type` is taken for the error
///   code and their `message` for the description.
///
/// There are no refresh tokens. Logins on devices are of Facebook's own making, and no part of this.
///
/// ```
/// let facebook = grantee_core::preset::Facebook::version("v23.0")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Facebook {
    version: String,
}

impl Facebook {
    /// A version of the Graph API, such as `v23.0`.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is none.
    pub fn version(version: &str) -> Result<Self> {
        Ok(Self { version: word("the version", version)? })
    }
}

impl Preset for Facebook {
    fn config(&self) -> Config {
        let version = &self.version;
        let config = fixed(json!({
            "authorization_endpoint": format!("https://www.facebook.com/{version}/dialog/oauth"),
            "token_endpoint": format!("https://graph.facebook.com/{version}/oauth/access_token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }));
        deviating(config, [Deviation::ErrorsAsObjects])
    }
}
