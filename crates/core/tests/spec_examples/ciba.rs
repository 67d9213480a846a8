//! Backchannel authentication (CIBA Core): requests, acknowledgements, notifications, errors.

use crate::Case;
use crate::support::authorization::decoded;
use crate::support::provider::{ISSUER, ec};
use crate::support::{FakeServer, Inline, ManualClock, block_on, ports};
use grantee_core::client::{Config, Server};
use grantee_core::client_auth::ClientAssertion;
use grantee_core::grant::ciba::{Notification, answer};
use grantee_core::grant::polling::PollState;
use grantee_core::grant::{BackchannelAuthentication, BackchannelAuthenticationRequest, Delivery};
use grantee_core::jose::{Digest, SignatureAlgorithm, SigningKey};
use grantee_core::{Client, Params, Token, UnverifiedIdToken};
use http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;

const ACKNOWLEDGED: &str = r#"{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}"#;

/// A client whose requests are answered so, by endpoint; its assertion is whatever an example shows.
fn client(
    acknowledge: (u16, &'static str),
    token: (u16, &'static str),
    assertion: &'static str,
) -> (Client, Arc<FakeServer>) {
    let server = FakeServer::new(move |request, _| {
        let (status, body) = if request.uri().path() == "/token" { token } else { acknowledge };
        crate::support::json(status, body)
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("s6BhdRkqt3".to_owned(), None);
    config.set_auth(Arc::new(ClientAssertion::from_fn(move || Ok(assertion.into()))));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.backchannel_authentication_endpoint = Some(format!("{ISSUER}/bc-authorize"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    (Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap(), server)
}

/// The request with the parameters that an example shows.
fn alike(params: &Value) -> BackchannelAuthenticationRequest {
    let text = |name: &str| params[name].as_str().unwrap();
    BackchannelAuthenticationRequest::login_hint_token(text("login_hint_token"))
        .scope(text("scope"))
        .binding_message(text("binding_message"))
        .delivery(Delivery::Ping)
        .notification_token(text("client_notification_token"))
}

/// Section 7.1: the form, to the letter but for how a space is written.
pub fn request(case: &Case) {
    let params = &case.input["params"];
    let assertion = case.input("/params/client_assertion");
    let (client, server) = client((200, ACKNOWLEDGED), (500, ""), assertion);
    block_on(client.backchannel(alike(params))).unwrap();
    let (mut sent, expected) = (Params::parse(&server.body(0)), Params::parse(case.expected("/body")));
    // Ours names the client beside the assertion too, which RFC 7521 section 4.2 leaves open; it must be the same.
    assert_eq!(sent.get("client_id"), case.expected["assertion_claims"]["iss"].as_str());
    sent.remove("client_id");
    assert_eq!(sent.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    let (header, claims) = decoded(assertion);
    assert_eq!((&header, &claims), (&case.expected["assertion_header"], &case.expected["assertion_claims"]));
    let hint = decoded(case.input("/params/login_hint_token")).1;
    assert_eq!(hint, case.expected["login_hint_token_claims"]);
}

/// Section 7.1.1.
pub fn signed_authentication_request(case: &Case) {
    let (header, theirs) = decoded(case.input("/request"));
    assert_eq!((&header, &theirs), (&case.expected["header"], &case.expected["claims"]));
    // The example's assertion ends in a sentence of the text around it.
    let (client, server) = client((200, ACKNOWLEDGED), (500, ""), "a.b.c");
    let key = ec(header["kid"].as_str().unwrap());
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    block_on(client.backchannel(alike(&theirs).signed_by(signer))).unwrap();
    let form = Params::parse(&server.body(0));
    let outside: Vec<_> = form.iter().map(|(name, _)| name).filter(|name| *name != "request").collect();
    assert_eq!(
        outside,
        ["client_id", "client_assertion_type", "client_assertion"],
        "the client, and nothing that is asked"
    );
    let assertion_type = case.expected("/outside_params/client_assertion_type");
    assert_eq!(form.get("client_assertion_type"), Some(assertion_type));
    let (our_header, mut ours) = decoded(form.get("request").unwrap());
    assert_eq!((&our_header["kid"], &our_header["alg"]), (&header["kid"], &header["alg"]));
    // Where, when and by chance is another's.
    for name in ["aud", "exp", "iat", "nbf", "jti"] {
        assert_eq!((ours[name].is_string(), ours[name].is_i64()), (theirs[name].is_string(), theirs[name].is_i64()));
        ours[name] = theirs[name].clone();
    }
    assert_eq!(ours, theirs);
}

pub fn ciba_ack(case: &Case) {
    let (client, server) = client((case.status(), case.body()), (400, r#"{"error":"authorization_pending"}"#), "a.b.c");
    let request = BackchannelAuthenticationRequest::login_hint("alice");
    let pending = block_on(client.backchannel(request)).unwrap();
    let kept = serde_json::to_value(&pending).unwrap();
    for (member, value) in case.expected.as_object().unwrap() {
        assert_eq!(&kept[member], value, "{member}");
    }
    assert_eq!(pending.interval().as_secs(), case.expected["interval"].as_u64().unwrap());
    let mut polling = client.backchannel_polling(pending, None).unwrap();
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Pending)));
    let form = Params::parse(&server.body(1));
    assert_eq!(form.get("auth_req_id"), Some(case.expected("/auth_req_id")));
}

fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())])
}

/// A request that is being waited for, with the token that an example's notification bears.
fn awaited(case: &Case, delivery: Delivery) -> BackchannelAuthentication {
    let (client, _) = client((200, ACKNOWLEDGED), (500, ""), "a.b.c");
    let request = BackchannelAuthenticationRequest::login_hint("alice");
    let request = request.delivery(delivery).notification_token(case.input("/bearer"));
    block_on(client.backchannel(request)).unwrap()
}

/// What a notification with another token, or about another request, is answered with.
fn refused(case: &Case, pending: &BackchannelAuthentication) {
    let wrong = Notification::read(pending, &bearer("another"), case.body().as_bytes());
    assert_eq!(answer(&wrong).status(), 401);
    let other = case.body().replace("1c266114", "2c266114");
    assert!(Notification::read(pending, &bearer(case.input("/bearer")), other.as_bytes()).is_err());
}

pub fn ciba_ping(case: &Case) {
    let pending = awaited(case, Delivery::Ping);
    let read = Notification::read(&pending, &bearer(case.input("/bearer")), case.body().as_bytes());
    assert!(matches!(read, Ok(Notification::Ping)));
    assert_eq!(answer(&read).status(), 204);
    assert!(case.body().contains(case.expected("/auth_req_id")));
    refused(case, &pending);
}

pub fn ciba_push(case: &Case) {
    let pending = awaited(case, Delivery::Push);
    let read = Notification::read(&pending, &bearer(case.input("/bearer")), case.body().as_bytes());
    assert!(matches!(read, Ok(Notification::Push(_))));
    refused(case, &pending);
    // No key is printed for the signature. The hashes that it covers are those that the client compares.
    let token: Token = serde_json::from_str(case.body()).unwrap();
    let id_token = token.id_token.as_ref().map(UnverifiedIdToken::reveal_unverified).unwrap();
    assert_eq!(decoded(id_token).1, case.expected["id_token_claims"]);
    let half = |text: &str| json!(Digest::Sha256.left_half(text.as_bytes()).unwrap());
    let (claims, expected) = (&case.expected["id_token_claims"], case.expected);
    let at_hash = half(token.access_token.reveal());
    assert_eq!((&at_hash, &at_hash), (&expected["at_hash_computed"], &claims["at_hash"]));
    let rt_hash = half(token.refresh_token.as_ref().unwrap().reveal());
    let named = &claims["urn:openid:params:jwt:claim:rt_hash"];
    assert_eq!((&rt_hash, &rt_hash), (&expected["rt_hash_computed"], named));
    assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], expected["auth_req_id_claim"]);
}

pub fn ciba_error(case: &Case) {
    let request = || BackchannelAuthenticationRequest::login_hint("alice");
    let wanted = Some(case.expected("/error"));
    let answered = (case.status(), case.body());
    // Those of section 11 come from the token endpoint, those of section 13 when the request is made; access_denied at both.
    let polled =
        matches!(case.expected("/error"), "authorization_pending" | "slow_down" | "expired_token" | "access_denied");
    if polled {
        let (client, server) = client((200, ACKNOWLEDGED), answered, "a.b.c");
        let pending = block_on(client.backchannel(request())).unwrap();
        let mut polling = client.backchannel_polling(pending, None).unwrap();
        let state = block_on(polling.poll_once());
        match (case.expected("/error"), state) {
            ("authorization_pending", Some(PollState::Pending))
            | ("expired_token", Some(PollState::Expired(_)))
            | ("access_denied", Some(PollState::Denied(_))) => {}
            ("slow_down", Some(PollState::SlowDown { interval })) => assert_eq!(interval.as_secs(), 2 + 5),
            (_, state) => panic!("{state:?}"),
        }
        assert_eq!(server.count(), 2);
    }
    let (client, _) = client(answered, (500, ""), "a.b.c");
    assert_eq!(block_on(client.backchannel(request())).unwrap_err().server_error(), wanted);
}
