//! Another process: this test binary, running its test `child` alone. Each file that starts one has a test `child`.
#![allow(dead_code, unreachable_pub)] // no test file uses all of it

use super::Face;
use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::{PoisonError, RwLock};

/// Between its fork and its exec a child holds every file that is open here: whoever counts on a file's being closed
/// keeps others from starting one.
pub static STARTING: RwLock<()> = RwLock::new(());

pub struct Process {
    child: std::process::Child,
    says: BufReader<ChildStderr>,
}

impl Process {
    /// Starts one, in a face, with a task and its arguments.
    pub fn start(face: Face, task: &str, arguments: &[&str]) -> Self {
        Self::start_with(face, task, arguments, &[])
    }

    /// The same, with variables of the environment.
    pub fn start_with(face: Face, task: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let _starting = STARTING.read().unwrap_or_else(PoisonError::into_inner);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .envs(variables.iter().copied())
            .env("FACES_TASK", task)
            .env("FACES_FACE", format!("{face:?}"))
            .env("FACES_ARGUMENTS", arguments.join("\n"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stderr.take().unwrap());
        Self { child, says }
    }

    pub fn wait_until_it_says(&mut self, word: &str) {
        let mut heard = String::new();
        loop {
            let mut line = String::new();
            assert!(self.says.read_line(&mut line).unwrap() > 0, "the child ended before it said {word}: {heard}");
            if line.trim_end() == word {
                return;
            }
            heard.push_str(&line);
        }
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end and wants it good.
    pub fn wait(mut self) {
        let mut said = String::new();
        self.says.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
    }
}

/// What this process was started to do, if it is a child: face, task, arguments.
pub fn task() -> Option<(Face, String, Vec<String>)> {
    let task = std::env::var("FACES_TASK").ok()?;
    let face = if std::env::var("FACES_FACE").unwrap() == "Async" { Face::Async } else { Face::Blocking };
    Some((face, task, std::env::var("FACES_ARGUMENTS").unwrap().lines().map(str::to_owned).collect()))
}
