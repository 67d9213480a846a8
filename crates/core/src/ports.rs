//! What the core asks of the world: to send a request, the time, to run something on, chance.
//!
//! Each port is a small trait whose methods return boxed futures; both faces hand over their own. Where tokens are
//! kept is a port too: [`Store`](crate::store::Store).

use crate::error::{Error, TransportError};
use crate::time::UnixTime;
use bytes::Bytes;
use event_listener::{Event, EventListener};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use url::Url;

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request: what the core builds and an [`Http`] sends.
pub type Request = http::Request<Bytes>;

/// An answer as an [`Http`] brings it.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status, headers and the whole body.
    pub http: http::Response<Bytes>,
    /// The URL that answered. A client that follows redirects reports the last one here, and the core refuses an answer
    /// from anywhere but where it asked.
    pub url: String,
}

/// What an [`Http`] must keep to for one request; read from the request's extensions, [`Limits::default`] if absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of body to read at the most. A longer body is [`TransportErrorKind::TooLarge`](crate::error::TransportErrorKind::TooLarge).
    pub body: usize,
    /// How long the whole exchange may take; the client's own total timeout when `None`.
    pub total: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 1024 * 1024, total: None }
    }
}

impl Limits {
    /// The limits a request carries.
    pub fn of(request: &Request) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }
}

/// A request extension: whoever sends this request must connect to public addresses alone, since a stranger chose its URL.
///
/// An [`Http`] that finds it refuses, with [`NotPublic`](crate::error::TransportErrorKind::NotPublic), to connect to an address
/// that is not [`is_public`](crate::wire::address::is_public). It looks at the addresses it connects to, after the name has been
/// resolved, so that no name can lead elsewhere between a look and the connection. Where it can't tell, as behind a proxy that
/// resolves names itself, it refuses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicOnly;

impl PublicOnly {
    /// Whether a request carries it.
    pub fn is_on(request: &Request) -> bool {
        request.extensions().get::<Self>().is_some()
    }
}

/// The URL of a request as the core has parsed it: a request extension that spares an [`Http`] parsing it once more.
#[derive(Debug, Clone)]
pub struct ParsedUrl(pub(crate) Url);

impl ParsedUrl {
    /// Takes it from a request: `None` where there is none, and where the request's URI is not, to the letter, this URL,
    /// since whoever changed that decides where the request goes.
    pub fn take(request: &mut Request) -> Option<Url> {
        let Self(url) = request.extensions_mut().remove()?;
        crate::wire::url::is_exactly(request.uri(), url.as_str()).then_some(url)
    }
}

/// Sends requests.
///
/// An implementation follows no redirects, obeys no cookies, adds no credentials, repeats nothing, reads at most
/// [`Limits::body`] bytes, ends within a timeout, connects to no private address for a request that is [`PublicOnly`], and does
/// no work before its future is first polled.
pub trait Http: Send + Sync {
    /// Sends one request and reads the whole answer. Any status is an answer.
    ///
    /// # Errors
    /// [`TransportError`] when no whole answer came.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;

    /// What it knows of the certificate that it shows to servers that ask for one. It may change when a certificate is renewed;
    /// asked for whenever a token is used that is bound to one, so it should be at hand.
    fn certificate(&self) -> Certificate {
        Certificate::Unknown
    }
}

/// What an [`Http`] knows of its client certificate (RFC 8705).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Certificate {
    /// It can't tell: whoever made it knows.
    #[default]
    Unknown,
    /// It has none, so that whatever needs one is refused before anything is sent.
    Absent,
    /// It shows the one with this SHA-256 thumbprint, as base64url (RFC 8705 section 3.1).
    Thumbprint(Arc<str>),
}

impl Certificate {
    /// The thumbprint, where it is known.
    pub fn thumbprint(&self) -> Option<&str> {
        match self {
            Self::Thumbprint(thumbprint) => Some(thumbprint),
            Self::Unknown | Self::Absent => None,
        }
    }
}

/// Tells the time and waits.
pub trait Clock: Send + Sync {
    /// The wall clock, which may jump.
    fn now(&self) -> UnixTime;

    /// A clock that only goes forward, from any fixed start.
    fn monotonic(&self) -> Duration;

    /// Waits until `duration` has passed ([`WaitEnd::Elapsed`]) or `cancel` is cancelled.
    fn sleep_or_cancel<'a>(&'a self, duration: Duration, cancel: &'a Cancel) -> BoxFuture<'a, WaitEnd>;
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitEnd {
    /// The time has passed.
    Elapsed,
    /// Somebody cancelled.
    Cancelled,
}

/// Runs what must outlive its caller.
pub trait Executor: Send + Sync {
    /// Starts a future that nobody awaits. Where it can't be run it is dropped, which tells whoever waits for it.
    ///
    /// # Errors
    /// [`Error::Config`] when there is nothing to run it on any more.
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<(), Error>;

    /// Whether a caller that needs the outcome should run the future itself. True where callers can't be cancelled
    /// (the blocking face), false where a dropped caller would take the work with it.
    fn callers_run_their_own(&self) -> bool {
        false
    }
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the whole slice.
    ///
    /// # Errors
    /// [`Error::Config`] when the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// Everything the core asks of the world, in one value.
#[derive(Clone)]
pub struct Ports {
    /// Sends requests.
    pub http: Arc<dyn Http>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Runs what must outlive its caller.
    pub executor: Arc<dyn Executor>,
    /// Gives unpredictable bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports { .. }")
    }
}

/// A switch that ends waits; clones share it.
///
/// ```
/// use grantee_core::ports::Cancel;
/// let cancel = Cancel::new();
/// let shared = cancel.clone();
/// shared.cancel();
/// assert!(cancel.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Default)]
struct CancelState {
    cancelled: AtomicBool,
    event: Event,
    mutex: Mutex<()>,
    condvar: Condvar,
    /// Thrown with this one.
    children: Mutex<Vec<Weak<CancelState>>>,
}

impl Cancel {
    /// A switch that nobody has thrown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every wait on this switch, now and later.
    pub fn cancel(&self) {
        let guard = self.lock();
        self.0.cancelled.store(true, Ordering::SeqCst);
        drop(guard);
        self.0.condvar.notify_all();
        self.0.event.notify(usize::MAX);
        for child in std::mem::take(&mut *self.children()).iter().filter_map(Weak::upgrade) {
            Self(child).cancel();
        }
    }

    /// A switch that is thrown with this one, and may be thrown alone: a wait with a second reason to end.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::new();
        self.adopt(&child);
        child
    }

    /// Makes another switch a [`child`](Self::child), which may have several parents.
    pub(crate) fn adopt(&self, child: &Self) {
        let mut children = self.children();
        children.retain(|child| child.strong_count() > 0);
        children.push(Arc::downgrade(&child.0));
        drop(children);
        // Thrown before the child was known.
        if self.is_cancelled() {
            child.cancel();
        }
    }

    /// Whether it has been thrown.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// For an async clock: completes once it has been thrown.
    pub async fn cancelled(&self) {
        loop {
            let listener: EventListener = self.0.event.listen();
            if self.is_cancelled() {
                return;
            }
            listener.await;
        }
    }

    /// For a blocking clock: holds the calling thread for `duration` or until it is thrown.
    pub fn wait_blocking(&self, duration: Duration) -> WaitEnd {
        let guard = self.lock();
        let (_guard, waited) = self
            .0
            .condvar
            .wait_timeout_while(guard, duration, |()| !self.is_cancelled())
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() { WaitEnd::Elapsed } else { WaitEnd::Cancelled }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0.mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn children(&self) -> MutexGuard<'_, Vec<Weak<CancelState>>> {
        self.0.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cancel").field(&self.is_cancelled()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_thrown_with_its_parent_and_never_the_other_way() {
        let parent = Cancel::new();
        let (alone, with) = (parent.child(), parent.child());
        alone.cancel();
        assert!(alone.is_cancelled() && !parent.is_cancelled() && !with.is_cancelled());
        parent.cancel();
        assert!(with.is_cancelled() && parent.child().is_cancelled());
    }

    #[test]
    fn children_that_are_gone_take_no_room() {
        let parent = Cancel::new();
        for _ in 0..1000 {
            let _ = parent.child();
        }
        assert!(parent.children().len() < 2);
    }

    #[test]
    fn a_parsed_url_serves_only_the_request_it_belongs_to() {
        let request = |uri: &str| {
            let mut request = http::Request::new(Bytes::new());
            *request.uri_mut() = uri.parse().unwrap();
            request.extensions_mut().insert(ParsedUrl(Url::parse("https://as.example/token").unwrap()));
            request
        };
        assert_eq!(
            ParsedUrl::take(&mut request("https://as.example/token")).unwrap().as_str(),
            "https://as.example/token"
        );
        assert_eq!(ParsedUrl::take(&mut request("https://other.example/token")), None);
        assert_eq!(ParsedUrl::take(&mut http::Request::new(Bytes::new())), None);
    }
}
