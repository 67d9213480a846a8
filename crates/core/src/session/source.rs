//! A source of one token: held while it is fresh, renewed when it is not, by one caller for all.

use super::call::{Attempt, Placement};
use super::gate::Gate;
use super::renewal::{self, OnChange, Unsaved, Why};
use crate::client::Client;
use crate::endpoint::discovery::Where;
use crate::error::{Error, Result};
use crate::grant::Grant;
use crate::ports::{BoxFuture, Cancel};
use crate::store::{Store, TokenKey};
use crate::wire::form::encode;
use crate::{Token, UnixTime};
use arc_swap::ArcSwapOption;
use http::HeaderValue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long before its end a token counts as expired, unless told otherwise; never more than a tenth of its life.
const LEEWAY: Duration = Duration::from_secs(60);
/// After a failure nobody tries again for this long, doubling with each further failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LAST_BACKOFF: Duration = Duration::from_secs(30);
/// How many tokens an API may reject in a row before it has to wait for the next, and how long it must be quiet after that.
const FREE_RENEWALS: u32 = 3;
const QUIET: Duration = Duration::from_secs(60);

/// Makes a [`Source`].
#[must_use]
pub struct SourceBuilder {
    client: Client,
    grant: Arc<dyn Grant>,
    token: Option<Token>,
    store: Option<Arc<dyn Store>>,
    account: Option<String>,
    on_change: Vec<Arc<dyn OnChange>>,
    leeway: Duration,
    early: Option<Duration>,
}

impl SourceBuilder {
    /// A source of what a grant brings.
    pub fn new(client: Client, grant: Arc<dyn Grant>) -> Self {
        Self {
            client,
            grant,
            token: None,
            store: None,
            account: None,
            on_change: Vec::new(),
            leeway: LEEWAY,
            early: None,
        }
    }

    /// Starts with this token; the grant serves when it can't be renewed.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Keeps the token here.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The caller's own label for whose token it is: keeps the tokens of two people apart in one store.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Is told of every new token before anybody who waits for it goes on.
    pub fn on_change(mut self, on_change: Arc<dyn OnChange>) -> Self {
        self.on_change.push(on_change);
        self
    }

    /// How long before its end a token counts as expired: 60 s by default, and never more than a tenth of its life.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Renews in the background when less than this is left (beyond the leeway, and up to a tenth more by chance, so that
    /// many programs do not renew at once); callers get the held token meanwhile. At most half of a token's life.
    pub fn renew_early(mut self, before: Duration) -> Self {
        self.early = Some(before);
        self
    }

    /// The source. Nothing is fetched or read yet.
    ///
    /// # Errors
    /// [`Error::Config`] when a store is to keep a person's token and nobody said whose it is.
    pub fn build(self) -> Result<Source> {
        let account = self.account.or_else(|| self.grant.account().map(str::to_owned));
        if self.store.is_some() && account.is_none() && !self.grant.is_repeatable() {
            return Err(Error::config(
                "a store is to keep a person's token, and nobody said whose it is",
                "call account(…) with a label of your own, such as the user's id; without one, two people would share a token",
            ));
        }
        let client = &self.client.inner.config;
        let server = match &client.server {
            crate::client::Server::Discover(Where::Issuer(issuer)) => issuer.clone(),
            crate::client::Server::Discover(Where::DocumentUrl { url, issuer }) => {
                issuer.as_ref().unwrap_or(url).clone()
            }
            crate::client::Server::Discover(Where::Person(identifier)) => identifier.clone(),
            crate::client::Server::Literal => {
                client.members.issuer.clone().or_else(|| client.members.token_endpoint.clone()).unwrap_or_default()
            }
        };
        let thumbprint = client.token_type.key_thumbprint(&self.client.inner.ports);
        let key = key(&server, &client.client_id, &*self.grant, account.as_deref(), thumbprint);
        Ok(Source {
            inner: Arc::new(Inner {
                client: self.client,
                grant: self.grant,
                held: ArcSwapOption::empty(),
                given: Mutex::new(self.token),
                gate: Gate::new("renewal"),
                trouble: Mutex::new(None),
                rejections: Mutex::default(),
                unsaved: Mutex::new(None),
                spent: AtomicBool::new(false),
                refused: AtomicBool::new(false),
                store: self.store,
                key,
                server,
                account,
                on_change: self.on_change,
                leeway: self.leeway,
                early: self.early,
                closed: AtomicBool::new(false),
                waiting: Mutex::default(),
            }),
        })
    }
}

/// Everything that makes two tokens different tokens.
fn key(
    server: &str,
    client_id: &str,
    grant: &dyn Grant,
    account: Option<&str>,
    key_thumbprint: Option<String>,
) -> TokenKey {
    let parameters = grant.parameters();
    let mut parts = vec![
        ("server", server.to_owned()),
        ("client", client_id.to_owned()),
        ("grant", grant.grant_type().to_owned()),
        ("scope", parameters.scope.as_ref().map(crate::Scope::canonical).unwrap_or_default()),
    ];
    parts.extend(account.map(|account| ("account", account.to_owned())));
    parts.extend(grant.variant().map(|variant| ("variant", variant.to_owned())));
    parts.extend(key_thumbprint.map(|thumbprint| ("key", thumbprint)));
    parts.extend(parameters.resources.iter().map(|resource| ("resource", resource.clone())));
    parts.extend(parameters.audiences.iter().map(|audience| ("audience", audience.clone())));
    parts.extend(parameters.authorization_details.iter().map(|details| ("authorization_details", details.to_string())));
    let mut other: Vec<String> =
        parameters.other.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    other.sort_unstable();
    parts.extend(other.into_iter().map(|pair| ("other", pair)));
    TokenKey::new(parts.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Holds one token and renews it when due. Cheap to clone; clones share the token.
///
/// However many tasks or threads ask at once, one token request is made, and all get its outcome. A caller that goes
/// away takes nothing with it: the renewal goes on, and what it brings is kept.
#[derive(Clone)]
pub struct Source {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) grant: Arc<dyn Grant>,
    pub(crate) held: ArcSwapOption<Held>,
    /// The token the caller started with, until the first renewal has taken it up.
    pub(crate) given: Mutex<Option<Token>>,
    pub(crate) gate: Arc<Gate<Arc<Held>>>,
    /// The last failure, while it is too early for another try.
    trouble: Mutex<Option<Trouble>>,
    rejections: Mutex<Rejections>,
    pub(crate) unsaved: Mutex<Option<Unsaved>>,
    /// Whether a grant that serves once has served.
    pub(crate) spent: AtomicBool,
    /// Whether the server has refused a person's credentials.
    pub(crate) refused: AtomicBool,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) key: TokenKey,
    pub(crate) server: String,
    pub(crate) account: Option<String>,
    pub(crate) on_change: Vec<Arc<dyn OnChange>>,
    leeway: Duration,
    early: Option<Duration>,
    closed: AtomicBool,
    /// Ends the wait for a person. Another takes its place when the token is forgotten, none when this is closed.
    waiting: Mutex<Cancel>,
}

/// A token made ready: its header, and until when it serves by either clock.
pub(crate) struct Held {
    pub(crate) token: Arc<Token>,
    pub(crate) header: Result<HeaderValue>,
    /// Whether the token is bound to a key, which may be replaced.
    bound: bool,
    until: Option<Deadline>,
    early: Option<Deadline>,
    /// The end itself, without leeway.
    end: Option<Deadline>,
}

/// A moment by both clocks; it has come as soon as either says so.
#[derive(Clone, Copy)]
struct Deadline {
    wall: UnixTime,
    monotonic: Duration,
}

impl Deadline {
    fn has_come(&self, wall: UnixTime, monotonic: Duration) -> bool {
        wall >= self.wall || monotonic >= self.monotonic
    }
}

/// The renewals that an API brought about by rejecting tokens.
#[derive(Default)]
struct Rejections {
    /// The last token that was rejected and renewed; other callers with the same one are no further rejection.
    token: Option<Arc<Token>>,
    renewals: u32,
    last: Duration,
}

struct Trouble {
    error: Error,
    until: Duration,
    backoff: Duration,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("server", &self.inner.server)
            .field("grant", &self.inner.grant.grant_type())
            .field("account", &self.inner.account)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// The client whose token this is.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The `Authorization` header of the held token while it is fresh, else `None`. No lock, no future, no allocation
    /// after a thread's first look. Where the token type needs a proof for each request it is no use alone: see
    /// [`attempt`](Self::attempt).
    pub fn held(&self) -> Option<HeaderValue> {
        let guard = self.inner.held.load();
        let held = guard.as_ref()?;
        let clock = &self.inner.client.inner.ports.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        if held.until.is_some_and(|until| until.has_come(wall, monotonic)) {
            return None;
        }
        if held.bound && self.inner.is_outdated(&held.token) {
            return None;
        }
        if held.early.is_some_and(|early| early.has_come(wall, monotonic)) {
            drop(guard);
            self.renew_in_background();
            return self.inner.held.load().as_ref()?.header.as_ref().ok().cloned();
        }
        held.header.as_ref().ok().cloned()
    }

    /// The `Authorization` header, of the held token or of a new one.
    ///
    /// # Errors
    /// As [`token`](Self::token), and [`Error::Config`] for a token that no header can carry.
    pub async fn header(&self) -> Result<HeaderValue> {
        if self.inner.client.inner.config.token_type.needs_proof() {
            return Err(Error::config(
                "a header alone is no use: each request with this token needs a proof of its own",
                "send it by the session or an ApiClient, or put both on with attempt()",
            ));
        }
        self.authorization().await
    }

    pub(crate) async fn authorization(&self) -> Result<HeaderValue> {
        match self.held() {
            Some(header) => Ok(header),
            None => self.obtain(Why::Due).await?.header.clone(),
        }
    }

    /// One request with this token by an HTTP client of the program's own.
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt::new(self, Placement::Header)
    }

    /// The token that serves now, and its header.
    pub(crate) async fn fresh(&self) -> Result<(Arc<Token>, HeaderValue)> {
        // A look notices when an early renewal is due.
        let header = self.held();
        if header.is_some()
            && let Some(held) = self.inner.held.load_full()
        {
            return Ok((Arc::clone(&held.token), held.header.clone()?));
        }
        let held = self.obtain(Why::Due).await?;
        Ok((Arc::clone(&held.token), held.header.clone()?))
    }

    /// The token: the held one while it is fresh, else a new one.
    ///
    /// # Errors
    /// Whatever kept a new one from coming; all who waited get the same error.
    pub async fn token(&self) -> Result<Arc<Token>> {
        // A look notices when an early renewal is due.
        let _ = self.held();
        Ok(Arc::clone(&self.obtain(Why::Due).await?.token))
    }

    /// A new token, however fresh the held one is.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn renew(&self) -> Result<Arc<Token>> {
        let rejected = self.inner.held.load().as_ref().map(|held| Arc::clone(&held.token));
        let why = rejected.map_or(Why::Anew, Why::Rejected);
        Ok(Arc::clone(&self.obtain(why).await?.token))
    }

    /// The header of a token other than the one an API rejected: the held one if it has changed meanwhile, else a new one.
    /// An API that rejects each new token gets three, then one after 1 s, doubling to 30 s, until a minute is quiet; in
    /// between the rejected header itself comes back, and there is nothing to repeat the request with.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn after_rejection(&self, rejected: &HeaderValue) -> Result<HeaderValue> {
        let held = self.inner.held.load_full();
        let why = match held {
            Some(held) if held.header.as_ref().is_ok_and(|header| header == rejected) => {
                if self.inner.is_rejected_too_often(&held) {
                    return Ok(rejected.clone());
                }
                Why::Rejected(Arc::clone(&held.token))
            }
            _ => Why::Due,
        };
        self.obtain(why).await?.header.clone()
    }

    /// Takes up and stores the token the source was started with, and otherwise makes sure that there is one.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub async fn save(&self) -> Result<()> {
        self.obtain(Why::Save).await.map(|_| ())
    }

    /// Forgets the token, here and in the store. A wait for a person ends.
    ///
    /// # Errors
    /// [`Error::Store`] when the store keeps it still.
    pub async fn forget(&self) -> Result<()> {
        loop {
            let (inner, done) = (Arc::clone(&self.inner), Arc::new(AtomicBool::new(false)));
            let (executor, finished) = (&self.inner.client.inner.ports.executor, Arc::clone(&done));
            let joined = AtomicBool::new(false);
            self.inner.stop_waiting();
            // Through the gate, so that no renewal under way puts back what has just been forgotten.
            let work = move || -> BoxFuture<'static, Result<Arc<Held>>> {
                Box::pin(async move {
                    renewal::forget(&inner).await?;
                    finished.store(true, Ordering::SeqCst);
                    Err(Error::Interrupted { what: "renewal", why: "the token was being forgotten" })
                })
            };
            let outcome =
                self.inner.gate.run(&**executor, || None, || joined.store(true, Ordering::SeqCst), work).await;
            match outcome {
                _ if joined.into_inner() => {}
                Err(error) if !done.load(Ordering::SeqCst) => return Err(error),
                _ => return Ok(()),
            }
        }
    }

    /// Starts nothing more and waits for what runs, but for no person. A token that is held still serves while it is fresh.
    pub async fn close(&self) {
        self.inner.closed.store(true, Ordering::SeqCst);
        lock(&self.inner.waiting).cancel();
        self.inner.gate.wait_idle().await;
        renewal::save_again(&self.inner).await;
    }

    async fn obtain(&self, why: Why) -> Result<Arc<Held>> {
        let joined = AtomicBool::new(false);
        let held = self.fly(why.clone(), &joined).await?;
        // A flight that was under way for another reason may bring the very token that was rejected meanwhile.
        match &why {
            Why::Rejected(token) if joined.into_inner() && token.access_token == held.token.access_token => {
                self.fly(why, &AtomicBool::new(false)).await
            }
            _ => Ok(held),
        }
    }

    async fn fly(&self, why: Why, joined: &AtomicBool) -> Result<Arc<Held>> {
        let (inner, flying) = (Arc::clone(&self.inner), why.clone());
        let executor = &self.inner.client.inner.ports.executor;
        let look = || self.inner.settled(&why);
        if let Some(settled) = look() {
            return settled;
        }
        let waits = || {
            joined.store(true, Ordering::SeqCst);
            self.inner.client.inner.counting.waits.add();
        };
        self.inner.gate.run(&**executor, look, waits, move || Box::pin(renewal::renew(inner, flying))).await
    }

    fn renew_in_background(&self) {
        let inner = Arc::clone(&self.inner);
        let executor = &self.inner.client.inner.ports.executor;
        self.inner.gate.start(
            &**executor,
            || self.inner.settled(&Why::Early),
            move || Box::pin(renewal::renew(inner, Why::Early)),
        );
    }
}

impl Inner {
    /// What ends a wait for a person that begins now.
    pub(crate) fn waiting(&self) -> Cancel {
        lock(&self.waiting).clone()
    }

    fn stop_waiting(&self) {
        let mut waiting = lock(&self.waiting);
        if !self.closed.load(Ordering::SeqCst) {
            std::mem::take(&mut *waiting).cancel();
        }
    }

    /// What can be said without a renewal: the held token where it is good for the purpose, a failure that still stands.
    fn settled(&self, why: &Why) -> Option<Result<Arc<Held>>> {
        if let Some(held) = self.held.load_full()
            && self.is_good(&held, why)
        {
            return Some(Ok(held));
        }
        if self.closed.load(Ordering::SeqCst) {
            return Some(Err(Error::Interrupted { what: "renewal", why: "the session has been closed" }));
        }
        let trouble = lock(&self.trouble);
        let standing = trouble.as_ref().filter(|trouble| self.monotonic() < trouble.until)?;
        Some(Err(standing.error.clone()))
    }

    fn is_good(&self, held: &Held, why: &Why) -> bool {
        let (wall, monotonic) = (self.client.now(), self.monotonic());
        let come = |deadline: &Option<Deadline>| deadline.is_some_and(|deadline| deadline.has_come(wall, monotonic));
        if held.bound && self.is_outdated(&held.token) {
            return false;
        }
        match why {
            Why::Due => !come(&held.until),
            Why::Save => !come(&held.until) && lock(&self.unsaved).is_none() && lock(&self.given).is_none(),
            Why::Early => !come(&held.early),
            Why::Anew => false,
            Why::Rejected(token) => held.token.access_token != token.access_token && !come(&held.until),
        }
    }

    /// Whether an API rejects tokens faster than it makes sense to renew them: one that wants another audience, say, would
    /// otherwise cost a token request with every call. A token in the second half of its life was rejected for its age, by a server
    /// whose clock is ahead or while the request was on its way: that costs two renewals a lifetime at the most.
    fn is_rejected_too_often(&self, held: &Held) -> bool {
        let (now, token) = (self.monotonic(), &held.token);
        if let (Some(end), Some(lifetime)) = (held.end, token.lifetime())
            && end.monotonic.saturating_sub(now) <= lifetime / 2
        {
            return false;
        }
        let mut seen = lock(&self.rejections);
        if seen.token.as_ref().is_some_and(|last| Arc::ptr_eq(last, token)) {
            return false;
        }
        if now >= seen.last.saturating_add(QUIET) {
            seen.renewals = 0;
        }
        let wait = match seen.renewals.checked_sub(FREE_RENEWALS) {
            None => Duration::ZERO,
            Some(more) => FIRST_BACKOFF.saturating_mul(1 << more.min(5)).min(LAST_BACKOFF),
        };
        if now < seen.last.saturating_add(wait) {
            return true;
        }
        *seen = Rejections { token: Some(Arc::clone(token)), renewals: seen.renewals.saturating_add(1), last: now };
        false
    }

    /// Whether a token from the store may be used in the place of a request.
    pub(crate) fn serves(&self, token: &Token, why: &Why) -> Option<Arc<Held>> {
        if self.is_from_the_future(token) {
            return None;
        }
        let held = Arc::new(self.make_ready(token.clone()));
        self.is_good(&held, why).then_some(held)
    }

    /// A token that is to serve as long as it lives, leeway and early renewal aside.
    pub(crate) fn lives(&self, token: &Token) -> Option<Arc<Held>> {
        let ready = self.make_ready(token.clone());
        let held = Held { until: ready.end, early: None, ..ready };
        let alive = !held.end.is_some_and(|end| end.has_come(self.client.now(), self.monotonic()));
        (alive && !self.is_from_the_future(token) && !self.is_outdated(token)).then(|| Arc::new(held))
    }

    /// Whether a token's key has been replaced, so that it serves no more, whatever is left of its life.
    pub(crate) fn is_outdated(&self, token: &Token) -> bool {
        let client = &self.client.inner;
        client.config.token_type.is_outdated(token, &client.ports)
    }

    /// A clock that was set back makes a stored token look younger than it is.
    fn is_from_the_future(&self, token: &Token) -> bool {
        token.obtained_at.is_some_and(|at| at > self.client.now().after(self.leeway_of(token.lifetime())))
    }

    /// A token that could not be saved: whoever looks at it a little later has that tried again.
    pub(crate) fn make_ready_unsaved(&self, token: Token) -> Held {
        let (wall, monotonic) =
            (self.client.now().after(FIRST_BACKOFF), self.monotonic().saturating_add(FIRST_BACKOFF));
        Held { early: Some(Deadline { wall, monotonic }), ..self.make_ready(token) }
    }

    /// A token with its header and its deadlines by both clocks.
    pub(crate) fn make_ready(&self, token: Token) -> Held {
        let (wall, monotonic) = (self.client.now(), self.monotonic());
        let lifetime = token.lifetime();
        let leeway = self.leeway_of(lifetime);
        let deadline = |before: Duration| {
            let at = token.expires_at?.before(before);
            // A wall clock that was set back since the request was sent makes nothing live longer than it was to.
            let left = at.since(wall).min(lifetime.map_or(Duration::MAX, |lifetime| lifetime.saturating_sub(before)));
            Some(Deadline { wall: at, monotonic: monotonic.saturating_add(left) })
        };
        let early = self.early.map(|early| {
            let most = lifetime.map_or(early, |lifetime| lifetime / 2);
            leeway.saturating_add(early.min(most)).saturating_add(self.jitter(early.min(most)))
        });
        let client = &self.client.inner;
        let token_type = &client.config.token_type;
        // An outdated one is replaced before it is used. Where that happens between a look and its use, the API rejects it.
        let usable = if self.is_outdated(&token) { Ok(()) } else { token_type.usable(&token, &client.ports) };
        Held {
            header: usable.and_then(|()| token_type.header(&token)),
            bound: token.key_thumbprint.is_some(),
            until: deadline(leeway),
            early: early.and_then(deadline),
            end: deadline(Duration::ZERO),
            token: Arc::new(token),
        }
    }

    fn leeway_of(&self, lifetime: Option<Duration>) -> Duration {
        lifetime.map_or(self.leeway, |lifetime| self.leeway.min(lifetime / 10))
    }

    /// Up to a tenth of `span`, by chance; nothing where there is no chance to be had.
    fn jitter(&self, span: Duration) -> Duration {
        let mut byte = [0];
        match self.client.inner.ports.entropy.fill(&mut byte) {
            Ok(()) => span / 10 / 256 * u32::from(byte[0]),
            Err(_) => Duration::ZERO,
        }
    }

    /// Remembers a failure for as long as another try would be too early: what the server says, else 1 s doubling to 30 s.
    pub(crate) fn note(&self, outcome: &Result<Arc<Held>>) {
        let mut trouble = lock(&self.trouble);
        *trouble = match outcome {
            Ok(_) => None,
            Err(error) => {
                let backoff = trouble.as_ref().map_or(FIRST_BACKOFF, |before| (before.backoff * 2).min(LAST_BACKOFF));
                // A server that says "at once" gets no storm either.
                let wait = error.retry_after().map_or(backoff, |after| after.max(FIRST_BACKOFF));
                Some(Trouble { error: error.clone(), until: self.monotonic().saturating_add(wait), backoff })
            }
        };
    }

    fn monotonic(&self) -> Duration {
        self.client.inner.ports.clock.monotonic()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
