//! Pushed authorization requests, RFC 9126.

use grantee::{AuthorizationRequest, Pending};
use grantee_interop::{Server, Walk, plain};
use url::Url;

use crate::face::{Face, LoggedIn, OpenIdFace, Setup, through_all_faces, through_both_faces};

through_all_faces!(
    a_login_by_a_pushed_request at oidc_provider oidc_provider_strict glewlwyd,
    a_client_registered_for_it_is_refused_without_it at oidc_provider,
);

through_both_faces!(
    the_browser_carries_a_reference_alone at oidc_provider glewlwyd,
    a_server_that_requires_it_gets_it_by_itself at oidc_provider_strict,
    a_reference_is_no_use_to_another_client at oidc_provider glewlwyd,
    what_is_wrong_with_a_request_is_said_before_a_browser_is_sent at oidc_provider glewlwyd,
    a_code_serves_once at oidc_provider glewlwyd,
);

/// A client that pushes.
fn setup(server: &Server) -> Setup {
    Setup::registered(server, if server.name == "glewlwyd" { "basic" } else { "par" }).pushed()
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid email")
}

fn parameters(url: &str) -> Vec<String> {
    let url = Url::parse(url).expect("a URL");
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

fn a_login_by_a_pushed_request<F: Face>(server: &Server) {
    let tokens = F::new(&setup(server)).log_in().expect("a login");
    assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
}

fn the_browser_carries_a_reference_alone<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let face = F::new(&setup);
    let (url, pending) = face.start(request()).expect("a reference");
    assert_eq!(parameters(&url), ["client_id", "request_uri"]);
    assert!(pending.request_expires_at().is_some());
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    let login = face.finish(pending, (&callback).into()).expect("a login");
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
}

fn a_server_that_requires_it_gets_it_by_itself<F: OpenIdFace>(server: &Server) {
    for id in ["basic", "post", "public", "pkjwt-es256", "csjwt"] {
        let setup = Setup::registered(server, id);
        let face = F::new(&setup);
        let (url, _) = face.start(request()).expect("a reference");
        assert_eq!(parameters(&url), ["client_id", "request_uri"], "{id}");
        face.log_in_by(&mut Walk::new(server), request()).expect("a login");
    }
}

fn a_client_registered_for_it_is_refused_without_it<F: Face>(server: &Server) {
    let setup = Setup { pushed: false, ..setup(server) };
    let failure = F::new(&setup).log_in().expect_err("it was not pushed");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_request"), "{failure:?}");
}

fn a_reference_is_no_use_to_another_client<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let (url, _) = F::new(&setup).start(request()).expect("a reference");
    let mut url = Url::parse(&url).expect("a URL");
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(|(name, value)| {
        let value = if name == "client_id" { "post".to_owned() } else { value };
        (name, value)
    }));
    let arrived = Walk::new(server).to(url.as_str(), setup.redirect_uri());
    assert!(!arrived.as_ref().is_ok_and(|callback| callback.contains("code=")), "{arrived:?}");
}

fn what_is_wrong_with_a_request_is_said_before_a_browser_is_sent<F: OpenIdFace>(server: &Server) {
    let face = F::new(&setup(server));
    let failure = face.start(request().redirect_uri("https://elsewhere.example/cb")).expect_err("not ours");
    failure.is_refusal(server, "invalid_request");
    let failure = F::new(&setup(server).secret("wrong")).start(request()).expect_err("a wrong secret");
    failure.is_refusal(server, "invalid_client");
}

fn a_code_serves_once<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let face = F::new(&setup);
    let (url, pending) = face.start(request()).expect("a reference");
    let again = Pending::from_json(&pending.to_json().expect("it can be kept")).expect("what was kept");
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    let login = face.finish(pending, (&callback).into()).expect("a login");
    let failure = face.finish(again, (&callback).into()).expect_err("the code was used");
    let error = if server.name == "glewlwyd" { "invalid_code" } else { "invalid_grant" };
    assert_eq!(failure.server_error.as_deref(), Some(error), "{failure:?}");
    // What the code has brought ends too (RFC 6749 section 4.1.2).
    face.userinfo(&login).expect_err("the token was revoked");
}
