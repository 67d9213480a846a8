//! What comes in: files, stdin, and option values that name one of them.

use crate::failure::{Failure, Result};
use grantee::Secret;
use grantee::jose::{self, ErrorKind};
use std::io::{self, Read as _};
use std::path::Path;

/// The most that is read of anything that is no request body.
pub(crate) const MOST: u64 = 16 * 1024 * 1024;

/// Stdin, which one thing can have.
#[derive(Default)]
pub(crate) struct Stdin {
    taken_by: Option<&'static str>,
}

impl Stdin {
    /// Says that `what` will come from stdin.
    ///
    /// # Errors
    /// Wrong use when something else comes from there too.
    pub(crate) fn take(&mut self, what: &'static str) -> Result<()> {
        match self.taken_by.replace(what) {
            None => Ok(()),
            Some(other) => Err(Failure::usage(format!("{other} and {what} can't both come from stdin"))),
        }
    }

    /// Reads a secret from a file, or from stdin for `-`.
    pub(crate) fn secret_file(&mut self, what: &'static str, path: &Path) -> Result<Secret> {
        let bytes = if path == Path::new("-") {
            self.take(what)?;
            read_stdin(what)?
        } else {
            read_file(path)?
        };
        one_line(what, bytes)
    }

    /// The value of an option that holds a token or a code: `@FILE` or `-`, never the thing itself.
    pub(crate) fn referred(&mut self, what: &'static str, value: &str) -> Result<Secret> {
        match value.strip_prefix('@') {
            Some(path) => self.secret_file(what, Path::new(path)),
            None if value == "-" => self.secret_file(what, Path::new("-")),
            None => Err(Failure::usage(format!("{what} is not given literally, since a process list shows it"))
                .hint("give @FILE, or - for stdin")),
        }
    }

    /// The value of an option that may be given literally, since it serves once and for this program alone; else as
    /// [`referred`](Self::referred).
    pub(crate) fn literal_or_referred(&mut self, what: &'static str, value: &str) -> Result<Secret> {
        if value == "-" || value.starts_with('@') { self.referred(what, value) } else { Ok(Secret::new(value)) }
    }
}

/// Reads all of stdin as one secret.
pub(crate) fn secret_from_stdin(what: &'static str) -> Result<Secret> {
    let secret = one_line(what, read_stdin(what)?)?;
    if secret.is_empty() {
        return Err(Failure::usage(format!("{what} is read from stdin, and there is nothing")));
    }
    Ok(secret)
}

/// The token on stdin, without the one newline behind it that printing it has put there.
///
/// # Errors
/// A rule is broken by what is no text or too long.
pub(crate) fn token_from_stdin() -> Result<String> {
    // A payload that may be read, in base64url.
    const MOST_TOKEN: u64 = MOST / 3 * 4 + 64 * 1024;
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST_TOKEN + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(format!("can't read the token from stdin: {error}")))?;
    let refused = |kind, rule| Failure::refused(jose::Error::new(kind, rule, "RFC 7515 section 3"));
    if bytes.len() as u64 > MOST_TOKEN {
        return Err(refused(ErrorKind::TooLarge, "the token is no longer than this program reads"));
    }
    let mut token = String::from_utf8(bytes).map_err(|_| refused(ErrorKind::Malformed, "the token is text"))?;
    if token.ends_with('\n') {
        token.pop();
        if token.ends_with('\r') {
            token.pop();
        }
    }
    Ok(token)
}

/// Reads all of stdin.
pub(crate) fn read_stdin(what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(format!("can't read {what} from stdin: {error}")))?;
    not_too_long(what, bytes)
}

/// Reads a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|error| Failure::io("can't read", path, &error))?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| Failure::io("can't read", path, &error))?;
    not_too_long(&path.display().to_string(), bytes)
}

fn not_too_long(what: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if bytes.len() as u64 > MOST {
        return Err(Failure::file(format!("{what} is longer than {MOST} bytes")));
    }
    Ok(bytes)
}

/// A secret without the one newline that an editor or `echo` puts behind it.
fn one_line(what: &str, bytes: Vec<u8>) -> Result<Secret> {
    let text = String::from_utf8(bytes).map_err(|_| Failure::file(format!("{what} is not UTF-8")))?;
    let text = Secret::new(text);
    let line = text.reveal();
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(line))
}
