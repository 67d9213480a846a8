//! Tokens bound to a key, RFC 9449.

use grantee::{AuthorizationRequest, Pending};
use grantee_interop::{Server, Walk, plain};

use crate::face::{By, Face, LoggedIn, OpenIdFace, Session, Setup, new_key, through_all_faces, through_both_faces};

through_all_faces!(
    a_login_its_api_and_its_refresh_are_bound at oidc_provider oidc_provider_strict glewlwyd glewlwyd_nonce,
    a_public_clients_refresh_token_is_bound_too at oidc_provider oidc_provider_strict,
    client_credentials_are_bound at oidc_provider oidc_provider_strict,
    a_client_registered_for_it_gets_nothing_without_a_proof at oidc_provider,
);

through_both_faces!(
    userinfo_takes_the_proof at oidc_provider oidc_provider_strict glewlwyd glewlwyd_nonce,
    a_proof_by_another_key_is_refused at oidc_provider oidc_provider_strict,
    a_code_is_bound_to_the_key_that_asked_for_it at oidc_provider oidc_provider_strict glewlwyd,
    a_nonce_of_one_endpoint_serves_another at glewlwyd_nonce,
);

/// A client whose tokens are bound, and its key.
fn setup(server: &Server) -> Setup {
    Setup::registered(server, if server.name == "glewlwyd" { "basic" } else { "dpop" }).dpop()
}

fn a_login_its_api_and_its_refresh_are_bound<F: Face>(server: &Server) {
    let setup = setup(server);
    let session = F::new(&setup).session(By::Login).expect("a login");
    let first = session.token().expect("a token");
    assert!(first.token_type.eq_ignore_ascii_case("DPoP"), "{first:?}");
    assert_eq!(session.get(&server.api).expect("an answer").0, 200);
    // Whoever steals it has nothing.
    assert_eq!(plain::get(&server.api, &first.access_token).status, 401);

    let second = session.renew().expect("a refresh");
    assert!(second.token_type.eq_ignore_ascii_case("DPoP"), "{second:?}");
    assert_ne!(second.access_token, first.access_token);
    assert_eq!(session.get(&server.api).expect("an answer").0, 200);
    assert_eq!(plain::get(&server.api, &second.access_token).status, 401);
}

fn a_public_clients_refresh_token_is_bound_too<F: Face>(server: &Server) {
    let setup = Setup::registered(server, "dpop-public");
    let face = F::new(&setup);
    let login = face.log_in().expect("a login");
    let other = F::new(&setup.clone().dpop());
    let failure = other.refresh(login.refresh_token()).expect_err("another key");
    failure.is_refusal(server, "invalid_grant");
    let refreshed = face.refresh(login.refresh_token()).expect("a refresh by the key");
    assert_eq!(refreshed.token_type, "DPoP");
}

fn client_credentials_are_bound<F: Face>(server: &Server) {
    let tokens = F::new(&setup(server)).client_credentials("read").expect("a token");
    assert_eq!(tokens.token_type, "DPoP");
    // The server says so too.
    let seen = F::new(&setup(server)).introspect(&tokens.access_token, crate::face::Kind::Access).expect("an answer");
    assert_eq!((&seen["active"], &seen["token_type"]), (&true.into(), &"DPoP".into()), "{seen}");
    assert!(seen["cnf"]["jkt"].is_string(), "{seen}");
}

fn userinfo_takes_the_proof<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    let login = face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid")).expect("a login");
    for _ in 0..3 {
        assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
    }
}

/// The token is stolen, and the thief proves another key.
fn a_proof_by_another_key_is_refused<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let face = F::new(&setup);
    let login = face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid")).expect("a login");
    let thief = Setup { dpop: Some(new_key()), ..setup };
    let mut stolen = login.token().clone();
    stolen.key_thumbprint = thief.dpop.as_ref().map(grantee::jose::Jwk::thumbprint);
    let failure = F::new(&thief).anybodys_userinfo(&stolen).expect_err("the token is not for this key");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_token"), "{failure:?}");
    assert_eq!(face.anybodys_userinfo(login.token()).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
}

/// The code is stolen with all that is pending, and the thief proves another key.
fn a_code_is_bound_to_the_key_that_asked_for_it<F: OpenIdFace>(server: &Server) {
    for pushed in [false, true] {
        let setup = Setup { pushed, ..setup(server) };
        let (url, pending) = F::new(&setup).start(AuthorizationRequest::new().scope("openid")).expect("a request");
        let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
        let mut stolen: serde_json::Value = serde_json::to_value(&pending).expect("it can be kept");
        let bound = stolen.as_object_mut().expect("an object").remove("key_thumbprint");
        assert!(bound.is_some(), "{stolen}");
        let stolen = Pending::from_json(&stolen.to_string()).expect("what was kept");
        let failure = F::new(&setup.dpop()).finish(stolen, (&callback).into()).expect_err("another key");
        let error = if server.name == "glewlwyd" { "invalid_dpop_proof" } else { "invalid_grant" };
        assert_eq!(failure.server_error.as_deref(), Some(error), "{failure:?}");
    }
}

/// Glewlwyd demands a nonce where requests are pushed, and does not say which.
fn a_nonce_of_one_endpoint_serves_another<F: OpenIdFace>(server: &Server) {
    let setup = setup(server).pushed();
    let face = F::new(&setup);
    let request = || AuthorizationRequest::new().scope("openid");
    let failure = face.start(request()).expect_err("no nonce is known");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_dpop_proof"), "Glewlwyd was mended: {failure:?}");
    face.client_credentials("read").expect("a token");
    face.log_in_by(&mut Walk::new(server), request()).expect("the nonce of the token endpoint is known");
}

fn a_client_registered_for_it_gets_nothing_without_a_proof<F: Face>(server: &Server) {
    let setup = Setup { dpop: None, ..setup(server) };
    let face = F::new(&setup);
    let failure = face.client_credentials("read").expect_err("no proof");
    failure.is_refusal(server, "invalid_grant");
}
