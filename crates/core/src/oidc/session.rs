//! Whether the person is still logged in at the server: [OpenID Connect Session Management 1.0](https://openid.net/specs/openid-connect-session-1_0.html).
//!
//! A page of the program's, in a hidden frame, asks a page of the server's in another, which knows without asking its server.
//! Browsers that keep other sites' cookies from frames make the server's page answer `changed` for ever;
//! [back-channel logout](super::backchannel_logout) does not depend on them.

use crate::client::Client;
use crate::error::{Error, Result};
use crate::wire;
use ::url::Url;
use bytes::Bytes;
use grantee_jose::{base64url, sha256};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use std::time::Duration;

/// How often the server's page is asked, unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// Asks the server's `check_session_iframe` whether the session of a login is as it was.
///
/// ```
/// use grantee_core::oidc::SessionWatch;
/// let watch = SessionWatch::new("app", "c2Vzc2lvbg.c2FsdA", "https://as.example/check-session")?;
/// assert_eq!(watch.message(), "app c2Vzc2lvbg.c2FsdA");
/// assert_eq!(watch.origin(), "https://as.example");
/// let page = watch.rp_iframe_page("/login/again", "/session/unknown")?; // served in a hidden frame of the program's pages
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionWatch {
    message: String,
    frame: Url,
    origin: String,
    interval: Duration,
}

// The session state belongs to one browser.
impl std::fmt::Debug for SessionWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionWatch")
            .field("origin", &self.origin)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl SessionWatch {
    /// Watches the session with this `session_state`, which came with the login.
    ///
    /// # Errors
    /// [`Error::Config`] when the `session_state` has a space in it or is empty (section 2), or the frame's URL is not https or
    /// its host no name.
    pub fn new(client_id: &str, session_state: &str, check_session_iframe: &str) -> Result<Self> {
        Self::with_door(client_id, session_state, check_session_iframe, false)
    }

    fn with_door(client_id: &str, session_state: &str, frame: &str, allow_http: bool) -> Result<Self> {
        if session_state.is_empty() || session_state.chars().any(|c| c == ' ' || c.is_control()) {
            return Err(Error::config(
                "the session_state is empty or has a space in it",
                "take the one of the login as it came (OpenID Connect Session Management section 2)",
            ));
        }
        let frame = wire::url::parse("the check_session_iframe", frame)?;
        // Whoever changes the page on its way decides what it answers.
        wire::url::confidential("the check_session_iframe", &frame, allow_http)?;
        let origin = wire::url::origin(&frame);
        // A host may have a semicolon or a star in it, which mean something else in a content security policy.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte);
        if !origin.bytes().all(is_plain) {
            return Err(Error::config(
                "the check_session_iframe has a host that is no name",
                "look at the server's metadata",
            ));
        }
        Ok(Self { message: format!("{client_id} {session_state}"), frame, origin, interval: INTERVAL })
    }

    /// How often the server's page is asked; every 5 s by default, and not more often than every second.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// What is posted to the server's page: client and session state with a space between them (section 3.1). It posts back
    /// `unchanged`, `changed` or `error`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The origin that the message may go to, and the only one to take an answer from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The page for a hidden frame: it holds the server's page in a frame of its own, asks it, and takes answers from that frame
    /// and its origin alone. On `changed` its frame goes to `on_changed`, where the program starts a login with `prompt=none`
    /// and the ID token as a hint; on `error` to `on_error`, where it must not (section 3.1).
    ///
    /// Its headers let nothing run but its script, and nobody frame it but the program's own pages.
    ///
    /// # Errors
    /// [`Error::Config`] when one of the addresses is neither a path nor an http or https URL.
    pub fn rp_iframe_page(&self, on_changed: &str, on_error: &str) -> Result<http::Response<Bytes>> {
        check_address("on_changed", on_changed)?;
        check_address("on_error", on_error)?;
        let interval = self.interval.as_millis().to_string();
        let mut data = String::new();
        for (name, value) in [
            ("message", self.message.as_str()),
            ("origin", &self.origin),
            ("changed", on_changed),
            ("error", on_error),
            ("interval", &interval),
        ] {
            data.push_str(&format!(" data-{name}=\"{}\"", escaped(value)));
        }
        let frame = escaped(self.frame.as_str());
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Session</title>\n\
             <iframe id=\"op\" title=\"Session\" hidden src=\"{frame}\"></iframe>\n<script{data}>{SCRIPT}</script>\n</html>\n"
        );
        let mut response = http::Response::new(Bytes::from(page));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; frame-src {}; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
            base64(&sha256(SCRIPT.as_bytes())),
            self.origin
        );
        let policy = HeaderValue::from_str(&policy).map_err(|_| {
            Error::config("the check_session_iframe's origin fits into no header", "look at the server's metadata")
        })?;
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }
}

/// The same for everybody: what differs stands in attributes of its element, where it can't become a script.
const SCRIPT: &str = r#"
(function () {
  "use strict";
  var told = document.currentScript.dataset;
  var frame = document.getElementById("op");
  var timer = setInterval(ask, Number(told.interval));
  function ask() {
    frame.contentWindow.postMessage(told.message, told.origin);
  }
  function leave(address) {
    clearInterval(timer);
    removeEventListener("message", hear);
    location.replace(address);
  }
  function hear(event) {
    if (event.origin !== told.origin || event.source !== frame.contentWindow) {
      return;
    }
    if (event.data === "changed") {
      leave(told.changed);
    } else if (event.data === "error") {
      leave(told.error);
    }
  }
  addEventListener("message", hear);
  frame.addEventListener("load", ask);
}());
"#;

fn check_address(what: &str, address: &str) -> Result<()> {
    let plain = !address.chars().any(|c| c.is_control() || c == '\\');
    let is_path = address.starts_with('/') && !address.starts_with("//");
    let is_url = || Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if plain && (is_path || is_url()) {
        return Ok(());
    }
    Err(Error::config(
        format!("{what} is neither a path nor an http or https URL"),
        "give it as in /login/again or https://app.example/login/again",
    ))
}

/// For an attribute in double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The alphabet that content security policies use; 32 bytes have one character of padding.
fn base64(digest: &[u8; 32]) -> String {
    base64url::encode(digest).replace('-', "+").replace('_', "/") + "="
}

impl Client {
    /// Watches the session of a login at the server's `check_session_iframe`, by the
    /// [`session_state`](crate::Login::session_state) that came with it.
    ///
    /// # Errors
    /// As [`SessionWatch::new`]; [`Error::Config`] when the server has no such page; as [`metadata`](Self::metadata).
    pub async fn session_watch(&self, session_state: &str) -> Result<SessionWatch> {
        let metadata = self.metadata().await?;
        let frame = metadata.require("check_session_iframe")?;
        SessionWatch::with_door(self.client_id(), session_state, frame, self.allows_http())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(client_id: &str, session_state: &str, frame: &str, changed: &str, error: &str) -> http::Response<Bytes> {
        SessionWatch::new(client_id, session_state, frame).unwrap().rp_iframe_page(changed, error).unwrap()
    }

    #[test]
    fn the_message_is_client_and_state_with_a_space_between() {
        let watch = SessionWatch::new("my app", "abc.def", "https://as.example:8443/check?x=1").unwrap();
        assert_eq!((watch.message(), watch.origin()), ("my app abc.def", "https://as.example:8443"));
        assert!(!format!("{watch:?}").contains("abc.def"));
    }

    #[test]
    fn a_state_with_a_space_and_a_frame_without_tls_are_refused() {
        for state in ["", "a b", "a\n"] {
            assert!(SessionWatch::new("app", state, "https://as.example/").is_err(), "{state:?}");
        }
        for frame in
            ["http://as.example/", "javascript:alert(1)", "/check", "https://as;sandbox/", "https://*/", "https://a,b/"]
        {
            assert!(SessionWatch::new("app", "s", frame).is_err(), "{frame}");
        }
    }

    #[test]
    fn the_page_checks_the_origin_and_the_frame_of_every_answer() {
        let answer = page("app", "s", "https://as.example/check", "/again", "https://app.example/unknown");
        let text = std::str::from_utf8(answer.body()).unwrap();
        for part in [
            "src=\"https://as.example/check\"",
            "data-message=\"app s\" data-origin=\"https://as.example\" data-changed=\"/again\" data-error=\"https://app.example/unknown\" data-interval=\"5000\"",
            "event.origin !== told.origin || event.source !== frame.contentWindow",
            "postMessage(told.message, told.origin)",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn the_headers_let_nothing_run_but_the_script() {
        let answer = page("app", "s", "https://as.example:8443/check", "/a", "/b");
        let text = std::str::from_utf8(answer.body()).unwrap();
        let script = text.split_once("data-interval=\"5000\">").unwrap().1.split_once("</script>").unwrap().0;
        let digest = base64(&sha256(script.as_bytes()));
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'sha256-{digest}'; frame-src https://as.example:8443; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
            )
        );
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn nothing_that_is_put_in_becomes_markup_or_script() {
        let hostile = "\"'><script>alert(1)</script>&quot;<!--\u{2028}</iframe>";
        let without_space = hostile.replace(' ', "");
        let frame = format!("https://as.example/?x={hostile}");
        let (changed, error) = (format!("/a?{hostile}"), format!("https://app.example/?{hostile}"));
        let answer = page(hostile, &without_space, &frame, &changed, &error);
        let text = std::str::from_utf8(answer.body()).unwrap();
        let plain = page("a", "b", "https://as.example/", "/c", "/d");
        let plain = std::str::from_utf8(plain.body()).unwrap();
        for character in ['<', '>', '"', '\''] {
            let count = |text: &str| text.chars().filter(|c| *c == character).count();
            assert_eq!(count(text), count(plain), "{character}\n{text}");
        }
        assert!(text.contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;quot;&lt;!--"));
    }

    #[test]
    fn the_frame_goes_to_pages_and_never_to_a_script() {
        let watch = SessionWatch::new("app", "s", "https://as.example/").unwrap();
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "",
            "again",
            "//evil.example/",
            "/\\evil.example",
            "/a\nb",
            "\tjavascript:alert(1)",
        ] {
            assert!(watch.rp_iframe_page(bad, "/ok").is_err(), "{bad}");
            assert!(watch.rp_iframe_page("/ok", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_interval_has_a_floor() {
        let watch = SessionWatch::new("app", "s", "https://as.example/").unwrap().interval(Duration::ZERO);
        let page = watch.rp_iframe_page("/a", "/b").unwrap();
        assert!(std::str::from_utf8(page.body()).unwrap().contains("data-interval=\"1000\""));
    }
}
