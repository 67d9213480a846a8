//! OAuth 1.0: three legs and two, signatures in every place and by every method, and what must not pass.

use super::flows::{PATIENCE, session};
use super::{Outcome, Steps, walk};
use bytes::Bytes;
use grantee::Token;
use grantee::blocking::oauth1::{Client, ClientBuilder};
use grantee::blocking::{ApiClient, Http as _, Session};
use grantee::jose::{Jwk, KeyKind};
use grantee::loopback::LoopbackReceiver;
#[cfg(feature = "rsa-sha1")]
use grantee::oauth1::RsaSha1;
use grantee::oauth1::{
    HmacSha1, HmacSha256, HmacSha512, Pending, Placement, Plaintext, RsaSha256, RsaSha512, Signing, token_credentials,
};
use grantee::ports::Cancel;
use grantor::{OAuth1Client, Server};
use http::Request;
use serde_json::Value;

/// The demo's client.
fn consumer(server: &Server) -> ClientBuilder {
    Client::builder("consumer", "secret")
        .temporary_credentials_endpoint(server.url("/oauth1/initiate"))
        .authorization_endpoint(server.url("/oauth1/authorize"))
        .token_credentials_endpoint(server.url("/oauth1/token"))
}

/// A token that the server has for alice.
fn issued(server: &Server) -> Token {
    let issued = server.issue_oauth1("consumer", "alice");
    token_credentials::token(issued.token, issued.secret)
}

/// Sends a form to the API, which says who signed it and where the signature was.
fn call(server: &Server, session: &Session, path: &str, expected: &[(&str, &str)]) -> Outcome {
    let request = Request::post(server.url(path))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"caption=two+words&file=%C3%A9"))
        .map_err(|error| error.to_string())?;
    let answer = session.send(request).map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status()));
    }
    let seen: Value = serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
    match expected.iter().find(|(name, value)| seen[name] != *value) {
        None => Ok(()),
        Some((name, _)) => Err(format!("the API saw another {name}: {}", seen[name])),
    }
}

pub(super) fn three_legs(server: &Server, steps: &mut Steps) -> Outcome {
    let receiver = steps.step("receiver listens on a free port", LoopbackReceiver::bind())?;
    let client = steps.step("client made", consumer(server).callback(receiver.redirect_uri()).build())?;
    let (url, pending) = steps.step("temporary credentials lent, callback confirmed", client.start())?;
    let token = pending.oauth_token().to_owned();
    let (walked, callback) = std::thread::scope(|scope| {
        let browser = scope.spawn(|| walk::walk(&url));
        let callback = receiver.wait_oauth1(&token, PATIENCE, &Cancel::new());
        (browser.join(), callback)
    });
    let walked = walked.map_err(|_| "the browser panicked".to_owned())?;
    steps.step("browser sent to the server and from there to the receiver", walked)?;
    let callback = steps.step("answer received", callback)?;
    let token = steps.step("callback judged, token credentials got", client.finish(pending, &callback))?;
    steps.check("the server says whose they are", token.get("screen_name").is_some_and(|name| name == "alice"))?;
    let session = steps.step("session made", session(server, client.session_of(token)))?;
    steps.step("API called", call(server, &session, "/oauth1/api/photos", &[("user", "alice"), ("client", "consumer")]))
}

pub(super) fn out_of_band(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made, without a callback", consumer(server).build())?;
    let (_, pending) = steps.step("temporary credentials lent", client.start())?;
    let kept = steps.step("pending login written", pending.to_json())?;
    let code = server.approve_oauth1(pending.oauth_token(), "alice");
    let code = steps.step("the server showed a code", code.ok_or("it did not"))?;
    let pending = steps.step("pending login read", Pending::from_json(&kept))?;
    let token = steps.step("code typed in, token credentials got", client.finish(pending, &code))?;
    let session = steps.step("session made", session(server, client.session_of(token)))?;
    steps.step("API called", call(server, &session, "/oauth1/api/photos", &[("user", "alice")]))
}

pub(super) fn denied(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", consumer(server).callback("http://127.0.0.1/callback").build())?;
    let (_, pending) = steps.step("temporary credentials lent", client.start())?;
    steps.check("the person said no", server.deny_oauth1(pending.oauth_token()))?;
    let callback = format!("?oauth_token={}&oauth_problem=permission_denied", pending.oauth_token());
    let refused = client.finish(pending, &callback);
    steps.check(
        "the login ends with the server's error: permission_denied",
        matches!(&refused, Err(error) if error.server_error() == Some("permission_denied")),
    )?;
    let (_, first) = steps.step("another login started", client.start())?;
    let (_, second) = steps.step("and a third", client.start())?;
    let mixed = client.finish(first, &format!("?oauth_token={}&oauth_verifier=x", second.oauth_token()));
    steps.check("the callback of one is refused by the other", matches!(mixed, Err(grantee::Error::Rule(_))))
}

pub(super) fn two_legs(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", consumer(server).build())?;
    let session = steps.step("session made of the client alone", session(server, client.two_legged()))?;
    steps.step("API called", call(server, &session, "/oauth1/two-legged/stock", &[("client", "consumer")]))
}

pub(super) fn placements(server: &Server, steps: &mut Steps) -> Outcome {
    let token = issued(server);
    for (place, placement) in [("header", Placement::Header), ("body", Placement::Body), ("query", Placement::Query)] {
        let client = consumer(server).signing(Signing::new().placement(placement)).build();
        let client = steps.step("client made", client)?;
        let session = steps.step("session made", session(server, client.session_of(token.clone())))?;
        let expected = [("placement", place), ("user", "alice")];
        let called = call(server, &session, "/oauth1/api/photos?size=a%20b&size=", &expected);
        steps.step(&format!("API called, signed in the {place}"), called)?;
    }
    Ok(())
}

pub(super) fn methods(_: &Server, steps: &mut Steps) -> Outcome {
    let key = steps.step("RSA key made", Jwk::generate(KeyKind::Rsa(2048)))?;
    let pem = steps.step("its public half written", key.to_public_pem())?;
    let registered = OAuth1Client::new("both", "secret").rsa_public_key(&pem);
    let server = steps.step("server started that knows it", Server::builder().oauth1_client(registered).try_start())?;
    for (name, signing) in [
        ("HMAC-SHA1", Signing::new().method(HmacSha1)),
        ("HMAC-SHA256", Signing::new().method(HmacSha256)),
        ("HMAC-SHA512", Signing::new().method(HmacSha512)),
        ("PLAINTEXT", Signing::new().method(Plaintext)),
        #[cfg(feature = "rsa-sha1")]
        ("RSA-SHA1", Signing::new().method(steps.step("key taken up", RsaSha1::from_key(&key))?)),
        ("RSA-SHA256", Signing::new().method(steps.step("key taken up", RsaSha256::from_key(&key))?)),
        ("RSA-SHA512", Signing::new().method(steps.step("key taken up", RsaSha512::from_key(&key))?)),
    ] {
        let client = steps.step("client made", Client::builder("both", "secret").signing(signing).build())?;
        let session = steps.step("session made", session(&server, client.two_legged()))?;
        let called = call(&server, &session, "/oauth1/two-legged/stock", &[("signature_method", name)]);
        steps.step(&format!("API called, signed by {name}"), called)?;
    }
    Ok(())
}

pub(super) fn refused(server: &Server, steps: &mut Steps) -> Outcome {
    let client = steps.step("client made", consumer(server).build())?;
    let token = issued(server);
    let wire = steps.step("plain HTTP client made", ApiClient::builder(&server.issuer()).build())?;
    let send = |request: Request<Bytes>| match wire.http().send(request) {
        Ok(answer) => {
            let said = String::from_utf8_lossy(answer.http.body()).into_owned();
            Ok((answer.http.status().as_u16(), said))
        }
        Err(error) => Err(error.to_string()),
    };
    let signed = || {
        let request = Request::get(server.url("/oauth1/api/photos?size=small")).body(Bytes::new());
        let mut request = request.map_err(|error| error.to_string())?;
        client.sign(&mut request, Some(&token)).map_err(|error| error.to_string())?;
        Ok::<_, String>(request)
    };
    let request = steps.step("request signed", signed())?;
    let (status, _) = steps.step("request sent", send(request.clone()))?;
    steps.check("the API took it", status == 200)?;
    let (status, said) = steps.step("the very same sent again", send(request))?;
    steps.check("a replay is refused: nonce_used", status == 401 && said.contains("nonce_used"))?;
    let mut forged = steps.step("another request signed", signed())?;
    let elsewhere = server.url("/oauth1/api/photos?size=large").parse();
    *forged.uri_mut() = steps.step("its query changed on the way", elsewhere)?;
    let (status, said) = steps.step("it is sent", send(forged))?;
    steps
        .check("a forged request is refused: signature_invalid", status == 401 && said.contains("signature_invalid"))?;
    steps.check("a revoked token is revoked", server.revoke_oauth1(token.access_token.reveal()))?;
    let request = steps.step("a third request signed", signed())?;
    let (status, said) = steps.step("it is sent", send(request))?;
    steps.check("the token is refused: token_rejected", status == 401 && said.contains("token_rejected"))
}
