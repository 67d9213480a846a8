//! Client assertions that a platform makes: in a file, in the environment, or printed by a command
//! ([RFC 7521 section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2)).
//!
//! Each is asked anew at every request, since what made it also renews it: a projected token of Kubernetes, a JWT-SVID of
//! SPIFFE, the command of a cloud. What comes is one JWT of at most 64 KiB; white space after it is cut off.
//!
//! ```
//! # fn main() -> grantee::Result<()> {
//! use grantee::{assertion, blocking::Client};
//!
//! let token = assertion::file("/var/run/secrets/tokens/as-token");
//! let client = Client::discover("https://as.example").public_client("orders-service").auth(token).build()?;
//! # Ok(()) }
//! ```

use grantee_core::client_auth::ClientAssertion;
use grantee_core::{Error, Result, Secret};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of an assertion.
const LIMIT: usize = 64 * 1024;

/// How long a command may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The assertion in a file, which is read at each use.
///
/// The request fails with [`Error::Config`] where the file can't be read or holds no JWT.
pub fn file(path: impl Into<PathBuf>) -> ClientAssertion {
    let path = path.into();
    ClientAssertion::from_fn(move || {
        let from = format!("the file {}", path.display());
        let failed = |error: std::io::Error| {
            Error::config(
                format!("client assertion: {from} can't be read: {}", error.kind()),
                "look at the path, and at who may read it",
            )
        };
        // A pipe or a device would hold the thread for as long as it likes.
        if !std::fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(Error::config(
                format!("client assertion: {from} is no regular file"),
                "for what is made on demand use assertion::command",
            ));
        }
        let bytes = bounded(std::fs::File::open(&path).map_err(failed)?).map_err(failed)?;
        jwt(&from, bytes)
    })
}

/// The assertion in an environment variable, which is read at each use.
///
/// The request fails with [`Error::Config`] where the variable is not set or holds no JWT.
pub fn env(name: impl Into<OsString>) -> ClientAssertion {
    let name = name.into();
    ClientAssertion::from_fn(move || {
        let from = format!("the environment variable {}", name.display());
        let Some(value) = std::env::var_os(&name) else {
            return Err(Error::config(format!("client assertion: {from} is not set"), "set it, or name another"));
        };
        jwt(&from, value.into_encoded_bytes())
    })
}

/// The assertion that a command prints, which is run at each use, by a thread of its own: without a shell, without input, with
/// this process's environment and error output. It ends with status 0 within 30 seconds, else it is killed.
///
/// The request fails with [`Error::Config`] where the command can't be run, fails, or prints no JWT.
pub fn command(
    program: impl Into<OsString>,
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> ClientAssertion {
    let program = program.into();
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    ClientAssertion::from_async_fn(move || {
        let (program, arguments) = (program.clone(), arguments.clone());
        apart(move || run(&program, &arguments, TIMEOUT))
    })
    .needs_no_reactor()
}

/// Runs work that takes long on a thread of its own, and waits for it without holding the thread that polls. Starts when first
/// polled.
async fn apart(work: impl FnOnce() -> Result<Secret> + Send + 'static) -> Result<Secret> {
    let outcome = Arc::new(Mutex::new(None));
    let done = Arc::new(event_listener::Event::new());
    let listener = done.listen();
    let (place, bell) = (Arc::clone(&outcome), Arc::clone(&done));
    let thread = thread::Builder::new().name("grantee-assertion".to_owned()).spawn(move || {
        // Rings however the work ends.
        let _rings = Rings(bell);
        let result = work();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    if thread.is_err() {
        return Err(Error::config("client assertion: no thread can be started", "look at the limits of the process"));
    }
    listener.await;
    let result = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.unwrap_or(Err(Error::Interrupted { what: "client assertion", why: "its source panicked" }))
}

struct Rings(Arc<event_listener::Event>);

impl Drop for Rings {
    fn drop(&mut self) {
        self.0.notify(usize::MAX);
    }
}

fn run(program: &OsString, arguments: &[OsString], timeout: Duration) -> Result<Secret> {
    let from = format!("the command {}", program.display());
    let failed = |what: String| {
        Error::config(format!("client assertion: {from} {what}"), "run it by hand and look at what it does")
    };
    let deadline = Instant::now() + timeout;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Reaped)
        .map_err(|error| failed(format!("can't be run: {}", error.kind())))?;
    let Some(output) = child.0.stdout.take() else {
        return Err(failed("has no output".to_owned()));
    };
    let (sender, printed) = channel();
    // Its own thread, since a read has no timeout. It ends with the command, or with what the command left behind.
    let reader = thread::Builder::new()
        .name("grantee-assertion-output".to_owned())
        .spawn(move || sender.send(bounded(output)).unwrap_or_default());
    if reader.is_err() {
        return Err(failed("can't be read: no thread can be started".to_owned()));
    }
    let late = || failed(format!("has not ended after {} s", timeout.as_secs()));
    let bytes = match printed.recv_timeout(timeout) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(failed(format!("can't be read: {}", error.kind()))),
        Err(RecvTimeoutError::Timeout) => return Err(late()),
        Err(RecvTimeoutError::Disconnected) => return Err(failed("can't be read".to_owned())),
    };
    if bytes.len() > LIMIT {
        return jwt(&from, bytes);
    }
    loop {
        match child.0.try_wait() {
            Ok(Some(status)) if status.success() => return jwt(&from, bytes),
            Ok(Some(status)) => return Err(failed(format!("failed: {status}"))),
            Ok(None) if Instant::now() >= deadline => return Err(late()),
            // It has closed its output, so its end is near.
            Ok(None) => thread::sleep(Duration::from_millis(2)),
            Err(error) => return Err(failed(format!("can't be waited for: {}", error.kind()))),
        }
    }
}

/// A command that does not outlive what it was run for.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Of one that has ended already this does nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is there, and a byte more than allowed where it is too much.
fn bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether it looks like a JWT, signed or encrypted. Nothing of it gets into an error.
fn jwt(from: &str, bytes: Vec<u8>) -> Result<Secret> {
    let refused = |what: &str| {
        Error::config(format!("client assertion: {from} {what}"), "it should hold one JWT and nothing else")
    };
    if bytes.len() > LIMIT {
        return Err(refused("holds more than 64 KiB"));
    }
    let whole = Secret::new(String::from_utf8(bytes).map_err(|_| refused("holds no JWT: it is no text"))?);
    let token = whole.reveal().trim_end();
    if token.is_empty() {
        return Err(refused("is empty"));
    }
    let base64url = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let parts: Vec<&str> = token.split('.').collect();
    // The encrypted key is empty where there is none (RFC 7516 section 7.1); every other part has something in it.
    let filled = |(index, part): (usize, &&str)| !part.is_empty() || (parts.len() == 5 && index == 1);
    let shaped = matches!(parts.len(), 3 | 5) && parts.iter().enumerate().all(filled);
    if !shaped || !parts.iter().all(|part| base64url(part)) {
        return Err(refused("holds no JWT: three or five parts of base64url with dots between them"));
    }
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> std::result::Result<String, String> {
        jwt("x", text.as_bytes().to_vec()).map(|token| token.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_jwt_of_three_or_five_parts_passes_without_the_white_space_after_it() {
        assert_eq!(judged("aA0-._b.c"), Ok("aA0-._b.c".to_owned()));
        assert_eq!(judged("a.b.c\r\n \t\n"), Ok("a.b.c".to_owned()));
        assert_eq!(judged("a..c.d.e"), Ok("a..c.d.e".to_owned()));
    }

    #[test]
    fn what_is_no_jwt_is_refused_and_not_shown() {
        for text in
            ["hunter2", "hunter2.b", "hunter2.b.c.d", "hunter2.b.", ".hunter2.c", " hunter2.b.c", "hunter2.b c.d"]
        {
            let error = judged(text).unwrap_err();
            assert!(error.contains("holds no JWT") && !error.contains("hunter2"), "{error}");
        }
        assert!(judged(" \n").unwrap_err().contains("empty"));
        assert!(jwt("x", vec![0xff, 0xfe]).unwrap_err().to_string().contains("no text"));
    }

    #[test]
    fn more_than_64_kib_is_refused() {
        let longest = format!("a.b.{}", "c".repeat(LIMIT - 4));
        assert!(judged(&longest).is_ok());
        assert!(judged(&format!("{longest}c")).unwrap_err().contains("64 KiB"));
    }

    #[cfg(unix)]
    mod unix {
        use super::*;

        fn printed(program: &str, arguments: &[&str], timeout: Duration) -> std::result::Result<String, String> {
            let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
            run(&program.into(), &arguments, timeout)
                .map(|token| token.reveal().to_owned())
                .map_err(|error| error.to_string())
        }

        #[test]
        fn a_command_gets_its_arguments_as_they_are_without_a_shell() {
            assert_eq!(printed("printf", &["%s.%s.%s\n", "a", "b", "c"], TIMEOUT), Ok("a.b.c".to_owned()));
            assert!(printed("printf", &["%s", "$(echo a.b.c)"], TIMEOUT).unwrap_err().contains("holds no JWT"));
        }

        #[test]
        fn a_command_that_fails_is_refused_whatever_it_printed() {
            let error = printed("sh", &["-c", "printf hunter2.b.c; exit 3"], TIMEOUT).unwrap_err();
            assert!(error.contains("exit status: 3") && !error.contains("hunter2"), "{error}");
            assert!(printed("/nonexistent/program", &[], TIMEOUT).unwrap_err().contains("can't be run"));
        }

        #[test]
        fn a_command_that_does_not_end_is_killed() {
            let short = Duration::from_millis(50);
            assert!(printed("sleep", &["1000"], short).unwrap_err().contains("has not ended"));
            let closes = "printf a.b.c; exec >&-; exec sleep 1000";
            assert!(printed("sh", &["-c", closes], short).unwrap_err().contains("has not ended"));
        }

        #[test]
        fn a_command_that_prints_for_ever_is_read_to_the_limit_alone() {
            assert!(printed("cat", &["/dev/zero"], TIMEOUT).unwrap_err().contains("64 KiB"));
        }

        #[test]
        fn a_command_reads_no_input() {
            assert!(printed("cat", &[], TIMEOUT).unwrap_err().contains("empty"));
        }
    }
}
