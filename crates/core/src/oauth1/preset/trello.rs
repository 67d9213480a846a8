//! Trello.

use super::{Config, Preset, endpoints};

/// [Trello](https://developer.atlassian.com/cloud/trello/guides/rest-api/authorization/#using-basic-oauth). Deviates in:
///
/// - The URL that the person is sent to names the program, what it wants and for how long: `name`, `scope`, `expiration`
///   (same page).
/// - `oob` is taken for an address, so a login without a callback is an error: set one, from one of the origins that the app's page lists.
///
/// A token serves as long as `expiration` said; the answer does not tell.
///
/// ```
/// use grantee_core::oauth1::preset::Trello;
/// let boards = Trello::new("Boards at a glance");
/// let backup = Trello::new("Backup").scope("read,account").expiration("never");
/// ```
#[derive(Debug, Clone)]
pub struct Trello {
    name: String,
    scope: String,
    expiration: String,
}

impl Trello {
    /// The base of Trello's API.
    pub const API: &str = "https://api.trello.com/1/";

    /// With the name that the person is shown. Reads, for thirty days, which are Trello's own defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), scope: "read".to_owned(), expiration: "30days".to_owned() }
    }

    /// What it wants: `read`, `write`, `account`, with commas between them.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// For how long: `1hour`, `1day`, `30days` or `never`.
    #[must_use]
    pub fn expiration(mut self, expiration: impl Into<String>) -> Self {
        self.expiration = expiration.into();
        self
    }
}

impl Preset for Trello {
    fn settle(&self, config: &mut Config) {
        let authorization = "https://trello.com/1/OAuthAuthorizeToken";
        let token = "https://trello.com/1/OAuthGetAccessToken";
        endpoints(config, ["https://trello.com/1/OAuthGetRequestToken", authorization, token]);
        config.set_callback_required();
        for (name, value) in [("name", &self.name), ("scope", &self.scope), ("expiration", &self.expiration)] {
            config.add_authorization_parameter(name.to_owned(), value.clone());
        }
    }
}
