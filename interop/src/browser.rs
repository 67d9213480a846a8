//! A login in headless Chromium: `servers/browser/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Answer, Program, finish};

/// A person at a browser: logs in as alice, agrees, and stops at the page of the redirect URI.
#[derive(Debug)]
pub struct Browser {
    folder: TempDir,
    query: Option<String>,
    answer: &'static str,
}

impl Browser {
    /// A browser with a folder for what it saw.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), query: None, answer: "allow" }
    }

    /// Adds to the query of the URL it is given, for example `ui=form` so that oidc-provider shows its forms.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Clicks Deny instead of Allow.
    #[must_use]
    pub fn denying(mut self) -> Self {
        self.answer = "deny";
        self
    }

    /// The command to use as `$BROWSER`.
    pub fn command() -> PathBuf {
        // Cargo tells it at run time too, when the tests may have been built in another clone.
        let ours = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&ours).join("servers/browser/browser.sh")
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).to_str().expect("an UTF-8 path").to_owned();
        let mut variables = vec![
            ("BROWSER", Self::command().to_str().expect("an UTF-8 path").to_owned()),
            ("BROWSER_LOG", path("log")),
            ("BROWSER_SCREENSHOT", path("page.png")),
            ("BROWSER_ANSWER", self.answer.to_owned()),
        ];
        variables.extend(self.query.clone().map(|query| ("BROWSER_QUERY", query)));
        variables
    }

    /// Makes it the browser of a program.
    #[must_use]
    pub fn of(&self, program: Program) -> Program {
        self.variables().into_iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    /// Opens a URL, and gives what [`Self::seen`] gives.
    pub fn open(&self, url: &str) -> Value {
        let mut command = Command::new(Self::command());
        command.arg(url).envs(self.variables()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("browser.sh can be run");
        let answer: Answer = finish(child, format!("browser.sh {url}"), Duration::from_secs(90));
        assert_eq!(answer.status, 0, "browser.sh {url}: {}", self.trouble());
        self.seen()
    }

    /// The page it ended at: `url`, `title`, `text`, and the `steps` on the way there. A program that has its answer may end
    /// before the browser has said what it saw, so this waits for a while.
    pub fn seen(&self) -> Value {
        let start = Instant::now();
        loop {
            let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
            if let Ok(seen) = serde_json::from_slice(&log) {
                return seen;
            }
            let late = start.elapsed() > Duration::from_secs(30);
            assert!(!late, "the browser did not get to the redirect URI: {}", self.trouble());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn trouble(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.err")).unwrap_or_else(|error| error.to_string())
    }

    /// The picture of the page it ended at, a PNG.
    pub fn picture(&self) -> PathBuf {
        self.folder.path().join("page.png")
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}
