//! One renewal, from the lock to the last listener. It runs once for all who wait, and outlives them.
//!
//! ```text
//! lock the record ─ read it ─ fresh? take it ─ write the intent, reserve room ─ ask the server
//!       └ save ─ let go ─ hold the new token ─ tell the listeners ─ let the waiters go on
//! ```

use super::source::{Held, Inner, lock};
use crate::Token;
use crate::error::{Error, LoginRequired, Result, StoreError};
use crate::grant::RefreshToken;
use crate::ports::{BoxFuture, Cancel};
use crate::store::{Intent, Record, Store, StoreLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long to wait for another process that renews the same token: longer than any HTTP timeout it may run into.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(120);

/// Why a renewal was started.
#[derive(Clone)]
pub(crate) enum Why {
    /// There is no token, or it has expired.
    Due,
    /// It will expire soon.
    Early,
    /// The one that is held is to be in the store.
    Save,
    /// A new one is wanted, whatever is stored.
    Anew,
    /// An API would not take this token.
    Rejected(Arc<Token>),
}

/// How a new token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// By the refresh token of the one before.
    Refreshed,
    /// By the grant, for the first time or anew.
    Obtained,
}

/// Is told of every new token, once a renewal, before any waiting caller goes on. An error reaches those callers; the new
/// token stays usable.
pub trait OnChange: Send + Sync {
    /// The token before, if there was one, the new one, and how it came.
    fn changed<'a>(&'a self, old: Option<&'a Token>, new: &'a Token, how: Renewal) -> BoxFuture<'a, Result<()>>;
}

/// A token that could not be saved. Its lock is kept, so that no other process uses the refresh token that is spent.
pub(crate) struct Unsaved {
    record: Record,
    lock: Box<dyn StoreLock>,
}

/// What is being saved. Should that panic, the token is held and stays to be saved, since its predecessor is spent. (Where
/// the future is dropped instead, the runtime has died, and nobody would ever let go of the lock.)
struct Saving<'a> {
    inner: &'a Inner,
    unsaved: Option<Unsaved>,
}

impl Drop for Saving<'_> {
    fn drop(&mut self) {
        if let Some(unsaved) = self.unsaved.take().filter(|_| std::thread::panicking()) {
            if let Some(token) = &unsaved.record.token {
                self.inner.held.store(Some(Arc::new(self.inner.make_ready_unsaved(token.clone()))));
            }
            *lock(&self.inner.unsaved) = Some(unsaved);
        }
    }
}

impl Saving<'_> {
    /// Saves, and gives back what was saved; where that fails it stays to be saved, and its lock held.
    async fn save(mut self, store: &dyn Store) -> Result<Option<Unsaved>, StoreError> {
        if let Some(unsaved) = &self.unsaved
            && let Err(error) = store.save(&self.inner.key, &unsaved.record, &*unsaved.lock).await
        {
            *lock(&self.inner.unsaved) = self.unsaved.take();
            return Err(error);
        }
        Ok(self.unsaved.take())
    }
}

/// The last chance to save what a renewal could not.
pub(crate) async fn save_again(inner: &Inner) {
    let unsaved = lock(&inner.unsaved).take();
    if let (Some(store), Some(_)) = (&inner.store, &unsaved)
        && let Err(error) = (Saving { inner, unsaved }).save(&**store).await
    {
        tracing::warn!(outcome = "store", kind = ?error.kind, "the token could not be saved");
    }
}

pub(crate) async fn forget(inner: &Inner) -> Result<()> {
    lock(&inner.given).take();
    if let Some(store) = &inner.store {
        // The lock may still be ours, from a save that failed.
        let unsaved = lock(&inner.unsaved).take();
        let held = match unsaved {
            Some(unsaved) => {
                if let Err(error) = store.remove(&inner.key, &*unsaved.lock).await {
                    *lock(&inner.unsaved) = Some(unsaved);
                    return Err(error.into());
                }
                unsaved.lock
            }
            None => {
                let held = store.lock(&inner.key, LOCK_WAIT).await?;
                store.remove(&inner.key, &*held).await?;
                held
            }
        };
        drop(held);
    }
    inner.held.store(None);
    Ok(())
}

/// How far the asking went.
#[derive(Default)]
struct Asking {
    /// Whether a request was sent whose end decides.
    sent: AtomicBool,
    /// Whether the server said that the refresh token is dead.
    dead: bool,
    /// Whether the grant was asked with, and not the refresh token.
    obtaining: bool,
}

/// The store with the lock of this source's record.
struct Locked {
    store: Arc<dyn Store>,
    lock: Box<dyn StoreLock>,
    record: Record,
    /// Whether somebody left an intent behind: died, or never saw the end.
    abandoned: bool,
}

pub(crate) async fn renew(inner: Arc<Inner>, why: Why) -> Result<Arc<Held>> {
    let outcome = attempt(&inner, &why).await;
    inner.note(&outcome);
    outcome
}

async fn attempt(inner: &Inner, why: &Why) -> Result<Arc<Held>> {
    let mut locked = match &inner.store {
        Some(store) => Some(open(inner, store).await?),
        None => None,
    };
    // The caller's own token is newer than whatever is stored: the person has just logged in.
    let given = lock(&inner.given).clone();
    if let Some(mut given) = given {
        if given.expires_at.is_some() {
            // What is left of its life is all that is known of its length.
            given.obtained_at.get_or_insert(inner.client.now());
        }
        if let Some(locked) = &mut locked {
            locked.record.token = Some(given.clone());
            locked.record.intent = None;
            locked.save(inner).await?;
            locked.abandoned = false;
        }
        lock(&inner.given).take();
        let held = hold(inner, given);
        if let Some(held) = inner.serves(&held.token, why) {
            return Ok(held);
        }
    }
    let mine = inner.held.load_full().map(|held| Arc::clone(&held.token));
    let stored = locked.as_ref().and_then(|locked| locked.record.token.clone()).map(Arc::new);
    if let Some(stored) = &stored {
        let abandoned = locked.as_ref().is_some_and(|locked| locked.abandoned);
        let usable = match why {
            // Somebody may have spent the refresh token and died: the access token serves as long as it lives.
            Why::Due | Why::Early | Why::Save if abandoned => inner.lives(stored),
            _ => None,
        };
        if let Some(held) = usable.or_else(|| inner.serves(stored, why)) {
            if mine.as_ref().is_none_or(|mine| mine.access_token != stored.access_token) {
                inner.client.inner.counting.adoptions.add();
            }
            inner.held.store(Some(Arc::clone(&held)));
            return Ok(held);
        }
    }
    // What is stored was written under the lock, by whoever renewed last.
    let before = stored.or(mine);
    let mut asking = Asking::default();
    let outcome = ask(inner, before.as_deref(), &mut locked, &mut asking).await;
    let (new, how) = match outcome {
        Ok(new) => new,
        Err(error) => return Err(failed(inner, before.as_deref(), locked, error, &asking).await),
    };
    let mut trouble = None;
    if let Some(mut locked) = locked {
        locked.record.token = Some(new.clone());
        locked.record.intent = None;
        // The lock stays ours until the save succeeds, lest another process trips the server's reuse detection.
        let saving = Saving { inner, unsaved: Some(Unsaved { record: locked.record, lock: locked.lock }) };
        if let Err(error) = saving.save(&*locked.store).await {
            trouble = Some(Error::Store(error));
        }
    }
    inner.spent.store(true, Ordering::SeqCst);
    let held = match &trouble {
        None => hold(inner, new),
        Some(_) => {
            let held = Arc::new(inner.make_ready_unsaved(new));
            inner.held.store(Some(Arc::clone(&held)));
            held
        }
    };
    for listener in &inner.on_change {
        if let Err(error) = listener.changed(before.as_deref(), &held.token, how).await {
            trouble.get_or_insert(error);
        }
    }
    match trouble {
        Some(error) => Err(error),
        None => Ok(held),
    }
}

fn hold(inner: &Inner, token: Token) -> Arc<Held> {
    let held = Arc::new(inner.make_ready(token));
    inner.held.store(Some(Arc::clone(&held)));
    held
}

/// Takes the lock and reads what is there, after saving what an earlier renewal could not.
async fn open(inner: &Inner, store: &Arc<dyn Store>) -> Result<Locked> {
    let unsaved = lock(&inner.unsaved).take();
    if let Some(unsaved) = (Saving { inner, unsaved }).save(&**store).await? {
        return Ok(Locked { store: Arc::clone(store), lock: unsaved.lock, record: unsaved.record, abandoned: false });
    }
    let lock = store.lock(&inner.key, LOCK_WAIT).await?;
    let record = match store.load(&inner.key).await? {
        Some(record) => record,
        None => {
            let mut record = Record::new(inner.server.as_str(), inner.client.client_id());
            record.account.clone_from(&inner.account);
            record
        }
    };
    let abandoned = record.intent.is_some();
    Ok(Locked { store: Arc::clone(store), lock, record, abandoned })
}

impl Locked {
    async fn save(&self, inner: &Inner) -> Result<(), StoreError> {
        self.store.save(&inner.key, &self.record, &*self.lock).await
    }

    async fn prepare(&mut self, inner: &Inner) -> Result<()> {
        let mut id = [0; 16];
        inner.client.inner.ports.entropy.fill(&mut id)?;
        self.record.intent = Some(Intent::new(grantee_jose::base64url::encode(id), inner.client.now()));
        Ok(self.store.prepare(&inner.key, &self.record, &*self.lock).await?)
    }
}

/// Asks the server: by the refresh token where there is one, else by the grant.
async fn ask(
    inner: &Inner,
    before: Option<&Token>,
    locked: &mut Option<Locked>,
    asking: &mut Asking,
) -> Result<(Token, Renewal)> {
    let refresh = before.filter(|token| token.refresh_token.is_some());
    // A grant that is used once serves once: for the first token. A person's credentials serve until they are refused.
    let repeatable = inner.grant.is_repeatable();
    let may_obtain = if repeatable {
        !inner.refused.load(Ordering::SeqCst)
    } else {
        // Whom a person can confirm to this very moment is newer than what is stored.
        (before.is_none() || is_open(inner)) && !inner.spent.load(Ordering::SeqCst)
    };
    if refresh.is_none() && !may_obtain {
        let why = match before {
            Some(before) if inner.is_outdated(before) => {
                "the token is bound to a key that has been replaced, and there is nothing to renew it with"
            }
            _ => "the token has expired and there is nothing to renew it with",
        };
        return Err(LoginRequired::error(why, None));
    }
    // The intent, and room for what comes, before anything is spent.
    if let Some(locked) = locked {
        locked.prepare(inner).await?;
    }
    if let Some(before) = refresh {
        // Scope and authorization details stay as they were granted, which may be less than was asked for: asking for all of it
        // again would be refused (RFC 6749 section 6, RFC 9396 section 6).
        let parameters = crate::grant::TokenParameters {
            scope: None,
            authorization_details: None,
            ..inner.grant.parameters().clone()
        };
        let grant = RefreshToken::of(before)?.with_parameters(parameters);
        match inner.client.token_noting(&grant, &Cancel::new(), &asking.sent).await {
            Ok(token) => return Ok((token, Renewal::Refreshed)),
            // The refresh token is dead. Only where nobody has to be asked does the grant bring another.
            Err(error)
                if may_obtain && is_refused(&error) && (repeatable || error.is_server_error("invalid_grant")) =>
            {
                asking.dead = error.is_server_error("invalid_grant");
                asking.sent.store(false, Ordering::SeqCst);
            }
            Err(error) => return Err(error),
        }
    }
    asking.obtaining = true;
    Ok((inner.client.token_noting(&*inner.grant, &inner.waiting(), &asking.sent).await?, Renewal::Obtained))
}

/// Whether the grant is one that a person may confirm still.
fn is_open(inner: &Inner) -> bool {
    let end = |schedule: crate::grant::polling::Schedule| schedule.requested_at.after(schedule.expires_in);
    inner.grant.polling().is_some_and(|schedule| inner.client.now() < end(schedule))
}

/// Whether a server would not take a refresh token. Some say so by a status alone.
fn is_refused(error: &Error) -> bool {
    error.is_server_error("invalid_grant") || matches!(error, Error::Status(error) if matches!(error.status, 400 | 403))
}

/// A bare 400 may mean a dead refresh token, and may mean anything else, so the token is kept and the person told.
fn with_hint(mut error: Error, before: Option<&Token>) -> Error {
    if let Error::Status(status) = &mut error
        && matches!(status.status, 400 | 403)
        && before.is_some_and(|before| before.refresh_token.is_some())
    {
        Arc::make_mut(status).hint = Some(
            "the server does not say why it refused the refresh; if it keeps doing so, the person must log in again"
                .to_owned(),
        );
    }
    error
}

/// Leaves everything so that the next try, here or in another process, does the right thing.
async fn failed(inner: &Inner, before: Option<&Token>, locked: Option<Locked>, error: Error, asking: &Asking) -> Error {
    // A store that failed has changed nothing, and nothing was sent.
    let sent = asking.sent.load(Ordering::SeqCst);
    if matches!(error, Error::Store(_)) && !sent && !asking.dead {
        return error;
    }
    if error.is_server_error("invalid_grant") && inner.grant.is_repeatable() && inner.grant.is_refused_for_good() {
        // A refused refresh token would have led to the grant, so this is the password. Sent again and again it would lock
        // the person out.
        inner.refused.store(true, Ordering::SeqCst);
    }
    let refused = error.is_server_error("invalid_grant") && !inner.grant.is_repeatable();
    // Nobody will confirm any more what was denied or came too late.
    if asking.obtaining
        && inner.grant.polling().is_some()
        && (error.code() == "expired" || error.is_server_error("access_denied"))
    {
        inner.spent.store(true, Ordering::SeqCst);
    }
    let error = if refused {
        let lost = locked.as_ref().is_some_and(|locked| locked.abandoned);
        let why = match (before.is_some() && !asking.obtaining, lost) {
            (true, true) => {
                "an earlier renewal was cut off before its answer could be kept, and the server no longer takes the old refresh token"
            }
            // RFC 8705 section 7.1: that of a public client is bound to the certificate, as its access token is.
            (true, false) if before.is_some_and(|before| inner.is_outdated(before)) => {
                "the server does not take the refresh token, which may be bound to the key that has been replaced"
            }
            (true, false) => "the refresh token has expired, was revoked or was used already",
            (false, _) => "the server does not take this grant, which can be used once, (any more)",
        };
        LoginRequired::error(why, error.server_error())
    } else {
        with_hint(error, before)
    };
    let mut before = before.cloned();
    if refused {
        inner.spent.store(true, Ordering::SeqCst);
    }
    let dead = refused || asking.dead;
    if dead && let Some(before) = &mut before {
        // Asking again with a dead token would look like an attack.
        before.refresh_token = None;
        inner.held.store(Some(Arc::new(inner.make_ready(before.clone()))));
    }
    if let Some(mut locked) = locked {
        // The request certainly did nothing: no trace of it is left. After anything else the intent stays, and says to
        // whoever comes next that the refresh token may be spent.
        let harmless = match &error {
            Error::Transport(transport) => !transport.may_have_been_sent(),
            Error::Server(server) => server.status < 500,
            Error::Status(status) => status.status < 500,
            // A hook or the grant's own check may have refused an answer that brought a token.
            _ => false,
        };
        if dead || !sent || harmless {
            locked.record.token = before;
            locked.record.intent = None;
            if let Err(error) = locked.save(inner).await {
                tracing::warn!(outcome = "store", kind = ?error.kind, "the trace of a request that did nothing could not be removed");
            }
        }
    }
    error
}
