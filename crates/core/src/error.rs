//! What can go wrong, by what the caller would do next.

pub use crate::endpoint::protected_resource::UntrustedIssuer;

use crate::wire::retry_after::read as retry_after;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong. Cheap to clone: everyone who waited for a renewal gets the same error.
///
/// The message is one lower-case line with a hint where there is one, never a secret, never a whole body.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The authorization server said no, in OAuth's own form (RFC 6749 section 5.2).
    #[error(transparent)]
    Server(Arc<ServerError>),
    /// A server answered with an error status and no OAuth error.
    #[error(transparent)]
    Status(Arc<StatusError>),
    /// No token can be had until the person logs in again.
    #[error(transparent)]
    LoginRequired(Arc<LoginRequired>),
    /// An API asks for more than the token has (RFC 6750 section 3.1, RFC 9470).
    #[error(transparent)]
    Insufficient(Arc<Insufficient>),
    /// An answer broke a rule and was refused.
    #[error(transparent)]
    Rule(Arc<RuleViolation>),
    /// An API names authorization servers that the caller does not trust (RFC 9728).
    #[error(transparent)]
    Untrusted(Arc<UntrustedIssuer>),
    /// No whole answer came.
    #[error(transparent)]
    Transport(TransportError),
    /// Tokens could not be kept or read.
    #[error(transparent)]
    Store(StoreError),
    /// The program is configured in a way that can't work, or called in a way that can't.
    #[error(transparent)]
    Config(ConfigError),
    /// The person did not confirm in time (RFC 8628 section 3.5, CIBA section 11): ask anew.
    #[error("{what} has expired: {why}")]
    Expired {
        /// What has expired.
        what: &'static str,
        /// How that is known.
        why: &'static str,
    },
    /// A callback or hook of the program's own failed.
    #[error("{what}: {source}")]
    Callback {
        /// Which one.
        what: &'static str,
        /// Its error.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// What was to bring the outcome ended without one: it panicked, or its runtime is gone, or the session is closed.
    #[error("{what}: {why}")]
    Interrupted {
        /// What was under way.
        what: &'static str,
        /// Why there is no outcome.
        why: &'static str,
    },
}

impl Error {
    /// A stable name for logs, metrics and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Server(_) => "server_error_response",
            Self::Status(_) => "http_status",
            Self::LoginRequired(_) => "login_required",
            Self::Insufficient(error) => error.kind.code(),
            Self::Rule(_) => "rule_violation",
            Self::Untrusted(_) => "untrusted_issuer",
            Self::Transport(error) => error.kind.code(),
            Self::Store(_) => "store",
            Self::Config(_) => "configuration",
            Self::Expired { .. } => "expired",
            Self::Callback { .. } => "callback",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// Whether the same call may well succeed later with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Server(error) => error.is_transient(),
            Self::Status(error) => transient_status(error.status),
            Self::Transport(error) => {
                use TransportErrorKind::{NotPublic, Tls, TooLarge};
                !matches!(error.kind, TooLarge | Tls | NotPublic)
            }
            Self::Store(error) => error.kind == StoreErrorKind::Busy,
            Self::Interrupted { .. } => true,
            Self::LoginRequired(_)
            | Self::Insufficient(_)
            | Self::Rule(_)
            | Self::Untrusted(_)
            | Self::Config(_)
            | Self::Expired { .. }
            | Self::Callback { .. } => false,
        }
    }

    /// Whether the person must log in again before this can succeed.
    pub fn needs_login(&self) -> bool {
        match self {
            Self::LoginRequired(_) | Self::Expired { .. } => true,
            Self::Insufficient(error) => error.kind == InsufficientKind::UserAuthentication,
            _ => false,
        }
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Server(error) => retry_after(&error.headers),
            Self::Status(error) => retry_after(&error.headers),
            _ => None,
        }
    }

    /// What to do about it, where there is something to say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Server(error) => error.hint.as_deref(),
            Self::Status(error) => error.hint.as_deref(),
            Self::Rule(error) => error.hint.as_deref(),
            Self::Store(error) => error.hint.as_deref(),
            Self::Config(error) => error.hint.as_deref(),
            _ => None,
        }
    }

    /// The HTTP status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Server(error) => Some(error.status),
            Self::Status(error) => Some(error.status),
            Self::Insufficient(error) => Some(error.status),
            _ => None,
        }
    }

    /// The OAuth error code that the server sent, such as `invalid_grant`.
    pub fn server_error(&self) -> Option<&str> {
        match self {
            Self::Server(error) => Some(&error.error),
            Self::LoginRequired(error) => error.server_error.as_deref(),
            Self::Insufficient(error) => Some(error.kind.code()),
            _ => None,
        }
    }

    /// A configuration error: what is wrong, and what to do.
    pub fn config(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Config(ConfigError { message: message.into(), hint: Some(hint.into()) })
    }

    pub(crate) fn is_server_error(&self, code: &str) -> bool {
        matches!(self, Self::Server(error) if error.error == code)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LoginRequired> for Error {
    fn from(error: LoginRequired) -> Self {
        Self::LoginRequired(Arc::new(error))
    }
}

impl From<RuleViolation> for Error {
    fn from(error: RuleViolation) -> Self {
        Self::Rule(Arc::new(error))
    }
}

/// The authorization server said no: [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerError {
    /// Where: `token request`, `authorization response`, `introspection` and so on.
    pub stage: &'static str,
    /// REQUIRED. The error code, such as `invalid_grant`.
    pub error: String,
    /// OPTIONAL. The server's own words, for developers.
    pub description: Option<String>,
    /// OPTIONAL. A page about the error.
    pub uri: Option<String>,
    /// The HTTP status; 0 for an error that came by redirect.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// Every member of the answer, those above included.
    pub members: Map<String, Value>,
    /// What to do about it, where we know.
    pub hint: Option<String>,
}

impl ServerError {
    /// An error that a server sent at some stage.
    pub fn new(stage: &'static str, error: impl Into<String>) -> Self {
        Self {
            stage,
            error: error.into(),
            description: None,
            uri: None,
            status: 0,
            headers: HeaderMap::new(),
            members: Map::new(),
            hint: None,
        }
    }

    fn is_transient(&self) -> bool {
        transient_status(self.status)
            || matches!(
                self.error.as_str(),
                "temporarily_unavailable" | "server_error" | "slow_down" | "authorization_pending"
            )
    }
}

impl std::error::Error for ServerError {}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the server said {}", self.stage, Excerpt(&self.error))?;
        if let Some(description) = &self.description {
            write!(f, ": {}", Excerpt(description))?;
        }
        write_hint(f, self.hint.as_deref())
    }
}

// Headers and further members may hold anything, so only their names are shown.
impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerError")
            .field("stage", &self.stage)
            .field("error", &self.error)
            .field("description", &self.description)
            .field("status", &self.status)
            .field("members", &self.members.keys().collect::<Vec<_>>())
            .field("hint", &self.hint)
            .finish_non_exhaustive()
    }
}

/// An error status without an OAuth error: from an API, from a proxy, from a server that is ill.
#[derive(Clone)]
#[non_exhaustive]
pub struct StatusError {
    /// Where: `token request`, `api call` and so on.
    pub stage: &'static str,
    /// The HTTP status, 400 or more.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body, for the caller to read; never shown by `Debug` or in a message.
    pub body: Bytes,
    /// What to do about it, where we know.
    pub hint: Option<String>,
}

impl StatusError {
    /// From an answer.
    pub fn new(stage: &'static str, answer: &http::Response<Bytes>) -> Self {
        Self {
            stage,
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body().clone(),
            hint: None,
        }
    }
}

impl std::error::Error for StatusError {}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: status {}", self.stage, self.status)?;
        if let Some(wait) = retry_after(&self.headers) {
            write!(f, ", try again in {} s", wait.as_secs())?;
        }
        write_hint(f, self.hint.as_deref())
    }
}

impl fmt::Debug for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusError")
            .field("stage", &self.stage)
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// No token can be had until the person logs in again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the person must log in again: {why}")]
#[non_exhaustive]
pub struct LoginRequired {
    /// Why.
    pub why: String,
    /// The OAuth error code behind it, if a server sent one.
    pub server_error: Option<String>,
}

impl LoginRequired {
    /// For a grant of the program's own that has nothing left to get a token with.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), server_error: None }
    }

    pub(crate) fn error(why: impl Into<String>, server_error: Option<&str>) -> Error {
        Error::LoginRequired(Arc::new(Self { why: why.into(), server_error: server_error.map(str::to_owned) }))
    }
}

/// What an API found missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InsufficientKind {
    /// The token lacks a scope (RFC 6750 section 3.1).
    Scope,
    /// The login is not recent or not strong enough (RFC 9470 section 3).
    UserAuthentication,
}

impl InsufficientKind {
    fn code(self) -> &'static str {
        match self {
            Self::Scope => "insufficient_scope",
            Self::UserAuthentication => "insufficient_user_authentication",
        }
    }
}

/// An API asks for more than the token has; the members name what to ask for.
#[derive(Clone)]
#[non_exhaustive]
pub struct Insufficient {
    /// What is missing.
    pub kind: InsufficientKind,
    /// The status of the answer.
    pub status: u16,
    /// The scope to ask for.
    pub scope: Option<crate::Scope>,
    /// The authentication context classes to ask for, by preference.
    pub acr_values: Option<String>,
    /// How old the login may be, in seconds.
    pub max_age: Option<u64>,
    /// The server's own words.
    pub description: Option<String>,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body, for the caller to read, where it has been read; never shown by `Debug` or in a message.
    pub body: Bytes,
}

impl Insufficient {
    /// With the answer's body.
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }
}

impl std::error::Error for Insufficient {}

impl fmt::Debug for Insufficient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insufficient")
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("scope", &self.scope)
            .field("acr_values", &self.acr_values)
            .field("max_age", &self.max_age)
            .field("description", &self.description)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Insufficient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "api call: {}; ask for", self.kind.code())?;
        let mut sep = " ";
        if let Some(scope) = &self.scope {
            write!(f, "{sep}scope {}", Excerpt(&scope.to_string()))?;
            sep = ", ";
        }
        if let Some(acr_values) = &self.acr_values {
            write!(f, "{sep}acr_values {}", Excerpt(acr_values))?;
            sep = ", ";
        }
        if let Some(max_age) = self.max_age {
            write!(f, "{sep}max_age {max_age}")?;
            sep = ", ";
        }
        if sep == " " { f.write_str(" more: the answer does not say what") } else { Ok(()) }
    }
}

/// An answer broke a rule: which, where it is written, what was expected and what came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuleViolation {
    /// Where: `token answer`, `authorization response`, `metadata` and so on.
    pub stage: &'static str,
    /// The rule, as a statement that should have been true.
    pub rule: &'static str,
    /// Its section.
    pub spec: &'static str,
    /// What would have been right.
    pub expected: String,
    /// What came, shortened; never a secret.
    pub got: String,
    /// What to do about it, where there is something.
    pub hint: Option<Box<str>>,
    /// What kind of failure it is, where it is one of a JOSE token or key.
    pub kind: Option<grantee_jose::ErrorKind>,
    /// What of a JOSE token had been verified by then.
    pub verified: grantee_jose::Verified,
}

impl RuleViolation {
    /// A rule that was broken, and where it is written.
    pub fn new(stage: &'static str, rule: &'static str, spec: &'static str) -> Self {
        Self {
            stage,
            rule,
            spec,
            expected: String::new(),
            got: String::new(),
            hint: None,
            kind: None,
            verified: grantee_jose::Verified::Nothing,
        }
    }

    /// A rule of JOSE that was broken.
    pub fn from_jose(stage: &'static str, error: grantee_jose::Error) -> Self {
        let mut broken = Self::new(stage, error.rule(), error.spec()).of_kind(error.kind()).after(error.verified());
        broken.expected = error.expectation().unwrap_or_default().to_owned();
        broken.got = error.found().unwrap_or_default().to_owned();
        broken
    }

    pub(crate) fn of_kind(mut self, kind: grantee_jose::ErrorKind) -> Self {
        self.kind = Some(kind);
        self
    }

    pub(crate) fn after(mut self, verified: grantee_jose::Verified) -> Self {
        self.verified = self.verified.max(verified);
        self
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Excerpt(&expected.to_string()).to_string();
        self
    }

    /// What came. It is shortened; the caller sees to it that it is no secret.
    #[must_use]
    pub fn got(mut self, got: impl fmt::Display) -> Self {
        self.got = Excerpt(&got.to_string()).to_string();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into());
        self
    }
}

impl std::error::Error for RuleViolation {}

impl fmt::Display for RuleViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: rule broken: {} ({})", self.stage, self.rule, self.spec)?;
        if !self.expected.is_empty() {
            write!(f, ", expected {}", self.expected)?;
        }
        if !self.got.is_empty() {
            write!(f, ", got {}", self.got)?;
        }
        write_hint(f, self.hint.as_deref())
    }
}

/// Why no whole answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: the name does not resolve, nobody listens, the network is down. Nothing was sent.
    Connect,
    /// TLS could not be agreed on, or the certificate was refused. Nothing was sent.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection broke, or what came was not HTTP.
    Broken,
    /// The body is larger than allowed.
    TooLarge,
    /// The request was to go to public addresses alone ([`PublicOnly`](crate::ports::PublicOnly)), and its URL leads to another.
    /// Nothing was sent.
    NotPublic,
}

impl TransportErrorKind {
    fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken_connection",
            Self::TooLarge => "answer_too_large",
            Self::NotPublic => "address_not_public",
        }
    }
}

/// No whole answer came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportError {
    /// Why.
    pub kind: TransportErrorKind,
    /// Where: `token request` and so on; set by the conversation.
    pub stage: &'static str,
    /// The HTTP client's words, without the query of any URL.
    pub message: String,
}

impl TransportError {
    /// What an [`Http`](crate::ports::Http) reports. Leave URLs out of the message: their query may hold a secret.
    pub fn new(kind: TransportErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, stage: "request", message: Excerpt(&message.to_string()).to_string() }
    }

    /// Whether the server may have read, and carried out, the request.
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(self.kind, TransportErrorKind::Connect | TransportErrorKind::Tls | TransportErrorKind::NotPublic)
    }
}

impl std::error::Error for TransportError {}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            TransportErrorKind::Connect => "could not connect",
            TransportErrorKind::Tls => "no trusted TLS connection",
            TransportErrorKind::Timeout => "timed out",
            TransportErrorKind::Broken => "the connection broke before a whole answer came",
            TransportErrorKind::TooLarge => "the answer is larger than allowed",
            TransportErrorKind::NotPublic => "not asked",
        };
        write!(f, "{}: {what}: {}", self.stage, self.message)
    }
}

/// What a store could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Somebody else holds the lock and did not let go in time.
    Busy,
    /// A holder came back after its lease had run out; what it wanted to save was refused.
    Fenced,
    /// Others could read the file, or it belongs to somebody else.
    Unsafe,
    /// What is there can't be read as what a store writes.
    Corrupt,
    /// No space left.
    Full,
    /// Anything else.
    Io,
}

/// Tokens could not be kept or read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreError {
    /// What kind of failure it is.
    pub kind: StoreErrorKind,
    /// What was tried and why it failed; no token in it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl StoreError {
    /// A failure of a store.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::error::Error for StoreError {}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token store: {}", self.message)?;
        write_hint(f, self.hint.as_deref())
    }
}

/// The program is configured or called in a way that can't work.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        write_hint(f, self.hint.as_deref())
    }
}

/// A stranger's text made fit for one line of a terminal or a log: no control characters, at most 200 characters.
pub struct Excerpt<'a>(pub &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::fmt::Write as _;
        for (count, character) in self.0.chars().enumerate() {
            if count == 200 {
                return f.write_char('…');
            }
            // Separators of lines end one, and bidirectional overrides can reorder one, as control characters can.
            let hidden =
                character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            f.write_char(if hidden { '\u{fffd}' } else { character })?;
        }
        Ok(())
    }
}

fn write_hint(f: &mut fmt::Formatter<'_>, hint: Option<&str>) -> fmt::Result {
    match hint {
        Some(hint) => write!(f, " (hint: {hint})"),
        None => Ok(()),
    }
}

fn transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}
