//! An answer of one of the two endpoints: [RFC 5849 sections 2.1 and 2.3](https://www.rfc-editor.org/rfc/rfc5849#section-2.1).
//! Servers send forms and JSON under any content type, and say why they refuse in ways of their own.

use crate::Secret;
use crate::error::{Error, Excerpt, Result, RuleViolation, ServerError, StatusError};
use crate::wire::json;
use ::url::form_urlencoded;
use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The members of an answer.
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    /// Reads an answer that grants something.
    pub(super) fn read(stage: &'static str, answer: &http::Response<Bytes>) -> Result<Self> {
        let status = answer.status();
        if status.is_redirection() {
            // A signature is for one URL, so there is nothing to send elsewhere.
            return Err(RuleViolation::new(stage, "the endpoint answers itself", "RFC 9700 section 4.11")
                .got(format_args!("status {}, a redirect", status.as_u16()))
                .hint("give the client the URL that it points to, if the provider's documentation names it")
                .into());
        }
        let text = String::from_utf8_lossy(answer.body());
        let text = text.trim();
        let members = match text.starts_with('{').then(|| json::object(stage, answer.body())) {
            Some(Ok(members)) => Self(members.into_iter().collect()),
            // Whatever came with an error is the server's text at least.
            Some(Err(error)) if status.is_success() => return Err(error),
            Some(Err(_)) => Self(Vec::new()),
            None if text.starts_with('<') => Self(Vec::new()),
            None => {
                let pairs = form_urlencoded::parse(text.as_bytes());
                Self(pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect())
            }
        };
        // Flickr is among those that refuse with status 200.
        let refuses =
            !members.has("oauth_token") && ["oauth_problem", "error", "errors"].iter().any(|n| members.has(n));
        if !status.is_success() || refuses {
            return Err(members.refusal(stage, answer, text));
        }
        Ok(members)
    }

    /// A member that stands once; `None` where it is missing, empty or no text.
    pub(super) fn once(
        &mut self,
        stage: &'static str,
        spec: &'static str,
        name: &'static str,
    ) -> Result<Option<String>> {
        let Some(place) = self.0.iter().position(|(held, _)| held == name) else { return Ok(None) };
        let (_, value) = self.0.remove(place);
        if self.has(name) {
            let broken = RuleViolation::new(stage, "no parameter of the answer stands twice", spec);
            return Err(broken.got(name).into());
        }
        Ok(match value {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            _ => None,
        })
    }

    /// Lets a member of JSON be `true` where a form has the word.
    pub(super) fn word_for_bool(&mut self, name: &str) {
        let values = self.0.iter_mut().filter(|(held, _)| held == name).map(|(_, value)| value);
        values.filter(|value| value.is_boolean()).for_each(|value| *value = value.to_string().into());
    }

    /// The credentials of an answer.
    pub(super) fn credentials(&mut self, stage: &'static str, spec: &'static str) -> Result<(Secret, Secret)> {
        let mut one = |name| match self.once(stage, spec, name)? {
            Some(value) => Ok(Secret::new(value)),
            None => Err(Error::from(
                RuleViolation::new(stage, "the answer has credentials", spec).expected(name).got("none"),
            )),
        };
        Ok((one("oauth_token")?, one("oauth_token_secret")?))
    }

    /// What is left.
    pub(super) fn further(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(held, _)| held == name).map(|(_, value)| value)
    }

    fn refusal(self, stage: &'static str, answer: &http::Response<Bytes>, text: &str) -> Error {
        let (code, said) = self.said(text);
        let status = answer.status();
        // Of a proxy, or of a server that is ill: nobody said no.
        if code.is_none() && (said.is_none() || status.is_server_error() && text.starts_with('<')) {
            return Error::Status(Arc::new(StatusError::new(stage, answer)));
        }
        let mut error = ServerError::new(stage, code.map_or_else(|| "refused".to_owned(), |code| shortened(&code)));
        error.description = said.filter(|said| !said.contains("oauth_token_secret")).map(|said| shortened(&said));
        error.hint = hint(&error.error).map(str::to_owned);
        error.status = status.as_u16();
        error.headers = answer.headers().clone();
        // Words that are read as a form are one long name, and names are shown.
        let is_name = |name: &str| name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_graphic());
        error.members = self.0.into_iter().filter(|(name, _)| is_name(name)).collect::<Map<_, _>>();
        Error::Server(Arc::new(error))
    }

    /// The server's code, if it has one, and its words.
    fn said(&self, text: &str) -> (Option<String>, Option<String>) {
        // OAuth Problem Reporting.
        if let Some(problem) = self.get("oauth_problem").and_then(word) {
            let more = ["oauth_problem_advice", "oauth_parameters_absent", "oauth_parameters_rejected"];
            let more = more.iter().chain(&["oauth_acceptable_timestamps", "oauth_acceptable_versions"]);
            return (Some(problem), more.into_iter().find_map(|name| self.get(name)).and_then(word));
        }
        if text.starts_with('<') {
            return markup(text);
        }
        // `{"error": "code"}`, `{"error": {…}}`, `{"errors": [{…}]}`, `{"errors": {…}}`, `{"errors": "words"}`.
        let error = self.get("error").or_else(|| self.get("errors"));
        let error = error.and_then(|error| error.as_array().map_or(Some(error), |list| list.first()));
        let (mut code, mut said) = match error {
            Some(Value::Object(error)) => {
                let first = |names: &[&str]| names.iter().find_map(|name| error.get(*name)).and_then(word);
                (first(&["code", "type"]), first(&["message", "detail", "title"]))
            }
            other => (other.and_then(word), None),
        };
        // Words in the place of a code.
        if code.as_ref().is_some_and(|code| code.contains(' ')) {
            said = said.or(code.take());
        }
        let described = ["error_description", "message"].iter().find_map(|name| self.get(name)).and_then(word);
        let shows = self.has("oauth_token") || self.has("oauth_token_secret");
        let plain = Some(text).filter(|text| code.is_none() && !text.is_empty() && !shows).map(str::to_owned);
        (code, said.or(described).or(plain))
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text of XML and of HTML, of the latter its title; and the code of `<error code="…">`, which X sends.
fn markup(text: &str) -> (Option<String>, Option<String>) {
    let between = |from: &str, to: &str| Some(text.split_once(from)?.1.split_once(to)?.0);
    let code = between("<error code=\"", "\"").filter(|code| code.len() <= 20).map(str::to_owned);
    let text = between("<title>", "</title>").unwrap_or(text);
    let mut said = String::new();
    let mut inside = false;
    for character in text.chars().take(10_000) {
        match character {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                said.push(' ');
            }
            other if !inside => said.push(other),
            _ => {}
        }
    }
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (code, Some(said).filter(|said| !said.is_empty()))
}

/// As much of it as is shown anywhere, without control characters.
pub(super) fn shortened(said: &str) -> String {
    Excerpt(said).to_string()
}

/// What to do about it, by the words of OAuth Problem Reporting, of NetSuite and of X.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "timestamp_refused" | "InvalidTimestamp" | "135" => {
            "look at this machine's clock: the server takes timestamps that are near its own time (RFC 5849 section 3.3)"
        }
        "nonce_used" | "NonceUsed" => {
            "the server has seen this very request before: no proxy and no retry may send one twice (RFC 5849 section 3.3)"
        }
        "signature_invalid" | "InvalidSignature" | "32" => "look at the consumer secret and at the signature method",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> Error {
        let answer = http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap();
        Members::read("token credentials request", &answer).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        for (body, code, description) in [
            ("oauth_problem=token_rejected&oauth_problem_advice=gone", "token_rejected", Some("gone")),
            ("oauth_problem=parameter_absent&oauth_parameters_absent=a%26b", "parameter_absent", Some("a&b")),
            ("oauth_problem=signature_invalid&debug_sbs=POST%26x", "signature_invalid", None),
            ("Failed to validate oauth signature", "refused", Some("Failed to validate oauth signature")),
            (r#"{"error":"invalid_grant","error_description":"no"}"#, "invalid_grant", Some("no")),
            (r#"{"error":{"code":"INVALID_LOGIN_ATTEMPT","message":"no"}}"#, "INVALID_LOGIN_ATTEMPT", Some("no")),
            (
                r#"{"errors":[{"code":32,"message":"Could not authenticate you."}]}"#,
                "32",
                Some("Could not authenticate you."),
            ),
            (r#"{"errors":{"code":32,"message":"no"}}"#, "32", Some("no")),
            (r#"{"errors":[{"title":"Unauthorized","code":1016,"detail":"no"}]}"#, "1016", Some("no")),
            (r#"{"errors":"not this way"}"#, "refused", Some("not this way")),
            (r#"{"message":"You must authenticate."}"#, "refused", Some("You must authenticate.")),
            (r#"{"broken"#, "refused", Some(r#"{"broken"#)),
            (
                r#"<?xml version='1.0'?><errors><error code="415">Not <b>this</b> URL</error></errors>"#,
                "415",
                Some("Not this URL"),
            ),
            ("<html><head><title>Whoa there!</title></head><body>x</body></html>", "refused", Some("Whoa there!")),
        ] {
            let error = refused(401, body);
            let Error::Server(server) = &error else { panic!("{body}: {error}") };
            assert_eq!((server.error.as_str(), server.description.as_deref()), (code, description), "{body}");
            assert_eq!(error.status(), Some(401));
        }
    }

    #[test]
    fn a_server_that_is_ill_refuses_nothing() {
        for (status, body) in [(401, ""), (502, "<html><title>Bad gateway</title></html>"), (503, "")] {
            assert!(matches!(refused(status, body), Error::Status(_)), "{status}");
        }
        assert!(matches!(refused(500, "Invalid Signature"), Error::Server(_)));
    }

    #[test]
    fn a_refusal_under_status_200_is_one() {
        assert_eq!(refused(200, "oauth_problem=nonce_used").server_error(), Some("nonce_used"));
        assert_eq!(refused(200, r#"{"error":"x"}"#).server_error(), Some("x"));
    }

    #[test]
    fn the_clock_and_the_nonce_are_looked_at_first() {
        for body in
            ["oauth_problem=timestamp_refused", r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#]
        {
            assert!(refused(401, body).hint().unwrap().contains("clock"), "{body}");
        }
        assert!(refused(401, "oauth_problem=nonce_used").hint().unwrap().contains("twice"));
        assert_eq!(refused(401, "oauth_problem=token_expired").hint(), None);
    }

    #[test]
    fn what_a_stranger_says_is_short_and_shows_no_credentials() {
        let Error::Server(error) = refused(401, &"x\u{1b}".repeat(1000)) else { panic!() };
        let said = error.description.as_deref().unwrap();
        assert!(said.chars().count() <= 201 && !said.contains('\u{1b}'), "{said}");
        for body in
            ["oauth_token=s3cret&x=y", r#"{"oauth_token_secret":"s3cret"}"#, "oauth_token=t&oauth_token_secret=s3cret"]
        {
            let error = refused(403, body);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{body}: {error:?}");
        }
    }
}
