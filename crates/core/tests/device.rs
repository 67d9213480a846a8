//! Device authorization (RFC 8628): the whole wire, the login it ends in, sessions on it.

mod support;

use grantee_core::client::{Config, Server};
use grantee_core::grant::{DeviceAuthorization, DeviceAuthorizationRequest, DeviceCode};
use grantee_core::jose::{JwkSet, SignatureAlgorithm};
use grantee_core::{Client, Error, UnixTime};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, NOW, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, access, block_on, ports, seconds, source, whole};

struct World {
    client: Client,
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
    /// What the token endpoint answers, the last of them from then on.
    tokens: Arc<Mutex<Vec<(u16, Value)>>>,
    key: grantee_core::jose::Jwk,
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
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/device" => support::json(device.0, &device.1.to_string()),
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
    World { client, server, clock, tokens, key }
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
fn a_device_code_that_somebody_else_read_serves_too() {
    let world = world(vec![granted(1)]);
    let now = UnixTime::from_seconds(NOW);
    let grant = DeviceCode::new("GmRh", now, seconds(60)).interval(seconds(9)).scope("a");
    assert_eq!(block_on(world.client.token(&grant)).unwrap().scope, Some("a".into()));
    assert_eq!(Arc::clone(&world.clock).wall.load(std::sync::atomic::Ordering::SeqCst), (NOW + 9) * 1000);
}

#[test]
fn spec_examples() {
    let file: Value = serde_json::from_str(include_str!("vectors/oauth2_spec_examples.json")).unwrap();
    let mut seen = 0;
    for case in file["cases"].as_array().unwrap() {
        let (name, input, expected) = (case["name"].as_str().unwrap(), &case["input"], &case["expected"]);
        let body = || serde_json::from_str::<Value>(input["body"].as_str().unwrap()).unwrap();
        match (case["kind"].as_str().unwrap(), name) {
            ("device_authorization_response", _) => {
                let world = world_of(vec![granted(1)], (200, body()), |_| ());
                let device = world.device(DeviceAuthorizationRequest::new());
                let kept = serde_json::to_value(&device).unwrap();
                for (member, value) in expected.as_object().unwrap() {
                    assert_eq!(kept.get(member).unwrap_or(&Value::Null), value, "{name}: {member}");
                }
            }
            ("form_request", "rfc8628-3.4") => {
                let world = world(vec![granted(1)]);
                let code = input["params"]["device_code"].as_str().unwrap();
                let grant = DeviceCode::new(code, UnixTime::from_seconds(NOW), seconds(60));
                block_on(world.client.token(&grant)).unwrap();
                assert_eq!(world.server.body(0), expected["body"], "{name}");
            }
            ("device_poll_error", _) => {
                let status = u16::try_from(input["status"].as_u64().unwrap()).unwrap();
                let world = world(vec![(status, body()), granted(1)]);
                let outcome = world.wait(&world.device(DeviceAuthorizationRequest::new()));
                let waited = world.clock.wall.load(std::sync::atomic::Ordering::SeqCst) / 1000 - NOW;
                match expected["action"].as_str().unwrap() {
                    "stop, report denied" => assert_eq!(outcome.unwrap_err().server_error(), Some("access_denied")),
                    "stop, report expired" => assert_eq!(outcome.unwrap_err().code(), "expired"),
                    "poll again after interval" => assert_eq!((outcome.is_ok(), waited), (true, 10)),
                    _ => assert_eq!((outcome.is_ok(), waited), (true, 15), "{name}"),
                }
            }
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 7);
}
