//! An introspection answer that is a JWT: nothing is believed but what the issuer has signed, as such an answer, for this client.

use crate::client::{CLIENT_ID, ISSUER, NOW, Scripted, config};
use crate::keys::provider;
use crate::property::{at_once, hides, is_presentable, marker, tells_nothing, with_status};
use bytes::Bytes;
use grantee_core::endpoint::introspection::Introspection;
use grantee_core::endpoint::introspection_jwt::MEDIA_TYPE;
use grantee_core::{Error, Result, Token};
use grantee_jose::jws::{self, Header};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde_json::Value;

/// The first byte chooses the status and what the rest is: an answer, or claims that the issuer has signed.
pub fn introspection_jwt(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    if choice & 8 == 0 {
        for media in [MEDIA_TYPE, "application/json", "text/html"] {
            let outcome = introspect(*choice, media, bytes);
            assert!(outcome.is_err(), "somebody else made one: {}", String::from_utf8_lossy(bytes));
        }
        return;
    }
    let claims = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    for typ in ["token-introspection+jwt", "JWT", "at+jwt"] {
        if let Ok(seen) = introspect(0, MEDIA_TYPE, signed(typ, bytes).as_bytes()) {
            assert_eq!(typ, "token-introspection+jwt", "a token of another kind was taken for an answer");
            assert_eq!(claims["iss"], ISSUER);
            let aud = &claims["aud"];
            assert!(aud == CLIENT_ID || aud.as_array().is_some_and(|all| all.iter().any(|one| one == CLIENT_ID)));
            let iat = claims["iat"].as_f64().expect("an answer says when it was made");
            assert!(iat >= (NOW - 361) as f64 && iat <= (NOW + 61) as f64, "{iat}");
            assert_eq!(claims["token_introspection"]["active"], seen.active);
            assert!(seen.is_signed && seen.jwt.is_some());
            assert!(seen.active || seen.members.len() == 1, "a token that is not active has nothing to say");
        }
    }
    // As plain JSON it proves nothing later.
    assert!(introspect(0, "application/json", bytes).is_err());

    let marker = marker(data);
    let mut body = format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT_ID}","iat":{NOW},"token_introspection":{{"active":true,"own":"{marker}"}},"#
    )
    .into_bytes();
    body.extend_from_slice(bytes.strip_prefix(b"{").unwrap_or(bytes));
    let jwt = signed("token-introspection+jwt", &body);
    match introspect(0, MEDIA_TYPE, jwt.as_bytes()) {
        // The JWT is proof, and whoever has it can show it.
        Ok(seen) => hides(&jwt, &seen),
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn signed(typ: &str, claims: &[u8]) -> String {
    jws::sign_blocking(&Header::new().with_typ(typ), claims, &provider().0.private).expect("a key signs")
}

fn introspect(choice: u8, media: &'static str, body: &[u8]) -> Result<Introspection> {
    let mut answer: Response<Bytes> = with_status(choice, body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    let world = Scripted::new([Some(answer)]);
    let mut config = config();
    config.set_jwks(provider().1);
    config.set_introspection_alg("EdDSA".to_owned());
    let client = world.client(config).expect("the client is configured");
    let outcome = at_once(client.introspect(&Token::bearer("at")));
    assert_eq!(world.sent().len(), 1);
    outcome.inspect_err(|error| {
        is_presentable(error);
        assert!(matches!(error, Error::Rule(_) | Error::Server(_) | Error::Status(_)), "{error:?}");
    })
}
