//! Tumblr.

use super::{Config, Preset, endpoints};

/// [Tumblr](https://www.tumblr.com/docs/en/api/v2#oauth1-authorization). Deviates in:
///
/// - There is no `oob`, which it refuses in plain text
///   ([as reported](https://github.com/scribejava/scribejava/issues/381)): a login without a callback is
///   an error: set the one that the app is registered with.
///
/// Requests are signed by HMAC-SHA1 alone, in the header (same page). It adds `#_=_` to the callback, which means nothing.
///
/// ```
/// use grantee_core::oauth1::preset::Tumblr;
/// let tumblr = Tumblr::new();
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Tumblr;

impl Tumblr {
    /// The base of Tumblr's API.
    pub const API: &str = "https://api.tumblr.com/v2/";

    /// tumblr.com.
    pub fn new() -> Self {
        Self
    }
}

impl Preset for Tumblr {
    fn settle(&self, config: &mut Config) {
        let authorization = "https://www.tumblr.com/oauth/authorize";
        let token = "https://www.tumblr.com/oauth/access_token";
        endpoints(config, ["https://www.tumblr.com/oauth/request_token", authorization, token]);
        config.set_callback_required();
    }
}
