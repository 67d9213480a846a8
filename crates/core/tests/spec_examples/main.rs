//! Every example of `vectors/oauth2_spec_examples.json`, by its name, against what the client sends and how it judges.
//!
//! A kind is one test, whose cases run one after the other; one that fails does not keep the others from running, and the test
//! names each. [`every_example_runs`] holds the table to the file: no kind that nobody knows, no case left out.

#[path = "../support/mod.rs"]
mod support;

mod authorization_details;
mod authorization_requests;
mod authorization_responses;
mod ciba;
mod device;
mod discovery;
mod dpop;
mod grants;
mod primitives;
mod registration;
mod request_objects;
mod resource_server;
mod token_answers;

use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

static FILE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors/oauth2_spec_examples.json")).unwrap());

/// One example.
pub struct Case {
    name: &'static str,
    input: &'static Value,
    expected: &'static Value,
}

impl Case {
    /// The text at a pointer into the input.
    fn input(&self, pointer: &str) -> &'static str {
        text(self.input, pointer)
    }

    /// The text at a pointer into what is expected.
    fn expected(&self, pointer: &str) -> &'static str {
        text(self.expected, pointer)
    }

    /// The body of the answer that the example shows.
    fn body(&self) -> &'static str {
        self.input("/body")
    }

    fn status(&self) -> u16 {
        self.input.get("status").map_or(200, |status| status.as_u64().unwrap().try_into().unwrap())
    }

    /// The answer that the example shows, with its headers.
    fn answer(&self) -> http::Response<bytes::Bytes> {
        let mut answer = http::Response::builder().status(self.status());
        if let Some(content_type) = self.input["content_type"].as_str() {
            answer = answer.header("content-type", content_type);
        }
        for (name, value) in self.input["headers"].as_object().into_iter().flatten() {
            answer = answer.header(name, value.as_str().unwrap());
        }
        let body = self.input["body"].as_str().unwrap_or_default();
        answer.body(bytes::Bytes::from_static(body.as_bytes())).unwrap()
    }

    /// The parameters at a pointer into what is expected, or into the input, sorted.
    fn params(map: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut params: Vec<_> =
            map.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
        params.sort();
        params
    }
}

fn text(value: &'static Value, pointer: &str) -> &'static str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer}"))
}

/// Form or query, decoded and sorted.
fn decoded_params(text: &str) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut params: Vec<_> = grantee_core::Params::parse(text).iter().map(owned).collect();
    params.sort();
    params
}

fn cases(kind: &str) -> Vec<Case> {
    let of_kind = FILE["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == kind);
    of_kind.map(|case| Case { name: text(case, "/name"), input: &case["input"], expected: &case["expected"] }).collect()
}

/// Runs all examples of a kind, and says which failed.
fn run(kind: &str, count: usize, example: fn(&Case)) {
    let cases = cases(kind);
    assert_eq!(cases.len(), count, "examples of the kind {kind}");
    let failed: Vec<_> =
        cases.iter().filter(|case| catch_unwind(AssertUnwindSafe(|| example(case))).is_err()).map(|c| c.name).collect();
    assert!(failed.is_empty(), "these examples of {kind} fail: {failed:?}");
}

macro_rules! kinds {
    ($($kind:ident: $count:literal => $module:ident,)*) => {
        $(#[test] fn $kind() { run(stringify!($kind), $count, $module::$kind); })*

        const KINDS: &[(&str, usize)] = &[$((stringify!($kind), $count)),*];
    };
}

kinds! {
    as_metadata: 3 => discovery,
    at_jwt_example: 1 => resource_server,
    authorization_details: 22 => authorization_details,
    authorization_request_parse: 1 => authorization_requests,
    authorization_response: 7 => authorization_responses,
    authorization_response_fragment: 1 => authorization_responses,
    authorization_url: 1 => authorization_requests,
    base64url_no_pad: 1 => primitives,
    basic_auth: 2 => primitives,
    ciba_ack: 1 => ciba,
    ciba_error: 10 => ciba,
    ciba_ping: 1 => ciba,
    ciba_push: 1 => ciba,
    device_authorization_response: 2 => device,
    device_poll_error: 4 => device,
    dpop_ath: 1 => dpop,
    dpop_proof: 3 => dpop,
    form_request: 4 => grants,
    form_request_fixed_params: 2 => grants,
    form_urlencode_unicode: 1 => primitives,
    introspection_response: 2 => resource_server,
    jar_by_value_url: 1 => request_objects,
    jar_request_object: 2 => request_objects,
    jarm_response: 2 => authorization_responses,
    jwk_thumbprint: 1 => primitives,
    jwt_bearer_claims: 1 => grants,
    par_authorize_url: 1 => request_objects,
    par_response: 1 => request_objects,
    pkce_s256: 1 => primitives,
    prm_metadata: 2 => discovery,
    registration_error: 1 => registration,
    registration_request: 3 => registration,
    registration_response: 1 => registration,
    resource_error_response: 1 => dpop,
    signed_authentication_request: 1 => ciba,
    step_up_request_params: 2 => authorization_requests,
    token_error_response: 3 => token_answers,
    token_response: 10 => token_answers,
    webfinger_jrd: 4 => discovery,
    well_known_url: 12 => discovery,
}

#[test]
fn every_example_runs() {
    let cases = FILE["cases"].as_array().unwrap();
    for case in cases {
        let (name, kind) = (case["name"].as_str().unwrap(), case["kind"].as_str().unwrap());
        assert!(KINDS.iter().any(|(known, _)| *known == kind), "{name}: nobody knows the kind {kind}");
        assert_eq!(cases.iter().filter(|other| other["name"] == case["name"]).count(), 1, "{name} stands twice");
    }
    assert_eq!(cases.len(), 121);
    assert_eq!(KINDS.iter().map(|(_, count)| count).sum::<usize>(), 121);
}
