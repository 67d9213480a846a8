//! Logging out at the server: [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html).

use crate::authorization::Callback;
use crate::client::Client;
use crate::error::{Error, Result, RuleViolation, ServerError};
use crate::oidc::id_token;
use crate::ports::Entropy;
use crate::wire::form::Params;
use crate::wire::inbound::Inbound;
use crate::{Scope, Secret, UnixTime, wire};
use ::url::{Url, form_urlencoded};
use grantee_jose::base64url;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const STAGE: &str = "logout response";
const BACK: &str = "OpenID Connect RP-Initiated Logout section 3";
const REQUEST: &str = "OpenID Connect RP-Initiated Logout section 2";
/// The longest `state` taken over from the caller.
const LONGEST_STATE: usize = 1024;

/// A person is to be logged out at the server, as a plain value: nothing is checked or made before
/// [`Client::logout`].
///
/// The program ends its own session by itself, best before it sends the person off: they may not come back.
///
/// ```
/// # fn example(id_token: &grantee_core::oidc::IdToken) {
/// use grantee_core::endpoint::end_session::EndSession;
/// let logout = EndSession::new().id_token_hint(id_token).post_logout_redirect_uri("https://app.example/bye");
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct EndSession {
    id_token_hint: Option<Secret>,
    logout_hint: Option<Secret>,
    without_client_id: bool,
    post_logout_redirect_uri: Option<String>,
    state: Option<Secret>,
    ui_locales: Scope,
    params: Params,
}

/// What a logout request needs to know of the client and the server.
#[derive(Clone, Copy)]
pub struct EndSessionContext<'a> {
    /// REQUIRED. The client.
    pub client_id: &'a str,
    /// REQUIRED. Where the person is sent.
    pub end_session_endpoint: &'a str,
    /// Where `state` comes from.
    pub entropy: &'a dyn Entropy,
    /// The time.
    pub now: UnixTime,
    /// Whether plain http is let through to other machines: for tests.
    pub allow_http: bool,
}

impl std::fmt::Debug for EndSessionContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndSessionContext")
            .field("client_id", &self.client_id)
            .field("end_session_endpoint", &wire::url::shown(self.end_session_endpoint))
            .finish_non_exhaustive()
    }
}

impl EndSession {
    /// Asks to log out whoever is logged in in this browser.
    pub fn new() -> Self {
        Self::default()
    }

    /// RECOMMENDED. The [`IdToken`](crate::oidc::IdToken) of the login, or its text. Without it the server asks the person,
    /// and may not send them back. An expired one serves.
    #[must_use]
    pub fn id_token_hint(mut self, id_token: impl Into<Secret>) -> Self {
        self.id_token_hint = Some(id_token.into());
        self
    }

    /// OPTIONAL. Who logs out, in words of the server's choice: an email address, a session identifier.
    #[must_use]
    pub fn logout_hint(mut self, logout_hint: impl Into<Secret>) -> Self {
        self.logout_hint = Some(logout_hint.into());
        self
    }

    /// Leaves out the client's identifier, which is sent otherwise, for a server that does not take it.
    #[must_use]
    pub fn without_client_id(mut self) -> Self {
        self.without_client_id = true;
        self
    }

    /// OPTIONAL. Where the person is sent afterwards, exactly as it is registered.
    #[must_use]
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uri = Some(uri.into());
        self
    }

    /// A `state` of the caller's own, at most 1024 characters of ASCII; one is made where a
    /// [`post_logout_redirect_uri`](Self::post_logout_redirect_uri) is given. It must be one that nobody can guess.
    #[must_use]
    pub fn state(mut self, state: impl Into<Secret>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// OPTIONAL. The person's languages (BCP 47), the most wished first.
    #[must_use]
    pub fn ui_locales(mut self, ui_locales: impl Into<Scope>) -> Self {
        self.ui_locales.extend(ui_locales);
        self
    }

    /// OPTIONAL, repeatable. A parameter that has no method here.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.params.push(name, value);
        self
    }

    /// Makes the URL the person is sent to, and what must be kept until they come back.
    ///
    /// # Errors
    /// [`Error::Config`] when the request can't work as it stands.
    pub fn start(self, context: &EndSessionContext<'_>) -> Result<(Url, PendingLogout)> {
        let mut url = endpoint(context)?;
        if let Some(uri) = &self.post_logout_redirect_uri {
            check_redirect_uri(uri, context.allow_http)?;
        }
        if let Some((name, _)) = self.params.iter().find(|(name, _)| is_taken(name)) {
            return Err(Error::config(
                format!("a logout request can't take {name:?} by param(..)"),
                "it has a method of its own, or is sent by itself",
            ));
        }
        let state = match (self.state, &self.post_logout_redirect_uri) {
            (Some(own), Some(_)) => Some(own_state(own)?),
            (Some(_), None) => {
                return Err(Error::config(
                    "a logout request has a state and nowhere to come back to",
                    "name a post_logout_redirect_uri(..), or leave the state out",
                ));
            }
            (None, Some(_)) => Some(made_state(context.entropy)?),
            (None, None) => None,
        };
        {
            let mut query = url.query_pairs_mut();
            let mut pair = |name: &str, value: Option<&str>| {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            };
            pair("id_token_hint", self.id_token_hint.as_ref().map(Secret::reveal));
            pair("logout_hint", self.logout_hint.as_ref().map(Secret::reveal));
            pair("client_id", (!self.without_client_id).then_some(context.client_id));
            pair("post_logout_redirect_uri", self.post_logout_redirect_uri.as_deref());
            pair("state", state.as_ref().map(Secret::reveal));
            let ui_locales = self.ui_locales.to_string();
            pair("ui_locales", (!ui_locales.is_empty()).then_some(&ui_locales));
            self.params.iter().for_each(|(name, value)| pair(name, Some(value)));
        }
        let back = self.post_logout_redirect_uri.zip(state).map(|(uri, state)| Back { uri, state });
        let client_id = context.client_id.to_owned();
        Ok((url, PendingLogout { v: VERSION, client_id, back, created_at: context.now }))
    }
}

/// A logout under way: what the person's coming back is checked against. It belongs to one browser, as
/// [`Pending`](crate::authorization::Pending) does. Serializing it reveals the state; `Debug` shows nothing secret.
///
/// ```
/// use grantee_core::endpoint::end_session::PendingLogout;
/// # fn example(pending: PendingLogout) -> grantee_core::Result<()> {
/// let kept = pending.to_json()?; // in the person's session
/// PendingLogout::from_json(&kept)?.finish("https://app.example/bye?state=af0ifjsldkj")
/// # }
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct PendingLogout {
    v: u8,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<Back>,
    created_at: UnixTime,
}

/// The way back: a redirect URI never goes without a state.
#[derive(Debug, Serialize, Deserialize)]
struct Back {
    #[serde(rename = "post_logout_redirect_uri")]
    uri: String,
    state: Secret,
}

/// The version of the serialized form; another one is refused rather than half understood.
const VERSION: u8 = 1;

impl PendingLogout {
    /// Judges the person's coming back, and is used up whatever comes of it. Takes a whole URL, or, behind a proxy that
    /// changes the host, its query.
    ///
    /// # Errors
    /// [`Error::Rule`] when it is another address, or `state` is missing or another: then anybody may have sent the person.
    /// [`Error::Server`] when the server said that it could not. [`Error::Config`] when no way back was asked for.
    pub fn finish<'a>(self, callback: impl Into<Callback<'a>>) -> Result<()> {
        let Some(Back { uri, state }) = self.back else {
            return Err(Error::config(
                "the logout asked for no way back",
                "name a post_logout_redirect_uri(..) where it is started",
            ));
        };
        let callback = callback.into();
        let (base, parameters) = callback.base_and_parameters();
        if let Some(base) = base {
            check_address(&uri, base, parameters)?;
        }
        let own = uri.split_once('?').map_or("", |(_, query)| query);
        let answer = Inbound::read(STAGE, parameters, own, ["state", "error", "error_description", "error_uri"])?;
        let broken = || {
            RuleViolation::new(STAGE, "state is the one that was sent", BACK)
                .expected("the state sent")
                .hint("whoever sent the person here was not this logout: change nothing because of it")
        };
        match answer.get("state") {
            // Compared in constant time.
            Some(got) if Secret::from(got) == state => {}
            Some(_) => return Err(broken().got("another state").into()),
            None => return Err(broken().got("no state").into()),
        }
        // The specification has none, and some servers send one.
        if let Some(code) = answer.get("error") {
            let mut error = ServerError::new(STAGE, code);
            error.description = answer.get("error_description").map(str::to_owned);
            error.uri = answer.get("error_uri").map(str::to_owned);
            return Err(Error::Server(Arc::new(error)));
        }
        Ok(())
    }

    /// The `state` that comes back, to tell one logout of a browser from another.
    pub fn state(&self) -> Option<&str> {
        self.back.as_ref().map(|back| back.state.reveal())
    }

    /// Where the person comes back to.
    pub fn post_logout_redirect_uri(&self) -> Option<&str> {
        self.back.as_ref().map(|back| back.uri.as_str())
    }

    /// The client that asked.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// When the request was made: to forget those that nobody comes back from.
    pub fn created_at(&self) -> UnixTime {
        self.created_at
    }

    /// As JSON of one line.
    ///
    /// # Errors
    /// None that is known of.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|_| Error::config("the pending logout can't be written as JSON", "report this as a bug"))
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`Error::Config`] when it is something else, or of another version.
    pub fn from_json(json: &str) -> Result<Self> {
        // serde's words quote what it read, so they are not told.
        serde_json::from_str::<Self>(json).ok().filter(|pending| pending.v == VERSION).ok_or_else(|| {
            Error::config("what was kept is no pending logout of this version", "start the logout again")
        })
    }
}

impl Client {
    /// Starts a logout at the server: the URL to send the person to, and what their coming back must be checked against.
    ///
    /// # Errors
    /// [`Error::Config`] when the server has no `end_session_endpoint`, or the request can't be made; as
    /// [`metadata`](Self::metadata) where that has to be fetched.
    pub async fn logout(&self, mut request: EndSession) -> Result<(Url, PendingLogout)> {
        let metadata = self.metadata().await?;
        id_token::as_hint(self, &metadata, &mut request.id_token_hint).await;
        let started = request.start(&EndSessionContext {
            client_id: self.client_id(),
            end_session_endpoint: metadata.require("end_session_endpoint")?,
            entropy: &*self.inner.ports.entropy,
            now: self.now(),
            allow_http: self.allows_http(),
        })?;
        tracing::info!(client_id = self.client_id(), issuer = metadata.issuer.as_deref(), "logout started");
        Ok(started)
    }
}

const NAMES: [&str; 6] =
    ["id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

fn is_taken(name: &str) -> bool {
    name.is_empty() || NAMES.contains(&name)
}

fn endpoint(context: &EndSessionContext<'_>) -> Result<Url> {
    let url = wire::url::parse("the end_session_endpoint", context.end_session_endpoint)?;
    // The ID token travels there.
    wire::url::confidential("the end_session_endpoint", &url, context.allow_http)?;
    if url.fragment().is_some() || url.query_pairs().any(|(name, _)| is_taken(&name)) {
        return Err(Error::config(
            "the end_session_endpoint has a fragment, or a query that holds a parameter of the request",
            format!("look at the server's metadata ({REQUEST}.1)"),
        ));
    }
    Ok(url)
}

fn check_redirect_uri(uri: &str, allow_http: bool) -> Result<()> {
    const WHAT: &str = "the post_logout_redirect_uri";
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    if scheme.is_empty() || uri.contains('#') || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::config(
            format!("{WHAT} is not an absolute URI of ASCII characters without a fragment"),
            format!("give it exactly as it is registered, as in https://app.example/bye ({REQUEST})"),
        ));
    }
    if scheme.eq_ignore_ascii_case("http") {
        wire::url::confidential(WHAT, &wire::url::parse(WHAT, uri)?, allow_http)?;
    }
    Ok(())
}

fn own_state(state: Secret) -> Result<Secret> {
    let text = state.reveal().as_bytes();
    if text.is_empty() || text.len() > LONGEST_STATE || !text.iter().all(u8::is_ascii_graphic) {
        return Err(Error::config(
            format!("the state given is not 1 to {LONGEST_STATE} visible characters of ASCII"),
            "leave it out, and one is made",
        ));
    }
    Ok(state)
}

fn made_state(entropy: &dyn Entropy) -> Result<Secret> {
    let mut random = zeroize::Zeroizing::new([0; 32]);
    entropy.fill(&mut *random)?;
    Ok(base64url::encode(*random).into())
}

/// The same scheme, host, port and path, and the URI's own query still there.
fn check_address(uri: &str, base: &str, query: &[u8]) -> Result<()> {
    let (expected, own) = uri.split_once('?').unwrap_or((uri, ""));
    let same_base = base == expected
        || matches!((Url::parse(base), Url::parse(expected)), (Ok(got), Ok(expected)) if got == expected);
    // Bounded, since a stranger's text may hold thousands of them.
    let kept = form_urlencoded::parse(own.as_bytes())
        .all(|own| form_urlencoded::parse(query).take(200).any(|pair| pair == own));
    if same_base && kept {
        return Ok(());
    }
    Err(RuleViolation::new(STAGE, "the person comes back to the post_logout_redirect_uri", BACK)
        .expected(wire::url::shown(uri))
        .got(if same_base { "one without its own query".to_owned() } else { wire::url::shown(base) })
        .hint("behind a proxy that changes the host, hand over the query alone")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<()> {
            bytes.fill(7);
            Ok(())
        }
    }

    fn context(end_session_endpoint: &str) -> EndSessionContext<'_> {
        let now = UnixTime::from_seconds(1_700_000_000);
        EndSessionContext { client_id: "app", end_session_endpoint, entropy: &Sevens, now, allow_http: false }
    }

    fn start(request: EndSession) -> Result<(Url, PendingLogout)> {
        request.start(&context("https://as.example/logout?tenant=7"))
    }

    fn pending(uri: &str) -> PendingLogout {
        start(EndSession::new().post_logout_redirect_uri(uri).state("STATE")).unwrap().1
    }

    fn broken(uri: &str, callback: &str) -> String {
        let error = pending(uri).finish(callback).unwrap_err();
        assert!(matches!(error, Error::Rule(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("STATE"), "{error:?}");
        error.to_string()
    }

    const BYE: &str = "https://app.example/bye";

    #[test]
    fn the_whole_request_keeps_the_endpoints_own_query() {
        let request = EndSession::new()
            .id_token_hint("a.b.c")
            .logout_hint("joe@example.com")
            .post_logout_redirect_uri(BYE)
            .ui_locales("fr-CA fr")
            .param("extra", "ü");
        let state = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let (url, pending) = start(request).unwrap();
        assert_eq!(
            url.as_str(),
            format!(
                "https://as.example/logout?tenant=7&id_token_hint=a.b.c&logout_hint=joe%40example.com&client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state={state}&ui_locales=fr-CA+fr&extra=%C3%BC"
            )
        );
        assert_eq!((pending.state(), pending.post_logout_redirect_uri()), (Some(state), Some(BYE)));
    }

    #[test]
    fn a_plain_logout_sends_the_client_and_no_state() {
        let (url, pending) = start(EndSession::new()).unwrap();
        assert_eq!(url.as_str(), "https://as.example/logout?tenant=7&client_id=app");
        assert!(matches!(pending.finish("state=x"), Err(Error::Config(_))));
        let (url, _) = start(EndSession::new().without_client_id()).unwrap();
        assert_eq!(url.as_str(), "https://as.example/logout?tenant=7");
    }

    #[test]
    fn what_cannot_work_is_not_sent() {
        for request in [
            EndSession::new().state("s"),
            EndSession::new().post_logout_redirect_uri(BYE).state(""),
            EndSession::new().post_logout_redirect_uri(BYE).state("a b"),
            EndSession::new().post_logout_redirect_uri(BYE).state("x".repeat(1025)),
            EndSession::new().post_logout_redirect_uri("/bye"),
            EndSession::new().post_logout_redirect_uri("https://app.example/bye#x"),
            EndSession::new().post_logout_redirect_uri("http://app.example/bye"),
            EndSession::new().param("state", "x"),
            EndSession::new().param("", "x"),
        ] {
            assert!(matches!(start(request), Err(Error::Config(_))));
        }
        for endpoint in [
            "http://as.example/logout",
            "https://as.example/#x",
            "/logout",
            "https://as.example/?client_id=a",
            "javascript:alert(1)",
        ] {
            assert!(EndSession::new().start(&context(endpoint)).is_err(), "{endpoint}");
        }
        assert!(start(EndSession::new().post_logout_redirect_uri("com.example.app:/bye")).is_ok());
    }

    #[test]
    fn the_state_must_come_back() {
        for callback in ["https://app.example/bye?state=STATE", "state=STATE", "?state=STATE&x=1", "/bye?state=STATE"] {
            pending(BYE).finish(callback).unwrap();
        }
        let query = broken(BYE, "https://app.example/bye?state=OTHER");
        assert!(
            query.contains("state is the one that was sent (OpenID Connect RP-Initiated Logout section 3)"),
            "{query}"
        );
        for callback in
            ["https://app.example/bye", "", "?state=", "#state=STATE", "https://app.example/bye#state=STATE"]
        {
            assert!(broken(BYE, callback).contains("got no state"), "{callback}");
        }
        assert!(broken(BYE, "state=STATE&state=STATE").contains("state twice"));
    }

    #[test]
    fn the_person_comes_back_to_the_redirect_uri() {
        for callback in [
            "https://other.example/bye?state=STATE",
            "http://app.example/bye?state=STATE",
            "https://app.example/bye/?state=STATE",
            "https://app.example:8443/bye?state=STATE",
        ] {
            assert!(broken(BYE, callback).contains("comes back to the post_logout_redirect_uri"), "{callback}");
        }
        let own = "https://app.example/bye?state=own&t=1";
        pending(own).finish("https://app.example/bye?state=own&t=1&state=STATE").unwrap();
        assert!(broken(own, "https://app.example/bye?state=STATE").contains("without its own query"));
        assert!(broken(own, "https://app.example/bye?state=own&t=1").contains("got no state"));
    }

    #[test]
    fn an_error_answer_is_an_error_once_the_state_is_right() {
        let answer = "state=STATE&error=access_denied&error_description=no";
        let error = pending(BYE).finish(answer).unwrap_err();
        assert_eq!((error.server_error(), error.to_string().contains("no")), (Some("access_denied"), true));
        assert!(broken(BYE, "error=access_denied").contains("got no state"));
    }

    #[test]
    fn it_is_kept_as_json_and_shows_no_secret() {
        let kept = pending(BYE).to_json().unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&kept).unwrap(),
            serde_json::json!({
                "v": 1, "client_id": "app", "created_at": 1_700_000_000,
                "back": {"post_logout_redirect_uri": BYE, "state": "STATE"},
            })
        );
        PendingLogout::from_json(&kept).unwrap().finish("state=STATE").unwrap();
        for other in [kept.replace("\"v\":1", "\"v\":2"), kept.replace("\"v\":1,", ""), "STATE".to_owned()] {
            let error = PendingLogout::from_json(&other).unwrap_err();
            assert!(matches!(error, Error::Config(_)) && !error.to_string().contains("STATE"));
        }
        let request = EndSession::new().id_token_hint("STATE").logout_hint("STATE").param("x", "STATE");
        assert!(!format!("{:?} {request:?}", pending(BYE)).contains("STATE"));
    }
}
