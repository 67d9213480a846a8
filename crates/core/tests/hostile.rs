//! What a hostile reader tried: waits for oneself, panics, storms, clocks, moved requests.

mod support;

use bytes::Bytes;
use grantee_core::error::{StoreError, StoreErrorKind, TransportError, TransportErrorKind};
use grantee_core::grant::{ClientCredentials, Stored, legacy};
use grantee_core::hooks::{Hook, TokenAnswer};
use grantee_core::ports::{BoxFuture, Request};
use grantee_core::session::call::{Placement, call};
use grantee_core::session::{OnChange, Renewal, Source, SourceBuilder};
use grantee_core::store::{Intent, Record, Store, StoreLock, TokenKey};
use grantee_core::wire::draft::Draft;
use grantee_core::{Client, Config, Error, Token, UnixTime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use support::*;

/// One record and one lock.
#[derive(Default)]
struct Kept {
    record: Mutex<Option<Record>>,
    /// What the next save does: nothing wrong, fail, panic.
    save: AtomicUsize,
    held: Arc<AtomicUsize>,
    locks: AtomicUsize,
    keys: Mutex<Vec<TokenKey>>,
}

const FAIL: usize = 1;
const PANIC: usize = 2;

struct Lock(Arc<AtomicUsize>);

impl StoreLock for Lock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct InMemory(Arc<Kept>);

impl Store for InMemory {
    fn load<'a>(&'a self, _: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async { Ok(self.0.record.lock().unwrap().clone()) })
    }

    fn lock<'a>(&'a self, key: &'a TokenKey, _: Duration) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async {
            self.0.keys.lock().unwrap().push(*key);
            self.0.locks.fetch_add(1, Ordering::SeqCst);
            if self.0.held.fetch_add(1, Ordering::SeqCst) > 0 {
                self.0.held.fetch_sub(1, Ordering::SeqCst);
                return Err(StoreError::new(StoreErrorKind::Busy, "held"));
            }
            Ok(Box::new(Lock(Arc::clone(&self.0.held))) as Box<dyn StoreLock>)
        })
    }

    fn prepare<'a>(
        &'a self,
        _: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.record.lock().unwrap() = Some(record.clone());
            Ok(())
        })
    }

    fn save<'a>(
        &'a self,
        _: &'a TokenKey,
        record: &'a Record,
        _: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            match self.0.save.load(Ordering::SeqCst) {
                FAIL => return Err(StoreError::new(StoreErrorKind::Full, "full")),
                PANIC => panic!("as the test wants"),
                _ => *self.0.record.lock().unwrap() = Some(record.clone()),
            }
            Ok(())
        })
    }

    fn remove<'a>(&'a self, _: &'a TokenKey, _: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.record.lock().unwrap() = None;
            Ok(())
        })
    }
}

impl Kept {
    fn with(clock: &ManualClock, expires_in: i64) -> Arc<Self> {
        let now = clock.wall.load(Ordering::SeqCst);
        let mut token = Token::bearer("stored").with_refresh_token("stored-rt");
        token.obtained_at = Some(UnixTime::from_millis(now - 100_000));
        token.expires_at = Some(UnixTime::from_millis(now + expires_in * 1000));
        let mut record = Record::new("https://as.example/token", "svc");
        record.token = Some(token);
        let kept = Self::default();
        *kept.record.lock().unwrap() = Some(record);
        Arc::new(kept)
    }

    fn leave_intent(&self) {
        let intent = Some(Intent::new("left behind", UnixTime::from_seconds(1)));
        self.record.lock().unwrap().as_mut().unwrap().intent = intent;
    }

    fn token(&self) -> Token {
        self.record.lock().unwrap().clone().unwrap().token.unwrap()
    }

    fn intent(&self) -> bool {
        self.record.lock().unwrap().clone().unwrap().intent.is_some()
    }
}

fn stored(client: &Client, kept: &Arc<Kept>) -> SourceBuilder {
    source(client, Stored::new()).account("alice").store(Arc::new(InMemory(Arc::clone(kept))))
}

fn hooked(server: &Arc<FakeServer>, clock: &Arc<ManualClock>, hook: impl Hook + 'static) -> Client {
    let mut config: Config = literal();
    config.members_mut().introspection_endpoint = Some("https://as.example/introspect".to_owned());
    config.add_hook(Arc::new(hook));
    Client::new(config, ports(server, clock, Arc::new(Inline))).unwrap()
}

#[test]
fn a_session_that_its_own_renewal_waits_for_is_an_error_and_no_deadlock() {
    #[derive(Default)]
    struct Own(OnceLock<Source>, Mutex<Vec<String>>);
    struct Listening(Arc<Own>);
    impl OnChange for Listening {
        fn changed<'a>(
            &'a self,
            _: Option<&'a Token>,
            _: &'a Token,
            _: Renewal,
        ) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async move {
                let Listening(own) = self;
                let source = own.0.get().unwrap();
                // The new token is there already; another one, or forgetting it, would wait for this very renewal.
                let seen = [source.renew().await.unwrap_err(), source.forget().await.unwrap_err()];
                own.1.lock().unwrap().extend(seen.map(|error| error.code().to_owned()));
                source.token().await?;
                source.close().await;
                Ok(())
            })
        }
    }
    impl Hook for Listening {
        fn before_token_request<'a>(&'a self, _: &'a mut Draft) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async move {
                let seen = self.0.0.get().unwrap().header().await.unwrap_err();
                self.0.1.lock().unwrap().push(seen.code().to_owned());
                Ok(())
            })
        }
    }
    let own = Arc::new(Own::default());
    let client = hooked(&rotating(), &ManualClock::new(), Listening(Arc::clone(&own)));
    let source =
        source(&client, ClientCredentials::new()).on_change(Arc::new(Listening(Arc::clone(&own)))).build().unwrap();
    assert!(own.0.set(source.clone()).is_ok());
    assert_eq!(access(&source), "at1");
    assert_eq!(*own.1.lock().unwrap(), ["configuration"; 3]);
}

#[test]
fn a_save_that_panics_loses_no_rotated_refresh_token() {
    let (server, clock) = (rotating(), ManualClock::new());
    let kept = Kept::with(&clock, 0);
    let source = stored(&client(&server, &clock), &kept).build().unwrap();
    kept.save.store(PANIC, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(source.token()))).is_err());
    assert_eq!(kept.held.load(Ordering::SeqCst), 1, "the lock is kept");
    assert_eq!(access(&source), "at1", "the new token is usable");
    // Again, while it is made up for.
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(source.save()))).is_err());
    kept.save.store(0, Ordering::SeqCst);
    block_on(source.save()).unwrap();
    assert_eq!(kept.token().refresh_token.unwrap().reveal(), "rt1");
    clock.pass(seconds(100));
    assert_eq!(access(&source), "at2");
    assert!(server.body(1).contains("refresh_token=rt1"));
    assert_eq!(kept.held.load(Ordering::SeqCst), 0);
}

#[test]
fn a_token_that_could_not_be_saved_is_saved_by_save_by_the_next_look_and_by_close() {
    for way in ["save", "look", "close"] {
        let (server, clock) = (rotating(), ManualClock::new());
        let kept = Kept::with(&clock, 0);
        let source = stored(&client(&server, &clock), &kept).build().unwrap();
        kept.save.store(FAIL, Ordering::SeqCst);
        assert!(block_on(source.token()).is_err());
        assert!(block_on(source.save()).is_err(), "it is not saved yet");
        kept.save.store(0, Ordering::SeqCst);
        if way != "close" {
            clock.pass(seconds(31));
        }
        match way {
            "save" => block_on(source.save()).unwrap(),
            "look" => assert_eq!(source.held().unwrap(), "Bearer at1"),
            _ => block_on(source.close()),
        }
        assert_eq!(kept.token().access_token.reveal(), "at1", "{way}");
        assert_eq!((kept.held.load(Ordering::SeqCst), server.count()), (0, 1), "{way}");
    }
}

#[test]
fn what_is_forgotten_stays_forgotten_when_a_renewal_is_under_way() {
    let (server, clock, queue) = (rotating(), ManualClock::new(), Arc::new(Queue::default()));
    let client = Client::new(literal(), ports(&server, &clock, queue.clone())).unwrap();
    let source = source(&client, Stored::new())
        .token(Token::bearer("at").with_refresh_token("rt").with_expires_at(UnixTime::from_seconds(1)))
        .build()
        .unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut caller = Box::pin(source.token());
    assert!(caller.as_mut().poll(&mut context).is_pending());
    let mut forgetting = Box::pin(source.forget());
    assert!(forgetting.as_mut().poll(&mut context).is_pending());
    assert_eq!(queue.run(), 1, "the renewal");
    assert!(forgetting.as_mut().poll(&mut context).is_pending());
    assert_eq!(queue.run(), 1, "the forgetting");
    assert!(matches!(forgetting.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
    assert_eq!(block_on(caller).unwrap().access_token.reveal(), "at1");
    assert_eq!(source.held(), None);
}

#[test]
fn forgetting_after_a_failed_save_uses_the_lock_that_is_held_already() {
    let (server, clock) = (rotating(), ManualClock::new());
    let kept = Kept::with(&clock, 0);
    let source = stored(&client(&server, &clock), &kept).build().unwrap();
    kept.save.store(FAIL, Ordering::SeqCst);
    assert!(block_on(source.token()).is_err());
    block_on(source.forget()).unwrap();
    assert!(kept.record.lock().unwrap().is_none());
    assert_eq!((source.held(), kept.held.load(Ordering::SeqCst)), (None, 0));
}

#[test]
fn a_retry_after_of_zero_starts_no_storm() {
    let server = FakeServer::new(|_, _| {
        Ok(http::Response::builder().status(503).header("retry-after", "0").body(Bytes::new()).unwrap())
    });
    let clock = ManualClock::new();
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    for _ in 0..100 {
        assert!(block_on(source.token()).is_err());
        clock.pass(Duration::from_millis(9));
    }
    assert_eq!(server.count(), 1);
}

#[test]
fn an_answer_that_a_hook_refused_leaves_the_intent_and_a_request_it_stopped_leaves_none() {
    struct Refusing(bool);
    impl Hook for Refusing {
        fn before_token_request<'a>(&'a self, _: &'a mut Draft) -> BoxFuture<'a, grantee_core::Result<()>> {
            let stop = self.0;
            Box::pin(async move {
                if stop { Err(TransportError::new(TransportErrorKind::Timeout, "own").into()) } else { Ok(()) }
            })
        }
        fn on_token_answer<'a>(
            &'a self,
            _: TokenAnswer,
            _: &'a mut http::Response<Bytes>,
        ) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async { Err(Error::config("not like this", "")) })
        }
    }
    for stop in [true, false] {
        let (server, clock) = (rotating(), ManualClock::new());
        let kept = Kept::with(&clock, 0);
        let source = stored(&hooked(&server, &clock, Refusing(stop)), &kept).build().unwrap();
        assert!(block_on(source.token()).is_err());
        assert_eq!((kept.intent(), server.count()), (!stop, usize::from(!stop)));
    }
}

#[test]
fn renewing_in_a_new_process_brings_a_new_token_however_fresh_the_stored_one_is() {
    let (server, clock) = (rotating(), ManualClock::new());
    let kept = Kept::with(&clock, 5000);
    let source = stored(&client(&server, &clock), &kept).build().unwrap();
    assert_eq!(block_on(source.renew()).unwrap().access_token.reveal(), "at1");
    assert!(server.body(0).contains("refresh_token=stored-rt"));
}

#[test]
fn whoever_asks_for_the_token_itself_starts_an_early_renewal_too() {
    let (server, clock) = (rotating(), ManualClock::new());
    let source = source(&client(&server, &clock), ClientCredentials::new()).renew_early(seconds(30)).build().unwrap();
    access(&source);
    clock.pass(seconds(61));
    access(&source);
    assert_eq!(server.count(), 2);
}

#[test]
fn a_longest_early_renewal_and_leeway_are_no_panic() {
    let (server, clock) = (rotating(), ManualClock::new());
    let far = UnixTime::from_millis(clock.wall.load(Ordering::SeqCst)).after(seconds(5000));
    for token in [Token::bearer("at").with_expires_at(far), Token::bearer("at")] {
        let source = source(&client(&server, &clock), ClientCredentials::new())
            .token(token)
            .leeway(Duration::MAX)
            .renew_early(Duration::MAX)
            .build()
            .unwrap();
        access(&source);
    }
}

#[test]
fn names_and_values_of_parameters_do_not_run_together_in_the_key() {
    let (server, clock, kept) = (rotating(), ManualClock::new(), Arc::new(Kept::default()));
    for (name, value) in [("a=b", "c"), ("a", "b=c")] {
        let grant = ClientCredentials::new().param(name, value);
        let store = Arc::new(InMemory(Arc::clone(&kept)));
        let _ = block_on(source(&client(&server, &clock), grant).store(store).build().unwrap().token());
    }
    let keys = kept.keys.lock().unwrap();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn under_an_intent_a_token_from_the_future_does_not_serve() {
    let (server, clock) = (rotating(), ManualClock::new());
    let kept = Kept::with(&clock, 5000);
    kept.leave_intent();
    let future = UnixTime::from_millis(clock.wall.load(Ordering::SeqCst)).after(seconds(3600));
    kept.record.lock().unwrap().as_mut().unwrap().token.as_mut().unwrap().obtained_at = Some(future);
    assert_eq!(access(&stored(&client(&server, &clock), &kept).build().unwrap()), "at1");
}

#[test]
fn under_an_intent_the_token_serves_to_its_end_without_asking_the_store_each_time() {
    let (server, clock) = (rotating(), ManualClock::new());
    let kept = Kept::with(&clock, 100);
    kept.leave_intent();
    let source = stored(&client(&server, &clock), &kept).renew_early(seconds(3600)).build().unwrap();
    access(&source);
    clock.pass(seconds(99));
    for _ in 0..10 {
        assert_eq!(source.held().unwrap(), "Bearer stored");
    }
    assert_eq!((kept.locks.load(Ordering::SeqCst), server.count()), (1, 0));
    clock.pass(seconds(1));
    assert_eq!(access(&source), "at1");
}

#[test]
fn the_leeway_of_a_token_of_unknown_age_is_a_tenth_of_what_is_left() {
    let (server, clock) = (rotating(), ManualClock::new());
    let soon = UnixTime::from_millis(clock.wall.load(Ordering::SeqCst)).after(seconds(30));
    let source = source(&client(&server, &clock), Stored::new())
        .token(Token::bearer("short").with_expires_at(soon))
        .build()
        .unwrap();
    assert_eq!(access(&source), "short");
    clock.pass(seconds(28));
    assert_eq!(source.held(), None);
}

#[test]
fn a_wall_clock_set_back_while_the_server_answers_makes_no_token_live_longer() {
    let clock = ManualClock::new();
    let back = Arc::clone(&clock);
    let server = FakeServer::new(move |_, count| {
        back.wall.fetch_sub(3_600_000, Ordering::SeqCst);
        json(200, &format!(r#"{{"access_token":"at{count}","token_type":"Bearer","expires_in":100}}"#))
    });
    let source = source(&client(&server, &clock), ClientCredentials::new()).build().unwrap();
    access(&source);
    clock.pass(seconds(100));
    assert_eq!(source.held(), None);
}

#[test]
fn a_dead_refresh_token_is_not_sent_again_when_obtaining_anew_fails_too() {
    let server = FakeServer::new(|request, count| match std::str::from_utf8(request.body()).unwrap() {
        body if body.contains("grant_type=refresh_token") => json(400, r#"{"error":"invalid_grant"}"#),
        _ if count == 3 => Err(TransportError::new(TransportErrorKind::Timeout, "test")),
        _ => json(200, r#"{"access_token":"at","token_type":"Bearer","expires_in":100,"refresh_token":"rt"}"#),
    });
    for keep in [false, true] {
        server.requests.lock().unwrap().clear();
        let (clock, kept) = (ManualClock::new(), Arc::new(Kept::default()));
        let mut builder = source(&client(&server, &clock), legacy::Password::new("alice", "pw"));
        if keep {
            builder = builder.store(Arc::new(InMemory(Arc::clone(&kept))));
        }
        let source = builder.build().unwrap();
        access(&source);
        clock.pass(seconds(100));
        assert!(block_on(source.token()).unwrap_err().is_transient());
        clock.pass(seconds(60));
        access(&source);
        let refreshes = (0..server.count()).filter(|&at| server.body(at).contains("grant_type=refresh_token")).count();
        assert_eq!((refreshes, server.count()), (1, 4));
    }
}

#[test]
fn a_caller_who_joins_a_flight_that_brings_the_rejected_token_gets_another() {
    let (server, clock, queue) = (rotating(), ManualClock::new(), Arc::new(Queue::default()));
    let client = Client::new(literal(), ports(&server, &clock, queue.clone())).unwrap();
    let kept = Kept::with(&clock, 100);
    let source = stored(&client, &kept).renew_early(seconds(3600)).build().unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut first = Box::pin(source.header());
    assert!(first.as_mut().poll(&mut context).is_pending());
    queue.run();
    let header = block_on(first).unwrap();
    // An early renewal is under way, finds an intent, and brings the old token again.
    kept.leave_intent();
    let _ = source.held();
    let mut rejected = Box::pin(source.after_rejection(&header));
    assert!(rejected.as_mut().poll(&mut context).is_pending());
    queue.run();
    assert!(rejected.as_mut().poll(&mut context).is_pending());
    queue.run();
    assert_eq!(block_on(rejected).unwrap(), "Bearer at1");
}

#[test]
fn a_hook_can_move_no_token_to_where_the_caller_did_not_mean_it_to_go() {
    struct Moving;
    impl Hook for Moving {
        fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async move {
                let moved = request.uri().path().replacen('/', "http://", 1);
                *request.uri_mut() = moved.parse().unwrap();
                Ok(())
            })
        }
        fn before_introspection_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, grantee_core::Result<()>> {
            Box::pin(async move {
                draft.url = url::Url::parse("http://elsewhere.example/").unwrap();
                Ok(())
            })
        }
    }
    let server = rotating();
    let client = hooked(&server, &ManualClock::new(), Moving);
    let source = source(&client, ClientCredentials::new()).build().unwrap();
    for path in ["elsewhere.example/x", "api.example/x"] {
        let request = http::Request::get(format!("https://api.example/{path}")).body(Bytes::new()).unwrap();
        let error = block_on(call(&source, request, Placement::Header)).unwrap_err();
        assert!(error.to_string().contains("another origin"), "{error}");
    }
    let error = block_on(client.introspect_as("t", &Token::bearer("s3cret"))).unwrap_err();
    assert!(error.to_string().contains("http"), "{error}");
    assert_eq!(server.count(), 0, "nothing was sent");
}

#[test]
fn debug_of_a_record_shows_no_value_that_others_keep_in_it() {
    let mut record = Record::new("i", "c");
    record.token = Some(Token::bearer("s3cret"));
    record.extra.insert("registration_access_token".to_owned(), "s3cret".into());
    assert!(!format!("{record:?}").contains("s3cret"), "{record:?}");
}
