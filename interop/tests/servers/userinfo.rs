//! Userinfo of real servers: JSON, signed, encrypted, and bound to who logged in.

use grantee::{AuthorizationRequest, Token};
use grantee_interop::{Server, Walk};

use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    userinfo_as_json at oidc_provider glewlwyd,
    userinfo_that_is_signed at oidc_provider glewlwyd,
    userinfo_that_is_signed_and_encrypted at oidc_provider glewlwyd,
    userinfo_about_somebody_else_is_refused at oidc_provider,
    userinfo_needs_a_living_token at oidc_provider glewlwyd,
);

fn login<F: OpenIdFace>(face: &F, server: &Server) -> F::Login {
    let request = AuthorizationRequest::new().scope("openid email profile");
    face.log_in_by(&mut Walk::new(server), request).expect("a login")
}

/// What both servers know of alice.
#[track_caller]
fn is_alice<F: OpenIdFace>(face: &F, login: &F::Login, is_signed: bool) {
    let info = face.userinfo(login).expect("userinfo");
    assert_eq!(info.claims.sub(), Some(login.id_token().subject()));
    assert_eq!((info.claims.name(), info.claims.email()), (Some("User alice"), Some("alice@example.test")));
    assert_eq!(info.is_signed, is_signed);
}

/// A client whose userinfo is a JWT. Glewlwyd makes one where the query asks for it.
fn of_jwt(server: &Server, id: &str, alg: Option<&'static str>) -> Setup {
    let mut setup = Setup::registered(server, id);
    if server.name == "glewlwyd" {
        setup.userinfo_endpoint = Some(format!("{}?format=jwt", server.api));
    }
    setup.client.registration.userinfo_alg = alg;
    setup
}

fn userinfo_as_json<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "basic");
    let face = F::new(&setup);
    is_alice(&face, &login(&face, server), false);

    setup.client.registration.userinfo_alg = Some("RS256");
    let face = F::new(&setup);
    let failure = face.userinfo(&login(&face, server)).expect_err("JSON in the place of a JWT");
    failure.breaks("the answer is signed or encrypted as registered");
}

fn userinfo_that_is_signed<F: OpenIdFace>(server: &Server) {
    let id = if server.name == "glewlwyd" { "basic" } else { "jwt-userinfo" };
    let face = F::new(&of_jwt(server, id, Some("RS256")));
    is_alice(&face, &login(&face, server), true);

    for alg in [Some("PS256"), None] {
        let face = F::new(&of_jwt(server, id, alg));
        let failure = face.userinfo(&login(&face, server)).expect_err("another registration");
        failure.breaks("alg is the one registered for this client");
    }
}

fn userinfo_that_is_signed_and_encrypted<F: OpenIdFace>(server: &Server) {
    let id = if server.name == "glewlwyd" { "userinfo-enc" } else { "jwt-userinfo-enc" };
    let alg = server.registered(id).registration.userinfo_alg;
    let mut setup = of_jwt(server, id, alg);
    let face = F::new(&setup);
    is_alice(&face, &login(&face, server), true);

    setup.client.registration.userinfo_encryption = None;
    let face = F::new(&setup);
    let failure = face.userinfo(&login(&face, server)).expect_err("an encrypted answer");
    failure.breaks("the token is as it was registered");
}

fn userinfo_about_somebody_else_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let alice = login(&face, server);
    let request = AuthorizationRequest::new().scope("openid").login_hint("bob");
    let bob = face.log_in_by(&mut Walk::new(server), request).expect("a login");
    let failure = face.userinfo_of(bob.token(), alice.id_token()).expect_err("bob is not alice");
    failure.breaks("sub is that of the ID token");
}

fn userinfo_needs_a_living_token<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let login = login(&face, server);
    let failure = face.userinfo_of(&Token::bearer("never-a-token"), login.id_token()).expect_err("no token");
    assert_eq!(failure.status, Some(401), "{failure:?}");
    // Glewlwyd's 401 has no challenge.
    let said = (server.name == "oidc-provider").then_some("invalid_token");
    assert_eq!(failure.server_error.as_deref(), said, "{failure:?}");
}
