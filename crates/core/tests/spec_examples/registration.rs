//! Registration (RFC 7591): what is asked for to the last member, what is kept of the answer, and errors.

use crate::Case;
use crate::support::{FakeServer, Inline, ManualClock, block_on, json, ports};
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::registration::Registered;
use grantee_core::metadata::ClientMetadata;
use grantee_core::{Client, Result};
use serde_json::Value;
use std::sync::Arc;

fn register(answer: (u16, &'static str), asked: &ClientMetadata) -> (Result<Registered>, Arc<FakeServer>) {
    let server = FakeServer::new(move |_, _| json(answer.0, answer.1));
    let mut config = Config::new(Server::Literal);
    config.members_mut().token_endpoint = Some("https://as.example/token".to_owned());
    config.members_mut().registration_endpoint = Some("https://as.example/register".to_owned());
    let ports = ports(&server, &ManualClock::new(), Arc::new(Inline));
    (block_on(Client::register(config, ports, asked)), server)
}

pub fn registration_request(case: &Case) {
    let metadata: ClientMetadata = serde_json::from_value(case.input["metadata"].clone()).unwrap();
    assert_eq!(metadata.ignored, [""; 0]);
    let (registered, server) = register((201, r#"{"client_id":"c"}"#), &metadata);
    registered.unwrap();
    assert_eq!(case.expected["roundtrip"], true);
    assert_eq!(serde_json::from_str::<Value>(&server.body(0)).unwrap(), case.input["metadata"]);
}

pub fn registration_response(case: &Case) {
    let (registered, _) = register((case.status(), case.body()), &ClientMetadata::new());
    let registration = registered.unwrap().registration;
    assert_eq!(registration.client_id, case.expected("/client_id"));
    assert_eq!(registration.client_secret.as_ref().unwrap().reveal(), case.expected("/client_secret"));
    let expires = registration.client_secret_expires_at.unwrap().seconds();
    assert_eq!(Some(expires), case.expected["client_secret_expires_at"].as_i64());
    // What was registered, in every member; the rest is not metadata of a client.
    let answer: Value = serde_json::from_str(case.body()).unwrap();
    let kept = serde_json::to_value(&registration.metadata).unwrap();
    for (name, value) in answer.as_object().unwrap() {
        if !matches!(name.as_str(), "client_id" | "client_id_issued_at" | "client_secret" | "client_secret_expires_at")
        {
            assert_eq!(&kept[name], value, "{name}");
        }
    }
}

pub fn registration_error(case: &Case) {
    let (outcome, _) = register((case.status(), case.body()), &ClientMetadata::new());
    let error = outcome.map(|_| ()).unwrap_err();
    assert_eq!((error.server_error(), error.status()), (Some(case.expected("/error")), Some(case.status())));
}
