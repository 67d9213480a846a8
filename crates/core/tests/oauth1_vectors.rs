//! Every case of `vectors/oauth1.json`, by its name, through the public functions of OAuth 1.0 (RFC 5849).
//!
//! A kind is one test, whose cases run one after the other; one that fails does not keep the others from running, and the test
//! names each. [`every_case_runs`] holds the table to the file: no kind that nobody knows, no case left out.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use grantee_core::oauth1::{
    Client, Config, HmacSha1, HmacSha256, HmacSha512, Parameters, Plaintext, Secrets, SignatureMethod, Signing,
    base_string_uri, parse_authorization_header, percent_decode, percent_encode, request::Signer,
    temporary_credentials, token_credentials,
};
use grantee_core::{Secret, UnixTime};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use support::{FakeServer, Inline, ManualClock, block_on, ports};

static FILE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("vectors/oauth1.json")).unwrap());

macro_rules! kinds {
    ($($kind:ident: $count:literal,)*) => {
        mod kind {
            $(#[test] fn $kind() { super::run(stringify!($kind), $count, super::$kind); })*
        }

        const KINDS: &[(&str, usize)] = &[$((stringify!($kind), $count)),*];
    };
}

kinds! {
    base_string: 5,
    base_string_uri_of: 31,
    callback: 1,
    collect_params: 1,
    example_request: 1,
    hmac_sha1: 3,
    hmac_sha1_request: 6,
    normalize: 1,
    normalize_form: 5,
    parse_header: 1,
    percent_encoding: 10,
    plaintext: 2,
    rsa_sha1: 1,
    sign_base_string: 6,
    temporary_credentials_response: 1,
    token_response: 1,
}

/// Kinds whose functions here would have the name of what they are about.
const RENAMED: &[(&str, &str)] = &[
    ("base_string_uri", "base_string_uri_of"),
    ("parse_authorization_header", "parse_header"),
    ("percent_encode", "percent_encoding"),
];

fn kind_of(case: &Value) -> &str {
    let kind = case["kind"].as_str().unwrap();
    RENAMED.iter().find(|(theirs, _)| *theirs == kind).map_or(kind, |(_, ours)| ours)
}

fn cases() -> &'static [Value] {
    FILE["cases"].as_array().unwrap()
}

#[test]
fn every_case_runs() {
    for case in cases() {
        let kind = kind_of(case);
        assert!(KINDS.iter().any(|(known, _)| *known == kind), "{}: nobody knows the kind {kind}", case["name"]);
        assert_eq!(
            cases().iter().filter(|other| other["name"] == case["name"]).count(),
            1,
            "{} stands twice",
            case["name"]
        );
    }
    assert_eq!(cases().len(), 76);
    assert_eq!(KINDS.iter().map(|(_, count)| count).sum::<usize>(), 76);
}

fn run(kind: &str, count: usize, check: fn(&Case)) {
    let cases: Vec<_> = cases().iter().filter(|case| kind_of(case) == kind).map(Case).collect();
    assert_eq!(cases.len(), count, "cases of the kind {kind}");
    let failed: Vec<_> = cases
        .iter()
        .filter(|case| catch_unwind(AssertUnwindSafe(|| check(case))).is_err())
        .map(|case| case.text("/name"))
        .collect();
    assert!(failed.is_empty(), "these cases of {kind} fail: {failed:?}");
}

struct Case(&'static Value);

impl Case {
    fn find(&self, pointer: &str) -> Option<&'static str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }

    fn text(&self, pointer: &str) -> &'static str {
        self.find(pointer).unwrap_or_else(|| panic!("no text at {pointer}"))
    }

    fn input(&self, name: &str) -> &'static str {
        self.text(&format!("/input/{name}"))
    }

    fn expected(&self, name: &str) -> &'static str {
        self.text(&format!("/expected/{name}"))
    }

    fn pairs(&self, pointer: &str) -> Vec<(&'static str, &'static str)> {
        let pairs = self.0.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        pairs.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
    }

    /// The parameters of the protocol that the case gives, as pairs or as a header.
    fn protocol(&self) -> Vec<(String, String)> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        match self.find("/input/authorization") {
            Some(header) => parse_authorization_header(header).unwrap(),
            None => self.pairs("/input/oauth_params").into_iter().map(owned).collect(),
        }
    }

    /// All parameters of the request, from their three sources.
    fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::new();
        if let Some((_, query)) = self.input("url").split_once('?') {
            parameters.push_form(query.as_bytes());
        }
        parameters.push_form(self.find("/input/body").unwrap_or_default().as_bytes());
        for (name, value) in self.protocol().iter().filter(|(name, _)| name != "realm") {
            parameters.push(name, value);
        }
        self.pairs("/input/params").iter().for_each(|(name, value)| parameters.push(name, value));
        parameters
    }

    fn signature(&self, method: &dyn SignatureMethod, base_string: &str) -> String {
        let (client, token) = (self.find("/input/client_secret"), self.find("/input/token_secret"));
        let (client, token) = (Secret::from(client.unwrap_or_default()), token.map(Secret::from));
        block_on(method.sign(base_string, Secrets { client: &client, token: token.as_ref() })).unwrap()
    }

    fn answer(&self) -> http::Response<Bytes> {
        let body = Bytes::from_static(self.input("body").as_bytes());
        http::Response::builder().status(200).body(body).unwrap()
    }

    /// The request signed as a program would have it signed, with the time, nonce and further parameters that the case gives.
    fn signed(&self, method: impl SignatureMethod + 'static, url: &str) -> (String, Vec<(String, String)>) {
        let protocol = self.protocol();
        let get = |name: &str| protocol.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str());
        let mut signing = Signing::new().method(method);
        if get("oauth_version").is_none() {
            signing = signing.without_version();
        }
        if let Some(realm) = get("realm").or(self.find("/input/realm")) {
            signing = signing.realm(realm);
        }
        let mut request = http::Request::builder().method(self.find("/input/method").unwrap_or("POST")).uri(url);
        if let Some(kind) = self.find("/input/content_type") {
            request = request.header("content-type", kind);
        }
        let body = Bytes::from_static(self.find("/input/body").unwrap_or_default().as_bytes());
        let mut request = request.body(body).unwrap();
        let client_secret = Secret::from(self.find("/input/client_secret").unwrap_or("ja893SD9"));
        let token_secret = self.find("/input/token_secret").map(Secret::from);
        let further: Vec<_> = ["oauth_callback", "oauth_verifier"]
            .into_iter()
            .filter_map(|name| get(name).map(|value| (name, value)))
            .collect();
        let now = get("oauth_timestamp").map_or(1, |seconds| seconds.parse().unwrap());
        let nonce = get("oauth_nonce").unwrap_or("n");
        let consumer_key = get("oauth_consumer_key").unwrap();
        let mut signer = Signer::new(consumer_key, &client_secret, UnixTime::from_seconds(now), nonce);
        signer.token = get("oauth_token");
        signer.token_secret = token_secret.as_ref();
        signer.further = &further;
        let base_string = block_on(signing.sign(&mut request, signer)).unwrap().base_string;
        let header = request.headers()["authorization"].to_str().unwrap();
        (base_string, parse_authorization_header(header).unwrap())
    }
}

fn value<'a>(parameters: &'a [(String, String)], name: &str) -> &'a str {
    parameters.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str()).unwrap()
}

fn percent_encoding(case: &Case) {
    let (raw, encoded) = (case.input("raw"), case.expected("encoded"));
    assert_eq!(percent_encode(raw), encoded);
    assert_eq!(percent_decode(encoded), raw);
}

fn normalize_form(case: &Case) {
    let mut parameters = Parameters::new();
    parameters.push_form(case.input("form").as_bytes());
    assert_eq!(parameters.normalized(), case.expected("normalized"));
}

fn normalize(case: &Case) {
    let mut parameters = Parameters::new();
    case.pairs("/input/params").iter().for_each(|(name, value)| parameters.push(name, value));
    assert_eq!(parameters.normalized(), case.expected("normalized"));
}

fn collect_params(case: &Case) {
    let mut expected = Parameters::new();
    case.pairs("/expected/params_unordered").iter().for_each(|(name, value)| expected.push(name, value));
    assert_eq!(case.parameters().normalized(), expected.normalized());
}

fn base_string(case: &Case) {
    let base_string = case.parameters().base_string(case.input("method"), case.input("url")).unwrap();
    assert_eq!(base_string, case.expected("base_string"));
}

fn base_string_uri_of(case: &Case) {
    let outcome = base_string_uri(case.input("url"));
    match case.find("/expected/uri") {
        Some(uri) => assert_eq!(outcome.unwrap(), uri),
        None => {
            assert_eq!(case.0["expected"]["error"], true);
            assert!(outcome.is_err(), "{outcome:?}");
        }
    }
}

fn hmac_sha1(case: &Case) {
    assert_eq!(case.signature(&HmacSha1, case.input("base_string")), case.expected("signature"));
}

fn hmac_sha1_request(case: &Case) {
    let (base_string, header) = case.signed(HmacSha1, case.input("url"));
    if let Some(expected) = case.find("/expected/base_string") {
        assert_eq!(base_string, expected);
    }
    assert_eq!(value(&header, "oauth_signature"), case.expected("signature"));
    let built = case.parameters().base_string(case.input("method"), case.input("url")).unwrap();
    assert_eq!(built, base_string);
    let printed = case.find("/expected/signature_printed_in_rfc");
    let is_printed = printed.is_none_or(|printed| printed == case.expected("signature"));
    assert_eq!(is_printed, case.0["expected"]["matches_rfc"] != false, "the erratum is the only one");
}

fn sign_base_string(case: &Case) {
    let method: Box<dyn SignatureMethod> = match case.input("algorithm") {
        "HMAC-SHA1" => Box::new(HmacSha1),
        "HMAC-SHA256" => Box::new(HmacSha256),
        "HMAC-SHA512" => Box::new(HmacSha512),
        rsa => match rsa_method(rsa, case.input("private_key_pem")) {
            Some(method) => method,
            None => return,
        },
    };
    assert_eq!(method.name(), case.input("algorithm"));
    assert_eq!(case.signature(&*method, case.input("base_string")), case.expected("signature"));
}

#[cfg(feature = "rsa-sha1")]
fn rsa_method(name: &str, pem: &str) -> Option<Box<dyn SignatureMethod>> {
    use grantee_core::oauth1::{RsaSha1, RsaSha256, RsaSha512};
    Some(match name {
        "RSA-SHA1" => Box::new(RsaSha1::from_pem(pem).unwrap()),
        "RSA-SHA256" => Box::new(RsaSha256::from_pem(pem).unwrap()),
        "RSA-SHA512" => Box::new(RsaSha512::from_pem(pem).unwrap()),
        other => panic!("nobody knows the algorithm {other}"),
    })
}

/// Keys of 1024 bits are behind the feature.
#[cfg(not(feature = "rsa-sha1"))]
fn rsa_method(_: &str, pem: &str) -> Option<Box<dyn SignatureMethod>> {
    assert!(grantee_core::oauth1::RsaSha256::from_pem(pem).is_err());
    None
}

fn rsa_sha1(case: &Case) {
    let base_string = case.parameters().base_string(case.input("method"), case.input("url")).unwrap();
    assert_eq!(base_string, case.expected("base_string"));
    if let Some(method) = rsa_method("RSA-SHA1", case.input("private_key_pem")) {
        assert_eq!(case.signature(&*method, &base_string), case.expected("signature"));
    }
}

fn plaintext(case: &Case) {
    let signature = case.signature(&Plaintext, "not signed");
    assert_eq!(signature, case.expected("signature"));
    if let Some(encoded) = case.find("/expected/header_encoded") {
        assert_eq!(percent_encode(&signature), encoded);
    }
}

fn parse_header(case: &Case) {
    let mut found = parse_authorization_header(case.input("header")).unwrap();
    found.sort();
    let expected = case.0["expected"].as_object().unwrap();
    let mut expected: Vec<_> =
        expected.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    expected.sort();
    assert_eq!(found, expected);
}

fn example_request(case: &Case) {
    let (_, header) = case.input("text").split_once("Authorization: ").unwrap();
    let printed = parse_authorization_header(header).unwrap();
    assert_eq!(value(&printed, "oauth_signature"), case.expected("signature_decoded"));
    assert_eq!(value(&printed, "oauth_callback"), case.expected("callback_decoded"));
    // Ours has the same to say; the time and the nonce, which PLAINTEXT may leave out, are added.
    let secret = Secret::from("ja893SD9");
    let further = [("oauth_callback", case.expected("callback_decoded"))];
    let mut signer = Signer::new(value(&printed, "oauth_consumer_key"), &secret, UnixTime::from_seconds(1), "n");
    signer.further = &further;
    let mut request =
        http::Request::post("https://server.example.com/request_temp_credentials").body(Bytes::new()).unwrap();
    let signing = Signing::new().method(Plaintext).realm("Example").without_version();
    block_on(signing.sign(&mut request, signer)).unwrap();
    let mut sent = parse_authorization_header(request.headers()["authorization"].to_str().unwrap()).unwrap();
    sent.retain(|(name, _)| !matches!(name.as_str(), "oauth_timestamp" | "oauth_nonce"));
    let sorted = |mut parameters: Vec<(String, String)>| {
        parameters.sort();
        parameters
    };
    assert_eq!(sorted(sent), sorted(printed));
}

fn temporary_credentials_response(case: &Case) {
    let lent = temporary_credentials::judge(&case.answer()).unwrap();
    assert_eq!(lent.token.reveal(), case.expected("oauth_token"));
    assert_eq!(lent.secret.reveal(), case.expected("oauth_token_secret"));
    assert_eq!(case.expected("oauth_callback_confirmed"), "true");
}

fn token_response(case: &Case) {
    let token = token_credentials::judge(&case.answer()).unwrap();
    assert_eq!(token.access_token.reveal(), case.expected("oauth_token"));
    assert_eq!(token.get("oauth_token_secret").unwrap(), case.expected("oauth_token_secret"));
}

/// A whole login whose callback is the case's: what it says goes to the token credentials endpoint.
fn callback(case: &Case) {
    let lent =
        format!("oauth_token={}&oauth_token_secret=s&oauth_callback_confirmed=true", case.expected("oauth_token"));
    let server = FakeServer::new(move |_, count| {
        let body = if count == 1 { lent.clone() } else { "oauth_token=t&oauth_token_secret=s".to_owned() };
        Ok(http::Response::new(Bytes::from(body)))
    });
    let mut config = Config::new("key", "secret");
    config.set_temporary_credentials_endpoint("https://server.example/initiate".into());
    config.set_authorization_endpoint("https://server.example/authorize".into());
    config.set_token_credentials_endpoint("https://server.example/token".into());
    config.set_callback("http://client.example.net/cb?x=1".into());
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    let (_, pending) = block_on(client.start()).unwrap();
    block_on(client.finish(pending, case.input("url"))).unwrap();
    let requests = server.requests.lock().unwrap();
    let sent = parse_authorization_header(requests[1].headers()["authorization"].to_str().unwrap()).unwrap();
    assert_eq!(value(&sent, "oauth_token"), case.expected("oauth_token"));
    assert_eq!(value(&sent, "oauth_verifier"), case.expected("oauth_verifier"));
}
