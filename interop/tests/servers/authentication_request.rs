//! What a login may ask for beside a scope, and what the ID token says to it.

use grantee::oidc::IdTokenExpectations;
use grantee::{AuthorizationRequest, UnixTime, UnverifiedIdToken};
use grantee_interop::{Server, Walk, walk};
use serde_json::{Value, json};
use std::time::Duration;

use crate::face::{Failure, LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    claims_are_had_one_by_one at oidc_provider glewlwyd,
    acr_is_one_of_those_asked_for at oidc_provider,
    an_acr_that_is_missing_is_refused_unless_any_will_do at glewlwyd,
    max_age_brings_auth_time at oidc_provider glewlwyd,
    a_silent_login_needs_somebody_logged_in at oidc_provider glewlwyd,
    a_hint_at_somebody_else_is_no_silent_login at oidc_provider,
    a_pairwise_subject_is_one_of_its_sector at oidc_provider,
);

/// A client that may ask for anything. oidc-provider asks the person of a native one each time (RFC 8252 section 8.6).
fn web_client(server: &Server) -> Setup {
    Setup::registered(server, if server.name == "oidc-provider" { "hybrid" } else { "basic" })
}

fn openid() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid")
}

fn claims_are_had_one_by_one<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let without = face.log_in_by(&mut Walk::new(server), openid()).expect("a login");
    assert_eq!(without.id_token().claims().email(), None);
    assert_eq!(face.userinfo(&without).expect("userinfo").claims.email(), None);

    let id_token = if server.name == "glewlwyd" { Value::Null } else { json!({ "essential": true }) };
    let asked = json!({ "id_token": { "email": id_token }, "userinfo": { "email": null } });
    let with = face.log_in_by(&mut Walk::new(server), openid().claims(asked)).expect("a login");
    assert_eq!(with.id_token().claims().email(), Some("alice@example.test"));
    assert_eq!(face.userinfo(&with).expect("userinfo").claims.email(), Some("alice@example.test"));
}

fn acr_is_one_of_those_asked_for<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let acr = |values: &str| {
        let login = face.log_in_by(&mut Walk::new(server), openid().acr_values(values)).expect("a login");
        login.id_token().acr().map(str::to_owned)
    };
    assert_eq!(acr("urn:test:gold urn:test:bronze").as_deref(), Some("urn:test:gold"));
    assert_eq!(acr("urn:test:bronze").as_deref(), Some("urn:test:bronze"));

    // A session of bronze, and a request that takes gold alone: the server grants what it has.
    let mut walk = Walk::new(server);
    face.log_in_by(&mut walk, openid().acr_values("urn:test:bronze")).expect("a login");
    let failure = face.log_in_by(&mut walk, openid().acr_values("urn:test:gold")).expect_err("bronze is not gold");
    failure.breaks("acr is one of those asked for");
}

fn an_acr_that_is_missing_is_refused_unless_any_will_do<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "basic");
    let outcome = F::new(&setup).log_in_by(&mut Walk::new(server), openid().acr_values("gold"));
    outcome.expect_err("no acr").breaks("acr is one of those asked for");
    setup.any_acr = true;
    let login = F::new(&setup).log_in_by(&mut Walk::new(server), openid().acr_values("gold")).expect("a login");
    assert_eq!(login.id_token().acr(), None);
}

fn max_age_brings_auth_time<F: OpenIdFace>(server: &Server) {
    let face = F::new(&web_client(server));
    let started = UnixTime::now();
    let request = openid().max_age(100);
    let (url, pending) = face.start(request.clone().response_type("id_token")).expect("a request");
    let id_token = face.identify(pending, walk(server, &url).into()).expect("who it is");
    let auth_time = id_token.auth_time().expect("a time");
    assert!(auth_time.seconds() + 1 >= started.seconds() && auth_time <= UnixTime::now(), "{auth_time:?}");

    // The same ID token a while later, as if it had only just come.
    let raw = UnverifiedIdToken::new(id_token.reveal());
    let later = |seconds| IdTokenExpectations::new().max_age(100).at(auth_time.after(Duration::from_secs(seconds)));
    assert_eq!(face.verify(&raw, &later(100)).as_ref().ok(), Some(&id_token));
    face.verify(&raw, &later(300)).expect_err("an old login").breaks("the login is no older than max_age");

    let outcome = face.log_in_by(&mut Walk::new(server), request);
    if server.name == "glewlwyd" {
        // Its token endpoint knows no session, and says 1970.
        outcome.expect_err("auth_time is 0").breaks("the login is no older than max_age");
    } else {
        assert!(outcome.expect("a login").id_token().auth_time().is_some_and(|time| time >= auth_time));
    }
}

#[track_caller]
fn needs_somebody(server: &Server, failure: &Failure) {
    let said = if server.name == "glewlwyd" { "interaction_required" } else { "login_required" };
    assert_eq!(failure.server_error.as_deref(), Some(said), "{failure:?}");
    assert!(failure.hint.as_deref().is_some_and(|hint| hint.contains("prompt")), "{failure:?}");
}

fn a_silent_login_needs_somebody_logged_in<F: OpenIdFace>(server: &Server) {
    let face = F::new(&web_client(server));
    let mut walk = Walk::new(server);
    let silently = |walk: &mut Walk, request: AuthorizationRequest| {
        let (url, pending) = face.start(request.prompt("none")).expect("a request");
        let callback = walk.to_callback_silently(&url).unwrap_or_else(|stuck| panic!("{stuck}"));
        face.finish(pending, callback.into())
    };
    needs_somebody(server, &silently(&mut walk, openid()).expect_err("nobody is logged in"));
    let login = face.log_in_by(&mut walk, openid()).expect("a login");
    // Glewlwyd wants the hint.
    let silent = silently(&mut walk, openid().id_token_hint(login.id_token())).expect("alice is logged in");
    assert_eq!(silent.id_token().subject(), login.id_token().subject());
    assert_eq!(silent.id_token().session_id(), login.id_token().session_id());
}

fn a_hint_at_somebody_else_is_no_silent_login<F: OpenIdFace>(server: &Server) {
    let face = F::new(&web_client(server));
    let bob = face.log_in_by(&mut Walk::new(server), openid().login_hint("bob")).expect("a login");
    let mut walk = Walk::new(server);
    let alice = face.log_in_by(&mut walk, openid()).expect("a login");
    let mut silently = |hint| {
        face.log_in_by(&mut walk, openid().prompt("none").id_token_hint(hint)).map(|login| login.id_token().clone())
    };
    assert_eq!(silently(alice.id_token()).expect("it is alice").subject(), alice.id_token().subject());
    needs_somebody(server, &silently(bob.id_token()).expect_err("it is not bob"));
}

fn a_pairwise_subject_is_one_of_its_sector<F: OpenIdFace>(server: &Server) {
    let subject = |id: &str| {
        let face = F::new(&Setup::registered(server, id));
        let login = face.log_in_by(&mut Walk::new(server), openid()).expect("a login");
        let info = face.userinfo(&login).expect("userinfo");
        assert_eq!(info.claims.sub(), Some(login.id_token().subject()));
        login.id_token().subject().to_owned()
    };
    let ours = subject("pairwise");
    assert_eq!(ours, subject("pairwise-sibling"), "both are of rp.example.test");
    assert_ne!(ours, subject("pairwise-stranger"));
    assert_eq!(subject("basic"), "alice", "not pairwise");
}
