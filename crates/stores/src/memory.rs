//! Tokens kept in memory, for as long as the process lives.

mod packed;

use crate::queue::{self, Permit, Queue};
use grantee_core::error::StoreError;
use grantee_core::ports::BoxFuture;
use grantee_core::store::{BlockingStore, Record, Store, StoreLock, TokenKey};
use packed::{Packed, Profiles};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Keeps tokens in memory. Clones share one map; when the last is dropped, every secret in it is wiped.
///
/// Made for a million of them: a record is one allocation, and what many have in common (issuer, client, scope, token
/// type) is kept once. Use [`File`](crate::File) for tokens that must outlive the process.
///
/// Its locks are no leases, so they carry no fencing number.
///
/// ```
/// use grantee_core::Token;
/// use grantee_core::store::{BlockingStore, Record, TokenKey};
/// use grantee_stores::Memory;
/// use std::time::Duration;
///
/// let store = Memory::new();
/// let key = TokenKey::new([("issuer", "https://as.example"), ("client", "svc")]);
/// let mut record = Record::new("https://as.example", "svc");
/// record.token = Some(Token::bearer("an-access-token"));
///
/// let lock = BlockingStore::lock(&store, &key, Duration::from_secs(1))?;
/// BlockingStore::save(&store, &key, &record, &*lock)?;
/// assert_eq!(BlockingStore::load(&store.clone(), &key)?, Some(record));
/// # Ok::<(), grantee_core::error::StoreError>(())
/// ```
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.0.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, key: &TokenKey) -> Option<Record> {
        let shard = self.0.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(key).map(Packed::unpack)
    }

    fn put(&self, key: &TokenKey, record: &Record) {
        let packed = Packed::new(record, &self.0.profiles);
        let mut shard = self.0.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let replaced = shard.insert(*key, packed);
        drop(shard);
        drop(replaced);
    }

    fn take(&self, key: &TokenKey) {
        let mut shard = self.0.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let removed = shard.remove(key);
        drop(shard);
        drop(removed);
    }
}

impl BlockingStore for Memory {
    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        Ok(self.get(key))
    }

    fn lock(&self, key: &TokenKey, at_most: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let permit = self.0.queue.enter_blocking(key, queue::deadline(at_most))?;
        Ok(Box::new(MemoryLock { _permit: permit }))
    }

    fn prepare(&self, key: &TokenKey, record: &Record, lock: &dyn StoreLock) -> Result<(), StoreError> {
        BlockingStore::save(self, key, record, lock)
    }

    fn save(&self, key: &TokenKey, record: &Record, _lock: &dyn StoreLock) -> Result<(), StoreError> {
        self.put(key, record);
        Ok(())
    }

    fn remove(&self, key: &TokenKey, _lock: &dyn StoreLock) -> Result<(), StoreError> {
        self.take(key);
        Ok(())
    }
}

impl Store for Memory {
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async move { Ok(self.get(key)) })
    }

    fn lock<'a>(
        &'a self,
        key: &'a TokenKey,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async move {
            let permit = self.0.queue.enter(key, queue::deadline(at_most)).await?;
            Ok(Box::new(MemoryLock { _permit: permit }) as Box<dyn StoreLock>)
        })
    }

    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Store::save(self, key, record, lock)
    }

    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.put(key, record);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a TokenKey, _lock: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.take(key);
            Ok(())
        })
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("records", &self.len()).finish()
    }
}

struct MemoryLock {
    _permit: Permit,
}

impl StoreLock for MemoryLock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

const SHARDS: usize = 64;

struct Shared {
    // Shards, so that writers of different keys seldom meet, and so that a map that grows copies a small part at a time.
    shards: [RwLock<HashMap<TokenKey, Packed, DigestHash>>; SHARDS],
    profiles: Profiles,
    queue: Arc<Queue>,
}

impl Shared {
    fn shard(&self, key: &TokenKey) -> &RwLock<HashMap<TokenKey, Packed, DigestHash>> {
        // The last byte; the hash below looks at the first eight.
        &self.shards[usize::from(key.as_bytes()[31]) % SHARDS]
    }
}

impl Default for Shared {
    fn default() -> Self {
        let hash = DigestHash::new();
        Self {
            shards: std::array::from_fn(|_| RwLock::new(HashMap::with_hasher(hash))),
            profiles: Profiles::default(),
            queue: Arc::default(),
        }
    }
}

/// Takes eight bytes of the digest, which is hash enough, and mixes them with two numbers of this store's own, so that
/// whoever chooses account labels can't choose ones that fall together.
#[derive(Clone, Copy)]
struct DigestHash(u64, u64);

impl DigestHash {
    fn new() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(1), random.hash_one(2) | 1)
    }
}

impl BuildHasher for DigestHash {
    type Hasher = DigestHasher;

    fn build_hasher(&self) -> DigestHasher {
        DigestHasher { by: *self, hash: 0 }
    }
}

struct DigestHasher {
    by: DigestHash,
    hash: u64,
}

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            let product = u128::from(u64::from_le_bytes(*first) ^ self.by.0) * u128::from(self.by.1);
            #[allow(clippy::cast_possible_truncation)] // the two halves, folded
            let folded = (product as u64) ^ ((product >> 64) as u64);
            self.hash = folded;
        }
    }

    // The length of the digest, always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_core::Token;

    #[test]
    fn debug_shows_no_token() {
        let store = Memory::new();
        let key = TokenKey::new([]);
        let mut record = Record::new("https://as.example", "svc");
        record.token = Some(Token::bearer("s3cret"));
        store.put(&key, &record);
        assert_eq!(format!("{store:?}"), "Memory { records: 1 }");
    }

    #[test]
    fn profiles_that_nobody_has_are_let_go() {
        let store = Memory::new();
        let key = TokenKey::new([]);
        for number in 0..10_000 {
            store.put(&key, &Record::new(format!("https://{number}.example"), "svc"));
        }
        assert!(store.0.profiles.len() <= 128, "{}", store.0.profiles.len());
    }
}
