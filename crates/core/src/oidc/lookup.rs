//! Looking claims up, in a map or in what has only been viewed, so that each rule is written once.

use crate::UnixTime;
use crate::error::RuleViolation;
use grantee_jose::view::{Member, View};
use serde_json::{Map, Number, Value};

/// A claim, borrowed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Claim<'a> {
    Null,
    Bool,
    Number(&'a Number),
    Text(&'a str),
    Nested(&'a Value),
}

impl<'a> Claim<'a> {
    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Where claims are found by name.
pub(crate) trait Lookup {
    fn claim(&self, name: &str) -> Option<Claim<'_>>;

    fn text_of(&self, name: &str) -> Option<&str> {
        self.claim(name)?.text()
    }
}

impl Lookup for Map<String, Value> {
    fn claim(&self, name: &str) -> Option<Claim<'_>> {
        Some(match self.get(name)? {
            Value::Null => Claim::Null,
            Value::Bool(_) => Claim::Bool,
            Value::Number(number) => Claim::Number(number),
            Value::String(text) => Claim::Text(text),
            nested => Claim::Nested(nested),
        })
    }
}

impl Lookup for View<'_> {
    fn claim(&self, name: &str) -> Option<Claim<'_>> {
        Some(match self.get(name)? {
            Member::Number(number) => Claim::Number(number),
            Member::Text(text) => Claim::Text(text),
            Member::Nested(nested) => Claim::Nested(nested),
            Member::Bool(_) => Claim::Bool,
            _ => Claim::Null,
        })
    }
}

/// What kind of value a claim has, for messages: never the value itself.
pub(crate) fn kind(claim: Option<Claim<'_>>) -> &'static str {
    match claim {
        None => "no such member",
        Some(Claim::Null) => "null",
        Some(Claim::Bool) => "a boolean",
        Some(Claim::Number(_)) => "a number",
        Some(Claim::Text("")) => "an empty string",
        Some(Claim::Text(_)) => "a string",
        Some(Claim::Nested(Value::Array(_))) => "a list",
        Some(Claim::Nested(_)) => "an object",
    }
}

/// A NumericDate (RFC 7519 section 2): seconds since the epoch, whole or not.
pub(crate) fn time(claim: Claim<'_>) -> Option<UnixTime> {
    let Claim::Number(number) = claim else { return None };
    if let Some(seconds) = number.as_i64() {
        return Some(UnixTime::from_seconds(seconds));
    }
    #[allow(clippy::cast_possible_truncation)] // A cast from f64 saturates.
    number
        .as_f64()
        .filter(|seconds| seconds.is_finite())
        .map(|seconds| UnixTime::from_millis((seconds * 1000.0) as i64))
}

/// A time that a claim must give.
pub(crate) fn required_time(
    stage: &'static str,
    claims: &impl Lookup,
    name: &'static str,
    spec: &'static str,
) -> Result<UnixTime, RuleViolation> {
    let claim = claims.claim(name);
    claim.and_then(time).ok_or_else(|| {
        RuleViolation::new(stage, "a time that is required is there as a number", spec)
            .expected(format_args!("{name} as seconds since the epoch"))
            .got(kind(claim))
    })
}

/// A claim that must be a string with something in it.
pub(crate) fn required_text<'a>(
    stage: &'static str,
    claims: &'a impl Lookup,
    name: &'static str,
    spec: &'static str,
) -> Result<&'a str, RuleViolation> {
    match claims.claim(name) {
        Some(Claim::Text(text)) if !text.is_empty() => Ok(text),
        other => Err(RuleViolation::new(stage, "a claim that is required is there as a string", spec)
            .expected(name)
            .got(kind(other))),
    }
}

/// `aud` as a list: a string or a list of strings, and nothing else.
pub(crate) fn audiences(claims: &impl Lookup) -> Option<Vec<&str>> {
    match claims.claim("aud")? {
        Claim::Text(one) => Some(vec![one]),
        Claim::Nested(Value::Array(many)) if !many.is_empty() => many.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
