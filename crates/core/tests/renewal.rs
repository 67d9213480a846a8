//! Tokens that stay fresh: expiry, single flight, stores, failures.

mod support;

use grantee_core::error::{StoreError, StoreErrorKind, TransportError, TransportErrorKind};
use grantee_core::grant::{AuthorizationCode, ClientCredentials, Stored, legacy};
use grantee_core::ports::BoxFuture;
use grantee_core::session::{OnChange, Renewal};
use grantee_core::store::{Intent, Record, Store, StoreLock, TokenKey};
use grantee_core::{Client, Error, Token, UnixTime};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::*;

/// Numbers its access tokens; each lives a hundred seconds.
fn numbering() -> Arc<FakeServer> {
    FakeServer::new(|_, count| {
        json(200, &format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":100}}"#))
    })
}

/// One record, kept in memory, that can be told to fail; its lock is free to all, since no test here is about that.
#[derive(Default)]
struct FakeStore {
    record: Mutex<Option<Record>>,
    fail_prepare: AtomicBool,
    fail_save: AtomicBool,
    locks: Arc<AtomicUsize>,
    log: Mutex<Vec<&'static str>>,
}

struct FakeLock(Arc<AtomicUsize>);

impl StoreLock for FakeLock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

impl Drop for FakeLock {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Shared(Arc<FakeStore>);

impl FakeStore {
    fn note(&self, what: &'static str) {
        self.log.lock().unwrap().push(what);
    }

    fn write(&self, record: &Record, fail: &AtomicBool) -> Result<(), StoreError> {
        if fail.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Full, "the disk is full"));
        }
        *self.record.lock().unwrap() = Some(record.clone());
        Ok(())
    }

    fn stored(&self) -> Record {
        self.record.lock().unwrap().clone().unwrap()
    }
}

impl Store for Shared {
    fn load<'a>(&'a self, _: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async {
            self.0.note("load");
            Ok(self.0.record.lock().unwrap().clone())
        })
    }

    fn lock<'a>(&'a self, _: &'a TokenKey, _: Duration) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async {
            self.0.note("lock");
            assert_eq!(self.0.locks.fetch_add(1, Ordering::SeqCst), 0, "the lock is held already");
            Ok(Box::new(FakeLock(Arc::clone(&self.0.locks))) as Box<dyn StoreLock>)
        })
    }

    fn prepare<'a>(
        &'a self,
        _: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.0.note("prepare");
            assert!(record.intent.is_some());
            self.0.write(record, &self.0.fail_prepare)
        })
    }

    fn save<'a>(
        &'a self,
        _: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.0.note("save");
            self.0.write(record, &self.0.fail_save)
        })
    }

    fn remove<'a>(&'a self, _: &'a TokenKey, _: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.record.lock().unwrap() = None;
            Ok(())
        })
    }
}

fn stored_login(clock: &ManualClock, expires_in: i64) -> Record {
    let now = clock.wall.load(Ordering::SeqCst);
    let mut token = Token::bearer("stored").with_refresh_token("stored-rt");
    token.obtained_at = Some(UnixTime::from_millis(now - 10_000));
    token.expires_at = Some(UnixTime::from_millis(now + expires_in * 1000));
    let mut record = Record::new("https://as.example/token", "svc");
    record.token = Some(token);
    record
}

#[test]
fn the_first_token_comes_on_first_use_and_serves_until_the_leeway() {
    let (server, clock) = (numbering(), ManualClock::new());
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    assert_eq!((source.held(), server.count()), (None, 0));
    assert_eq!(access(&source), "at1");
    assert_eq!(source.held().unwrap(), "Bearer at1");
    // The leeway is 60 s, but never more than a tenth of the hundred seconds.
    clock.pass(Duration::from_millis(89_900));
    assert_eq!(access(&source), "at1");
    clock.pass(Duration::from_millis(200));
    assert_eq!(source.held(), None);
    assert_eq!(access(&source), "at2");
}

#[test]
fn a_token_has_expired_as_soon_as_either_clock_says_so() {
    let (server, clock) = (numbering(), ManualClock::new());
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    access(&source);
    // The wall clock jumps back an hour while the token's life passes.
    clock.wall.fetch_sub(3_600_000, Ordering::SeqCst);
    clock.pass(seconds(95));
    assert_eq!(source.held(), None);
    assert_eq!(access(&source), "at2");
    // The machine slept: the monotonic clock stood still.
    clock.wall.fetch_add(7_200_000, Ordering::SeqCst);
    assert_eq!(source.held(), None);
}

#[test]
fn a_token_goes_to_its_waiters_whatever_its_lifetime() {
    let server = FakeServer::new(|_, count| {
        json(200, &format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":0}}"#))
    });
    let source = source(&client(&server, &ManualClock::new()), ClientCredentials::new()).build().unwrap();
    assert_eq!((access(&source), access(&source)), ("at1".to_owned(), "at2".to_owned()));
}

#[test]
fn a_token_without_an_end_serves_on() {
    let server = FakeServer::new(|_, _| json(200, r#"{"access_token":"at","token_type":"Bearer"}"#));
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    access(&source);
    clock.pass(seconds(1_000_000));
    assert!(source.held().is_some());
}

#[test]
fn renewal_refreshes_and_sends_the_first_requests_parameters_again() {
    let (server, clock) = (rotating(), ManualClock::new());
    let grant = legacy::Password::new("alice", "pw").scope("a b").resource("https://api.example/").param("own", "1");
    let source = source(&client(&server, &clock), grant).build().unwrap();
    access(&source);
    clock.pass(seconds(100));
    assert_eq!(access(&source), "at2");
    assert_eq!(
        server.body(1),
        "grant_type=refresh_token&refresh_token=rt1&resource=https%3A%2F%2Fapi.example%2F&own=1"
    );
    clock.pass(seconds(100));
    access(&source);
    assert!(server.body(2).contains("refresh_token=rt2"));
}

#[test]
fn invalid_grant_falls_back_to_obtaining_anew_where_the_source_can() {
    let server = FakeServer::new(|request, count| match std::str::from_utf8(request.body()).unwrap() {
        body if body.contains("grant_type=refresh_token") => json(400, r#"{"error":"invalid_grant"}"#),
        _ => json(
            200,
            &format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":100,"refresh_token":"rt"}}"#),
        ),
    });
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), legacy::Password::new("alice", "pw")).build().unwrap();
    access(&source);
    clock.pass(seconds(100));
    assert_eq!(access(&source), "at3");
    assert!(server.body(2).starts_with("grant_type=password"));
}

#[test]
fn invalid_grant_after_a_login_means_that_the_person_must_log_in_and_is_asked_once() {
    let server = FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#));
    let clock = ManualClock::new();
    let token = Token::bearer("at").with_refresh_token("rt").with_expires_at(UnixTime::from_seconds(1));
    let source = source(&client(&server, &clock), Stored::new()).token(token).build().unwrap();
    for _ in 0..3 {
        let error = block_on(source.token()).unwrap_err();
        assert!(error.needs_login() && error.server_error() != Some("") && !error.is_transient(), "{error}");
        clock.pass(seconds(3600));
    }
    assert_eq!(server.count(), 1, "a dead refresh token is not sent again");
}

#[test]
fn a_password_that_was_refused_is_not_sent_again() {
    let server = FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#));
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), legacy::Password::new("alice", "wrong")).build().unwrap();
    assert_eq!(block_on(source.token()).unwrap_err().server_error(), Some("invalid_grant"));
    for _ in 0..3 {
        clock.pass(seconds(3600));
        assert!(block_on(source.token()).unwrap_err().needs_login());
    }
    assert_eq!(server.count(), 1);
}

#[test]
fn a_code_is_exchanged_once() {
    let server = FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#));
    let clock = ManualClock::new();
    let grant = AuthorizationCode::from_parts("c", "https://app.example/cb", "v".repeat(43));
    let source = source(&client(&server, &clock), grant).build().unwrap();
    for _ in 0..3 {
        assert!(block_on(source.token()).unwrap_err().needs_login());
        clock.pass(seconds(3600));
    }
    assert_eq!(server.count(), 1);
}

#[test]
fn a_transient_failure_is_shared_for_a_while_and_keeps_the_refresh_token() {
    let server = FakeServer::new(|_, count| match count {
        2..=4 => Ok(http::Response::builder().status(503).body(bytes::Bytes::new()).unwrap()),
        _ => json(
            200,
            &format!(
                r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":100,"refresh_token":"rt{count}"}}"#
            ),
        ),
    });
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), legacy::Password::new("alice", "pw")).build().unwrap();
    access(&source);
    clock.pass(seconds(100));
    // 1 s, then 2 s, then 4 s: within each, callers get the same error and nothing is sent.
    for (sent, wait) in [(2, 1), (3, 2), (4, 4)] {
        for _ in 0..5 {
            assert!(block_on(source.token()).unwrap_err().is_transient());
            assert_eq!(server.count(), sent);
        }
        clock.pass(seconds(wait) - Duration::from_millis(1));
        assert!(block_on(source.token()).is_err());
        assert_eq!(server.count(), sent);
        clock.pass(Duration::from_millis(1));
    }
    assert_eq!(access(&source), "at5");
    assert!(server.body(4).contains("refresh_token=rt1"));
}

#[test]
fn the_back_off_ends_at_thirty_seconds_and_retry_after_goes_before_it() {
    let server = FakeServer::new(|_, count| {
        let mut answer = http::Response::builder().status(503);
        if count == 1 {
            answer = answer.header("retry-after", "120");
        }
        Ok(answer.body(bytes::Bytes::new()).unwrap())
    });
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    assert_eq!(block_on(source.token()).unwrap_err().retry_after(), Some(seconds(120)));
    clock.pass(seconds(119));
    assert!(block_on(source.token()).is_err());
    assert_eq!(server.count(), 1);
    clock.pass(seconds(1));
    for _ in 0..10 {
        assert!(block_on(source.token()).is_err());
        clock.pass(seconds(30));
    }
    assert_eq!(server.count(), 11);
}

#[test]
fn the_listener_is_told_once_a_renewal_of_the_old_the_new_and_why() {
    type Seen = Arc<Mutex<Vec<(Option<String>, String, Renewal)>>>;
    struct Listener(Seen);
    impl OnChange for Listener {
        fn changed<'a>(
            &'a self,
            old: Option<&'a Token>,
            new: &'a Token,
            how: Renewal,
        ) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async move {
                let text = |token: &Token| token.access_token.reveal().to_owned();
                self.0.lock().unwrap().push((old.map(text), text(new), how));
                Ok(())
            })
        }
    }
    let seen: Seen = Arc::default();
    let (server, clock) = (rotating(), ManualClock::new());
    let source = source(&client(&server, &clock), legacy::Password::new("a", "b"))
        .on_change(Arc::new(Listener(Arc::clone(&seen))))
        .build()
        .unwrap();
    access(&source);
    access(&source);
    clock.pass(seconds(100));
    access(&source);
    assert_eq!(
        *seen.lock().unwrap(),
        [(None, "at1".to_owned(), Renewal::Obtained), (Some("at1".to_owned()), "at2".to_owned(), Renewal::Refreshed)]
    );
}

#[test]
fn the_listeners_error_reaches_the_caller_and_the_token_stays_usable() {
    struct Failing;
    impl OnChange for Failing {
        fn changed<'a>(
            &'a self,
            _: Option<&'a Token>,
            _: &'a Token,
            _: Renewal,
        ) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async {
                Err(Error::Callback { what: "on_change", source: Arc::new(std::io::Error::other("database is away")) })
            })
        }
    }
    let (server, clock) = (numbering(), ManualClock::new());
    let source =
        source(&client(&server, &clock), ClientCredentials::new()).on_change(Arc::new(Failing)).build().unwrap();
    let error = block_on(source.token()).unwrap_err();
    assert!(error.to_string().contains("database is away"), "{error}");
    assert_eq!(access(&source), "at1");
    assert_eq!(server.count(), 1);
}

#[test]
fn only_the_token_that_was_rejected_is_thrown_away() {
    let (server, clock) = (numbering(), ManualClock::new());
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    let first = block_on(source.header()).unwrap();
    let second = block_on(source.after_rejection(&first)).unwrap();
    assert_eq!(second, "Bearer at2");
    // A slower caller whose request still carried the first token gets the second, and no third is asked for.
    assert_eq!(block_on(source.after_rejection(&first)).unwrap(), second);
    assert_eq!(server.count(), 2);
}

#[test]
fn early_renewal_runs_in_the_background_and_callers_keep_the_held_token() {
    let (server, clock, queue) = (numbering(), ManualClock::new(), Arc::new(Queue::default()));
    let client = Client::new(literal(), ports(&server, &clock, queue.clone())).unwrap();
    let source = source(&client, ClientCredentials::new()).renew_early(seconds(30)).build().unwrap();
    let (asking, running) = (source.clone(), queue.clone());
    let asked = std::thread::spawn(move || access(&asking));
    while running.run() == 0 {
        std::thread::yield_now();
    }
    asked.join().unwrap();
    clock.pass(seconds(50));
    assert_eq!(source.held().unwrap(), "Bearer at1");
    assert_eq!(queue.0.lock().unwrap().len(), 0);
    // 10 s of leeway, 30 s early and at most 3 s by chance: due at 57 to 60 s.
    clock.pass(seconds(11));
    for _ in 0..5 {
        assert_eq!(source.held().unwrap(), "Bearer at1");
    }
    assert_eq!(queue.run(), 1, "one renewal, however many callers noticed");
    assert_eq!(source.held().unwrap(), "Bearer at2");
    assert_eq!(server.count(), 2);
}

#[test]
fn a_caller_that_goes_away_takes_nothing_with_it() {
    let (server, clock, queue) = (rotating(), ManualClock::new(), Arc::new(Queue::default()));
    let client = Client::new(literal(), ports(&server, &clock, queue.clone())).unwrap();
    let source = source(&client, legacy::Password::new("a", "b")).build().unwrap();
    {
        let mut caller = Box::pin(source.token());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(caller.as_mut().poll(&mut context).is_pending());
        // Dropped here, while the renewal is on its way.
    }
    assert_eq!(queue.run(), 1);
    assert_eq!(source.held().unwrap(), "Bearer at1");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_renewal_that_is_dropped_fails_its_waiters_and_opens_the_gate() {
    let (server, clock, queue) = (numbering(), ManualClock::new(), Arc::new(Queue::default()));
    let client = Client::new(literal(), ports(&server, &clock, queue.clone())).unwrap();
    let source = source(&client, ClientCredentials::new()).build().unwrap();
    let mut caller = Box::pin(source.token());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(caller.as_mut().poll(&mut context).is_pending());
    // The runtime dies with everything on it.
    queue.0.lock().unwrap().clear();
    let error = block_on(caller).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }) && error.is_transient(), "{error}");
    let mut caller = Box::pin(source.token());
    assert!(caller.as_mut().poll(&mut context).is_pending());
    assert_eq!(queue.run(), 1);
    assert_eq!(block_on(caller).unwrap().access_token.reveal(), "at1");
}

#[test]
fn a_closed_source_starts_nothing_and_the_held_token_serves_on() {
    let (server, clock) = (numbering(), ManualClock::new());
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    access(&source);
    block_on(source.close());
    assert_eq!(access(&source), "at1");
    clock.pass(seconds(100));
    assert!(matches!(block_on(source.token()).unwrap_err(), Error::Interrupted { .. }));
    assert_eq!(server.count(), 1);
}

#[test]
fn a_stored_token_is_taken_up_without_a_request() {
    let (server, clock, store) = (numbering(), ManualClock::new(), Arc::new(FakeStore::default()));
    *store.record.lock().unwrap() = Some(stored_login(&clock, 500));
    let client = client(&server, &clock);
    let source = source(&client, ClientCredentials::new()).store(Arc::new(Shared(store))).build().unwrap();
    assert_eq!(access(&source), "stored");
    assert_eq!(server.count(), 0);
    assert_eq!(client.counters().adoptions, 1);
}

#[test]
fn a_stored_token_from_the_future_counts_as_expired() {
    let (server, clock, store) = (numbering(), ManualClock::new(), Arc::new(FakeStore::default()));
    let mut record = stored_login(&clock, 5000);
    let token = record.token.as_mut().unwrap();
    token.refresh_token = None;
    token.obtained_at = Some(UnixTime::from_millis(clock.wall.load(Ordering::SeqCst)).after(seconds(3600)));
    *store.record.lock().unwrap() = Some(record);
    let source =
        source(&client(&server, &clock), ClientCredentials::new()).store(Arc::new(Shared(store))).build().unwrap();
    assert_eq!(access(&source), "at1");
}

#[test]
fn the_intent_is_written_before_the_request_and_gone_after_the_save() {
    let (clock, store) = (ManualClock::new(), Arc::new(FakeStore::default()));
    let seen = Arc::clone(&store);
    let server = FakeServer::new(move |_, _| {
        let record = seen.stored();
        assert!(record.intent.is_some());
        assert_eq!(record.token.unwrap().refresh_token.unwrap().reveal(), "stored-rt");
        json(200, r#"{"access_token":"new","token_type":"Bearer","expires_in":100,"refresh_token":"new-rt"}"#)
    });
    *store.record.lock().unwrap() = Some(stored_login(&clock, 0));
    let source = source(&client(&server, &clock), Stored::new())
        .account("alice")
        .store(Arc::new(Shared(store.clone())))
        .build()
        .unwrap();
    assert_eq!(access(&source), "new");
    let record = store.stored();
    assert_eq!((record.intent, record.token.unwrap().refresh_token.unwrap().reveal()), (None, "new-rt"));
    assert_eq!(*store.log.lock().unwrap(), ["lock", "load", "prepare", "save"]);
    assert_eq!(store.locks.load(Ordering::SeqCst), 0);
}

#[test]
fn a_full_disk_is_found_before_anything_is_sent() {
    let (server, clock, store) = (numbering(), ManualClock::new(), Arc::new(FakeStore::default()));
    store.fail_prepare.store(true, Ordering::SeqCst);
    let source =
        source(&client(&server, &clock), ClientCredentials::new()).store(Arc::new(Shared(store))).build().unwrap();
    assert!(matches!(block_on(source.token()).unwrap_err(), Error::Store(error) if error.kind == StoreErrorKind::Full));
    assert_eq!(server.count(), 0);
}

#[test]
fn an_intent_found_spares_the_refresh_token_while_the_access_token_lives() {
    let (server, clock, store) = (rotating(), ManualClock::new(), Arc::new(FakeStore::default()));
    // Five seconds left of fifteen, and so within no leeway worth a refresh that may be a second one.
    let mut record = stored_login(&clock, 5);
    record.intent = Some(Intent::new("left behind", UnixTime::from_seconds(1)));
    *store.record.lock().unwrap() = Some(record);
    let source = source(&client(&server, &clock), Stored::new())
        .account("alice")
        .store(Arc::new(Shared(store)))
        .build()
        .unwrap();
    assert_eq!(access(&source), "stored");
    assert_eq!(server.count(), 0);
    clock.pass(seconds(6));
    assert_eq!(access(&source), "at1");
    assert!(server.body(0).contains("refresh_token=stored-rt"));
}

#[test]
fn an_intent_found_and_invalid_grant_mean_that_the_person_must_log_in() {
    let server = FakeServer::new(|_, _| json(400, r#"{"error":"invalid_grant"}"#));
    let (clock, store) = (ManualClock::new(), Arc::new(FakeStore::default()));
    let mut record = stored_login(&clock, 0);
    record.intent = Some(Intent::new("left behind", UnixTime::from_seconds(1)));
    *store.record.lock().unwrap() = Some(record);
    let source = source(&client(&server, &clock), Stored::new())
        .account("alice")
        .store(Arc::new(Shared(store.clone())))
        .build()
        .unwrap();
    let error = block_on(source.token()).unwrap_err();
    assert!(error.needs_login() && error.to_string().contains("cut off"), "{error}");
    assert_eq!(server.count(), 1);
    let record = store.stored();
    assert!(record.intent.is_none() && record.token.unwrap().refresh_token.is_none());
}

#[test]
fn a_lost_answer_leaves_the_intent_and_a_request_never_sent_leaves_none() {
    for (kind, left) in
        [(TransportErrorKind::Broken, true), (TransportErrorKind::Timeout, true), (TransportErrorKind::Connect, false)]
    {
        let server = FakeServer::new(move |_, _| Err(TransportError::new(kind, "test")));
        let (clock, store) = (ManualClock::new(), Arc::new(FakeStore::default()));
        *store.record.lock().unwrap() = Some(stored_login(&clock, 0));
        let source = source(&client(&server, &clock), Stored::new())
            .account("alice")
            .store(Arc::new(Shared(store.clone())))
            .build()
            .unwrap();
        assert!(block_on(source.token()).unwrap_err().is_transient());
        let record = store.stored();
        assert_eq!(record.intent.is_some(), left, "{kind:?}");
        assert!(record.token.unwrap().refresh_token.is_some(), "a transient failure keeps the refresh token");
    }
}

#[test]
fn a_failed_save_keeps_the_lock_and_is_made_up_for_before_anything_else() {
    let (server, clock, store) = (rotating(), ManualClock::new(), Arc::new(FakeStore::default()));
    *store.record.lock().unwrap() = Some(stored_login(&clock, 0));
    let source = source(&client(&server, &clock), Stored::new())
        .account("alice")
        .store(Arc::new(Shared(store.clone())))
        .build()
        .unwrap();
    store.fail_save.store(true, Ordering::SeqCst);
    assert!(matches!(block_on(source.token()).unwrap_err(), Error::Store(_)));
    assert_eq!(access(&source), "at1", "the new token is usable");
    assert_eq!(store.locks.load(Ordering::SeqCst), 1, "the lock is kept");
    clock.pass(seconds(100));
    assert!(matches!(block_on(source.token()).unwrap_err(), Error::Store(_)));
    assert_eq!(server.count(), 1, "nothing is sent while the last token is not saved");
    store.fail_save.store(false, Ordering::SeqCst);
    clock.pass(seconds(60));
    assert_eq!(access(&source), "at2");
    assert!(server.body(1).contains("refresh_token=rt1"));
    assert_eq!(store.stored().token.unwrap().access_token.reveal(), "at2");
    assert_eq!(store.locks.load(Ordering::SeqCst), 0);
}

#[test]
fn a_login_is_stored_before_it_is_used_and_goes_before_what_was_stored() {
    let (server, clock, store) = (numbering(), ManualClock::new(), Arc::new(FakeStore::default()));
    *store.record.lock().unwrap() = Some(stored_login(&clock, 5000));
    let token = Token::bearer("fresh login");
    let source = source(&client(&server, &clock), Stored::new())
        .token(Token::bearer("fresh-login"))
        .account("alice")
        .store(Arc::new(Shared(store.clone())))
        .build()
        .unwrap();
    drop(token);
    block_on(source.save()).unwrap();
    assert_eq!(store.stored().token.unwrap().access_token.reveal(), "fresh-login");
    assert_eq!(access(&source), "fresh-login");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_store_for_a_persons_token_wants_to_know_whose_it_is() {
    let (server, clock) = (numbering(), ManualClock::new());
    let client = client(&server, &clock);
    let store = || Arc::new(Shared(Arc::new(FakeStore::default())));
    let error = source(&client, Stored::new()).store(store()).build().unwrap_err();
    assert!(error.to_string().contains("account"), "{error}");
    source(&client, ClientCredentials::new()).store(store()).build().unwrap();
    source(&client, legacy::Password::new("alice", "pw")).store(store()).build().unwrap();
}

#[test]
fn another_processs_renewal_is_taken_up_in_the_place_of_a_request() {
    let (server, clock, store) = (rotating(), ManualClock::new(), Arc::new(FakeStore::default()));
    let client = client(&server, &clock);
    let make =
        || source(&client, Stored::new()).account("alice").store(Arc::new(Shared(store.clone()))).build().unwrap();
    *store.record.lock().unwrap() = Some(stored_login(&clock, 500));
    let (one, two) = (make(), make());
    assert_eq!((access(&one), access(&two)), ("stored".to_owned(), "stored".to_owned()));
    clock.pass(seconds(500));
    assert_eq!(access(&one), "at1");
    assert_eq!(access(&two), "at1");
    assert_eq!(server.count(), 1);
    // Likewise after a rejection: the other's newer token serves.
    let rejected = block_on(one.header()).unwrap();
    assert_eq!(block_on(one.after_rejection(&rejected)).unwrap(), "Bearer at2");
    assert_eq!(block_on(two.after_rejection(&rejected)).unwrap(), "Bearer at2");
    assert_eq!(server.count(), 2);
}
