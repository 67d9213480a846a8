//! The ways in which providers deviate, each as a value, and the one hook that evens them out.

use crate::authorization::AuthorizationRequest;
use crate::error::Result;
use crate::hooks::{Hook, TokenAnswer};
use crate::ports::{BoxFuture, Request};
use crate::wire::draft::Draft;
use crate::wire::form::Params;
use crate::wire::json;
use bytes::Bytes;
use grantee_jose::base64url;
use serde_json::{Map, Value};
use url::Url;

/// One deviation of a provider.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deviation {
    /// Token answers come as forms.
    FormAnswers,
    /// The token is in this member, an object.
    NestedIn(&'static str),
    /// A member of token answers has another name.
    Renamed { from: &'static str, to: &'static str },
    /// Bearer tokens are called by another name.
    BearerCalled(&'static str),
    /// The granted scope has commas between its tokens.
    CommasInAnswers,
    /// A lifetime of zero means for ever.
    ZeroIsForEver,
    /// Errors are objects: `{"error": {"type": …, "message": …}}`.
    ErrorsAsObjects,
    /// Errors are a list: `{"errors": [{"errorType": …, "message": …}]}`.
    ErrorsAsList,
    /// The scope asked for has commas between its tokens, and goes by this name.
    CommasInRequests(&'static str),
    /// `client_id` has another name.
    ClientIdCalled(&'static str),
    /// The code challenge is hexadecimal.
    HexChallenge,
    /// The answer comes by POST where nothing else is asked for.
    FormPost,
    /// Authorization requests have this parameter.
    Asks(&'static str, &'static str),
    /// Authorization requests have this prompt.
    Prompts(&'static str),
    /// Requests to this host have this parameter in their query.
    OnCalls { host: &'static str, name: &'static str, value: String },
}

/// What one provider does otherwise, in the order in which it is evened out.
pub(super) struct Deviations(pub(super) Vec<Deviation>);

impl Hook for Deviations {
    fn on_token_answer<'a>(
        &'a self,
        _: TokenAnswer,
        answer: &'a mut http::Response<Bytes>,
    ) -> BoxFuture<'a, Result<()>> {
        for deviation in &self.0 {
            deviation.answer(answer);
        }
        done()
    }

    fn before_authorization_request<'a>(&'a self, request: &'a mut AuthorizationRequest) -> BoxFuture<'a, Result<()>> {
        for deviation in &self.0 {
            let asked = std::mem::take(request);
            *request = match deviation {
                Deviation::FormPost => asked.response_mode("form_post"),
                Deviation::Asks(name, value) => asked.param(*name, *value),
                Deviation::Prompts(prompt) => asked.prompt(*prompt),
                _ => asked,
            };
        }
        done()
    }

    fn on_authorization_url<'a>(&'a self, url: &'a mut Url) -> BoxFuture<'a, Result<()>> {
        for deviation in &self.0 {
            deviation.url(url);
        }
        done()
    }

    fn on_authenticated_request<'a>(&'a self, draft: &'a mut Draft) -> BoxFuture<'a, Result<()>> {
        for deviation in &self.0 {
            if let Deviation::ClientIdCalled(name) = deviation {
                let form = std::mem::take(&mut draft.form);
                draft.form = form.iter().map(|(held, value)| (renamed(held, "client_id", name), value)).collect();
            }
        }
        done()
    }

    fn before_protected_request<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<()>> {
        for deviation in &self.0 {
            if let Deviation::OnCalls { host, name, value } = deviation
                && request.uri().host() == Some(host)
                && let Some(with) =
                    Url::parse(&request.uri().to_string()).ok().and_then(|url| completed(url, name, value))
            {
                *request.uri_mut() = with;
            }
        }
        done()
    }
}

fn done<'a>() -> BoxFuture<'a, Result<()>> {
    Box::pin(std::future::ready(Ok(())))
}

fn completed(mut url: Url, name: &str, value: &str) -> Option<http::Uri> {
    // What the program says itself goes before.
    if !url.query_pairs().any(|(held, _)| held == name) {
        url.query_pairs_mut().append_pair(name, value);
    }
    url.as_str().parse().ok()
}

fn renamed<'a>(held: &'a str, from: &str, to: &'a str) -> &'a str {
    if held == from { to } else { held }
}

impl Deviation {
    fn answer(&self, answer: &mut http::Response<Bytes>) {
        if *self == Self::FormAnswers {
            if let Some(members) = of_form(answer.body()) {
                *answer.body_mut() = Bytes::from(Value::Object(members).to_string());
            }
            return;
        }
        // What is no strict JSON object stays as it is, and is refused as it would have been.
        let Ok(mut members) = json::object("token request", answer.body()) else { return };
        if self.members(&mut members) {
            *answer.body_mut() = Bytes::from(Value::Object(members).to_string());
        }
    }

    /// Whether anything has changed.
    fn members(&self, members: &mut Map<String, Value>) -> bool {
        match self {
            Self::NestedIn(member) => {
                let nested = members.get(*member).and_then(Value::as_object);
                let Some(nested) = nested.filter(|nested| nested.contains_key("access_token")).cloned() else {
                    return false;
                };
                // Nothing of the other token stands beside this one.
                for name in ["access_token", "token_type", "scope", "expires_in", "refresh_token"] {
                    members.remove(name);
                }
                members.remove(*member);
                members.extend(nested);
                true
            }
            Self::Renamed { from, to } if !members.contains_key(*to) => {
                members.remove(*from).map(|value| members.insert((*to).to_owned(), value)).is_some()
            }
            Self::BearerCalled(name) if members.get("token_type").and_then(Value::as_str) == Some(name) => {
                members.insert("token_type".to_owned(), "Bearer".into()).is_some()
            }
            Self::CommasInAnswers => {
                let Some(Value::String(scope)) = members.get_mut("scope") else { return false };
                *scope = scope.replace(',', " ");
                true
            }
            Self::ZeroIsForEver => {
                let zero = members.get("expires_in").and_then(json::seconds).is_some_and(|life| life.is_zero());
                zero && members.remove("expires_in").is_some()
            }
            Self::ErrorsAsObjects => {
                let Some(Value::Object(error)) = members.get("error").cloned() else { return false };
                say(members, error.get("type"), error.get("message"))
            }
            Self::ErrorsAsList => {
                let Some(Value::Array(errors)) = members.get("errors").cloned() else { return false };
                let first = errors.first();
                say(
                    members,
                    first.and_then(|error| error.get("errorType")),
                    first.and_then(|error| error.get("message")),
                )
            }
            _ => false,
        }
    }

    fn url(&self, url: &mut Url) {
        let edit: &dyn Fn(String, String) -> (String, String) = match self {
            Self::CommasInRequests(called) => &|name, value| match name.as_str() {
                "scope" => ((*called).to_owned(), value.replace(' ', ",")),
                _ => (name, value),
            },
            Self::ClientIdCalled(called) => &|name, value| (renamed(&name, "client_id", called).to_owned(), value),
            Self::HexChallenge => &|name, value| match base64url::decode(&value) {
                Ok(digest) if name == "code_challenge" => {
                    (name, digest.iter().map(|byte| format!("{byte:02x}")).collect())
                }
                _ => (name, value),
            },
            _ => return,
        };
        let pairs: Vec<_> =
            url.query_pairs().map(|(name, value)| edit(name.into_owned(), value.into_owned())).collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
}

/// Puts an error as RFC 6749 section 5.2 writes it.
fn say(members: &mut Map<String, Value>, code: Option<&Value>, description: Option<&Value>) -> bool {
    let Some(code) = code.and_then(Value::as_str) else { return false };
    members.insert("error".to_owned(), code.into());
    if let Some(description) = description.and_then(Value::as_str) {
        members.insert("error_description".to_owned(), description.into());
    }
    true
}

/// A form as the members it stands for. `None` for what is none, or has a name twice, as JSON may not have either.
fn of_form(body: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.is_empty() || text.starts_with(['{', '[', '<', '"']) || !text.split('&').all(|pair| pair.contains('=')) {
        return None;
    }
    let mut members = Map::new();
    for (name, value) in Params::parse(text).iter() {
        if members.insert(name.to_owned(), value.into()).is_some() {
            return None;
        }
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evened(deviation: Deviation, body: &str) -> String {
        let mut answer = http::Response::new(Bytes::from(body.to_owned()));
        deviation.answer(&mut answer);
        String::from_utf8(answer.into_body().to_vec()).unwrap()
    }

    #[test]
    fn what_is_no_form_and_what_has_a_name_twice_stays_as_it_is() {
        assert_eq!(evened(Deviation::FormAnswers, "a=1&b=x%20y"), r#"{"a":"1","b":"x y"}"#);
        for body in ["", "{\"a\":\"b=c\"}", "<a href=b>", "a=1&a=2", "a=1&b", "[]"] {
            assert_eq!(evened(Deviation::FormAnswers, body), body);
        }
    }

    #[test]
    fn an_answer_with_a_member_twice_is_not_made_one_without() {
        let twice = r#"{"expires_in":0,"access_token":"a","access_token":"b"}"#;
        assert_eq!(evened(Deviation::ZeroIsForEver, twice), twice);
    }

    #[test]
    fn nothing_of_the_outer_token_stands_beside_the_nested_one() {
        let outer =
            r#"{"access_token":"bot","refresh_token":"r","scope":"a","u":{"access_token":"user","token_type":"user"}}"#;
        assert_eq!(evened(Deviation::NestedIn("u"), outer), r#"{"access_token":"user","token_type":"user"}"#);
        let without = r#"{"access_token":"bot","u":{"id":"U1"}}"#;
        assert_eq!(evened(Deviation::NestedIn("u"), without), without);
    }

    #[test]
    fn a_name_is_not_put_over_one_that_is_there() {
        let both = r#"{"expires":1,"expires_in":2}"#;
        assert_eq!(evened(Deviation::Renamed { from: "expires", to: "expires_in" }, both), both);
    }
}
