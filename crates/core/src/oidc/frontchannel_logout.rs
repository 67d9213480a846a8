//! Being told of a logout through the browser: [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html).

use super::id_token::IdToken;
use crate::authorization::Callback;
use crate::client::Client;
use crate::error::{Result, RuleViolation};
use crate::metadata::AuthorizationServer;
use crate::wire::inbound::Inbound;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

const STAGE: &str = "front-channel logout";
const SPEC: &str = "OpenID Connect Front-Channel Logout section 2";

/// The server has the browser show the program's `frontchannel_logout_uri` in a frame: the session of this browser is over,
/// where it [`matches`](Self::matches).
///
/// Nothing in it is signed: any page can bring a browser here, so nothing but that browser's own session may end by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontchannelLogout {
    session: Option<(String, String)>,
}

impl FrontchannelLogout {
    /// `iss`: the issuer, where the server names the session.
    pub fn issuer(&self) -> Option<&str> {
        self.session.as_ref().map(|(issuer, _)| issuer.as_str())
    }

    /// `sid`: the session at the issuer, as [`IdToken::session_id`] names it.
    pub fn session_id(&self) -> Option<&str> {
        self.session.as_ref().map(|(_, session_id)| session_id.as_str())
    }

    /// Whether this browser's session, which began with this ID token, is over. Where the server names none it is.
    pub fn matches(&self, id_token: &IdToken) -> bool {
        self.session
            .as_ref()
            .is_none_or(|(issuer, session_id)| issuer == id_token.issuer() && id_token.session_id() == Some(session_id))
    }
}

/// Judges the request for the program's `frontchannel_logout_uri`: its URL or its query.
///
/// # Errors
/// [`Error::Rule`](crate::Error::Rule) when there is `iss` without `sid` or the other way round, another issuer, or none of both
/// where they are `required`.
pub fn judge<'a>(
    request: impl Into<Callback<'a>>,
    metadata: &AuthorizationServer,
    required: bool,
) -> Result<FrontchannelLogout> {
    let request = request.into();
    let seen = Inbound::read(STAGE, request.base_and_parameters().1, "", ["iss", "sid"])?;
    let (issuer, session_id) = match (seen.get("iss"), seen.get("sid")) {
        (Some(issuer), Some(session_id)) => (issuer, session_id),
        (None, None) if !required => return Ok(FrontchannelLogout { session: None }),
        (issuer, session_id) => {
            let got = match (issuer, session_id) {
                (Some(_), _) => "iss alone",
                (_, Some(_)) => "sid alone",
                _ => "neither",
            };
            let rule = if required { "iss and sid name the session" } else { "iss and sid come together" };
            return Err(RuleViolation::new(STAGE, rule, SPEC).expected("both").got(got).into());
        }
    };
    if !metadata.issues_as(issuer) {
        return Err(RuleViolation::new(STAGE, "iss is the issuer of this client", SPEC)
            .expected(metadata.issuer.as_deref().unwrap_or("an issuer in the client's configuration"))
            .got(issuer)
            .into());
    }
    Ok(FrontchannelLogout { session: Some((issuer.to_owned(), session_id.to_owned())) })
}

/// What to answer in the frame: an empty page that is never cached. The program adds what removes its cookies.
pub fn answer<T>(outcome: &Result<T>) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from_static(b"<!doctype html><title>Logout</title>"));
    *response.status_mut() = if outcome.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

impl Client {
    /// Judges a request for the program's `frontchannel_logout_uri`: its URL or its query.
    ///
    /// # Errors
    /// As [`judge`], and as [`metadata`](Self::metadata) where that has to be fetched.
    pub async fn frontchannel_logout<'a>(&self, request: impl Into<Callback<'a>>) -> Result<FrontchannelLogout> {
        let request = request.into();
        let metadata = self.metadata().await?;
        judge(request, &metadata, self.inner.config.logout.session_required)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(request: &str, required: bool) -> Result<FrontchannelLogout, String> {
        let metadata = AuthorizationServer { issuer: Some("https://server.example.com".into()), ..Default::default() };
        judge(request, &metadata, required).map_err(|error| error.to_string())
    }

    const WHOLE: &str = "https://rp.example.org/frontchannel_logout?iss=https%3A%2F%2Fserver.example.com&sid=08a5019c-17e1-4977-8f42-65a12843ea02";

    #[test]
    fn the_specifications_examples() {
        let named = judged(WHOLE, true).unwrap();
        assert_eq!(named.issuer(), Some("https://server.example.com"));
        assert_eq!(named.session_id(), Some("08a5019c-17e1-4977-8f42-65a12843ea02"));
        assert_eq!(judged("https://rp.example.org/frontchannel_logout", false).unwrap().issuer(), None);
    }

    #[test]
    fn iss_and_sid_come_together() {
        for (query, got) in
            [("iss=https://server.example.com", "iss alone"), ("sid=1", "sid alone"), ("sid=1&iss=", "sid alone")]
        {
            let error = judged(query, false).unwrap_err();
            assert!(
                error.contains("iss and sid come together (OpenID Connect Front-Channel Logout section 2)"),
                "{error}"
            );
            assert!(error.contains(got), "{error}");
        }
    }

    #[test]
    fn the_session_must_be_named_where_that_is_required() {
        for query in ["", "x=1", "iss=&sid="] {
            assert!(judged(query, false).is_ok());
            assert!(judged(query, true).unwrap_err().contains("iss and sid name the session"));
        }
    }

    #[test]
    fn another_issuer_and_repetitions_are_refused() {
        for other in ["https://other.example", "https://server.example.com/", "https://SERVER.example.com"] {
            let error = judged(&format!("iss={other}&sid=1"), false).unwrap_err();
            assert!(error.contains("iss is the issuer of this client"), "{error}");
        }
        assert!(judged("iss=https://server.example.com&sid=1&sid=2", false).unwrap_err().contains("sid twice"));
    }

    #[test]
    fn the_answer_is_never_cached() {
        for (outcome, status) in [(judged(WHOLE, true), 200), (judged("sid=1", true), 400)] {
            let outcome = outcome.map_err(|_| crate::Error::config("", ""));
            let answer = answer(&outcome);
            assert_eq!(
                (answer.status().as_u16(), &answer.headers()[CACHE_CONTROL]),
                (status, &"no-store".parse().unwrap())
            );
        }
    }
}
