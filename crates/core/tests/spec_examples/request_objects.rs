//! Authorization requests that are signed (RFC 9101) or pushed (RFC 9126).

use crate::support::authorization::{SECRET, World, decoded, parameter, request, world};
use crate::support::block_on;
use crate::support::provider::ec;
use crate::{Case, decoded_params};
use grantee_core::Params;
use grantee_core::authorization::{AuthorizationRequest, RequestObjects, pushed};
use grantee_core::client_auth::ClientAssertion;
use grantee_core::jose::jws::Compact;
use grantee_core::jose::{Jwk, SignatureAlgorithm, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use std::sync::Arc;

/// A client with this identifier and issuer whose requests are signed by a key.
fn signing(client_id: &str, issuer: &str, objects: impl Into<RequestObjects>) -> World {
    world(|config| {
        config.set_client(client_id.to_owned(), Some(SECRET.into()));
        config.members_mut().issuer = Some(issuer.to_owned());
        config.members_mut().authorization_endpoint = Some(format!("{issuer}/authorize"));
        config.set_request_objects(objects.into());
    })
}

fn verify(token: &str, key: &Jwk) {
    let key = VerifyingKey::new(&key.public().unwrap(), SignatureAlgorithm::Rs256).unwrap();
    Compact::parse(token).unwrap().verify(&key).unwrap();
}

pub fn jar_request_object(case: &Case) {
    let token = case.input("/request_object");
    let (header, claims) = decoded(token);
    assert_eq!((&header, &claims), (&case.expected["header"], &case.expected["claims"]));
    let key = Jwk::from_value(case.input["jwk"].clone()).unwrap();
    assert_eq!(case.expected["signature_valid"], true);
    verify(token, &key);
    // The same parameters in ours, signed by the example's own key where it is published.
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let mut asked = AuthorizationRequest::new()
        .response_type(text("response_type").unwrap())
        .scope(text("scope").unwrap())
        .state(text("state").unwrap())
        .redirect_uri(text("redirect_uri").unwrap());
    if let Some(nonce) = text("nonce") {
        asked = asked.nonce(nonce);
    }
    if let Some(seconds) = claims.get("max_age").and_then(Value::as_u64) {
        asked = asked.max_age(seconds);
    }
    let published = case.input["jwk"].get("d").is_some();
    let objects = if published {
        SigningKey::new(&key, SignatureAlgorithm::Rs256).unwrap()
    } else {
        SigningKey::new(&ec("k2bdc"), SignatureAlgorithm::Es256).unwrap()
    };
    let world = signing(text("client_id").unwrap(), text("aud").unwrap(), objects);
    let ours = parameter(&world.start(asked).0, "request").unwrap();
    if published {
        verify(&ours, &key);
    }
    let (our_header, ours) = decoded(&ours);
    assert_eq!(our_header["kid"], header["kid"]);
    // When it ends, and the challenge whose verifier is not told, are another's.
    for (name, value) in claims.as_object().unwrap() {
        match name.as_str() {
            "exp" => assert!(ours[name].is_i64()),
            "code_challenge" => assert_eq!(ours[name].as_str().unwrap().len(), value.as_str().unwrap().len()),
            _ => assert_eq!(&ours[name], value, "{name}"),
        }
    }
}

pub fn jar_by_value_url(case: &Case) {
    let issuer = case.input("/authorization_endpoint").strip_suffix("/authorize").unwrap();
    let key = SigningKey::new(&ec("c1"), SignatureAlgorithm::Es256).unwrap();
    let url = signing(case.input("/client_id"), issuer, key).start(request()).0;
    let ours = parameter(&url, "request").unwrap();
    assert_eq!(url.replace(&ours, case.input("/request")), case.expected("/url"));
}

pub fn par_response(case: &Case) {
    let seen = pushed::judge(&case.answer()).unwrap();
    assert_eq!(seen.request_uri, case.expected("/request_uri"));
    assert_eq!(seen.expires_in.as_secs(), case.expected["expires_in"].as_u64().unwrap());
}

pub fn par_authorize_url(case: &Case) {
    let world = world(|config| {
        config.set_client(case.input("/client_id").to_owned(), None);
        config.set_par();
    });
    let answer = json!({"request_uri": case.input("/request_uri"), "expires_in": 90});
    *world.par.lock().unwrap() = (201, answer.to_string());
    let url = world.start(request()).0;
    let query = url.split_once('?').unwrap().1;
    assert_eq!(query, case.expected("/encoded"));
    assert_eq!(decoded_params(query), Case::params(&case.expected["query"]));
}

/// RFC 9126 section 2.1.
pub fn pushed_request(case: &Case) {
    let params = &case.input["params"];
    let text = |name: &str| params[name].as_str().unwrap();
    let assertion = case.input("/params/client_assertion");
    let world = world(|config| {
        config.set_client(text("client_id").to_owned(), None);
        config.set_auth(Arc::new(ClientAssertion::from_fn(move || Ok(assertion.into()))));
        config.set_par();
    });
    let asked =
        AuthorizationRequest::new().state(text("state")).redirect_uri(text("redirect_uri")).scope(text("scope"));
    world.start(asked);
    let mut sent = decoded_params(&world.server.body(0));
    // The challenge's verifier is not told.
    let challenge = sent.iter_mut().find(|(name, _)| name == "code_challenge").unwrap();
    assert_eq!(challenge.1.len(), text("code_challenge").len());
    text("code_challenge").clone_into(&mut challenge.1);
    assert_eq!(sent, Case::params(params));
    assert_eq!(sent, decoded_params(case.expected("/body")));
    let (header, claims) = decoded(assertion);
    assert_eq!((&header, &claims), (&case.expected["assertion_header"], &case.expected["assertion_claims"]));
    assert_eq!(case.expected["assertion_verifies_with_jwk"], true);
    verify(assertion, &Jwk::from_value(case.expected["jwk"].clone()).unwrap());
}

/// RFC 9126 section 2.3.
pub fn push_refused(case: &Case) {
    let world = world(|config| config.set_par());
    *world.par.lock().unwrap() = (case.status(), case.body().to_owned());
    let error = block_on(world.client.start(request())).map(|_| ()).unwrap_err();
    assert_eq!(error.server_error(), Some(case.expected("/error")));
    assert!(error.to_string().contains(case.expected("/error_description")), "{error}");
    let answer = pushed::judge(&case.answer()).unwrap_err();
    assert_eq!((answer.server_error(), answer.status()), (Some(case.expected("/error")), Some(case.status())));
    assert!(Params::parse(&world.server.body(0)).get("redirect_uri").is_some());
}
