//! Discogs.

use super::{Config, Preset, endpoints};
use crate::error::{Error, Result};
use crate::hooks::Hook;
use crate::ports::{BoxFuture, Request};
use crate::wire::draft::Draft;
use http::header::{HeaderValue, USER_AGENT};
use std::sync::Arc;

/// [Discogs](https://www.discogs.com/developers#page:authentication,header:authentication-oauth-flow). Deviates in:
///
/// - Each program says who it is by a `User-Agent` of its own
///   ([general information](https://www.discogs.com/developers#page:home,header:home-general-information)), which goes on every
///   request here that has none yet.
/// - A person who refuses comes back with `denied`, as from X. That is understood everywhere.
///
/// Its page asks for temporary credentials by GET and suggests PLAINTEXT; POST and HMAC-SHA1 serve as well, Discogs' own client
/// used them, and show no secret. Temporary credentials serve 15 minutes; a token until the person revokes it (same page).
///
/// ```
/// use grantee_core::oauth1::preset::Discogs;
/// let discogs = Discogs::new("Crates/1.0 +https://crates.example")?;
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Discogs {
    user_agent: HeaderValue,
}

impl Discogs {
    /// The base of Discogs' API.
    pub const API: &str = "https://api.discogs.com/";

    /// With the program's name, its version, and where to read about it.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that is empty or that no header can carry.
    pub fn new(user_agent: &str) -> Result<Self> {
        HeaderValue::from_str(user_agent)
            .ok()
            .filter(|_| !user_agent.trim().is_empty())
            .map(|user_agent| Self { user_agent })
            .ok_or_else(|| {
                Error::config("this is no User-Agent", "name the program as in Crates/1.0 +https://crates.example")
            })
    }
}

impl Preset for Discogs {
    fn settle(&self, config: &mut Config) {
        let authorization = "https://www.discogs.com/oauth/authorize";
        let token = "https://api.discogs.com/oauth/access_token";
        endpoints(config, ["https://api.discogs.com/oauth/request_token", authorization, token]);
        config.add_hook(Arc::new(SaysWho(self.user_agent.clone())));
    }
}

struct SaysWho(HeaderValue);

impl Hook for SaysWho {
    fn before_token_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        draft.headers.entry(USER_AGENT).or_insert_with(|| self.0.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| self.0.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}
