//! Google.

use super::{Deviation, Preset, deviating, discovered};
use crate::client::Config;

/// [Google](https://developers.google.com/identity/openid-connect/openid-connect), for people who log in. Service accounts are a
/// [`ServiceAccount`](crate::grant::ServiceAccount). Deviates in:
///
/// - A refresh token comes not by the scope `offline_access` but by the parameter `access_type=offline`, and again only when the
///   person agrees again
///   ([offline access](https://developers.google.com/identity/protocols/oauth2/web-server#offline)):
///   [`offline`](Self::offline) asks for both.
///
/// ```
/// let google = grantee_core::preset::Google::new().offline();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Google {
    offline: bool,
}

impl Google {
    /// Logins without a refresh token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a refresh token with each login: `access_type=offline` and `prompt=consent`.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }
}

impl Preset for Google {
    fn config(&self) -> Config {
        let config = discovered("https://accounts.google.com".to_owned());
        if !self.offline {
            return config;
        }
        deviating(config, [Deviation::Asks("access_type", "offline"), Deviation::Prompts("consent")])
    }
}
