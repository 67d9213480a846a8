//! What a server's handle and its thread both hold.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use serde_json::Value;

use crate::{Client, User, browser::Browser, fault::Faults, hold::Holds, log::Log, store::Store};

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Mutex<Store>,
    pub(crate) browser: Mutex<Browser>,
    pub(crate) faults: Faults,
    pub(crate) holds: Holds,
    pub(crate) log: Log,
}

/// What never changes once the server runs.
#[derive(Clone)]
pub(crate) struct Config {
    /// `http://127.0.0.1:PORT`.
    pub(crate) origin: String,
    /// The path of the issuer: empty, or `/tenant/one`.
    pub(crate) base: String,
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) code_lifetime: Duration,
    pub(crate) id_token_lifetime: Duration,
    pub(crate) rotate_refresh_tokens: bool,
    pub(crate) claims_in_id_token: bool,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) users: HashMap<String, User>,
    pub(crate) auto_approve: Option<String>,
    /// Members set in the metadata document, or left out of it.
    pub(crate) metadata: Vec<(String, Option<Value>)>,
}

impl Config {
    pub(crate) fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.base)
    }
}

/// A panic elsewhere leaves nothing half-done behind these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
