//! A request with ten parameters signed by OAuth 1.0 with HMAC-SHA1, beside oauth1-request and reqwest-oauth1.

use crate::verify::{World, now};
use crate::{Most, Row, row};
use bytes::Bytes;
use grantee_core::oauth1::{Client, Config, token_credentials};
use grantee_core::ports::{BoxFuture, Executor, Ports};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;

const KEY: &str = "xvz1evFS4wEEPTGEFPHBog";
const SECRET: &str = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw";
const TOKEN: &str = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb";
const TOKEN_SECRET: &str = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE";
const BASE: &str = "https://api.example/1.1/orders/search.json";
const QUERY: &str = "after=2026-11-01T00%3A00%3A00Z&count=100&cursor=-1&customer=Hansa+%26+S%C3%B6hne&fields=id%2Ctotal%2Cstate\
    &include_entities=true&q=%22blue+pen%22+OR+ink&sort=-created&state=open&trim=t";

#[derive(oauth1_request::Request)]
struct Search<'a> {
    after: &'a str,
    count: u32,
    cursor: i32,
    customer: &'a str,
    fields: &'a str,
    include_entities: bool,
    q: &'a str,
    sort: &'a str,
    state: &'a str,
    trim: &'a str,
}

const SEARCH: Search<'_> = Search {
    after: "2026-11-01T00:00:00Z",
    count: 100,
    cursor: -1,
    customer: "Hansa & Söhne",
    fields: "id,total,state",
    include_entities: true,
    q: "\"blue pen\" OR ink",
    sort: "-created",
    state: "open",
    trim: "t",
};

pub fn rows(quick: bool) -> Vec<Row> {
    let world = Arc::new(World);
    let ports = Ports { http: world.clone(), clock: world.clone(), executor: Arc::new(Nothing), entropy: world };
    let client = Client::new(Config::new(KEY, SECRET), ports).expect("a client");
    let token = token_credentials::token(TOKEN, TOKEN_SECRET);
    let uri: http::Uri = format!("{BASE}?{QUERY}").parse().expect("a URI");
    // Signed again and again: its headers have room already.
    let request = RefCell::new(http::Request::get(uri).body(Bytes::new()).expect("a request"));
    let sign = || now(client.sign(&mut request.borrow_mut(), Some(&token))).expect("signed");
    let base_string = sign().base_string;

    let raw = {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, format!("{SECRET}&{TOKEN_SECRET}").as_bytes());
        move || {
            black_box(hmac::sign(&key, black_box(base_string.as_bytes())));
        }
    };
    // The header alone; it writes no URL here.
    let by_oauth1_request = || {
        let token = oauth1_request::Token::from_parts(KEY, SECRET, TOKEN, TOKEN_SECRET);
        black_box(oauth1_request::get(BASE, black_box(&SEARCH), &token, oauth1_request::HMAC_SHA1));
    };
    let by_reqwest_oauth1 = {
        use reqwest_oauth1::OAuthClientProvider as _;
        let client = reqwest::Client::new();
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(QUERY.as_bytes()).into_owned().collect();
        move || {
            let secrets = reqwest_oauth1::Secrets::new(KEY, SECRET).token(TOKEN, TOKEN_SECRET);
            let request = client.clone().oauth1(secrets).get(BASE).query(&pairs);
            black_box(request.generate_signature().expect("signed").build().expect("a request"));
        }
    };
    let what = "a request with ten parameters signed, OAuth 1.0 HMAC-SHA1".to_owned();
    let ours = || drop(black_box(sign()));
    vec![row(quick, what, Most::Ahead, &raw, &ours, [Some(&by_oauth1_request), Some(&by_reqwest_oauth1), None])]
}

struct Nothing;

impl Executor for Nothing {
    fn spawn(&self, _: BoxFuture<'static, ()>) -> grantee_core::Result<()> {
        Ok(())
    }
}
