//! Clients that register themselves, RFC 7591, and manage their registration, RFC 7592.

use grantee::endpoint::registration::Registration;
use grantee::jose::{Curve, Jwk, JwkSet, KeyKind};
use grantee::{AuthorizationRequest, ClientCredentials, ClientMetadata};
use grantee_interop::{Auth, Program, Server, Walk};
use serde_json::json;

use crate::face::program::done;
use crate::face::{LoggedIn, OpenIdFace, Setup, through_both_faces, through_the_program};

through_both_faces!(
    a_client_registers_reads_updates_and_deletes_itself at oidc_provider oidc_provider_strict glewlwyd,
    a_client_registers_its_key at oidc_provider,
    what_was_registered_is_expected at oidc_provider,
    without_the_initial_access_token_nobody_registers at oidc_provider_strict,
    what_no_client_may_be_is_refused at oidc_provider glewlwyd,
);

through_the_program!(the_program_registers_reads_updates_and_deletes_a_client at oidc_provider oidc_provider_strict glewlwyd);

const CALLBACK: &str = "https://rp.example.test/cb";

/// The initial access token, where one is needed.
fn initial(server: &Server) -> Option<&'static str> {
    // The strict issuer is oidc-provider at another port.
    (server.base == Server::oidc_provider_strict().base).then_some("initial-access-token")
}

fn setup(server: &Server) -> Setup {
    let mut setup = Setup::new(server, Auth::ClientSecretBasic);
    setup.client.registration.redirect_uri = Some(CALLBACK.into());
    setup
}

fn metadata() -> ClientMetadata {
    ClientMetadata::new()
        .client_name("registered by a test")
        .redirect_uris([CALLBACK])
        .grant_types(["authorization_code", "refresh_token", "client_credentials"])
        .token_endpoint_auth_method("client_secret_basic")
}

fn log_in<F: OpenIdFace>(face: &F, server: &Server) -> F::Login {
    let request = AuthorizationRequest::new().scope("openid");
    let mut walk = Walk::new(server);
    face.log_in_by(&mut walk, request).expect("a login")
}

fn a_client_registers_reads_updates_and_deletes_itself<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let asked = metadata();
    let (first, face) = F::register(&setup, initial(server), &asked).expect("a registration");
    assert_eq!(first.changed_from(&asked), []);
    assert_eq!(first.issuer, server.issuer);
    assert!(first.client_secret.is_some() && first.registration_access_token.is_some(), "{first:?}");
    assert_eq!(first.metadata.client_name.as_deref(), Some("registered by a test"));
    assert_eq!(log_in(&face, server).id_token().audience(), [first.client_id.as_str()]);

    let read = face.read_registration(&first).expect("it can be read");
    assert_eq!((&read.client_id, &read.metadata.client_name), (&first.client_id, &first.metadata.client_name));
    // Glewlwyd tells how the client authenticates as a list, which it does not take back.
    let failure = face.update_registration(&read, &read.metadata.clone().client_name("renamed"));
    assert_eq!(
        failure.as_ref().err().map(|failure| failure.code.as_str()),
        (server.name == "glewlwyd").then_some("configuration")
    );
    let before = failure.unwrap_or(first.clone());
    let renamed = face.update_registration(&before, &first.metadata.clone().client_name("renamed")).expect("an update");
    assert_eq!(renamed.client_id, first.client_id);
    assert_eq!(renamed.metadata.client_name.as_deref(), Some("renamed"));

    // Another program goes on with what was kept.
    let kept = serde_json::to_string(&renamed).expect("it can be kept");
    let kept: Registration = serde_json::from_str(&kept).expect("it can be read again");
    let other = F::registered(&setup, &kept).expect("a client");
    let login = log_in(&other, server);
    let info = other.userinfo(&login).expect("userinfo");
    assert_eq!(info.claims.sub(), Some(login.id_token().subject()));

    let rotates = renamed.registration_access_token != read.registration_access_token;
    assert_eq!(rotates, server.name == "oidc-provider", "an update brings a new token at one of them");
    if rotates {
        let failure = other.read_registration(&first).expect_err("its token was replaced");
        assert_eq!(failure.status, Some(401), "{failure:?}");
    }
    other.delete_registration(&kept).expect("it is gone");
    let failure = other.read_registration(&kept).expect_err("it is gone");
    assert_eq!(failure.status, Some(401), "{failure:?}");
    let failure = F::registered(&setup, &kept).expect("a client").token(ClientCredentials::new());
    failure.expect_err("nobody knows it").is_refusal(server, "invalid_client");
}

fn a_client_registers_its_key<F: OpenIdFace>(server: &Server) {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).expect("a key").with_kid("mine");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), key.to_json()).expect("it can be written to");
    let mut setup = setup(server);
    setup.client.auth = Auth::PrivateKeyJwt;
    setup.client.registration.key = Some(file.path().into());
    let keys = JwkSet::from_value(json!({ "keys": [key.to_value()] })).expect("a key set");
    let asked =
        metadata().jwks(&keys).token_endpoint_auth_method("private_key_jwt").token_endpoint_auth_signing_alg("ES256");
    let (kept, face) = F::register(&setup, initial(server), &asked).expect("a registration");
    face.token(ClientCredentials::new()).expect("a token");
    log_in(&face, server);
    F::registered(&setup, &kept).expect("a client").token(ClientCredentials::new()).expect("a token");
}

/// Of the algorithms that the server could sign by, the one that it says it will.
fn what_was_registered_is_expected<F: OpenIdFace>(server: &Server) {
    let setup = setup(server);
    let asked = metadata().id_token_signed_response_alg("ES256").userinfo_signed_response_alg("PS256");
    let (_, face) = F::register(&setup, initial(server), &asked).expect("a registration");
    let login = log_in(&face, server);
    assert_eq!(login.id_token().algorithm().map(grantee::jose::SignatureAlgorithm::name), Some("ES256"));
    assert!(face.userinfo(&login).expect("userinfo").is_signed);
}

fn without_the_initial_access_token_nobody_registers<F: OpenIdFace>(server: &Server) {
    for initial in [None, Some("another-token")] {
        let failure = F::register(&setup(server), initial, &metadata()).err().expect("no token");
        assert_eq!(failure.server_error.as_deref(), Some("invalid_token"), "{failure:?}");
    }
}

fn what_no_client_may_be_is_refused<F: OpenIdFace>(server: &Server) {
    let asked = metadata().redirect_uris(["no URI at all"]);
    let failure = F::register(&setup(server), initial(server), &asked).err().expect("no redirect URI");
    assert_eq!(failure.server_error.as_deref(), Some("invalid_redirect_uri"), "{failure:?}");
}

fn the_program_registers_reads_updates_and_deletes_a_client(server: &Server) {
    let program = Program::new();
    let run = |further: &[&str]| done(program.run([further, &["--profile", "mine", "--json"]].concat()));
    let file = |name: &str, metadata: &ClientMetadata| {
        program.secret_file(name, &serde_json::to_string(metadata).expect("JSON"))
    };
    let issuer = server.issuer.as_deref().expect("an issuer");
    let asked = file("asked", &metadata());
    let mut register = vec!["register", "--issuer", issuer, "--client-metadata", &asked];
    let token = initial(server).map(|token| format!("@{}", program.secret_file("initial", token)));
    register.extend(token.iter().flat_map(|token| ["--initial-access-token", token.as_str()]));
    let first = run(&register).expect("a registration");
    assert!(first["client_id"].is_string() && first["client_secret"].is_string(), "{first}");

    let read = run(&["register", "read"]).expect("it can be read");
    assert_eq!(
        (&read["client_id"], &read["client_name"]),
        (&first["client_id"], &"registered by a test".into()),
        "{read}"
    );
    let renamed = file("renamed", &metadata().client_name("renamed"));
    let renamed = run(&["register", "update", "--client-metadata", &renamed]).expect("an update");
    assert_eq!((&renamed["client_id"], &renamed["client_name"]), (&first["client_id"], &"renamed".into()), "{renamed}");

    // The profile is the client.
    let pending = program.home().join("pending");
    let pending = pending.to_str().expect("an UTF-8 path");
    let started = run(&["login", "--redirect-uri", CALLBACK, "--scope", "openid", "--start", pending]).expect("a URL");
    let callback = Walk::new(server).to(started["url"].as_str().expect("a URL"), CALLBACK).expect("a callback");
    run(&["login", "--finish", pending, &callback]).expect("a login");

    run(&["register", "delete"]).expect("it is gone");
    let failure = run(&["register", "read"]).expect_err("nothing is registered");
    assert_eq!(failure.code, "usage", "{failure:?}");
}
