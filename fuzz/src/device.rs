//! An answer of the device authorization endpoint, and what the person is shown of it.

use crate::client::{CLIENT_ID, ISSUER, NOW};
use crate::property::{answer, answer_with, hides, is_kept, is_presentable, marker, tells_nothing};
use bytes::Bytes;
use grantee_core::UnixTime;
use grantee_core::grant::device_code::{DeviceAuthorization, DeviceAuthorizationRequest};
use http::Response;
use std::time::Duration;

/// The first byte chooses the status, the rest is the body.
pub fn device(data: &[u8]) {
    let sent_at = UnixTime::from_seconds(NOW);
    let judge =
        |answer: &Response<Bytes>| DeviceAuthorizationRequest::new().judge(answer, CLIENT_ID, Some(ISSUER), sent_at);
    match judge(&answer(data)) {
        Ok(device) => is_sound(&device, sent_at),
        Err(error) => is_presentable(&error),
    }
    let marker = marker(data);
    match judge(&answer_with(&format!(r#""device_code":"{marker}""#), data)) {
        Ok(device) => {
            is_sound(&device, sent_at);
            hides(&marker, &device);
            hides(&marker, &device.to_string());
            hides(&marker, &device.grant());
        }
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn is_sound(device: &DeviceAuthorization, sent_at: UnixTime) {
    let shown = device.to_string();
    let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!shown.contains(|c| c != '\n' && hidden(c)), "a terminal could obey {shown:?}");
    assert!(shown.lines().count() <= 5, "{shown:?}");
    assert!(shown.len() <= 6 * 1024, "{} bytes for a person to read", shown.len());
    assert!(!device.user_code().is_empty());
    for address in [Some(device.verification_uri()), device.verification_uri_complete()].into_iter().flatten() {
        assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?}");
        let url = url::Url::parse(address).expect("a browser opens it");
        assert!(matches!(url.scheme(), "https" | "http") && url.has_host());
    }
    let century = Duration::from_secs(101 * 366 * 86_400);
    assert!(device.expires_at() >= sent_at && device.expires_at() <= sent_at.after(century));
    assert_eq!(&is_kept(device), device);
}
