//! `cargo xtask conformance-mutants`: takes rules out of the client, one at a time, and shows which conformance tests notice.
//!
//! Everything happens in a copy of the tree below `target/mutants`, which is kept with what was built in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::{Outcome, cargo, child, root};

/// A rule, and the edit that takes it out.
struct Mutant {
    rule: &'static str,
    file: &'static str,
    /// Stands there once.
    from: &'static str,
    to: &'static str,
}

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
    match run(&folder)? {
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
                let named: Vec<String> = tests.into_iter().filter(|test| test.starts_with("oidcc_")).collect();
                let is_noticed = !named.is_empty();
                (if is_noticed { named.join(", ") } else { "SURVIVES".to_owned() }, is_noticed)
            }
            Seen::NotBuilt(why) => (format!("DOES NOT BUILD: {why}"), false),
        };
        bad += usize::from(!is_noticed);
        println!("{} ({:.0} s): {verdict}", mutant.rule, start.elapsed().as_secs_f32());
        rows.push((mutant.rule, verdict));
    }
    println!("\n| without the rule that | tests that fail |\n|---|---|");
    for (rule, verdict) in &rows {
        println!("| {rule} | {} |", verdict.replace("oidcc_client_test_", "").replace('\n', " "));
    }
    println!("\n{} mutants, {} noticed", rows.len(), rows.len() - bad);
    if bad == 0 { Ok(()) } else { Err(format!("not noticed: {bad}")) }
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
    let seen = run(folder);
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

fn run(folder: &Path) -> Outcome<Seen> {
    let mut command = cargo(["test", "--package", "grantee", "--test", "conformance"]);
    command.current_dir(folder.join("tree")).env("CARGO_TARGET_DIR", folder.join("build")).env("RUST_BACKTRACE", "0");
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

const JWS_KEY: &str = "crates/jose/src/jws/key.rs";
const JWT: &str = "crates/core/src/oidc/jwt.rs";
const ID_TOKEN: &str = "crates/core/src/oidc/id_token.rs";
const KEY_SET: &str = "crates/core/src/metadata/key_set.rs";
const USERINFO: &str = "crates/core/src/endpoint/userinfo.rs";
const DISCOVERY: &str = "crates/core/src/endpoint/discovery.rs";
const END_SESSION: &str = "crates/core/src/endpoint/end_session.rs";
const BACKCHANNEL: &str = "crates/core/src/oidc/backchannel_logout.rs";
const FRONTCHANNEL: &str = "crates/core/src/oidc/frontchannel_logout.rs";
const THIRD_PARTY: &str = "crates/core/src/oidc/third_party_login.rs";
const RESPONSE: &str = "crates/core/src/authorization/response.rs";

const MUTANTS: [Mutant; 32] = [
    Mutant {
        rule: "a signature verifies",
        file: JWS_KEY,
        from: "if verified { Ok(()) } else { Err(Error::signature()) }",
        to: "let _ = verified;\n        Ok(())",
    },
    Mutant {
        rule: "alg is the registered one",
        file: JWT,
        from: "if !rules.algorithms.iter().any(|allowed| allowed == said) {",
        to: "if said.is_empty() {",
    },
    Mutant {
        rule: "alg none needs the danger door",
        file: JWT,
        from: "let unsigned = rules.unsigned && rules.algorithms.iter().any(|allowed| allowed == \"none\");",
        to: "let unsigned = true;",
    },
    Mutant {
        rule: "iss of an ID token is the issuer",
        file: ID_TOKEN,
        from: "let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;",
        to: "let _ = metadata;\n    let issuer = required_text(STAGE, claims, \"iss\", VALIDATION)?;",
    },
    Mutant {
        rule: "aud of an ID token is the client",
        file: ID_TOKEN,
        from: "check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;",
        to: "",
    },
    Mutant {
        rule: "sub is required",
        file: ID_TOKEN,
        from: "let subject = required_text(STAGE, claims, \"sub\", \"OpenID Connect Core section 2\")?;",
        to: "let subject = claims.text_of(\"sub\").unwrap_or_default();",
    },
    Mutant {
        rule: "iat is required",
        file: JWT,
        from: "let iat = required_time(stage, claims, \"iat\", self.spec)?;",
        to: "let iat = required_time(stage, claims, \"iat\", self.spec).unwrap_or(self.now);",
    },
    Mutant {
        rule: "nonce is the one sent",
        file: ID_TOKEN,
        from: "Some(Claim::Text(nonce)) if constant_time_eq(nonce.as_bytes(), sent.reveal().as_bytes()) => Ok(()),",
        to: "Some(Claim::Text(nonce)) if constant_time_eq(nonce.as_bytes(), nonce.as_bytes()) => Ok(()),",
    },
    Mutant {
        rule: "nonce is required",
        file: ID_TOKEN,
        from: "        other => Err(broken().got(kind(other))),\n",
        to: "        None => Ok(()),\n        other => Err(broken().got(kind(other))),\n",
    },
    Mutant {
        rule: "nonce is sent with each request",
        file: "crates/core/src/authorization/request.rs",
        from: "None => makes_nonce.then(|| random.secret()),",
        to: "None => makes_nonce.then(|| \"always-the-same-nonce-here\".into()),",
    },
    Mutant {
        rule: "at_hash is compared",
        file: ID_TOKEN,
        from: "if !digest.is_left_half(",
        to: "if name != \"at_hash\" && !digest.is_left_half(",
    },
    Mutant { rule: "at_hash is required", file: ID_TOKEN, from: "front, AT_HASH,", to: "false, AT_HASH," },
    Mutant {
        rule: "c_hash is compared",
        file: ID_TOKEN,
        from: "if !digest.is_left_half(",
        to: "if name != \"c_hash\" && !digest.is_left_half(",
    },
    Mutant { rule: "c_hash is required", file: ID_TOKEN, from: "front, C_HASH,", to: "false, C_HASH," },
    Mutant {
        rule: "keys are fetched again when none fits",
        file: KEY_SET,
        from: "for _ in 0..2 {",
        to: "for _ in 0..0 {",
    },
    Mutant {
        rule: "a token without kid fits any key",
        file: KEY_SET,
        from: "kid.is_none_or(|kid| key.jwk.kid() == Some(kid))",
        to: "key.jwk.kid() == kid",
    },
    Mutant {
        rule: "every key that fits is tried",
        file: JWT,
        from: "(kid, algorithm).take(MOST_TRIES)",
        to: "(kid, algorithm).take(1)",
    },
    Mutant {
        rule: "a refreshed ID token is verified",
        file: ID_TOKEN,
        from: "        Err(error) => Err(error),\n",
        to: "        Err(error) => Ok(keep(answer, &error)),\n",
    },
    Mutant {
        rule: "a refreshed ID token has the same sub",
        file: ID_TOKEN,
        from: "for name in [\"iss\", \"sub\"] {",
        to: "for name in [\"iss\"] {",
    },
    Mutant {
        rule: "sub of userinfo is that of the ID token",
        file: USERINFO,
        from: "Some(sub) if sub == id_token.subject() =>",
        to: "Some(sub) if sub != \"\" || sub == id_token.subject() =>",
    },
    Mutant {
        rule: "userinfo is signed as registered",
        file: USERINFO,
        from: "Answer::Json(members) if !protected =>",
        to: "Answer::Json(members) if !protected || !members.is_empty() =>",
    },
    Mutant {
        rule: "issuer of the metadata is the one asked",
        file: DISCOVERY,
        from: "(expected, issuer == expected)",
        to: "(expected, true)",
    },
    Mutant {
        rule: "iss of a logout token is the issuer",
        file: BACKCHANNEL,
        from: "let issuer = check_issuer(STAGE, VALIDATION, metadata, claims)?;",
        to: "let _ = metadata;\n    let issuer = required_text(STAGE, claims, \"iss\", VALIDATION)?;",
    },
    Mutant {
        rule: "aud of a logout token is the client",
        file: BACKCHANNEL,
        from: "check_audience(STAGE, claims, client.client_id(), &rules.trusted_audiences)?;",
        to: "",
    },
    Mutant { rule: "a logout token has the event", file: BACKCHANNEL, from: "    check_events(claims)?;\n", to: "" },
    Mutant {
        rule: "a logout token has no nonce",
        file: BACKCHANNEL,
        from: "if claims.contains_key(\"nonce\") {",
        to: "if claims.contains_key(\"no such claim\") {",
    },
    Mutant {
        rule: "a logout token serves once",
        file: BACKCHANNEL,
        from: "if !replays.first_use(&TokenKey::new(parts).to_string(), until).await? {",
        to: "if !replays.first_use(&TokenKey::new(parts).to_string(), until).await? && until == UnixTime::now() {",
    },
    Mutant {
        rule: "state of a logout is the one sent",
        file: END_SESSION,
        from: "Some(got) if Secret::from(got) == state => {}",
        to: "Some(got) if Secret::from(got) == state || !got.is_empty() => {}",
    },
    Mutant {
        rule: "state of a logout is required",
        file: END_SESSION,
        from: "None => return Err(broken().got(\"no state\").into()),",
        to: "None => {}",
    },
    Mutant {
        rule: "an error in the authorization response is told",
        file: RESPONSE,
        from: "if let Some(error) = server_error(&answer)? {",
        to: "if let Some(error) = server_error(&answer)?.filter(|error| error.status() == Some(1)) {",
    },
    Mutant {
        rule: "iss of a front-channel logout is the issuer",
        file: FRONTCHANNEL,
        from: "if !metadata.issues_as(issuer) {",
        to: "if issuer.is_empty() {",
    },
    Mutant {
        rule: "iss of a login by a third party is the issuer",
        file: THIRD_PARTY,
        from: "if !metadata.issues_as(&login.issuer) {",
        to: "if login.issuer.is_empty() {",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn no_mutant_is_stale_and_each_changes_something() {
        for mutant in &MUTANTS {
            let whole = fs::read_to_string(root().join(mutant.file)).unwrap();
            assert_ne!(edited(mutant, &whole).unwrap(), whole, "{}", mutant.rule);
        }
        let rules: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.rule).collect();
        assert_eq!(rules.len(), MUTANTS.len());
    }

    #[test]
    fn a_snippet_that_is_gone_or_stands_twice_is_stale() {
        let mutant = Mutant { rule: "x", file: "f", from: "ab", to: "" };
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
