//! What is kept while the person is away, and the callback judged by it:
//! [RFC 5849 section 2.2](https://www.rfc-editor.org/rfc/rfc5849#section-2.2).

use super::answer::shortened;
use super::temporary_credentials::TemporaryCredentials;
use crate::error::{Error, Result, RuleViolation, ServerError};
use crate::{Secret, UnixTime};
use ::url::form_urlencoded;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

const STAGE: &str = "authorization callback";
const SPEC: &str = "RFC 5849 section 2.2";

/// A login under way. It belongs to one browser, is used up by the end of the login, and reveals a secret when it is serialized;
/// `Debug` shows none.
///
/// ```
/// use grantee_core::oauth1::Pending;
/// let kept = r#"{"v":1,"oauth_token":"t","oauth_token_secret":"s3cret","consumer_key":"key",
///     "server":"https://photos.example/token","callback":"oob","created_at":1700000000}"#;
/// let pending = Pending::from_json(kept)?;
/// assert_eq!(pending.oauth_token(), "t");
/// assert!(!format!("{pending:?}").contains("s3cret"));
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    #[serde(rename = "v")]
    version: Version,
    pub(super) oauth_token: Secret,
    pub(super) oauth_token_secret: Secret,
    pub(super) consumer_key: String,
    /// The token credentials endpoint of the server that lent them.
    pub(super) server: String,
    callback: String,
    created_at: UnixTime,
}

/// What a callback may say, in the order in which it is judged.
const NAMES: [&str; 5] = ["oauth_token", "oauth_verifier", "oauth_problem", "denied", "error"];

impl Pending {
    pub(super) fn new(
        lent: TemporaryCredentials,
        consumer_key: &str,
        server: &str,
        callback: &str,
        created_at: UnixTime,
    ) -> Self {
        Self {
            version: Version,
            oauth_token: lent.token,
            oauth_token_secret: lent.secret,
            consumer_key: consumer_key.to_owned(),
            server: server.to_owned(),
            callback: callback.to_owned(),
            created_at,
        }
    }

    /// Where the person comes back to; `oob` where they are shown a code.
    pub fn callback(&self) -> &str {
        &self.callback
    }

    /// The identifier of the temporary credentials, which the callback names: to tell one login of a browser from another.
    pub fn oauth_token(&self) -> &str {
        self.oauth_token.reveal()
    }

    /// The identifier of the client that started it.
    pub fn consumer_key(&self) -> &str {
        &self.consumer_key
    }

    /// Where the token will come from, at the server that started it.
    pub fn token_credentials_endpoint(&self) -> &str {
        &self.server
    }

    /// When the login was started.
    pub fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// As JSON of one line, the secret included.
    ///
    /// # Errors
    /// None that is known of.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|_| Error::config("the pending login can't be written as JSON", "report this as a bug"))
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`Error::Config`] when it is something else, or of another version.
    pub fn from_json(json: &str) -> Result<Self> {
        // serde's words quote what it read.
        serde_json::from_str(json)
            .map_err(|_| Error::config("what was kept is no pending login of this version", "start the login again"))
    }

    /// Judges how the person came back, and returns the verifier.
    pub(super) fn judge(&self, verifier: &Verifier<'_>) -> Result<Secret> {
        let query = match verifier {
            Verifier::Code(code) => {
                return Some(code.trim())
                    .filter(|code| !code.is_empty())
                    .map(Secret::from)
                    .ok_or_else(|| Error::config("the code is empty", "type in what the server showed"));
            }
            Verifier::Callback(text) => query_of(text),
        };
        let mut found: [Option<String>; NAMES.len()] = Default::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).take(100) {
            let Some(place) = NAMES.iter().position(|known| *known == name) else { continue };
            let Some(slot) = found.get_mut(place) else { continue };
            if slot.replace(value.into_owned()).is_some() {
                return Err(RuleViolation::new(STAGE, "no parameter stands twice", SPEC).got(name).into());
            }
        }
        let [token, verifier, problem, denied, error] = found;
        // Authlib's word, as in OAuth 2.0. Where there is a verifier it is a parameter of the program's own.
        let problem = problem.or(error.filter(|_| verifier.is_none()));
        // X names the refused login by its token, in a parameter of its own.
        let named = token.as_deref().or(denied.as_deref());
        let broken = || RuleViolation::new(STAGE, "oauth_token is the one that was lent", SPEC);
        match named {
            Some(named) if grantee_jose::constant_time_eq(named.as_bytes(), self.oauth_token.reveal().as_bytes()) => {}
            Some(_) => {
                return Err(broken()
                    .got("another one")
                    .hint("the answer belongs to another login: start the login again")
                    .into());
            }
            // A refusal need not name it, and brings nothing about.
            None if problem.is_some() => {}
            None => return Err(broken().got("no oauth_token").into()),
        }
        if let Some(problem) = problem.or_else(|| denied.map(|_| "user_refused".to_owned())) {
            let mut error = ServerError::new(STAGE, shortened(&problem));
            error.description = Some("the person or the server refused the login".to_owned());
            return Err(Error::Server(Arc::new(error)));
        }
        match verifier.filter(|verifier| !verifier.is_empty()) {
            Some(verifier) => Ok(verifier.into()),
            None => Err(RuleViolation::new(STAGE, "the callback has oauth_verifier", SPEC)
                .got("none")
                .hint("some servers say so that the person refused")
                .into()),
        }
    }
}

/// The version of the serialized form; another one is refused rather than half understood.
#[derive(Debug)]
struct Version;

const VERSION: u8 = 1;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            VERSION => Ok(Self),
            _ => Err(serde::de::Error::custom("a pending login of another version")),
        }
    }
}

/// How the person came back. A text is taken for the one it looks like.
///
/// ```
/// use grantee_core::oauth1::Verifier;
/// assert!(matches!(Verifier::from("https://app.example/cb?oauth_token=t&oauth_verifier=v"), Verifier::Callback(_)));
/// assert!(matches!(Verifier::from("oauth_token=t&oauth_verifier=v"), Verifier::Callback(_)));
/// assert!(matches!(Verifier::from("0815"), Verifier::Code(_)));
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Verifier<'a> {
    /// By the callback: its URL, or its query.
    Callback(&'a str),
    /// With a code that the server showed them (`oob`).
    Code(&'a str),
}

/// A URL is a callback, and so is a query, whatever its parameters are called; anything else is a code.
impl<'a> From<&'a str> for Verifier<'a> {
    fn from(text: &'a str) -> Self {
        let is_callback = |name: &str| text.split(['?', '&']).any(|pair| pair.split('=').next() == Some(name));
        // A code may end as base64 does.
        let is_query = text.trim().trim_end_matches('=').contains('=');
        match is_query || text.contains("://") || NAMES.iter().any(|name| text.contains('=') && is_callback(name)) {
            true => Self::Callback(text),
            false => Self::Code(text),
        }
    }
}

impl<'a> From<&'a String> for Verifier<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

fn query_of(text: &str) -> &str {
    let text = text.split('#').next().unwrap_or_default();
    text.split_once('?').map_or(text, |(_, query)| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        let lent = TemporaryCredentials { token: "t/1".into(), secret: "s3cret".into() };
        Pending::new(lent, "key", "https://a.example/token", "https://app.example/cb", UnixTime::from_seconds(1))
    }

    #[test]
    fn the_token_that_comes_back_is_the_one_that_was_lent() {
        let judge = |text: &str| pending().judge(&text.into());
        assert_eq!(judge("https://app.example/cb?x=1&oauth_token=t%2F1&oauth_verifier=v#_=_").unwrap().reveal(), "v");
        assert_eq!(judge("oauth_token=t%2F1&oauth_verifier=v").unwrap().reveal(), "v");
        assert_eq!(judge(" 123456 ").unwrap().reveal(), "123456");
        assert_eq!(judge("MTIzNA==").unwrap().reveal(), "MTIzNA==");
        for bad in [
            "code=v&state=s",
            "Oauth_verifier=v",
            "oauth_token=other&oauth_verifier=v",
            "oauth_token=&oauth_verifier=v",
            "oauth_token=t&oauth_verifier=v",
            "oauth_token=t%2F12&oauth_verifier=v",
            "oauth_verifier=v",
            "oauth_token=t%2F1",
            "oauth_token=t%2F1&oauth_verifier=",
            "oauth_token=t%2F1&oauth_token=t%2F1&oauth_verifier=v",
            "oauth_token=t%2F1&oauth_verifier=v&oauth_verifier=w",
        ] {
            assert!(matches!(judge(bad), Err(Error::Rule(_))), "{bad}");
        }
    }

    #[test]
    fn a_refusal_is_the_servers_error() {
        for (text, code) in
            [("oauth_problem=user_refused&oauth_token=t%2F1", "user_refused"), ("denied=t%2F1", "user_refused")]
        {
            assert_eq!(pending().judge(&text.into()).unwrap_err().server_error(), Some(code));
        }
        assert!(matches!(pending().judge(&"denied=other".into()), Err(Error::Rule(_))));
        // Authlib names neither the login nor the problem as the others do.
        let refused = "https://app.example/cb?error=access_denied&error_description=no";
        assert_eq!(pending().judge(&refused.into()).unwrap_err().server_error(), Some("access_denied"));
        let agreed = "https://app.example/cb?error=none&oauth_token=t%2F1&oauth_verifier=v";
        assert_eq!(pending().judge(&agreed.into()).unwrap().reveal(), "v");
    }

    #[test]
    fn it_is_kept_as_json_and_shows_no_secret() {
        let kept = pending().to_json().unwrap();
        let again = Pending::from_json(&kept).unwrap();
        assert_eq!((again.oauth_token(), again.callback()), ("t/1", "https://app.example/cb"));
        assert!(!format!("{again:?}").contains("s3cret"));
        for bad in [kept.replace("\"v\":1", "\"v\":2"), "\"s3cret\"".to_owned()] {
            assert!(!Pending::from_json(&bad).unwrap_err().to_string().contains("s3cret"));
            assert!(serde_json::from_str::<Pending>(&bad).is_err());
        }
    }
}
