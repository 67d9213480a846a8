//! The project's chores: `cargo xtask check` is what must pass before a change lands.

mod bench;
mod check;
mod child;
mod dependencies;
mod interop;
mod mutants;
mod packages;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

const USAGE: &str = "\
cargo xtask COMMAND

  check [--only PART]... [--skip PART]...   everything that must hold; installs what it needs first (Debian, as root)
  interop [SERVER]... [--browser] [--keep] [--serve] [-- TEST-ARGS]
                                            the tests against real servers: oidc-provider, glewlwyd, authlib, oauth1-oauthlib
                                              --browser  the logins in Chromium instead
                                              --keep     leave the servers up afterwards, until Ctrl-C
                                              --serve    no tests: start the servers and print the variables that name them
  bench [ARGS]                              the speed tables; installs the clients in other languages that they compare with
  fuzz [TARGET] [SECONDS]                   fuzz one target or all of them, by default a minute each
  conformance-mutants [TEXT]...             takes rules out of the client, one at a time, and shows which of the conformance
                                            tests notice; only rules with TEXT in them, by default all (ten minutes)";

/// What went wrong, for a person to read.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let done = match arguments.first().map(String::as_str) {
        Some("check") => check::main(rest),
        Some("interop") => interop::main(rest),
        Some("bench") => bench::main(rest),
        Some("fuzz") => fuzz(rest),
        Some("conformance-mutants") => mutants::main(rest),
        Some(child::SUPERVISE) => return child::supervise(rest),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder. Cargo tells it when it runs us; what it was when we were built may be another clone's.
fn root() -> PathBuf {
    let ours = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&ours).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The cargo that runs us, at the workspace's folder.
fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

fn fuzz(arguments: &[String]) -> Outcome {
    let folder = root().join("fuzz/libfuzzer");
    if !child::quiet(Command::new("cargo").args(["+nightly", "fuzz", "--version"])) {
        return Err("fuzzing needs a nightly toolchain and cargo-fuzz:\n  rustup toolchain install nightly\n  cargo install cargo-fuzz".into());
    }
    let names = std::fs::read_dir(folder.join("fuzz_targets"))
        .map_err(|error| format!("fuzz/libfuzzer/fuzz_targets: {error}"))?;
    let mut targets: Vec<String> =
        names.filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    targets.sort();
    let (mut only, mut seconds) = (None, 60_u64);
    for argument in arguments {
        match argument.parse() {
            Ok(number) => seconds = number,
            Err(_) if targets.contains(argument) => only = Some(argument),
            Err(_) => return Err(format!("no fuzz target {argument}; there are: {}", targets.join(", "))),
        }
    }
    for target in targets.iter().filter(|target| only.is_none_or(|only| only == *target)) {
        // What is found goes into the first folder, which git ignores; the committed one is only read.
        let committed = root().join("fuzz/corpus").join(target);
        let corpus = root().join("fuzz/libfuzzer/corpus").join(target);
        std::fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
        let mut command = Command::new("cargo");
        command.args(["+nightly", "fuzz", "run", "--fuzz-dir"]).arg(&folder).arg(target).arg(&corpus).arg(&committed);
        command.arg("--").arg(format!("-max_total_time={seconds}")).current_dir(root());
        child::run(&mut command, Duration::from_secs(seconds + 1800))?;
    }
    Ok(())
}
