//! Request objects, RFC 9101.

use grantee::AuthorizationRequest;
use grantee::jose::{Jwk, KeyKind};
use grantee_interop::{Server, Walk, plain};
use url::Url;

use crate::face::{Face, LoggedIn, OpenIdFace, Setup, through_all_faces, through_both_faces};

through_all_faces!(
    a_login_by_a_signed_request at oidc_provider glewlwyd,
    a_client_registered_for_it_is_refused_without_it at oidc_provider,
);

through_both_faces!(
    a_request_signed_by_the_clients_key at oidc_provider glewlwyd,
    a_signed_request_is_pushed_by_a_client_of_private_key_jwt at glewlwyd,
    a_request_signed_by_the_clients_secret at oidc_provider,
    a_request_signed_and_encrypted_to_the_server at oidc_provider,
    a_request_signed_by_another_key_is_refused at oidc_provider glewlwyd,
    a_request_for_another_server_is_refused at oidc_provider,
);

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid email").state("the-state-of-this-request")
}

fn a_login_by_a_signed_request<F: Face>(server: &Server) {
    for id in if server.name == "glewlwyd" { &["jar"][..] } else { &["jar", "jar-hs"] } {
        for pushed in if server.name == "glewlwyd" { &[false][..] } else { &[false, true] } {
            let setup = Setup { pushed: *pushed, ..Setup::registered(server, id) };
            let tokens = F::new(&setup).log_in().expect("a login");
            assert_eq!(plain::get(&server.api, &tokens.access_token).status, 200);
        }
    }
}

/// By value and pushed: what was asked does not stand in the URL, and is what is granted.
fn works<F: OpenIdFace>(setup: &Setup, parts: usize) {
    let server = &setup.server;
    // Glewlwyd's has a test of its own.
    for pushed in if server.name == "glewlwyd" { &[false][..] } else { &[false, true] } {
        let pushed = *pushed;
        let face = F::new(&Setup { pushed, ..setup.clone() });
        let (url, pending) = face.start(request()).expect("a request");
        let shown = Url::parse(&url).expect("a URL");
        let parameter =
            |wanted: &str| shown.query_pairs().find_map(|(name, value)| (name == wanted).then(|| value.into_owned()));
        assert!(parameter("state").is_none() && parameter("redirect_uri").is_none(), "{url}");
        assert_eq!(parameter("request").map(|jwt| jwt.split('.').count()), (!pushed).then_some(parts), "{url}");
        assert_eq!(parameter("request_uri").is_some(), pushed, "{url}");
        let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
        let login = face.finish(pending, (&callback).into()).expect("a login");
        let info = face.userinfo(&login).expect("userinfo");
        assert_eq!(info.claims.email(), Some("alice@example.test"));
        assert_eq!(info.claims.sub(), Some(login.id_token().subject()));
    }
}

fn a_request_signed_by_the_clients_key<F: OpenIdFace>(server: &Server) {
    works::<F>(&Setup::registered(server, "jar"), 3);
}

/// Glewlwyd takes a request object for the client's authentication, and so from clients of `private_key_jwt` alone; an assertion is
/// for one endpoint.
fn a_signed_request_is_pushed_by_a_client_of_private_key_jwt<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "pkjwt").pushed();
    setup.client.registration.extensions.request_object_alg = Some("RS256");
    let issuer = server.issuer.as_deref().expect("an issuer");
    setup.assertion.1 = Some(format!("{issuer}/par"));
    let (url, pending) = F::new(&setup).start(request()).expect("a reference");
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    setup.assertion.1 = Some(server.token_endpoint.clone());
    F::new(&setup).finish(pending, (&callback).into()).expect("a login");

    let failure = F::new(&Setup::registered(server, "jar").pushed()).start(request()).expect_err("another method");
    failure.is_refusal(server, "invalid_request");
}

fn a_request_signed_by_the_clients_secret<F: OpenIdFace>(server: &Server) {
    works::<F>(&Setup::registered(server, "jar-hs"), 3);
}

fn a_request_signed_and_encrypted_to_the_server<F: OpenIdFace>(server: &Server) {
    works::<F>(&Setup::registered(server, "jar-enc"), 5);
}

/// Pushed, the server says so; by value the person is left on a page of the server's.
fn is_refused<F: OpenIdFace>(setup: &Setup) {
    let server = &setup.server;
    let failure = F::new(&setup.clone().pushed()).start(request()).expect_err("it was pushed");
    failure.is_refusal(server, "invalid_request_object");
    let (url, _) = F::new(setup).start(request()).expect("a request");
    let stuck = Walk::new(server).to(&url, setup.redirect_uri()).expect_err("it came by value");
    assert!(stuck.contains(if server.explains_errors { "status 400" } else { "status 403" }), "{stuck}");
}

fn a_request_signed_by_another_key_is_refused<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "jar");
    let key = Jwk::generate(KeyKind::Rsa(2048)).expect("a key");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), key.to_json()).expect("it can be written to");
    setup.client.registration.key = Some(file.path().into());
    is_refused::<F>(&setup);
}

fn a_request_for_another_server_is_refused<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "jar");
    setup.request_object_audience = Some("https://elsewhere.example");
    is_refused::<F>(&setup);
}

fn a_client_registered_for_it_is_refused_without_it<F: Face>(server: &Server) {
    let mut setup = Setup::registered(server, "jar");
    setup.client.registration.extensions.request_object_alg = None;
    setup.client.registration.key = None;
    let failure = F::new(&setup).log_in().expect_err("it was not signed");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_request"), "{failure:?}");
}
