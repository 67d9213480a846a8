//! Where tokens are kept, seen from the core: the port, the record and the key it is kept under.
//!
//! A store comes in two forms, [`Store`] for the async face and [`BlockingStore`] for the blocking one; a store may be
//! both. [`contract`](crate::contract) holds a suite that any implementation can run.

use crate::error::StoreError;
use crate::ports::BoxFuture;
use crate::{Token, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// What a record is kept under: a digest of everything that makes two tokens different tokens (issuer or token
/// endpoint, client, grant, account, scope, resources, audiences, other parameters, key thumbprint).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// From the parts, each a name and a value. Their order counts, so a caller gives them in one order.
    pub fn new<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = Vec::new();
        for part in parts.into_iter().flat_map(|(name, value)| [name, value]) {
            // The length first, so that no two lists of parts run together into one text.
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        Self(grantee_jose::sha256(&text))
    }

    /// From the digest of a key that was made elsewhere, as another process keeps it.
    pub fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest: 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The digest as base64url: 43 characters, fit for a file or a database column.
impl std::fmt::Display for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&grantee_jose::base64url::encode(self.0))
    }
}

/// What a store keeps under one key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The issuer, or the token endpoint where no issuer is known.
    pub issuer: String,
    /// The client the token was granted to.
    pub client_id: String,
    /// The caller's own label for whose token it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The token; absent before the first one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Present while a token request is under way, and after one whose end nobody saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// What a later version keeps, or the program: left as it is.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

// What a later version or a program keeps may be a secret, so only the names are shown.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("account", &self.account)
            .field("token", &self.token)
            .field("intent", &self.intent)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl Record {
    /// A record without a token yet.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            account: None,
            token: None,
            intent: None,
            extra: Map::new(),
        }
    }
}

/// The trace of a token request that was about to be sent. Found by somebody who holds the lock, it says that whoever
/// wrote it died, or gave up, before saving what came of it; the refresh token may have been used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intent {
    /// Tells this intent from any other.
    pub id: String,
    /// When it was written.
    pub at: UnixTime,
}

impl Intent {
    /// An intent with an identifier of its own.
    pub fn new(id: impl Into<String>, at: UnixTime) -> Self {
        Self { id: id.into(), at }
    }
}

/// Held while one record is read, renewed and written. Dropping it lets go; so does the death of the process.
pub trait StoreLock: Send + Sync {
    /// The fencing number, where the lock is a lease that may run out under its holder: each later holder's is greater,
    /// and the store refuses to save with a lesser one than it has seen ([`StoreErrorKind::Fenced`](crate::error::StoreErrorKind::Fenced)).
    /// `None` where a holder that lives can't lose the lock.
    fn fence(&self) -> Option<u64>;
}

/// Keeps records, for the async face. See [`BlockingStore`] for what each method promises.
pub trait Store: Send + Sync {
    /// The record under a key, if there is one.
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>>;
    /// Waits for the lock of one key.
    fn lock<'a>(
        &'a self,
        key: &'a TokenKey,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>>;
    /// Writes a record that holds an intent, and reserves room for the save that follows.
    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Writes a record.
    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
    /// Removes what is under a key.
    fn remove<'a>(&'a self, key: &'a TokenKey, lock: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Keeps records, for the blocking face.
pub trait BlockingStore: Send + Sync {
    /// The record under a key, if there is one. Needs no lock, and sees either all of a save or nothing of it.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read, or could have been read by others.
    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError>;

    /// Waits for the lock of one key, for at most `at_most`. One holder at a time, over all processes that share the
    /// store; the lock of another key is another lock. A holder that dies lets go.
    ///
    /// # Errors
    /// [`StoreErrorKind::Busy`](crate::error::StoreErrorKind::Busy) when nobody let go in time.
    fn lock(&self, key: &TokenKey, at_most: Duration) -> Result<Box<dyn StoreLock>, StoreError>;

    /// Writes a record that holds an intent, and reserves room so that the [`save`](Self::save) that follows does not
    /// fail for want of space. When this fails nothing has changed and no token request is sent.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be written.
    fn prepare(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError>;

    /// Writes a record in the place of what was there: all of it, or, whatever happens, nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be written, or the lock has been lost.
    fn save(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError>;

    /// Removes what is under a key; nothing there is fine.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be removed, or the lock has been lost.
    fn remove(&self, key: &TokenKey, lock: &dyn StoreLock) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_parts_share_a_key() {
        let key = |parts: &[(&'static str, &'static str)]| TokenKey::new(parts.iter().copied());
        assert_eq!(key(&[("issuer", "a"), ("client", "b")]), key(&[("issuer", "a"), ("client", "b")]));
        assert_ne!(key(&[("issuer", "a"), ("client", "b")]), key(&[("issuer", "ac"), ("lient", "b")]));
        assert_ne!(key(&[("issuer", "a")]), key(&[("issuer", "a"), ("account", "")]));
        assert_eq!(key(&[]).to_string().len(), 43);
    }

    #[test]
    fn a_record_keeps_members_it_does_not_know() {
        let json = serde_json::json!({"issuer": "i", "client_id": "c", "registration": {"x": 1}});
        let record: Record = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&record).unwrap(), json);
    }
}
