//! What a client proves itself with. That each method does where it should is part of every other scenario.

use grantee_interop::{Auth, Server};

use crate::face::{Face, Setup, through_each_face};

through_each_face!(
    a_wrong_secret_is_refused,
    reserved_characters_survive_basic,
    the_hint_names_the_switch_for_reserved_characters,
);

fn a_wrong_secret_is_refused<F: Face>(server: &Server) {
    for auth in [Auth::ClientSecretBasic, Auth::ClientSecretPost] {
        let failure = F::new(&Setup::new(server, auth).secret("wrong")).client_credentials("read");
        let failure = failure.expect_err("a wrong secret");
        failure.is_refusal(server, "invalid_client");
        assert_eq!(failure.hint, None, "nothing is reserved in this secret");
    }
}

fn reserved_characters_survive_basic<F: Face>(server: &Server) {
    let setup = Setup::of(server, server.odd_client());
    let raw = !server.decodes_basic;
    let tokens = F::new(&setup.clone().basic_raw(raw)).client_credentials("read").expect("a token");
    assert!(!tokens.access_token.is_empty());

    let failure = F::new(&setup.basic_raw(!raw)).client_credentials("read").expect_err("the other encoding");
    if server.decodes_basic {
        // Their odd client_id has a colon, where raw credentials would be cut: not even sent.
        assert_eq!(failure.code, "configuration", "{failure:?}");
    } else {
        failure.is_refusal(server, "invalid_client");
    }
}

fn the_hint_names_the_switch_for_reserved_characters<F: Face>(server: &Server) {
    let setup = Setup::of(server, server.odd_client()).secret("wrong &+%");
    let failure = F::new(&setup).client_credentials("read").expect_err("a wrong secret");
    failure.is_refusal(server, "invalid_client");
    // Glewlwyd does not say invalid_client, so nothing tells that this is what is wrong.
    let named = failure.hint.as_deref().is_some_and(|hint| hint.contains("basic_raw"));
    assert_eq!(named, server.explains_errors, "{failure:?}");
}
