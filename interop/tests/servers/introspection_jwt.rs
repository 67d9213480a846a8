//! Introspection answers that are signed, RFC 9701.

use grantee_interop::{Client, Server};

use crate::face::{Face, Kind, Setup, through_all_faces};

through_all_faces!(
    an_answer_is_signed_and_for_who_asked at oidc_provider,
    an_answer_that_is_for_the_api_is_refused at glewlwyd,
    an_answer_signed_otherwise_than_registered_is_refused at oidc_provider glewlwyd,
);

fn setup(server: &Server) -> Setup {
    if server.name == "oidc-provider" {
        return Setup::registered(server, "jwt-introspection");
    }
    let mut setup = Setup::registered(server, "basic");
    setup.client.registration.extensions.introspection_alg = Some("RS256");
    setup
}

fn an_answer_is_signed_and_for_who_asked<F: Face>(server: &Server) {
    let face = F::new(&setup(server));
    for kind in Kind::ALL {
        let tokens = face.log_in().expect("a login");
        let seen = face.introspect(kind.of(&tokens), kind).expect("an answer");
        assert_eq!(seen["active"], true, "{seen}");
        let Client { id, .. } = setup(server).client;
        assert_eq!(seen["client_id"], id.as_str(), "{seen}");
    }
    let seen = face.introspect("never-a-token", Kind::Access).expect("an answer");
    assert_eq!(seen["active"], false, "{seen}");
}

fn an_answer_signed_otherwise_than_registered_is_refused<F: Face>(server: &Server) {
    let mut setup = setup(server);
    let tokens = F::new(&setup).client_credentials("read").expect("a token");
    setup.client.registration.extensions.introspection_alg = Some("ES256");
    let failure = F::new(&setup).introspect(&tokens.access_token, Kind::Access).expect_err("another algorithm");
    failure.breaks("alg is the one registered for this client");
}

/// Glewlwyd puts in `aud` what the token is for, and not who asks.
fn an_answer_that_is_for_the_api_is_refused<F: Face>(server: &Server) {
    let face = F::new(&setup(server));
    let tokens = face.client_credentials("read").expect("a token");
    let failure = face.introspect(&tokens.access_token, Kind::Access).expect_err("not for who asked");
    failure.breaks("aud is this client");
}
