//! Callbacks: RFC 6749 sections 4.1.2 and 4.2.2, RFC 9207, JARM.

use crate::Case;
use crate::support::authorization::{decoded, request, try_world, world};
use crate::support::block_on;
use crate::support::provider::{ec, signed};
use grantee_core::Error;
use grantee_core::authorization::AuthorizationRequest;
use grantee_core::grant::legacy;
use grantee_core::jose::SignatureAlgorithm;
use grantee_core::token_type::authorization_header;
use serde_json::Value;
use std::sync::atomic::Ordering;
use url::Url;

pub fn authorization_response(case: &Case) {
    let url = Url::parse(case.input("/url")).unwrap();
    let parameter =
        |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.to_string());
    // Where the example is about the issuer alone, the state is the one that was sent.
    let state = case.input["expected_state"].as_str().map(str::to_owned).or_else(|| parameter("state")).unwrap();
    let world = world(|config| {
        config.set_redirect_uri(case.input("/url").split_once('?').unwrap().0.to_owned());
        let members = config.members_mut();
        if let Some(issuer) = case.input["expected_issuer"].as_str() {
            members.issuer = Some(issuer.to_owned());
        }
        members.authorization_response_iss_parameter_supported =
            case.input["authorization_response_iss_parameter_supported"].as_bool();
    });
    let pending = || world.start(AuthorizationRequest::new().state(&*state)).1;
    let outcome = pending().respond(case.input("/url"));
    if !case.expected["accept"].as_bool().unwrap() {
        let Err(Error::Rule(broken)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(broken.spec, "RFC 9207 section 2.4");
        return;
    }
    match (case.expected["error"].as_str(), outcome) {
        // An error is as much an answer as a code is: the server's, and told as such.
        (Some(code), Err(Error::Server(error))) => assert_eq!((error.error.as_str(), error.stage), (code, STAGE)),
        (None, Ok(response)) => {
            let code = case.expected["code"].as_str().map(str::to_owned).or_else(|| parameter("code"));
            assert_eq!(response.code().map(|code| code.reveal().to_owned()), code);
            assert_eq!(parameter("iss").as_deref(), case.expected["iss"].as_str());
        }
        (_, other) => panic!("{other:?}"),
    }
    // The same with another state is nobody's answer, an error no less than a code.
    let forged = case.input("/url").replace(&state, "another");
    assert!(matches!(pending().respond(forged.as_str()), Err(Error::Rule(_))));
}

const STAGE: &str = "authorization response";

pub fn authorization_response_fragment(case: &Case) {
    let world = world(|config| config.set_redirect_uri("http://127.0.0.1/cb".to_owned()));
    let asked = || legacy::implicit(AuthorizationRequest::new().state(case.input("/expected_state")));
    // The example's redirect URI is plain http to another machine, where anybody on the way reads the token: refused.
    let refused = block_on(world.client.start(asked().redirect_uri("http://example.com/cb")));
    assert!(refused.is_err(), "a token goes over plain http");
    let callback = case.input("/url").replace("http://example.com", "http://127.0.0.1");
    let response = block_on(world.client.respond(world.start(asked()).1, &*callback)).unwrap();
    let token = response.token().unwrap();
    assert_eq!(token.access_token.reveal(), case.expected("/access_token"));
    assert_eq!(token.token_type, case.expected("/token_type"));
    assert_eq!(token.lifetime().unwrap().as_secs(), case.expected["expires_in"].as_u64().unwrap());
    // Kept, but a type that nobody knows goes on no request.
    assert!(authorization_header(token).is_err());
}

pub fn jarm_response(case: &Case) {
    let (header, claims) = decoded(case.input("/response"));
    assert_eq!((&header, &claims), (&case.expected["header"], &case.expected["claims"]));
    // The key is not published: the same claims, signed by one of ours.
    let key = ec(header["kid"].as_str().unwrap());
    let world = try_world(vec![key.clone()], |config| {
        config.set_client(case.input("/client_id").to_owned(), None);
        config.set_authorization_alg(header["alg"].as_str().unwrap().to_owned());
        config.members_mut().issuer = Some(case.input("/expected_issuer").to_owned());
    })
    .unwrap();
    world.clock.wall.store((claims["exp"].as_i64().unwrap() - 1) * 1000, Ordering::SeqCst);
    let pending = || {
        let mut asked = request().state(claims["state"].as_str().unwrap()).response_mode("jwt");
        if claims.get("access_token").is_some() {
            asked = legacy::implicit(asked);
        }
        world.start(asked).1
    };
    let callback = |response: &str| format!("#response={response}");
    let response = signed(&key, SignatureAlgorithm::Es256, claims.as_object().unwrap());
    let seen = block_on(world.client.respond(pending(), callback(&response))).unwrap();
    assert_eq!(seen.code().map(|code| code.reveal()), claims.get("code").and_then(Value::as_str));
    let token = seen.token().map(|token| token.access_token.reveal());
    assert_eq!(token, claims.get("access_token").and_then(Value::as_str));
    // The example itself is by a key that is not the server's here.
    let foreign = block_on(world.client.respond(pending(), callback(case.input("/response"))));
    assert!(matches!(foreign, Err(Error::Rule(_))), "{foreign:?}");
}
