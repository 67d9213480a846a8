//! ID tokens, logout tokens and access tokens of one issuer: none is taken for another, and none is anybody's own.

use crate::client::{CLIENT, CLIENT_ID, ISSUER, NOW, Nothing};
use crate::keys::provider;
use crate::property::{at_once, is_presentable};
use grantee_core::oidc::{IdTokenExpectations, LogoutToken, MemoryReplayCache};
use grantee_core::{Error, Result, UnverifiedIdToken};
use grantee_jose::jws::{self, Header};
use serde_json::Value;
use std::sync::{Arc, LazyLock};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const NONCE: &str = "n-0S6_WzA2Mj";

/// With nothing wrong, signed by the issuer.
static GOOD: LazyLock<String> = LazyLock::new(|| {
    let (iat, exp) = (NOW, NOW + 600);
    let claims =
        format!(r#"{{"iss":"{ISSUER}","sub":"alice","aud":"{CLIENT_ID}","iat":{iat},"exp":{exp},"nonce":"{NONCE}"}}"#);
    signed("JWT", claims.as_bytes())
});

/// The first byte chooses what the rest is: a token, or claims that the issuer has signed.
pub fn id_token(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    if choice % 2 == 0 {
        let text = String::from_utf8_lossy(bytes);
        let verified = verify(&text, &IdTokenExpectations::new().nonce(NONCE));
        assert!(verified.is_err() || text == *GOOD, "somebody else made one: {text}");
        assert!(verify(&GOOD, &IdTokenExpectations::new().nonce(NONCE)).is_ok());
        return assert!(logout(bytes).is_err(), "somebody else made a logout token: {text}");
    }
    let front = IdTokenExpectations::new().nonce(NONCE).access_token("at").code("c").state("s").front_channel();
    for typ in ["JWT", "at+jwt", "logout+jwt"] {
        let token = signed(typ, bytes);
        let claims = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let plain = verify(&token, &IdTokenExpectations::new());
        if plain.is_ok() {
            common(&claims);
            assert!(claims["sub"].as_str().is_some_and(|sub| !sub.is_empty()));
            assert_eq!(typ, "JWT", "a token of another kind was taken for an ID token");
        }
        match verify(&token, &IdTokenExpectations::new().nonce(NONCE)) {
            Ok(()) => assert!(plain.is_ok() && claims["nonce"] == NONCE),
            Err(_) => assert!(plain.is_err() || claims["nonce"] != NONCE),
        }
        if verify(&token, &front).is_ok() {
            assert!(plain.is_ok() && claims["at_hash"].is_string() && claims["c_hash"].is_string());
        }
        if let Ok(logout) = logout(token.as_bytes()) {
            assert_eq!(typ, "logout+jwt", "a token of another kind was taken for a logout token");
            common(&claims);
            assert!(claims["events"][EVENT].is_object() && claims.get("nonce").is_none());
            assert!(logout.subject().is_some() || logout.session_id().is_some());
            assert_eq!(claims["jti"], logout.jti());
        }
    }
}

/// What both kinds have.
fn common(claims: &Value) {
    assert_eq!(claims["iss"], ISSUER);
    let aud = &claims["aud"];
    assert!(aud == CLIENT_ID || aud.as_array().is_some_and(|all| all.iter().all(|one| one == CLIENT_ID)), "{aud}");
    assert!(claims.get("azp").is_none_or(|azp| azp == CLIENT_ID));
    let seconds = |name: &str| claims[name].as_f64().expect("a time");
    assert!(seconds("exp") > (NOW - 60) as f64 && seconds("iat") <= (NOW + 61) as f64);
    assert!(seconds("iat") >= (NOW - 7 * 86_400 - 61) as f64);
}

fn signed(typ: &str, claims: &[u8]) -> String {
    jws::sign_blocking(&Header::new().with_typ(typ), claims, &provider().0.private).expect("a key signs")
}

fn verify(token: &str, expected: &IdTokenExpectations) -> Result<()> {
    let outcome = at_once(CLIENT.verify_id_token(&UnverifiedIdToken::new(token), expected));
    told(outcome.map(drop))
}

fn logout(body: &[u8]) -> Result<LogoutToken> {
    let replays = MemoryReplayCache::new().clock(Arc::new(Nothing));
    let first = told(at_once(CLIENT.logout_token(body, &replays)))?;
    assert!(at_once(CLIENT.logout_token(body, &replays)).is_err(), "it served twice");
    Ok(first)
}

fn told<T>(outcome: Result<T>) -> Result<T> {
    outcome.inspect_err(|error| {
        is_presentable(error);
        assert!(matches!(error, Error::Rule(_)), "{error:?}");
    })
}
