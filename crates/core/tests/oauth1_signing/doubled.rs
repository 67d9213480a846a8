//! No parameter of the protocol stands twice, and all are in one place (sections 3.1 and 3.5).

use crate::*;
use grantee_core::oauth1::Placement;

#[test]
fn a_parameter_of_the_protocol_in_the_callers_request_is_refused() {
    for name in [
        "oauth_consumer_key",
        "oauth_token",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_nonce",
        "oauth_version",
        "oauth_signature",
        "oauth%5Fnonce",
    ] {
        for placement in [Placement::Header, Placement::Query, Placement::Body] {
            let signing = Signing::new().placement(placement);
            let in_query = refused(&signing, form(&format!("https://api.example/?a=b&{name}=v4lue"), b""));
            let in_form = refused(&signing, form("https://api.example/", format!("{name}=v4lue&a=b").as_bytes()));
            let name = name.replace("%5F", "_");
            assert!(
                in_query.contains(&name) && in_query.contains("query") && !in_query.contains("v4lue"),
                "{in_query}"
            );
            assert!(in_form.contains(&name) && in_form.contains("form") && !in_form.contains("v4lue"), "{in_form}");
        }
    }
}

#[test]
fn a_body_hash_or_verifier_that_is_signed_along_is_refused_too() {
    let secret = Secret::from("s");
    let mut signer = Signer::new(KEY, &secret, UnixTime::from_seconds(1), "n");
    signer.further = &[("oauth_verifier", "v")];
    let signing = Signing::new().placement(Placement::Query);
    let mut twice = request("GET", "https://api.example/?oauth_verifier=v");
    assert!(block_on(signing.sign(&mut twice, signer)).unwrap_err().to_string().contains("oauth_verifier"));
    let json = with_body("POST", "https://api.example/?oauth_body_hash=x", "application/json", b"{}");
    refused(&signing, json);
}

#[test]
fn what_begins_with_oauth_is_in_one_place() {
    // An extension's parameter where the protocol's are is signed along; elsewhere it would be in a second place.
    let query = Signing::new().placement(Placement::Query);
    let (_, read) = sign(&query, request("GET", "https://api.example/?oauth_session_handle=h"));
    assert_eq!(read.get("oauth_session_handle"), Some("h"));
    let body = Signing::new().placement(Placement::Body);
    sign(&body, form("https://api.example/", b"oauth_session_handle=h"));
    refused(&Signing::new(), request("GET", "https://api.example/?oauth_session_handle=h"));
    refused(&Signing::new(), form("https://api.example/", b"oauth_session_handle=h"));
    refused(&query, form("https://api.example/", b"oauth_session_handle=h"));
    refused(&body, form("https://api.example/?oauth_session_handle=h", b""));
}

#[test]
fn names_are_case_sensitive_and_other_bodies_are_not_read() {
    sign(&Signing::new(), request("GET", "https://api.example/?OAuth_token=x&xoauth_token=y"));
    sign(&Signing::new(), with_body("POST", "https://api.example/", "text/plain", b"oauth_token=x"));
}
