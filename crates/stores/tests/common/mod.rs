//! What the tests share: another process that uses a `File`, and can be killed.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // no test file uses all of it

use grantee_core::store::{BlockingStore, Record, TokenKey};
use grantee_core::{Token, contract};
use grantee_stores::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn record(client_id: &str) -> Record {
    let mut record = Record::new("https://as.example", client_id);
    record.token = Some(Token::bearer(format!("the token of {client_id}")).with_refresh_token("a-refresh-token"));
    record
}

pub fn large_record(bytes: usize) -> Record {
    let mut record = record("large");
    record.token = Some(Token::bearer("x".repeat(bytes)));
    record
}

/// A key that a test and its children both know.
pub fn key(name: &str) -> TokenKey {
    TokenKey::new([("test", name)])
}

pub fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        directory.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The beginning of the names of a key's files.
pub fn hex(key: &TokenKey) -> String {
    key.as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Another process: this test binary, running its test `child` alone.
pub struct Process {
    child: Child,
    says: BufReader<ChildStderr>,
}

impl Process {
    /// Starts one and gives it its task; see [`be_a_child`].
    pub fn start(task: &str, path: &Path, key: &str, record: Option<&Record>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env("STORE_TEST_TASK", task)
            .env("STORE_TEST_PATH", path)
            .env("STORE_TEST_KEY", key)
            .env("STORE_TEST_RECORD", serde_json::to_string(&record).unwrap())
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
            let read = self.says.read_line(&mut line).unwrap();
            assert!(read > 0, "the child ended before it said {word}: {heard}");
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

    pub fn wait(mut self) {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.says, &mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
    }
}

/// Starts a process, waits until it has done its task, and kills it.
pub fn start_and_kill(task: &str, path: &Path, key: &TokenKey, record: Option<&Record>) {
    let mut process = Process::start(task, path, &key.to_string(), record);
    process.wait_until_it_says("done");
    process.kill();
}

/// What a child does. Every test file that starts children has a test of the name `child` that calls this; where it is
/// run as a test it does nothing.
pub fn be_a_child() {
    let Ok(task) = std::env::var("STORE_TEST_TASK") else { return };
    let store = File::at(std::env::var_os("STORE_TEST_PATH").unwrap()).unwrap();
    let name = std::env::var("STORE_TEST_KEY").unwrap();
    let key = contract::store::key(&name).unwrap_or_else(|| key(&name));
    let given: Option<Record> = serde_json::from_str(&std::env::var("STORE_TEST_RECORD").unwrap()).unwrap();
    let lock = || BlockingStore::lock(&store, &key, PATIENCE).unwrap();
    match task.as_str() {
        "hold" => {
            let _lock = lock();
            done_for_good();
        }
        "prepare" => {
            let lock = lock();
            BlockingStore::prepare(&store, &key, &given.unwrap(), &*lock).unwrap();
            done_for_good();
        }
        "save" => {
            let lock = lock();
            BlockingStore::save(&store, &key, &given.unwrap(), &*lock).unwrap();
            done_for_good();
        }
        "save for ever" => {
            let lock = lock();
            for round in 0.. {
                let record = if round % 2 == 0 { record("small") } else { large_record(20_000) };
                BlockingStore::prepare(&store, &key, &record, &*lock).unwrap();
                BlockingStore::save(&store, &key, &record, &*lock).unwrap();
                if round == 0 {
                    eprintln!("done");
                }
            }
        }
        "count to ten" => {
            for _ in 0..10 {
                let lock = lock();
                let count: u32 = match BlockingStore::load(&store, &key).unwrap() {
                    Some(record) => record.client_id.parse().unwrap(),
                    None => 0,
                };
                BlockingStore::save(&store, &key, &record(&(count + 1).to_string()), &*lock).unwrap();
            }
        }
        other => panic!("no such task: {other}"),
    }
}

fn done_for_good() -> ! {
    eprintln!("done");
    loop {
        std::thread::park();
    }
}
