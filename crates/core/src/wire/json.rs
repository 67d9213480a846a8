//! JSON answers, read with tolerance for what servers really send and none for what could mislead.

use crate::error::{Result, RuleViolation};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::time::Duration;

/// Reads the object that an answer is. Any content type will do; HTML, lists, scalars and members that stand twice won't.
///
/// # Errors
/// [`RuleViolation`] that says what came instead.
pub fn object(stage: &'static str, body: &[u8]) -> Result<Map<String, Value>> {
    let rule =
        || RuleViolation::new(stage, "the answer is one JSON object", "RFC 6749 section 5.1").expected("a JSON object");
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = reader.deserialize_map(UniqueMembers).and_then(|members| reader.end().map(|()| members));
    members.map_err(|error| {
        let got = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => "an empty body".to_owned(),
            Some(b'<') => "HTML or XML".to_owned(),
            // serde's words quote what it read, which may be a token, so only its place is told.
            Some(_) if error.to_string().starts_with(TWICE) => "a member that stands twice".to_owned(),
            Some(_) => format!(
                "{} bytes that are no JSON object (line {} column {})",
                body.len(),
                error.line(),
                error.column()
            ),
        };
        rule().got(got).into()
    })
}

const TWICE: &str = "member twice";

struct UniqueMembers;

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(serde::de::Error::custom(TWICE));
            }
        }
        Ok(members)
    }
}

/// A text member; a number counts as its digits, since some servers send identifiers so.
pub fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A duration in seconds: an integer, a float, or either as a string. Negative, huge and senseless ones are bounded:
/// below zero is zero, above a hundred years is a hundred years.
pub fn seconds(value: &Value) -> Option<Duration> {
    const MOST: f64 = 100.0 * 365.25 * 86_400.0;
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        // PayPal and others send this number as a string.
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    if seconds.is_nan() { None } else { Some(Duration::from_secs_f64(seconds.clamp(0.0, MOST))) }
}

/// Bounded copy of a JSON value's kind, for messages: never the value itself.
pub fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "no such member",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(text)) if text.is_empty() => "an empty string",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_object_is_refused_with_what_came() {
        for (body, got) in [
            (&b""[..], "an empty body"),
            (b"  \n", "an empty body"),
            (b"<!doctype html>", "HTML or XML"),
            (b"[1]", "3 bytes"),
            (b"{\"access_token\":\"s3cret\"", "24 bytes"),
            (b"{\"a\":1}{\"a\":2}", "14 bytes"),
            (b"{\"a\":1,\"a\":1}", "a member that stands twice"),
        ] {
            let message = object("token answer", body).unwrap_err().to_string();
            assert!(message.contains(got), "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
        assert_eq!(object("token answer", b" {\"a\":{\"a\":1}} ").unwrap()["a"], json!({"a": 1}));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_stack_overflow() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(object("token answer", deep.as_bytes()).is_err());
    }

    #[test]
    fn seconds_as_number_float_or_string() {
        assert_eq!(seconds(&json!(3600)), Some(Duration::from_secs(3600)));
        assert_eq!(seconds(&json!(1.5)), Some(Duration::from_millis(1500)));
        assert_eq!(seconds(&json!("3600")), Some(Duration::from_secs(3600)));
        assert_eq!(seconds(&json!(" 2.5 ")), Some(Duration::from_millis(2500)));
        assert_eq!(seconds(&json!(-5)), Some(Duration::ZERO));
        assert_eq!(seconds(&json!("1e400")), Some(Duration::from_secs(3_155_760_000)));
        assert_eq!(seconds(&json!(1e300)), Some(Duration::from_secs(3_155_760_000)));
        for nonsense in [json!("soon"), json!("NaN"), json!(null), json!([3600]), json!(true)] {
            assert_eq!(seconds(&nonsense), None);
        }
    }
}
