//! A profile: a file that a person, or another program, may have written.

/// The bytes are the file.
pub fn profile(data: &[u8]) {
    // What could be read can be read again, and so can what could not: reading changes nothing.
    assert_eq!(grantee_cli::read_for_fuzzing(data), grantee_cli::read_for_fuzzing(data));
}
