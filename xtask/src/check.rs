//! `cargo xtask check`: the parts, one after the other, until one fails.

use std::time::{Duration, Instant};

use crate::child::Count;
use crate::interop::{self, Suite};
use crate::{Outcome, cargo, child, dependencies, packages};

type Part = fn(&mut Count) -> Outcome;

const PARTS: [(&str, Part); 9] = [
    ("setup", |_| packages::install()),
    ("format", |_| child::run(&mut cargo(["fmt", "--all", "--check"]), SHORT)),
    ("dependencies", |_| dependencies::check()),
    ("clippy", |_| {
        child::run(
            &mut cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
            LONG,
        )
    }),
    // Libraries: the program's pages would take the place of those of the library, whose name it has.
    ("doc", |_| {
        child::run(
            cargo(["doc", "--workspace", "--lib", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
            LONG,
        )
    }),
    ("test", |count| {
        let mut command = cargo(["test", "--workspace", "--no-fail-fast", "--all-features"]);
        for package in ORACLES.into_iter().chain(["grantee-interop", "grantee-fuzz"]) {
            command.args(["--exclude", package]);
        }
        child::run_tests(&mut command, LONG, count)?;
        let mut oracles = cargo(["test", "--no-fail-fast", "--all-features"]);
        oracles.args(ORACLES.iter().flat_map(|package| ["--package", package]));
        child::run_tests(&mut oracles, LONG, count)?;
        // Of the tests against servers, those that need none.
        child::run_tests(&mut cargo(["test", "--package", "grantee-interop", "--lib"]), LONG, count)
    }),
    ("fuzz", |count| child::run_tests(&mut cargo(["test", "--package", "grantee-fuzz"]), LONG, count)),
    ("interop", |count| interop::run(Suite::Servers, &[], &[], count).0),
    ("browser", |count| interop::run(Suite::Browser, &[], &[], count).0),
];
/// The packages whose tests bring josekit, which makes serde_json keep the order of members. They run apart, so that the others
/// are tested with the serde_json that programs have.
const ORACLES: [&str; 2] = ["grantee-jose", "grantor"];
const SHORT: Duration = Duration::from_secs(120);
const LONG: Duration = Duration::from_secs(1500);

/// `cargo xtask check …`
pub(crate) fn main(arguments: &[String]) -> Outcome {
    let (mut only, mut skipped) = (Vec::new(), Vec::new());
    for pair in arguments.chunks(2) {
        match pair {
            [option, part] if PARTS.iter().any(|(name, _)| name == part) => match option.as_str() {
                "--only" => only.push(part.as_str()),
                "--skip" => skipped.push(part.as_str()),
                _ => return Err(crate::USAGE.into()),
            },
            _ => {
                return Err(format!(
                    "--only PART or --skip PART, where PART is one of: {}",
                    PARTS.map(|(name, _)| name).join(", ")
                ));
            }
        }
    }
    let chosen = |name: &str| (only.is_empty() || only.contains(&name)) && !skipped.contains(&name);

    let (mut count, mut rows, mut failure) = (Count::default(), Vec::new(), None);
    let all = Instant::now();
    for (name, part) in PARTS.into_iter().filter(|(name, _)| chosen(name)) {
        println!("\n== {name}");
        let start = Instant::now();
        let before = count;
        let done = part(&mut count);
        let tests = count.passed + count.failed - before.passed - before.failed;
        rows.push((name, start.elapsed(), tests, done.is_ok()));
        if let Err(message) = done {
            println!("{message}");
            failure = Some(name);
            break;
        }
    }

    println!("\n{:<14}{:>8}  {:>6}", "part", "seconds", "tests");
    for (name, time, tests, passed) in &rows {
        let tests = if *tests > 0 { tests.to_string() } else { String::new() };
        println!("{name:<14}{:>8.1}  {tests:>6}  {}", time.as_secs_f32(), if *passed { "ok" } else { "FAILED" });
    }
    for (name, _) in PARTS.iter().filter(|(name, _)| !rows.iter().any(|(ran, ..)| ran == name)) {
        println!("{name:<14}{:>8}  {:>6}  {}", "-", "", if chosen(name) { "not reached" } else { "skipped" });
    }
    println!(
        "{:<14}{:>8.1}  {:>6}  {}",
        "all",
        all.elapsed().as_secs_f32(),
        "",
        if failure.is_none() { "PASS" } else { "FAIL" }
    );
    println!("{} passed, {} failed", count.passed, count.failed);
    match failure {
        None => Ok(()),
        Some(name) => Err(format!("the part {name} failed")),
    }
}
