//! Device authorization (RFC 8628): the whole wire, the login it ends in, sessions on it.

mod support;

use grantee_core::client::{Config, Server};
use grantee_core::grant::polling::PollState;
use grantee_core::grant::{DeviceAuthorization, DeviceAuthorizationRequest, DeviceCode};
use grantee_core::jose::{JwkSet, SignatureAlgorithm};
use grantee_core::{Client, Error, Token, UnixTime};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, Shelf, access, block_on, ports, seconds, source, whole};

struct World {
    client: Client,
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
    /// What the token endpoint answers, the last of them from then on.
    tokens: Arc<Mutex<Vec<(u16, Value)>>>,
    key: grantee_core::jose::Jwk,
    /// How often the key set can't be had.
    keyless: Arc<AtomicUsize>,
}

fn answered() -> Value {
    json!({"device_code": "GmRh", "user_code": "WDJB-MJHT", "verification_uri": "https://example.com/device",
        "expires_in": 60, "interval": 5})
}

fn pending() -> (u16, Value) {
    (400, json!({"error": "authorization_pending"}))
}

fn granted(number: u32) -> (u16, Value) {
    (
        200,
        json!({"access_token": format!("at{number}"), "token_type": "Bearer", "expires_in": 100, "refresh_token": format!("rt{number}")}),
    )
}

fn world(tokens: Vec<(u16, Value)>) -> World {
    world_of(tokens, (200, answered()), |_| ())
}

fn world_of(tokens: Vec<(u16, Value)>, device: (u16, Value), configure: impl FnOnce(&mut Config)) -> World {
    let key = ec("k");
    let tokens = Arc::new(Mutex::new(tokens));
    let (queue, keys) = (Arc::clone(&tokens), vec![key.clone()]);
    let keyless = Arc::new(AtomicUsize::new(0));
    let ill = Arc::clone(&keyless);
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/device" => support::json(device.0, &device.1.to_string()),
        "/jwks" if ill.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() => {
            support::json(503, "")
        }
        "/jwks" => support::json(200, &JwkSet { keys: keys.clone(), ignored: Vec::new() }.public().to_json()),
        _ => {
            let mut queue = queue.lock().unwrap();
            let (status, body) = if queue.len() > 1 { queue.remove(0) } else { queue[0].clone() };
            support::json(status, &body.to_string())
        }
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("1406020730".to_owned(), None);
    config.set_id_token_alg(Some("ES256".into()));
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.device_authorization_endpoint = Some(format!("{ISSUER}/device"));
    configure(&mut config);
    let clock = ManualClock::new();
    let client = Client::new(config, ports(&server, &clock, Arc::new(Inline))).unwrap();
    World { client, server, clock, tokens, key, keyless }
}

impl World {
    fn device(&self, request: DeviceAuthorizationRequest) -> DeviceAuthorization {
        block_on(self.client.device(request)).unwrap()
    }

    fn wait(&self, device: &DeviceAuthorization) -> grantee_core::Result<grantee_core::Login> {
        block_on(self.client.polling(Arc::new(device.grant())).unwrap().wait())
    }
}

#[test]
fn the_whole_conversation() {
    let world = world(vec![pending(), granted(1)]);
    let request = DeviceAuthorizationRequest::new().scope("a b").resource("https://api.example/").param("tenant", "7");
    let device = world.device(request);
    let token = world.wait(&device).unwrap().token;
    assert_eq!(token.access_token.reveal(), "at1");
    assert_eq!(token.scope, Some("a b".into()));
    let sent: Vec<_> = world.server.requests.lock().unwrap().iter().map(whole).collect();
    let headers = "accept: application/json\ncontent-type: application/x-www-form-urlencoded\n";
    let ask = format!(
        "POST {ISSUER}/token\n{headers}\ngrant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=GmRh\
         &resource=https%3A%2F%2Fapi.example%2F&tenant=7&client_id=1406020730"
    );
    let start = format!(
        "POST {ISSUER}/device\n{headers}\nscope=a+b&resource=https%3A%2F%2Fapi.example%2F&tenant=7&client_id=1406020730"
    );
    assert_eq!(sent, [start, ask.clone(), ask]);
}

#[test]
fn a_confidential_client_authenticates_at_both_endpoints() {
    let world = world_of(vec![granted(1)], (200, answered()), |config| {
        config.set_client("svc".to_owned(), Some("s3cret".into()));
    });
    let device = world.device(DeviceAuthorizationRequest::new());
    world.wait(&device).unwrap();
    for request in world.server.requests.lock().unwrap().iter() {
        // The first is an empty form: nothing was asked for, and the client is in the header.
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers()["authorization"], "Basic c3ZjOnMzY3JldA==");
    }
}

#[test]
fn an_error_of_the_device_authorization_endpoint_is_the_servers() {
    let world = world_of(vec![granted(1)], (400, json!({"error": "unauthorized_client"})), |_| ());
    let error = block_on(world.client.device(DeviceAuthorizationRequest::new())).unwrap_err();
    assert_eq!(error.server_error(), Some("unauthorized_client"));
    assert!(error.to_string().starts_with("device authorization request: "), "{error}");
    let mut config = Config::new(Server::Literal);
    config.set_client("tv".to_owned(), None);
    config.members_mut().token_endpoint = Some(format!("{ISSUER}/token"));
    let client = Client::new(config, world.client.ports().clone()).unwrap();
    let error = block_on(client.device(DeviceAuthorizationRequest::new())).unwrap_err();
    assert!(error.to_string().contains("device_authorization_endpoint"), "{error}");
}

#[test]
fn one_that_was_kept_goes_on_and_ends_when_it_would_have() {
    let world = world(vec![pending()]);
    let kept = serde_json::to_string(&world.device(DeviceAuthorizationRequest::new())).unwrap();
    world.clock.pass(seconds(40));
    let device: DeviceAuthorization = serde_json::from_str(&kept).unwrap();
    let error = world.wait(&device).unwrap_err();
    assert_eq!(error.to_string(), "the device code has expired: nobody confirmed in time");
    let requests = world.server.count();
    // The device authorization, and after 45, 50 and 55 s.
    assert_eq!(requests, 4);
}

#[test]
fn a_login_with_openid_has_its_id_token_verified() {
    let configure = |config: &mut Config| {
        config.set_id_token_alg(Some("ES256".into()));
        config.members_mut().jwks_uri = Some(format!("{ISSUER}/jwks"));
    };
    let world = world_of(vec![granted(1)], (200, answered()), configure);
    let answer = |change: &dyn Fn(&mut Value)| {
        let mut wanted = Value::from(claims());
        wanted["aud"] = json!("1406020730");
        change(&mut wanted);
        let mut answer = granted(1).1;
        answer["id_token"] = json!(signed(&world.key, SignatureAlgorithm::Es256, wanted.as_object().unwrap()));
        (200, answer)
    };
    let openid = || world.device(DeviceAuthorizationRequest::new().scope("openid"));
    *world.tokens.lock().unwrap() = vec![answer(&|_| ())];
    assert_eq!(world.wait(&openid()).unwrap().id_token.unwrap().subject(), "alice");
    for (name, value) in [("aud", json!("another")), ("iss", json!("https://evil.example")), ("exp", json!(NOW - 9999))]
    {
        *world.tokens.lock().unwrap() = vec![answer(&|claims| claims[name] = value.clone())];
        assert!(matches!(world.wait(&openid()), Err(Error::Rule(_))), "{name}");
    }
    // A session's first token is held against the same rules.
    let refused = block_on(source(&world.client, openid().grant()).build().unwrap().token());
    assert!(matches!(refused, Err(Error::Rule(_))));
    *world.tokens.lock().unwrap() = vec![granted(1)];
    assert!(world.wait(&openid()).unwrap_err().to_string().contains("the answer has an ID token"));
    let without = world.wait(&world.device(DeviceAuthorizationRequest::new().scope("orders"))).unwrap();
    assert!(without.id_token.is_none());
}

#[test]
fn a_session_gets_its_first_token_on_first_use_and_renews_by_the_refresh_token() {
    let world = world(vec![pending(), granted(1), granted(2)]);
    let device = world.device(DeviceAuthorizationRequest::new().scope("a").param("tenant", "7"));
    let session = source(&world.client, device.grant()).build().unwrap();
    assert_eq!(world.server.count(), 1);
    assert_eq!((access(&session), access(&session)), ("at1".to_owned(), "at1".to_owned()));
    assert_eq!(world.server.count(), 3);
    world.clock.pass(seconds(100));
    assert_eq!(access(&session), "at2");
    assert_eq!(world.server.body(3), "grant_type=refresh_token&refresh_token=rt1&tenant=7&client_id=1406020730");
}

#[test]
fn a_session_whose_device_was_denied_or_expired_asks_for_a_login_and_no_more_of_the_server() {
    for (answer, code) in [((400, json!({"error": "access_denied"})), "server_error_response"), (pending(), "expired")]
    {
        let world = world(vec![answer]);
        let device = world.device(DeviceAuthorizationRequest::new());
        let session = source(&world.client, device.grant()).build().unwrap();
        assert_eq!(block_on(session.token()).unwrap_err().code(), code);
        let requests = world.server.count();
        world.clock.pass(seconds(10));
        assert_eq!(block_on(session.token()).unwrap_err().code(), "login_required");
        assert_eq!(world.server.count(), requests);
    }
}

#[test]
fn a_token_that_was_granted_waits_for_the_keys_that_verify_it() {
    let configure = |config: &mut Config| config.members_mut().jwks_uri = Some(format!("{ISSUER}/jwks"));
    let start = |ill: usize| {
        let world = world_of(vec![granted(1)], (200, answered()), configure);
        let mut wanted = Value::from(claims());
        wanted["aud"] = json!("1406020730");
        let mut answer = granted(1).1;
        answer["id_token"] = json!(signed(&world.key, SignatureAlgorithm::Es256, wanted.as_object().unwrap()));
        // The code serves once.
        *world.tokens.lock().unwrap() = vec![(200, answer), (400, json!({"error": "invalid_grant"}))];
        world.keyless.store(ill, Ordering::SeqCst);
        world
    };
    let openid = || DeviceAuthorizationRequest::new().scope("openid");
    let asked = |world: &World| {
        let requests = world.server.requests.lock().unwrap();
        requests.iter().filter(|request| request.uri().path() == "/token").count()
    };
    let world = start(2);
    assert_eq!(world.wait(&world.device(openid())).unwrap().id_token.unwrap().subject(), "alice");
    assert_eq!(asked(&world), 1);
    // A session and single requests hold it alike.
    let world = start(1);
    assert_eq!(access(&source(&world.client, world.device(openid()).grant()).build().unwrap()), "at1");
    let world = start(1);
    let mut polling = world.client.device_polling(&world.device(openid()));
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Unreachable { .. })));
    assert_eq!(polling.due_in(), seconds(10));
    world.clock.pass(seconds(10));
    assert!(matches!(block_on(polling.poll_once()), Some(PollState::Granted(_))));
    assert_eq!(asked(&world), 1);
    // Not beyond the end, which is then told by what is wrong.
    let world = start(1000);
    assert_eq!(world.wait(&world.device(openid())).unwrap_err().status(), Some(503));
    let now = world.clock.wall.load(Ordering::SeqCst) / 1000;
    assert_eq!((asked(&world), now), (1, NOW + 60));
}

#[test]
fn a_device_that_is_asked_for_now_takes_the_place_of_a_login_that_is_over() {
    for (stored, refreshes) in [(Token::bearer("old"), 0), (Token::bearer("old").with_refresh_token("dead"), 1)] {
        let stored = stored.with_expires_at(UnixTime::from_seconds(NOW - 1));
        let refused = (400, json!({"error": "invalid_grant"}));
        let world = world([vec![refused; refreshes], vec![granted(1)]].concat());
        let shelf = Arc::new(Shelf::default());
        let device = || world.device(DeviceAuthorizationRequest::new());
        let session = |token: Option<Token>| {
            let builder = source(&world.client, device().grant()).store(Arc::clone(&shelf) as _).account("alice");
            match token {
                Some(token) => builder.token(token),
                None => builder,
            }
        };
        block_on(session(Some(Token::bearer("old"))).build().unwrap().save()).unwrap();
        shelf.change(|record| record.token = Some(stored.clone()));
        assert_eq!(access(&session(None).build().unwrap()), "at1");
    }
}

#[test]
fn ten_who_wait_for_one_person_ask_once() {
    let world = world(vec![pending(), granted(1)]);
    let session = source(&world.client, world.device(DeviceAuthorizationRequest::new()).grant()).build().unwrap();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..10).map(|_| scope.spawn(|| access(&session))).collect();
        waiting.into_iter().for_each(|one| assert_eq!(one.join().unwrap(), "at1"));
    });
    assert_eq!(world.server.count(), 3);
}

#[test]
fn a_code_is_shown_to_no_other_server_than_its_own() {
    let world = world(vec![granted(1)]);
    let device = world.device(DeviceAuthorizationRequest::new());
    let mut config = Config::new(Server::Literal);
    config.set_client("1406020730".to_owned(), None);
    config.members_mut().issuer = Some("https://other.example".to_owned());
    config.members_mut().token_endpoint = Some("https://other.example/token".to_owned());
    let other = Client::new(config, world.client.ports().clone()).unwrap();
    let error = block_on(other.token(&device.grant())).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("other.example"), "{error}");
    assert_eq!(world.server.count(), 1);
    assert!(block_on(other.device_polling(&device).wait()).is_err());
    assert_eq!(world.server.count(), 1);
}

#[test]
fn a_device_code_that_somebody_else_read_serves_too() {
    let world = world(vec![granted(1)]);
    let now = UnixTime::from_seconds(NOW);
    let grant = DeviceCode::new("GmRh", now, seconds(60)).interval(seconds(9)).scope("a");
    assert_eq!(block_on(world.client.token(&grant)).unwrap().scope, Some("a".into()));
    assert_eq!(Arc::clone(&world.clock).wall.load(std::sync::atomic::Ordering::SeqCst), (NOW + 9) * 1000);
}
