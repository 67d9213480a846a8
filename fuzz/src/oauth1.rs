//! Requests that OAuth 1.0 signs, whatever they are, and the headers that say so.

#[allow(clippy::unwrap_used)]
#[path = "../../crates/core/tests/oauth1_signing/server.rs"]
mod server;

use crate::property::{at_once, is_presentable, marker, tells_nothing};
use bytes::Bytes;
use grantee_core::oauth1::request::Signer;
use grantee_core::oauth1::{
    HmacSha1, HmacSha256, HmacSha512, Parameters, Placement, Plaintext, Signing, base_string_uri,
    parse_authorization_header, percent_decode, percent_encode,
};
use grantee_core::{Secret, UnixTime};

/// The first line is a byte that chooses method and placement, then the HTTP method; the second is the URL, the third the
/// `Content-Type`, the fourth a realm and a header; the rest is the body.
pub fn oauth1(data: &[u8]) {
    let mut lines = data.splitn(5, |byte| *byte == b'\n');
    let (choice, method) = lines.next().and_then(<[u8]>::split_first).unwrap_or((&0, &[]));
    let mut line = || lines.next().unwrap_or_default();
    let (url, kind, header, body) = (line(), line(), line(), line());
    encodes(&String::from_utf8_lossy(data));
    normalizes(body);
    uri(&String::from_utf8_lossy(url));
    reads(&String::from_utf8_lossy(header));

    let mut request = http::Request::builder().method(method).uri(url);
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    if let Ok(request) = request.body(Bytes::copy_from_slice(body)) {
        signs(*choice, &String::from_utf8_lossy(header), request, &marker(data));
    }
}

fn encodes(text: &str) {
    let encoded = percent_encode(text);
    assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded}");
    assert_eq!(percent_decode(&encoded), text);
    assert_eq!(encoded, server::encode(text.as_bytes()));
    assert!(percent_decode(text).len() <= 3 * text.len());
}

fn normalizes(form: &[u8]) {
    let of = |pieces: &[&[u8]]| {
        let mut parameters = Parameters::new();
        pieces.iter().for_each(|piece| parameters.push_form(piece));
        parameters
    };
    let whole = of(&[form]);
    let normalized = whole.normalized();
    let mut pieces: Vec<&[u8]> = form.split(|byte| *byte == b'&').collect();
    pieces.reverse();
    assert_eq!(of(&pieces).normalized(), normalized, "the order counts");
    assert_eq!(of(&[normalized.as_bytes()]).normalized(), normalized, "not the same when read again");
    assert!(!normalized.split('&').any(|pair| pair.starts_with("oauth_signature=")), "{normalized}");
    let mut pairs: Vec<_> = normalized.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let found = pairs.clone();
    pairs.sort_unstable();
    assert_eq!(found, pairs);
    let base_string = whole.base_string("get", "http://h").expect("a URL");
    assert_eq!(base_string, format!("GET&http%3A%2F%2Fh%2F&{}", percent_encode(&normalized)));
}

fn uri(url: &str) {
    match base_string_uri(url) {
        Ok(uri) => {
            assert_eq!(base_string_uri(&uri).expect("it is a URL"), uri);
            assert!(!uri.contains(['?', '#', ' ']) && uri.is_ascii(), "{uri}");
            let (scheme, rest) = uri.split_once("://").expect("it is absolute");
            assert!(matches!(scheme, "http" | "https"));
            let authority = rest.split('/').next().unwrap_or_default();
            assert!(rest.contains('/') && !authority.contains(|c: char| c == '@' || c.is_ascii_uppercase()), "{uri}");
        }
        Err(error) => is_presentable(&error),
    }
}

fn reads(header: &str) {
    for text in [header, &format!("OAuth {header}")] {
        let Some(read) = parse_authorization_header(text).filter(|read| !read.is_empty()) else { continue };
        let written = read.iter().map(|(name, value)| match name.eq_ignore_ascii_case("realm") {
            true => format!("{name}=\"{}\"", value.replace('\\', r"\\").replace('"', r#"\""#)),
            false => format!("{}=\"{}\"", percent_encode(name), percent_encode(value)),
        });
        let written = format!("OAuth {}", written.collect::<Vec<_>>().join(", "));
        assert_eq!(parse_authorization_header(&written), Some(read), "not the same when written and read again");
    }
}

/// A request that is signed has kept all that it had, and a server that shares nothing with us takes it; one that is refused has
/// not changed.
fn signs(choice: u8, realm: &str, request: http::Request<Bytes>, marker: &str) {
    let placement = [Placement::Header, Placement::Query, Placement::Body][usize::from(choice) % 3];
    let mut signing = Signing::new().placement(placement);
    signing = match choice >> 2 & 3 {
        0 => signing.method(HmacSha1),
        1 => signing.method(HmacSha256),
        2 => signing.method(HmacSha512),
        _ => signing.method(Plaintext),
    };
    if choice & 16 != 0 {
        signing = signing.realm(realm);
    }
    let (client, token) = (Secret::from(marker), Secret::from(format!("&{marker}")));
    let mut signer = Signer::new("k y", &client, UnixTime::from_seconds(1_700_000_000), "n+1");
    signer.token = Some("t/%");
    signer.token_secret = Some(&token);
    let mut signed = request.clone();
    let made = match at_once(signing.sign(&mut signed, signer)) {
        Ok(made) => made,
        Err(error) => {
            tells_nothing(marker, &error);
            assert_eq!((signed.method(), signed.uri()), (request.method(), request.uri()));
            assert_eq!((signed.headers(), signed.body()), (request.headers(), request.body()));
            return;
        }
    };
    assert!(!made.base_string.contains(marker));
    let read = server::verify(&signed, marker, token.reveal()).unwrap_or_else(|why| panic!("{signed:?}: {why}"));
    assert_eq!(read.base_string, made.base_string);
    assert_eq!(read.own, server::own(&request), "a parameter is lost or moved");
    if choice & 16 != 0 && placement == Placement::Header {
        assert_eq!(read.realm.as_deref(), Some(realm));
    }
    assert_eq!(signed.method(), request.method());
    match placement {
        Placement::Header => assert_eq!((signed.uri(), signed.body()), (request.uri(), request.body())),
        Placement::Query => assert_eq!(signed.body(), request.body()),
        _ => assert!(signed.body().starts_with(request.body()) && signed.uri() == request.uri()),
    }
}
