//! `grantee jose inspect`: what a token says, whoever made it.

use crate::failure::{Failure, Result};
use crate::{input, output};
use grantee::jose::{self, ErrorKind, base64url, json};
use serde_json::{Map, Value};

pub(super) fn run() -> Result<()> {
    let token = input::token_from_stdin()?;
    let shown = match token.trim_ascii_start().starts_with('{') {
        true => of_json(&token),
        false => of_compact(&token),
    };
    let mut shown = shown.map_err(Failure::refused)?;
    shown.insert("verified".to_owned(), false.into());
    output::json(&shown)
}

fn of_compact(token: &str) -> jose::Result<Map<String, Value>> {
    let parts: Vec<&str> = token.split('.').collect();
    match parts[..] {
        [header, payload, _] => {
            let header = object(header, "the header")?;
            let payload = payload_of(&header, payload)?;
            Ok(shown("JWS", "compact", [("header", header.into())], Some(payload)))
        }
        [header, _, _, _, _] => {
            let header = object(header, "the header")?;
            Ok(shown("JWE", "compact", [("header", header.into())], None))
        }
        _ => Err(jose::Error::new(
            ErrorKind::Malformed,
            "a signed token has three parts and an encrypted one five",
            "RFC 7516 section 9",
        )
        .got(parts.len())),
    }
}

fn of_json(token: &str) -> jose::Result<Map<String, Value>> {
    let mut members = json::object(token.as_bytes())?;
    let encrypted = members.contains_key("ciphertext");
    let form =
        if members.contains_key("signatures") || members.contains_key("recipients") { "general" } else { "flattened" };
    if encrypted {
        let headers = [("protected", protected(&members)?), ("unprotected", members.remove("unprotected"))];
        let headers = headers.into_iter().filter_map(|(name, header)| Some((name, header?)));
        let recipients = match members.remove("recipients") {
            Some(Value::Array(recipients)) => recipients
                .into_iter()
                .map(|mut recipient| recipient.get_mut("header").map(Value::take).unwrap_or_default())
                .collect(),
            _ => vec![members.remove("header").unwrap_or_default()],
        };
        let mut shown = shown("JWE", form, headers, None);
        shown.insert("recipients".to_owned(), recipients.into_iter().map(|header| one_header(None, header)).collect());
        return Ok(shown);
    }
    let entries = match members.remove("signatures") {
        Some(Value::Array(entries)) => entries.into_iter().filter_map(as_object).collect(),
        _ => vec![members.clone()],
    };
    let mut signatures = Vec::new();
    let mut first = Map::new();
    for (index, mut entry) in entries.into_iter().enumerate() {
        let protected = protected(&entry)?;
        if index == 0 {
            first = protected.clone().and_then(as_object).unwrap_or_default();
        }
        signatures.push(one_header(protected, entry.remove("header").unwrap_or_default()));
    }
    let payload = match members.get("payload") {
        Some(Value::String(payload)) => Some(payload_of(&first, payload)?),
        _ => None,
    };
    Ok(shown("JWS", form, [("signatures", Value::Array(signatures))], payload))
}

fn shown(
    kind: &str,
    form: &str,
    headers: impl IntoIterator<Item = (&'static str, Value)>,
    payload: Option<Vec<u8>>,
) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("kind".to_owned(), kind.into());
    shown.insert("serialization".to_owned(), form.into());
    shown.extend(headers.into_iter().map(|(name, header)| (name.to_owned(), header)));
    if let Some(payload) = payload {
        let (name, value) = match (json::value(&payload), std::str::from_utf8(&payload)) {
            (Ok(value @ (Value::Object(_) | Value::Array(_))), _) => ("payload", value),
            (_, Ok(text)) => ("payload", text.into()),
            (_, Err(_)) => ("payload_base64url", base64url::encode(&payload).into()),
        };
        shown.insert(name.to_owned(), value);
    }
    shown
}

fn one_header(protected: Option<Value>, header: Value) -> Value {
    let parts = [("protected", protected), ("header", Some(header).filter(|header| !header.is_null()))];
    parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?))).collect::<Map<_, _>>().into()
}

fn protected(members: &Map<String, Value>) -> jose::Result<Option<Value>> {
    match members.get("protected").and_then(Value::as_str) {
        Some(text) if !text.is_empty() => object(text, "the protected header").map(|header| Some(header.into())),
        _ => Ok(None),
    }
}

/// The payload's bytes, which RFC 7797 lets stand as they are.
fn payload_of(header: &Map<String, Value>, payload: &str) -> jose::Result<Vec<u8>> {
    if header.get("b64") == Some(&Value::Bool(false)) {
        return Ok(payload.as_bytes().to_vec());
    }
    decode(payload, "the payload")
}

fn object(part: &str, what: &str) -> jose::Result<Map<String, Value>> {
    json::object(&decode(part, what)?)
}

fn decode(part: &str, what: &str) -> jose::Result<Vec<u8>> {
    base64url::decode(part).map_err(|_| {
        jose::Error::new(ErrorKind::Malformed, "the parts are base64url without padding", "RFC 7515 section 2")
            .got(format_args!("something else for {what}"))
    })
}

fn as_object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(members) = value { Some(members) } else { None }
}
