//! Stack Exchange.

use super::{Deviation, Preset, deviating, fixed};
use crate::client::Config;
use serde_json::json;

const HOST: &str = "api.stackexchange.com";

/// [Stack Exchange](https://api.stackexchange.com/docs/authentication). Deviates in:
///
/// - Token answers are forms, with `expires` for `expires_in` and without `token_type`, which is taken for Bearer (same page).
/// - Errors are objects ([errors](https://api.stackexchange.com/docs/error-handling)).
/// - API calls have the parameters `site` and `key` beside the token
///   ([usage](https://api.stackexchange.com/docs)): [`site`](Self::site) and [`key`](Self::key) add them where a call has none.
/// - The token goes into the query, as `access_token` (the first page): give the session
///   [`Placement::Query`](crate::session::call::Placement::Query).
///
/// ```
/// let stack = grantee_core::preset::StackExchange::new().site("stackoverflow").key("U4DMV*8nvpm3EOpvf69Rxw((");
/// ```
#[derive(Debug, Clone, Default)]
pub struct StackExchange {
    site: Option<String>,
    key: Option<String>,
}

impl StackExchange {
    /// The base of the API.
    pub const API: &str = "https://api.stackexchange.com/2.3/";

    /// The preset.
    pub fn new() -> Self {
        Self::default()
    }

    /// The site that API calls are about, where they name none.
    #[must_use]
    pub fn site(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    /// The app's request key, which is no secret.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl Preset for StackExchange {
    fn config(&self) -> Config {
        let mut config = fixed(json!({
            "authorization_endpoint": "https://stackoverflow.com/oauth",
            "token_endpoint": "https://stackoverflow.com/oauth/access_token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }));
        config.set_assumed_token_type("Bearer".to_owned());
        let on_calls = |name: &'static str, value: &Option<String>| {
            value.clone().map(|value| Deviation::OnCalls { host: HOST, name, value })
        };
        let mut deviations = vec![
            Deviation::FormAnswers,
            Deviation::Renamed { from: "expires", to: "expires_in" },
            Deviation::ErrorsAsObjects,
        ];
        deviations.extend(on_calls("site", &self.site));
        deviations.extend(on_calls("key", &self.key));
        deviating(config, deviations)
    }
}
