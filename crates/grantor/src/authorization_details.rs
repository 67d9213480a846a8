//! Rich authorization requests, [RFC 9396](https://www.rfc-editor.org/rfc/rfc9396).

use serde_json::{Map, Value};

use crate::{Client, error::OAuthError, params::Params, shared::Shared};

/// Members that mean the same in every type, and are lists of strings (section 2.2).
const COMMON: [&str; 4] = ["locations", "actions", "datatypes", "privileges"];

/// What a request asks for, once it is in order (section 5).
pub(crate) fn asked(shared: &Shared, client: &Client, params: &Params) -> Result<Vec<Value>, OAuthError> {
    let Some(text) = params.get("authorization_details") else {
        return Ok(Vec::new());
    };
    let entries: Vec<Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| wrong("authorization_details is no JSON array of objects"))?;
    for entry in &entries {
        check(shared, client, entry)?;
    }
    Ok(entries.into_iter().map(Value::Object).collect())
}

/// What the person, or the server, makes of that (section 7.1).
pub(crate) fn granted(shared: &Shared, asked: Vec<Value>) -> Vec<Value> {
    match &shared.config.requests.granting {
        Some(granting) => asked.iter().filter_map(|entry| granting(entry)).collect(),
        None => asked,
    }
}

/// What a token is to have of what was granted: all of it unless the token request asks for less (section 6).
pub(crate) fn narrowed(
    shared: &Shared,
    client: &Client,
    granted: &[Value],
    params: &Params,
) -> Result<Vec<Value>, OAuthError> {
    let asked = asked(shared, client, params)?;
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    let part = |wish: &Value| granted.iter().find_map(|entry| part_of(entry, wish));
    asked.iter().map(|wish| part(wish).ok_or_else(|| wrong("that was not granted"))).collect()
}

/// The entry with the members that the wish names in place of its own, if it is no more than the entry. What the wish does
/// not name stays (section 6.1).
fn part_of(entry: &Value, wish: &Value) -> Option<Value> {
    let (mut part, wish) = (entry.as_object()?.clone(), wish.as_object()?);
    for (name, value) in wish {
        let own = part.get(name)?;
        let fewer = match (own, value) {
            (Value::Array(own), Value::Array(fewer)) => fewer.iter().all(|one| own.contains(one)),
            _ => false,
        };
        if own != value && !fewer {
            return None;
        }
        part.insert(name.clone(), value.clone());
    }
    Some(part.into())
}

fn check(shared: &Shared, client: &Client, entry: &Map<String, Value>) -> Result<(), OAuthError> {
    let name = entry.get("type").and_then(Value::as_str).ok_or_else(|| wrong("an entry has no type"))?;
    let known = |types: &[String]| types.iter().any(|other| other == name);
    if shared.config.requests.details_types.as_ref().is_some_and(|types| !known(types)) {
        return Err(wrong("an entry is of a type that this server does not know"));
    }
    let own = &client.requests.details_types;
    if !own.is_empty() && !known(own) {
        return Err(wrong("an entry is of a type that this client has not registered"));
    }
    let strings = |value: &Value| value.as_array().is_some_and(|many| many.iter().all(Value::is_string));
    let common = COMMON.into_iter().filter_map(|name| entry.get(name));
    if !common.into_iter().all(strings) || entry.get("identifier").is_some_and(|value| !value.is_string()) {
        return Err(wrong("a common member of an entry is of the wrong type"));
    }
    Ok(())
}

fn wrong(description: &str) -> OAuthError {
    OAuthError::new("invalid_authorization_details", description)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wish_may_leave_out_and_shorten_and_nothing_else() {
        let entry = json!({"type": "t", "actions": ["a", "b"], "amount": {"value": 1}});
        let part = |wish: Value| part_of(&entry, &wish);
        assert_eq!(part(json!({"type": "t"})), Some(entry.clone()));
        let fewer = json!({"type": "t", "actions": ["b"], "amount": {"value": 1}});
        assert_eq!(part(json!({"type": "t", "actions": ["b"]})), Some(fewer));
        for more in [
            json!({"type": "u"}),
            json!({"type": "t", "actions": ["a", "c"]}),
            json!({"type": "t", "amount": {"value": 2}}),
            json!({"type": "t", "privileges": ["admin"]}),
        ] {
            assert_eq!(part(more.clone()), None, "{more}");
        }
    }
}
