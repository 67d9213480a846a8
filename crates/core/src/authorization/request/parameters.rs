//! What a request asks, listed once for all who write it: the URL, the form that is pushed and the request object
//! ([RFC 9101 section 5](https://www.rfc-editor.org/rfc/rfc9101#section-5)). So none of them can say another thing.

use super::query::Query;
use super::{AuthorizationRequest, CodeChallengeMethod};
use crate::authorization::pending::Pending;
use crate::wire::form::Params;
use crate::{Scope, Secret};
use ::url::Url;
use serde_json::{Map, Value as Json};

/// A value, as far as the writers must tell one from another.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    /// Words with spaces between them; left out where there are none.
    Words(&'a Scope),
    Number(u64),
    Json(&'a Json),
    /// What may repeat: a parameter each, an array in JSON.
    List(&'a [String]),
    /// A parameter of the caller's own, whose name may need encoding and may come again.
    Own(&'a str),
}

/// What a client adds to a request of its own accord.
#[derive(Default)]
pub(crate) struct Additions {
    /// What its token type asks for.
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Whether its answers are encrypted.
    pub(crate) encrypted_answers: bool,
}

/// A request that was checked, with everything made that has to be made.
pub(crate) struct Prepared {
    pub(super) endpoint: Url,
    pub(super) request: AuthorizationRequest,
    pub(super) method: Option<CodeChallengeMethod>,
    pub(super) added: Vec<(&'static str, String)>,
    pub(crate) pending: Pending,
}

impl Prepared {
    /// Whether the code is protected by PKCE with S256; an answer without a code needs none.
    pub(crate) fn has_s256(&self) -> bool {
        self.pending.code_verifier.is_none() && !self.pending.response_type_name().split(' ').any(|word| word == "code")
            || matches!(self.method, Some(CodeChallengeMethod::S256))
    }

    pub(crate) fn wants_push(&self) -> bool {
        self.request.pushed
    }

    pub(crate) fn wants_request_object(&self) -> Option<bool> {
        self.request.request_object
    }

    /// The whole request as a URL.
    pub(crate) fn url(&self) -> String {
        let mut query = Query::after(&self.endpoint);
        self.each(|name, value| match value {
            Value::Text(text) => query.pair(name, text),
            Value::Words(words) => query.words(name, words),
            Value::Number(number) => query.pair(name, &number.to_string()),
            Value::Json(json) => query.pair(name, &json.to_string()),
            Value::List(list) => list.iter().for_each(|text| query.pair(name, text)),
            Value::Own(text) => query.foreign_pair(name, text),
        });
        query.into_text()
    }

    /// A URL with these parameters in the place of the request's own, and of those the ones named.
    pub(crate) fn url_with(&self, outside: &[&str], parameters: &[(&'static str, &str)]) -> String {
        let mut query = Query::after(&self.endpoint);
        self.each(|name, value| match value {
            _ if !outside.contains(&name) => {}
            Value::Text(text) => query.pair(name, text),
            Value::Words(words) => query.words(name, words),
            _ => {}
        });
        parameters.iter().for_each(|(name, value)| query.pair(name, value));
        query.into_text()
    }

    /// The whole request as a form.
    pub(crate) fn form(&self) -> Params {
        let mut form = Params::new();
        self.each(|name, value| match value {
            Value::Text(text) | Value::Own(text) => form.push(name, text),
            Value::Words(words) if words.is_empty() => {}
            Value::Words(words) => form.push(name, words.to_string()),
            Value::Number(number) => form.push(name, number.to_string()),
            Value::Json(json) => form.push(name, json.to_string()),
            Value::List(list) => list.iter().for_each(|text| form.push(name, text.as_str())),
        });
        form
    }

    /// The whole request as JSON: numbers and JSON as they are, what repeats as an array.
    pub(crate) fn claims(&self) -> Map<String, Json> {
        let mut claims = Map::new();
        self.each(|name, value| match value {
            Value::Text(text) => drop(claims.insert(name.to_owned(), text.into())),
            Value::Words(words) if words.is_empty() => {}
            Value::Words(words) => drop(claims.insert(name.to_owned(), words.to_string().into())),
            Value::Number(number) => drop(claims.insert(name.to_owned(), number.into())),
            Value::Json(json) => drop(claims.insert(name.to_owned(), json.clone())),
            Value::List([]) => {}
            Value::List([one]) => drop(claims.insert(name.to_owned(), one.as_str().into())),
            Value::List(list) => drop(claims.insert(name.to_owned(), list.into())),
            Value::Own(text) => match claims.get_mut(name) {
                None => drop(claims.insert(name.to_owned(), text.into())),
                Some(Json::Array(list)) => list.push(text.into()),
                Some(held) => *held = Json::Array(vec![held.take(), text.into()]),
            },
        });
        claims
    }

    /// The names of the caller's own parameters.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &str> {
        self.pending.params.iter().map(|(name, _)| name.as_str())
    }

    /// Every parameter in its order. A closure and no list, since the URL of most logins is all that is ever written.
    fn each(&self, mut put: impl FnMut(&str, Value<'_>)) {
        let (request, pending) = (&self.request, &self.pending);
        put("response_type", Value::Text(&pending.response_type));
        put("client_id", Value::Text(&pending.client_id));
        put("redirect_uri", Value::Text(&pending.redirect_uri));
        put("scope", Value::Words(&pending.scope));
        put("state", Value::Text(pending.state.reveal()));
        if let Some(nonce) = &pending.nonce {
            put("nonce", Value::Text(nonce.reveal()));
        }
        match (&pending.code_verifier, self.method) {
            (Some(verifier), Some(CodeChallengeMethod::S256)) => {
                put("code_challenge", Value::Text(&verifier.challenge_s256()));
                put("code_challenge_method", Value::Text("S256"));
            }
            (Some(verifier), Some(CodeChallengeMethod::Plain)) => {
                put("code_challenge", Value::Text(verifier.reveal()));
                put("code_challenge_method", Value::Text("plain"));
            }
            _ => {}
        }
        for (name, value) in [
            ("response_mode", pending.response_mode.as_deref()),
            ("display", request.display.as_deref()),
            ("login_hint", request.login_hint.as_ref().map(Secret::reveal)),
            ("id_token_hint", request.id_token_hint.as_ref().map(Secret::reveal)),
        ] {
            if let Some(value) = value {
                put(name, Value::Text(value));
            }
        }
        put("prompt", Value::Words(&request.prompt));
        put("acr_values", Value::Words(&pending.acr_values));
        put("ui_locales", Value::Words(&request.ui_locales));
        if let Some(seconds) = pending.max_age {
            put("max_age", Value::Number(seconds));
        }
        for (name, value) in [("claims", &request.claims), ("authorization_details", &pending.authorization_details)] {
            if let Some(value) = value {
                put(name, Value::Json(value));
            }
        }
        put("resource", Value::List(&pending.resource));
        put("audience", Value::List(&pending.audience));
        for (name, value) in &self.added {
            put(name, Value::Text(value));
        }
        for (name, value) in &pending.params {
            put(name, Value::Own(value.reveal()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::testing::context;
    use serde_json::json;

    fn prepared() -> Prepared {
        let request = AuthorizationRequest::new().scope("openid a").state("s").nonce("n").danger().without_pkce();
        let request = request.max_age(60).claims(json!({"id_token": {"acr": null}})).prompt("login consent");
        let request = request.authorization_details(json!([{"type": "t", "n": 1}])).audience("c");
        let request = request.resource("https://a.example/").resource("urn:b").param("k", "1").param("k", "2");
        let request = request.param("k", "3").param("l", "x y");
        let added = Additions { parameters: vec![("dpop_jkt", "JKT".to_owned())], ..Additions::default() };
        request.prepare(&context(), added).unwrap()
    }

    #[test]
    fn url_form_and_claims_are_made_from_the_same_values() {
        let prepared = prepared();
        let url = prepared.url();
        assert_eq!(url.split_once('?').unwrap().1, prepared.form().encode());
        let expected = json!({
            "response_type": "code", "client_id": "client", "redirect_uri": "https://client.example/cb",
            "scope": "openid a", "state": "s", "nonce": "n", "prompt": "login consent", "max_age": 60,
            "claims": {"id_token": {"acr": null}}, "authorization_details": [{"type": "t", "n": 1}],
            "resource": ["https://a.example/", "urn:b"], "audience": "c", "dpop_jkt": "JKT",
            "k": ["1", "2", "3"], "l": "x y",
        });
        assert_eq!(Json::from(prepared.claims()), expected);
    }

    #[test]
    fn what_is_sent_outside_has_the_same_values() {
        let url = prepared().url_with(&["response_type", "client_id", "scope"], &[("request", "a.b.c")]);
        let expected = "https://as.example/authorize?response_type=code&client_id=client&scope=openid+a&request=a.b.c";
        assert_eq!(url, expected);
    }

    #[test]
    fn the_thumbprint_of_the_key_is_kept_for_the_token_request() {
        assert_eq!(prepared().pending.key_thumbprint.as_deref(), Some("JKT"));
    }
}
