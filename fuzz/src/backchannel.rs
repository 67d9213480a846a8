//! What a server acknowledges a backchannel authentication request with.

use crate::client::{CLIENT_ID, ISSUER, NOW};
use crate::property::{answer, answer_with, hides, is_kept, is_presentable, marker, tells_nothing};
use grantee_core::UnixTime;
use grantee_core::grant::ciba::{BackchannelAuthentication, BackchannelAuthenticationRequest, Delivery};
use std::time::Duration;

/// The first byte chooses the status, the rest is the body.
pub fn backchannel(data: &[u8]) {
    match judge(&answer(data), Delivery::Poll) {
        Ok(pending) => is_sound(pending),
        Err(error) => is_presentable(&error),
    }
    let marker = marker(data);
    match judge(&answer_with(&format!(r#""auth_req_id":"{marker}""#), data), Delivery::Push) {
        Ok(pending) => {
            hides(&marker, &pending);
            assert!(pending.into_grant().is_err(), "what is pushed is not asked for");
        }
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn judge(answer: &http::Response<bytes::Bytes>, delivery: Delivery) -> grantee_core::Result<BackchannelAuthentication> {
    let request = BackchannelAuthenticationRequest::login_hint("alice").delivery(delivery);
    let sent_at = UnixTime::from_seconds(NOW);
    request.notification_token("8d67dc78-7faa-4d41-aabd-67707b374255").judge(
        answer,
        CLIENT_ID,
        Some(ISSUER),
        sent_at,
        None,
    )
}

fn is_sound(pending: BackchannelAuthentication) {
    let sent_at = UnixTime::from_seconds(NOW);
    assert!(!pending.auth_req_id().reveal().is_empty());
    let century = Duration::from_secs(101 * 366 * 86_400);
    assert!(pending.expires_at() >= sent_at && pending.expires_at() <= sent_at.after(century));
    let again = is_kept(&pending);
    assert_eq!((again.expires_at(), again.interval()), (pending.expires_at(), pending.interval()));
    assert!(pending.into_grant().is_ok());
}
