//! Clients known by a certificate, and tokens bound to it, RFC 8705.

use grantee_interop::{Server, plain};

use crate::face::{By, Face, Kind, Session, Setup, through_all_faces};

through_all_faces!(
    a_certificate_of_an_authority_is_the_client_and_binds_its_tokens at oidc_provider_tls,
    a_self_signed_certificate_is_the_client_and_binds_its_tokens at oidc_provider_tls,
    a_client_with_a_secret_may_have_bound_tokens_too at oidc_provider_tls,
    another_certificate_is_refused at oidc_provider_tls,
);

/// The address of userinfo for clients with a certificate.
fn alias<F: Face>(face: &F, name: &str) -> String {
    let metadata = face.metadata().expect("metadata");
    metadata["mtls_endpoint_aliases"][name].as_str().unwrap_or_else(|| panic!("{metadata}")).to_owned()
}

fn works<F: Face>(server: &Server, id: &str) {
    let setup = Setup::registered(server, id);
    let face = F::new(&setup);
    let userinfo = alias(&face, "userinfo_endpoint");
    assert!(!userinfo.starts_with(&server.base), "{userinfo}");

    let tokens = face.client_credentials("read").expect("a token");
    assert!(tokens.token_type.eq_ignore_ascii_case("bearer"), "{tokens:?}");
    let seen = face.introspect(&tokens.access_token, Kind::Access).expect("an answer");
    assert_eq!(seen["active"], true, "{seen}");
    assert!(seen["cnf"]["x5t#S256"].is_string(), "{seen}");
    face.revoke(&tokens.access_token, Kind::Access).expect("it is gone");
    assert_eq!(face.introspect(&tokens.access_token, Kind::Access).expect("an answer")["active"], false);

    let session = face.session(By::Login).expect("a login");
    for _ in 0..2 {
        assert_eq!(session.get(&userinfo).expect("an answer").0, 200);
        let token = session.token().expect("a token").access_token;
        // Whoever steals it has nothing: neither without a certificate nor with another.
        let other = if id == "selfsigned" { "client" } else { "selfsigned" };
        let mut tls = server.tls.clone();
        assert_eq!(plain::get_by(&tls, &userinfo, &token).status, 401);
        tls.certificate = Some(server.certificate(other));
        assert_eq!(plain::get_by(&tls, &userinfo, &token).status, 401);
        tls.certificate = setup.client.registration.extensions.certificate.clone();
        assert_eq!(plain::get_by(&tls, &userinfo, &token).status, 200);
        session.renew().expect("a refresh");
    }
}

fn a_certificate_of_an_authority_is_the_client_and_binds_its_tokens<F: Face>(server: &Server) {
    for id in ["tls", "tls-dn"] {
        works::<F>(server, id);
    }
}

fn a_self_signed_certificate_is_the_client_and_binds_its_tokens<F: Face>(server: &Server) {
    works::<F>(server, "selfsigned");
}

fn a_client_with_a_secret_may_have_bound_tokens_too<F: Face>(server: &Server) {
    works::<F>(server, "bound");
}

fn another_certificate_is_refused<F: Face>(server: &Server) {
    for (id, other) in [("tls", "selfsigned"), ("tls-dn", "selfsigned"), ("selfsigned", "client")] {
        let mut setup = Setup::registered(server, id);
        setup.client.registration.extensions.certificate = Some(server.certificate(other));
        let failure = F::new(&setup).client_credentials("read").expect_err("another certificate");
        failure.is_refusal(server, "invalid_client");
    }
}
