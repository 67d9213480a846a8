//! Signed authorization responses, JARM.

use grantee::{AuthorizationRequest, Callback};
use grantee_interop::{Server, Walk, plain};

use crate::face::{Face, LoggedIn, OpenIdFace, Setup, through_all_faces, through_both_faces};

through_all_faces!(
    a_login_with_a_signed_answer at oidc_provider glewlwyd,
    a_signed_refusal_is_an_error_of_the_server at oidc_provider,
);

through_both_faces!(
    a_signed_answer at oidc_provider glewlwyd,
    a_signed_and_encrypted_answer at oidc_provider,
    an_answer_signed_otherwise_than_registered_is_refused at oidc_provider,
    a_changed_answer_is_refused at oidc_provider glewlwyd,
    an_answer_to_another_client_is_refused at oidc_provider,
    an_unsigned_answer_is_refused at oidc_provider glewlwyd,
);

fn request(mode: &str) -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid email").response_mode(mode)
}

fn setup(server: &Server, encrypted: bool) -> Setup {
    let id = match (server.name, encrypted) {
        ("glewlwyd", _) => "basic",
        (_, false) => "jarm",
        (_, true) => "jarm-enc",
    };
    Setup::registered(server, id)
}

fn a_login_with_a_signed_answer<F: Face>(server: &Server) {
    for encrypted in if server.name == "glewlwyd" { &[false][..] } else { &[false, true] } {
        let face = F::new(&setup(server, *encrypted));
        let tokens = face.log_in_with(&[("response_mode", "jwt")]).expect("a login");
        assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
    }
}

/// In each way it may travel.
fn works<F: OpenIdFace>(setup: &Setup, parts: usize) {
    let server = &setup.server;
    let face = F::new(setup);
    for (mode, place) in [("jwt", "?response="), ("query.jwt", "?response="), ("fragment.jwt", "#response=")] {
        let (url, pending) = face.start(request(mode)).expect("a request");
        let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
        let (_, answer) = callback.split_once(place).unwrap_or_else(|| panic!("{mode}: {callback}"));
        let jwt = answer.split('&').next().unwrap_or_default();
        assert_eq!(jwt.split('.').count(), parts, "{mode}: {callback}");
        let login = face.finish(pending, (&callback).into()).expect("a login");
        assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
    }
    if server.name == "glewlwyd" {
        return; // it has no form_post.jwt
    }
    let (url, pending) = face.start(request("form_post.jwt")).expect("a request");
    let body = Walk::new(server).to_form_post(&url).expect("a form");
    face.finish(pending, Callback::form_post(body.as_bytes())).expect("a login");
}

fn a_signed_answer<F: OpenIdFace>(server: &Server) {
    works::<F>(&setup(server, false), 3);
}

fn a_signed_and_encrypted_answer<F: OpenIdFace>(server: &Server) {
    works::<F>(&setup(server, true), 5);
}

fn an_answer_signed_otherwise_than_registered_is_refused<F: OpenIdFace>(server: &Server) {
    let refused = |setup: &Setup| {
        let outcome = F::new(setup).log_in_by(&mut Walk::new(server), request("jwt"));
        outcome.expect_err("another registration")
    };
    let mut signed = setup(server, false);
    signed.client.registration.extensions.authorization_alg = Some("ES256");
    refused(&signed).breaks("alg is the one registered for this client");
    signed.client.registration.extensions.authorization_alg = Some("RS256");
    signed.client.registration.extensions.authorization_encryption = Some(("dir", "A128GCM"));
    refused(&signed).breaks("the token is encrypted as registered");
    let mut encrypted = setup(server, true);
    encrypted.client.registration.extensions.authorization_encryption = None;
    refused(&encrypted).breaks("the token is as it was registered");
}

fn a_changed_answer_is_refused<F: OpenIdFace>(server: &Server) {
    let setup = setup(server, false);
    let face = F::new(&setup);
    let (url, pending) = face.start(request("query.jwt")).expect("a request");
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    let mut parts: Vec<String> = callback.split('.').map(str::to_owned).collect();
    let signature = parts.last_mut().expect("a signature");
    let middle = signature.len() / 2;
    let other = if signature[middle..].starts_with('A') { "B" } else { "A" };
    signature.replace_range(middle..=middle, other);
    let failure = face.finish(pending, (&parts.join(".")).into()).expect_err("a changed signature");
    failure.breaks("the signature verifies");
}

fn an_answer_to_another_client_is_refused<F: OpenIdFace>(server: &Server) {
    let state = "the-state-of-both-requests";
    let theirs = Setup::registered(server, "basic");
    let (url, _) = F::new(&theirs).start(request("jwt").state(state)).expect("a request");
    let callback = Walk::new(server).to(&url, theirs.redirect_uri()).expect("a callback");
    let face = F::new(&setup(server, false));
    let (_, pending) = face.start(request("jwt").state(state)).expect("a request");
    face.finish(pending, (&callback).into()).expect_err("another client's").breaks("aud is this client");
}

fn an_unsigned_answer_is_refused<F: OpenIdFace>(server: &Server) {
    let setup = setup(server, false);
    let state = "the-state-of-both-requests";
    let (url, _) = F::new(&setup).start(request("query").state(state)).expect("a request");
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    assert!(callback.contains("code="), "{callback}");
    let face = F::new(&setup);
    let (_, pending) = face.start(request("jwt").state(state)).expect("a request");
    let failure = face.finish(pending, (&callback).into()).expect_err("it is not signed");
    failure.breaks("the answer is signed, as was asked");
}

fn a_signed_refusal_is_an_error_of_the_server<F: Face>(server: &Server) {
    for encrypted in [false, true] {
        let face = F::new(&setup(server, encrypted));
        let failure = face.log_in_with(&[("response_mode", "jwt"), ("ui", "deny")]).expect_err("a refusal");
        assert_eq!(failure.server_error.as_deref(), Some("access_denied"), "{failure:?}");
    }
}
