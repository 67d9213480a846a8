//! `cargo xtask bench`: the speed tables, first ours, then beside other crates and other languages.

use std::process::Command;
use std::time::Duration;

use crate::{Outcome, cargo, child, root};

const LONG: Duration = Duration::from_secs(2 * 3600);
const INSTALL: Duration = Duration::from_secs(1200);

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let mut command = cargo(["bench", "--package", "grantee-benches"]);
    let installed = languages(&mut command);
    // One table that misses something does not take the others along.
    let own = child::run(command.arg("--no-fail-fast").args(arguments), LONG);
    // A workspace of its own, for what the peers depend on.
    let target = root().join("target/peers");
    let mut command = cargo(["run", "--release", "--manifest-path", "benches/peers/Cargo.toml"]);
    let peers = child::run(command.env("CARGO_TARGET_DIR", target), LONG);
    installed.and(own).and(peers)
}

/// Installs the peers in other languages and tells the bench where they are. The rows of one that is missing fail there.
fn languages(bench: &mut Command) -> Outcome {
    let mut setup = Command::new("sh");
    let output = child::captured(setup.arg(root().join("benches/peers/setup.sh")), INSTALL)?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    bench.envs(found.lines().filter_map(|line| line.split_once('=')));
    match output.status.success() {
        true => Ok(()),
        false => Err("benches/peers/setup.sh: not all could be installed".into()),
    }
}
