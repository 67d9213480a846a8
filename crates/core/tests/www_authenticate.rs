//! Every case of `vectors/www_authenticate.json` against RFC 9110 section 11.6.1.

use grantee_core::wire::www_authenticate::{Challenge, parse};
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    headers_hex: Vec<String>,
    outcome: String,
    #[serde(default)]
    expected: Vec<Expected>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Expected {
    scheme: String,
    params: BTreeMap<String, String>,
    token68: Option<String>,
}

#[test]
fn every_vector_has_its_outcome() {
    let vectors: Vectors = serde_json::from_str(include_str!("vectors/www_authenticate.json")).unwrap();
    assert_eq!(vectors.cases.len(), 46);
    for case in vectors.cases {
        let Some(challenges) = read(&case) else {
            // A line break inside a field can't even be put into a header map.
            assert_eq!(case.id, "greenbytes-simplebasiclf");
            continue;
        };
        let got: Vec<Expected> = challenges.iter().map(Expected::from).collect();
        match case.outcome.as_str() {
            "parse" => assert_eq!(got, case.expected, "{}", case.id),
            "reject" => assert_eq!(got, [], "{}", case.id),
            "reject_or_keep_prefix" => assert!(case.expected.starts_with(&got), "{}: {got:?}", case.id),
            // No value may be made of two, and no challenge of another's parameters.
            "disputed" => {
                assert_eq!(case.id, "greenbytes-simplebasic2realms");
                assert!(got.iter().all(|challenge| challenge.params["realm"] == "foo"), "{got:?}");
            }
            "no_panic" => assert!(got.iter().all(|challenge| challenge.params.len() == 1), "{}", case.id),
            other => panic!("{}: outcome {other} is unknown", case.id),
        }
    }
}

impl From<&Challenge> for Expected {
    fn from(challenge: &Challenge) -> Self {
        Self {
            scheme: challenge.scheme().to_owned(),
            params: challenge.params().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            token68: challenge.token68().map(str::to_owned),
        }
    }
}

fn read(case: &Case) -> Option<Vec<Challenge>> {
    let mut headers = HeaderMap::new();
    let hex = case.headers_hex.iter().map(|text| bytes(text));
    for field in case.headers.iter().map(|text| text.clone().into_bytes()).chain(hex) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(&field).ok()?);
    }
    Some(parse(&headers))
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal"))
        .collect()
}
