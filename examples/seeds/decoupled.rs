//! The snippets of requests_oauth2client's "Device Authorization Grant" and "Client-Initiated BackChannel Authentication".

use grantee::blocking::Client;
use grantee::{BackchannelAuthenticationRequest, DeviceAuthorizationRequest, PollState};
use grantor::{Endpoint, Server};
use std::time::Duration;

fn server() -> Server {
    Server::builder().device_interval(1).ciba_interval(1).auto_approve("alice").start()
}

fn client(server: &Server) -> Client {
    Client::at(server.url("/token"))
        .issuer(server.issuer())
        .jwks_uri(server.url("/jwks"))
        .device_authorization_endpoint(server.url("/device"))
        .backchannel_authentication_endpoint(server.url("/bc-authorize"))
        .client("svc", "secret")
        .build()
        .unwrap()
}

#[test]
fn a_devices_codes_and_a_pooling_job() {
    let server = server();
    let client = client(&server);
    let device = client.device(DeviceAuthorizationRequest::new()).unwrap();
    assert!(device.verification_uri_complete().unwrap().contains(device.user_code()));
    assert!(device.verification_uri().starts_with(&server.issuer()));
    assert_eq!(device.interval(), Duration::from_secs(1));
    assert!(device.expires_at() > grantee::UnixTime::now());

    server.approve_device(device.user_code(), "alice");
    // Each step waits as long as the server wants, and slow_down is obeyed.
    let mut job = device.polling();
    let mut login = None;
    while login.is_none() {
        if let PollState::Granted(granted) = job.next().unwrap() {
            login = Some(granted);
        }
    }
    assert!(login.unwrap().token().is_bearer());
}

#[test]
fn a_device_code_as_an_auth_handler() {
    let server = server();
    let client = client(&server);
    let device = client.device(DeviceAuthorizationRequest::new()).unwrap();
    assert!(!device.user_code().is_empty());
    let api = client.session(device.grant()).api(&server.url("/api/endpoint")).unwrap();
    assert_eq!(server.count(Endpoint::Token), 0);
    server.approve_device(device.user_code(), "alice");
    assert_eq!(api.post("").body("data").send().unwrap().status(), 200);
}

#[test]
fn a_backchannel_authentication_and_a_pooling_job() {
    let server = server();
    let client = client(&server);
    let request = BackchannelAuthenticationRequest::login_hint("alice").scope("openid email profile");
    let started = client.backchannel(request).unwrap();
    assert_eq!(started.pending().interval(), Duration::from_secs(1));
    let asked = server.pending_authorizations().remove(0);
    server.approve_ciba(&asked.id, "alice");

    let mut job = started.polling().unwrap();
    let login = loop {
        if let Some(PollState::Granted(login)) = job.next() {
            break login;
        }
    };
    assert_eq!(login.id_token().map(|id_token| id_token.subject()), Some("alice"));
}
