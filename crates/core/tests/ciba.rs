//! Client-initiated backchannel authentication (CIBA Core): poll, ping and push, signed requests, notifications.

mod support;

use grantee_core::client::{Config, Login, Server};
use grantee_core::grant::ciba::{Notification, answer};
use grantee_core::grant::polling::PollState;
use grantee_core::grant::{BackchannelAuthentication, BackchannelAuthenticationRequest, Delivery, NotificationInbox};
use grantee_core::jose::{Digest, Jwk, JwkSet, SignatureAlgorithm, SigningKey, VerifyingKey, jws};
use grantee_core::{Client, Error, Params, Result};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, block_on, ports, whole};

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";
const ID: &str = "1c266114-a1be-4252-8ad1-04986c5b9ac1";
const RT_HASH: &str = "urn:openid:params:jwt:claim:rt_hash";
const AUTH_REQ_ID: &str = "urn:openid:params:jwt:claim:auth_req_id";

struct World {
    client: Client,
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
    key: Jwk,
    /// Of the ID token that the token endpoint adds.
    claims: Arc<Mutex<Option<Map<String, Value>>>>,
    /// How often the key set can't be had.
    keyless: Arc<AtomicUsize>,
}

/// The token endpoint grants, after saying `pending` so often.
fn world(pending: usize) -> World {
    world_of(pending, (200, json!({"auth_req_id": ID, "expires_in": 120, "interval": 2})), None)
}

fn world_of(pending: usize, ack: (u16, Value), early: Option<(NotificationInbox, Value)>) -> World {
    let key = ec("k");
    let (keys, left) = (vec![key.clone()], Mutex::new(pending));
    let said = Arc::new(Mutex::new(Some(claims())));
    let (own, saying) = (key.clone(), Arc::clone(&said));
    let keyless = Arc::new(AtomicUsize::new(0));
    let ill = Arc::clone(&keyless);
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/bc-authorize" => {
            if let Some((inbox, body)) = &early {
                assert_eq!(inbox.deliver(&bearer(TOKEN), body.to_string().as_bytes()).status(), 204);
            }
            support::json(ack.0, &ack.1.to_string())
        }
        "/jwks" if ill.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() => {
            support::json(503, "")
        }
        "/jwks" => support::json(200, &JwkSet { keys: keys.clone(), ignored: Vec::new() }.public().to_json()),
        _ => {
            let mut left = left.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return support::json(400, r#"{"error":"authorization_pending"}"#);
            }
            let mut body = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 100});
            if let Some(claims) = &*saying.lock().unwrap() {
                body["id_token"] = json!(signed(&own, SignatureAlgorithm::Es256, claims));
            }
            support::json(200, &body.to_string())
        }
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.set_id_token_alg(Some("ES256".into()));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.backchannel_authentication_endpoint = Some(format!("{ISSUER}/bc-authorize"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    let clock = ManualClock::new();
    let client = Client::new(config, ports(&server, &clock, Arc::new(Inline))).unwrap();
    World { client, server, clock, key, claims: said, keyless }
}

fn bearer(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())])
}

fn half(text: &str) -> String {
    Digest::Sha256.left_half(text.as_bytes()).unwrap()
}

fn request(delivery: Delivery) -> BackchannelAuthenticationRequest {
    let request = BackchannelAuthenticationRequest::login_hint("alice").delivery(delivery);
    if delivery == Delivery::Poll { request } else { request.notification_token(TOKEN) }
}

impl World {
    fn start(&self, request: BackchannelAuthenticationRequest) -> BackchannelAuthentication {
        block_on(self.client.backchannel(request)).unwrap()
    }

    fn wait(&self, pending: BackchannelAuthentication, inbox: Option<&NotificationInbox>) -> Result<Login> {
        block_on(self.client.backchannel_polling(pending, inbox)?.wait())
    }

    fn seconds(&self) -> i64 {
        self.clock.wall.load(Ordering::SeqCst) / 1000 - NOW
    }

    fn asked_for_tokens(&self) -> usize {
        self.server.requests.lock().unwrap().iter().filter(|request| request.uri().path() == "/token").count()
    }

    /// A push with nothing wrong, changed.
    fn push(&self, change: impl Fn(&mut Value, &mut Value)) -> Value {
        let mut wanted = Value::from(claims());
        wanted["at_hash"] = json!(half("pushed-at"));
        wanted[RT_HASH] = json!(half("pushed-rt"));
        wanted[AUTH_REQ_ID] = json!(ID);
        let mut body = json!({"auth_req_id": ID, "access_token": "pushed-at", "token_type": "Bearer", "expires_in": 100,
            "refresh_token": "pushed-rt"});
        change(&mut body, &mut wanted);
        let id_token = signed(&self.key, SignatureAlgorithm::Es256, wanted.as_object().unwrap());
        if body.get("id_token").is_none() {
            body["id_token"] = json!(id_token);
        }
        body
    }
}

#[test]
fn the_whole_conversation_by_poll() {
    let world = world(2);
    let request = BackchannelAuthenticationRequest::login_hint("alice")
        .scope("email")
        .binding_message("W4SCT")
        .acr_values("high")
        .user_code("1234")
        .requested_expiry(60)
        .resource("https://api.example/")
        .param("tenant", "7");
    let pending = world.start(request);
    assert_eq!(pending.interval().as_secs(), 2);
    let sent = whole(&world.server.requests.lock().unwrap()[0]);
    assert_eq!(
        sent,
        format!(
            "POST {ISSUER}/bc-authorize\naccept: application/json\nauthorization: Basic c3ZjOnMzY3JldA==\n\
             content-type: application/x-www-form-urlencoded\n\n\
             scope=openid+email&acr_values=high&binding_message=W4SCT&user_code=1234&requested_expiry=60&login_hint=alice\
             &resource=https%3A%2F%2Fapi.example%2F&tenant=7"
        )
    );
    // An acr was asked for, and the ID token has none.
    assert!(world.wait(pending, None).unwrap_err().to_string().contains("acr is one of those asked for"));
    let login = world.wait(world.start(request_of_alice()), None).unwrap();
    assert_eq!((login.token.access_token.reveal(), login.id_token.unwrap().subject()), ("at", "alice"));
    let last = world.server.requests.lock().unwrap().last().map(whole).unwrap();
    assert!(
        last.ends_with(&format!("\n\ngrant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id={ID}")),
        "{last}"
    );
}

fn request_of_alice() -> BackchannelAuthenticationRequest {
    BackchannelAuthenticationRequest::login_hint("alice")
}

#[test]
fn each_hint_goes_under_its_own_name() {
    let world = world(0);
    for (request, body) in [
        (BackchannelAuthenticationRequest::login_hint("x"), "login_hint=x"),
        (BackchannelAuthenticationRequest::login_hint_token("x"), "login_hint_token=x"),
        (BackchannelAuthenticationRequest::id_token_hint("x"), "id_token_hint=x"),
    ] {
        world.start(request);
        assert_eq!(world.server.body(world.server.count() - 1), format!("scope=openid&{body}"));
    }
}

#[test]
fn an_id_token_always_comes_and_is_verified() {
    let world = world(0);
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims.insert(name.to_owned(), value);
        Some(claims)
    };
    for (claims, good) in [
        (Some(claims()), true),
        (with(AUTH_REQ_ID, json!(ID)), true),
        (with(AUTH_REQ_ID, json!("other")), false),
        (with("aud", json!("other")), false),
        (with("iss", json!("https://evil.example")), false),
        (None, false),
    ] {
        *world.claims.lock().unwrap() = claims;
        let outcome = world.wait(world.start(request_of_alice()), None);
        assert_eq!(outcome.is_ok(), good);
        assert!(matches!(outcome, Ok(_) | Err(Error::Rule(_))));
        // However the token is asked for.
        let grant = world.start(request_of_alice()).into_grant().unwrap();
        assert_eq!(block_on(world.client.token(&grant)).is_ok(), good);
    }
    *world.claims.lock().unwrap() = Some(claims());
    let mut literal = support::literal();
    literal.members_mut().backchannel_authentication_endpoint = Some(format!("{ISSUER}/bc-authorize"));
    let client = Client::new(literal, world.client.ports().clone()).unwrap();
    let pending = block_on(client.backchannel(request_of_alice())).unwrap();
    assert!(
        block_on(client.backchannel_polling(pending, None).unwrap().wait()).is_err(),
        "a client without keys takes none"
    );
}

#[test]
fn a_refusal_is_the_servers() {
    let world = world_of(0, (400, json!({"error": "missing_user_code"})), None);
    let error = block_on(world.client.backchannel(request_of_alice())).unwrap_err();
    assert_eq!(error.server_error(), Some("missing_user_code"));
}

#[test]
fn a_signed_request_has_every_parameter_within_and_authentication_outside() {
    let world = world(0);
    let key = ec("client");
    let signer = SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap();
    let request =
        request(Delivery::Ping).binding_message("W4SCT").requested_expiry(60).resource("https://api.example/");
    world.start(request.signed_by(signer));
    let sent = world.server.requests.lock().unwrap()[0].clone();
    assert!(sent.headers().contains_key("authorization"));
    let form = Params::parse(std::str::from_utf8(sent.body()).unwrap());
    assert_eq!(form.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["request"]);
    let verified = jws::Compact::parse(form.get("request").unwrap())
        .unwrap()
        .verify(&VerifyingKey::new(&key, SignatureAlgorithm::Es256).unwrap())
        .unwrap();
    assert_eq!(verified.header.kid.as_deref(), Some("client"));
    let mut claims: Value = serde_json::from_slice(&verified.payload).unwrap();
    assert!(claims["jti"].as_str().unwrap().len() >= 22);
    claims["jti"] = json!("once");
    assert_eq!(
        claims,
        json!({"iss": "svc", "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": "once", "scope": "openid",
            "client_notification_token": TOKEN, "binding_message": "W4SCT", "requested_expiry": "60", "login_hint": "alice",
            "resource": "https://api.example/"})
    );
}

#[test]
fn a_signed_request_is_signed_asymmetrically() {
    let signer = SigningKey::new(&Jwk::oct([7; 32]), SignatureAlgorithm::Hs256).unwrap();
    let error = block_on(world(0).client.backchannel(request_of_alice().signed_by(signer))).unwrap_err();
    assert!(error.to_string().contains("asymmetric"), "{error}");
}

#[test]
fn a_ping_ends_the_wait_with_one_token_request() {
    let world = world(0);
    let inbox = NotificationInbox::new();
    let pending = world.start(request(Delivery::Ping).notified_in(&inbox));
    let body = json!({"auth_req_id": ID}).to_string();
    assert_eq!(inbox.deliver(&bearer(TOKEN), body.as_bytes()).status(), 204);
    let login = world.wait(pending, Some(&inbox)).unwrap();
    assert_eq!((login.token.access_token.reveal(), world.seconds(), world.asked_for_tokens()), ("at", 0, 1));
    assert_eq!(inbox.deliver(&bearer(TOKEN), body.as_bytes()).status(), 401);
}

#[test]
fn after_a_ping_that_came_too_early_it_is_polled() {
    let world = world(1);
    let inbox = NotificationInbox::new();
    let pending = world.start(request(Delivery::Ping).notified_in(&inbox));
    inbox.deliver(&bearer(TOKEN), json!({"auth_req_id": ID}).to_string().as_bytes());
    world.wait(pending, Some(&inbox)).unwrap();
    assert_eq!((world.seconds(), world.asked_for_tokens()), (2, 2));
}

#[test]
fn without_a_ping_nothing_is_asked_until_it_expires_and_polling_is_still_allowed() {
    let world = world(0);
    let inbox = NotificationInbox::new();
    let pending = world.start(request(Delivery::Ping));
    let error = world.wait(pending, Some(&inbox)).unwrap_err();
    assert_eq!((error.code(), world.seconds(), world.asked_for_tokens()), ("expired", 120, 0));
    assert!(world.wait(world.start(request(Delivery::Ping)), None).is_ok());
    let mut polling = world.client.backchannel_polling(world.start(request(Delivery::Ping)), Some(&inbox)).unwrap();
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Granted(_))));
}

#[test]
fn a_notification_that_outruns_the_answer_is_not_lost() {
    let inbox = NotificationInbox::new();
    let ack = (200, json!({"auth_req_id": ID, "expires_in": 120}));
    let world = world_of(0, ack, Some((inbox.clone(), json!({"auth_req_id": ID}))));
    let pending = world.start(request(Delivery::Ping).notified_in(&inbox));
    world.wait(pending, Some(&inbox)).unwrap();
    assert_eq!(world.seconds(), 0);
}

#[test]
fn a_ping_wakes_a_thread_that_waits() {
    struct Parking(support::Time);
    impl grantee_core::ports::Clock for Parking {
        fn now(&self) -> grantee_core::UnixTime {
            self.0.now()
        }
        fn monotonic(&self) -> std::time::Duration {
            self.0.monotonic()
        }
        fn sleep_or_cancel<'a>(
            &'a self,
            _: std::time::Duration,
            cancel: &'a grantee_core::ports::Cancel,
        ) -> grantee_core::ports::BoxFuture<'a, grantee_core::ports::WaitEnd> {
            Box::pin(async move { cancel.wait_blocking(std::time::Duration::from_secs(60)) })
        }
    }
    let world = world(0);
    let mut ports = world.client.ports().clone();
    ports.clock = Arc::new(Parking(support::Time(Arc::clone(&world.clock))));
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.set_id_token_alg(Some("ES256".into()));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    let client = Client::new(config, ports).unwrap();
    let inbox = NotificationInbox::new();
    let pending = world.start(request(Delivery::Ping).notified_in(&inbox));
    let waiting = inbox.clone();
    let thread =
        std::thread::spawn(move || block_on(client.backchannel_polling(pending, Some(&waiting)).unwrap().wait()));
    assert_eq!(inbox.deliver(&bearer(TOKEN), json!({"auth_req_id": ID}).to_string().as_bytes()).status(), 204);
    assert_eq!(thread.join().unwrap().unwrap().token.access_token.reveal(), "at");
}

#[test]
fn a_push_brings_the_login_and_the_token_endpoint_is_never_asked() {
    let world = world(0);
    let inbox = NotificationInbox::new();
    let pending = world.start(request(Delivery::Push).notified_in(&inbox));
    let body = world.push(|_, _| ());
    assert_eq!(inbox.deliver(&bearer(TOKEN), body.to_string().as_bytes()).status(), 204);
    let login = world.wait(pending, Some(&inbox)).unwrap();
    assert_eq!((login.token.access_token.reveal(), login.id_token.unwrap().subject()), ("pushed-at", "alice"));
    assert_eq!(login.token.scope, Some("openid".into()));
    assert!(login.token.expires_at.is_some() && login.token.get("auth_req_id").is_none());
    assert_eq!(world.asked_for_tokens(), 0);
    let mut polling = world.client.backchannel_polling(world.start(request(Delivery::Push)), Some(&inbox)).unwrap();
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Pending)));
    assert!(world.client.backchannel_polling(world.start(request(Delivery::Push)), None).is_err());
    assert_eq!(world.asked_for_tokens(), 0);
}

#[test]
fn a_push_waits_for_the_keys_that_verify_it() {
    let world = world(0);
    let inbox = NotificationInbox::new();
    let deliver = || {
        let pending = world.start(request(Delivery::Push).notified_in(&inbox));
        let body = world.push(|_, _| ()).to_string();
        assert_eq!(inbox.deliver(&bearer(TOKEN), body.as_bytes()).status(), 204);
        pending
    };
    world.keyless.store(2, Ordering::SeqCst);
    let login = world.wait(deliver(), Some(&inbox)).unwrap();
    assert_eq!((login.token.access_token.reveal(), world.asked_for_tokens()), ("pushed-at", 0));
}

#[test]
fn where_nobody_says_ping_or_push_what_comes_tells() {
    let inbox = NotificationInbox::new();
    let (ping, push, denied) = (world(0), world(0), world(0));
    let pending = ping.start(request(Delivery::Notified).notified_in(&inbox));
    assert!(ping.client.backchannel_polling(ping.start(request(Delivery::Notified)), None).is_err());
    inbox.deliver(&bearer(TOKEN), json!({"auth_req_id": ID}).to_string().as_bytes());
    let login = ping.wait(pending, Some(&inbox)).unwrap();
    assert_eq!((login.token.access_token.reveal(), ping.asked_for_tokens()), ("at", 1));
    let pending = push.start(request(Delivery::Notified).notified_in(&inbox));
    assert!(push.start(request(Delivery::Notified)).into_grant().is_err());
    inbox.deliver(&bearer(TOKEN), push.push(|_, _| ()).to_string().as_bytes());
    let login = push.wait(pending, Some(&inbox)).unwrap();
    assert_eq!((login.token.access_token.reveal(), push.asked_for_tokens()), ("pushed-at", 0));
    let pending = denied.start(request(Delivery::Notified).notified_in(&inbox));
    let body = json!({"auth_req_id": ID, "error": "access_denied"}).to_string();
    inbox.deliver(&bearer(TOKEN), body.as_bytes());
    let error = denied.wait(pending, Some(&inbox)).unwrap_err();
    assert_eq!((error.server_error(), denied.asked_for_tokens()), (Some("access_denied"), 0));
    let pending = denied.start(request(Delivery::Notified).notified_in(&inbox));
    assert_eq!((denied.wait(pending, Some(&inbox)).unwrap_err().code(), denied.asked_for_tokens()), ("expired", 0));
}

#[test]
fn a_push_with_a_fault_is_no_login() {
    type Change = fn(&mut Value, &mut Value);
    let world = world(0);
    let faults: [(&str, Change); 13] = [
        ("at_hash", |_, claims| drop(claims.as_object_mut().unwrap().remove("at_hash"))),
        ("at_hash", |_, claims| claims["at_hash"] = json!(half("other"))),
        ("at_hash", |body, _| body["access_token"] = json!("other")),
        ("rt_hash", |_, claims| drop(claims.as_object_mut().unwrap().remove(RT_HASH))),
        ("rt_hash", |_, claims| claims[RT_HASH] = json!(half("other"))),
        ("rt_hash", |body, _| body["refresh_token"] = json!("other")),
        ("auth_req_id", |_, claims| drop(claims.as_object_mut().unwrap().remove(AUTH_REQ_ID))),
        ("auth_req_id", |_, claims| claims[AUTH_REQ_ID] = json!("other")),
        ("iss", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("aud", |_, claims| claims["aud"] = json!("other")),
        ("exp", |_, claims| claims["exp"] = json!(NOW - 999)),
        ("token_type", |body, _| drop(body.as_object_mut().unwrap().remove("token_type"))),
        ("the token is signed", |body, claims| {
            let text = |value: &Value| grantee_core::jose::base64url::encode(value.to_string());
            body["id_token"] = json!(format!("{}.{}.", text(&json!({"alg": "none"})), text(claims)));
        }),
    ];
    for (name, fault) in faults {
        let inbox = NotificationInbox::new();
        let pending = world.start(request(Delivery::Push).notified_in(&inbox));
        inbox.deliver(&bearer(TOKEN), world.push(fault).to_string().as_bytes());
        let error = world.wait(pending, Some(&inbox)).unwrap_err();
        assert!(matches!(error, Error::Rule(_)) && error.to_string().contains(name), "{name}: {error}");
    }
    let without = world.push(|body, claims| {
        body.as_object_mut().unwrap().remove("refresh_token");
        claims.as_object_mut().unwrap().remove(RT_HASH);
    });
    let pending = world.start(request(Delivery::Push));
    let Ok(Notification::Push(push)) = Notification::read(&pending, &bearer(TOKEN), without.to_string().as_bytes())
    else {
        panic!("no push")
    };
    assert!(block_on(world.client.pushed(&pending, &push)).unwrap().token.refresh_token.is_none());
}

#[test]
fn a_push_of_an_error_ends_the_wait_by_its_name() {
    let world = world(0);
    for (code, state) in [("access_denied", "Denied"), ("expired_token", "Expired"), ("transaction_failed", "Failed")] {
        let inbox = NotificationInbox::new();
        let pending = world.start(request(Delivery::Push).notified_in(&inbox));
        let body = json!({"auth_req_id": ID, "error": code});
        assert_eq!(inbox.deliver(&bearer(TOKEN), body.to_string().as_bytes()).status(), 204);
        let mut polling = world.client.backchannel_polling(pending, Some(&inbox)).unwrap();
        assert!(matches!(block_on(polling.next()), Some(PollState::Waiting { .. })));
        let end = format!("{:?}", block_on(polling.next()).unwrap());
        assert!(end.starts_with(state), "{code}: {end}");
        assert!(block_on(polling.next()).is_none());
    }
}

#[test]
fn a_wrong_notification_token_is_answered_401() {
    let world = world(0);
    let pending = world.start(request(Delivery::Push));
    let body = world.push(|_, _| ()).to_string();
    let wrong = Notification::read(&pending, &bearer("8d67dc78-7faa-4d41-aabd-67707b374256"), body.as_bytes());
    assert_eq!(answer(&wrong).status(), 401);
    assert_eq!(answer(&Notification::read(&pending, &bearer(TOKEN), body.as_bytes())).status(), 204);
}

#[test]
fn one_that_was_kept_is_told_apart_from_another_clients() {
    let world = world(0);
    let kept = serde_json::to_string(&world.start(request(Delivery::Ping))).unwrap();
    let inbox = NotificationInbox::new();
    let again: BackchannelAuthentication = serde_json::from_str(&kept).unwrap();
    let mut polling = world.client.backchannel_polling(again, Some(&inbox)).unwrap();
    assert_eq!(inbox.deliver(&bearer(TOKEN), json!({"auth_req_id": ID}).to_string().as_bytes()).status(), 204);
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Granted(_))));
    let mut other = support::literal();
    other.set_client("other".to_owned(), None);
    let other = Client::new(other, world.client.ports().clone()).unwrap();
    let again: BackchannelAuthentication = serde_json::from_str(&kept).unwrap();
    assert!(other.backchannel_polling(again, None).unwrap_err().to_string().contains("another client"));
}
