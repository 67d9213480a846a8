//! LinkedIn.

use super::{Deviation, Preset, deviating, discovered, secret_in_body};
use crate::client::Config;

/// [LinkedIn](https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow), with OpenID Connect. Deviates
/// in:
///
/// - Token answers may lack `token_type` (same page, "Response"): it is taken for Bearer.
/// - The granted scope has commas between its tokens
///   ([introspection](https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection) says so of the same
///   member).
///
/// ```
/// let linkedin = grantee_core::preset::LinkedIn::new();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LinkedIn;

impl LinkedIn {
    /// The base of the API.
    pub const API: &str = "https://api.linkedin.com/";

    /// The preset.
    pub fn new() -> Self {
        Self
    }
}

impl Preset for LinkedIn {
    fn config(&self) -> Config {
        let mut config =
            deviating(discovered("https://www.linkedin.com/oauth".to_owned()), [Deviation::CommasInAnswers]);
        config.set_assumed_token_type("Bearer".to_owned());
        config.members_mut().introspection_endpoint =
            Some("https://www.linkedin.com/oauth/v2/introspectToken".to_owned());
        config.members_mut().revocation_endpoint = Some("https://www.linkedin.com/oauth/v2/revoke".to_owned());
        secret_in_body(&mut config);
        config
    }
}
