//! Requests signed by their heads, their bodies being streamed.

use crate::*;
use grantee_core::oauth1::{Placement, Plaintext};
use http::request::Parts;

fn head(request: Request) -> Parts {
    request.into_parts().0
}

fn sign_head(signing: &Signing, head: &mut Parts, body: Option<&[u8]>) -> Result<Signed> {
    with_signer(|signer| block_on(signing.sign_head(head, body, signer)))
}

fn refused(signing: &Signing, request: Request) {
    let mut head = head(request);
    let error = sign_head(signing, &mut head, None).unwrap_err();
    assert!(error.to_string().contains("without its body, which is streamed"), "{error}");
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains("without_body_hash"), "{hint}");
    assert!(!head.headers.contains_key("authorization"));
}

fn allowed(signing: &Signing, request: Request) {
    let mut head = head(request);
    sign_head(signing, &mut head, None).unwrap();
    let request = http::Request::from_parts(head, Bytes::new());
    server::verify(&request, CLIENT_SECRET, TOKEN_SECRET).unwrap();
}

fn json(method: &str) -> Request {
    with_body(method, "https://api.example/", "application/json", b"")
}

#[test]
fn a_streamed_body_that_has_to_be_hashed_is_refused() {
    refused(&Signing::new(), json("POST"));
    refused(&Signing::new(), request("POST", "https://api.example/"));
    refused(&Signing::new(), json("GET"));
    for (name, value) in [("content-length", "5"), ("transfer-encoding", "chunked")] {
        let mut with_length = request("DELETE", "https://api.example/");
        with_length.headers_mut().insert(name, value.parse().unwrap());
        refused(&Signing::new(), with_length);
    }
}

#[test]
fn a_streamed_form_is_refused_by_every_method() {
    for signing in [Signing::new(), Signing::new().without_body_hash(), Signing::new().method(Plaintext)] {
        refused(&signing, form("https://api.example/", b""));
        refused(&signing.placement(Placement::Body), form("https://api.example/", b""));
    }
}

#[test]
fn a_request_that_has_no_body_is_signed_by_its_head() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        allowed(&Signing::new(), request(method, "https://api.example/?a=b"));
        allowed(&Signing::new().placement(Placement::Query), request(method, "https://api.example/?a=b"));
    }
}

#[test]
fn a_streamed_body_whose_hash_is_left_out_is_allowed() {
    allowed(&Signing::new().without_body_hash(), json("POST"));
    allowed(&Signing::new().method(Plaintext), json("POST"));
}

#[test]
fn a_body_that_is_only_looked_at_is_signed_and_takes_no_parameters() {
    let whole = form("https://api.example/", b"a=b");
    let mut looked_at = head(whole.clone());
    sign_head(&Signing::new(), &mut looked_at, Some(b"a=b")).unwrap();
    let (expected, _) = sign(&Signing::new(), whole.clone());
    assert_eq!(looked_at.headers["authorization"], expected.headers()["authorization"]);
    let mut looked_at = head(whole);
    let error = sign_head(&Signing::new().placement(Placement::Body), &mut looked_at, Some(b"a=b")).unwrap_err();
    assert!(error.to_string().contains("only looked at"), "{error}");
}
