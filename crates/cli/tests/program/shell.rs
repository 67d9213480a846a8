use crate::support::Home;
use serde_json::Value;
use std::process::Stdio;

#[test]
fn every_flow_of_the_demo_passes() {
    let ran = Home::new().run(&["demo", "--json"]);
    let flows: Vec<Value> = serde_json::from_slice(&ran.stdout).unwrap();
    for flow in &flows {
        let mut names: Vec<&str> = flow.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["flow", "ms", "passed", "steps"]);
        assert_eq!(flow["passed"], true, "{flow:#}");
    }
    assert!(flows.len() >= 31);
    ran.exits(0);
}

#[test]
fn completions_and_the_manual_page() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]).exits(0);
        assert!(script.text().contains("client-secret-file") && script.text().contains("signature-method"));
    }
    let page = home.run(&["man"]).exits(0);
    assert!(page.text().contains(".TH grantee") && page.text().contains("client\\-secret\\-file"));
    assert!(page.text().contains("grantee\\-oauth1\\-sign"));
}

#[test]
fn help_is_data_and_wrong_use_is_not() {
    let home = Home::new();
    let help = home.run(&["token", "--help"]).exits(0);
    assert!(help.text().contains("--client-secret-file") && help.stderr.is_empty());
    assert!(home.run(&["--version"]).exits(0).text().starts_with("grantee "));
    let nothing = home.run(&[]).exits(2);
    assert!(nothing.stdout.is_empty() && nothing.stderr.contains("Usage"));
}

#[test]
fn help_shows_no_value_of_the_environment() {
    let home = Home::new().env("GRANTEE_PROXY", "http://u:s3cret@proxy").env("GRANTEE_CLIENT_SECRET", "s3cret");
    let help = home.run(&["token", "--help"]).exits(0);
    assert!(!help.text().contains("s3cret"));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = Home::new().command(&["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
