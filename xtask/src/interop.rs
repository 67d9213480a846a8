//! Starts the real servers of `interop/servers/`, runs tests against them, stops them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Count;
use crate::{Outcome, cargo, child, packages, root};

/// All servers: name, how many ports in a row it takes, the host it goes by.
pub(crate) const SERVERS: [(&str, u16, &str); 4] = [
    ("oidc-provider", 4, "127.0.0.1"),
    ("glewlwyd", 1, "localhost"),
    ("authlib", 1, "127.0.0.1"),
    ("oauth1-oauthlib", 1, "127.0.0.1"),
];
/// Seconds that the short-lived access tokens live, unless `ACCESS_TOKEN_LIFETIME` says otherwise.
const LIFETIME: &str = "3";
/// More than there are cores, since most tests wait: for a server, for a person's decision, and those of Glewlwyd for each other.
const THREADS: &str = "6";
const READY: Duration = Duration::from_secs(60);
const BUILD: Duration = Duration::from_secs(1500);
const TESTS: Duration = Duration::from_secs(600);

/// Which tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    /// The library and the program against every server.
    Servers,
    /// Logins in Chromium.
    Browser,
}

impl Suite {
    fn target(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Browser => "browser",
        }
    }
}

/// `cargo xtask interop …`
pub(crate) fn main(arguments: &[String]) -> Outcome {
    let (mut names, mut suite, mut keep, mut serve) = (Vec::new(), Suite::Servers, false, false);
    let mut arguments = arguments.iter();
    for argument in arguments.by_ref() {
        match argument.as_str() {
            "--browser" => suite = Suite::Browser,
            "--keep" => keep = true,
            "--serve" => serve = true,
            "--" => break,
            name => match SERVERS.iter().find(|(known, ..)| *known == name) {
                Some((known, ..)) => names.push(*known),
                None => {
                    return Err(format!("no server {name}; there are: {}", SERVERS.map(|(name, ..)| name).join(", ")));
                }
            },
        }
    }
    let test_arguments: Vec<_> = arguments.map(String::as_str).collect();
    packages::install()?;
    let mut count = Count::default();
    let (done, servers) = if serve {
        (Ok(()), Some(Servers::start(&chosen(suite, &names))?))
    } else {
        let (done, servers) = run(suite, &names, &test_arguments, &mut count);
        println!("{} passed, {} failed", count.passed, count.failed);
        (done, servers)
    };
    if let Some(servers) = servers.filter(|_| keep || serve) {
        println!("\nThe servers are up until Ctrl-C; their keys, data and logs are in {}\n", servers.folder.display());
        for (name, value) in &servers.variables {
            println!("export {name}='{value}'");
        }
        loop {
            thread::park();
        }
    }
    done
}

fn chosen(suite: Suite, names: &[&'static str]) -> Vec<&'static str> {
    match suite {
        _ if !names.is_empty() => names.to_vec(),
        Suite::Servers => SERVERS.iter().map(|(name, ..)| *name).collect(),
        Suite::Browser => vec!["oidc-provider"],
    }
}

/// Builds the program and the tests, starts the servers (all of them if none is named) and runs the tests, those whose path
/// names one of the servers if any is named. The servers are handed back still up.
pub(crate) fn run(
    suite: Suite,
    names: &[&'static str],
    arguments: &[&str],
    count: &mut Count,
) -> (Outcome, Option<Servers>) {
    let test = || cargo(["test", "--package", "grantee-interop", "--features", "servers", "--test", suite.target()]);
    let built = child::run(&mut cargo(["build", "--package", "grantee-cli"]), BUILD)
        .and_then(|()| child::run(test().arg("--no-run"), BUILD))
        .and_then(|()| Servers::start(&chosen(suite, names)));
    let mut servers = match built {
        Ok(servers) => servers,
        Err(message) => return (Err(message), None),
    };
    let mut command = test();
    command.arg("--").args(names.iter().flat_map(|name| tests_of(name))).args(arguments);
    if !arguments.iter().any(|argument| argument.starts_with("--test-threads")) {
        command.args(["--test-threads", THREADS]);
    }
    command.envs(servers.variables.iter().map(|(name, value)| (name, value)));
    let done = child::run_tests(&mut command, TESTS, count).and_then(|()| servers.are_up());
    if let Err(message) = &done {
        servers.keep_state = true;
        println!("{message}");
        println!("what the servers said and kept is in {}", servers.folder.display());
    }
    (done, Some(servers))
}

/// What the paths of a server's tests have: its name as a word of its own, since the name of one server ends with that of another.
fn tests_of(name: &str) -> [String; 2] {
    let name = name.replace('-', "_");
    [format!("::{name}"), format!("_at_{name}")]
}

/// Running servers, stopped when dropped.
pub(crate) struct Servers {
    running: Vec<Running>,
    folder: PathBuf,
    keep_state: bool,
    variables: Vec<(String, String)>,
}

struct Running {
    name: &'static str,
    supervisor: Child,
    /// Closing it stops the server.
    lifeline: Option<ChildStdin>,
    ready: mpsc::Receiver<()>,
}

impl Servers {
    /// Installs what they need, starts them side by side and waits until each says that it is ready.
    pub(crate) fn start(names: &[&'static str]) -> Outcome<Self> {
        let scripts = root().join("interop/servers");
        let browser = Some("browser").filter(|_| names.contains(&"oidc-provider"));
        child::run(
            Command::new("sh").arg(scripts.join("setup.sh")).args(names).args(browser),
            Duration::from_secs(1200),
        )?;

        let folder = root().join(format!("interop/.run/{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        remove_old_runs();
        let mut ports = Ports::new();
        let redirect_ports =
            (0..8).map(|_| ports.take(1).map(|port| port.to_string())).collect::<Outcome<Vec<_>>>()?.join(" ");
        let notification_port = ports.take(1)?.to_string();
        let lifetime = std::env::var("ACCESS_TOKEN_LIFETIME").unwrap_or_else(|_| LIFETIME.into());
        let mut variables = vec![
            ("GRANTEE_BIN".to_owned(), program()?),
            ("GRANTEE_INTEROP_STATE".to_owned(), folder.display().to_string()),
            ("GRANTEE_INTEROP_LIFETIME".to_owned(), lifetime.clone()),
            ("GRANTEE_INTEROP_REDIRECT_PORTS".to_owned(), redirect_ports.clone()),
            ("GRANTEE_INTEROP_NOTIFICATION_PORT".to_owned(), notification_port.clone()),
        ];
        let start = Instant::now();
        let mut servers = Self { running: Vec::new(), folder, keep_state: false, variables: Vec::new() };
        for (name, width, host) in SERVERS.into_iter().filter(|(name, ..)| names.contains(name)) {
            let port = ports.take(width)?;
            let mut command = Command::new("sh");
            command.arg(scripts.join(name).join("start.sh")).arg(port.to_string()).arg(servers.folder.join(name));
            command.env("ACCESS_TOKEN_LIFETIME", &lifetime).env("REDIRECT_PORTS", &redirect_ports);
            command.env("NOTIFICATION_PORT", &notification_port);
            servers.spawn(name, &command)?;
            variables.push((
                format!("GRANTEE_INTEROP_{}", name.to_uppercase().replace('-', "_")),
                format!("http://{host}:{port}"),
            ));
        }
        servers.variables = variables;
        for server in &servers.running {
            if server.ready.recv_timeout(READY.saturating_sub(start.elapsed())).is_err() {
                servers.keep_state = true;
                let log = fs::read_to_string(servers.log(server.name)).unwrap_or_default();
                let tail: Vec<_> = log.lines().rev().take(30).collect();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(format!("{} did not start within {} s:\n{tail}", server.name, READY.as_secs()));
            }
        }
        println!("{} up after {:.1} s", names.join(", "), start.elapsed().as_secs_f32());
        Ok(servers)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn spawn(&mut self, name: &'static str, command: &Command) -> Outcome {
        let failed = |error: std::io::Error| format!("{name}: {error}");
        let mut log = File::create(self.log(name)).map_err(failed)?;
        let mut outer = child::supervised(command, Duration::from_secs(24 * 3600));
        outer.stdout(Stdio::piped()).stderr(log.try_clone().map_err(failed)?);
        let mut supervisor = outer.spawn().map_err(failed)?;
        let (tell, ready) = mpsc::channel();
        if let Some(stdout) = supervisor.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if line == "ready" {
                        let _ = tell.send(()); // nobody waits for a second one
                    } else {
                        let _ = writeln!(log, "{line}"); // a full disk will show elsewhere
                    }
                }
            });
        }
        let lifeline = supervisor.stdin.take();
        self.running.push(Running { name, supervisor, lifeline, ready });
        Ok(())
    }

    /// An error if one has ended.
    fn are_up(&mut self) -> Outcome {
        for server in &mut self.running {
            if let Ok(Some(status)) = server.supervisor.try_wait() {
                return Err(format!("{} ended during the tests: {status}", server.name));
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.running {
            drop(server.lifeline.take());
        }
        for server in &mut self.running {
            let _ = server.supervisor.wait(); // it ends within seconds, by force if need be
        }
        if !self.keep_state {
            let _ = fs::remove_dir_all(&self.folder); // what is left is ignored by git
        }
    }
}

/// Removes what runs that were interrupted or failed have left.
fn remove_old_runs() {
    let Ok(entries) = fs::read_dir(root().join("interop/.run")) else { return };
    for entry in entries.filter_map(Result::ok) {
        let id = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if id.is_some_and(|id| !PathBuf::from(format!("/proc/{id}")).exists()) {
            let _ = fs::remove_dir_all(entry.path()); // ignored by git, and no worse than before
        }
    }
}

/// The program that the tests run, which cargo puts beside this one.
fn program() -> Outcome<String> {
    let ours = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(ours.with_file_name("grantee").display().to_string())
}

/// Free ports, below those that the system hands out by itself.
struct Ports {
    next: u16,
}

impl Ports {
    fn new() -> Self {
        Self { next: 20_000 + u16::try_from(std::process::id() % 500).unwrap_or_default() * 20 }
    }

    /// The first of so many in a row.
    fn take(&mut self, width: u16) -> Outcome<u16> {
        while self.next < 32_000 {
            let first = self.next;
            let free = (first..first + width).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok());
            self.next += if free { width } else { 1 };
            if free {
                return Ok(first);
            }
        }
        Err("no free port between 20000 and 32000".into())
    }
}
