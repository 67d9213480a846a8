//! What a client proves itself with. That each method does where it should is part of every other scenario.

use grantee::jose::SignatureAlgorithm;
use grantee_interop::{Auth, Server, plain};

use crate::face::{Face, Kind, OpenIdFace, Setup, through_both_faces, through_each_face};

through_each_face!(
    a_wrong_secret_is_refused,
    reserved_characters_survive_basic,
    the_hint_names_the_switch_for_reserved_characters,
);

through_both_faces!(
    private_key_jwt_by_rs256 at oidc_provider glewlwyd,
    private_key_jwt_by_ps256 at oidc_provider glewlwyd,
    private_key_jwt_by_es256 at oidc_provider,
    private_key_jwt_by_es384 at oidc_provider,
    private_key_jwt_by_es512 at oidc_provider,
    private_key_jwt_by_eddsa at oidc_provider,
    client_secret_jwt_by_hs256_hs384_and_hs512 at oidc_provider glewlwyd,
    an_assertion_for_somebody_else_is_refused at oidc_provider glewlwyd,
    an_assertion_for_the_issuer_is_refused at glewlwyd,
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

/// The client where it talks to one endpoint: Glewlwyd takes assertions for that very endpoint alone, oidc-provider those for
/// the issuer, which are the default.
fn at<F: OpenIdFace>(setup: &Setup, endpoint: &str) -> F {
    let mut setup = setup.clone();
    if setup.server.name == "glewlwyd" {
        setup.assertion.1 = Some(endpoint.into());
    }
    F::new(&setup)
}

/// A login, a token for the client itself, a refresh, introspection and revocation.
fn works_everywhere<F: OpenIdFace>(setup: &Setup) {
    let server = &setup.server;
    let face = at::<F>(setup, &server.token_endpoint);
    let tokens = face.client_credentials("read").expect("a token");
    assert_eq!(tokens.scope, ["read"]);
    let login = face.log_in().expect("a login");
    let login = face.refresh(login.refresh_token()).expect("a refresh");
    assert_eq!(plain::get(&server.api, &login.access_token).status, 200);

    let introspecting = at::<F>(setup, &server.introspection_endpoint);
    let seen = introspecting.introspect(&login.access_token, Kind::Access).expect("an answer");
    assert_eq!((&seen["active"], &seen["client_id"]), (&true.into(), &setup.client.id.as_str().into()), "{seen}");
    at::<F>(setup, &server.revocation_endpoint).revoke(&login.access_token, Kind::Access).expect("it is gone");
    let seen = introspecting.introspect(&login.access_token, Kind::Access).expect("an answer");
    assert_eq!(seen["active"], false, "{seen}");
}

/// The algorithm follows from the key, where that names one.
fn by_key<F: OpenIdFace>(server: &Server, algorithm: SignatureAlgorithm) {
    let mut setup = if server.name == "glewlwyd" {
        Setup::registered(server, "pkjwt")
    } else {
        Setup::registered(server, &format!("pkjwt-{}", algorithm.name().to_lowercase()))
    };
    if server.name == "glewlwyd" && algorithm != SignatureAlgorithm::Rs256 {
        setup.assertion.0 = Some(algorithm);
    }
    works_everywhere::<F>(&setup);
}

fn private_key_jwt_by_rs256<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::Rs256);
}

fn private_key_jwt_by_ps256<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::Ps256);
}

fn private_key_jwt_by_es256<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::Es256);
}

fn private_key_jwt_by_es384<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::Es384);
}

fn private_key_jwt_by_es512<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::Es512);
}

fn private_key_jwt_by_eddsa<F: OpenIdFace>(server: &Server) {
    by_key::<F>(server, SignatureAlgorithm::EdDsa);
}

fn client_secret_jwt_by_hs256_hs384_and_hs512<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "csjwt");
    for algorithm in [None, Some(SignatureAlgorithm::Hs384), Some(SignatureAlgorithm::Hs512)] {
        setup.assertion.0 = algorithm;
        works_everywhere::<F>(&setup);
    }
}

fn an_assertion_for_somebody_else_is_refused<F: OpenIdFace>(server: &Server) {
    for id in [if server.name == "glewlwyd" { "pkjwt" } else { "pkjwt-es256" }, "csjwt"] {
        let mut setup = Setup::registered(server, id);
        setup.assertion.1 = Some("https://elsewhere.example".into());
        let failure = F::new(&setup).client_credentials("read").expect_err("another audience");
        failure.is_refusal(server, "invalid_client");
        // Where the server says invalid_client, the hint says what to look at.
        let named = failure.hint.as_deref().is_some_and(|hint| hint.contains("audience"));
        assert_eq!(named, server.explains_errors, "{failure:?}");
    }
}

fn an_assertion_for_the_issuer_is_refused<F: OpenIdFace>(server: &Server) {
    let failure = F::new(&Setup::registered(server, "pkjwt")).client_credentials("read").expect_err("for the issuer");
    failure.is_refusal(server, "invalid_client");
}
