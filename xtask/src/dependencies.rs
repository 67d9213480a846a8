//! What we depend on: how much, under which licences, from where.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, cargo, child, root};

/// The most crates that `grantee` may bring into somebody's build, ours not counted.
const MOST_CRATES: usize = 105;
/// As in deny.toml.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// What nobody gets who did not ask for it: another crypto stack, and RSA that is not known to take constant time
/// (RUSTSEC-2023-0071), which is behind the feature `rsa-sha1`.
const NOT_BY_DEFAULT: [&str; 2] = ["ring", "rsa"];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks all of it.
pub(crate) fn check() -> Outcome {
    let ours = |line: &str| line.contains(&format!("({}", root().display()));
    let tree = child::output(&mut cargo(["tree", "--package", "grantee", "--edges", "normal", "--prefix", "none"]))?;
    let crates: BTreeSet<_> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty() && !ours(line)).collect();
    println!("crates in the default build of grantee: {} (at most {MOST_CRATES})", crates.len());
    if crates.len() > MOST_CRATES {
        return Err(format!(
            "grantee brings {} crates, more than {MOST_CRATES}:\n{}",
            crates.len(),
            Vec::from_iter(crates).join("\n")
        ));
    }

    let unasked = not_by_default(crates.iter().copied());
    if !unasked.is_empty() {
        return Err(format!(
            "in the default build of grantee: {}; see `cargo tree --package grantee --edges normal --invert {}`",
            unasked.join(", "),
            unasked[0]
        ));
    }

    let tree = child::output(&mut cargo([
        "tree",
        "--workspace",
        "--all-features",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}",
    ]))?;
    let all: BTreeSet<_> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty() && !ours(line)).collect();
    let mut refused: Vec<_> = all
        .iter()
        .filter(|line| line.split_once('|').is_none_or(|(_, licence)| !is_allowed(licence)))
        .map(|line| (*line).to_owned())
        .collect();
    println!("crates in all builds: {}, each under a licence of the list", all.len());
    if !refused.is_empty() {
        refused.insert(0, "licences that are not on the list (xtask/src/dependencies.rs, deny.toml):".into());
        return Err(refused.join("\n"));
    }

    // Features of this machine's builds; the lock file also names what other machines would get.
    let tree = child::output(&mut cargo(["tree", "--workspace", "--all-features", "--prefix", "none"]))?;
    if tree.lines().any(|line| line.starts_with("ring v")) {
        return Err(
            "ring is in the build beside aws-lc-rs: see `cargo tree --workspace --all-features --invert ring`".into()
        );
    }

    let lock = std::fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let elsewhere: Vec<_> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .filter(|source| source.trim_matches('"') != CRATES_IO)
        .collect();
    if !elsewhere.is_empty() {
        return Err(format!("crates that are not from crates.io: {}", elsewhere.join(", ")));
    }

    if child::quiet(Command::new("cargo-deny").arg("--version")) {
        child::run(
            &mut cargo(["deny", "--workspace", "--all-features", "check", "bans", "licenses", "sources"]),
            Duration::from_secs(300),
        )?;
    } else {
        println!("cargo-deny is not installed; its bans on wildcards are not checked");
    }
    Ok(())
}

/// Those of `NAME vVERSION` lines that are not wanted by default.
fn not_by_default<'a>(crates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = |line: &'a str| line.split(' ').next().unwrap_or(line);
    crates.into_iter().map(name).filter(|name| NOT_BY_DEFAULT.contains(name)).collect()
}

/// Whether an SPDX expression can be satisfied from the list.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = either(&mut words);
    allowed && words.next().is_none()
}

type Words<'a, 'b> = &'a mut std::iter::Peekable<std::str::SplitWhitespace<'b>>;

fn either(words: Words<'_, '_>) -> bool {
    let mut allowed = both(words);
    while words.next_if_eq(&"OR").is_some() {
        allowed |= both(words);
    }
    allowed
}

fn both(words: Words<'_, '_>) -> bool {
    let mut allowed = one(words);
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words);
    }
    allowed
}

fn one(words: Words<'_, '_>) -> bool {
    match words.next() {
        Some("(") => {
            let allowed = either(words);
            words.next() == Some(")") && allowed
        }
        Some(licence) => {
            if words.next_if_eq(&"WITH").is_some() {
                words.next(); // an exception only allows more
            }
            LICENCES.contains(&licence)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_and_ring_come_to_nobody_unasked() {
        let lines =
            ["aws-lc-rs v1.15.1", "rsa v0.9.10", "parsable v1.0.0", "ring v0.17.14 (proc-macro)", "rsa-x v1.0.0"];
        assert_eq!(not_by_default(lines), ["rsa", "ring"]);
    }

    #[test]
    fn an_advisory_is_passed_over_for_a_reason_alone() {
        let deny = include_str!("../../deny.toml");
        let passed_over: Vec<_> = deny.lines().filter(|line| line.contains("RUSTSEC-")).collect();
        assert!(
            !passed_over.is_empty() && passed_over.iter().all(|line| line.contains("reason = \"")),
            "{passed_over:?}"
        );
    }

    #[test]
    fn licence_expressions_are_judged() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "ISC AND (Apache-2.0 OR ISC)",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND OpenSSL", "(MIT", "MIT MIT"] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
