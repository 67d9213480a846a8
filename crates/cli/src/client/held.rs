//! The token that a profile holds, looked at without being renewed.

use super::Setup;
use crate::failure::Result;
use grantee::Token;
use grantee::blocking::Client;
use grantee::error::{StoreError, StoreErrorKind};
use grantee::store::{BlockingStore, Record, StoreLock, TokenKey};
use grantee::stores::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

impl Setup {
    /// What the profile holds, however old: `None` without a profile, or where it holds nothing.
    pub(crate) fn held_token(&mut self, client: &Client) -> Result<Option<Token>> {
        let Some(profile) = &self.profile else { return Ok(None) };
        let seen = Arc::new(Mutex::new(Ok(None)));
        let peek = Peek { file: profile.tokens()?, seen: Arc::clone(&seen) };
        // It ends when it has looked, and asks nobody for anything.
        let _ = self.held_session(client)?.store(peek).build()?.token();
        let record = std::mem::replace(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner), Ok(None))?;
        Ok(record.and_then(|record| record.token))
    }
}

/// A store that shows what it holds and does nothing else.
struct Peek {
    file: File,
    seen: Arc<Mutex<std::result::Result<Option<Record>, StoreError>>>,
}

impl BlockingStore for Peek {
    fn load(&self, key: &TokenKey) -> std::result::Result<Option<Record>, StoreError> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = BlockingStore::load(&self.file, key);
        Err(closed())
    }

    fn lock(&self, key: &TokenKey, _: Duration) -> std::result::Result<Box<dyn StoreLock>, StoreError> {
        self.load(key)?;
        Err(closed())
    }

    fn prepare(&self, _: &TokenKey, _: &Record, _: &dyn StoreLock) -> std::result::Result<(), StoreError> {
        Err(closed())
    }

    fn save(&self, _: &TokenKey, _: &Record, _: &dyn StoreLock) -> std::result::Result<(), StoreError> {
        Err(closed())
    }

    fn remove(&self, _: &TokenKey, _: &dyn StoreLock) -> std::result::Result<(), StoreError> {
        Err(closed())
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Io, "looked at only")
}
