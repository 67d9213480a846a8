//! Documents read with tolerance: what can't be meant counts as absent and is noted, and nothing of it is fatal.

use crate::Scope;
use crate::error::Excerpt;
use crate::wire::json;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use url::Url;

/// Takes members out of a document; what can't be meant counts as absent and is noted.
pub(super) struct Reader {
    /// What nobody has taken yet.
    pub(super) members: Map<String, Value>,
    /// A line for each thing that was dropped: the member, a colon, why.
    pub(super) ignored: Vec<String>,
}

impl Reader {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self { members, ignored: Vec::new() }
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.ignore(name, format_args!("{} instead of a string", json::kind(Some(&other)))),
        }
    }

    pub(super) fn endpoint(&mut self, name: &str) -> Option<String> {
        let url = self.text(name)?;
        match fault(&url) {
            None => Some(url),
            Some(fault) => self.ignore(name, fault),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let elements = match self.take(name)? {
            Value::Array(elements) => elements,
            // One value is a list of one to some servers.
            Value::String(text) => return Some(vec![text]),
            other => return self.ignore(name, format_args!("{} instead of a list", json::kind(Some(&other)))),
        };
        let given = elements.len();
        let texts: Vec<String> = elements
            .into_iter()
            .filter_map(|element| if let Value::String(text) = element { Some(text) } else { None })
            .collect();
        let dropped = given - texts.len();
        if dropped > 0 {
            self.note(name, format_args!("{dropped} of {given} elements are no strings"));
        }
        // An empty list would say that the server supports nothing.
        (dropped == 0 || !texts.is_empty()).then_some(texts)
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            other => self.ignore(name, format_args!("{} instead of a boolean", json::kind(Some(&other)))),
        }
    }

    pub(super) fn aliases(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        let members = match self.take(name)? {
            Value::Object(members) => members,
            other => return self.ignore(name, format_args!("{} instead of an object", json::kind(Some(&other)))),
        };
        let mut aliases = BTreeMap::new();
        for (alias, url) in members {
            let fault = match &url {
                Value::String(url) => fault(url),
                other => Some(json::kind(Some(other))),
            };
            match (fault, url) {
                (None, Value::String(url)) => drop(aliases.insert(alias, url)),
                (fault, _) => {
                    self.note(name, format_args!("{}: {}", Excerpt(&alias), fault.unwrap_or_default()));
                }
            }
        }
        Some(aliases)
    }

    /// A count of seconds: a number, or one in a string.
    pub(super) fn seconds(&mut self, name: &str) -> Option<u64> {
        let value = self.take(name)?;
        match json::seconds(&value) {
            Some(duration) => Some(duration.as_secs()),
            None => self.ignore(name, format_args!("{} instead of a number", json::kind(Some(&value)))),
        }
    }

    pub(super) fn scope(&mut self, name: &str) -> Option<Scope> {
        let value = self.take(name)?;
        match serde_json::from_value(value) {
            Ok(scope) => Some(scope),
            Err(_) => self.ignore(name, "neither a string nor a list of strings"),
        }
    }

    /// An object, as it came.
    pub(super) fn object(&mut self, name: &str) -> Option<Value> {
        match self.take(name)? {
            value @ Value::Object(_) => Some(value),
            other => self.ignore(name, format_args!("{} instead of an object", json::kind(Some(&other)))),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn ignore<T>(&mut self, name: &str, why: impl fmt::Display) -> Option<T> {
        self.note(name, why);
        None
    }

    fn note(&mut self, name: &str, why: impl fmt::Display) {
        self.ignored.push(format!("{name}: {why}"));
    }
}

/// Why a text can be the URL of nothing that is asked. Whether http will do is asked when something is sent there.
pub(crate) fn fault(text: &str) -> Option<&'static str> {
    // The URL parser would pass over these, and then the string would be another than the URL asked.
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Some("no absolute URL");
    }
    let Ok(url) = Url::parse(text) else { return Some("no absolute URL") };
    if !matches!(url.scheme(), "https" | "http") {
        // A browser is sent to some of these, and must not be sent to `javascript:`.
        return Some("neither https nor http");
    }
    // RFC 6749 sections 3.1 and 3.2.
    if url.fragment().is_some() {
        return Some("has a fragment");
    }
    // An HTTP client would take these for credentials to send (RFC 9110 section 4.2.4).
    if !url.username().is_empty() || url.password().is_some() {
        return Some("has a user name or password in it");
    }
    None
}
