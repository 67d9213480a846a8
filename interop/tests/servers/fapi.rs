//! FAPI 2.0 as a whole.

use grantee::AuthorizationRequest;
use grantee::jose::SignatureAlgorithm;
use grantee::rules::Rules;
use grantee_interop::{Server, Walk};
use url::Url;

use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    the_security_profile at oidc_provider_tls,
    message_signing at oidc_provider_tls,
    the_server_refuses_what_the_profile_forbids at oidc_provider_tls,
);

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid offline_access email").prompt("consent")
}

/// A login, userinfo and a refresh by the rules.
fn works<F: OpenIdFace>(setup: &Setup) {
    let server = &setup.server;
    let face = F::new(setup);
    let (url, pending) = face.start(request()).expect("a request");
    let shown = Url::parse(&url).expect("a URL");
    let names: Vec<_> = shown.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    let callback = Walk::new(server).to(&url, setup.redirect_uri()).expect("a callback");
    let signed = setup.rules == Some(Rules::Fapi2MessageSigning);
    assert_eq!(callback.contains("?response="), signed, "{callback}");
    let login = face.finish(pending, (&callback).into()).expect("a login");
    assert_eq!(login.token().token_type, "DPoP");
    assert_eq!(login.id_token().algorithm(), Some(SignatureAlgorithm::Ps256));
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.email(), Some("alice@example.test"));
    let renewed = face.renew(login.token()).expect("a refresh");
    assert_eq!(renewed.key_thumbprint, login.token().key_thumbprint);
    assert_eq!(face.userinfo_of(&renewed, login.id_token()).expect("userinfo").claims.sub(), Some("alice"));
}

fn setup(server: &Server) -> Setup {
    Setup::registered(server, "fapi2").dpop().rules(Rules::Fapi2Security)
}

fn the_security_profile<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    works::<F>(&setup);
    let audit = F::new(&setup).audit(Rules::Fapi2Security).expect("an audit");
    println!("{audit}");
}

fn message_signing<F: OpenIdFace>(server: &Server) {
    let mut setup = setup(server).rules(Rules::Fapi2MessageSigning);
    let extensions = &mut setup.client.registration.extensions;
    extensions.request_object_alg = Some("PS256");
    extensions.authorization_alg = Some("PS256");
    works::<F>(&setup);
    let audit = F::new(&setup).audit(Rules::Fapi2MessageSigning).expect("an audit");
    println!("{audit}");
}

fn the_server_refuses_what_the_profile_forbids<F: OpenIdFace>(server: &Server) {
    // Nobody holds our client back here.
    let lax = Setup { rules: None, dpop: None, ..setup(server) };
    let outcome = F::new(&lax).log_in_by(&mut Walk::new(server), request());
    println!("NO DPOP {:?}", outcome.err());
    let outcome = F::new(&lax.clone().pushed()).log_in_by(&mut Walk::new(server), request());
    println!("NO DPOP PUSHED {:?}", outcome.err());
}
