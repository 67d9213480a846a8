//! GitHub.

use super::{Deviation, Preset, base, deviating, fixed};
use crate::client::Config;
use crate::error::Result;
use serde_json::json;

/// [GitHub](https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps), for OAuth apps and GitHub apps.
/// Deviates in:
///
/// - Token answers are forms unless JSON is asked for (same page, "Exchange the code"). It is asked for here, and a proxy or an
///   older server that answers with a form is understood.
/// - The granted scope has commas between its tokens (same page).
/// - Errors come with status 200
///   ([their list](https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors)),
///   which is understood everywhere.
///
/// ```
/// use grantee_core::preset::GitHub;
/// let public = GitHub::new();
/// let own = GitHub::enterprise("https://github.example.com")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GitHub {
    base: String,
}

impl GitHub {
    /// The base of github.com's API.
    pub const API: &str = "https://api.github.com/";

    /// github.com.
    pub fn new() -> Self {
        Self { base: "https://github.com".to_owned() }
    }

    /// A GitHub Enterprise Server.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when that is no https URL.
    pub fn enterprise(server: &str) -> Result<Self> {
        Ok(Self { base: base("the server", server)? })
    }
}

impl Default for GitHub {
    fn default() -> Self {
        Self::new()
    }
}

impl Preset for GitHub {
    fn config(&self) -> Config {
        let base = &self.base;
        let config = fixed(json!({
            "authorization_endpoint": format!("{base}/login/oauth/authorize"),
            "token_endpoint": format!("{base}/login/oauth/access_token"),
            "device_authorization_endpoint": format!("{base}/login/device/code"),
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }));
        deviating(config, [Deviation::FormAnswers, Deviation::CommasInAnswers])
    }
}
