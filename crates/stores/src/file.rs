//! Tokens kept in a file that many processes share.

mod content;
mod disk;
#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;
mod worker;

use crate::queue::{self, Permit, Queue};
use crate::timer;
use content::{Content, Packed};
use disk::{Disk, LockFile};
use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::ports::BoxFuture;
use grantee_core::store::{BlockingStore, Record, Store, StoreLock, TokenKey};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use worker::Worker;

/// Keeps tokens in one file, mode 0600, for any number of processes. Clones share everything.
///
/// A save writes a new file and renames it over the old one, so a reader, or whoever comes after a crash, sees the old
/// tokens or the new. The lock of a key is a lock file beside it, which the system lets go of when its holder dies; lock
/// files are never renamed or deleted. On Unix a file that other users could read or write, or that belongs to one of
/// them, is refused; so is a content that no store wrote, which is left as it is.
///
/// [`prepare`](BlockingStore::prepare) reserves twice the present size of the file and 8 KiB more, by writing them: a
/// save that fits succeeds on a full disk. (Not on a file system that never overwrites in place, such as Btrfs or ZFS;
/// and not once other keys have outgrown it meanwhile.)
///
/// For the async face the work is done by a thread of the file's own, never by the caller's. A save whose future is
/// dropped half-way is finished, and its lock held until then.
///
/// The tokens are not encrypted: whoever can read the user's files, or a backup of them, has them.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("state/tokens.json");
/// use grantee_core::Token;
/// use grantee_core::store::{BlockingStore, Record, TokenKey};
/// use grantee_stores::File;
/// use std::time::Duration;
///
/// let store = File::at(&path)?;
/// let key = TokenKey::new([("issuer", "https://as.example"), ("client", "svc")]);
/// let mut record = Record::new("https://as.example", "svc");
/// record.token = Some(Token::bearer("an-access-token"));
///
/// let lock = BlockingStore::lock(&store, &key, Duration::from_secs(10))?;
/// BlockingStore::save(&store, &key, &record, &*lock)?;
/// drop(lock);
/// assert_eq!(BlockingStore::load(&File::at(&path)?, &key)?, Some(record));
/// # Ok::<(), grantee_core::error::StoreError>(())
/// ```
#[derive(Clone)]
pub struct File {
    shared: Arc<Shared>,
}

impl File {
    /// The store at a path. A symbolic link is followed here, once. A missing file is an empty store; a missing
    /// directory is made, mode 0700.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unsafe`] when others could read or write the file; the hint says what to do.
    /// [`StoreErrorKind::Io`] when the path can't lead to a file.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let disk = Disk::at(path.as_ref())?;
        disk.judge()?;
        disk.clear_leftovers();
        // One line for each key over all values of this process that share a path: only its head asks the system.
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if let Some(shared) = open.get(disk.path()).and_then(Weak::upgrade) {
            return Ok(Self { shared });
        }
        open.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Shared::new(disk));
        open.insert(shared.disk.path().to_owned(), Arc::downgrade(&shared));
        Ok(Self { shared })
    }

    /// Where the file is, links followed.
    pub fn path(&self) -> &Path {
        self.shared.disk.path()
    }
}

static OPEN: Mutex<Option<HashMap<PathBuf, Weak<Shared>>>> = Mutex::new(None);

impl BlockingStore for File {
    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        self.shared.load(key)
    }

    fn lock(&self, key: &TokenKey, at_most: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let deadline = queue::deadline(at_most);
        let permit = self.shared.queue.enter_blocking(key, deadline)?;
        let file = wait_for(deadline, || self.shared.disk.try_lock(Some(key)))?;
        Ok(self.shared.hold(key, file, permit))
    }

    fn prepare(&self, key: &TokenKey, record: &Record, _lock: &dyn StoreLock) -> Result<(), StoreError> {
        self.shared.held(key)?.prepare(record)
    }

    fn save(&self, key: &TokenKey, record: &Record, _lock: &dyn StoreLock) -> Result<(), StoreError> {
        self.shared.held(key)?.save(record)
    }

    fn remove(&self, key: &TokenKey, _lock: &dyn StoreLock) -> Result<(), StoreError> {
        self.shared.held(key)?.remove()
    }
}

impl Store for File {
    fn load<'a>(&'a self, key: &'a TokenKey) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async move {
            let (shared, key) = (self.shared.clone(), *key);
            self.shared.worker.run(move || shared.load(&key)).await
        })
    }

    fn lock<'a>(
        &'a self,
        key: &'a TokenKey,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async move {
            let deadline = queue::deadline(at_most);
            let permit = self.shared.queue.enter(key, deadline).await?;
            let mut pauses = Pauses::until(deadline);
            loop {
                let (shared, key) = (self.shared.clone(), *key);
                // Should this future be dropped now, the locked file is dropped by the thread that locked it.
                let file = self.shared.worker.run(move || shared.disk.try_lock(Some(&key))).await?;
                if let Some(file) = file {
                    return Ok(self.shared.hold(&key, file, permit));
                }
                timer::sleep_until(Instant::now() + pauses.next()?).await?;
            }
        })
    }

    fn prepare<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (held, record) = (self.shared.held(key)?, record.clone());
            self.shared.worker.run(move || held.prepare(&record)).await
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a TokenKey,
        record: &'a Record,
        _lock: &'a dyn StoreLock,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (held, record) = (self.shared.held(key)?, record.clone());
            self.shared.worker.run(move || held.save(&record)).await
        })
    }

    fn remove<'a>(&'a self, key: &'a TokenKey, _lock: &'a dyn StoreLock) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let held = self.shared.held(key)?;
            self.shared.worker.run(move || held.remove()).await
        })
    }
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What all of this process's values for one path share.
struct Shared {
    disk: Disk,
    queue: Arc<Queue>,
    held: Mutex<HashMap<TokenKey, Weak<Held>>>,
    /// Held while this process reads and replaces the file.
    writing: Mutex<()>,
    worker: Worker,
}

impl Shared {
    fn new(disk: Disk) -> Self {
        Self {
            disk,
            queue: Arc::default(),
            held: Mutex::default(),
            writing: Mutex::default(),
            worker: Worker::default(),
        }
    }

    fn load(&self, key: &TokenKey) -> Result<Option<Record>, StoreError> {
        match self.disk.read()? {
            None => Ok(None),
            Some(bytes) => Content::parse(&bytes)?.record(key),
        }
    }

    fn hold(self: &Arc<Self>, key: &TokenKey, file: LockFile, permit: Permit) -> Box<dyn StoreLock> {
        let held = Arc::new(Held {
            shared: self.clone(),
            key: *key,
            reserved: AtomicBool::new(false),
            file: Some(file),
            permit: Some(permit),
        });
        self.table().insert(*key, Arc::downgrade(&held));
        Box::new(FileLock { _held: held })
    }

    fn held(&self, key: &TokenKey) -> Result<Arc<Held>, StoreError> {
        let held = self.table().get(key).and_then(Weak::upgrade);
        held.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Io, "a token is to be written whose lock this program does not hold")
                .hint("write under the lock that this store gave for the same key")
        })
    }

    fn table(&self) -> MutexGuard<'_, HashMap<TokenKey, Weak<Held>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle on a lock.
struct FileLock {
    _held: Arc<Held>,
}

impl StoreLock for FileLock {
    fn fence(&self) -> Option<u64> {
        None
    }
}

/// The lock of one key; let go when its handle is dropped and no write under it is still to be done.
struct Held {
    shared: Arc<Shared>,
    key: TokenKey,
    /// Whether room has been reserved and not used.
    reserved: AtomicBool,
    // In this order: those of this process who wait come after the system knows that the lock is free.
    file: Option<LockFile>,
    permit: Option<Permit>,
}

impl Held {
    fn prepare(&self, record: &Record) -> Result<(), StoreError> {
        let packed = Packed::new(record)?;
        self.change(|content| {
            let next = content.with(&self.key, Some(&packed));
            self.shared.disk.reserve(&self.key, RESERVE_FACTOR * next.len() as u64 + RESERVE_MORE)?;
            let was_reserved = self.reserved.swap(true, Ordering::SeqCst);
            let written = self.shared.disk.replace(&self.key, &next, false);
            if written.is_err() && !was_reserved {
                self.release();
            }
            written
        })
    }

    fn save(&self, record: &Record) -> Result<(), StoreError> {
        let packed = Packed::new(record)?;
        self.change(|content| {
            self.shared.disk.replace(&self.key, &content.with(&self.key, Some(&packed)), true)?;
            self.reserved.store(false, Ordering::SeqCst);
            Ok(())
        })
    }

    fn remove(&self) -> Result<(), StoreError> {
        self.change(|content| {
            if content.has(&self.key) {
                self.shared.disk.replace(&self.key, &content.with(&self.key, None), true)?;
                self.reserved.store(false, Ordering::SeqCst);
            }
            Ok(())
        })
    }

    /// Reads the file and replaces it, with nobody else doing so meanwhile.
    fn change(&self, change: impl FnOnce(&Content<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let _writing = self.shared.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _file = wait_for(queue::deadline(WRITE_WAIT), || self.shared.disk.try_lock(None))?;
        match self.shared.disk.read()? {
            None => change(&Content::default()),
            Some(bytes) => change(&Content::parse(&bytes)?),
        }
    }

    fn release(&self) {
        if self.reserved.swap(false, Ordering::SeqCst) {
            self.shared.disk.release(&self.key);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
        self.shared.table().remove(&self.key);
        self.file = None;
        self.permit = None;
    }
}

/// What is reserved for a save: so many times the file's size, and so many bytes more.
const RESERVE_FACTOR: u64 = 2;
const RESERVE_MORE: u64 = 8 * 1024;

/// How long a write waits for another process's write, which takes milliseconds unless that process was stopped.
const WRITE_WAIT: Duration = Duration::from_secs(10);

fn wait_for(
    deadline: Option<Instant>,
    mut try_lock: impl FnMut() -> Result<Option<LockFile>, StoreError>,
) -> Result<LockFile, StoreError> {
    let mut pauses = Pauses::until(deadline);
    loop {
        if let Some(file) = try_lock()? {
            return Ok(file);
        }
        std::thread::sleep(pauses.next()?);
    }
}

/// The pauses between asking the system for a lock: it can't be told to wait for only so long.
struct Pauses {
    deadline: Option<Instant>,
    next: Duration,
}

impl Pauses {
    fn until(deadline: Option<Instant>) -> Self {
        Self { deadline, next: Duration::from_millis(1) }
    }

    /// The next pause, cut at the deadline; an error once that has passed.
    fn next(&mut self) -> Result<Duration, StoreError> {
        let left = self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(queue::busy());
        }
        let pause = self.next.min(left);
        self.next = (self.next * 2).min(Duration::from_millis(20));
        Ok(pause)
    }
}

/// Reads a content as `load` would, for every key in it. For fuzzing; no part of the API.
#[doc(hidden)]
pub fn read_for_fuzzing(bytes: &[u8], key: &TokenKey) -> Result<Option<Record>, StoreError> {
    Content::parse(bytes)?.record(key)
}
