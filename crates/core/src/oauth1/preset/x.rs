//! X, formerly Twitter.

use super::{Config, Preset, endpoints};

/// [X](https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens), formerly Twitter. Deviates in:
///
/// - A person who refuses comes back with `denied`, the token of the login, in the place of `oauth_token`
///   ([its page, quoted](https://github.com/omab/python-social-auth/pull/242)). That is understood everywhere.
/// - Errors are JSON or XML with a number: `{"errors":[{"code":32,"message":"Could not authenticate you."}]}`
///   ([codes](https://developer.x.com/en/support/x-api/error-troubleshooting)). That is understood everywhere.
/// - Query and form are signed and nothing else of a body
///   ([creating a signature](https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature)); an
///   `oauth_body_hash`, which that page does not have, is [known to be refused](https://github.com/joestump/python-oauth2/pull/103).
///   The Ads API's uploads alone [want one](https://github.com/abraham/twitteroauth/issues/493).
///
/// A token serves until the person or X revokes it. Each callback is registered with the app beforehand.
///
/// ```
/// use grantee_core::oauth1::preset::X;
/// let posts = X::new();
/// let sign_in = X::sign_in().screen_name("alice").read_only();
/// ```
#[derive(Debug, Clone)]
pub struct X {
    authorization: &'static str,
    force_login: bool,
    screen_name: Option<String>,
    read_only: bool,
}

impl X {
    /// The base of X's API.
    pub const API: &str = "https://api.x.com/";

    /// The person is asked each time (`oauth/authorize`).
    pub fn new() -> Self {
        Self {
            authorization: "https://api.x.com/oauth/authorize",
            force_login: false,
            screen_name: None,
            read_only: false,
        }
    }

    /// "Sign in with X": who has agreed before is not asked again (`oauth/authenticate`).
    pub fn sign_in() -> Self {
        Self { authorization: "https://api.x.com/oauth/authenticate", ..Self::new() }
    }

    /// The person shows their password, whoever is logged in (`force_login`).
    #[must_use]
    pub fn force_login(mut self) -> Self {
        self.force_login = true;
        self
    }

    /// The name that stands in the login form (`screen_name`).
    #[must_use]
    pub fn screen_name(mut self, name: impl Into<String>) -> Self {
        self.screen_name = Some(name.into());
        self
    }

    /// Asks to read alone, where the app is registered for more (`x_auth_access_type`).
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl Default for X {
    fn default() -> Self {
        Self::new()
    }
}

impl Preset for X {
    fn settle(&self, config: &mut Config) {
        let token = "https://api.x.com/oauth/access_token";
        endpoints(config, ["https://api.x.com/oauth/request_token", self.authorization, token]);
        if self.force_login {
            config.add_authorization_parameter("force_login".to_owned(), "true".to_owned());
        }
        if let Some(name) = &self.screen_name {
            config.add_authorization_parameter("screen_name".to_owned(), name.clone());
        }
        if self.read_only {
            config.add_temporary_credentials_parameter("x_auth_access_type".to_owned(), "read".to_owned());
        }
    }
}
