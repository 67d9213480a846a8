//! `grantee call`: a request to an API with the token on it, renewed and retried as a session does.

use super::step_up;
use crate::args::{self, Call};
use crate::client::{Setup, build};
use crate::failure::{Failure, Result};
use crate::input::{self, Stdin};
use crate::output;
use crate::progress::spin;
use crate::settings::HeldGrant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use grantee::Error;
use grantee::blocking::{Client, SessionBuilder};
use grantee::error::Insufficient;
use grantee::ports::Limits;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The most that is read of an answer.
const MOST: usize = 64 * 1024 * 1024;

pub(super) fn run(args: Call, json: bool) -> Result<()> {
    let mut setup = Setup::new(args.common.profile.as_deref(), args.common.settings)?;
    let request = request(&mut setup.stdin, &args.request)?;
    let client = setup.client()?;
    let (session, by_client_credentials) = session(&mut setup, &client)?;
    let session = build(session.allow_origin(&args.request.url)?)?;
    let outcome = spin("calling the API", || session.send(request));
    if by_client_credentials && matches!(outcome, Ok(_) | Err(Error::Insufficient(_))) {
        setup.note_client_credentials()?;
    }
    let answer = Answer::of(outcome, |more| Some(step_up::hint(more, &setup)));
    answer.map_err(|error| explained(error, &setup))?.show(json)
}

/// What an API answered.
pub(super) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    failure: Option<Failure>,
}

impl Answer {
    /// An answer of whatever status; `hint` says what to do where the API asks for more.
    pub(super) fn of(
        outcome: grantee::Result<Response<Bytes>>,
        hint: impl FnOnce(&Insufficient) -> Option<String>,
    ) -> Result<Self, Error> {
        match outcome {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let (parts, body) = answer.into_parts();
                let failure = (status >= 400).then(|| Failure::status(status));
                Ok(Self { status, headers: parts.headers, body, failure })
            }
            // The API's answer, and what it asks for.
            Err(Error::Insufficient(more)) => {
                let failure = Failure::from(Error::Insufficient(more.clone()));
                let failure = match hint(&more) {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                };
                let (headers, body) = (more.headers.clone(), more.body.clone());
                Ok(Self { status: more.status, headers, body, failure: Some(failure) })
            }
            Err(error) => Err(error),
        }
    }

    /// What to do about this status.
    pub(super) fn hint_at(self, status: u16, hint: &str) -> Self {
        let failure = self.failure.map(|failure| if self.status == status { failure.hint(hint) } else { failure });
        Self { failure, ..self }
    }

    /// Prints it; an error status is a failure.
    pub(super) fn show(self, json: bool) -> Result<()> {
        if json {
            output::json(&as_json(self.status, &self.headers, &self.body))?
        } else {
            output::bytes(&self.body)?
        }
        self.failure.map_or(Ok(()), Err)
    }
}

fn explained(error: Error, setup: &Setup) -> Failure {
    match &setup.profile {
        Some(profile) => super::token::log_in(error.into(), profile),
        None => error.into(),
    }
}

/// The profile's held token. Where the profile has none yet, or there is no profile, and the client can show who it is, the
/// client gets one for itself.
fn session(setup: &mut Setup, client: &Client) -> Result<(SessionBuilder, bool)> {
    let by_client_credentials = !setup.knows_its_grant() && setup.can_authenticate()?;
    if by_client_credentials {
        setup.settings.grant = Some(HeldGrant::ClientCredentials);
    } else if setup.profile.is_none() {
        return Err(Failure::login("nobody has logged in, and the client has no secret or key to get a token with")
            .hint("give --profile NAME of a login, or --client-secret-file FILE, or --key FILE"));
    }
    Ok((setup.held_session(client)?, by_client_credentials))
}

pub(super) fn request(stdin: &mut Stdin, args: &args::Request) -> Result<Request<Bytes>> {
    let args::Request { method, url, headers, data } = args;
    let body = data.as_deref().map(|data| body(stdin, data)).transpose()?;
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = self::method(method)?;
    let url = url::Url::parse(url).map_err(|_| Failure::usage("the URL is none, as in https://api.example/orders"))?;
    *request.uri_mut() = url.as_str().parse().map_err(|_| Failure::usage("the URL is none that HTTP can use"))?;
    *request.headers_mut() = self::headers(headers)?;
    if let Some(body) = body {
        if !request.headers().contains_key(CONTENT_TYPE) {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&body)));
        }
        *request.body_mut() = body.into();
    }
    request.extensions_mut().insert(Limits { body: MOST, total: None });
    Ok(request)
}

pub(super) fn method(name: &str) -> Result<Method> {
    Method::from_bytes(name.to_ascii_uppercase().as_bytes())
        .map_err(|_| Failure::usage(format!("{} is no method", name.escape_debug())))
}

/// A body as it is given, or of a file, or of stdin.
pub(super) fn body(stdin: &mut Stdin, data: &str) -> Result<Vec<u8>> {
    match data.strip_prefix('@') {
        None => Ok(data.as_bytes().to_vec()),
        Some("-") => {
            stdin.take("the body")?;
            input::read_stdin("the body")
        }
        Some(path) => input::read_file(Path::new(path)),
    }
}

fn headers(lines: &[String]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        // The value may be a secret of the API's, so no message quotes it.
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Failure::usage("a header field has no colon").hint("give -H 'Name: value'"))?;
        let name: HeaderName = name.trim().parse().map_err(|_| Failure::usage("a header field's name can't be one"))?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes())
            .map_err(|_| Failure::usage(format!("the value of {name} can't stand in a header")))?;
        if name == AUTHORIZATION {
            return Err(Failure::usage("the token goes into Authorization, so nothing else can"));
        }
        // A wrong one would have the server wait for what never comes.
        if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            return Err(Failure::usage(format!("{name} follows from the body")));
        }
        headers.append(name, value);
    }
    Ok(headers)
}

/// What a body looks like.
pub(super) fn content_type(body: &[u8]) -> &'static str {
    let Ok(text) = std::str::from_utf8(body) else { return "application/octet-stream" };
    if text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return "application/json";
    }
    let is_form = text.contains('=') && !text.contains(|character: char| character.is_whitespace() || character == '<');
    if is_form { "application/x-www-form-urlencoded" } else { "text/plain; charset=utf-8" }
}

fn as_json(status: u16, fields: &HeaderMap, body: &[u8]) -> Value {
    let mut headers = Map::new();
    for name in fields.keys() {
        // A list is what repeated fields mean, but for Set-Cookie, which nobody reads from here.
        let values = fields.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    let mut shown = json!({ "status": status, "headers": headers });
    match std::str::from_utf8(body) {
        Ok(text) => shown["body"] = text.into(),
        Err(_) => shown["body_base64"] = STANDARD.encode(body).into(),
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_utf8_is_base64() {
        let headers = headers(&["x: 1".to_owned(), "x: 2".to_owned()]).unwrap();
        assert_eq!(
            as_json(201, &headers, b"\xff"),
            json!({"status": 201, "headers": {"x": "1, 2"}, "body_base64": "/w=="})
        );
    }

    #[test]
    fn what_http_says_of_the_body_is_not_said_by_hand() {
        for line in ["Content-Length: 99", "transfer-encoding: chunked", "Authorization: x"] {
            assert!(headers(&[line.to_owned()]).is_err(), "{line}");
        }
    }

    #[test]
    fn the_content_type_is_what_the_body_looks_like() {
        for (body, expected) in [
            (r#" {"a": 1}"#, "application/json"),
            ("a=1&b=2", "application/x-www-form-urlencoded"),
            ("{not json", "text/plain; charset=utf-8"),
            ("hello a=b", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(content_type(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(content_type(b"\xff"), "application/octet-stream");
    }
}
