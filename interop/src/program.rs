//! Runs the `grantee` program in a home of its own.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The program with a fresh home: no settings, no tokens, nothing of this process's environment but `PATH`.
#[derive(Debug)]
pub struct Program {
    binary: PathBuf,
    home: TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run gave.
#[derive(Debug)]
pub struct Answer {
    /// The exit status; -1 when a signal ended it.
    pub status: i32,
    /// Data.
    pub stdout: Vec<u8>,
    /// All else.
    pub stderr: String,
    command: String,
}

impl Program {
    /// The program that `GRANTEE_BIN` names.
    pub fn new() -> Self {
        let binary =
            env::var_os("GRANTEE_BIN").expect("GRANTEE_BIN is not set: these tests are run by `cargo xtask interop`");
        let home = tempfile::tempdir().expect("a temporary folder");
        Self { binary: binary.into(), home, variables: BTreeMap::new() }
    }

    /// Sets a variable for every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Its home, in which the XDG folders are.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file of a secret (0600) into the home and gives its path, for `--client-secret-file` and the like.
    pub fn secret_file(&self, name: &str, secret: &str) -> String {
        let path = self.home().join(name);
        std::fs::write(&path, secret).expect("the home can be written to");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
        path.to_str().expect("an UTF-8 path").into()
    }

    /// The command, for whoever wants to run it otherwise.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let home = self.home();
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(home).env_clear().env("HOME", home);
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        for (name, folder) in
            [("CONFIG", "config"), ("STATE", "state"), ("DATA", "data"), ("CACHE", "cache"), ("RUNTIME", "run")]
        {
            command.env(
                if name == "RUNTIME" { "XDG_RUNTIME_DIR".into() } else { format!("XDG_{name}_HOME") },
                home.join(folder),
            );
        }
        command.envs(&self.variables);
        command
    }

    /// Runs it with nothing on stdin, for at most a minute.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        self.run_with(arguments, "")
    }

    /// Runs it with this on stdin, for at most a minute.
    pub fn run_with<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>, stdin: &str) -> Answer {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let text = format!("{command:?}");
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{text}: {error}"));
        if let Some(mut pipe) = child.stdin.take() {
            let stdin = stdin.to_owned();
            thread::spawn(move || pipe.write_all(stdin.as_bytes())); // it need not read that
        }
        finish(child, text, Duration::from_secs(60))
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for a child whose output is piped; ends it when the time is over.
pub fn finish(mut child: Child, command: String, limit: Duration) -> Answer {
    let collect = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                pipe.read_to_end(&mut bytes).expect("a pipe can be read");
            }
            bytes
        })
    };
    let stdout = collect(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = collect(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if start.elapsed() > limit {
            child.kill().expect("a child can be ended");
            child.wait().expect("a child can be waited for");
            let stderr = stderr.join().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            panic!("{command} did not end within {limit:?}; on stderr: {}", stderr.unwrap_or_default());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let stdout = stdout.join().expect("the reader does not panic");
    let stderr = String::from_utf8_lossy(&stderr.join().expect("the reader does not panic")).into_owned();
    Answer { status: status.code().unwrap_or(-1), stdout, stderr, command }
}

impl Answer {
    /// Panics, with all there is to see, unless this was the exit status.
    #[must_use]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\nstdout: {}\nstderr: {}", self.command, self.text(), self.stderr);
        self
    }

    /// Stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Stdout as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| {
            panic!("{}\nno JSON on stdout: {error}: {}\nstderr: {}", self.command, self.text(), self.stderr)
        })
    }

    /// The JSON that ends stderr of a failed run with `--json`.
    pub fn error(&self) -> Value {
        let parsed = self.stderr.lines().next_back().and_then(|line| serde_json::from_str(line).ok());
        parsed.unwrap_or_else(|| panic!("{}\nno JSON at the end of stderr: {}", self.command, self.stderr))
    }
}
