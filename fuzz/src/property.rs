//! Properties that several targets share.

use bytes::Bytes;
use grantee_core::Error;
use http::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Stands where a secret would, so nothing that is shown may contain it. Made from the bytes, lest they contain it too.
pub(crate) fn marker(data: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    format!("s3cret-{:016x}", hasher.finish())
}

/// Every error is one short line.
pub(crate) fn is_presentable(error: &Error) {
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "not one line: {shown:?}");
    assert!(shown.len() <= 8 * 1024, "{} bytes of message", shown.len());
    assert!(!shown.is_empty() && !error.code().is_empty());
}

/// Every error of JOSE is one short line too, and shows no more than a line of what came.
pub(crate) fn of_jose(error: &grantee_jose::Error) {
    let shown = error.to_string();
    assert!(!shown.chars().any(char::is_control), "not one line: {shown:?}");
    assert!(shown.len() <= 2 * 1024, "{} bytes of message", shown.len());
    assert!(!error.rule().is_empty() && error.spec().is_ascii());
}

/// The text with one character changed for another of the alphabet of base64url, chosen by the bytes.
pub(crate) fn another_character(text: &str, by: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    by.hash(&mut hasher);
    let mut bytes = text.as_bytes().to_vec();
    let place = usize::try_from(hasher.finish()).unwrap_or_default() % bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(place) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    String::from_utf8(bytes).expect("still ASCII")
}

/// Polls a future that waits for nothing.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it waits"),
    }
}

/// Neither form of a value shows the secret that it holds or was made from.
pub(crate) fn hides(marker: &str, value: &impl Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(marker), "a secret is shown: {shown}");
    }
}

/// An answer whose status is the first byte's choice and whose body is the rest.
pub(crate) fn answer(data: &[u8]) -> Response<Bytes> {
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    with_status(*first, body)
}

/// An answer whose body begins with secrets and goes on as the bytes will.
pub(crate) fn answer_with_secrets(marker: &str, data: &[u8]) -> Response<Bytes> {
    answer_with(&format!(r#""access_token":"{marker}","refresh_token":"{marker}","own":["{marker}"]"#), data)
}

/// An answer whose body begins with these members and goes on as the bytes will.
pub(crate) fn answer_with(members: &str, data: &[u8]) -> Response<Bytes> {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let mut body = format!("{{{members},").into_bytes();
    // What is an object goes on as its members.
    body.extend_from_slice(rest.strip_prefix(b"{").unwrap_or(rest));
    with_status(*first, &body)
}

/// Neither an error nor any of its texts shows a secret, and each is one short line.
pub(crate) fn tells_nothing(marker: &str, error: &Error) {
    is_presentable(error);
    hides(marker, error);
    hides(marker, &error.to_string());
    hides(marker, &error.hint());
}

/// What is kept as JSON is read as it was written.
pub(crate) fn is_kept<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let written = serde_json::to_value(value).expect("it can be written");
    let again: T = serde_json::from_str(&written.to_string()).expect("what was written can be read");
    assert_eq!(serde_json::to_value(&again).expect("and written again"), written);
    again
}

pub(crate) fn with_status(choice: u8, body: &[u8]) -> Response<Bytes> {
    const STATUSES: [u16; 8] = [200, 200, 201, 302, 400, 401, 404, 503];
    let mut response = Response::new(Bytes::copy_from_slice(body));
    let status = STATUSES[usize::from(choice) % STATUSES.len()];
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

/// Whether a value would survive a round trip: JSON's fractions may lose their last digit.
pub(crate) fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(elements) => elements.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
