//! The keys of one server.

use std::sync::Mutex;

use serde_json::Value;

use crate::{SigningKey, keys::DEFAULT_ALGS, shared::lock};

/// How many keys are remembered after they were rotated away, so that an old ID token still serves as a hint.
const RETIRED: usize = 64;

pub(crate) struct KeyRing {
    keys: Mutex<Keys>,
}

struct Keys {
    current: Vec<SigningKey>,
    retired: Vec<SigningKey>,
}

impl KeyRing {
    pub(crate) fn new(keys: Option<Vec<SigningKey>>) -> Self {
        let current = keys.unwrap_or_else(|| DEFAULT_ALGS.map(SigningKey::shared).to_vec());
        Self { keys: Mutex::new(Keys { current, retired: Vec::new() }) }
    }

    pub(crate) fn current(&self) -> Vec<SigningKey> {
        lock(&self.keys).current.clone()
    }

    pub(crate) fn replace(&self, keys: Vec<SigningKey>) {
        lock(&self.keys).change(keys);
    }

    pub(crate) fn rotate(&self) {
        let mut keys = lock(&self.keys);
        let next = keys.current.iter().map(SigningKey::successor).collect();
        keys.change(next);
    }

    /// The key for an algorithm; one is added where there is none.
    pub(crate) fn key(&self, alg: &str) -> SigningKey {
        let mut keys = lock(&self.keys);
        if let Some(key) = keys.current.iter().find(|key| key.alg() == alg) {
            return key.clone();
        }
        let key = SigningKey::shared(alg);
        keys.current.push(key.clone());
        key
    }

    /// What is signed with where nobody has asked for an algorithm (OpenID Connect Registration 1.0 section 2).
    pub(crate) fn default_alg(&self) -> String {
        let keys = lock(&self.keys);
        let preferred = keys.current.iter().find(|key| key.alg() == "RS256").or(keys.current.first());
        preferred.map_or_else(|| "RS256".to_owned(), |key| key.alg().to_owned())
    }

    pub(crate) fn algs(&self) -> Vec<String> {
        lock(&self.keys).current.iter().map(|key| key.alg().to_owned()).collect()
    }

    /// Every key that ever signed for this server.
    pub(crate) fn all(&self) -> Vec<SigningKey> {
        let keys = lock(&self.keys);
        keys.current.iter().chain(&keys.retired).cloned().collect()
    }

    pub(crate) fn jwks(&self) -> Vec<Value> {
        lock(&self.keys).current.iter().map(SigningKey::jwk).collect()
    }
}

impl Keys {
    fn change(&mut self, next: Vec<SigningKey>) {
        let old = std::mem::replace(&mut self.current, next);
        self.retired.splice(0..0, old);
        self.retired.truncate(RETIRED);
    }
}
