//! The Debian packages that the checks need.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, child};

/// Each package and how to tell that it, or its like from elsewhere, is there.
const PACKAGES: [(&str, Probe); 10] = [
    ("gcc", Probe::Program("cc")),
    ("git", Probe::Program("git")),
    // For josekit, which the JOSE tests are held against.
    ("libssl-dev", Probe::File("/usr/include/openssl/ssl.h")),
    ("pkg-config", Probe::Program("pkg-config")),
    ("openssl", Probe::Program("openssl")),
    ("python3", Probe::Program("python3")),
    ("python3-venv", Probe::Python("import ensurepip, venv")),
    ("sqlite3", Probe::Program("sqlite3")),
    ("glewlwyd", Probe::File("/usr/lib/glewlwyd/plugin/libprotocol_oidc.so")),
    ("chromium", Probe::File("/usr/bin/chromium")),
];

#[derive(Clone, Copy)]
enum Probe {
    Program(&'static str),
    Python(&'static str),
    File(&'static str),
}

impl Probe {
    fn holds(self) -> bool {
        match self {
            Self::Program(name) => child::quiet(Command::new("sh").args(["-c", "command -v \"$0\"", name])),
            Self::Python(code) => child::quiet(Command::new("python3").args(["-c", code])),
            Self::File(path) => Path::new(path).exists(),
        }
    }
}

/// Installs what is missing.
pub(crate) fn install() -> Outcome {
    let missing: Vec<_> = PACKAGES.iter().filter(|(_, probe)| !probe.holds()).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !Probe::Program("apt-get").holds() {
        return Err(format!(
            "missing: {list}. These are Debian's names; install them by hand, there is no apt-get here"
        ));
    }
    if child::output(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(format!(
            "missing: {list}. Run: sudo apt-get update && sudo apt-get install --no-install-recommends {list}"
        ));
    }
    println!("installing: {list}");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        child::run(
            command.args(["-qq", "-o", "Dpkg::Use-Pty=0"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"),
            Duration::from_secs(1800),
        )
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())
}
