//! A request with ten parameters signed by OAuth 1.0 with HMAC-SHA1, beside oauth1-request and reqwest-oauth1. The first row has a
//! request at hand that is signed, and oauth1-request parameters and makes a header of them; reqwest-oauth1 does nothing so small. The
//! second starts with parameters everywhere and ends with a request that can be sent.

use crate::verify::{World, now};
use crate::{Most, Row, row};
use bytes::Bytes;
use grantee_core::oauth1::{Client, Config, Signing, token_credentials};
use grantee_core::ports::{BoxFuture, Executor, Ports};
use http::header::AUTHORIZATION;
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use url::form_urlencoded;

const KEY: &str = "xvz1evFS4wEEPTGEFPHBog";
const SECRET: &str = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw";
const TOKEN: &str = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb";
const TOKEN_SECRET: &str = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
const BASE: &str = "https://api.example/1.1/orders/search.json";
#[derive(oauth1_request::Request)]
struct Search<'a> {
    after: &'a str,
    count: u32,
    cursor: &'a str,
    customer: &'a str,
    fields: &'a str,
    include_entities: &'a str,
    q: &'a str,
    sort: &'a str,
    state: &'a str,
    trim: &'a str,
}

const SEARCH: Search<'_> = Search {
    after: "2026-11-01T00:00:00Z",
    count: 100,
    cursor: "-1",
    customer: "Hansa & Söhne",
    fields: "id,total,state",
    include_entities: "true",
    q: "\"blue pen\" OR ink",
    sort: "-created",
    state: "open",
    trim: "t",
};

impl<'a> Search<'a> {
    fn pairs(&self, count: &'a str) -> [(&'static str, &'a str); 10] {
        [
            ("after", self.after),
            ("count", count),
            ("cursor", self.cursor),
            ("customer", self.customer),
            ("fields", self.fields),
            ("include_entities", self.include_entities),
            ("q", self.q),
            ("sort", self.sort),
            ("state", self.state),
            ("trim", self.trim),
        ]
    }
}

pub fn rows(quick: bool) -> Vec<Row> {
    let world = Arc::new(World);
    let ports = Ports { http: world.clone(), clock: world.clone(), executor: Arc::new(Nothing), entropy: world };
    let mut config = Config::new(KEY, SECRET);
    // As oauth1-request has it, so that all send the same parameters.
    config.set_signing(Signing::new().without_version());
    let client = Client::new(config, ports).expect("a client");
    let token = token_credentials::token(TOKEN, TOKEN_SECRET);
    let count = SEARCH.count.to_string();
    let url = || form_urlencoded::Serializer::new(format!("{BASE}?")).extend_pairs(SEARCH.pairs(&count)).finish();

    let held = RefCell::new(http::Request::get(url()).body(Bytes::new()).expect("a request"));
    let sign = || now(client.sign(&mut held.borrow_mut(), Some(&token))).expect("signed");
    let base_string = sign().base_string;
    let raw = {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, format!("{SECRET}&{TOKEN_SECRET}").as_bytes());
        move || {
            black_box(hmac::sign(&key, black_box(base_string.as_bytes())));
        }
    };
    let ours = || drop(black_box(sign()));
    let header = || {
        let token = oauth1_request::Token::from_parts(KEY, SECRET, TOKEN, TOKEN_SECRET);
        oauth1_request::get(BASE, black_box(&SEARCH), &token, oauth1_request::HMAC_SHA1)
    };
    let by_oauth1_request = || drop(black_box(header()));
    let what = "a request with ten parameters signed, OAuth 1.0 HMAC-SHA1".to_owned();
    let signed = row(quick, what, Most::Ahead, &raw, &ours, [Some(&by_oauth1_request), None, None]);

    let ours = || {
        let mut request = http::Request::get(url()).body(Bytes::new()).expect("a request");
        now(client.sign(&mut request, Some(&token))).expect("signed");
        black_box(request);
    };
    let by_oauth1_request = || {
        let url = oauth1_request::to_query(BASE.to_owned(), black_box(&SEARCH));
        let request = http::Request::get(url).header(AUTHORIZATION, header()).body(Bytes::new());
        black_box(request.expect("a request"));
    };
    let by_reqwest_oauth1 = {
        use reqwest_oauth1::OAuthClientProvider as _;
        let client = reqwest::Client::new();
        let pairs = SEARCH.pairs(&count);
        move || {
            let secrets = reqwest_oauth1::Secrets::new(KEY, SECRET).token(TOKEN, TOKEN_SECRET);
            let request = client.clone().oauth1(secrets).get(BASE).query(black_box(&pairs));
            black_box(request.generate_signature().expect("signed").build().expect("a request"));
        }
    };
    let what = "the same, and the request made of the parameters".to_owned();
    let peers: [Option<&dyn Fn()>; 3] = [Some(&by_oauth1_request), Some(&by_reqwest_oauth1), None];
    vec![signed, row(quick, what, Most::Ahead, &raw, &ours, peers)]
}

struct Nothing;

impl Executor for Nothing {
    fn spawn(&self, _: BoxFuture<'static, ()>) -> grantee_core::Result<()> {
        Ok(())
    }
}
