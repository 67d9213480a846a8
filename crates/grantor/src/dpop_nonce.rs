//! The nonces that DPoP proofs must hold, [RFC 9449 sections 8 and 9](https://www.rfc-editor.org/rfc/rfc9449#section-8).

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::{Endpoint, bounded::Bounded, random, shared::lock};

/// Whether DPoP proofs need a nonce of the server's, [RFC 9449 section 8](https://www.rfc-editor.org/rfc/rfc9449#section-8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DpopNonces {
    /// No nonce is asked for.
    #[default]
    None,
    /// A proof needs the current nonce or the one before it. It changes every five minutes of the server's clock and with
    /// [`Server::rotate_dpop_nonces`](crate::Server::rotate_dpop_nonces). The next one comes with `use_dpop_nonce`, and with
    /// each answer to a proof whose nonce is not the current one.
    Required,
    /// A nonce is good for one request. Every answer of an endpoint that takes proofs has another in `DPoP-Nonce`.
    EachRequest,
}

/// How long a nonce is the current one, in seconds.
const TURN: u64 = 300;

/// How many nonces of a kind wait to be used.
const NONCES: usize = 10_000;

/// Whose nonce it is. One of the authorization server is no good at the API, nor the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    AuthorizationServer,
    Api,
}

impl Side {
    pub(crate) fn of(endpoint: Endpoint) -> Self {
        if endpoint == Endpoint::Api { Self::Api } else { Self::AuthorizationServer }
    }
}

pub(crate) struct Nonces {
    pub(crate) policy: DpopNonces,
    /// What nobody else can make a nonce from.
    seed: String,
    /// How often a test has asked for the next one.
    turns: AtomicU64,
    /// Those that are good for one request, of each side.
    unused: [Mutex<Bounded<()>>; 2],
}

impl Nonces {
    pub(crate) fn new(policy: DpopNonces) -> Self {
        let seed = random::token().to_string();
        let unused = [Mutex::new(Bounded::new(NONCES)), Mutex::new(Bounded::new(NONCES))];
        Self { policy, seed, turns: AtomicU64::new(0), unused }
    }

    pub(crate) fn rotate(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a proof with that nonce will do, which uses it up where it is good once.
    pub(crate) fn accepts(&self, side: Side, nonce: Option<&str>, now: u64) -> bool {
        match (self.policy, nonce) {
            (DpopNonces::None, _) => true,
            (_, None) => false,
            (DpopNonces::Required, Some(nonce)) => [0, 1].iter().any(|ago| nonce == self.stable(side, now, *ago)),
            (DpopNonces::EachRequest, Some(nonce)) => lock(&self.unused[side as usize]).remove(nonce).is_some(),
        }
    }

    /// The nonce that an answer is to bring: always where each is good once, else where the client has not the current one.
    pub(crate) fn next(&self, side: Side, used: Option<&str>, now: u64) -> Option<String> {
        match self.policy {
            DpopNonces::None => None,
            DpopNonces::Required => Some(self.stable(side, now, 0)).filter(|current| used != Some(current)),
            DpopNonces::EachRequest => {
                let nonce = random::token();
                lock(&self.unused[side as usize]).insert(nonce.clone(), ());
                Some(nonce.to_string())
            }
        }
    }

    fn stable(&self, side: Side, now: u64, ago: u64) -> String {
        let turn = (now / TURN + self.turns.load(Ordering::Relaxed)).saturating_sub(ago);
        random::sha256_base64url(&format!("{} {side:?} {turn}", self.seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_nonce_is_good_for_two_turns_and_on_its_own_side_alone() {
        let nonces = Nonces::new(DpopNonces::Required);
        let nonce = nonces.next(Side::Api, None, 0).unwrap();
        assert_eq!(nonces.next(Side::Api, Some(&nonce), TURN - 1), None);
        assert!(nonces.accepts(Side::Api, Some(&nonce), TURN - 1) && nonces.accepts(Side::Api, Some(&nonce), TURN));
        assert!(nonces.next(Side::Api, Some(&nonce), TURN).is_some());
        assert!(!nonces.accepts(Side::Api, Some(&nonce), 2 * TURN));
        assert!(!nonces.accepts(Side::AuthorizationServer, Some(&nonce), 0));
        nonces.rotate();
        assert!(nonces.accepts(Side::Api, Some(&nonce), 0));
        nonces.rotate();
        assert!(!nonces.accepts(Side::Api, Some(&nonce), 0));
    }

    #[test]
    fn a_nonce_for_one_request_is_good_once() {
        let nonces = Nonces::new(DpopNonces::EachRequest);
        let nonce = nonces.next(Side::Api, None, 0).unwrap();
        assert!(!nonces.accepts(Side::AuthorizationServer, Some(&nonce), 0));
        assert!(nonces.accepts(Side::Api, Some(&nonce), 0));
        assert!(!nonces.accepts(Side::Api, Some(&nonce), 0));
    }
}
