//! The file and those beside it: reading, locking, reserving room, replacing.
//!
//! | path | what | lives |
//! |---|---|---|
//! | `PATH` | the tokens | replaced as a whole by a rename |
//! | `PATH.lock` | locked while the file is read and replaced, for milliseconds | for ever |
//! | `PATH.KEY.lock` | the lock of one key, held across a token request; `KEY` is 16 hex digits of it | for ever |
//! | `PATH.KEY.tmp` | the next content, being written | until it is renamed to `PATH` |
//! | `PATH.KEY.reserve` | room for the save that follows a `prepare` | until that save renames it to `PATH`, or the lock is let go |
//!
//! The last two are only touched under the lock of their key, so what a killed process left is its successor's to clear.

#[cfg(not(unix))]
use super::other as system;
#[cfg(unix)]
use super::unix as system;

use grantee_core::error::{StoreError, StoreErrorKind};
use grantee_core::store::TokenKey;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(super) struct Disk {
    path: PathBuf,
    directory: PathBuf,
}

impl Disk {
    /// Finds the place of the file, following symbolic links, and makes its directory where there is none.
    pub(super) fn at(path: &Path) -> Result<Self, StoreError> {
        let path = resolve(path)?;
        let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Self { path, directory })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The whole content; `None` where there is no file.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Some(mut file) = self.open_existing(&self.path, OpenOptions::new().read(true))? else { return Ok(None) };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
        file.read_to_end(&mut bytes).map_err(|error| failed("read", &self.path, &error))?;
        Ok(Some(bytes))
    }

    /// Whether what is there may be used, if anything is there.
    pub(super) fn judge(&self) -> Result<(), StoreError> {
        self.open_existing(&self.path, OpenOptions::new().read(true)).map(drop)
    }

    /// The lock of a key, or of the file where no key is given; `None` while somebody else holds it.
    pub(super) fn try_lock(&self, key: Option<&TokenKey>) -> Result<Option<LockFile>, StoreError> {
        let path = key.map_or_else(|| self.beside(".lock"), |key| self.beside_for(key, "lock"));
        loop {
            // Opened for writing, since locks over NFS ask for it.
            let mut options = OpenOptions::new();
            let file = system::private(options.read(true).write(true).create(true).truncate(false))
                .open(&path)
                .map_err(|error| failed("open the lock file", &path, &error))?;
            match file.try_lock() {
                Ok(()) if system::is_at(&file, &path) => return Ok(Some(LockFile(file))),
                // Somebody deleted it by hand meanwhile, and others may have locked a new one.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path, &error)),
            }
        }
    }

    /// Makes sure that the next [`replace`](Self::replace) under this key has `size` bytes to write to: blocks that are
    /// really there, not a hole of that length. Changes nothing when it fails.
    pub(super) fn reserve(&self, key: &TokenKey, size: u64) -> Result<(), StoreError> {
        let path = self.reserve_path(key);
        let (mut file, before) = match self.open_reserve(&path) {
            Some(reserved) => reserved,
            None => (self.create(&path)?, 0),
        };
        let done = fill(&mut file, before, size).and_then(|()| file.sync_all());
        done.map_err(|error| {
            if before == 0 {
                let _ = std::fs::remove_file(&path);
            } else {
                let _ = file.set_len(before);
            }
            failed("reserve room at", &path, &error)
        })
    }

    /// Gives the room back.
    pub(super) fn release(&self, key: &TokenKey) {
        let _ = std::fs::remove_file(self.reserve_path(key));
    }

    /// Puts a new content in the place of the old: all of it or, whatever happens, nothing. With `use_reserve` it is
    /// written where room was reserved, if it was.
    pub(super) fn replace(&self, key: &TokenKey, content: &[u8], use_reserve: bool) -> Result<(), StoreError> {
        let reserve = self.reserve_path(key);
        let reserved = if use_reserve { self.open_reserve(&reserve) } else { None };
        let (path, mut file, before) = match reserved {
            Some((file, before)) => (reserve, file, before),
            None => {
                let path = self.beside_for(key, "tmp");
                let file = self.create(&path)?;
                (path, file, 0)
            }
        };
        let written = file
            .write_all(content)
            .and_then(|()| file.set_len(content.len() as u64))
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&path, &self.path));
        if let Err(error) = written {
            // Room that was reserved stays reserved for the next try.
            if before == 0 {
                let _ = std::fs::remove_file(&path);
            } else {
                let _ = file.set_len(before);
            }
            return Err(failed("write", &self.path, &error));
        }
        system::sync_directory(&self.directory).map_err(|error| failed("write", &self.directory, &error))
    }

    /// Clears what killed processes left beside the file, as far as nobody holds the lock of its key.
    pub(super) fn clear_leftovers(&self) {
        for path in self.leftovers().unwrap_or_default() {
            let lock = path.with_extension("lock");
            let mut options = OpenOptions::new();
            let lock = system::private(options.read(true).write(true).create(true).truncate(false)).open(lock);
            let lock = lock.ok().and_then(|lock| lock.try_lock().ok().map(|()| LockFile(lock)));
            if lock.is_some() {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    fn leftovers(&self) -> io::Result<Vec<PathBuf>> {
        let mut prefix = self.path.file_name().unwrap_or_default().to_owned();
        prefix.push(".");
        let prefix = prefix.into_encoded_bytes();
        let mut found = Vec::new();
        for entry in self.directory.read_dir()? {
            let name = entry?.file_name();
            let Some(rest) = name.as_encoded_bytes().strip_prefix(prefix.as_slice()) else { continue };
            let Some((key, ending)) = rest.split_at_checked(16) else { continue };
            if key.iter().all(u8::is_ascii_hexdigit) && matches!(ending, b".tmp" | b".reserve") {
                found.push(self.directory.join(name));
            }
        }
        Ok(found)
    }

    fn open_existing(&self, path: &Path, options: &mut OpenOptions) -> Result<Option<File>, StoreError> {
        match system::private(options).open(path) {
            Ok(file) => system::judge(&file, path).map(|()| Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if system::is_symlink(&error) => {
                let message = format!("{} has become a symbolic link since it was opened", path.display());
                Err(StoreError::new(StoreErrorKind::Unsafe, message).hint("see who put it there"))
            }
            Err(error) => Err(failed("open", path, &error)),
        }
    }

    /// Room reserved earlier, and how much of it; `None` where there is none, or none that only we could have made.
    fn open_reserve(&self, path: &Path) -> Option<(File, u64)> {
        let file = self.open_existing(path, OpenOptions::new().read(true).write(true)).ok()??;
        let length = file.metadata().ok()?.len();
        (length > 0).then_some((file, length))
    }

    /// A new file of ours, in the place of whatever a killed process left there.
    fn create(&self, path: &Path) -> Result<File, StoreError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("replace", path, &error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        system::private(options.read(true).write(true).create_new(true))
            .open(path)
            .map_err(|error| failed("create", path, &error))
    }

    fn reserve_path(&self, key: &TokenKey) -> PathBuf {
        self.beside_for(key, "reserve")
    }

    fn beside_for(&self, key: &TokenKey, ending: &str) -> PathBuf {
        let hex: String = key.as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        self.beside(&format!(".{hex}.{ending}"))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(ending);
        path.into()
    }
}

/// A lock file while it is locked; the system unlocks it when this process dies.
pub(super) struct LockFile(File);

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing it would not do: a child process that is just being started may have inherited it for a moment.
        let _ = self.0.unlock();
    }
}

/// Adds zeros to the end.
fn fill(file: &mut File, from: u64, to: u64) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(from))?;
    io::copy(&mut io::repeat(0).take(to.saturating_sub(from)), file)?;
    Ok(())
}

/// Where a path leads in the end. Links are followed here, once, so that a replacement goes where the file is and not
/// where the link is.
fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let mut path = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        let Some(name) = path.file_name().map(ToOwned::to_owned) else {
            let message = format!("{} does not name a file", path.display());
            return Err(StoreError::new(StoreErrorKind::Io, message).hint("name the file, not its directory"));
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        system::create_private_directory(parent).map_err(|error| failed("create the directory", parent, &error))?;
        let parent = parent.canonicalize().map_err(|error| failed("find", parent, &error))?;
        path = parent.join(name);
        match path.read_link() {
            Ok(target) => path = parent.join(target),
            Err(_) => return Ok(path),
        }
    }
    let message = format!("{} leads through too many symbolic links", path.display());
    Err(StoreError::new(StoreErrorKind::Io, message))
}

/// A failure of the system's, with what was tried on which path.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let message = format!("could not {what} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::new(StoreErrorKind::Full, message).hint("make room on the disk, or raise the quota")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::new(StoreErrorKind::Io, message)
            .hint("the file and its directory must be writable by the user who runs this program"),
        _ => StoreError::new(StoreErrorKind::Io, message),
    }
}
