//! Contract suites: what an implementation of an extension point keeps to, as functions that any implementation can run.
//!
//! Each panics with the rule that was broken, so a test of your own is one call.

pub mod decrypter;
pub mod signer;
