//! Slack.

use super::{Deviation, Preset, deviating, fixed};
use crate::client::Config;
use serde_json::json;

/// [Slack](https://docs.slack.dev/authentication/installing-with-oauth), for an app's own token or a person's. Deviates in:
///
/// - A person's token is nested in `authed_user`
///   ([oauth.v2.access](https://docs.slack.dev/reference/methods/oauth.v2.access)): [`user`](Self::user) takes that one.
/// - `token_type` is `bot` or `user`, and the token is used as Bearer (same page).
/// - The scope has commas between its tokens, asked for and granted, and for a person's token goes into `user_scope` (the page
///   above).
/// - Errors come with status 200 and `"ok": false`, which is understood everywhere.
///
/// ```
/// use grantee_core::preset::Slack;
/// let (app, person) = (Slack::bot(), Slack::user());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Slack {
    user: bool,
}

impl Slack {
    /// The base of the API.
    pub const API: &str = "https://slack.com/api/";

    /// The app's own token.
    pub fn bot() -> Self {
        Self { user: false }
    }

    /// The token of the person who installs the app.
    pub fn user() -> Self {
        Self { user: true }
    }
}

impl Preset for Slack {
    fn config(&self) -> Config {
        let config = fixed(json!({
            "authorization_endpoint": "https://slack.com/oauth/v2/authorize",
            "token_endpoint": "https://slack.com/api/oauth.v2.access",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }));
        let deviations = if self.user {
            vec![
                Deviation::NestedIn("authed_user"),
                Deviation::BearerCalled("user"),
                Deviation::CommasInAnswers,
                Deviation::CommasInRequests("user_scope"),
            ]
        } else {
            vec![Deviation::BearerCalled("bot"), Deviation::CommasInAnswers, Deviation::CommasInRequests("scope")]
        };
        deviating(config, deviations)
    }
}
