//! [OpenID Connect Session Management 1.0](https://openid.net/specs/openid-connect-session-1_0.html).

use aws_lc_rs::digest;
use url::Url;

use crate::{browser::state_cookie_name, random, response::Response, shared::Config};

/// The value that the page below works out again (section 3.2).
pub(crate) fn session_state(client_id: &str, redirect_uri: &str, browser_state: &str) -> String {
    let salt = random::token();
    let origin = Url::parse(redirect_uri).map_or_else(|_| "null".to_owned(), |url| url.origin().ascii_serialization());
    salted(client_id, &origin, browser_state, &salt)
}

pub(crate) fn salted(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let text = format!("{client_id} {origin} {browser_state} {salt}");
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.{salt}")
}

/// The page that a client keeps in a frame and asks by `postMessage` (section 3.2).
pub(crate) fn check_session(config: &Config) -> Response {
    let script = include_str!("check_session.js").replace("STATE_COOKIE", &state_cookie_name(config));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>grantor</title></head>\n\
         <body><script>\n{script}</script></body>\n</html>\n"
    );
    // It has to stand in a frame of the client's, whoever that is.
    Response::raw(200, "text/html; charset=utf-8", html).no_store()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_state_depends_on_client_origin_and_login() {
        let state = salted("c", "https://rp.example", "b", "s");
        assert_eq!(state.len(), 64 + 2);
        assert!(state.ends_with(".s"));
        for other in
            [("d", "https://rp.example", "b"), ("c", "https://rq.example", "b"), ("c", "https://rp.example", "x")]
        {
            assert_ne!(salted(other.0, other.1, other.2, "s"), state);
        }
    }
}
