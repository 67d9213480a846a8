//! Devices (RFC 8628): what shows a person where to go, and what polling makes of each error.

use crate::Case;
use crate::support::provider::{ISSUER, NOW};
use crate::support::{FakeServer, Inline, ManualClock, block_on, ports, seconds};
use grantee_core::client::{Config, Server};
use grantee_core::grant::{DeviceAuthorizationRequest, DeviceCode};
use grantee_core::{Client, UnixTime};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const STARTED: &str = r#"{"device_code":"GmRh","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device","expires_in":60,"interval":5}"#;
const GRANTED: &str = r#"{"access_token":"at","token_type":"Bearer"}"#;

struct World {
    client: Client,
    server: Arc<FakeServer>,
    clock: Arc<ManualClock>,
}

/// The device endpoint answers with one body, the token endpoint first so and then with a token.
fn world(client_id: &str, started: &'static str, first: Option<(u16, &'static str)>) -> World {
    let server = FakeServer::new(move |request, count| match (request.uri().path(), first) {
        ("/device", _) => crate::support::json(200, started),
        (_, Some((status, body))) if count == 2 => crate::support::json(status, body),
        _ => crate::support::json(200, GRANTED),
    });
    let mut config = Config::new(Server::Literal);
    config.set_client(client_id.to_owned(), None);
    config.members_mut().token_endpoint = Some(format!("{ISSUER}/token"));
    config.members_mut().device_authorization_endpoint = Some(format!("{ISSUER}/device"));
    let clock = ManualClock::new();
    let client = Client::new(config, ports(&server, &clock, Arc::new(Inline))).unwrap();
    World { client, server, clock }
}

impl World {
    fn waited(&self) -> i64 {
        self.clock.wall.load(Ordering::SeqCst) / 1000 - NOW
    }
}

pub fn device_authorization_response(case: &Case) {
    let world = world("app", case.body(), None);
    let device = block_on(world.client.device(DeviceAuthorizationRequest::new())).unwrap();
    let expected = case.expected;
    assert_eq!(device.user_code(), case.expected("/user_code"));
    assert_eq!(device.verification_uri(), case.expected("/verification_uri"));
    assert_eq!(device.verification_uri_complete(), expected["verification_uri_complete"].as_str());
    assert_eq!(device.interval().as_secs(), expected["interval"].as_u64().unwrap());
    assert_eq!(device.expires_at().seconds(), NOW + expected["expires_in"].as_i64().unwrap());
    assert_eq!(serde_json::to_value(&device).unwrap()["device_code"], expected["device_code"]);
    block_on(world.client.polling(Arc::new(device.grant())).unwrap().wait()).unwrap();
    assert_eq!(world.waited(), expected["interval"].as_i64().unwrap(), "the first request waits for the interval too");
}

/// Section 3.4.
pub fn token_request(case: &Case) {
    let world = world(case.input("/params/client_id"), STARTED, None);
    let grant = DeviceCode::new(case.input("/params/device_code"), UnixTime::from_seconds(NOW), seconds(60));
    block_on(world.client.token(&grant)).unwrap();
    assert_eq!(world.server.body(0), case.expected("/body"));
}

pub fn device_poll_error(case: &Case) {
    let world = world("app", STARTED, Some((case.status(), case.body())));
    let device = block_on(world.client.device(DeviceAuthorizationRequest::new())).unwrap();
    let outcome = block_on(world.client.polling(Arc::new(device.grant())).unwrap().wait());
    let (requests, waited) = (world.server.count(), world.waited());
    match case.expected("/action") {
        "poll again after interval" => assert_eq!((outcome.is_ok(), requests, waited), (true, 3, 5 + 5)),
        "interval += 5 for this and all later requests, then poll again" => {
            assert_eq!((outcome.is_ok(), requests, waited), (true, 3, 5 + 10));
        }
        "stop, report denied" => {
            assert_eq!((outcome.unwrap_err().server_error(), requests), (Some(case.expected("/error")), 2));
        }
        "stop, report expired" => assert_eq!((outcome.unwrap_err().code(), requests), ("expired", 2)),
        action => panic!("nobody knows the action {action:?}"),
    }
}
