//! ID tokens of real servers: every way they are registered to be signed and encrypted, and what holds a login together.

use grantee::jose::jws::Compact;
use grantee::jose::{JwkSet, SignatureAlgorithm};
use grantee::{AuthorizationRequest, IdTokenExpectations};
use grantee_interop::{Server, Walk, plain};

use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces};

through_both_faces!(
    a_login_says_who_it_is at oidc_provider glewlwyd,
    a_client_of_single_endpoints_verifies_by_the_keys_it_was_told at oidc_provider glewlwyd,
    the_key_set_has_the_key_by_its_kid at oidc_provider glewlwyd,
    an_id_token_signed_by_ps256 at oidc_provider,
    an_id_token_signed_by_es256 at oidc_provider,
    an_id_token_signed_by_es512 at oidc_provider,
    an_id_token_signed_by_eddsa at oidc_provider,
    an_id_token_signed_by_hs256 at oidc_provider,
    an_id_token_encrypted_by_rsa_oaep_256 at oidc_provider glewlwyd,
    an_id_token_encrypted_by_ecdh_es at oidc_provider,
    an_id_token_encrypted_by_dir at oidc_provider,
    an_id_token_encrypted_by_a256kw at glewlwyd,
    a_refresh_continues_the_login at oidc_provider glewlwyd,
    a_refresh_that_continues_somebody_elses_login_is_refused at oidc_provider,
);

fn login<F: OpenIdFace>(server: &Server, setup: &Setup, scope: &str) -> (F, F::Login) {
    let face = F::new(setup);
    let login = face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope(scope));
    (face, login.expect("a login"))
}

fn a_login_says_who_it_is<F: OpenIdFace>(server: &Server) {
    for id in ["public", "basic", "post"] {
        let (face, login) = login::<F>(server, &Setup::registered(server, id), "openid email profile");
        let id_token = login.id_token();
        assert_eq!(Some(id_token.issuer()), server.issuer.as_deref());
        assert_eq!(id_token.audience(), [id]);
        assert_eq!(id_token.algorithm(), Some(SignatureAlgorithm::Rs256));
        assert!(id_token.expires_at() > id_token.issued_at());
        assert_eq!(Some(id_token.reveal()), login.token().id_token.as_ref().map(|token| token.reveal_unverified()));
        // From the token endpoint at_hash is optional, and oidc-provider leaves it out.
        assert_eq!(id_token.claims().at("at_hash").is_some(), server.name == "glewlwyd", "{id_token:?}");
        let again =
            face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid")).expect("a login");
        assert_eq!(again.id_token().subject(), id_token.subject(), "sub never changes");
        assert_ne!(
            again.id_token().claims().get::<String>("nonce"),
            id_token.claims().get("nonce"),
            "a nonce serves once"
        );
        assert_eq!(face.key_set_fetches(), 1, "the keys are fetched once");
    }
}

fn a_client_of_single_endpoints_verifies_by_the_keys_it_was_told<F: OpenIdFace>(server: &Server) {
    let mut setup = Setup::registered(server, "basic").literal();
    setup.keys = true;
    let (face, login) = login::<F>(server, &setup, "openid");
    assert_eq!(Some(login.id_token().issuer()), server.issuer.as_deref());
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));
    assert_eq!(face.key_set_fetches(), 1);

    // The keys, and not the issuer: nobody else's word may stand for it.
    let elsewhere = Server { issuer: Some("https://elsewhere.example".into()), ..server.clone() };
    let face = F::new(&Setup { server: elsewhere, ..setup });
    // Both servers name themselves in the answer, which is before the ID token.
    let failure = face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid"));
    failure.expect_err("another issuer").breaks("iss is the issuer that was asked");
}

fn the_key_set_has_the_key_by_its_kid<F: OpenIdFace>(server: &Server) {
    let reply = plain::fetch(server.jwks_uri.as_deref().expect("a server with keys"));
    let keys = JwkSet::parse(&reply.text).expect("a key set");
    assert_eq!(keys.ignored, [""; 0]);
    // oidc-provider: RS256, ES256, ES384, ES512, EdDSA and two for encryption.
    assert_eq!(keys.keys.len(), if server.name == "oidc-provider" { 7 } else { 1 });
    let (_, login) = login::<F>(server, &Setup::registered(server, "basic"), "openid");
    let header = Compact::parse(login.id_token().reveal()).expect("a JWS").header().clone();
    let named: Vec<_> =
        keys.keys.iter().filter(|key| key.kid().is_some() && key.kid() == header.kid.as_deref()).collect();
    assert_eq!(named.len(), 1, "{header:?}");
    assert_eq!(named[0].key_type(), "RSA");
}

/// Verified by the algorithm of the registration, and by no other.
fn signed<F: OpenIdFace>(server: &Server, id: &str, algorithm: SignatureAlgorithm) {
    let mut setup = Setup::registered(server, id);
    let (face, login) = login::<F>(server, &setup, "openid email");
    assert_eq!(login.id_token().algorithm(), Some(algorithm));
    assert_eq!(face.userinfo(&login).expect("userinfo").claims.sub(), Some(login.id_token().subject()));

    setup.client.registration.id_token_alg = "RS256";
    let failure = F::new(&setup).log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid"));
    failure.expect_err("another algorithm").breaks("alg is the one registered for this client");
}

fn an_id_token_signed_by_ps256<F: OpenIdFace>(server: &Server) {
    signed::<F>(server, "idt-ps256", SignatureAlgorithm::Ps256);
}

fn an_id_token_signed_by_es256<F: OpenIdFace>(server: &Server) {
    signed::<F>(server, "idt-es256", SignatureAlgorithm::Es256);
}

fn an_id_token_signed_by_es512<F: OpenIdFace>(server: &Server) {
    signed::<F>(server, "idt-es512", SignatureAlgorithm::Es512);
}

fn an_id_token_signed_by_eddsa<F: OpenIdFace>(server: &Server) {
    signed::<F>(server, "idt-eddsa", SignatureAlgorithm::EdDsa);
}

fn an_id_token_signed_by_hs256<F: OpenIdFace>(server: &Server) {
    signed::<F>(server, "idt-hs256", SignatureAlgorithm::Hs256);
}

/// Decrypted and then verified; one that is registered to be encrypted otherwise, or not at all, is refused.
fn encrypted<F: OpenIdFace>(server: &Server, id: &str) {
    let mut setup = Setup::registered(server, id);
    let (_, login) = login::<F>(server, &setup, "openid email");
    assert_eq!(login.id_token().reveal().split('.').count(), 5, "a JWE");
    assert_eq!(login.id_token().algorithm(), Some(SignatureAlgorithm::Rs256));
    assert_eq!(login.id_token().audience(), [id]);

    let refused = |setup: &Setup| {
        let outcome = F::new(setup).log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid"));
        outcome.expect_err("another registration")
    };
    let registered = setup.client.registration.id_token_encryption.take();
    refused(&setup).breaks("the token is as it was registered");
    setup.client.registration.id_token_encryption = registered.map(|(alg, _)| (alg, "A192GCM"));
    refused(&setup).breaks("enc is the one registered for this client");

    // The client of plain ID tokens, told to expect encrypted ones.
    let mut plain = Setup::registered(server, "basic");
    plain.client.registration.id_token_encryption = Some(("dir", "A128GCM"));
    refused(&plain).breaks("the token is encrypted as registered");
}

fn an_id_token_encrypted_by_rsa_oaep_256<F: OpenIdFace>(server: &Server) {
    encrypted::<F>(server, if server.name == "glewlwyd" { "idt-enc" } else { "idt-enc-rsa" });
}

fn an_id_token_encrypted_by_ecdh_es<F: OpenIdFace>(server: &Server) {
    encrypted::<F>(server, "idt-enc-ecdh");
}

fn an_id_token_encrypted_by_dir<F: OpenIdFace>(server: &Server) {
    encrypted::<F>(server, "idt-enc-dir");
}

fn an_id_token_encrypted_by_a256kw<F: OpenIdFace>(server: &Server) {
    encrypted::<F>(server, "idt-enc-kw");
}

fn offline(server: &Server) -> AuthorizationRequest {
    server.login_parameters.iter().fold(AuthorizationRequest::new().scope(server.scope), |request, (name, value)| {
        assert_eq!(*name, "prompt");
        request.prompt(*value)
    })
}

fn a_refresh_continues_the_login<F: OpenIdFace>(server: &Server) {
    // Encrypted too: the one before is decrypted again to be compared with.
    let encrypted = if server.name == "glewlwyd" { "idt-enc" } else { "idt-enc-ecdh" };
    for id in ["basic", encrypted] {
        let face = F::new(&Setup::registered(server, id));
        let login = face.log_in_by(&mut Walk::new(server), offline(server)).expect("a login");
        let second = face.renew(login.token()).expect("a refresh");
        let third = face.renew(&second).expect("another");
        let before = login.token().id_token.as_ref();
        if server.name == "glewlwyd" {
            assert_eq!(third.id_token.as_ref(), before, "none comes, and the one of the login is kept");
        } else {
            let raw = third.id_token.as_ref().expect("a new one comes");
            // Two of one second are the same, unless they are encrypted.
            assert!(id == "basic" || Some(raw) != before);
            let expected = IdTokenExpectations::new().access_token(&third.access_token);
            let id_token = face.verify(raw, &expected).expect("it can be verified by itself");
            assert_eq!(id_token.subject(), login.id_token().subject());
            assert!(id_token.issued_at() >= login.id_token().issued_at());
        }
        let info = face.userinfo_of(&third, login.id_token()).expect("userinfo by the renewed token");
        assert_eq!(info.claims.sub(), Some(login.id_token().subject()));
    }
}

fn a_refresh_that_continues_somebody_elses_login_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let login = |name: &str| face.log_in_by(&mut Walk::new(server), offline(server).login_hint(name)).expect("a login");
    let (alice, bob) = (login("alice"), login("bob"));
    assert_ne!(alice.id_token().subject(), bob.id_token().subject());
    let mut mixed = bob.token().clone();
    mixed.id_token.clone_from(&alice.token().id_token);
    let failure = face.renew(&mixed).expect_err("bob's refresh token with alice's ID token");
    failure.breaks("the ID token of a refresh is of the same login as the one before");
}
