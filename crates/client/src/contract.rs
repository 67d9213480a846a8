//! Contract suites: what an implementation of an extension point keeps to, as functions that any implementation can run in
//! its own tests. Each panics with the rule that was broken.

pub mod http;

pub use grantee_core::contract::{client_auth, grant, store};
