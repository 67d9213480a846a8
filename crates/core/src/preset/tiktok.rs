//! TikTok.

use super::{Deviation, Preset, deviating, fixed};
use crate::client::Config;
use serde_json::json;

/// [TikTok Login Kit](https://developers.tiktok.com/doc/login-kit-web). Deviates in:
///
/// - The client's identifier is called `client_key`, in the URL and in the body (same page, and
///   [user access tokens](https://developers.tiktok.com/doc/oauth-user-access-token-management)).
/// - The scope has commas between its tokens, asked for and granted (the same pages).
/// - The code challenge is the digest as hexadecimal digits
///   ([desktop](https://developers.tiktok.com/doc/login-kit-desktop)), not as base64url.
///
/// ```
/// let tiktok = grantee_core::preset::TikTok::new();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TikTok;

impl TikTok {
    /// The base of the API.
    pub const API: &str = "https://open.tiktokapis.com/v2/";

    /// The preset.
    pub fn new() -> Self {
        Self
    }
}

impl Preset for TikTok {
    fn config(&self) -> Config {
        let config = fixed(json!({
            "authorization_endpoint": "https://www.tiktok.com/v2/auth/authorize/",
            "token_endpoint": "https://open.tiktokapis.com/v2/oauth/token/",
            "revocation_endpoint": "https://open.tiktokapis.com/v2/oauth/revoke/",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }));
        let client_key = Deviation::ClientIdCalled("client_key");
        deviating(
            config,
            [Deviation::CommasInAnswers, Deviation::CommasInRequests("scope"), client_key, Deviation::HexChallenge],
        )
    }
}
