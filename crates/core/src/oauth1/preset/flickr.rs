//! Flickr.

use super::{Config, Preset, endpoints};
use http::Method;

/// [Flickr](https://www.flickr.com/services/api/auth.oauth.html). Deviates in:
///
/// - Both kinds of credentials are asked for by GET (same page).
/// - The URL that the person is sent to says what is wanted: `perms` (same page).
/// - A person who refuses is not sent back, so a login may stay pending for ever.
///
/// Requests are signed by HMAC-SHA1 alone (same page), and a token serves until the person revokes it. An upload signs the fields of
/// its multipart form but the photo ([uploading](https://www.flickr.com/services/api/upload.api.html)), which no other server does
/// and is not done here.
///
/// ```
/// use grantee_core::oauth1::preset::Flickr;
/// let album = Flickr::read();
/// ```
#[derive(Debug, Clone)]
pub struct Flickr {
    perms: &'static str,
}

impl Flickr {
    /// The base of Flickr's API, which takes the method's name as a parameter.
    pub const API: &str = "https://api.flickr.com/services/rest/";

    /// To read what is private.
    pub fn read() -> Self {
        Self { perms: "read" }
    }

    /// To add and edit, and to read.
    pub fn write() -> Self {
        Self { perms: "write" }
    }

    /// To delete too.
    pub fn delete() -> Self {
        Self { perms: "delete" }
    }
}

impl Preset for Flickr {
    fn settle(&self, config: &mut Config) {
        let authorization = "https://www.flickr.com/services/oauth/authorize";
        let token = "https://www.flickr.com/services/oauth/access_token";
        endpoints(config, ["https://www.flickr.com/services/oauth/request_token", authorization, token]);
        config.set_credentials_method(Method::GET);
        config.add_authorization_parameter("perms".to_owned(), self.perms.to_owned());
    }
}
