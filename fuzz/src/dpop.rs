//! Proofs of possession: for any URL that HTTP can carry, after any answer of any server.

use crate::client::{NOW, Nothing};
use crate::keys;
use crate::property::{at_once, is_presentable};
use bytes::Bytes;
use grantee_core::jose::Jwk;
use grantee_core::token_type::dpop::Dpop;
use grantee_core::token_type::{Answer, ProofContext, TokenType};
use grantee_core::{Token, UnixTime};
use grantee_jose::base64url;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use serde_json::Value;
use std::sync::LazyLock;
use url::Url;

const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

static KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::from_pem(&keys::pem("ec")).expect("the key is one"));

/// The first line is a URL, the second a token; each further one is an answer: `n`, `w` or `b` for a `DPoP-Nonce` field, a
/// challenge or a body, and its text. A line `=` ends an answer.
pub fn dpop(data: &[u8]) {
    let dpop = Dpop::from_key(&KEY).expect("the key signs");
    let mut lines = data.split(|byte| *byte == b'\n');
    let Ok(uri) = Uri::try_from(lines.next().unwrap_or_default()) else { return };
    let token = Token::bearer(String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned());
    let token = (!token.access_token.is_empty()).then_some(token);

    proof(&dpop, &uri, token.as_ref(), None, &Expected::Nothing);
    let mut learnt = None;
    for answer in lines.collect::<Vec<_>>().split(|line| *line == b"=").take(16) {
        let (mut headers, mut body) = (HeaderMap::new(), Bytes::new());
        for line in answer.iter().take(16) {
            let (kind, rest) = line.split_first().unwrap_or((&0, &[]));
            match (kind, HeaderValue::from_bytes(rest)) {
                (b'n', Ok(value)) => drop(headers.append(NONCE, value)),
                (b'w', Ok(value)) => drop(headers.append(http::header::WWW_AUTHENTICATE, value)),
                (b'b', _) => body = Bytes::copy_from_slice(rest),
                _ => {}
            }
        }
        let mut whole = Response::new(body);
        *whole.status_mut() = StatusCode::BAD_REQUEST;
        *whole.headers_mut() = headers.clone();
        for answer in [Answer::Api(StatusCode::UNAUTHORIZED, &headers), Answer::AuthorizationServer(&whole)] {
            if let Some(nonce) = dpop.demand(answer) {
                is_nonce(&nonce);
                assert_eq!(headers.get(NONCE).map(HeaderValue::as_bytes), Some(nonce.as_bytes()));
                proof(&dpop, &uri, token.as_ref(), Some(&nonce), &Expected::Nonce(&nonce));
            }
        }
        assert!(dpop.demand(Answer::Api(StatusCode::OK, &headers)).is_none(), "an answer demands nothing");
        dpop.observe(&uri, &headers, None);
        match proof(&dpop, &uri, token.as_ref(), None, &Expected::Any) {
            // One field alone is taken in, else what was there stays.
            Some(nonce) => {
                is_nonce(&nonce);
                let mut fields = headers.get_all(NONCE).iter();
                let only = fields.next().filter(|_| fields.next().is_none());
                let own = only.is_some_and(|field| field.as_bytes() == nonce.as_bytes());
                assert!(own || learnt == Some(nonce.clone()), "a nonce that nobody gave: {nonce}");
                learnt = Some(nonce);
            }
            None => assert!(learnt.is_none(), "a nonce was forgotten"),
        }
    }
}

enum Expected<'a> {
    Nothing,
    Any,
    Nonce(&'a str),
}

/// Makes a proof, checks it and returns its nonce.
fn proof(
    dpop: &Dpop,
    uri: &Uri,
    token: Option<&Token>,
    demanded: Option<&str>,
    expected: &Expected<'_>,
) -> Option<String> {
    let mut headers = HeaderMap::new();
    let mut context = ProofContext::new(&Method::GET, uri, UnixTime::from_seconds(NOW), &Nothing);
    context.token = token;
    context.demanded = demanded;
    if let Err(error) = at_once(dpop.prove(context, &mut headers)) {
        is_presentable(&error);
        assert!(headers.is_empty());
        // Only what is no URL to send to gets none.
        let absolute = uri.scheme().is_some() && uri.host().is_some();
        assert!(!absolute || uri.to_string().contains(['"', '\\']), "no proof for {uri}: {error}");
        return None;
    }
    let proof = headers["dpop"].to_str().expect("a proof is ASCII");
    let mut parts = proof.split('.').map(|part| base64url::decode(part).expect("a proof is base64url"));
    let (header, claims) = (parts.next().expect("a header"), parts.next().expect("claims"));
    let header: Value = serde_json::from_slice(&header).expect("the header is JSON");
    let claims: Value = serde_json::from_slice(&claims).expect("the claims are JSON");
    assert_eq!((&header["typ"], &header["alg"]), (&"dpop+jwt".into(), &"ES256".into()));
    assert!(header["jwk"].get("d").is_none() && header["jwk"]["x"].is_string());
    assert_eq!((&claims["htm"], &claims["iat"]), (&"GET".into(), &NOW.into()));
    assert_eq!(claims.get("ath").is_some(), token.is_some());
    let members = ["jti", "htm", "htu", "iat", "ath", "nonce"];
    let known = claims.as_object().expect("claims are an object").keys().all(|name| members.contains(&name.as_str()));
    assert!(known, "somebody else's claim: {claims}");
    let htu = claims["htu"].as_str().expect("a proof names its URL");
    assert!(!htu.contains(['?', '#']), "{htu}");
    if let Ok(parsed) = Url::parse(htu) {
        assert!(parsed.username().is_empty() && parsed.password().is_none(), "{htu}");
        // It is the one that is asked.
        if let Ok(asked) = Url::parse(&uri.to_string()) {
            assert_eq!(place(&parsed), place(&asked), "{htu} for {uri}");
        }
    }
    let nonce = claims.get("nonce").map(|nonce| nonce.as_str().expect("a nonce is a string").to_owned());
    match expected {
        Expected::Nothing => assert_eq!(nonce, None),
        Expected::Nonce(expected) => assert_eq!(nonce.as_deref(), Some(*expected)),
        Expected::Any => {}
    }
    nonce
}

fn place(url: &Url) -> (&str, Option<String>, Option<u16>, &str) {
    // Of a scheme that the parser does not know, the host is left as it is written.
    (url.scheme(), url.host_str().map(str::to_ascii_lowercase), url.port_or_known_default(), url.path())
}

fn is_nonce(nonce: &str) {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!nonce.is_empty() && nonce.len() <= 2048 && nonce.bytes().all(allowed), "{nonce:?}");
}
