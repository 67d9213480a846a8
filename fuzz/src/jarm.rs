//! Signed authorization responses: nothing is believed but what the issuer has signed for this client.

use crate::client::{APP, CLIENT, CLIENT_ID, ISSUER, NOW, Nothing};
use crate::keys::provider;
use crate::property::{at_once, hides, is_presentable, marker, tells_nothing};
use grantee_core::authorization::{AuthorizationRequest, AuthorizationResponse, Callback, Pending, RequestContext};
use grantee_core::{Error, Result, UnixTime};
use grantee_jose::jws::{self, Header};
use serde_json::Value;

const STATE: &str = "st4te";

/// The first byte chooses how the answer came and what the rest is: parameters, or claims that the issuer has signed.
pub fn jarm(data: &[u8]) {
    let (choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    if choice & 4 == 0 {
        let text = String::from_utf8_lossy(bytes);
        for way in 0..4 {
            let outcome = respond(way, &text);
            // The issuer's signature can't be guessed.
            assert!(!matches!(outcome, Ok(_) | Err(Error::Server(_))), "somebody else made one: {text}");
        }
        return;
    }
    let token = signed(bytes);
    let claims = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    match respond(*choice, &format!("response={token}")) {
        Ok(response) => {
            is_ours(&claims);
            assert_eq!((response.state(), claims["state"].as_str()), (STATE, Some(STATE)));
            assert_eq!(response.code().map(|code| code.reveal()), claims["code"].as_str());
            assert!(claims.get("error").is_none());
        }
        // An error is the server's word, so it counts as little as a code that nobody signed for us.
        Err(Error::Server(error)) => {
            is_ours(&claims);
            assert_eq!((claims["state"].as_str(), claims["error"].as_str()), (Some(STATE), Some(error.error.as_str())));
        }
        Err(_) => {}
    }
    // Nothing beside the signed answer changes it.
    let beside = respond(*choice, &format!("response={token}&code=evil&state={STATE}&error=evil"));
    assert!(beside.is_err() || beside.is_ok_and(|response| response.get("code") != Some("evil")));

    let marker = marker(data);
    let exp = NOW + 60;
    let mut body = format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT_ID}","exp":{exp},"state":"{STATE}","code":"{marker}","id_token":"{marker}","#
    )
    .into_bytes();
    body.extend_from_slice(bytes.strip_prefix(b"{").unwrap_or(bytes));
    match respond(*choice, &format!("response={}", signed(&body))) {
        Ok(response) => hides(&marker, &response),
        Err(error) => tells_nothing(&marker, &error),
    }
}

fn is_ours(claims: &Value) {
    assert_eq!(claims["iss"], ISSUER);
    let aud = &claims["aud"];
    assert!(aud == CLIENT_ID || aud.as_array().is_some_and(|all| all.iter().any(|one| one == CLIENT_ID)), "{aud}");
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > (NOW - 60) as f64), "{}", claims["exp"]);
}

fn signed(claims: &[u8]) -> String {
    jws::sign_blocking(&Header::new(), claims, &provider().0.private).expect("a key signs")
}

fn respond(way: u8, answer: &str) -> Result<AuthorizationResponse> {
    let callback = match way & 3 {
        0 => Callback::from(answer),
        1 => Callback::query(answer),
        2 => Callback::fragment(answer),
        _ => Callback::form_post(answer.as_bytes()),
    };
    at_once(CLIENT.respond(pending(), callback)).inspect_err(is_presentable)
}

fn pending() -> Pending {
    let context = RequestContext {
        client_id: CLIENT_ID,
        issuer: Some(ISSUER),
        authorization_endpoint: "https://as.example/authorize",
        iss_parameter_supported: false,
        redirect_uri: Some(&format!("{APP}/callback")),
        entropy: &Nothing,
        now: UnixTime::from_seconds(NOW),
        allow_http: false,
    };
    let request = AuthorizationRequest::new().state(STATE).response_mode("jwt");
    request.start(&context).expect("a request that can be made").1
}
