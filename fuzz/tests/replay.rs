//! Every input of every corpus, on stable Rust. What once broke a property is among them.

use grantee_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_input_found_so_far_keeps_every_property() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut bytes = 0;
    for (name, target) in TARGETS {
        let inputs: Vec<_> = corpus.join(name).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!inputs.is_empty(), "{name} has no seeds");
        for input in inputs {
            // Named first, so that a panic's report shows whose it is.
            println!("{}", input.display());
            let data = std::fs::read(&input).unwrap();
            bytes += data.len();
            target(&data);
        }
        target(b"");
    }
    assert!(bytes < 1024 * 1024, "the corpora hold {bytes} bytes: minimize them (cargo fuzz cmin)");
}

#[test]
fn every_target_has_a_wrapper_and_every_wrapper_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/fuzz_targets");
    let wrappers: BTreeSet<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(wrappers, targets);
}
