//! `cargo xtask conformance-mutants`: takes rules out of the client, one at a time, and shows which conformance tests notice.
//!
//! Everything happens in a copy of the tree below `target/mutants`, which is kept with what was built in it.

mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::{Outcome, cargo, child, root};
use rules::MUTANTS;

/// A rule, and the edit that takes it out.
struct Mutant {
    rule: &'static str,
    /// How the names of the tests begin that must notice it. The others are not run, since each run takes its time.
    tests: &'static str,
    file: &'static str,
    /// Stands there once.
    from: &'static str,
    to: &'static str,
}

/// How many tests are named that notice a mutant.
const SHOWN: usize = 6;
const LIMIT: Duration = Duration::from_secs(1500);

/// `[TEXT]...`: those mutants whose rule has one of the texts in it, or all of them.
pub(crate) fn main(arguments: &[String]) -> Outcome {
    let chosen = |mutant: &&Mutant| arguments.is_empty() || arguments.iter().any(|text| mutant.rule.contains(text));
    let mutants: Vec<&Mutant> = MUTANTS.iter().filter(chosen).collect();
    if mutants.is_empty() {
        return Err("no mutant's rule has that in it".into());
    }
    let folder = root().join("target/mutants");
    let tree = folder.join("tree");
    copy_to(&tree)?;
    println!("without a mutant ...");
    match run(&folder, "")? {
        Seen::Failing(tests) if tests.is_empty() => {}
        Seen::Failing(tests) => return Err(format!("tests fail as it is: {}", Vec::from_iter(tests).join(", "))),
        Seen::NotBuilt(why) => return Err(format!("it does not build as it is:\n{why}")),
    }
    let (mut rows, mut bad) = (Vec::new(), 0);
    for mutant in mutants {
        let start = Instant::now();
        let seen = mutated(&folder, &tree, mutant)?;
        let (verdict, is_noticed) = match seen {
            Seen::Failing(tests) => {
                let named: Vec<String> = tests.into_iter().filter(|test| test.starts_with(mutant.tests)).collect();
                let is_noticed = !named.is_empty();
                (if is_noticed { shortened(&named) } else { "SURVIVES".to_owned() }, is_noticed)
            }
            Seen::NotBuilt(why) => (format!("DOES NOT BUILD: {why}"), false),
        };
        bad += usize::from(!is_noticed);
        println!("{} ({:.0} s): {verdict}", mutant.rule, start.elapsed().as_secs_f32());
        rows.push((mutant.rule, verdict));
    }
    println!("\n| without the rule that | tests that fail |\n|---|---|");
    for (rule, verdict) in &rows {
        println!("| {rule} | {} |", verdict.replace('\n', " "));
    }
    println!("\n{} mutants, {} noticed", rows.len(), rows.len() - bad);
    if bad == 0 { Ok(()) } else { Err(format!("not noticed: {bad}")) }
}

/// The first names, without what all of a plan have in common.
fn shortened(tests: &[String]) -> String {
    const COMMON: [(&str, &str); 4] = [
        ("oidcc_client_test_", ""),
        ("fapi1_advanced_final_client_", "fapi1: "),
        ("fapi2_security_profile_final_client_", "fapi2: "),
        ("fapi_ciba_id1_client_", "ciba: "),
    ];
    let short = |test: &String| COMMON.iter().fold(test.clone(), |text, (from, to)| text.replace(from, to));
    let mut names: Vec<String> = tests.iter().take(SHOWN).map(short).collect();
    if tests.len() > SHOWN {
        names.push(format!("and {} more", tests.len() - SHOWN));
    }
    names.join(", ")
}

/// What a run of the tests has shown.
enum Seen {
    /// These fail.
    Failing(BTreeSet<String>),
    /// Nothing: there was nothing to run.
    NotBuilt(String),
}

/// Runs with the mutant in place, and takes it out again.
fn mutated(folder: &Path, tree: &Path, mutant: &Mutant) -> Outcome<Seen> {
    let path = tree.join(mutant.file);
    let whole = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", mutant.file))?;
    let write = |text: &str| fs::write(&path, text).map_err(|error| format!("{}: {error}", mutant.file));
    write(&edited(mutant, &whole)?)?;
    let seen = run(folder, mutant.tests);
    write(&whole)?;
    seen
}

fn edited(mutant: &Mutant, whole: &str) -> Outcome<String> {
    match whole.matches(mutant.from).count() {
        1 => Ok(whole.replace(mutant.from, mutant.to)),
        count => Err(format!(
            "the mutant of the rule that {} is stale: {} has its snippet {count} times\n{}",
            mutant.rule, mutant.file, mutant.from
        )),
    }
}

/// Runs the tests whose names have this in them.
fn run(folder: &Path, tests: &str) -> Outcome<Seen> {
    let mut command = cargo(["test", "--package", "grantee", "--test", "conformance", tests]);
    command.current_dir(folder.join("tree")).env("CARGO_TARGET_DIR", folder.join("build"));
    // What takes time and shows nothing here.
    command.env("RUST_BACKTRACE", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    let output = child::captured(&command, LIMIT)?;
    Ok(seen(&output))
}

fn seen(output: &Output) -> Seen {
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.lines().any(|line| line.starts_with("test result: ")) {
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.lines().skip_while(|line| !line.starts_with("error")).take(8).collect();
        return Seen::NotBuilt(lines.join("\n"));
    }
    let name = |line: &str| {
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.rsplit("::").next().unwrap_or(name).to_owned())
    };
    Seen::Failing(said.lines().filter_map(name).collect())
}

/// Makes the copy the same as what git knows of, and touches nothing that is the same already, so that little is built anew.
fn copy_to(tree: &Path) -> Outcome {
    let mut command = std::process::Command::new("git");
    command.args(["ls-files", "-z"]).current_dir(root());
    let listed = child::output(&mut command)?;
    let files: BTreeSet<PathBuf> = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for file in &files {
        let (from, to) = (root().join(file), tree.join(file));
        // One that is deleted and not yet committed.
        if !from.exists() {
            continue;
        }
        let content = fs::read(&from).map_err(|error| told(&from, error))?;
        if fs::read(&to).is_ok_and(|same| same == content) {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|error| told(parent, error))?;
        }
        fs::write(&to, content).map_err(|error| told(&to, error))?;
    }
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| told(&folder, error))?.flatten() {
            let path = entry.path();
            let is_known = || {
                let name = path.strip_prefix(tree).unwrap_or(&path);
                files.contains(name) && root().join(name).exists()
            };
            if path.is_dir() {
                folders.push(path);
            } else if !is_known() {
                fs::remove_file(&path).map_err(|error| told(&path, error))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn no_mutant_is_stale_and_each_changes_something() {
        for mutant in MUTANTS {
            let whole = fs::read_to_string(root().join(mutant.file)).unwrap();
            assert_ne!(edited(mutant, &whole).unwrap(), whole, "{}", mutant.rule);
        }
        let rules: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.rule).collect();
        assert_eq!(rules.len(), MUTANTS.len());
    }

    #[test]
    fn a_snippet_that_is_gone_or_stands_twice_is_stale() {
        let mutant = Mutant { rule: "x", tests: "t", file: "f", from: "ab", to: "" };
        assert_eq!(edited(&mutant, "cabd").unwrap(), "cd");
        for whole in ["", "abab"] {
            assert!(edited(&mutant, whole).unwrap_err().contains("is stale"));
        }
    }

    #[test]
    fn failing_tests_are_told_from_a_build_that_failed() {
        let output = |stdout: &str, stderr: &str| Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        let ran = "test a::oidcc_x ... FAILED\ntest a::oidcc_y ... ok\ntest z ... FAILED\ntest result: FAILED. 1 passed; 2 failed\n";
        let Seen::Failing(tests) = seen(&output(ran, "warning: x")) else { panic!("it ran") };
        assert_eq!(Vec::from_iter(tests), ["oidcc_x", "z"]);
        let Seen::NotBuilt(why) = seen(&output("", "warning: x\nerror[E0425]: y\n")) else { panic!("it did not run") };
        assert_eq!(why, "error[E0425]: y");
    }
}
