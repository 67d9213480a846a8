//! What a person allows elsewhere while the client polls for it. The device grant
//! ([RFC 8628 section 3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)) and CIBA
//! ([section 11](https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_error_response))
//! share it.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    authorization_details,
    bounded::Bounded,
    clock::Clock,
    error::OAuthError,
    random,
    shared::Shared,
    store::{Grant, Life},
};

/// How many are remembered.
const LIMIT: usize = 10_000;

/// How many polls of each are remembered.
const POLLS: usize = 1000;

/// What each `slow_down` adds, for good.
const SLOWER: Duration = Duration::from_secs(5);

/// The interval where the answer named none, in seconds (RFC 8628 section 3.2, CIBA section 7.3).
const DEFAULT_INTERVAL: u64 = 5;

/// Two polls that were sent an interval apart may arrive a little closer.
const JITTER: Duration = Duration::from_millis(50);

/// One authorization that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) kind: Kind,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) audience: Vec<String>,
    pub(crate) details: Vec<Value>,
    pub(crate) acr: Option<String>,
    life: Life,
    interval: Duration,
    /// When it was asked for, and then each poll.
    pub(crate) polls: Vec<Duration>,
    /// The next poll is answered with `slow_down`, whenever it comes.
    slow: bool,
    decision: Decision,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Device { user_code: String },
    Ciba { username: String, binding_message: Option<String>, notification_token: Option<String> },
}

#[derive(Clone, Debug)]
pub(crate) enum Decision {
    Waiting,
    Approved(Arc<Grant>),
    /// With the error code that says so.
    Refused(&'static str),
    /// The tokens have been handed out.
    Spent,
}

/// Who said yes, and when they logged in.
pub(crate) struct Person<'a> {
    pub(crate) username: &'a str,
    /// Seconds since the epoch.
    pub(crate) auth_time: u64,
    pub(crate) sid: Option<&'a str>,
}

impl Pending {
    pub(crate) fn new(shared: &Shared, kind: Kind, client_id: &str, lifetime: Duration, interval: Option<u64>) -> Self {
        let now = shared.clock.now();
        Self {
            kind,
            client_id: client_id.to_owned(),
            scope: String::new(),
            audience: Vec::new(),
            details: Vec::new(),
            acr: None,
            life: Life::starting(now, lifetime),
            interval: Duration::from_secs(interval.unwrap_or(DEFAULT_INTERVAL)),
            polls: vec![now],
            slow: false,
            decision: Decision::Waiting,
        }
    }

    /// What the person allowed.
    pub(crate) fn grant(&self, shared: &Shared, id: &str, person: &Person<'_>) -> Arc<Grant> {
        let user = shared.config.users.get(person.username);
        let auth_req_id = matches!(self.kind, Kind::Ciba { .. }).then(|| id.to_owned());
        Arc::new(Grant {
            client_id: self.client_id.clone(),
            username: Some(person.username.to_owned()),
            sub: user.map_or(person.username, |user| &user.sub).to_owned(),
            scope: self.scope.clone(),
            audience: self.audience.clone(),
            authorization_details: authorization_details::granted(shared, self.details.clone()),
            auth_time: person.auth_time,
            acr: self.acr.clone(),
            sid: person.sid.map(str::to_owned),
            auth_req_id,
            ..Grant::default()
        })
    }

    fn is_waiting(&self, clock: &Clock) -> bool {
        matches!(self.decision, Decision::Waiting) && !self.life.is_over(clock)
    }

    /// Whether this poll, the last one, follows too closely on the one before. The first may come at once.
    fn is_too_soon(&self) -> bool {
        match self.polls.as_slice() {
            [_, .., before, last] => last.saturating_sub(*before) + JITTER < self.interval,
            _ => false,
        }
    }
}

/// Everything that is asked for, by `device_code` or `auth_req_id`.
pub(crate) struct Waiting {
    requests: Bounded<Pending>,
    /// Device codes by user code.
    user_codes: Bounded<Arc<str>>,
    clock: Arc<Clock>,
}

impl Waiting {
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        Self { requests: Bounded::new(LIMIT), user_codes: Bounded::new(LIMIT), clock }
    }

    pub(crate) fn add(&mut self, pending: Pending) -> Arc<str> {
        let id = random::token();
        if let Kind::Device { user_code } = &pending.kind {
            self.user_codes.insert(normal(user_code).into(), id.clone());
        }
        self.requests.insert(id.clone(), pending);
        id
    }

    /// What nobody has decided yet and has not expired.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&Arc<str>, &Pending)> {
        self.requests.iter().filter(|(_, pending)| pending.is_waiting(&self.clock))
    }

    /// The device that waits with that user code, however it was typed (RFC 8628 section 6.1).
    pub(crate) fn device(&self, user_code: &str) -> Option<(Arc<str>, Pending)> {
        let id = self.user_codes.get(&normal(user_code))?;
        let pending = self.requests.get(id).filter(|pending| pending.is_waiting(&self.clock))?;
        Some((id.clone(), pending.clone()))
    }

    /// The CIBA request that waits under that id.
    pub(crate) fn ciba(&self, id: &str) -> Option<Pending> {
        let is_ciba = |pending: &&Pending| matches!(pending.kind, Kind::Ciba { .. });
        self.requests.get(id).filter(|pending| pending.is_waiting(&self.clock)).filter(is_ciba).cloned()
    }

    /// True where something waited under that id; what has been decided stays so.
    pub(crate) fn decide(&mut self, id: &str, decision: Decision) -> bool {
        match self.requests.get_mut(id).filter(|pending| pending.is_waiting(&self.clock)) {
            Some(pending) => {
                pending.decision = decision;
                true
            }
            None => false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.user_codes.clear();
    }

    pub(crate) fn slow_down(&mut self, id: &str) -> bool {
        self.requests.get_mut(id).is_some_and(|pending| {
            pending.slow = true;
            true
        })
    }

    pub(crate) fn polls(&self, id: &str) -> Vec<Duration> {
        self.requests.get(id).map(|pending| pending.polls.clone()).unwrap_or_default()
    }

    /// Answers one poll. `approve` says yes by itself once `approve_after` polls have been answered otherwise.
    pub(crate) fn poll(
        &mut self,
        id: &str,
        is_asked: impl Fn(&Pending) -> bool,
        approve_after: Option<usize>,
        approve: impl FnOnce(&Pending) -> Arc<Grant>,
    ) -> Result<Arc<Grant>, OAuthError> {
        let clock = &self.clock;
        let pending = self
            .requests
            .get_mut(id)
            .filter(|pending| is_asked(pending))
            .ok_or_else(|| OAuthError::invalid_grant("nothing was asked for under that code by this client"))?;
        pending.polls.push(clock.now());
        if pending.polls.len() > POLLS {
            // The first entry is the request itself.
            pending.polls.remove(1);
        }
        match &pending.decision {
            Decision::Spent => return Err(OAuthError::invalid_grant("the code was used before")),
            Decision::Refused(error) => return Err(OAuthError::new(error, "the person or the server said no")),
            _ if pending.life.is_over(clock) => {
                return Err(OAuthError::new("expired_token", "the code has expired"));
            }
            Decision::Approved(grant) => {
                let grant = grant.clone();
                pending.decision = Decision::Spent;
                return Ok(grant);
            }
            Decision::Waiting => {}
        }
        if std::mem::take(&mut pending.slow) || pending.is_too_soon() {
            pending.interval = pending.interval.saturating_add(SLOWER);
            return Err(OAuthError::new("slow_down", "the client polls faster than the interval"));
        }
        // The first entry is the request itself, the last one this poll.
        if approve_after.is_some_and(|polls| pending.polls.len() > polls + 1) {
            let grant = approve(pending);
            pending.decision = Decision::Spent;
            return Ok(grant);
        }
        Err(OAuthError::new("authorization_pending", "nobody has decided yet"))
    }
}

/// Case and punctuation of a user code do not count.
fn normal(user_code: &str) -> String {
    user_code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
