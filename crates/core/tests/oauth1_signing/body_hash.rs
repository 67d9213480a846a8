//! `oauth_body_hash`, draft-eaton-oauth-bodyhash: a body that is no form is signed by its digest.

use crate::*;
use grantee_core::oauth1::{HmacSha1, HmacSha256, HmacSha512, Placement, Plaintext, SignatureMethod};

const JSON: &str = "application/json";

fn hash(method: impl SignatureMethod + 'static, kind: &str, body: &[u8]) -> Option<String> {
    let (_, read) = sign(&Signing::new().method(method), with_body("POST", "https://api.example/", kind, body));
    read.get("oauth_body_hash").map(str::to_owned)
}

#[test]
fn the_body_is_hashed_by_the_methods_own_hash() {
    let body = br#"{"text":"Hello"}"#;
    let expected = "DcwUf0C2z+qKf/+CFrwEj+I37z8=";
    assert_eq!(hash(HmacSha1, JSON, body).unwrap(), expected);
    assert_eq!(hash(HmacSha256, JSON, body).unwrap(), "73OuaotHzTYBqz+tH7gJnuxUWZzUP8GxMd9hv1BDin4=");
    assert_eq!(
        hash(HmacSha512, JSON, body).unwrap(),
        "GGg8/3DMHez1TbKpE4tPbSn4IsgFVstAnsHlPP6bWa+w8Jyy3Z8KBt0qlp0MFXyUW3W/0Mvarl5CcvKs/Vlkcg=="
    );
}

#[test]
fn the_drafts_example_is_kept() {
    assert_eq!(hash(HmacSha1, "text/plain", b"Hello World!").unwrap(), "Lve95gjOVATpfV8EL5X4nxwjKHE=");
}

#[test]
fn plaintext_has_no_body_hash() {
    assert_eq!(hash(Plaintext, JSON, b"{}"), None);
}

#[test]
fn forms_and_empty_bodies_have_no_body_hash() {
    assert_eq!(hash(HmacSha1, FORM, b"a=b"), None);
    assert_eq!(hash(HmacSha1, "application/x-www-form-urlencoded; charset=utf-8", b"a=b"), None);
    assert_eq!(hash(HmacSha1, FORM, b""), None);
    assert_eq!(hash(HmacSha1, JSON, b""), None);
    let (_, read) = sign(&Signing::new(), request("GET", "https://api.example/"));
    assert_eq!(read.get("oauth_body_hash"), None);
}

#[test]
fn a_body_without_a_content_type_is_hashed() {
    let mut unnamed = request("POST", "https://api.example/");
    *unnamed.body_mut() = Bytes::from_static(b"a=b");
    let (_, read) = sign(&Signing::new(), unnamed);
    assert!(read.get("oauth_body_hash").is_some() && read.own.is_empty());
}

#[test]
fn the_body_hash_goes_where_the_other_parameters_go() {
    let signing = Signing::new().placement(Placement::Query);
    let (signed, read) = sign(&signing, with_body("PUT", "https://api.example/", JSON, b"{}"));
    assert!(signed.uri().query().unwrap().contains("oauth_body_hash=") && read.get("oauth_body_hash").is_some());
    assert_eq!(signed.body()[..], b"{}"[..]);
}

#[test]
fn without_body_hash_leaves_it_out() {
    let (_, read) = sign(&Signing::new().without_body_hash(), with_body("POST", "https://api.example/", JSON, b"{}"));
    assert_eq!(read.get("oauth_body_hash"), None);
    let again = Signing::new().without_body_hash().with_body_hash();
    let (_, read) = sign(&again, with_body("POST", "https://api.example/", JSON, b"{}"));
    assert!(read.get("oauth_body_hash").is_some());
}

#[test]
fn another_body_is_found_out() {
    let (mut signed, _) = sign(&Signing::new(), with_body("POST", "https://api.example/", JSON, b"{}"));
    *signed.body_mut() = Bytes::from_static(b"[]");
    assert_eq!(server::verify(&signed, CLIENT_SECRET, TOKEN_SECRET).unwrap_err(), "another body");
}

#[test]
fn body_hash_always_is_of_empty_bodies_too_and_of_no_form() {
    const OF_NOTHING: &str = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
    let always = Signing::new().body_hash_always();
    for empty in [
        request("GET", "https://api.example/?a=b"),
        request("DELETE", "https://api.example/"),
        with_body("POST", "https://api.example/", JSON, b""),
    ] {
        let (_, read) = sign(&always, empty);
        assert_eq!(read.get("oauth_body_hash"), Some(OF_NOTHING));
    }
    let (_, read) = sign(&always, with_body("POST", "https://api.example/", JSON, b"{}"));
    assert!(read.get("oauth_body_hash").is_some_and(|hash| hash != OF_NOTHING));
    let (_, read) = sign(&always, form("https://api.example/", b""));
    assert_eq!(read.get("oauth_body_hash"), None);
    // The parameters make it a form.
    let (_, read) = sign(&always.clone().placement(Placement::Body), request("POST", "https://api.example/"));
    assert_eq!(read.get("oauth_body_hash"), None);
    let (_, read) = sign(&always.clone().method(Plaintext), request("GET", "https://api.example/"));
    assert_eq!(read.get("oauth_body_hash"), None);
    // One that is streamed and certainly has no body.
    let mut head = request("GET", "https://api.example/").into_parts().0;
    with_signer(|signer| block_on(always.sign_head(&mut head, None, signer))).unwrap();
    let whole = http::Request::from_parts(head, Bytes::new());
    assert_eq!(server::verify(&whole, CLIENT_SECRET, TOKEN_SECRET).unwrap().get("oauth_body_hash"), Some(OF_NOTHING));
}
