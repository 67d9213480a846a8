//! Modes and owners.

use grantee_core::error::{StoreError, StoreErrorKind};
use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A file made by this is ours alone. A symbolic link is not followed, since whoever may write to the directory could
/// have put it there; a pipe does not keep us waiting.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

pub(super) fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether nobody but us could read or write an open file.
pub(super) fn judge(file: &File, path: &Path) -> Result<(), StoreError> {
    let metadata = file.metadata().map_err(|error| super::disk::failed("look at", path, &error))?;
    let refuse = |why: String| StoreError::new(StoreErrorKind::Unsafe, format!("{} {why}", path.display()));
    if !metadata.is_file() {
        return Err(refuse("is not a regular file".to_owned()).hint("name a file of its own for the tokens"));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refuse("belongs to another user".to_owned()).hint(format!("chown \"$(id -u)\" {}", quoted(path))));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refuse(format!("is open to other users (mode {mode:04o})"))
            .hint(format!("chmod 600 {}; and if others may have read it, log in again", quoted(path))));
    }
    Ok(())
}

/// Whether an open error means that the path is a symbolic link.
pub(super) fn is_symlink(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Whether the path still leads to the open file.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((file.metadata(), path.symlink_metadata()), (Ok(file), Ok(path)) if identity(&file) == identity(&path))
}

/// Makes a rename last through a loss of power.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some network file systems have no such thing for directories.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        done => done,
    }
}

/// Fit to be copied into a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
