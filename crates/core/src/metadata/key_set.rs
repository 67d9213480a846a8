//! The server's key set as verification uses it: keys parsed once, fetched one flight at a time, again when a token is
//! signed by a key that is not there, never more often than a cool-down allows, and the last good set in an outage.

use crate::client::Client;
use crate::endpoint::jwks;
use crate::error::{Error, Result, RuleViolation};
use crate::session::gate::Gate;
use crate::wire;
use arc_swap::ArcSwapOption;
use grantee_jose::{EncryptionKey, Jwk, JwkSet, KeyAlgorithm, SignatureAlgorithm, VerifyingKey};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long a fetched set serves before it is fetched again.
const LIFETIME: Duration = Duration::from_secs(3600);
/// After a refetch has failed, the held set serves this long before another try.
const STALE_RETRY: Duration = Duration::from_secs(60);
/// How long the last good set serves in an outage: a key that was withdrawn meanwhile is believed no longer than this.
const LONGEST_STALE: Duration = Duration::from_secs(86_400);
/// After a fetch has failed with no set to fall back on, its error is everybody's for this long.
const TROUBLE: Duration = Duration::from_secs(1);
/// How many fetches unknown keys may bring about at once, and how long it takes until one more is allowed: room for a
/// server that rotates just after a fetch, and none for whoever sends tokens with made-up `kid`s.
const BURST: u32 = 3;
const COOL_DOWN: Duration = Duration::from_secs(30);

/// A key set whose keys are parsed when they are first used, and only once.
pub(crate) struct KeyRing {
    keys: Vec<Key>,
}

struct Key {
    jwk: Jwk,
    /// By the algorithm's place in [`SignatureAlgorithm::ALL`]; `None` for one that the key can't serve.
    parsed: Vec<OnceLock<Option<VerifyingKey>>>,
}

impl KeyRing {
    pub(crate) fn new(set: JwkSet) -> Self {
        let slots = || SignatureAlgorithm::ALL.iter().map(|_| OnceLock::new()).collect();
        Self { keys: set.keys.into_iter().map(|jwk| Key { jwk, parsed: slots() }).collect() }
    }

    /// The keys that a token with this `kid` and `alg` may be signed by: kid, type, curve, `alg`, `use` and `key_ops` fit.
    /// A token without `kid` may be signed by any key that fits otherwise.
    pub(crate) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: SignatureAlgorithm,
    ) -> impl Iterator<Item = &'a VerifyingKey> {
        let slot = SignatureAlgorithm::ALL.iter().position(|known| *known == algorithm);
        self.keys
            .iter()
            // A shared secret is no server's to publish; one in a public set proves nothing.
            .filter(move |key| !key.jwk.is_symmetric() && kid.is_none_or(|kid| key.jwk.kid() == Some(kid)))
            .filter_map(move |key| {
                let parsed = key.parsed.get(slot?)?;
                parsed.get_or_init(|| VerifyingKey::new(&key.jwk, algorithm).ok()).as_ref()
            })
    }

    /// A key to encrypt to: one that says so, else any that fits.
    fn to_encrypt(&self, algorithm: KeyAlgorithm) -> Option<EncryptionKey> {
        let (said, others): (Vec<&Key>, Vec<&Key>) = self
            .keys
            .iter()
            .filter(|key| !key.jwk.is_symmetric())
            .partition(|key| key.jwk.key_use() == Some("enc") || key.jwk.alg() == Some(algorithm.name()));
        said.into_iter().chain(others).find_map(|key| EncryptionKey::new(&key.jwk, algorithm).ok())
    }

    fn kids(&self) -> String {
        let kids: Vec<&str> = self.keys.iter().map(|key| key.jwk.kid().unwrap_or("(none)")).take(10).collect();
        if kids.is_empty() { "no key".to_owned() } else { kids.join(", ") }
    }
}

/// The client's source of the server's keys.
pub(crate) struct KeySource {
    held: ArcSwapOption<Held>,
    gate: Arc<Gate<Arc<Held>>>,
    allowance: Mutex<Allowance>,
    /// Why there is no set, and until when that is the answer.
    trouble: Mutex<Option<(Error, Duration)>>,
}

struct Held {
    ring: Arc<KeyRing>,
    /// Where it came from; a set given by the program came from nowhere.
    url: Option<String>,
    /// By the monotonic clock; `None` never ends.
    good_until: Option<Duration>,
    fetched_at: Duration,
}

/// What is left of the fetches that unknown keys may bring about.
struct Allowance {
    left: u32,
    refilled: Duration,
}

impl KeySource {
    pub(crate) fn new(given: Option<JwkSet>) -> Self {
        let held = given.map(|set| {
            Arc::new(Held {
                ring: Arc::new(KeyRing::new(set)),
                url: None,
                good_until: None,
                fetched_at: Duration::ZERO,
            })
        });
        Self {
            held: ArcSwapOption::new(held),
            gate: Gate::new("key set fetch"),
            allowance: Mutex::new(Allowance { left: BURST, refilled: Duration::ZERO }),
            trouble: Mutex::new(None),
        }
    }

    /// Looks for a key with `find`, in the held set and, where that finds none, in one fetched anew.
    ///
    /// `find` returns `None` when no key of the set will do, whether because none fits or because none verifies.
    ///
    /// # Errors
    /// [`Error::Rule`] when no key will do, or why there is no set to look in.
    pub(crate) async fn find<T>(
        &self,
        client: &Client,
        stage: &'static str,
        asked: (Option<&str>, &str),
        mut find: impl FnMut(&KeyRing) -> Option<T>,
    ) -> Result<T> {
        let held = match self.usable(client) {
            Some(held) => held,
            None => Box::pin(self.fly(client, None)).await?.0,
        };
        if let Some(found) = find(&held.ring) {
            return Ok(found);
        }
        Box::pin(self.find_anew(client, stage, asked, find)).await
    }

    /// A key of the server's to encrypt to.
    ///
    /// # Errors
    /// [`Error::Config`] when it publishes none that fits, or why there is no set to look in.
    pub(crate) async fn to_encrypt(
        &self,
        client: &Client,
        stage: &'static str,
        algorithm: KeyAlgorithm,
    ) -> Result<EncryptionKey> {
        let found = self.find(client, stage, (None, algorithm.name()), |ring| ring.to_encrypt(algorithm)).await;
        found.map_err(|error| match error {
            Error::Rule(broken) if broken.kind == Some(grantee_jose::ErrorKind::NoKey) => Error::config(
                format!("the server publishes no key to encrypt to by {algorithm}"),
                "use another algorithm, or none (RFC 9101 section 4)",
            ),
            other => other,
        })
    }

    async fn find_anew<T>(
        &self,
        client: &Client,
        stage: &'static str,
        asked: (Option<&str>, &str),
        mut find: impl FnMut(&KeyRing) -> Option<T>,
    ) -> Result<T> {
        // Once more where the flight was another's and may have landed before the server rotated.
        for _ in 0..2 {
            let before = self.held.load_full();
            if before.as_ref().is_some_and(|held| held.url.is_none()) {
                break;
            }
            let (held, mine) = self.refetch(client, before.as_ref(), stage).await?;
            if let Some(found) = find(&held.ring) {
                return Ok(found);
            }
            if mine {
                break;
            }
        }
        let known = self.held.load_full().map(|held| held.ring.kids()).unwrap_or_default();
        Err(RuleViolation::new(stage, "a key of the server's set fits the token", "OpenID Connect Core section 10.1")
            .expected(format!("one of {known}"))
            .got(format_args!("kid {} with alg {}", asked.0.unwrap_or("(none)"), asked.1))
            .hint("the token is another server's, or the server has not published its key yet")
            .of_kind(grantee_jose::ErrorKind::NoKey)
            .into())
    }

    /// The held set, unless it is old.
    fn usable(&self, client: &Client) -> Option<Arc<Held>> {
        let held = self.held.load();
        let held = held.as_ref()?;
        held.good_until.is_none_or(|until| client.ports().clock.monotonic() < until).then(|| Arc::clone(held))
    }

    /// Fetches the set because `before` has no key that will do, where the cool-down lets it; says whether this caller's
    /// own flight brought it.
    async fn refetch(
        &self,
        client: &Client,
        before: Option<&Arc<Held>>,
        stage: &'static str,
    ) -> Result<(Arc<Held>, bool)> {
        let newer = self.held.load_full();
        match (&newer, before) {
            (Some(newer), Some(before)) if !Arc::ptr_eq(newer, before) => return Ok((Arc::clone(newer), false)),
            _ => {}
        }
        self.fly(client, Some((before, stage))).await
    }

    /// One fetch for all who ask meanwhile. `unknown` is there where the set held before has no key that will do: then whoever
    /// flies takes the allowance, so that no race passes it by.
    async fn fly(
        &self,
        client: &Client,
        unknown: Option<(Option<&Arc<Held>>, &'static str)>,
    ) -> Result<(Arc<Held>, bool)> {
        let (fetching, stage) = (client.clone(), unknown.map(|(_, stage)| stage));
        let joined = std::sync::atomic::AtomicBool::new(false);
        let look = || match (self.held.load_full(), unknown) {
            (Some(held), Some((Some(before), _))) if !Arc::ptr_eq(&held, before) => Some(Ok(held)),
            (_, Some((Some(_), _))) => None,
            _ => self.usable(client).map(Ok).or_else(|| self.trouble(client).map(Err)),
        };
        let work = move || -> crate::ports::BoxFuture<'static, Result<Arc<Held>>> {
            Box::pin(async move {
                let keys = &fetching.inner.keys;
                match stage {
                    Some(stage) if !keys.take_allowance(fetching.ports().clock.monotonic()) => Err(cooling_down(stage)),
                    _ => keys.fetch(&fetching).await,
                }
            })
        };
        let note = || joined.store(true, std::sync::atomic::Ordering::SeqCst);
        let held = self.gate.run(&*client.ports().executor, look, note, work).await?;
        Ok((held, !joined.into_inner()))
    }

    async fn fetch(&self, client: &Client) -> Result<Arc<Held>> {
        let clock = &client.ports().clock;
        let now = clock.monotonic();
        let keep = |ring: Arc<KeyRing>, url: String, lifetime: Duration, fetched_at: Duration| {
            let held =
                Arc::new(Held { ring, url: Some(url), good_until: Some(now.saturating_add(lifetime)), fetched_at });
            self.held.store(Some(Arc::clone(&held)));
            held
        };
        let error = match fetch(client).await {
            Ok((url, set)) => {
                tracing::info!(client_id = client.client_id(), keys = set.keys.len(), "key set fetched");
                for line in &set.ignored {
                    tracing::warn!(client_id = client.client_id(), key = line, "a key of the set can't be used");
                }
                return Ok(keep(Arc::new(KeyRing::new(set)), url, LIFETIME, now));
            }
            Err(error) => error,
        };
        tracing::warn!(client_id = client.client_id(), outcome = error.code(), "the key set could not be fetched");
        match self.held.load_full() {
            // An outage: the last good set serves on.
            Some(held) if self.usable(client).is_none() && now.saturating_sub(held.fetched_at) < LONGEST_STALE => {
                Ok(keep(Arc::clone(&held.ring), held.url.clone().unwrap_or_default(), STALE_RETRY, held.fetched_at))
            }
            _ => {
                let until = now.saturating_add(TROUBLE);
                *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some((error.clone(), until));
                Err(error)
            }
        }
    }

    /// Why there is no set, while it is too early for another try: tokens that anybody can send bring about no more fetches.
    fn trouble(&self, client: &Client) -> Option<Error> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let (error, until) = trouble.as_ref()?;
        (client.ports().clock.monotonic() < *until).then(|| error.clone())
    }

    fn take_allowance(&self, now: Duration) -> bool {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let periods = now.saturating_sub(allowance.refilled).as_secs() / COOL_DOWN.as_secs();
        if periods > 0 {
            let more = u32::try_from(periods).unwrap_or(u32::MAX);
            allowance.left = allowance.left.saturating_add(more).min(BURST);
            allowance.refilled = now;
        }
        if allowance.left == 0 {
            return false;
        }
        if allowance.left == BURST {
            allowance.refilled = now;
        }
        allowance.left -= 1;
        true
    }
}

fn cooling_down(stage: &'static str) -> Error {
    RuleViolation::new(stage, "a key of the server's set fits the token", "OpenID Connect Core section 10.1")
        .got("an unknown key, and the set was fetched often enough for now")
        .hint(format!("the set is fetched again in {} s at the latest", COOL_DOWN.as_secs()))
        .of_kind(grantee_jose::ErrorKind::NoKey)
        .into()
}

async fn fetch(client: &Client) -> Result<(String, JwkSet)> {
    let metadata = client.metadata().await?;
    let text = metadata.require("jwks_uri")?;
    let url = wire::url::parse("the jwks_uri", text)?;
    // Whoever changes keys on the way can sign anything.
    wire::url::confidential("the jwks_uri", &url, client.allows_http())?;
    client.inner.counting.key_set_fetches.add();
    let answer = client.exchange(jwks::STAGE, jwks::request(&url)?).await?;
    Ok((text.to_owned(), jwks::judge(&answer)?))
}

/// Whether a failure to verify means only that no key was found, and says nothing about the token.
pub(crate) fn found_no_key(error: &Error) -> bool {
    match error {
        Error::Rule(broken) => broken.kind == Some(grantee_jose::ErrorKind::NoKey),
        Error::Transport(_) | Error::Status(_) | Error::Interrupted { .. } => true,
        _ => false,
    }
}
