//! What was lent, issued and used.

use std::{sync::Arc, time::Duration};

use crate::{bounded::Bounded, clock::Clock, random, store::Life};

/// How many of a kind are remembered.
const LIMIT: usize = 200_000;

/// The two secrets that a login begins with (RFC 5849 section 2.1).
#[derive(Clone, Debug)]
pub(crate) struct Temporary {
    pub(crate) consumer_key: String,
    pub(crate) secret: Arc<str>,
    /// `oob` where the person is shown a code.
    pub(crate) callback: String,
    pub(crate) life: Life,
    pub(crate) state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Approved { verifier: Arc<str>, username: String },
    Denied,
    Used,
}

/// What a login ends with (section 2.3).
#[derive(Clone, Debug)]
pub(crate) struct TokenCredentials {
    pub(crate) consumer_key: String,
    pub(crate) secret: Arc<str>,
    pub(crate) username: String,
}

pub(crate) struct Store {
    temporary: Bounded<Temporary>,
    tokens: Bounded<TokenCredentials>,
    nonces: Bounded<()>,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self { temporary: Bounded::new(LIMIT), tokens: Bounded::new(LIMIT), nonces: Bounded::new(LIMIT) }
    }

    pub(crate) fn lend(
        &mut self,
        consumer_key: &str,
        callback: &str,
        now: Duration,
        lifetime: Duration,
    ) -> [Arc<str>; 2] {
        let [token, secret] = [random::token(), random::token()];
        let temporary = Temporary {
            consumer_key: consumer_key.to_owned(),
            secret: secret.clone(),
            callback: callback.to_owned(),
            life: Life::starting(now, lifetime),
            state: State::Waiting,
        };
        self.temporary.insert(token.clone(), temporary);
        [token, secret]
    }

    pub(crate) fn temporary(&self, token: &str) -> Option<&Temporary> {
        self.temporary.get(token)
    }

    /// Those that a person has not decided on, and still can.
    pub(crate) fn waiting(&mut self, token: &str, clock: &Clock) -> Option<&mut Temporary> {
        let waits = |temporary: &&mut Temporary| temporary.state == State::Waiting && !temporary.life.is_over(clock);
        self.temporary.get_mut(token).filter(waits)
    }

    pub(crate) fn issue(&mut self, consumer_key: &str, username: &str) -> [Arc<str>; 2] {
        let [token, secret] = [random::token(), random::token()];
        let credentials = TokenCredentials {
            consumer_key: consumer_key.to_owned(),
            secret: secret.clone(),
            username: username.to_owned(),
        };
        self.tokens.insert(token.clone(), credentials);
        [token, secret]
    }

    /// Uses temporary credentials up; their person, where they had been approved and not used.
    pub(crate) fn spend(&mut self, token: &str) -> Option<String> {
        let temporary = self.temporary.get_mut(token)?;
        match std::mem::replace(&mut temporary.state, State::Used) {
            State::Approved { username, .. } => Some(username),
            _ => None,
        }
    }

    pub(crate) fn token(&self, token: &str) -> Option<&TokenCredentials> {
        self.tokens.get(token)
    }

    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    pub(crate) fn forget_everything(&mut self) {
        self.temporary.clear();
        self.tokens.clear();
    }

    /// Whether nobody has said this before: client, token, time and nonce (section 3.3).
    pub(crate) fn is_new(&mut self, said: &str) -> bool {
        let new = self.nonces.get(said).is_none();
        if new {
            self.nonces.insert(said.into(), ());
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_credentials_are_spent_once() {
        let mut store = Store::new();
        let clock = Clock::new(None);
        let [token, _] = store.lend("c", "oob", clock.now(), Duration::from_secs(9));
        let approved = State::Approved { verifier: "v".into(), username: "alice".into() };
        store.waiting(&token, &clock).unwrap().state = approved;
        assert!(store.waiting(&token, &clock).is_none(), "it is decided");
        assert_eq!(store.spend(&token).as_deref(), Some("alice"));
        assert_eq!(store.spend(&token), None);
    }

    #[test]
    fn nonces_are_remembered_in_bounded_memory() {
        let mut store = Store::new();
        assert!(store.is_new("first") && !store.is_new("first"));
        for count in 0..LIMIT {
            assert!(store.is_new(&count.to_string()));
        }
        assert!(store.is_new("first"), "the oldest makes room");
    }
}
