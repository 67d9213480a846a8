//! Where there are no Unix modes, the directory's own access rules are what protects a file.

use grantee_core::error::StoreError;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn create_private_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

pub(super) fn judge(_: &File, _: &Path) -> Result<(), StoreError> {
    Ok(())
}

pub(super) fn is_symlink(_: &io::Error) -> bool {
    false
}

pub(super) fn is_at(_: &File, _: &Path) -> bool {
    true
}

pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
