//! An answer of the token endpoint.

use crate::property::{answer, answer_with_secrets, hides, is_exact, is_presentable, marker};
use grantee_core::endpoint::token::{Asked, judge};
use grantee_core::{Token, UnixTime};
use http::HeaderValue;
use std::time::Duration;

/// The first byte chooses the status, the rest is the body.
pub fn token_answer(data: &[u8]) {
    let sent_at = UnixTime::from_seconds(1_700_000_000);
    let mut asked = Asked::default();
    asked.scope = Some("read write".into());
    asked.sent_at = Some(sent_at);

    match judge(&answer(data), &asked) {
        Ok(token) => is_sound(&token, sent_at),
        Err(error) => is_presentable(&error),
    }
    let marker = marker(data);
    match judge(&answer_with_secrets(&marker, data), &asked) {
        Ok(token) => hides(&marker, &token),
        Err(error) => {
            hides(&marker, &error);
            hides(&marker, &error.to_string());
        }
    }
}

fn is_sound(token: &Token, sent_at: UnixTime) {
    assert!(!token.access_token.is_empty() && !token.token_type.is_empty());
    assert!(token.scope.is_some(), "what was asked for is granted where the answer names nothing");
    assert_eq!(token.obtained_at, Some(sent_at));
    if let Some(expires_at) = token.expires_at {
        let century = Duration::from_secs(101 * 366 * 86_400);
        assert!(expires_at >= sent_at && expires_at <= sent_at.after(century), "{expires_at:?}");
    }
    if let Ok(header) = HeaderValue::try_from(token) {
        assert!(header.is_sensitive());
        let bytes = header.as_bytes();
        assert!(bytes.ends_with(token.access_token.reveal().as_bytes()));
    }
    if token.extra.values().all(is_exact) {
        let written = serde_json::to_vec(token).expect("a token can be written");
        let again: Token = serde_json::from_slice(&written).expect("and read again");
        assert_eq!(&again, token);
    }
}
