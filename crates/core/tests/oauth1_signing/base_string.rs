//! What is signed (section 3.4.1).

use crate::*;
use grantee_core::oauth1::base_string_uri;

fn pairs(read: &server::Read) -> Vec<(&[u8], &[u8])> {
    read.own.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
}

/// The base string's last part, encoded once and without the protocol's parameters.
fn own_parameters(read: &server::Read) -> String {
    let last = grantee_core::oauth1::percent_decode(read.base_string.rsplit('&').next().unwrap());
    last.split('&').filter(|pair| !pair.starts_with("oauth_")).collect::<Vec<_>>().join("&")
}

fn signed_uri(url: &str) -> String {
    let (_, read) = sign(&Signing::new(), request("GET", url));
    grantee_core::oauth1::percent_decode(read.base_string.split('&').nth(1).unwrap())
}

#[test]
fn usual_ports_are_dropped_and_others_kept_ipv6_too() {
    for (url, uri) in [
        ("http://api.example:80/a", "http://api.example/a"),
        ("https://api.example:443/a", "https://api.example/a"),
        ("http://api.example:443/a", "http://api.example:443/a"),
        ("https://api.example:80/a", "https://api.example:80/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]/"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("https://[::ffff:192.0.2.1]/a", "https://[::ffff:192.0.2.1]/a"),
    ] {
        assert_eq!(signed_uri(url), uri);
        assert_eq!(base_string_uri(url).unwrap(), uri);
    }
}

#[test]
fn userinfo_query_and_fragment_are_dropped() {
    assert_eq!(signed_uri("https://me:s3cret@API.example/a?b=c"), "https://api.example/a");
    assert_eq!(base_string_uri("https://me:p@ss@API.example:8443/a#b?c").unwrap(), "https://api.example:8443/a");
    assert_eq!(base_string_uri("https://me@[::1]:443?x=@").unwrap(), "https://[::1]/");
}

#[test]
fn scheme_and_host_are_in_lower_case_and_the_path_is_as_it_is() {
    assert_eq!(
        base_string_uri("HTTPS://API.Example/A%2fb/../%7e;c=1").unwrap(),
        "https://api.example/A%2fb/../%7e;c=1"
    );
    assert_eq!(signed_uri("https://API.Example/A%2fb/../%7e;c=1"), "https://api.example/A%2fb/../%7e;c=1");
}

#[test]
fn the_host_is_that_of_the_host_header_where_the_request_has_one() {
    let mut proxied = request("GET", "https://10.0.0.1:8443/a?b=c");
    proxied.headers_mut().insert("host", "API.example:443".parse().unwrap());
    let (_, read) = sign(&Signing::new(), proxied.clone());
    assert!(read.base_string.starts_with("GET&https%3A%2F%2Fapi.example%2Fa&b%3Dc%26"), "{}", read.base_string);
    for bad in ["a/b", "a b", "", "a?b", "[::1"] {
        proxied.headers_mut().insert("host", bad.parse().unwrap());
        let error = try_sign(&Signing::new(), &mut proxied.clone()).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{bad}: {error}");
    }
}

#[test]
fn the_method_is_signed_in_upper_case_and_encoded() {
    for (method, signed) in [("get", "GET"), ("PATCH", "PATCH"), ("m-search", "M-SEARCH"), ("x!y", "X%21Y")] {
        let (sent, read) = sign(&Signing::new().without_body_hash(), request(method, "https://api.example/"));
        assert!(read.base_string.starts_with(&format!("{signed}&")), "{}", read.base_string);
        assert_eq!(sent.method().as_str(), method, "and sent as it is");
    }
}

#[test]
fn parameters_are_decoded_once() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a=%2525", b"b=%2525"));
    assert_eq!(pairs(&read), [(&b"a"[..], &b"%25"[..]), (b"b", b"%25")]);
    assert_eq!(own_parameters(&read), "a=%2525&b=%2525");
}

#[test]
fn a_plus_is_a_space_in_query_and_form() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a+b=c+d%2B", b"e+=+%20"));
    assert_eq!(own_parameters(&read), "a%20b=c%20d%2B&e%20=%20%20");
}

#[test]
fn empty_values_and_names_without_an_equals_sign_are_kept() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a=&b&=c&&", b"d&=&e=="));
    assert_eq!(own_parameters(&read), "=&=c&a=&b=&d=&e=%3D");
}

#[test]
fn a_parameter_that_stands_several_times_is_signed_as_often_sorted_by_value() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a=2&a=10&a=2", b"a=1&a=%C3%A4&a=z&a=%7E"));
    assert_eq!(own_parameters(&read), "a=%C3%A4&a=1&a=10&a=2&a=2&a=z&a=~");
}

#[test]
fn names_are_sorted_by_their_encoded_bytes() {
    let (_, read) =
        sign(&Signing::new(), request("GET", "https://api.example/?b=1&a%5B1%5D=2&a=3&A=4&a-=5&a.=6&%C3%A9=7"));
    assert_eq!(own_parameters(&read), "%C3%A9=7&A=4&a=3&a%5B1%5D=2&a-=5&a.=6&b=1");
}

#[test]
fn bytes_that_are_no_utf8_are_signed_as_they_were_sent() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a=%FF&%e4=%C3", b"b=\xfe&\x80=%80"));
    assert_eq!(own_parameters(&read), "%80=%80&%E4=%C3&a=%FF&b=%FE");
    assert_eq!(pairs(&read)[0], (&b"a"[..], &b"\xff"[..]));
}

#[test]
fn a_percent_sign_that_encodes_nothing_is_one() {
    let (_, read) = sign(&Signing::new(), form("https://api.example/?a=%zz%4", b"b=100%&c=%%41"));
    assert_eq!(own_parameters(&read), "a=%25zz%254&b=100%25&c=%25A");
}

#[test]
fn multipart_and_json_bodies_are_no_parameters() {
    for kind in ["multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencoded-not"] {
        let (_, read) = sign(&Signing::new(), with_body("POST", "https://api.example/", kind, b"a=b"));
        assert_eq!(own_parameters(&read), "", "{kind}");
        assert!(read.get("oauth_body_hash").is_some(), "{kind}");
    }
}

#[test]
fn a_url_that_is_not_absolute_is_refused() {
    for bad in ["/a", "ftp://api.example/", "*"] {
        refused(&Signing::new(), request("GET", bad));
    }
}
