//! An answer of the introspection endpoint.

use crate::property::{answer, answer_with_secrets, hides, is_presentable, marker};
use grantee_core::endpoint::introspection::judge;
use serde_json::Value;

/// The first byte chooses the status, the rest is the body.
pub fn introspection(data: &[u8]) {
    match judge(&answer(data)) {
        Ok(seen) => {
            assert_eq!(seen.members.get("active"), Some(&Value::Bool(seen.active)));
            assert!(seen.active || seen.members.len() == 1, "a token that is not active has nothing to say");
        }
        Err(error) => is_presentable(&error),
    }
    let marker = marker(data);
    if let Err(error) = judge(&answer_with_secrets(&marker, data)) {
        hides(&marker, &error);
        hides(&marker, &error.to_string());
    }
}
