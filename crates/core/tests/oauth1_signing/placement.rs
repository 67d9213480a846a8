//! Where the parameters of the protocol go (section 3.5), and that nothing else of the request changes.

use crate::*;
use grantee_core::oauth1::Placement;

fn body() -> Signing {
    Signing::new().placement(Placement::Body)
}

fn query() -> Signing {
    Signing::new().placement(Placement::Query)
}

const HEADER: &str = "authorization: OAuth oauth_consumer_key=\"key\", oauth_token=\"t%25k\", \
     oauth_signature_method=\"HMAC-SHA1\", oauth_version=\"1.0\", oauth_timestamp=\"137131201\", oauth_nonce=\"n\", ";
const PAIRS: &str = "oauth_consumer_key=key&oauth_token=t%25k&oauth_signature_method=HMAC-SHA1&oauth_version=1.0\
     &oauth_timestamp=137131201&oauth_nonce=n&oauth_signature=";

fn signature(read: &server::Read) -> String {
    server::encode(read.get("oauth_signature").unwrap().as_bytes())
}

#[test]
fn the_whole_wire_of_a_request_signed_in_the_header() {
    let (signed, read) = sign(&Signing::new(), form("https://api.example/a?b=c%20d", b"e=f+g&e"));
    let expected = format!(
        "POST https://api.example/a?b=c%20d\n{HEADER}oauth_signature=\"{}\"\ncontent-type: {FORM}\n\ne=f+g&e",
        signature(&read)
    );
    assert_eq!(support::whole(&signed), expected);
}

#[test]
fn the_whole_wire_of_a_request_signed_in_the_query() {
    let (signed, read) = sign(&query(), form("https://api.example/a?b=c%20d&b&=%ff", b"e=f+g&e"));
    let expected = format!(
        "POST https://api.example/a?b=c%20d&b&=%ff&{PAIRS}{}\ncontent-type: {FORM}\n\ne=f+g&e",
        signature(&read)
    );
    assert_eq!(support::whole(&signed), expected);
}

#[test]
fn the_whole_wire_of_a_request_signed_in_the_body() {
    let (signed, read) = sign(&body(), form("https://api.example/a?b=c", b"e=f+g&e&&=x&%e4=\xff"));
    let mut expected = b"e=f+g&e&&=x&%e4=\xff&".to_vec();
    expected.extend_from_slice(PAIRS.as_bytes());
    expected.extend_from_slice(signature(&read).as_bytes());
    assert_eq!(signed.body()[..], expected, "appended: nothing is lost, reordered or encoded anew");
    assert_eq!(signed.uri(), "https://api.example/a?b=c");
    assert!(!signed.headers().contains_key("authorization"));
}

#[test]
fn a_query_that_is_empty_or_ends_in_an_ampersand_is_gone_on_with() {
    for (before, after) in [("/?", "/?oauth_"), ("/?a&", "/?a&oauth_"), ("/", "/?oauth_"), ("", "/?oauth_")] {
        let (signed, _) = sign(&query(), request("GET", &format!("https://api.example{before}")));
        assert!(signed.uri().to_string().starts_with(&format!("https://api.example{after}")), "{}", signed.uri());
    }
    for (before, after) in [("a=1&", "a=1&oauth_"), ("", "oauth_")] {
        let (signed, _) = sign(&body(), form("https://api.example/", before.as_bytes()));
        assert!(signed.body().starts_with(after.as_bytes()));
    }
}

#[test]
fn parameters_in_the_body_of_what_is_no_form_are_refused() {
    for kind in
        ["application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencodedx"]
    {
        for content in [&b"{}"[..], b""] {
            assert!(
                refused(&body(), with_body("POST", "https://api.example/", kind, content)).contains("no form"),
                "{kind}"
            );
        }
    }
    let mut unnamed = request("POST", "https://api.example/");
    *unnamed.body_mut() = Bytes::from_static(b"a=b");
    refused(&body(), unnamed);
}

#[test]
fn parameters_in_the_body_of_a_get_are_refused() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"] {
        assert!(refused(&body(), request(method, "https://api.example/")).contains(method));
        refused(&body(), with_body(method, "https://api.example/", FORM, b""));
    }
}

#[test]
fn a_form_that_is_compressed_is_refused() {
    for signing in [Signing::new(), body(), query()] {
        let mut packed = form("https://api.example/", b"\x1f\x8b");
        packed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        assert!(refused(&signing, packed).contains("compressed"));
    }
}

#[test]
fn a_body_where_there_was_none_becomes_a_form() {
    let (signed, _) = sign(&body(), request("POST", "https://api.example/"));
    assert_eq!(signed.headers()["content-type"], FORM);
    assert!(signed.body().starts_with(b"oauth_consumer_key=key&"));
}

#[test]
fn the_content_type_keeps_its_charset_and_content_length_is_dropped() {
    let kind = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
    let mut own = with_body("PUT", "https://api.example/", kind, b"a=1");
    own.headers_mut().insert("content-length", "3".parse().unwrap());
    own.headers_mut().insert("x-own", "1".parse().unwrap());
    let (signed, read) = sign(&body(), own.clone());
    assert_eq!(signed.headers()["content-type"], kind);
    assert!(!signed.headers().contains_key("content-length"), "it is another one now");
    assert_eq!(signed.headers()["x-own"], "1");
    assert_eq!(read.own, [(b"a".to_vec(), b"1".to_vec())]);
    let (signed, _) = sign(&Signing::new(), own);
    assert_eq!(signed.headers()["content-length"], "3", "in the header nothing of the body changes");
}

#[test]
fn the_authorization_header_is_replaced_and_not_doubled() {
    let mut twice = request("GET", "https://api.example/");
    for before in ["Bearer x", "OAuth oauth_token=\"y\""] {
        twice.headers_mut().append("authorization", before.parse().unwrap());
    }
    let (signed, _) = sign(&Signing::new(), twice);
    assert_eq!(signed.headers().get_all("authorization").iter().count(), 1);
    // Signed once more, as a repeated call is.
    let (again, _) = sign(&Signing::new(), signed);
    assert_eq!(again.headers().get_all("authorization").iter().count(), 1);
}

#[test]
fn a_signature_from_before_does_not_stay_in_the_header_beside_another_place() {
    let (signed, _) = sign(&Signing::new(), request("GET", "https://api.example/"));
    let (moved, _) = sign(&query(), signed);
    assert!(!moved.headers().contains_key("authorization"));
    let mut basic = request("GET", "https://api.example/");
    basic.headers_mut().insert("authorization", "Basic eDp5".parse().unwrap());
    assert_eq!(sign(&query(), basic).0.headers()["authorization"], "Basic eDp5", "somebody else's stays");
}

#[test]
fn the_realm_is_escaped_and_never_signed() {
    let realm = r#"a "b" \ c, d="e""#;
    let (signed, read) = sign(&Signing::new().realm(realm), request("GET", "https://api.example/"));
    assert_eq!(read.realm.as_deref(), Some(realm));
    assert_eq!(header(&signed)[0], ("realm".to_owned(), realm.to_owned()));
    let text = signed.headers()["authorization"].to_str().unwrap();
    assert!(text.starts_with(r#"OAuth realm="a \"b\" \\ c, d=\"e\"", oauth_consumer_key="key""#), "{text}");
    assert!(!read.base_string.contains("realm"));
    let (_, without) = sign(&Signing::new(), request("GET", "https://api.example/"));
    assert_eq!(read.base_string, without.base_string);
    assert_eq!(read.get("oauth_signature"), without.get("oauth_signature"));
    for signing in [query(), body()] {
        let (signed, _) = sign(&signing.realm("elsewhere"), form("https://api.example/", b""));
        assert!(!format!("{signed:?}").contains("elsewhere"), "it has no meaning in other places");
    }
    // HTTP libraries refuse what is outside ASCII, each at another time and in other words.
    for realm in ["a\r\nb: c", "Fotos f\u{fc}r alle", "\u{7f}"] {
        assert!(refused(&Signing::new().realm(realm), request("GET", "https://api.example/")).contains("realm"));
        let json = with_body("POST", "https://api.example/", "application/json", b"{}");
        assert!(refused(&Signing::new().realm(realm), json).contains("realm"));
    }
}

#[test]
fn a_slow_signer_that_is_given_up_leaves_the_request_whole() {
    use grantee_core::oauth1::{Secrets, SignatureMethod};
    use std::future::Future as _;
    struct Never;
    impl SignatureMethod for Never {
        fn name(&self) -> &str {
            "X-NEVER"
        }
        fn sign<'a>(&'a self, _: &'a str, _: Secrets<'a>) -> grantee_core::ports::BoxFuture<'a, Result<String>> {
            Box::pin(std::future::pending())
        }
    }
    for placement in [Placement::Header, Placement::Query, Placement::Body] {
        let signing = Signing::new().method(Never).placement(placement);
        let mut kept = form("https://api.example/a?b", b"c=d");
        with_signer(|signer| {
            let mut future = std::pin::pin!(signing.sign(&mut kept, signer));
            let waker = std::task::Waker::noop();
            assert!(future.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
        });
        assert_eq!(support::whole(&kept), support::whole(&form("https://api.example/a?b", b"c=d")));
    }
}
