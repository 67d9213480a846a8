//! FAPI 2.0 as a whole.

use grantee::AuthorizationRequest;
use grantee::jose::SignatureAlgorithm;
use grantee::rules::{Audit, Rules};
use grantee_interop::{Server, Walk, plain};
use url::Url;

use crate::face::{By, Face, Kind, LoggedIn, OpenIdFace, Session, Setup, through_all_faces, through_both_faces};

through_all_faces!(
    a_session_by_the_rules at oidc_provider_tls,
);

through_both_faces!(
    the_security_profile at oidc_provider_tls,
    message_signing at oidc_provider_tls,
    the_server_refuses_what_the_profile_forbids at oidc_provider_tls,
);

fn request() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("openid offline_access email").prompt("consent")
}

fn a_session_by_the_rules<F: Face>(server: &Server) {
    for rules in [Rules::Fapi2Security, Rules::Fapi2MessageSigning] {
        let face = F::new(&signing(server).rules(rules));
        let session = face.session(By::Login).expect("a login");
        assert_eq!(session.get(&server.api).expect("an answer").0, 200);
        let before = session.token().expect("a token");
        assert_eq!(before.token_type, "DPoP");
        assert_ne!(session.renew().expect("a refresh").access_token, before.access_token);
        assert_eq!(session.get(&server.api).expect("an answer").0, 200);
        // Whoever steals it has nothing.
        assert_eq!(plain::get_by(&server.tls, &server.api, &before.access_token).status, 401);
        let seen = face.introspect(&before.access_token, Kind::Access).expect("an answer");
        assert!(seen["active"].is_boolean(), "{seen}");
    }
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

/// What the server requires of this client without saying so in its metadata, or offers to others.
const UNSAID: [&str; 2] = ["authorization requests must be pushed", "the server offers no password grant"];

fn lacking(audit: &Audit) -> Vec<&'static str> {
    audit.lacking().map(|finding| finding.rule).collect()
}

fn setup(server: &Server) -> Setup {
    Setup::registered(server, "fapi2").dpop().rules(Rules::Fapi2Security)
}

/// With what messages are signed by.
fn signing(server: &Server) -> Setup {
    let mut setup = setup(server);
    let extensions = &mut setup.client.registration.extensions;
    extensions.request_object_alg = Some("PS256");
    extensions.authorization_alg = Some("PS256");
    extensions.introspection_alg = Some("PS256");
    setup
}

fn the_security_profile<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    works::<F>(&setup);
    let audit = F::new(&setup).audit(Rules::Fapi2Security).expect("an audit");
    assert_eq!(lacking(&audit), UNSAID);
}

fn message_signing<F: OpenIdFace>(server: &Server) {
    let setup = signing(server).rules(Rules::Fapi2MessageSigning);
    works::<F>(&setup);
    let face = F::new(&setup);
    let audit = face.audit(Rules::Fapi2MessageSigning).expect("an audit");
    assert_eq!(lacking(&audit), [&UNSAID[..], &["request objects must be signed"]].concat());
    let tokens = face.client_credentials("read").expect("a token");
    let seen = face.introspect(&tokens.access_token, Kind::Access).expect("a signed answer");
    assert_eq!(seen["active"], true, "{seen}");
}

fn the_server_refuses_what_the_profile_forbids<F: OpenIdFace>(server: &Server) {
    // Nothing holds our client back here.
    let lax = Setup { rules: None, ..setup(server) };
    let outcome = F::new(&lax).log_in_by(&mut Walk::new(server), request());
    let failure = outcome.expect_err("it was not pushed");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_request"), "{failure:?}");
    let unbound = Setup { dpop: None, ..lax.pushed() };
    let outcome = F::new(&unbound).log_in_by(&mut Walk::new(server), request());
    outcome.expect_err("nothing was proved").is_refusal(server, "invalid_grant");
}
