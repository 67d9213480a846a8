//! Running other programs so that none outlives us.
//!
//! Each runs below a second copy of this program, which holds the read end of a pipe that only we hold the other end of:
//! however we end, by a signal even, the pipe closes and the copy ends the program and all that it started.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The command, not for people, that [`supervised`] starts this program with.
pub(crate) const SUPERVISE: &str = "__supervise";
const TIMED_OUT: u8 = 124;
const GRACE: Duration = Duration::from_secs(5);

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// Passed.
    pub(crate) passed: u64,
    /// Failed.
    pub(crate) failed: u64,
}

/// The same command, ended after a time or when we end.
pub(crate) fn supervised(command: &Command, limit: Duration) -> Command {
    // Not current_exe(): cargo may have put a new build there, and this is the one that runs.
    let program =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap_or_default() };
    let mut outer = Command::new(program);
    outer.arg(SUPERVISE).arg(limit.as_secs().to_string()).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    // Out of our group, or a Ctrl-C would end the supervisor before the one it looks after.
    outer.stdin(Stdio::piped()).process_group(0);
    outer
}

/// Runs a command, its output shown.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Outcome {
    let mut child = supervised(command, limit).spawn().map_err(|error| format!("{}: {error}", text(command)))?;
    wait(command, &mut child, limit)
}

/// Runs a command whose output says how many tests passed and failed.
pub(crate) fn run_tests(command: &mut Command, limit: Duration, count: &mut Count) -> Outcome {
    let mut child = supervised(command, limit)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", text(command)))?;
    let mut ran = 0;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some((passed, failed)) = result_line(&line) {
                count.passed += passed;
                count.failed += failed;
                ran += passed + failed;
            }
        }
    }
    wait(command, &mut child, limit)?;
    if ran == 0 { Err(format!("{}: no test ran", text(command))) } else { Ok(()) }
}

/// Runs a command and keeps what it prints, however it ends.
pub(crate) fn captured(command: &Command, limit: Duration) -> Outcome<Output> {
    let failed = |error| format!("{}: {error}", text(command));
    let mut child = supervised(command, limit).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    // Child::wait_with_output would close the pipe first.
    let held = child.stdin.take();
    let output = child.wait_with_output().map_err(failed)?;
    drop(held);
    if output.status.code() == Some(i32::from(TIMED_OUT)) {
        return Err(format!("{}: not done within {} s", text(command), limit.as_secs()));
    }
    Ok(output)
}

/// `test result: ok. 3 passed; 0 failed; …`
fn result_line(line: &str) -> Option<(u64, u64)> {
    let mut words = line.strip_prefix("test result: ")?.split_whitespace().skip(1);
    let mut number = |name: &str| {
        let number = words.next()?.parse().ok()?;
        words.next()?.starts_with(name).then_some(number)
    };
    Some((number("passed")?, number("failed")?))
}

fn wait(command: &Command, child: &mut Child, limit: Duration) -> Outcome {
    // Child::wait would close the pipe first.
    let held = child.stdin.take();
    let status = child.wait().map_err(|error| format!("{}: {error}", text(command)))?;
    drop(held);
    match status.code() {
        Some(0) => Ok(()),
        Some(code) if code == i32::from(TIMED_OUT) => {
            Err(format!("{}: not done within {} s", text(command), limit.as_secs()))
        }
        _ => Err(format!("{}: {status}", text(command))),
    }
}

/// Whether a command can be run and succeeds; its output is thrown away.
pub(crate) fn quiet(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a command prints.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::piped()).output().map_err(|error| format!("{}: {error}", text(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{}: {}\n{}", text(command), output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

/// A command as a person would type it.
pub(crate) fn text(command: &Command) -> String {
    let program = command.get_program();
    let program = std::path::Path::new(program).file_name().unwrap_or(program);
    let words: Vec<_> = std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// `SECONDS PROGRAM ARGUMENTS…`: runs the program in a process group of its own; ends the group when stdin closes, when
/// the time is over, and, for what it leaves behind, when it ends.
pub(crate) fn supervise(arguments: &[String]) -> ExitCode {
    let (Some(seconds), Some(program)) = (arguments.first().and_then(|seconds| seconds.parse().ok()), arguments.get(1))
    else {
        return ExitCode::FAILURE;
    };
    let rest: Vec<OsString> = arguments[2..].iter().map(OsString::from).collect();
    let mut child = match Command::new(program).args(rest).stdin(Stdio::null()).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{program}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let abandoned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&abandoned);
    thread::spawn(move || {
        while std::io::stdin().read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
        flag.store(true, Ordering::Relaxed);
    });
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let code = loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                break status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
            }
            Ok(None) if abandoned.load(Ordering::Relaxed) || Instant::now() > deadline => {
                signal_group("TERM", &child);
                let end = Instant::now() + GRACE;
                while Instant::now() < end && matches!(child.try_wait(), Ok(None)) {
                    thread::sleep(Duration::from_millis(10));
                }
                break i32::from(TIMED_OUT);
            }
            Ok(None) => thread::sleep(Duration::from_millis(10)),
            Err(_) => break 1,
        }
    };
    signal_group("KILL", &child);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The shell's own `kill`, since a small machine has no other.
fn signal_group(signal: &str, child: &Child) {
    quiet(Command::new("sh").args(["-c", "kill -s \"$0\" -- \"-$1\"", signal, &child.id().to_string()]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_results_are_read() {
        assert_eq!(result_line("test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured"), Some((12, 3)));
        assert_eq!(result_line("test result of something"), None);
        assert_eq!(result_line("running 3 tests"), None);
    }
}
