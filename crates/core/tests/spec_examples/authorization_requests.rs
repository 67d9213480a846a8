//! Authorization requests: RFC 6749 section 4.1.1, RFC 9396 section 3, and what an API's challenge adds (RFC 9470).

use crate::support::authorization::{World, request, world};
use crate::support::block_on;
use crate::{Case, decoded_params};
use grantee_core::authorization::{AuthorizationDetails, AuthorizationRequest};
use grantee_core::grant::TokenParameters;
use grantee_core::session::call::insufficient;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

/// A client with the identifier and the endpoint of an example.
fn client(endpoint: &str, client_id: &str) -> World {
    world(|config| {
        config.set_client(client_id.to_owned(), None);
        config.members_mut().authorization_endpoint = Some(endpoint.to_owned());
    })
}

fn query(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

pub fn authorization_url(case: &Case) {
    let params = &case.input["params"];
    let text = |name: &str| params[name].as_str().unwrap();
    let world = client(case.input("/authorization_endpoint"), text("client_id"));
    let plain = || AuthorizationRequest::new().state(text("state")).redirect_uri(text("redirect_uri"));
    // The example is older than PKCE. Without it ours is the same; by default it is there too.
    let url = world.start(plain().danger().without_pkce()).0;
    let expected = case.expected("/url");
    assert_eq!(url.split_once('?').unwrap().0, expected.split_once('?').unwrap().0);
    assert_eq!(decoded_params(query(&url)), decoded_params(query(expected)));
    assert_eq!(decoded_params(query(&url)), Case::params(params));
    let mut usual = decoded_params(query(&world.start(plain()).0));
    usual.retain(|(name, _)| !name.starts_with("code_challenge"));
    assert_eq!(usual, Case::params(params));
}

pub fn authorization_request_parse(case: &Case) {
    let expected = &case.expected["params"];
    let text = |name: &str| expected[name].as_str().unwrap();
    let theirs = decoded_params(query(case.input("/url")));
    let details: AuthorizationDetails =
        theirs.iter().find(|(name, _)| name == "authorization_details").unwrap().1.parse().unwrap();
    assert_eq!(Value::from(details.clone()), case.expected["authorization_details"]);
    // Ours for the same: all but the challenge, whose verifier is not told.
    let url = client(case.input("/url").split_once('?').unwrap().0, text("client_id"))
        .start(request_of(text("state"), text("redirect_uri")).authorization_details(details))
        .0;
    let mut ours = decoded_params(query(&url));
    for (name, value) in &mut ours {
        match name.as_str() {
            "code_challenge" => {
                assert_eq!(value.len(), text("code_challenge").len());
                text("code_challenge").clone_into(value);
            }
            "authorization_details" => {
                let sent: Value = serde_json::from_str(value).unwrap();
                assert_eq!(sent, case.expected["authorization_details"]);
            }
            _ => {}
        }
    }
    ours.retain(|(name, _)| name != "authorization_details");
    assert_eq!(ours, Case::params(expected));
}

fn request_of(state: &str, redirect_uri: &str) -> AuthorizationRequest {
    AuthorizationRequest::new().state(state).redirect_uri(redirect_uri)
}

pub fn step_up_request_params(case: &Case) {
    let mut headers = HeaderMap::new();
    headers.append("www-authenticate", case.input("/www_authenticate").parse().unwrap());
    let missing = insufficient(StatusCode::UNAUTHORIZED, &headers).unwrap();
    let world = world(|_| ());
    let parameters = |url: &str| decoded_params(query(url));
    let before = TokenParameters::default();
    let (url, _): (Url, _) = block_on(world.client.step_up(&missing, &before)).unwrap();
    let mut added = parameters(url.as_str());
    let usual = parameters(&world.start(request()).0);
    added.retain(|(name, _)| !usual.iter().any(|(usual, _)| usual == name));
    assert_eq!(added, Case::params(&case.expected["add_params"]));
}
