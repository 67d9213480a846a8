//! Logging out at the server: OpenID Connect RP-Initiated Logout.

use grantee::{AuthorizationRequest, EndSession};
use grantee_interop::{Server, Walk};

use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    a_logout_ends_the_session_and_comes_back at oidc_provider glewlwyd,
    a_logout_that_nobody_started_is_refused at oidc_provider glewlwyd,
    a_logout_may_lead_nowhere at oidc_provider,
);

/// Of a web application, which may ask whether somebody is logged in.
fn client(server: &Server) -> &'static str {
    if server.name == "oidc-provider" { "hybrid" } else { "basic" }
}

fn logged_in<F: OpenIdFace>(server: &Server) -> (F, Walk, F::Login) {
    let face = F::new(&Setup::registered(server, client(server)));
    let mut walk = Walk::new(server);
    let login = face.log_in_by(&mut walk, AuthorizationRequest::new().scope("openid")).expect("a login");
    (face, walk, login)
}

fn way_back(server: &Server) -> &'static str {
    server.registered(client(server)).registration.post_logout_redirect_uri.expect("a way back")
}

/// The error of a silent login, if it is one.
fn silently<F: OpenIdFace>(face: &F, walk: &mut Walk, login: &F::Login) -> Option<String> {
    let request = AuthorizationRequest::new().scope("openid").prompt("none").id_token_hint(login.id_token());
    let (url, pending) = face.start(request).expect("a request");
    let callback = walk.to_callback_silently(&url).unwrap_or_else(|stuck| panic!("{stuck}"));
    let failure = face.finish(pending, callback.into()).err()?;
    Some(failure.server_error.unwrap_or_else(|| panic!("{:?}", failure.code)))
}

fn a_logout_ends_the_session_and_comes_back<F: OpenIdFace>(server: &Server) {
    let (face, mut walk, login) = logged_in::<F>(server);
    assert_eq!(silently(&face, &mut walk, &login), None, "somebody is logged in");
    let request = EndSession::new().id_token_hint(login.id_token()).post_logout_redirect_uri(way_back(server));
    let (url, pending) = face.log_out(request).expect("a logout");
    assert!(url.starts_with(server.end_session_endpoint.as_deref().expect("an endpoint")), "{url}");
    let state = pending.state().expect("a state").to_owned();
    let back = walk.log_out(&url, way_back(server)).expect("a way back");
    assert!(back.contains(&state), "{back}");
    pending.finish(&back).expect("it is the logout that was started");
    assert!(silently(&face, &mut walk, &login).is_some_and(|error| error.ends_with("_required")), "nobody is any more");
}

fn a_logout_that_nobody_started_is_refused<F: OpenIdFace>(server: &Server) {
    let (face, mut walk, login) = logged_in::<F>(server);
    let start = || {
        let request = EndSession::new().id_token_hint(login.id_token()).post_logout_redirect_uri(way_back(server));
        face.log_out(request).expect("a logout")
    };
    let ((_, ours), (theirs, _)) = (start(), start());
    let back = walk.log_out(&theirs, way_back(server)).expect("a way back");
    let error = ours.finish(&back).expect_err("another state");
    assert!(error.to_string().contains("state is the one that was sent"), "{error}");
}

fn a_logout_may_lead_nowhere<F: OpenIdFace>(server: &Server) {
    let (face, mut walk, login) = logged_in::<F>(server);
    let (url, pending) = face.log_out(EndSession::new().id_token_hint(login.id_token())).expect("a logout");
    assert_eq!((pending.state(), pending.post_logout_redirect_uri()), (None, None));
    let stays = walk.log_out(&url, way_back(server)).expect_err("it ends at a page of the server's");
    assert!(stays.contains("/session/end/success"), "{stays}");
    assert_eq!(silently(&face, &mut walk, &login).as_deref(), Some("login_required"));
}
