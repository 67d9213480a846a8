//! Spotify.

use super::{Preset, fixed};
use crate::client::Config;
use serde_json::json;

/// [Spotify](https://developer.spotify.com/documentation/web-api/concepts/authorization). Deviates in nothing. A redirect URI on this
/// machine names `127.0.0.1` or `[::1]`, never `localhost`
/// ([redirect URIs](https://developer.spotify.com/documentation/web-api/concepts/redirect_uri)).
///
/// ```
/// let spotify = grantee_core::preset::Spotify::new();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Spotify;

impl Spotify {
    /// The base of the API.
    pub const API: &str = "https://api.spotify.com/v1/";

    /// The preset.
    pub fn new() -> Self {
        Self
    }
}

impl Preset for Spotify {
    fn config(&self) -> Config {
        fixed(json!({
            "authorization_endpoint": "https://accounts.spotify.com/authorize",
            "token_endpoint": "https://accounts.spotify.com/api/token",
        }))
    }
}
