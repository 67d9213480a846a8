//! Files that nobody else may read.

use crate::failure::{Failure, Result};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a file with mode 0600 in the place of what was there: all of it or nothing, and never what was there before with
/// its looser mode.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let written = beside(path, content).and_then(|file| file.persist(path).map_err(|error| error.error));
    written.map(|_| ()).map_err(|error| Failure::io("can't write", path, &error))
}

/// Writes such a file where there is none yet; says whether it has.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<bool> {
    let written = beside(path, content).and_then(|file| file.persist_noclobber(path).map_err(|error| error.error));
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        outcome => outcome.map(|_| true).map_err(|error| Failure::io("can't write", path, &error)),
    }
}

/// The whole file under another name.
fn beside(path: &Path, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".grantee-").tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes a directory that nobody else may enter, where there is none.
pub(crate) fn directory(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Failure::io("can't make the directory", path, &error))
}

/// Refuses a file that others could read.
pub(crate) fn refuse_if_shared(path: &Path, what: &str) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(path).map_err(|error| Failure::io("can't look at", path, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(Failure::file(format!("{what} {} holds a secret, and others can read it", path.display()))
                .hint(format!("chmod 600 '{}'", path.display())));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, what);
    Ok(())
}
