//! Clients that register themselves, in both faces, up to the first token.

mod faces;
mod recorder;

use faces::{Face, RUNTIME, in_both_faces};
use grantee::jose::{Curve, Jwk, KeyKind};
use grantee::metadata::AuthorizationServer;
use grantee::{ClientCredentials, ClientMetadata, PrivateKeyJwt, Registration, blocking};
use recorder::Recorder;

in_both_faces! {
    a_client_registers_gets_a_token_and_is_deleted,
    a_key_is_handed_over_before_there_is_an_identifier,
    a_kept_registration_is_a_client_again,
}

const ISSUER: &str = "https://as.example";
const REGISTERED: &str = r#"{"client_id":"c1","client_secret":"s1","registration_access_token":"r1","registration_client_uri":"https://as.example/register/c1"}"#;
const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer"}"#;

fn metadata() -> AuthorizationServer {
    let mut metadata = AuthorizationServer::default();
    metadata.issuer = Some(ISSUER.to_owned());
    metadata.token_endpoint = Some(format!("{ISSUER}/token"));
    metadata.registration_endpoint = Some(format!("{ISSUER}/register"));
    metadata
}

fn asked() -> ClientMetadata {
    ClientMetadata::new().client_name("A").grant_types(["client_credentials"])
}

fn a_client_registers_gets_a_token_and_is_deleted(face: Face) {
    let http = Recorder::default();
    http.answer(201, &[], REGISTERED).answer(200, &[], TOKEN).answer(200, &[], REGISTERED).answer(204, &[], "");
    let changed = |kept: &Registration| kept.metadata.clone().client_name("B");
    match face {
        Face::Async => RUNTIME.block_on(async {
            let builder = grantee::Client::with_metadata(metadata()).http(http.clone()).initial_access_token("i");
            let registered = builder.register(&asked()).await.unwrap();
            let client = registered.client().unwrap();
            client.token(ClientCredentials::new()).await.unwrap();
            let kept = registered.registration();
            let kept = client.update_registration(kept, &changed(kept)).await.unwrap();
            client.delete_registration(&kept).await.unwrap();
        }),
        Face::Blocking => {
            let builder = blocking::Client::with_metadata(metadata()).http(http.clone()).initial_access_token("i");
            let registered = builder.register(&asked()).unwrap();
            let client = registered.client().unwrap();
            client.token(ClientCredentials::new()).unwrap();
            let kept = registered.registration();
            let kept = client.update_registration(kept, &changed(kept)).unwrap();
            client.delete_registration(&kept).unwrap();
        }
    }
    let sent = http.sent();
    let first = |index: usize| sent[index].lines().next().unwrap_or_default();
    assert_eq!(
        [first(0), first(1), first(2), first(3)],
        [
            "POST https://as.example/register",
            "POST https://as.example/token",
            "PUT https://as.example/register/c1",
            "DELETE https://as.example/register/c1",
        ]
    );
    assert!(sent[0].contains("authorization: Bearer i\n") && sent[3].contains("authorization: Bearer r1\n"));
    assert!(sent[2].ends_with(r#"{"client_id":"c1","client_name":"B","client_secret":"s1"}"#), "{}", sent[2]);
}

fn a_key_is_handed_over_before_there_is_an_identifier(face: Face) {
    let http = Recorder::default();
    let registered = r#"{"client_id":"c1","token_endpoint_auth_method":"private_key_jwt"}"#;
    http.answer(201, &[], registered).answer(200, &[], TOKEN);
    let key = PrivateKeyJwt::from_key(&Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap()).unwrap();
    match face {
        Face::Async => RUNTIME.block_on(async {
            let builder = grantee::Client::with_metadata(metadata()).http(http.clone()).auth(key);
            let client = builder.register(&asked()).await.unwrap().client().unwrap();
            client.token(ClientCredentials::new()).await.unwrap();
        }),
        Face::Blocking => {
            let builder = blocking::Client::with_metadata(metadata()).http(http.clone()).auth(key);
            let client = builder.register(&asked()).unwrap().client().unwrap();
            client.token(ClientCredentials::new()).unwrap();
        }
    }
    assert!(http.sent()[1].contains("client_assertion="), "{}", http.sent()[1]);
}

fn a_kept_registration_is_a_client_again(face: Face) {
    let http = Recorder::default();
    http.answer(200, &[], TOKEN).answer(200, &[], REGISTERED);
    let kept = r#"{"issuer":"https://as.example","client_id":"c1","client_secret":"s1","registration_access_token":"r1",
        "registration_client_uri":"https://as.example/register/c1","metadata":{"token_endpoint_auth_method":"client_secret_post"}}"#;
    let kept: Registration = serde_json::from_str(kept).unwrap();
    match face {
        Face::Async => RUNTIME.block_on(async {
            let client =
                grantee::Client::with_metadata(metadata()).registration(&kept).http(http.clone()).build().unwrap();
            client.token(ClientCredentials::new()).await.unwrap();
            client.read_registration(&kept).await.unwrap();
        }),
        Face::Blocking => {
            let client =
                blocking::Client::with_metadata(metadata()).registration(&kept).http(http.clone()).build().unwrap();
            client.token(ClientCredentials::new()).unwrap();
            client.read_registration(&kept).unwrap();
        }
    }
    assert!(http.sent()[0].contains("client_id=c1&client_secret=s1"), "{}", http.sent()[0]);
    assert!(http.sent()[1].starts_with("GET https://as.example/register/c1"), "{}", http.sent()[1]);
}
