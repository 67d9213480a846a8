//! What every store must keep to, as a suite that a stranger's store can run.
//!
//! Call [`run`] in a test of a [`BlockingStore`], [`run_async`] in one of a [`Store`], with a function that opens a
//! handle and a [`Faults`] that can kill a holder. Each panics with the rule that was broken. No rule asks how long
//! something took; a rule that waits for what must come waits for 30 seconds at the most.
//!
//! ```
//! use grantee_core::contract::store::{self, Faults};
//! use grantee_core::store::{BlockingStore, Record, TokenKey};
//! use std::sync::Arc;
//!
//! struct Killer; // knows how to start another process that uses the store, and how to kill it
//!
//! impl Faults for Killer {
//!     fn kill_a_holder(&self, key: &TokenKey) {
//!         // Starts a process that takes the lock, says so on its standard output, and is then killed.
//! #       let _ = key;
//!     }
//!     fn kill_after_prepare(&self, key: &TokenKey, record: &Record) {
//!         // The same, after it has called `prepare`.
//! #       let _ = (key, record);
//!     }
//!     fn kill_during_save(&self, key: &TokenKey, record: &Record, step: usize) -> bool {
//!         // The same, after step number `step` of a save. False when a save has no such step.
//! #       let _ = (key, record);
//!         step < 2
//!     }
//! }
//!
//! fn my_store_keeps_the_contract(open: impl Fn() -> Arc<dyn BlockingStore>) {
//!     store::run(open, &Killer);
//! }
//! ```

use crate::error::{StoreError, StoreErrorKind};
use crate::ports::BoxFuture;
use crate::store::{BlockingStore, Intent, Record, Store, StoreLock, TokenKey};
use crate::{Scope, Token, UnixTime, UnverifiedIdToken};
use serde_json::json;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

/// How the suite makes things go wrong. Where several processes share the store, "somebody else" is another process,
/// really killed; where a store lives and dies with its process, a thread that panics will do.
pub trait Faults {
    /// Somebody else takes the lock of `key` and dies with it. Dead when this returns.
    fn kill_a_holder(&self, key: &TokenKey);

    /// Somebody else takes the lock of `key`, calls `prepare` with `record` and dies. Dead when this returns.
    fn kill_after_prepare(&self, key: &TokenKey, record: &Record);

    /// Somebody else takes the lock of `key`, begins to save `record` and dies after step number `step`, counted from
    /// 0 (before anything was written). What the store would have on its disk then may be put there by hand.
    ///
    /// Returns false, with nothing done, when a save has no such step; at 0 this says that a save is one step.
    fn kill_during_save(&self, key: &TokenKey, record: &Record, step: usize) -> bool;

    /// Whether locks are leases that run out under a holder who lives.
    fn has_leases(&self) -> bool {
        false
    }

    /// Lets every lease that is held now run out. Called only where there are leases.
    fn let_leases_run_out(&self) {}
}

/// Runs the suite on a store of the blocking face. `open` gives a fresh handle, such as another process would have, on
/// the one store under test; records under other keys than the suite's own are left alone.
///
/// # Panics
/// With the name of the rule, when one is broken.
pub fn run(open: impl Fn() -> Arc<dyn BlockingStore>, faults: &dyn Faults) {
    run_rules(&Suite { open: &open, faults });
}

/// Runs the suite on a store of the async face, on the calling thread and without any runtime; then what only an async
/// store can get wrong.
///
/// # Panics
/// With the name of the rule, when one is broken.
pub fn run_async(open: impl Fn() -> Arc<dyn Store>, faults: &dyn Faults) {
    let parked = || -> Arc<dyn BlockingStore> { Arc::new(Parked(open())) };
    run_rules(&Suite { open: &parked, faults });
    for (rule, check) in ASYNC_RULES {
        judge(rule, check(&open, &keys_of(rule)));
    }
}

/// The key of the suite's whose text this is, so that a [`Faults`] can tell another process which one is meant.
pub fn key(text: &str) -> Option<TokenKey> {
    let rules = RULES.iter().map(|(rule, _)| rule).chain(ASYNC_RULES.iter().map(|(rule, _)| rule));
    rules.flat_map(|rule| keys_of(rule)).find(|key| key.to_string() == text)
}

type Rule = (&'static str, fn(&Suite<'_>, &[TokenKey; 4]) -> Outcome);

const RULES: &[Rule] = &[
    ("what is saved is loaded, every member of it", what_is_saved_is_loaded),
    ("a save takes the place of what was there", a_save_replaces),
    ("what is removed is gone, and removing nothing is fine", what_is_removed_is_gone),
    ("loading needs no lock", loading_needs_no_lock),
    ("loading never sees half a save", loading_never_sees_half_a_save),
    ("a lock has one holder, and the next after it is dropped", a_lock_has_one_holder),
    ("a wait for a lock ends busy", a_wait_ends_busy),
    ("one that waits gets the lock when it is let go", a_waiter_gets_the_lock),
    ("the locks of two keys are two locks", two_keys_two_locks),
    ("nothing is lost under the lock", nothing_is_lost_under_the_lock),
    ("two writers of different keys lose nothing", two_writers_lose_nothing),
    ("a holder that is killed lets go", a_killed_holder_lets_go),
    ("a crash after prepare leaves the intent and the old token", a_crash_after_prepare),
    ("a crash during a save leaves the old record or the new", a_crash_during_a_save),
    ("a save follows a prepare", a_save_follows_a_prepare),
    ("a holder that comes back too late is refused", a_late_holder_is_refused),
];

type AsyncRule = (&'static str, fn(&dyn Fn() -> Arc<dyn Store>, &[TokenKey; 4]) -> Outcome);

const ASYNC_RULES: &[AsyncRule] = &[
    ("nothing happens before the first poll", nothing_happens_before_the_first_poll),
    ("a wait that is dropped leaves no lock behind", a_dropped_wait_leaves_no_lock),
    ("a save that is dropped is over before the lock is free", a_dropped_save_ends_under_the_lock),
];

/// For what must come.
const PATIENCE: Duration = Duration::from_secs(30);
/// For what must not.
const BRIEF: Duration = Duration::from_millis(20);

struct Suite<'a> {
    open: &'a dyn Fn() -> Arc<dyn BlockingStore>,
    faults: &'a dyn Faults,
}

fn run_rules(suite: &Suite<'_>) {
    for (rule, check) in RULES {
        judge(rule, check(suite, &keys_of(rule)));
    }
}

fn judge(rule: &str, outcome: Outcome) {
    if let Err(Broken(why)) = outcome {
        panic!("store contract broken: {rule}: {why}");
    }
}

fn keys_of(rule: &str) -> [TokenKey; 4] {
    ["0", "1", "2", "3"].map(|number| TokenKey::new([("grantee store contract", rule), ("key", number)]))
}

type Outcome<T = ()> = Result<T, Broken>;

struct Broken(String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("{error} [{:?}]", error.kind))
    }
}

fn ensure(holds: bool, why: &str) -> Outcome {
    if holds { Ok(()) } else { Err(Broken(why.to_owned())) }
}

fn refused<T>(result: Result<T, StoreError>, kind: StoreErrorKind, what: &str) -> Outcome {
    match result {
        Err(error) if error.kind == kind => Ok(()),
        Err(error) => Err(Broken(format!("{what}: expected {kind:?}, got {error} [{:?}]", error.kind))),
        Ok(_) => Err(Broken(format!("{what}: expected {kind:?}, and it went through"))),
    }
}

// What is kept.

fn what_is_saved_is_loaded(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let mut intent_alone = Record::new("https://as.example", "client");
    intent_alone.intent = Some(Intent::new("an intent", UnixTime::from_millis(1_700_000_000_001)));
    let mut least = record("least");
    least.token = Some(Token::bearer("least").with_scope(""));
    let records = [full_record(), Record::new("", ""), intent_alone, least];
    for (key, record) in keys.iter().zip(&records) {
        save(suite, key, record)?;
    }
    for (key, record) in keys.iter().zip(&records) {
        ensure((suite.open)().load(key)?.as_ref() == Some(record), "a record came back changed")?;
    }
    Ok(())
}

fn a_save_replaces(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    save(suite, &keys[0], &full_record())?;
    save(suite, &keys[0], &record("small"))?;
    ensure(load(suite, &keys[0])? == Some(record("small")), "something of the old record stayed")?;
    save(suite, &keys[0], &full_record())?;
    ensure(load(suite, &keys[0])? == Some(full_record()), "a longer record did not take the shorter one's place")
}

fn what_is_removed_is_gone(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    for key in &keys[..2] {
        save(suite, key, &full_record())?;
    }
    for _ in 0..2 {
        let store = (suite.open)();
        let lock = store.lock(&keys[0], PATIENCE)?;
        store.remove(&keys[0], &*lock)?;
    }
    ensure(load(suite, &keys[0])?.is_none(), "it is still there")?;
    ensure(load(suite, &keys[1])? == Some(full_record()), "the record of another key went with it")
}

fn loading_needs_no_lock(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    save(suite, &keys[0], &record("held"))?;
    let _lock = (suite.open)().lock(&keys[0], PATIENCE)?;
    ensure(load(suite, &keys[0])? == Some(record("held")), "it was not there")
}

fn loading_never_sees_half_a_save(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let (short, long) = (record("short"), full_record());
    save(suite, &keys[0], &short)?;
    let (writer, reader) = ((suite.open)(), (suite.open)());
    std::thread::scope(|threads| {
        let writing = threads.spawn(|| -> Outcome {
            for _ in 0..20 {
                for record in [&long, &short] {
                    let lock = writer.lock(&keys[0], PATIENCE)?;
                    writer.prepare(&keys[0], record, &*lock)?;
                    writer.save(&keys[0], record, &*lock)?;
                }
            }
            Ok(())
        });
        while !writing.is_finished() {
            let seen = reader.load(&keys[0])?;
            ensure(seen.as_ref() == Some(&short) || seen.as_ref() == Some(&long), "it saw neither record")?;
        }
        join(writing)
    })
}

// Who may write.

fn a_lock_has_one_holder(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let (one, other) = ((suite.open)(), (suite.open)());
    let lock = one.lock(&keys[0], PATIENCE)?;
    for store in [&one, &other] {
        refused(store.lock(&keys[0], Duration::ZERO), StoreErrorKind::Busy, "a second holder")?;
    }
    drop(lock);
    drop(other.lock(&keys[0], PATIENCE)?);
    drop(one.lock(&keys[0], PATIENCE)?);
    let lock = other.lock(&keys[0], PATIENCE)?;
    ensure(lock.fence().is_some() == suite.faults.has_leases(), "a fencing number is for leases, and leases need one")
}

fn a_wait_ends_busy(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let lock = (suite.open)().lock(&keys[0], PATIENCE)?;
    for _ in 0..3 {
        refused((suite.open)().lock(&keys[0], BRIEF), StoreErrorKind::Busy, "a second holder")?;
    }
    drop(lock);
    // Those who gave up must not be in the way.
    (suite.open)().lock(&keys[0], PATIENCE)?;
    Ok(())
}

fn a_waiter_gets_the_lock(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let stores: Vec<_> = (0..4).map(|_| (suite.open)()).collect();
    let lock = stores[0].lock(&keys[0], PATIENCE)?;
    std::thread::scope(|threads| {
        let waiting: Vec<_> = stores
            .iter()
            .map(|store| threads.spawn(|| -> Outcome { store.lock(&keys[0], PATIENCE).map(drop).map_err(Into::into) }))
            .collect();
        drop(lock);
        waiting.into_iter().try_for_each(join)
    })
}

fn two_keys_two_locks(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let store = (suite.open)();
    let _locks = keys.iter().map(|key| store.lock(key, BRIEF)).collect::<Result<Vec<_>, _>>()?;
    Ok(())
}

fn nothing_is_lost_under_the_lock(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    const THREADS: usize = 4;
    const EACH: usize = 10;
    save(suite, &keys[0], &record("0"))?;
    let holders = AtomicUsize::new(0);
    let stores: Vec<_> = (0..THREADS).map(|_| (suite.open)()).collect();
    let adding = |store: &Arc<dyn BlockingStore>| -> Outcome {
        for _ in 0..EACH {
            let lock = store.lock(&keys[0], PATIENCE)?;
            ensure(holders.fetch_add(1, Ordering::SeqCst) == 0, "two held the lock at once")?;
            let held = store.load(&keys[0])?.ok_or_else(|| Broken("the record is gone".to_owned()))?;
            let count: usize = held.client_id.parse().map_err(|_| Broken("another record came back".to_owned()))?;
            store.save(&keys[0], &record(&(count + 1).to_string()), &*lock)?;
            holders.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    };
    std::thread::scope(|threads| {
        let running: Vec<_> = stores.iter().map(|store| threads.spawn(|| adding(store))).collect();
        running.into_iter().try_for_each(join)
    })?;
    ensure(load(suite, &keys[0])? == Some(record(&(THREADS * EACH).to_string())), "a save was lost")
}

fn two_writers_lose_nothing(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let stores = [0; 4].map(|_| (suite.open)());
    std::thread::scope(|threads| {
        let writing: Vec<_> = stores
            .iter()
            .zip(keys)
            .map(|(store, key)| {
                threads.spawn(move || -> Outcome {
                    for round in 0..10 {
                        let written = record(&format!("{key} {round}"));
                        let lock = store.lock(key, PATIENCE)?;
                        store.save(key, &written, &*lock)?;
                        ensure(store.load(key)? == Some(written), "a writer of another key undid a save")?;
                    }
                    Ok(())
                })
            })
            .collect();
        writing.into_iter().try_for_each(join)
    })?;
    for key in keys {
        ensure(load(suite, key)? == Some(record(&format!("{key} 9"))), "a writer of another key undid a save")?;
    }
    Ok(())
}

// What goes wrong.

fn a_killed_holder_lets_go(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    save(suite, &keys[0], &record("before"))?;
    suite.faults.kill_a_holder(&keys[0]);
    let store = (suite.open)();
    let lock = lock_of_the_dead(suite, &*store, &keys[0])?;
    ensure(store.load(&keys[0])? == Some(record("before")), "its death changed the record")?;
    store.save(&keys[0], &record("after"), &*lock)?;
    ensure(load(suite, &keys[0])? == Some(record("after")), "a save after its death was lost")
}

fn a_crash_after_prepare(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let old = full_record();
    let mut prepared = old.clone();
    prepared.intent = Some(Intent::new("of the dead", UnixTime::from_seconds(1_700_000_123)));
    let mut without = old.clone();
    without.intent = None;
    save(suite, &keys[0], &without)?;
    suite.faults.kill_after_prepare(&keys[0], &prepared);
    ensure(load(suite, &keys[0])?.as_ref() == Some(&prepared), "the intent, or the token beside it, is not there")?;
    let store = (suite.open)();
    let lock = lock_of_the_dead(suite, &*store, &keys[0])?;
    ensure(store.load(&keys[0])?.as_ref() == Some(&prepared), "the intent is gone under the lock")?;
    store.prepare(&keys[0], &prepared, &*lock)?;
    store.save(&keys[0], &without, &*lock)?;
    ensure(load(suite, &keys[0])?.as_ref() == Some(&without), "the next holder's save was lost")
}

fn a_crash_during_a_save(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    for step in 0.. {
        save(suite, &keys[0], &record("old"))?;
        save(suite, &keys[1], &record("beside"))?;
        if !suite.faults.kill_during_save(&keys[0], &full_record(), step) {
            break;
        }
        let step = |why: &str| format!("at step {step}: {why}");
        let found = load(suite, &keys[0])?;
        ensure(found == Some(record("old")) || found == Some(full_record()), &step("neither of them is there"))?;
        let store = (suite.open)();
        let lock = lock_of_the_dead(suite, &*store, &keys[0])?;
        ensure(store.load(&keys[0])? == found, &step("the record changed after the crash"))?;
        store.save(&keys[0], &record("new"), &*lock)?;
        ensure(load(suite, &keys[0])? == Some(record("new")), &step("the next holder's save was lost"))?;
        ensure(load(suite, &keys[1])? == Some(record("beside")), &step("the record of another key is gone"))?;
    }
    Ok(())
}

fn a_save_follows_a_prepare(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    let store = (suite.open)();
    let lock = store.lock(&keys[0], PATIENCE)?;
    for _ in 0..2 {
        let mut prepared = record("prepared");
        prepared.intent = Some(Intent::new("under way", UnixTime::from_seconds(1)));
        store.prepare(&keys[0], &prepared, &*lock)?;
        ensure(load(suite, &keys[0])? == Some(prepared), "the intent can't be seen")?;
        store.save(&keys[0], &full_record(), &*lock)?;
        ensure(load(suite, &keys[0])? == Some(full_record()), "the save that followed is not there")?;
    }
    Ok(())
}

fn a_late_holder_is_refused(suite: &Suite<'_>, keys: &[TokenKey; 4]) -> Outcome {
    if !suite.faults.has_leases() {
        let lock = (suite.open)().lock(&keys[0], PATIENCE)?;
        return ensure(lock.fence().is_none(), "without leases there is no fencing number");
    }
    let (late, next) = ((suite.open)(), (suite.open)());
    save(suite, &keys[0], &record("old"))?;
    let late_lock = late.lock(&keys[0], PATIENCE)?;
    suite.faults.let_leases_run_out();
    let next_lock = next.lock(&keys[0], PATIENCE)?;
    ensure(late_lock.fence().is_some(), "a lease needs a fencing number")?;
    ensure(next_lock.fence() > late_lock.fence(), "a later holder's fencing number is not greater")?;

    let late_tries = || -> Outcome {
        refused(late.prepare(&keys[0], &record("late"), &*late_lock), StoreErrorKind::Fenced, "a late prepare")?;
        refused(late.save(&keys[0], &record("late"), &*late_lock), StoreErrorKind::Fenced, "a late save")?;
        refused(late.remove(&keys[0], &*late_lock), StoreErrorKind::Fenced, "a late remove")
    };
    // The next holder has read the record by now, so a late save is refused even before the next holder's own.
    late_tries()?;
    ensure(load(suite, &keys[0])? == Some(record("old")), "what was refused was written")?;
    next.save(&keys[0], &record("new"), &*next_lock)?;
    late_tries()?;
    drop(late_lock);
    refused((suite.open)().lock(&keys[0], Duration::ZERO), StoreErrorKind::Busy, "a lock its late holder let go")?;
    drop(next_lock);
    drop((suite.open)().lock(&keys[0], PATIENCE)?);
    ensure(load(suite, &keys[0])? == Some(record("new")), "what was refused was written")
}

// What only futures get wrong.

fn nothing_happens_before_the_first_poll(open: &dyn Fn() -> Arc<dyn Store>, keys: &[TokenKey; 4]) -> Outcome {
    let (store, before, after) = (open(), record("before"), record("after"));
    let lock = block_on(store.lock(&keys[0], PATIENCE))?;
    block_on(store.save(&keys[0], &before, &*lock))?;
    drop(store.save(&keys[0], &after, &*lock));
    drop(store.prepare(&keys[0], &after, &*lock));
    drop(store.remove(&keys[0], &*lock));
    drop(store.lock(&keys[1], PATIENCE));
    drop(block_on(store.lock(&keys[1], BRIEF))?);
    ensure(block_on(store.load(&keys[0]))? == Some(before), "a future that nobody polled did its work")
}

fn a_dropped_wait_leaves_no_lock(open: &dyn Fn() -> Arc<dyn Store>, keys: &[TokenKey; 4]) -> Outcome {
    let (store, other) = (open(), open());
    for polls in 0..4 {
        for free_first in [false, true] {
            let held = block_on(store.lock(&keys[0], PATIENCE))?;
            let mut waits = [store.lock(&keys[0], PATIENCE), other.lock(&keys[0], PATIENCE)];
            let mut held = Some(held);
            for poll in 0..polls {
                for wait in &mut waits {
                    ensure(poll_once(wait.as_mut()).is_pending(), "a lock that is held was given away")?;
                }
                if free_first && poll + 1 == polls {
                    held = None;
                }
            }
            drop(waits);
            drop(held);
            drop(block_on(other.lock(&keys[0], PATIENCE))?);
        }
    }
    // Dropped while nobody holds it, at whatever point it has come to.
    for _ in 0..20 {
        let mut taking = store.lock(&keys[1], PATIENCE);
        let _ = poll_once(taking.as_mut());
        drop(taking);
        drop(block_on(other.lock(&keys[1], PATIENCE))?);
    }
    Ok(())
}

fn a_dropped_save_ends_under_the_lock(open: &dyn Fn() -> Arc<dyn Store>, keys: &[TokenKey; 4]) -> Outcome {
    let (store, other) = (open(), open());
    let (long, short) = (full_record(), record("short"));
    for _ in 0..20 {
        let lock = block_on(store.lock(&keys[0], PATIENCE))?;
        let mut saving = store.save(&keys[0], &long, &*lock);
        let _ = poll_once(saving.as_mut());
        drop(saving);
        drop(lock);
        let lock = block_on(other.lock(&keys[0], PATIENCE))?;
        block_on(other.save(&keys[0], &short, &*lock))?;
        drop(lock);
        // A load through the first handle comes after whatever that handle still had to do.
        for store in [&store, &other] {
            ensure(block_on(store.load(&keys[0]))?.as_ref() == Some(&short), "it was written after the lock was free")?;
        }
    }
    Ok(())
}

// Helpers.

fn record(client_id: &str) -> Record {
    let mut record = Record::new("https://as.example/tenant", client_id);
    record.token = Some(Token::bearer(format!("the token of {client_id}")));
    record
}

/// Every member present, with what is easily lost: an empty object, a null, a big number, other scripts.
fn full_record() -> Record {
    let mut token = Token::bearer("an-access-token".repeat(40))
        .with_refresh_token("a refresh token: \"\\\u{0}\u{1f980}")
        .with_scope(Scope::from("openid email"))
        .with_expires_at(UnixTime::from_millis(1_700_003_600_250));
    token.token_type = "bEARER".to_owned();
    token.id_token = Some(UnverifiedIdToken::new("header.payload.signature"));
    token.obtained_at = Some(UnixTime::from_seconds(1_700_000_000));
    token.issued_token_type = Some("urn:ietf:params:oauth:token-type:access_token".to_owned());
    token.key_thumbprint = Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned());
    token.extra.insert("tenant".to_owned(), json!({"id": 7, "names": ["a", null, {}], "big": u64::MAX, "share": 0.1}));
    let mut record = record("https://client.example/ü");
    record.account = Some("somebody@example.org".to_owned());
    record.token = Some(token);
    record.intent = Some(Intent::new("left by somebody", UnixTime::from_millis(1_700_000_000_500)));
    record.extra.insert("a later version's".to_owned(), json!([true, -1, i64::MIN, "\u{5b57}"]));
    record
}

fn save(suite: &Suite<'_>, key: &TokenKey, record: &Record) -> Outcome {
    let store = (suite.open)();
    let lock = store.lock(key, PATIENCE)?;
    Ok(store.save(key, record, &*lock)?)
}

fn load(suite: &Suite<'_>, key: &TokenKey) -> Outcome<Option<Record>> {
    Ok((suite.open)().load(key)?)
}

fn lock_of_the_dead(suite: &Suite<'_>, store: &dyn BlockingStore, key: &TokenKey) -> Outcome<Box<dyn StoreLock>> {
    if suite.faults.has_leases() {
        suite.faults.let_leases_run_out();
    }
    Ok(store.lock(key, PATIENCE)?)
}

fn join(thread: std::thread::ScopedJoinHandle<'_, Outcome>) -> Outcome {
    thread.join().unwrap_or_else(|_| Err(Broken("a thread panicked".to_owned())))
}

/// An async store for one who has nothing but a thread.
struct Parked(Arc<dyn Store>);

impl BlockingStore for Parked {
    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        block_on(self.0.load(key))
    }
    fn lock(&self, key: &TokenKey, at_most: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        block_on(self.0.lock(key, at_most))
    }
    fn prepare(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError> {
        block_on(self.0.prepare(key, record, lock))
    }
    fn save(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError> {
        block_on(self.0.save(key, record, lock))
    }
    fn remove(&self, key: &TokenKey, lock: &dyn StoreLock) -> Result<(), StoreError> {
        block_on(self.0.remove(key, lock))
    }
}

fn block_on<T>(mut future: BoxFuture<'_, T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn poll_once<T>(future: Pin<&mut (dyn Future<Output = T> + Send + '_)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
