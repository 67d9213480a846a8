//! Logins that a person confirms on another device, against a server that is none of ours: devices (RFC 8628) and CIBA in all three
//! modes, in both faces.

mod faces;

use faces::{Client, Face, client, in_both_faces, session};
use grantee::ciba::{Delivery, NotificationListener};
use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey};
use grantee::ports::Cancel;
use grantee::{BackchannelAuthenticationRequest, DeviceAuthorizationRequest, PollState};
use grantor::{Endpoint, Jwt, JwtFault, NotificationFault, Server};

const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";

fn client_of(face: Face, server: &Server) -> Client {
    client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap()
}

in_both_faces! {
    a_person_confirms_on_another_device,
    a_person_says_no_or_the_code_expires,
    states_are_told_one_by_one_and_a_wait_is_cancelled,
    a_session_waits_for_the_device_on_first_use,
    ciba_by_poll,
    ciba_by_ping,
    ciba_by_push,
    a_push_with_a_fault_is_no_login,
    a_signed_backchannel_request_is_taken,
}

fn a_person_confirms_on_another_device(face: Face) {
    let server = Server::start();
    let client = client_of(face, &server);
    let (device, mut polling) = client.device(DeviceAuthorizationRequest::new().scope("openid profile")).unwrap();
    let shown = device.to_string();
    assert!(shown.contains(device.verification_uri()) && shown.contains(device.user_code()), "{shown}");
    assert!(matches!(polling.poll_once(), Some(PollState::Pending)));
    assert!(server.approve_device(device.user_code(), "alice"));
    let Some(PollState::Granted(login)) = polling.poll_once() else { panic!("no login") };
    assert_eq!(login.id_token().unwrap().subject(), "alice");
    assert!(login.userinfo().unwrap().claims.name().is_some());
    assert!(polling.poll_once().is_none());
}

fn a_person_says_no_or_the_code_expires(face: Face) {
    let server = Server::start();
    let client = client_of(face, &server);
    let (device, mut polling) = client.device(DeviceAuthorizationRequest::new()).unwrap();
    assert!(server.deny_device(device.user_code()));
    assert!(matches!(polling.poll_once(), Some(PollState::Denied(_))));
    let (_, mut polling) = client.device(DeviceAuthorizationRequest::new()).unwrap();
    server.advance(std::time::Duration::from_secs(100_000));
    assert!(matches!(polling.poll_once(), Some(PollState::Expired(error)) if error.code() == "expired"));
}

fn states_are_told_one_by_one_and_a_wait_is_cancelled(face: Face) {
    let server = Server::start();
    let (_, polling) = client_of(face, &server).device(DeviceAuthorizationRequest::new()).unwrap();
    let cancel = Cancel::new();
    let mut polling = polling.cancelled_by(&cancel);
    assert!(matches!(polling.next(), Some(PollState::Waiting { attempt: 1, .. })));
    let waiting = std::thread::spawn(move || (polling.next(), polling.next().is_none()));
    cancel.cancel();
    let (state, over) = waiting.join().unwrap();
    assert!(matches!(state, Some(PollState::Cancelled)) && over);
    assert_eq!(server.count(Endpoint::Token), 0);
}

fn a_session_waits_for_the_device_on_first_use(face: Face) {
    let server = Server::builder().device_interval(1).device_auto_approve_after(0).auto_approve("alice").start();
    let client = client_of(face, &server);
    let (device, _) = client.device(DeviceAuthorizationRequest::new().scope("openid offline_access")).unwrap();
    let session = session!(client, session(device.grant())).unwrap();
    assert_eq!(server.count(Endpoint::Token), 0);
    let first = session.access().unwrap();
    assert_ne!(session.renew().unwrap().access_token.reveal(), first);
    assert_eq!(server.count(Endpoint::Token), 2);
}

fn ciba_by_poll(face: Face) {
    let server = Server::start();
    let client = client_of(face, &server);
    let request = BackchannelAuthenticationRequest::login_hint("alice").scope("profile").binding_message("W4SCT");
    let (id, mut polling) = client.backchannel(request).unwrap();
    assert_eq!(server.pending_authorizations()[0].binding_message.as_deref(), Some("W4SCT"));
    assert!(matches!(polling.poll_once(), Some(PollState::Pending)));
    assert!(server.approve_ciba(&id, "alice"));
    let Some(PollState::Granted(login)) = polling.poll_once() else { panic!("no login") };
    assert_eq!(login.id_token().unwrap().subject(), "alice");
    // The hint of the next one.
    let (id, polling) =
        client.backchannel(BackchannelAuthenticationRequest::id_token_hint(login.id_token().unwrap())).unwrap();
    assert!(server.deny_ciba(&id));
    let mut polling = polling;
    assert!(matches!(polling.poll_once(), Some(PollState::Denied(_))));
}

#[test]
fn every_wait_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let server = Server::start();
    faces::RUNTIME.block_on(async {
        let client = grantee::Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
        let device = client.device(DeviceAuthorizationRequest::new()).await.unwrap();
        let mut polling = device.polling();
        is_send(&device.wait());
        is_send(&polling.next());
        is_send(&polling.poll_once());
        is_send(&client.backchannel(BackchannelAuthenticationRequest::login_hint("alice")));
    });
}

/// A listener, and a server whose client is notified there.
fn notified(mode: &str) -> (NotificationListener, Server) {
    let listener = NotificationListener::bind("127.0.0.1:0").unwrap();
    let registered = grantor::Client::new("svc")
        .secret("secret")
        .backchannel_token_delivery_mode(mode)
        .backchannel_client_notification_endpoint(format!("http://{}/cb", listener.local_addr()));
    (listener, Server::builder().client(registered).start())
}

fn request(delivery: Delivery, listener: &NotificationListener) -> BackchannelAuthenticationRequest {
    BackchannelAuthenticationRequest::login_hint("alice").delivery(delivery).notified_in(listener.inbox())
}

fn ciba_by_ping(face: Face) {
    let (listener, server) = notified("ping");
    let (id, polling) = client_of(face, &server).backchannel(request(Delivery::Ping, &listener)).unwrap();
    let waiting = std::thread::spawn(move || polling.wait());
    assert!(server.approve_ciba(&id, "alice"));
    assert_eq!(waiting.join().unwrap().unwrap().id_token().unwrap().subject(), "alice");
    assert_eq!(server.count(Endpoint::Token), 1);
    assert_eq!(server.wait_for_ciba_notifications(1)[0].status, Some(204));
}

fn ciba_by_push(face: Face) {
    let (listener, server) = notified("push");
    let client = client_of(face, &server);
    let (id, polling) = client.backchannel(request(Delivery::Push, &listener)).unwrap();
    let waiting = std::thread::spawn(move || polling.wait());
    assert!(server.approve_ciba(&id, "alice"));
    let login = waiting.join().unwrap().unwrap();
    assert_eq!((login.id_token().unwrap().subject(), server.count(Endpoint::Token)), ("alice", 0));
    assert_eq!(server.wait_for_ciba_notifications(1)[0].status, Some(204));
    for (end, code) in
        [(Server::deny_ciba as fn(&Server, &str) -> bool, "access_denied"), (Server::fail_ciba, "transaction_failed")]
    {
        let (id, polling) = client.backchannel(request(Delivery::Push, &listener)).unwrap();
        assert!(end(&server, &id));
        assert_eq!(polling.wait().err().unwrap().server_error(), Some(code));
    }
    let (id, polling) = client.backchannel(request(Delivery::Push, &listener)).unwrap();
    assert!(server.expire_ciba(&id));
    assert_eq!(polling.wait().err().unwrap().code(), "expired");
}

fn a_push_with_a_fault_is_no_login(face: Face) {
    let (listener, server) = notified("push");
    let client = client_of(face, &server);
    for (fault, status) in [
        (NotificationFault::WrongBearerToken, 401),
        (NotificationFault::NoBearerToken, 401),
        (NotificationFault::WrongAuthReqId, 400),
        (NotificationFault::OmitMember("id_token".into()), 400),
        (NotificationFault::OmitMember("access_token".into()), 400),
        (NotificationFault::Body("{".into()), 400),
    ] {
        let (id, mut polling) = client.backchannel(request(Delivery::Push, &listener)).unwrap();
        let before = server.ciba_notifications().len();
        server.misbehave_notification_times(1, fault);
        assert!(server.approve_ciba(&id, "alice"));
        assert_eq!(server.wait_for_ciba_notifications(before + 1)[before].status, Some(status));
        assert!(matches!(polling.poll_once(), Some(PollState::Pending)), "nothing has come in");
    }
    for fault in [
        JwtFault::without("at_hash"),
        JwtFault::without(RT_HASH),
        JwtFault::without("urn:openid:params:jwt:claim:auth_req_id"),
        JwtFault::BrokenSignature,
        JwtFault::WrongAtHash,
        JwtFault::AlgNone,
    ] {
        let (id, polling) = client.backchannel(request(Delivery::Push, &listener)).unwrap();
        let name = format!("{fault:?}");
        server.misbehave_jwt_times(Jwt::PushedIdToken, 1, fault);
        assert!(server.approve_ciba(&id, "alice"));
        let outcome = polling.wait().map(|login| login.token().clone());
        assert_eq!(outcome.map_err(|error| error.code()), Err("rule_violation"), "{name}");
    }
}

fn a_signed_backchannel_request_is_taken(face: Face) {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("k");
    let public: serde_json::Value = serde_json::from_str(&key.public().unwrap().to_json()).unwrap();
    let registered = grantor::Client::new("svc")
        .secret("secret")
        .jwks(serde_json::json!({"keys": [public]}))
        .backchannel_authentication_request_signing_alg("ES256");
    let server = Server::builder().client(registered).start();
    let signer = || SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let request = || BackchannelAuthenticationRequest::login_hint("alice").requested_expiry(60);
    let client = client_of(face, &server);
    assert!(client.backchannel(request().signed_by_blocking(signer())).is_ok());
    assert_eq!(client.backchannel(request()).err().unwrap().server_error(), Some("invalid_request"));
}
