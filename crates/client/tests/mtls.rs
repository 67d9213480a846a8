//! Client certificates on real connections (RFC 8705): what is presented, and what happens when they are renewed.

mod faces;
#[path = "transport/server.rs"]
mod server;

use faces::{Client, Face, RUNTIME, client, in_both_faces, session, shown};
use grantee::ports::Certificate as Shown;
use grantee::{ClientCertificate, ClientCredentials, Error, SelfSignedTlsClientAuth, TlsClientAuth, Token};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use server::{Authority, Certificate, Server};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

in_both_faces! {
    keys_of_every_encoding_are_presented,
    a_key_that_belongs_to_another_certificate_is_an_error_of_the_builder,
    a_certificate_that_is_replaced_goes_onto_new_connections_at_once,
    one_certificate_may_be_shared_by_clients,
    files_that_are_changed_are_read_before_the_next_request,
    files_that_do_not_fit_together_leave_the_pair_before,
    a_client_that_needs_a_certificate_and_has_none_is_refused_when_it_is_built,
    a_session_gets_a_token_for_the_renewed_certificate_and_calls_the_api_with_it,
}

fn token(client: &Client) -> Result<Token, Error> {
    client.token(ClientCredentials::new())
}

/// A server that takes clients of an authority, and the authority.
fn world() -> (Authority, Server) {
    let authority = Authority::new();
    let server = Server::mutual_tls(&authority.signs(&["127.0.0.1"]), &authority);
    (authority, server)
}

fn with(face: Face, server: &Server, authority: &Authority, certificate: &ClientCertificate) -> Client {
    client!(
        face,
        at(server.url("/token"))
            .public_client("svc")
            .auth(TlsClientAuth)
            .only_ca(authority.pem())
            .client_certificate_from(certificate.clone())
    )
    .unwrap()
}

fn of(certificate: &Certificate) -> ClientCertificate {
    ClientCertificate::from_pem(&certificate.pem, certificate.key_pem.as_str()).unwrap()
}

/// The certificate of each request so far.
fn presented(server: &Server) -> Vec<Vec<u8>> {
    server.requests().into_iter().map(|request| request.certificate.unwrap_or_default()).collect()
}

fn keys_of_every_encoding_are_presented(face: Face) {
    let (authority, server) = world();
    let pairs = [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519]
        .map(|algorithm| authority.signs_key(&["client.example"], &KeyPair::generate_for(algorithm).unwrap()));
    let within = |pair: &Certificate, label| server::pem(label, pkcs8_content(&pair.key_der));
    let mut keys: Vec<_> = pairs.iter().map(|pair| (pair, pair.key_pem.clone())).collect();
    keys.push((&pairs[0], within(&pairs[0], "RSA PRIVATE KEY")));
    keys.push((&pairs[1], within(&pairs[1], "EC PRIVATE KEY")));
    // As OpenSSL writes it, with the curve before the key; and all in one file.
    keys.push((
        &pairs[2],
        server::pem("EC PARAMETERS", b"\x06\x05+\x81\x04\x00\x22") + &within(&pairs[2], "EC PRIVATE KEY"),
    ));
    keys.push((&pairs[3], pairs[3].pem.clone() + &pairs[3].key_pem));
    for (index, (pair, key)) in keys.iter().enumerate() {
        let client = client!(
            face,
            at(server.url("/token"))
                .public_client("svc")
                .auth(TlsClientAuth)
                .only_ca(authority.pem())
                .client_certificate(pair.pem.clone() + &authority.pem(), key.clone())
        );
        token(&client.unwrap()).unwrap();
        assert_eq!(presented(&server)[index], pair.der, "key {index}");
    }
}

/// What PKCS#8 wraps (RFC 5958 section 2): version, algorithm, then the key in its own encoding.
fn pkcs8_content(der: &[u8]) -> &[u8] {
    /// Content and rest of the value that comes first.
    fn value(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, start) = match der[1] {
            0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
            0x81 => (usize::from(der[2]), 3),
            short => (usize::from(short), 2),
        };
        (&der[start..start + length], &der[start + length..])
    }
    let (within, _) = value(der);
    let (_, after_version) = value(within);
    let (_, after_algorithm) = value(after_version);
    value(after_algorithm).0
}

fn a_key_that_belongs_to_another_certificate_is_an_error_of_the_builder(face: Face) {
    let authority = Authority::new();
    let (one, two) = (authority.signs(&["one.example"]), authority.signs(&["two.example"]));
    let builder = client!(
        face,
        at("https://as.example/token").public_client("svc").client_certificate(one.pem.clone(), two.key_pem.clone())
    );
    let error = builder.unwrap_err();
    assert_eq!(error.code(), "configuration");
    assert!(error.to_string().contains("does not belong to the client certificate"), "{error}");
    // The chain before the client's own certificate is the same mistake.
    let error = ClientCertificate::from_pem(authority.pem() + &one.pem, one.key_pem.as_str()).unwrap_err();
    assert!(
        error.to_string().contains("does not belong") && error.hint().unwrap().contains("before its chain"),
        "{error}"
    );
    let encrypted = one.key_pem.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let error = ClientCertificate::from_pem(&one.pem, encrypted.as_str()).unwrap_err();
    assert!(error.to_string().contains("no unencrypted private key"), "{error}");
    assert!(!shown(&error).contains(one.key_pem.lines().nth(1).unwrap()), "{error}");
}

fn a_certificate_that_is_replaced_goes_onto_new_connections_at_once(face: Face) {
    let (authority, server) = world();
    let (one, two) = (authority.signs(&["client.example"]), authority.signs(&["client.example"]));
    let certificate = of(&one);
    let client = with(face, &server, &authority, &certificate);
    token(&client).unwrap();
    let before = client.core().ports().http.certificate();
    assert_eq!(before.thumbprint(), Some(&*certificate.thumbprint()));
    certificate.replace(&two.pem, two.key_pem.as_str()).unwrap();
    // Neither the open connection nor its TLS session carries another request.
    (0..3).for_each(|_| drop(token(&client).unwrap()));
    assert_eq!(presented(&server), [&one.der, &two.der, &two.der, &two.der].map(Vec::clone));
    assert_ne!(client.core().ports().http.certificate(), before);
    // What does not fit leaves the one before.
    certificate.replace(&one.pem, two.key_pem.as_str()).unwrap_err();
    token(&client).unwrap();
    assert_eq!(presented(&server)[4], two.der);
}

fn one_certificate_may_be_shared_by_clients(face: Face) {
    let (authority, server) = world();
    let (one, two) = (authority.signs(&["client.example"]), authority.signs(&["client.example"]));
    let certificate = of(&one);
    let clients =
        [with(face, &server, &authority, &certificate), with(Face::Blocking, &server, &authority, &certificate)];
    clients.iter().for_each(|client| drop(token(client).unwrap()));
    certificate.clone().replace(&two.pem, two.key_pem.as_str()).unwrap();
    clients.iter().for_each(|client| drop(token(client).unwrap()));
    assert_eq!(presented(&server), [&one.der, &one.der, &two.der, &two.der].map(Vec::clone));
}

/// A pair in files.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn with(certificate: &Certificate) -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap() };
        folder.write(&certificate.pem, &certificate.key_pem);
        folder
    }

    fn chain(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    fn write(&self, chain: &str, key: &str) {
        fs::write(self.chain(), chain).unwrap();
        fs::write(self.key(), key).unwrap();
    }

    /// Looked at before every request.
    fn certificate(&self) -> ClientCertificate {
        ClientCertificate::from_files(self.chain(), self.key()).unwrap().look_every(Duration::ZERO)
    }
}

fn files_that_are_changed_are_read_before_the_next_request(face: Face) {
    let (authority, server) = world();
    let pairs = [(); 3].map(|()| authority.signs(&["client.example"]));
    let files = Folder::with(&pairs[0]);
    let client = with(face, &server, &authority, &files.certificate());
    token(&client).unwrap();
    files.write(&pairs[1].pem, &pairs[1].key_pem);
    token(&client).unwrap();
    // Moved into place, as tools do that change files in one step.
    let next = Folder::with(&pairs[2]);
    fs::rename(next.chain(), files.chain()).unwrap();
    fs::rename(next.key(), files.key()).unwrap();
    token(&client).unwrap();
    token(&client).unwrap();
    assert_eq!(presented(&server), [&pairs[0].der, &pairs[1].der, &pairs[2].der, &pairs[2].der].map(Vec::clone));
}

fn files_that_do_not_fit_together_leave_the_pair_before(face: Face) {
    let (authority, server) = world();
    let (one, two) = (authority.signs(&["client.example"]), authority.signs(&["client.example"]));
    let files = Folder::with(&one);
    let certificate = files.certificate();
    let client = with(face, &server, &authority, &certificate);
    token(&client).unwrap();
    let half = &two.pem[..two.pem.len() / 2];
    for (chain, key) in [(&two.pem[..], &one.key_pem[..]), (half, &two.key_pem), ("", ""), ("no PEM", "no PEM")] {
        files.write(chain, key);
        token(&client).unwrap();
        assert_eq!(certificate.reload().unwrap_err().code(), "configuration");
    }
    fs::remove_file(files.key()).unwrap();
    token(&client).unwrap();
    assert!(certificate.reload().unwrap_err().to_string().contains("tls.key"));
    assert!(presented(&server).iter().all(|presented| *presented == one.der));
    files.write(&two.pem, &two.key_pem);
    token(&client).unwrap();
    assert_eq!(presented(&server).pop().unwrap(), two.der);
}

#[test]
fn a_look_may_be_asked_for() {
    let authority = Authority::new();
    let (one, two) = (authority.signs(&["client.example"]), authority.signs(&["client.example"]));
    let files = Folder::with(&one);
    let certificate = ClientCertificate::from_files(files.chain(), files.key()).unwrap();
    let before = certificate.thumbprint();
    assert!(!certificate.reload().unwrap());
    // Written again, and nothing else: no reason for new connections.
    files.write(&one.pem, &one.key_pem);
    assert!(!certificate.reload().unwrap());
    files.write(&two.pem, &two.key_pem);
    assert!(certificate.reload().unwrap());
    assert_ne!(certificate.thumbprint(), before);
    assert_eq!(certificate.thumbprint(), of(&two).thumbprint());
    assert!(!of(&one).reload().unwrap(), "there are no files");
    let missing = ClientCertificate::from_files(files.folder.path().join("none"), files.key()).unwrap_err();
    assert!(missing.to_string().contains("none"), "{missing}");
}

#[test]
fn debug_shows_no_key() {
    let authority = Authority::new();
    let one = authority.signs(&["client.example"]);
    let certificate = of(&one);
    let builder =
        grantee::blocking::Client::at("https://as.example/token").client_certificate_from(certificate.clone());
    let text = format!("{certificate:?} {certificate:#?} {builder:?}");
    assert!(text.contains(&certificate.thumbprint()), "{text}");
    assert!(!text.contains("PRIVATE") && !text.contains(one.key_pem.lines().nth(1).unwrap()), "{text}");
}

fn a_client_that_needs_a_certificate_and_has_none_is_refused_when_it_is_built(face: Face) {
    let at = || "https://as.example/token";
    for outcome in [
        client!(face, at(at()).public_client("svc").auth(TlsClientAuth)),
        client!(face, at(at()).public_client("svc").auth(SelfSignedTlsClientAuth)),
        client!(face, at(at()).client("svc", "s3cret").certificate_bound_tokens()),
    ] {
        let error = outcome.unwrap_err();
        assert!(error.hint().unwrap().contains("client_certificate(…)"), "{error}");
    }
    // One's own HTTP client may have one.
    match face {
        Face::Async => {
            let _guard = RUNTIME.enter();
            let http = grantee::ReqwestHttp::new(reqwest::Client::new());
            let client = grantee::Client::at(at()).public_client("svc").auth(TlsClientAuth).http(http).build().unwrap();
            assert_eq!(client.core().ports().http.certificate(), Shown::Unknown);
        }
        Face::Blocking => {
            let http = grantee::blocking::UreqHttp::new(ureq::Agent::new_with_defaults());
            let client = grantee::blocking::Client::at(at()).public_client("svc").auth(TlsClientAuth).http(http);
            assert_eq!(client.build().unwrap().core().ports().http.certificate(), Shown::Unknown);
        }
    }
    let plain = client!(face, at(at()).client("svc", "s3cret")).unwrap();
    assert_eq!(plain.core().ports().http.certificate(), Shown::Absent);
}

fn a_session_gets_a_token_for_the_renewed_certificate_and_calls_the_api_with_it(face: Face) {
    let (authority, server) = world();
    let (one, two) = (authority.signs(&["client.example"]), authority.signs(&["client.example"]));
    let certificate = of(&one);
    let client = client!(
        face,
        at(server.url("/token"))
            .client("svc", "s3cret")
            .certificate_bound_tokens()
            .only_ca(authority.pem())
            .client_certificate_from(certificate.clone())
    )
    .unwrap();
    let session = session!(client, session(ClientCredentials::new()).allow_origin(&server.url("")).unwrap()).unwrap();
    session.get(&server.url("/api")).unwrap();
    assert_eq!(session.token().unwrap().key_thumbprint, Some(certificate.thumbprint()));
    certificate.replace(&two.pem, two.key_pem.as_str()).unwrap();
    assert_eq!(session.held(), None);
    session.get(&server.url("/api")).unwrap();
    assert_eq!(session.token().unwrap().key_thumbprint, Some(certificate.thumbprint()));
    let paths: Vec<_> =
        server.requests().iter().map(|request| request.head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/token", "/api", "/token", "/api"]);
    assert_eq!(presented(&server), [&one.der, &one.der, &two.der, &two.der].map(Vec::clone));
}
