//! Tokens that stay fresh. The only tests that sleep: until a real token has really expired.

use std::thread::sleep;
use std::time::{Duration, Instant};

use grantee_interop::{Auth, Server, plain};

use crate::face::{By, Face, Session, Setup, through_each_face};

through_each_face!(
    a_call_outlives_its_token,
    a_token_revoked_elsewhere_is_renewed_once_and_the_call_repeated,
    a_dead_refresh_token_is_replaced_where_nobody_has_to_be_asked,
    a_login_that_is_gone_needs_another,
);

/// Until that is so, which a token's end should make it.
#[track_caller]
fn wait_until(server: &Server, what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(server.access_token_lifetime + 5), "never: {what}");
        sleep(Duration::from_millis(100));
    }
}

fn a_call_outlives_its_token<F: Face>(server: &Server) {
    let server = server.short();
    // One wait serves for two sessions.
    let service = F::new(&Setup::new(&server, Auth::ClientSecretPost));
    let service = service.session(By::ClientCredentials).expect("a session");
    let service_before = service.token().expect("a token");
    let login = F::new(&Setup::new(&server, Auth::ClientSecretBasic)).session(By::Login).expect("a session");
    assert_eq!(login.get(&server.api).expect("an answer").0, 200);

    let before = login.token().expect("a token");
    wait_until(&server, "the API refuses the token", || plain::get(&server.api, &before.access_token).status == 401);
    assert_eq!(login.get(&server.api).expect("an answer").0, 200);
    let after = login.token().expect("a token");
    assert_ne!(before.access_token, after.access_token);
    assert_ne!(before.refresh_token(), after.refresh_token(), "renewed by rotation");

    let is_new = || service.token().expect("a token").access_token != service_before.access_token;
    if let Some(api) = &server.service_api {
        assert_eq!(plain::get(api, &service_before.access_token).status, 401);
        assert_eq!(service.get(api).expect("an answer").0, 200);
        assert!(is_new());
    } else {
        // Glewlwyd ends a token up to a second before it says, so ours may still count as fresh.
        wait_until(&server, "the session has another token", is_new);
    }
}

/// Kills a token without the session's knowledge.
fn revoke_elsewhere(setup: &Setup, token: &str, kind: &str) {
    let form = [("token", token), ("token_type_hint", kind)];
    assert_eq!(plain::post(&setup.server, &setup.client, &setup.server.revocation_endpoint, &form).status, 200);
}

fn a_token_revoked_elsewhere_is_renewed_once_and_the_call_repeated<F: Face>(server: &Server) {
    let setup = Setup::new(server, Auth::ClientSecretBasic);
    // Where revoking an access token ends the whole login, client credentials get another.
    let (by, api) = match &server.service_api {
        Some(api) => (By::ClientCredentials, api),
        None => (By::Login, &server.api),
    };
    let session = F::new(&setup).session(by).expect("a session");
    let before = session.token().expect("a token");
    assert_eq!(session.get(api).expect("an answer").0, 200);
    revoke_elsewhere(&setup, &before.access_token, "access_token");
    assert_eq!(plain::get(api, &before.access_token).status, 401);

    assert_eq!(session.get(api).expect("an answer").0, 200);
    let after = session.token().expect("a token");
    assert_ne!(before.access_token, after.access_token);
    assert_eq!(session.get(api).expect("an answer").0, 200);
    assert_eq!(session.token().expect("a token").access_token, after.access_token, "renewed once");
    assert!(session.retries().is_none_or(|retries| retries == 1));
}

fn a_dead_refresh_token_is_replaced_where_nobody_has_to_be_asked<F: Face>(server: &Server) {
    let setup = Setup::new(server, Auth::ClientSecretBasic);
    let session = F::new(&setup).session(By::Password).expect("a session");
    let before = session.token().expect("a token");
    revoke_elsewhere(&setup, before.refresh_token(), "refresh_token");
    let renewed = session.renew().expect("a token by the password");
    assert_ne!(renewed.refresh_token(), before.refresh_token());
    assert_eq!(session.get(&server.api).expect("an answer").0, 200);
}

fn a_login_that_is_gone_needs_another<F: Face>(server: &Server) {
    let setup = Setup::new(server, Auth::ClientSecretPost);
    let session = F::new(&setup).session(By::Login).expect("a session");
    let before = session.token().expect("a token");
    revoke_elsewhere(&setup, before.refresh_token(), "refresh_token");
    let failure = session.renew().expect_err("the login is gone");
    if !server.explains_errors {
        // A bare status may as well mean the client's secret: the refresh token is kept and nobody is sent to log in.
        failure.is_refusal(server, "invalid_grant");
        return;
    }
    assert_eq!(failure.code, "login_required", "{failure:?}");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_grant"), "{failure:?}");
    // These servers end the access token too, so a call finds out the same.
    assert_eq!(plain::get(&server.api, &before.access_token).status, 401);
    assert_eq!(session.get(&server.api).expect_err("the login is gone").code, "login_required");
}
