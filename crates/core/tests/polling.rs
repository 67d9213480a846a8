//! Polling, on virtual time: when the token endpoint is asked, and when no more (RFC 8628 sections 3.4 and 3.5).

mod support;

use bytes::Bytes;
use grantee_core::error::{TransportError, TransportErrorKind};
use grantee_core::grant::polling::{PollState, Polling, Schedule};
use grantee_core::grant::{Grant, GrantContext, TokenParameters};
use grantee_core::ports::{BoxFuture, Cancel, Clock, Ports, WaitEnd};
use grantee_core::{Client, Error, Params, Result, UnixTime};
use std::future::Future as _;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use support::{FakeServer, Inline, ManualClock, Time, block_on, json, literal, ports, seconds};

const START: i64 = 1_700_000_000;

/// A grant that takes a person's time.
struct Slow {
    schedule: Schedule,
    parameters: TokenParameters,
}

impl Grant for Slow {
    fn grant_type(&self) -> &str {
        "urn:example:slow"
    }
    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new()) })
    }
    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }
    fn is_repeatable(&self) -> bool {
        false
    }
    fn polling(&self) -> Option<Schedule> {
        Some(self.schedule.clone())
    }
}

type Scripted = Result<http::Response<Bytes>, TransportError>;

fn pending() -> Scripted {
    json(400, r#"{"error":"authorization_pending"}"#)
}
fn slow_down() -> Scripted {
    json(400, r#"{"error":"slow_down"}"#)
}
fn granted() -> Scripted {
    json(200, r#"{"access_token":"at","token_type":"Bearer","expires_in":100,"refresh_token":"rt"}"#)
}
fn down() -> Scripted {
    Err(TransportError::new(TransportErrorKind::Timeout, "no answer"))
}
fn with_retry_after(answer: Scripted, wait: &str) -> Scripted {
    answer.map(|mut answer| {
        answer.headers_mut().insert("retry-after", wait.parse().unwrap());
        answer
    })
}

/// A clock that obeys its switch, and throws another one at some moment.
struct Obeying {
    time: Time,
    throws: Mutex<Option<(Duration, Cancel)>>,
}

impl Clock for Obeying {
    fn now(&self) -> UnixTime {
        self.time.now()
    }
    fn monotonic(&self) -> Duration {
        self.time.monotonic()
    }
    fn sleep_or_cancel<'a>(&'a self, duration: Duration, cancel: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        Box::pin(async move {
            if cancel.is_cancelled() {
                return WaitEnd::Cancelled;
            }
            if let Some((after, switch)) = self.throws.lock().unwrap().take_if(|(after, _)| *after <= duration) {
                self.time.0.pass(after);
                switch.cancel();
                return WaitEnd::Cancelled;
            }
            self.time.0.pass(duration);
            WaitEnd::Elapsed
        })
    }
}

struct World {
    client: Client,
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
    /// When requests were made, in milliseconds since the start.
    asked: Arc<Mutex<Vec<i64>>>,
}

/// Answers by the list, and pending when that is at its end. `slow` is how long each answer takes.
fn world(script: Vec<Scripted>) -> World {
    world_with(script, Duration::ZERO, None)
}

fn world_with(script: Vec<Scripted>, slow: Duration, throws: Option<(Duration, Cancel)>) -> World {
    let clock = ManualClock::new();
    let (script, asked) = (Mutex::new(script.into_iter()), Arc::new(Mutex::new(Vec::new())));
    let (ticking, noted) = (Arc::clone(&clock), Arc::clone(&asked));
    let server = FakeServer::new(move |_, _| {
        noted.lock().unwrap().push(Time(Arc::clone(&ticking)).now().millis() - START * 1000);
        ticking.pass(slow);
        script.lock().unwrap().next().unwrap_or_else(pending)
    });
    let ports = Ports {
        clock: Arc::new(Obeying { time: Time(Arc::clone(&clock)), throws: Mutex::new(throws) }),
        ..ports(&server, &clock, Arc::new(Inline))
    };
    World { client: Client::new(literal(), ports).unwrap(), server, clock, asked }
}

impl World {
    fn grant(&self, interval: Duration, expires_in: Duration) -> Slow {
        Slow { schedule: schedule(expires_in).interval(interval), parameters: TokenParameters::default() }
    }

    fn polling(&self, grant: Slow) -> Polling {
        self.client.polling(Arc::new(grant)).unwrap()
    }

    fn asked(&self) -> Vec<i64> {
        self.asked.lock().unwrap().iter().map(|millis| millis / 1000).collect()
    }

    /// All states with when they came.
    fn states(&self, grant: Slow) -> Vec<(u64, String)> {
        let mut polling = self.polling(grant);
        let mut states = Vec::new();
        while let Some(state) = block_on(polling.next()) {
            let since = Time(Arc::clone(&self.clock)).now().since(UnixTime::from_seconds(START)).as_secs();
            states.push((since, name(&state)));
        }
        states
    }
}

fn schedule(expires_in: Duration) -> Schedule {
    Schedule::new(UnixTime::from_seconds(START), expires_in)
}

fn name(state: &PollState) -> String {
    match state {
        PollState::Waiting { until, attempt } => format!("waiting for {attempt} at {}", until.seconds() - START),
        PollState::Pending => "pending".to_owned(),
        PollState::SlowDown { interval } => format!("slow down to {}", interval.as_secs()),
        PollState::Unreachable { error, retry_in } => format!("{}, again in {}", error.code(), retry_in.as_secs()),
        PollState::Granted(login) => format!("granted {}", login.token.access_token.reveal()),
        PollState::Denied(error) => format!("denied: {}", error.server_error().unwrap()),
        PollState::Expired(error) => format!("expired: {}", error.code()),
        PollState::Failed(error) => format!("failed: {}", error.code()),
        PollState::Cancelled => "cancelled".to_owned(),
        _ => unreachable!(),
    }
}

fn named(states: &[(u64, &str)]) -> Vec<(u64, String)> {
    states.iter().map(|(at, name)| (*at, (*name).to_owned())).collect()
}

#[test]
fn the_interval_passes_before_the_first_request_and_between_requests() {
    for interval in [5, 31] {
        let world = world(vec![pending(), pending(), granted()]);
        let grant = world.grant(seconds(interval), seconds(1800));
        assert_eq!(block_on(world.client.token(&grant)).unwrap().access_token.reveal(), "at");
        let interval = i64::try_from(interval).unwrap();
        assert_eq!(world.asked(), [interval, 2 * interval, 3 * interval]);
    }
}

#[test]
fn five_seconds_where_the_server_names_none() {
    let world = world(vec![granted()]);
    let grant = Slow { schedule: schedule(seconds(60)), parameters: TokenParameters::default() };
    block_on(world.client.token(&grant)).unwrap();
    assert_eq!(world.asked(), [5]);
}

#[test]
fn the_pause_counts_from_the_answer_and_from_the_request_where_answers_are_late_on_purpose() {
    let slow = world_with(vec![pending(), pending(), granted()], seconds(2), None);
    block_on(slow.client.token(&slow.grant(seconds(5), seconds(600)))).unwrap();
    assert_eq!(slow.asked(), [5, 12, 19]);
    for (answer, asked) in [(2, [5, 10, 15]), (30, [5, 35, 65])] {
        let world = world_with(vec![pending(), pending(), granted()], seconds(answer), None);
        let grant = Slow { schedule: schedule(seconds(600)).from_sending(), parameters: TokenParameters::default() };
        block_on(world.client.token(&grant)).unwrap();
        assert_eq!(world.asked(), asked);
    }
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let world = world(vec![slow_down(), pending(), slow_down(), pending(), granted()]);
    let states = world.states(world.grant(seconds(5), seconds(1800)));
    assert_eq!(world.asked(), [5, 15, 25, 40, 55]);
    assert_eq!(states[1], (5, "slow down to 10".to_owned()));
    assert_eq!(states[5], (25, "slow down to 15".to_owned()));
}

#[test]
fn a_server_that_cannot_be_reached_is_asked_ever_less_until_an_answer_comes() {
    let world = world(vec![down(), down(), json(503, "<html>"), pending(), down(), granted()]);
    let states = world.states(world.grant(seconds(5), seconds(1800)));
    // 5, then 10, 20 and 40 later; the answer resets it.
    assert_eq!(world.asked(), [5, 15, 35, 75, 80, 90]);
    assert_eq!(
        states,
        named(&[
            (0, "waiting for 1 at 5"),
            (5, "timeout, again in 10"),
            (5, "waiting for 2 at 15"),
            (15, "timeout, again in 20"),
            (15, "waiting for 3 at 35"),
            (35, "http_status, again in 40"),
            (35, "waiting for 4 at 75"),
            (75, "pending"),
            (75, "waiting for 5 at 80"),
            (80, "timeout, again in 10"),
            (80, "waiting for 6 at 90"),
            (90, "granted at"),
        ])
    );
}

#[test]
fn a_slow_down_before_an_outage_is_kept_after_it() {
    let world = world(vec![slow_down(), down(), pending(), granted()]);
    block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).unwrap();
    assert_eq!(world.asked(), [5, 15, 35, 45]);
}

#[test]
fn retry_after_is_obeyed_and_shortens_nothing() {
    for (answer, asked) in [
        (with_retry_after(json(503, ""), "60"), [5, 65]),
        (with_retry_after(json(429, ""), "60"), [5, 65]),
        (with_retry_after(pending(), "60"), [5, 65]),
        (with_retry_after(slow_down(), "60"), [5, 65]),
        (with_retry_after(pending(), "1"), [5, 10]),
        (with_retry_after(json(503, ""), "1"), [5, 15]),
    ] {
        let world = world(vec![answer, granted()]);
        block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).unwrap();
        assert_eq!(world.asked(), asked);
    }
}

#[test]
fn it_ends_exactly_when_the_code_expires_counted_from_the_request() {
    let world = world(vec![]);
    let states = world.states(world.grant(seconds(5), seconds(12)));
    assert_eq!(world.asked(), [5, 10]);
    assert_eq!(states.last().unwrap(), &(12, "expired: expired".to_owned()));
    // The answer took four of them.
    world.clock.pass(seconds(4));
    let grant = Slow {
        schedule: Schedule::new(UnixTime::from_seconds(START + 12), seconds(12)),
        parameters: TokenParameters::default(),
    };
    let error = block_on(world.client.token(&grant)).unwrap_err();
    assert!(matches!(error, Error::Expired { .. }) && error.needs_login() && !error.is_transient(), "{error}");
    assert_eq!(Time(Arc::clone(&world.clock)).now().seconds() - START, 24);
}

#[test]
fn no_wait_goes_beyond_the_end_whatever_the_server_says() {
    for answer in [
        with_retry_after(pending(), "86400"),
        with_retry_after(json(503, ""), "99999999999"),
        with_retry_after(slow_down(), "100000"),
    ] {
        let world = world(vec![answer]);
        let states = world.states(world.grant(seconds(5), seconds(30)));
        assert_eq!((world.asked(), states.last().unwrap().0), (vec![5], 30));
    }
    let world = world(vec![]);
    let states = world.states(world.grant(Duration::MAX, seconds(30)));
    assert_eq!(states, named(&[(0, "waiting for 1 at 30"), (30, "expired: expired")]));
}

#[test]
fn slow_down_for_ever_ends_too() {
    let world = world((0..1000).map(|_| slow_down()).collect());
    let error = block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).unwrap_err();
    assert_eq!(error.code(), "expired");
    assert!(world.server.count() < 30);
}

#[test]
fn every_other_error_ends_it_at_once() {
    for (status, code, end) in [
        (400, "access_denied", "denied: access_denied"),
        (400, "expired_token", "expired: expired"),
        (400, "invalid_request", "failed: server_error_response"),
        (400, "invalid_grant", "failed: server_error_response"),
        (401, "invalid_client", "failed: server_error_response"),
        (503, "invalid_grant", "failed: server_error_response"),
        (400, "made_up", "failed: server_error_response"),
    ] {
        let world = world(vec![pending(), json(status, &format!(r#"{{"error":"{code}"}}"#))]);
        let states = world.states(world.grant(seconds(5), seconds(1800)));
        assert_eq!((states.last().unwrap().1.as_str(), world.server.count()), (end, 2), "{code}");
    }
    for answer in [json(404, ""), json(200, "<html>"), json(200, "{}"), json(302, "")] {
        let world = world(vec![answer]);
        assert!(block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).is_err());
        assert_eq!(world.server.count(), 1);
    }
}

#[test]
fn a_server_that_cannot_be_trusted_is_not_asked_again() {
    let world = world(vec![Err(TransportError::new(TransportErrorKind::Tls, "unknown issuer"))]);
    assert_eq!(block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).unwrap_err().code(), "tls");
}

#[test]
fn cancel_ends_the_wait_and_nothing_is_asked_afterwards() {
    let cancel = Cancel::new();
    let world = world_with(vec![], Duration::ZERO, Some((seconds(3), cancel.clone())));
    let mut polling = world.polling(world.grant(seconds(5), seconds(1800))).cancelled_by(&cancel);
    assert!(matches!(block_on(polling.next()), Some(PollState::Waiting { .. })));
    assert!(matches!(block_on(polling.next()), Some(PollState::Cancelled)));
    assert!(block_on(polling.next()).is_none() && block_on(polling.poll_once()).is_none());
    assert_eq!((world.server.count(), polling.due_in()), (0, seconds(2)));
    let mut grant = world.grant(seconds(5), seconds(1800));
    grant.schedule = grant.schedule.cancel(&cancel);
    assert_eq!(block_on(world.client.token(&grant)).unwrap_err().code(), "interrupted");
}

#[test]
fn a_future_that_is_dropped_asks_no_more_and_the_next_one_waits_again() {
    struct Never;
    impl grantee_core::ports::Http for Never {
        fn send(
            &self,
            _: grantee_core::ports::Request,
        ) -> BoxFuture<'_, Result<grantee_core::ports::Response, TransportError>> {
            Box::pin(std::future::pending())
        }
    }
    let world = world(vec![]);
    let ports = Ports { http: Arc::new(Never), ..world.client.ports().clone() };
    let client = Client::new(literal(), ports).unwrap();
    let mut polling = client.polling(Arc::new(world.grant(seconds(5), seconds(60)))).unwrap();
    block_on(polling.next()).unwrap();
    {
        let mut asking = pin!(polling.next());
        assert!(matches!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    }
    assert_eq!(polling.due_in(), seconds(5));
    assert_eq!(name(&block_on(polling.next()).unwrap()), "waiting for 2 at 10");
}

#[test]
fn one_request_at_a_time_for_programs_with_a_timer_of_their_own() {
    let world = world(vec![pending(), slow_down(), granted()]);
    let mut polling = world.polling(world.grant(seconds(5), seconds(1800)));
    assert_eq!(polling.due_in(), seconds(5));
    assert_eq!(name(&block_on(polling.poll_once()).unwrap()), "pending");
    assert_eq!(name(&block_on(polling.poll_once()).unwrap()), "slow down to 10");
    assert_eq!((polling.due_in(), polling.interval()), (seconds(10), seconds(10)));
    assert_eq!(name(&block_on(polling.poll_once()).unwrap()), "granted at");
    assert!(block_on(polling.poll_once()).is_none());
    assert_eq!(world.asked(), [0, 0, 0]);
    let mut late = world.polling(world.grant(seconds(5), seconds(10)));
    world.clock.pass(seconds(10));
    assert_eq!(name(&block_on(late.poll_once()).unwrap()), "expired: expired");
    assert_eq!(world.server.count(), 3);
}

#[test]
fn a_grant_that_one_request_decides_is_not_polled() {
    let world = world(vec![]);
    let error = world.client.polling(Arc::new(grantee_core::grant::ClientCredentials::new())).unwrap_err();
    assert_eq!(error.code(), "configuration");
}

#[test]
fn each_request_counts_and_only_the_end_is_a_failure() {
    let world = world(vec![pending(), down(), json(400, r#"{"error":"access_denied"}"#)]);
    block_on(world.client.token(&world.grant(seconds(5), seconds(1800)))).unwrap_err();
    let counters = world.client.counters();
    assert_eq!((counters.token_requests, counters.token_failures), (3, 1));
}

#[test]
fn one_request_at_a_time_is_ended_by_its_switch_too() {
    let (world, cancel) = (world(vec![]), Cancel::new());
    let mut polling = world.polling(world.grant(seconds(5), seconds(60))).cancelled_by(&cancel);
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Pending)));
    cancel.cancel();
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Cancelled)));
    assert!(block_on(polling.poll_once()).is_none());
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn a_session_that_is_closed_or_forgets_waits_for_nobody() {
    for closes in [true, false] {
        let ending: Arc<Mutex<Option<grantee_core::session::Source>>> = Arc::default();
        let ended = Arc::clone(&ending);
        let clock = ManualClock::new();
        let server = FakeServer::new(move |_, count| {
            if count > 1 {
                return granted();
            }
            let session = ended.lock().unwrap().clone().unwrap();
            // Begun while a person is waited for, it need not be seen through here.
            let mut context = Context::from_waker(Waker::noop());
            if closes {
                let _ = pin!(session.close()).poll(&mut context);
            } else {
                let _ = pin!(session.forget()).poll(&mut context);
            }
            pending()
        });
        let client = Client::new(literal(), ports(&server, &clock, Arc::new(Inline))).unwrap();
        let schedule = Schedule::new(UnixTime::from_seconds(START), seconds(60));
        let grant = Slow { schedule, parameters: TokenParameters::default() };
        let session = support::source(&client, grant).build().unwrap();
        *ending.lock().unwrap() = Some(session.clone());
        let error = block_on(session.token()).unwrap_err();
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
        assert_eq!(server.count(), 1, "nothing is asked after that");
        clock.pass(seconds(5));
        // One that was told to forget may still be used.
        assert_eq!(block_on(session.token()).is_err(), closes);
    }
}
