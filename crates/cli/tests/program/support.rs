//! The program with a home of its own.

use grantor::Server;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A home directory that nothing outside of it leads into or out of.
pub(crate) struct Home {
    directory: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn profile_file(&self, name: &str) -> PathBuf {
        self.path("config/grantee/profiles").join(format!("{name}.toml"))
    }

    /// Makes the profile's kept token look as if its life had passed.
    pub(crate) fn age_token(&self, profile: &str) {
        let path = self.path("state").join("grantee").join(profile).join("tokens.json");
        let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for record in kept["records"].as_object_mut().unwrap().values_mut() {
            record["token"]["obtained_at"] = 1_600_000_000.into();
            record["token"]["expires_at"] = 1_600_000_100.into();
        }
        std::fs::write(&path, kept.to_string()).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grantee"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(arguments, self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with(&self, stdin: impl AsRef<[u8]>, arguments: &[&str]) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A program that does not read it closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
        Ran::new(arguments, child.wait_with_output().unwrap())
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::piped()).spawn().unwrap()
    }
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    arguments: String,
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(arguments: &[&str], output: Output) -> Self {
        let ran = Self {
            arguments: arguments.join(" "),
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Ended with that exit status.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        let Self { arguments, stderr, .. } = &self;
        assert_eq!(self.status, status, "grantee {arguments}\n{}\n{stderr}", String::from_utf8_lossy(&self.stdout));
        self
    }

    /// Ended well; stdout is one JSON value.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let ran = self.exits(0);
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The JSON error at the end of stderr.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        value["error"].clone()
    }
}

/// Options for the server's confidential client, whose secret lies in a file.
pub(crate) fn service(home: &Home, server: &Server) -> Vec<String> {
    let secret = home.file("secret", "secret\n");
    ["--issuer", &server.issuer(), "--client-id", "svc", "--client-secret-file", secret.to_str().unwrap()]
        .map(str::to_owned)
        .into()
}

/// Logs in with `--start` and `--finish`, and returns what came of it.
pub(crate) fn log_in(home: &Home, options: &[String], more: &[&str]) -> Ran {
    let started = home.run(&with(&[&["login", "--start", "pending"], more].concat(), options)).exits(0);
    let callback = redirect(started.text().trim()).unwrap();
    home.run(&with(&[&["login", "--json", "--finish", "pending", &callback], more].concat(), options))
}

pub(crate) fn with<'a>(first: &[&'a str], more: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(more.iter().map(String::as_str)).collect()
}

/// A browser: opens a page on this machine and returns where it redirects to.
pub(crate) fn redirect(url: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    write!(
        stream,
        "GET {}{query} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n",
        url.path(),
        url.host_str().unwrap(),
        url.port().unwrap()
    )
    .unwrap();
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    let location =
        answer.lines().find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("location")));
    location.map(|(_, value)| url.join(value.trim()).unwrap().to_string())
}

/// Runs the program with a `$BROWSER` that writes the URL to a file, which is then walked here.
pub(crate) fn in_a_browser(home: Home, arguments: &[&str]) -> (Ran, String) {
    let script = home.file("browser", "#!/bin/sh\nprintf %s \"$1\" > url.part && exec /bin/mv url.part url\n");
    set_mode(&script, 0o700);
    let home = home.env("BROWSER", script.to_str().unwrap());
    let child = home.spawn(arguments);
    let url = (0..1000).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        std::fs::read_to_string(home.path("url")).ok()
    });
    let callback = redirect(&url.expect("the browser was opened")).unwrap();
    assert_eq!(redirect(&callback), None, "the receiver answers with a page");
    (Ran::new(arguments, child.wait_with_output().unwrap()), callback)
}

#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
