//! Asking the token endpoint again until a person has confirmed: one mechanism for devices
//! ([RFC 8628 sections 3.4 and 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.4)) and backchannel authentication
//! ([CIBA sections 10.1 and 11](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_request)).
//!
//! ```text
//! wait interval ─> ask ─┬ authorization_pending ─> wait interval ─> ask …
//!                       ├ slow_down ─────────────> 5 s more from here on
//!                       ├ no answer, 5xx, 429 ───> wait twice as long each time, until an answer comes
//!                       ├ a token, any other error: the end
//!                       └ expires_in has passed: the end, and no wait goes beyond it
//! ```
//!
//! `Retry-After` is obeyed in each case, and shortens nothing. A token that was granted comes once, so it is kept while the keys that
//! verify its ID token can't be had.

use super::{Grant, TokenParameters};
use crate::authorization::authorization_details;
use crate::client::{Client, Login};
use crate::error::{Error, Excerpt, Result};
use crate::hooks::TokenAnswer;
use crate::oidc::IdTokenExpectations;
use crate::ports::{BoxFuture, Cancel};
use crate::{Token, UnixTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the server names no interval (RFC 8628 section 3.2, CIBA section 7.3).
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds for good (RFC 8628 section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// A server that wants to be asked without a pause is not.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// Back-off ends its doubling here, or at twice the interval where that is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);
/// No person takes longer, whatever the server says.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);

/// When the token endpoint may be asked, and until when: what a [`Grant`] that takes a person's time says of itself.
///
/// ```
/// use grantee_core::{UnixTime, grant::polling::Schedule};
/// use std::time::Duration;
/// let schedule = Schedule::new(UnixTime::now(), Duration::from_secs(1800)).interval(Duration::from_secs(31));
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    pub(crate) what: &'static str,
    pub(crate) interval: Duration,
    pub(crate) requested_at: UnixTime,
    pub(crate) expires_in: Duration,
    pub(crate) from_sending: bool,
    pub(crate) cancel: Cancel,
    pub(crate) openid: Option<Openid>,
    /// The server that was asked, where its name is known: what it gave is shown to no other.
    pub(crate) issuer: Option<String>,
}

/// What the ID token that comes must agree with.
#[derive(Debug, Clone)]
pub(crate) struct Openid {
    pub(crate) expected: IdTokenExpectations,
    pub(crate) issuer: Option<String>,
    /// Whether there must be one, also for a client that was told no keys.
    pub(crate) always: bool,
}

impl Schedule {
    /// Every 5 s until `expires_in` after the request was sent, and no longer than 30 days.
    pub fn new(requested_at: UnixTime, expires_in: Duration) -> Self {
        Self {
            what: "what the person was to confirm",
            interval: DEFAULT_INTERVAL,
            requested_at,
            expires_in: expires_in.min(LONGEST_LIFE),
            from_sending: false,
            cancel: Cancel::new(),
            openid: None,
            issuer: None,
        }
    }

    /// The pause between two requests, and before the first; at least a second.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(SHORTEST_INTERVAL);
        self
    }

    /// Counts the pause from when a request was sent and not from its answer, for servers that answer late on purpose (CIBA
    /// section 10.1, long polling).
    #[must_use]
    pub fn from_sending(mut self) -> Self {
        self.from_sending = true;
        self
    }

    /// Ends the waits when this is thrown.
    #[must_use]
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }
}

/// How it stands, for whoever shows it. The last five are the end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PollState<L = Login> {
    /// Nothing is asked before this moment; `attempt` is the number of the request that comes then.
    Waiting {
        /// The next request, or the end where that comes first.
        until: UnixTime,
        /// 1 for the first.
        attempt: u32,
    },
    /// The person has not confirmed yet.
    Pending,
    /// The server was asked too often. The pause is this long from now on.
    SlowDown {
        /// 5 s more than before.
        interval: Duration,
    },
    /// The server could not be reached, or is ill.
    Unreachable {
        /// Why.
        error: Error,
        /// When it is asked again.
        retry_in: Duration,
    },
    /// The person has confirmed.
    Granted(L),
    /// The person said no ([`Error::Server`] with `access_denied`).
    Denied(Error),
    /// Nobody confirmed in time ([`Error::Expired`]).
    Expired(Error),
    /// The server will not grant it, or its answer was refused.
    Failed(Error),
    /// Somebody ended the wait.
    Cancelled,
}

impl<L> PollState<L> {
    /// The outcome where this is the end.
    ///
    /// # Errors
    /// Why there is no token. [`Error::Interrupted`] where it was cancelled.
    pub fn outcome(self) -> Option<Result<L>> {
        match self {
            Self::Granted(login) => Some(Ok(login)),
            Self::Denied(error) | Self::Expired(error) | Self::Failed(error) => Some(Err(error)),
            Self::Cancelled => Some(Err(cancelled())),
            Self::Waiting { .. } | Self::Pending | Self::SlowDown { .. } | Self::Unreachable { .. } => None,
        }
    }

    /// The same state with what was granted made into something else.
    pub fn map<M>(self, change: impl FnOnce(L) -> M) -> PollState<M> {
        match self {
            Self::Granted(login) => PollState::Granted(change(login)),
            Self::Waiting { until, attempt } => PollState::Waiting { until, attempt },
            Self::Pending => PollState::Pending,
            Self::SlowDown { interval } => PollState::SlowDown { interval },
            Self::Unreachable { error, retry_in } => PollState::Unreachable { error, retry_in },
            Self::Denied(error) => PollState::Denied(error),
            Self::Expired(error) => PollState::Expired(error),
            Self::Failed(error) => PollState::Failed(error),
            Self::Cancelled => PollState::Cancelled,
        }
    }
}

/// A person's confirmation under way: asked for step by step ([`next`](Self::next)), as one wait ([`wait`](Self::wait)), or by a
/// program with a timer of its own ([`poll_once`](Self::poll_once)). Dropping it, or a future of its, ends it.
pub struct Polling {
    client: Client,
    grant: Arc<dyn Grant>,
    turns: Turns,
}

impl std::fmt::Debug for Polling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Polling").field("grant", &self.grant.grant_type()).field("pace", &self.turns.pace).finish()
    }
}

impl Client {
    /// Starts to wait for what a grant brings once a person has confirmed. [`token`](Self::token) does the same in one step.
    ///
    /// # Errors
    /// [`Error::Config`] for a grant that one request decides.
    pub fn polling(&self, grant: Arc<dyn Grant>) -> Result<Polling> {
        let schedule = grant.polling().ok_or_else(|| {
            Error::config(
                format!("the grant {} is decided by one request", grant.grant_type()),
                "use token(..); only a grant with a schedule is asked for again",
            )
        })?;
        Ok(Polling::of(self, grant, &schedule))
    }
}

impl Polling {
    pub(crate) fn of(client: &Client, grant: Arc<dyn Grant>, schedule: &Schedule) -> Self {
        Self { turns: Turns::new(client, schedule), client: client.clone(), grant }
    }

    /// Takes the next step, which may be a long wait, and says how it stands; `None` after the end.
    pub async fn next(&mut self) -> Option<PollState> {
        self.turns.next(&self.client, &*self.grant, &AtomicBool::new(false)).await
    }

    /// Asks once, now, and waits for nothing: whoever calls this waits [`due_in`](Self::due_in) first. `None` after the end.
    pub async fn poll_once(&mut self) -> Option<PollState> {
        if matches!(self.turns.step, Step::Over) {
            return None;
        }
        if self.turns.cancel.is_cancelled() {
            return Some(self.turns.over(PollState::Cancelled));
        }
        let sent = AtomicBool::new(false);
        if let Some(state) = self.turns.arrived(&self.client, &*self.grant, &sent).await {
            return Some(state);
        }
        if self.turns.has_expired(&self.client) {
            return Some(self.turns.expired(&self.client, "nobody confirmed in time").await);
        }
        if self.turns.notice.as_ref().is_some_and(|notice| !notice.may_ask()) {
            return Some(PollState::Pending);
        }
        Some(self.turns.ask(&self.client, &*self.grant, &sent).await)
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// [`Error::Server`] when the person or the server said no, [`Error::Expired`] when nobody confirmed in time,
    /// [`Error::Interrupted`] when it was cancelled.
    pub async fn wait(mut self) -> Result<Login> {
        while let Some(state) = self.next().await {
            if let Some(outcome) = state.outcome() {
                return outcome;
            }
        }
        Err(Error::Interrupted { what: "waiting for the person", why: "this wait has ended before" })
    }

    /// How long to wait before the server may be asked again; zero when it is time, or when it is all over.
    pub fn due_in(&self) -> Duration {
        self.turns.pace.left(self.client.ports().clock.monotonic())
    }

    /// The pause between two requests as it is now.
    pub fn interval(&self) -> Duration {
        self.turns.pace.interval
    }

    /// Until when the person may confirm.
    pub fn expires_at(&self) -> UnixTime {
        self.turns.pace.expires_at
    }

    /// Ends the waits when this is thrown.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &Cancel) -> Self {
        self.turns.cancel = cancel.clone();
        self
    }

    /// Asks for nothing until the server has sent something.
    pub(crate) fn until_noticed(mut self, notice: Arc<dyn Notice>) -> Self {
        self.turns.pace.due = Duration::MAX;
        self.turns.notice = Some(notice);
        self
    }
}

/// What the server may send meanwhile (CIBA section 9).
pub(crate) trait Notice: Send + Sync {
    /// Throws `wake` as soon as something has come.
    fn wake(&self, wake: &Cancel);

    /// What has come: `None` nothing, `Some(None)` that it is time to ask, `Some(Some(future))` the outcome itself.
    fn arrived<'a>(&'a self, client: &'a Client) -> Option<Option<BoxFuture<'a, Result<Login>>>>;

    /// Whether the token endpoint may be asked before.
    fn may_ask(&self) -> bool;
}

/// All polls of a grant in the place of one token request; `until` ends the waits too.
pub(crate) async fn token(
    client: &Client,
    grant: &dyn Grant,
    schedule: Schedule,
    until: &Cancel,
    sent: &AtomicBool,
) -> Result<Token> {
    let mut turns = Turns::new(client, &schedule);
    turns.cancel = schedule.cancel.child();
    until.adopt(&turns.cancel);
    loop {
        match turns.next(client, grant, sent).await.map(PollState::outcome) {
            Some(Some(outcome)) => return outcome.map(|login| login.token),
            Some(None) => {}
            None => return Err(cancelled()),
        }
    }
}

fn cancelled() -> Error {
    Error::Interrupted { what: "waiting for the person", why: "cancelled" }
}

enum Step {
    Announce,
    Wait,
    Over,
}

struct Turns {
    what: &'static str,
    pace: Pace,
    cancel: Cancel,
    openid: Option<Openid>,
    notice: Option<Arc<dyn Notice>>,
    issuer: Option<String>,
    /// A token that was granted and not yet verified: it comes once.
    granted: Option<Token>,
    /// Until when what has come is not judged again, and why it could not be.
    unjudged: Option<(Duration, Error)>,
    step: Step,
}

impl Turns {
    fn new(client: &Client, schedule: &Schedule) -> Self {
        Self {
            what: schedule.what,
            pace: Pace::new(schedule, client.now(), client.ports().clock.monotonic()),
            cancel: schedule.cancel.clone(),
            openid: schedule.openid.clone(),
            notice: None,
            issuer: schedule.issuer.clone(),
            granted: None,
            unjudged: None,
            step: Step::Announce,
        }
    }

    async fn next(&mut self, client: &Client, grant: &dyn Grant, sent: &AtomicBool) -> Option<PollState> {
        match self.step {
            Step::Over => None,
            Step::Announce => {
                self.step = Step::Wait;
                let left = self.pace.left(client.ports().clock.monotonic());
                let until = client.now().after(left).min(self.pace.expires_at);
                Some(PollState::Waiting { until, attempt: self.pace.asked.saturating_add(1) })
            }
            Step::Wait => Some(self.wait(client, grant, sent).await),
        }
    }

    async fn wait(&mut self, client: &Client, grant: &dyn Grant, sent: &AtomicBool) -> PollState {
        let clock = &client.ports().clock;
        loop {
            if self.cancel.is_cancelled() {
                return self.over(PollState::Cancelled);
            }
            let now = clock.monotonic();
            let rests = self.unjudged.as_ref().is_some_and(|(until, _)| now < *until);
            if !rests && let Some(state) = self.arrived(client, grant, sent).await {
                return state;
            }
            if self.has_expired(client) {
                return match self.unjudged.take() {
                    Some((_, error)) => self.ended(client, Err(error)).await,
                    None => self.expired(client, "nobody confirmed in time").await,
                };
            }
            let left = self.pace.left(clock.monotonic());
            if left.is_zero() {
                return self.ask(client, grant, sent).await;
            }
            let wake = self.cancel.child();
            if let Some(notice) = self.notice.as_ref().filter(|_| !rests) {
                notice.wake(&wake);
            }
            clock.sleep_or_cancel(left, &wake).await;
        }
    }

    /// What the server has granted or sent, judged. It stays until then, lest a caller that goes away takes it along.
    async fn arrived(&mut self, client: &Client, grant: &dyn Grant, sent: &AtomicBool) -> Option<PollState> {
        if let Some(token) = self.granted.clone() {
            let outcome = self.login(client, grant.parameters(), token).await;
            return Some(self.judged(client, outcome).await);
        }
        let notice = self.notice.clone()?;
        let outcome = match notice.arrived(client)? {
            Some(outcome) => outcome.await,
            None => {
                self.notice = None;
                return Some(self.ask(client, grant, sent).await);
            }
        };
        Some(self.judged(client, outcome).await)
    }

    /// The end, unless the keys can't be had just now: neither a code nor a push comes twice.
    async fn judged(&mut self, client: &Client, outcome: Result<Login>) -> PollState {
        match outcome {
            // What the server itself has said is no trouble with its keys.
            Err(error) if error.is_transient() && error.server_error().is_none() => {
                let now = client.ports().clock.monotonic();
                let retry_in = self.pace.failed(now, error.retry_after());
                self.unjudged = Some((now.saturating_add(retry_in), error.clone()));
                self.step = Step::Announce;
                PollState::Unreachable { error, retry_in }
            }
            outcome => {
                (self.notice, self.granted, self.unjudged) = (None, None, None);
                self.ended(client, outcome).await
            }
        }
    }

    fn has_expired(&self, client: &Client) -> bool {
        // As soon as either clock says so: a machine that slept knows it by the wall clock alone.
        self.pace.has_passed(client.ports().clock.monotonic()) || client.now() >= self.pace.expires_at
    }

    async fn ask(&mut self, client: &Client, grant: &dyn Grant, sent: &AtomicBool) -> PollState {
        let clock = &client.ports().clock;
        let sent_at = clock.monotonic();
        // Whoever drops this future in the middle has asked all the same.
        self.pace.asking(sent_at);
        self.step = Step::Announce;
        let outcome = match self.check_server(client).await {
            Ok(()) => client.request_token(grant, TokenAnswer::Access, sent).await,
            Err(error) => Err(error),
        };
        let now = clock.monotonic();
        let error = match outcome {
            Ok(token) => {
                self.granted = Some(token.clone());
                let outcome = self.login(client, grant.parameters(), token).await;
                return self.judged(client, outcome).await;
            }
            Err(error) => error,
        };
        let retry_after = error.retry_after();
        match Verdict::of(&error) {
            Verdict::Pending => {
                // The server has answered, and granted nothing.
                sent.store(false, Ordering::SeqCst);
                self.pace.answered(sent_at, now, retry_after);
                PollState::Pending
            }
            Verdict::SlowDown => {
                sent.store(false, Ordering::SeqCst);
                self.pace.interval = self.pace.interval.saturating_add(SLOW_DOWN);
                self.pace.answered(sent_at, now, retry_after);
                PollState::SlowDown { interval: self.pace.interval }
            }
            Verdict::Unreachable => {
                let retry_in = self.pace.failed(now, retry_after);
                PollState::Unreachable { error, retry_in }
            }
            Verdict::Expired => self.expired(client, "the server said expired_token").await,
            Verdict::Final => self.ended(client, Err(error)).await,
        }
    }

    /// The code is a secret between this client and the server that gave it; two servers may know a client by one identifier.
    async fn check_server(&self, client: &Client) -> Result<()> {
        let Some(asked) = &self.issuer else { return Ok(()) };
        let metadata = client.metadata().await?;
        match &metadata.issuer {
            Some(issuer) if issuer != asked && !metadata.issues_as(asked) => Err(Error::config(
                format!("{} was asked of {}, and this client is one of {}", self.what, Excerpt(asked), Excerpt(issuer)),
                "wait for it with a client of the server that was asked",
            )),
            _ => Ok(()),
        }
    }

    async fn login(&self, client: &Client, parameters: &TokenParameters, token: Token) -> Result<Login> {
        let id_token = match &self.openid {
            Some(openid) if openid.always || client.can_verify_id_tokens() => {
                let (expected, issuer) = (openid.expected.clone(), openid.issuer.as_deref());
                Some(client.identify_by(&token, expected, issuer, None).await?)
            }
            _ => None,
        };
        let granted_details = authorization_details::compared(parameters.authorization_details.as_ref(), &token);
        Ok(Login { token, id_token, session_state: None, parameters: parameters.clone(), granted_details })
    }

    async fn ended(&mut self, client: &Client, outcome: Result<Login>) -> PollState {
        if let Err(error) = &outcome
            && Verdict::of(error) == Verdict::Expired
        {
            return self.expired(client, "the server said expired_token").await;
        }
        client.token_request_ended(outcome.as_ref().map(|login| &login.token)).await;
        self.over(match outcome {
            Ok(login) => PollState::Granted(login),
            Err(error) if error.is_server_error("access_denied") => PollState::Denied(error),
            Err(error) => PollState::Failed(error),
        })
    }

    async fn expired(&mut self, client: &Client, why: &'static str) -> PollState {
        let error = Error::Expired { what: self.what, why };
        client.token_request_ended(Err(&error)).await;
        self.over(PollState::Expired(error))
    }

    fn over(&mut self, state: PollState) -> PollState {
        self.step = Step::Over;
        state
    }
}

/// What an error means for whoever polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pending,
    SlowDown,
    Unreachable,
    Expired,
    Final,
}

impl Verdict {
    fn of(error: &Error) -> Self {
        match error.server_error() {
            Some("authorization_pending") => Self::Pending,
            Some("slow_down") => Self::SlowDown,
            Some("expired_token") => Self::Expired,
            // Said so in OAuth's own words it is final, whatever the status (RFC 6749 section 5.2, RFC 8628 section 3.5).
            Some(
                "access_denied"
                | "invalid_request"
                | "invalid_client"
                | "invalid_grant"
                | "unauthorized_client"
                | "unsupported_grant_type"
                | "invalid_scope"
                | "invalid_target"
                | "transaction_failed",
            ) => Self::Final,
            _ if error.is_transient() => Self::Unreachable,
            _ => Self::Final,
        }
    }
}

/// When to ask next, in the monotonic clock's terms. It saturates, so that no number of a server's moves it anywhere odd.
#[derive(Debug, Clone)]
struct Pace {
    interval: Duration,
    from_sending: bool,
    expires_at: UnixTime,
    deadline: Duration,
    due: Duration,
    asked: u32,
    failures: u32,
}

impl Pace {
    fn new(schedule: &Schedule, now: UnixTime, monotonic: Duration) -> Self {
        let expires_at = schedule.requested_at.after(schedule.expires_in);
        // A wall clock that was set back since then lets nothing live longer.
        let left = expires_at.since(now).min(schedule.expires_in);
        Self {
            interval: schedule.interval,
            from_sending: schedule.from_sending,
            expires_at,
            deadline: monotonic.saturating_add(left),
            due: monotonic.saturating_add(schedule.interval),
            asked: 0,
            failures: 0,
        }
    }

    /// Until the next request, or the end where that comes first.
    fn left(&self, now: Duration) -> Duration {
        self.due.min(self.deadline).saturating_sub(now)
    }

    fn has_passed(&self, now: Duration) -> bool {
        now >= self.deadline
    }

    fn asking(&mut self, now: Duration) {
        self.asked = self.asked.saturating_add(1);
        self.due = now.saturating_add(self.interval);
    }

    fn answered(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>) {
        self.failures = 0;
        let from = if self.from_sending { sent } else { now };
        let asked = now.saturating_add(retry_after.unwrap_or_default());
        self.due = from.saturating_add(self.interval).max(asked);
    }

    /// Twice the interval, and twice that with each further failure (RFC 8628 section 3.5).
    fn failed(&mut self, now: Duration, retry_after: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let twice = self.interval.saturating_mul(2);
        let backoff = self.interval.saturating_mul(1 << self.failures.min(16)).min(twice.max(LONGEST_BACKOFF));
        let wait = backoff.max(retry_after.unwrap_or_default());
        self.due = now.saturating_add(wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServerError;

    const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);
    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn pace(interval: Duration, expires_in: Duration) -> Pace {
        Pace::new(&Schedule::new(NOW, expires_in).interval(interval), NOW, seconds(100))
    }

    #[test]
    fn an_interval_below_a_second_is_a_second() {
        assert_eq!(pace(Duration::ZERO, seconds(60)).left(seconds(100)), seconds(1));
    }

    #[test]
    fn no_number_of_a_server_moves_a_wait_beyond_the_end() {
        let mut pace = pace(Duration::MAX, Duration::MAX);
        assert_eq!(pace.left(seconds(100)), LONGEST_LIFE);
        for _ in 0..1000 {
            pace.interval = pace.interval.saturating_add(SLOW_DOWN);
            pace.answered(seconds(100), seconds(100), Some(Duration::MAX));
            pace.failed(seconds(100), Some(Duration::MAX));
        }
        pace.asked = u32::MAX;
        pace.asking(seconds(100));
        assert_eq!(pace.left(seconds(100)), LONGEST_LIFE);
    }

    #[test]
    fn a_wall_clock_that_was_set_back_lets_nothing_live_longer() {
        let schedule = Schedule::new(NOW, seconds(60));
        let pace = Pace::new(&schedule, NOW.before(seconds(9999)), seconds(100));
        assert!(pace.has_passed(seconds(160)) && !pace.has_passed(seconds(159)));
        let late = Pace::new(&schedule, NOW.after(seconds(50)), seconds(100));
        assert!(late.has_passed(seconds(110)) && !late.has_passed(seconds(109)));
    }

    #[test]
    fn back_off_doubles_to_five_minutes_or_twice_a_long_interval() {
        let mut short = pace(seconds(5), seconds(9999));
        let waits: Vec<_> = (0..8).map(|_| short.failed(seconds(0), None).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(pace(seconds(400), seconds(9999)).failed(seconds(0), None), seconds(800));
    }

    #[test]
    fn a_slow_answer_uses_up_the_pause_where_it_counts_from_sending() {
        let schedule = Schedule::new(NOW, seconds(600)).from_sending();
        let mut pace = Pace::new(&schedule, NOW, seconds(100));
        for (answer, left) in [(102, 3), (130, 0)] {
            pace.answered(seconds(100), seconds(answer), None);
            assert_eq!(pace.left(seconds(answer)), seconds(left));
        }
    }

    #[test]
    fn oauths_own_final_words_end_it_under_any_status_and_a_gateways_do_not() {
        let verdict = |code: &str, status| {
            let mut error = ServerError::new("token request", code);
            error.status = status;
            Verdict::of(&Error::Server(Arc::new(error)))
        };
        assert_eq!(verdict("authorization_pending", 400), Verdict::Pending);
        assert_eq!(verdict("slow_down", 429), Verdict::SlowDown);
        assert_eq!(verdict("expired_token", 400), Verdict::Expired);
        for status in [200, 400, 429, 503] {
            for code in ["access_denied", "invalid_request", "invalid_grant", "unauthorized_client"] {
                assert_eq!(verdict(code, status), Verdict::Final, "{code} {status}");
            }
        }
        assert_eq!(verdict("Service Unavailable", 503), Verdict::Unreachable);
        assert_eq!(verdict("temporarily_unavailable", 400), Verdict::Unreachable);
        assert_eq!(verdict("made_up", 400), Verdict::Final);
    }
}
