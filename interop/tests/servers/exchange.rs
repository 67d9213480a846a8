//! Tokens for tokens, RFC 8693, and for assertions, RFC 7523. Both grants are ours at oidc-provider, so that its code judges what they
//! are made of, not how they are asked for.

use grantee::jose::{Jwk, SignatureAlgorithm, SigningKey, jws};
use grantee::{AuthorizationRequest, JwtBearer, SecurityToken, TokenExchange};
use grantee_interop::{Server, Walk, plain};

use crate::face::program::done;
use crate::face::{Face, LoggedIn, OpenIdFace, ProgramFace, Setup, claims_of, through_both_faces, through_the_program};

through_both_faces!(
    a_token_is_exchanged_for_one_of_another_api at oidc_provider,
    somebody_acts_for_another at oidc_provider,
    an_exchange_may_be_bound_to_a_key at oidc_provider oidc_provider_strict,
    what_is_no_token_is_not_exchanged at oidc_provider,
    an_assertion_of_ones_own_buys_a_token at oidc_provider oidc_provider_strict,
    an_assertion_of_somebody_else_buys_a_token at oidc_provider,
    an_assertion_by_another_key_or_for_another_server_is_refused at oidc_provider,
);

through_the_program!(
    the_program_exchanges_a_token at oidc_provider,
    the_program_buys_a_token_with_an_assertion at oidc_provider,
);

const API: &str = "https://api.example.test/jwt";

fn login<F: OpenIdFace>(face: &F, server: &Server) -> F::Login {
    let request = AuthorizationRequest::new().scope("openid offline_access read").prompt("consent");
    face.log_in_by(&mut Walk::new(server), request).expect("a login")
}

fn a_token_is_exchanged_for_one_of_another_api<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let login = login(&face, server);
    let subjects: [SecurityToken; 3] = [
        login.token().into(),
        login.id_token().into(),
        SecurityToken::new(login.token().refresh_token.clone().expect("a refresh token"), "refresh_token"),
    ];
    for subject in subjects {
        let token = face.token(TokenExchange::new(subject).resource(API).scope("read")).expect("a token");
        assert_eq!(token.issued_token_type.as_deref(), Some("urn:ietf:params:oauth:token-type:access_token"));
        let claims = claims_of(token.access_token.reveal());
        assert_eq!((&claims["aud"], &claims["sub"]), (&API.into(), &login.id_token().subject().into()), "{claims}");
    }
}

fn somebody_acts_for_another<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let alice = login(&face, server);
    let bob = face.log_in_by(&mut Walk::new(server), AuthorizationRequest::new().scope("openid").login_hint("bob"));
    let bob = bob.expect("a login");
    let grant = TokenExchange::new(alice.token()).actor(bob.id_token()).requested_token_type("jwt").resource(API);
    let token = face.token(grant).expect("a token");
    assert_eq!(token.issued_token_type.as_deref(), Some("urn:ietf:params:oauth:token-type:jwt"));
    let claims = claims_of(token.access_token.reveal());
    assert_eq!((&claims["sub"], &claims["act"]["sub"]), (&"alice".into(), &"bob".into()), "{claims}");
}

fn an_exchange_may_be_bound_to_a_key<F: OpenIdFace>(server: &Server) {
    let setup = Setup::registered(server, "basic").dpop();
    let face = F::new(&setup);
    let login = login(&face, server);
    let token = face.token(TokenExchange::new(login.token()).resource(API)).expect("a token");
    assert_eq!(token.token_type, "DPoP");
    let key = setup.dpop.expect("a key").thumbprint();
    assert_eq!(token.key_thumbprint, Some(key.clone()));
    assert_eq!(claims_of(token.access_token.reveal())["cnf"]["jkt"], key);
}

fn what_is_no_token_is_not_exchanged<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let failure = face.token(TokenExchange::new(SecurityToken::new("never-a-token", "access_token")));
    failure.expect_err("no token").is_refusal(server, "invalid_request");
}

fn key(server: &Server, name: &str) -> SigningKey {
    let file = server.state().join(format!("{name}.jwk.json"));
    let key = Jwk::parse_any(&std::fs::read(file).expect("a key file")).expect("a key");
    SigningKey::new(&key, SignatureAlgorithm::Rs256).expect("it signs")
}

fn an_assertion_of_ones_own_buys_a_token<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    for _ in 0..2 {
        let grant = JwtBearer::signed(key(server, "client-RS256")).subject("carol").scope("openid");
        let token = face.token(grant).expect("a token");
        let info = face.anybodys_userinfo(&token).expect("userinfo");
        assert_eq!(info.claims.sub(), Some("carol"));
    }
}

fn an_assertion_of_somebody_else_buys_a_token<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let grant = JwtBearer::signed(key(server, "assertion-issuer")).issuer("https://assertions.example.test");
    let token = face.token(grant.subject("carol").scope("openid")).expect("a token");
    assert_eq!(plain::get(&server.api, token.access_token.reveal()).json["sub"], "carol");
}

fn an_assertion_by_another_key_or_for_another_server_is_refused<F: OpenIdFace>(server: &Server) {
    let face = F::new(&Setup::registered(server, "basic"));
    let forged = JwtBearer::signed(key(server, "assertion-issuer")).subject("carol");
    face.token(forged).expect_err("not the client's key").is_refusal(server, "invalid_grant");
    let elsewhere = JwtBearer::signed(key(server, "client-RS256")).subject("carol");
    let elsewhere = elsewhere.audience_claim("https://elsewhere.example");
    face.token(elsewhere).expect_err("not for this server").is_refusal(server, "invalid_grant");
}

fn options(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn the_program_exchanges_a_token(server: &Server) {
    let face = ProgramFace::new(&Setup::registered(server, "basic"));
    let login = face.log_in().expect("a login");
    let actor = format!("@{}", face.program().secret_file("actor", login.id_token.as_deref().expect("an ID token")));
    let further =
        options(&["--resource", API, "--scope", "read", "--actor-token", &actor, "--actor-token-type", "id_token"]);
    let token = done(face.run(&["token", "exchange"], &further, &login.access_token)).expect("a token");
    assert_eq!(token["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token", "{token}");
    let claims = claims_of(token["access_token"].as_str().expect("a token"));
    assert_eq!((&claims["aud"], &claims["act"]["sub"]), (&API.into(), &"alice".into()), "{claims}");

    let failure = done(face.run(&["token", "exchange"], &[], "never-a-token")).expect_err("no token");
    failure.is_refusal(server, "invalid_request");
}

fn the_program_buys_a_token_with_an_assertion(server: &Server) {
    let face = ProgramFace::new(&Setup::registered(server, "pkjwt-rs256"));
    let further = options(&["--subject", "carol", "--scope", "openid"]);
    let token = done(face.run(&["token", "jwt-bearer"], &further, "")).expect("a token");
    assert_eq!(plain::get(&server.api, token["access_token"].as_str().expect("a token")).json["sub"], "carol");

    // Taken for the client's own, an assertion of another issuer is by the wrong key.
    let key = jws::sign_blocking(&jws::Header::new(), b"{\"iss\":\"pkjwt-rs256\"}", &key(server, "assertion-issuer"));
    let file = format!("@{}", face.program().secret_file("assertion", &key.expect("a JWS")));
    let failure =
        done(face.run(&["token", "jwt-bearer"], &options(&["--assertion", &file]), "")).expect_err("another key");
    failure.is_refusal(server, "invalid_grant");
}
