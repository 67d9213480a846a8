//! Client assertions in both faces: signed by a signer of one's own, and brought from elsewhere.

mod faces;
mod recorder;

use faces::{Client, Face, client, in_both_faces};
use grantee::jose::signer::BoxFuture;
use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, Signer, SigningKey};
use grantee::{ClientAssertion, ClientAuth, ClientCredentials, Error, Params, PrivateKeyJwt, Result, assertion};
use recorder::Recorder;
use std::path::Path;

const TOKEN: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;

in_both_faces!(
    a_clients_key_signs,
    a_file_is_read_at_each_use,
    a_file_that_holds_no_jwt_is_refused,
    the_environment_is_read,
    a_command_is_run_at_each_use,
);

fn built(face: Face, http: &Recorder, method: impl ClientAuth + 'static) -> Result<Client> {
    client!(face, at("https://as.example/token").public_client("svc").http(http.clone()).auth(method))
}

/// The assertion of one more token request, or why there is none.
fn next(client: &Client, http: &Recorder) -> Result<String> {
    http.answer(200, &[("content-type", "application/json")], TOKEN);
    client.token(ClientCredentials::new())?;
    let sent = http.sent();
    let (_, body) = sent.last().unwrap().split_once("\n\n").unwrap();
    Ok(Params::parse(body).get("client_assertion").unwrap().to_owned())
}

fn refused(client: &Client, http: &Recorder) -> String {
    let before = http.sent().len();
    let error = next(client, http).unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(http.sent().len(), before, "nothing is sent");
    error.to_string()
}

fn key() -> Jwk {
    Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap()
}

fn a_clients_key_signs(face: Face) {
    let http = Recorder::default();
    let client = client!(face, at("https://as.example/token").client_key("svc", key()).http(http.clone())).unwrap();
    let (first, second) = (next(&client, &http).unwrap(), next(&client, &http).unwrap());
    assert_eq!(first.split('.').count(), 3);
    assert_ne!(first, second);
}

fn a_file_is_read_at_each_use(face: Face) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let http = Recorder::default();
    let client = built(face, &http, assertion::file(&path)).unwrap();
    assert!(refused(&client, &http).contains("can't be read"), "there is no file yet");
    for token in ["first.b.c", "second.b.c"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        assert_eq!(next(&client, &http).unwrap(), token);
    }
}

fn a_file_that_holds_no_jwt_is_refused(face: Face) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let http = Recorder::default();
    let client = built(face, &http, assertion::file(&path)).unwrap();
    for (content, why) in [("hunter2", "no JWT"), (" \n", "empty"), (&"hunter2".repeat(20_000), "64 KiB")] {
        std::fs::write(&path, content).unwrap();
        let error = refused(&client, &http);
        assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
    }
    let client = built(face, &http, assertion::file(folder.path())).unwrap();
    assert!(refused(&client, &http).contains("no regular file"));
}

fn the_environment_is_read(face: Face) {
    let http = Recorder::default();
    // Cargo sets it for tests, and its three numbers have the shape of a JWT.
    let client = built(face, &http, assertion::env("CARGO_PKG_VERSION")).unwrap();
    assert_eq!(next(&client, &http).unwrap(), env!("CARGO_PKG_VERSION"));
    let client = built(face, &http, assertion::env("CARGO_PKG_NAME")).unwrap();
    assert!(refused(&client, &http).contains("no JWT"));
    let client = built(face, &http, assertion::env("GRANTEE_NOBODY_SETS_THIS")).unwrap();
    assert!(refused(&client, &http).contains("not set"));
}

fn a_command_is_run_at_each_use(face: Face) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let http = Recorder::default();
    let client = built(face, &http, prints(&path)).unwrap();
    for token in ["first.b.c", "second.b.c"] {
        std::fs::write(&path, format!("{token}\n")).unwrap();
        assert_eq!(next(&client, &http).unwrap(), token);
    }
    std::fs::remove_file(&path).unwrap();
    assert!(refused(&client, &http).contains("failed"));
}

fn prints(path: &Path) -> ClientAssertion {
    if cfg!(windows) {
        assertion::command("cmd", ["/C".as_ref(), "type".as_ref(), path.as_os_str()])
    } else {
        assertion::command("cat", [path])
    }
}

/// A signer as one at a KMS is: without a runtime it comes to nothing.
struct Distant(SigningKey);

impl Signer for Distant {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, grantee::jose::Result<Vec<u8>>> {
        let (key, data) = (self.0.clone(), data.to_vec());
        Box::pin(async move { tokio::spawn(async move { key.sign(&data) }).await.unwrap() })
    }
}

fn distant() -> PrivateKeyJwt {
    PrivateKeyJwt::new(Distant(SigningKey::new(&key(), SignatureAlgorithm::Es256).unwrap()))
}

#[test]
fn the_async_face_takes_a_signer_that_needs_a_runtime() {
    let http = Recorder::default();
    let client = built(Face::Async, &http, distant()).unwrap();
    assert_eq!(next(&client, &http).unwrap().split('.').count(), 3);
}

#[test]
fn the_blocking_face_refuses_a_signer_that_needs_a_runtime_when_it_is_built() {
    let error = built(Face::Blocking, &Recorder::default(), distant()).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("async runtime"), "{error}");
}

#[test]
fn the_blocking_face_refuses_one_that_is_handed_over_for_a_request() {
    let http = Recorder::default();
    let client = grantee::blocking::Client::at("https://as.example/token").public_client("svc").http(http.clone());
    let client = client.build().unwrap();
    let error = client.authenticated_by(distant()).token(ClientCredentials::new()).unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("async runtime"), "{error}");
    assert!(http.sent().is_empty());
}

#[test]
fn a_setting_that_can_t_work_is_an_error_when_the_client_is_built() {
    for face in [Face::Async, Face::Blocking] {
        let method = PrivateKeyJwt::from_key(&key()).unwrap().claim("iss", "somebody else");
        assert!(matches!(built(face, &Recorder::default(), method), Err(Error::Config(_))), "{face:?}");
    }
}
