//! An answer of the pushed authorization request endpoint, and the URL that the browser is sent to for it.

use crate::client::{CLIENT_ID, ISSUER, Scripted, config};
use crate::property::{answer, answer_with, at_once, hides, is_presentable, marker, tells_nothing};
use grantee_core::authorization::{AuthorizationRequest, pushed};
use grantee_core::{Params, Result};
use std::time::Duration;

/// The first byte chooses the status, the rest is the body.
pub fn pushed_request(data: &[u8]) {
    let judged = pushed::judge(&answer(data));
    let world = Scripted::new([Some(answer(data))]);
    let client = world.client(config()).expect("the client is configured");
    let started = at_once(client.start(AuthorizationRequest::new().scope("a").pushed()));
    assert_eq!(world.sent().len(), 1);
    match (judged, started) {
        (Ok(pushed), Ok((url, pending))) => {
            assert!(pushed.request_uri.bytes().all(|byte| byte.is_ascii_graphic()) && !pushed.request_uri.is_empty());
            assert!(pushed.expires_in >= Duration::from_secs(1));
            // The reference is a parameter, and nothing that it holds becomes another.
            assert!(url.as_str().starts_with(&format!("{ISSUER}/authorize?")) && url.fragment().is_none(), "{url}");
            let params = Params::parse(url.query().expect("it refers to the request"));
            let mut params: Vec<_> = params.iter().collect();
            params.sort_unstable();
            assert_eq!(params, [("client_id", CLIENT_ID), ("request_uri", pushed.request_uri.as_str())]);
            assert!(pending.request_expires_at().is_some_and(|at| at > pending.created_at()));
        }
        (Err(error), Err(_)) => is_presentable(&error),
        (judged, started) => panic!("{judged:?} {:?}", started.map(|(url, _)| url)),
    }
    let marker = marker(data);
    let outcome: Result<_> = pushed::judge(&answer_with(&format!(r#""request_uri":"urn:{marker}""#), data));
    match outcome {
        Ok(pushed) => hides(&marker, &pushed),
        Err(error) => tells_nothing(&marker, &error),
    }
}
