//! The snippets about OpenID Connect and about clients that authenticate by a JWT: Authlib's "OAuth 2 Session" and "OAuth for
//! Requests" and "for HTTPX", requests_oauth2client's "Client Secret JWT", "Private Key JWT" and "UserInfo Requests".

use super::{CALLBACK, server, visit};
use grantee::blocking::Client;
use grantee::jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm};
use grantee::{AuthorizationRequest, ClientCredentials, ClientSecretJwt, PrivateKeyJwt};
use grantor::Server;

/// A server that knows a client which authenticates by what it signs.
fn server_for(auth: &str, key: Option<&Jwk>) -> Server {
    let mut client = grantor::Client::new("client_id").secret("client_secret").auth(auth);
    if let Some(key) = key {
        let set = JwkSet { keys: vec![key.public().unwrap()], ignored: Vec::new() };
        client = client.jwks(serde_json::from_str(&set.to_json()).unwrap());
    }
    Server::builder().client(client).auto_approve("alice").start()
}

#[test]
fn client_secret_jwt() {
    let server = server_for("client_secret_jwt", None);
    let client = Client::discover(server.issuer())
        .public_client("client_id")
        .auth(ClientSecretJwt::new("client_secret"))
        .build()
        .unwrap();
    client.token(ClientCredentials::new()).unwrap();
    // The library names the method from the metadata where it is the only one, so this does the same.
    let other = ClientSecretJwt::new("client_secret").alg(SignatureAlgorithm::Hs512);
    client.authenticated_by(other).token(ClientCredentials::new()).unwrap();
}

#[test]
fn private_key_jwt_with_a_jwk() {
    let private_jwk = Jwk::generate(KeyKind::Rsa(2048)).unwrap().with_kid("mykid");
    let server = server_for("private_key_jwt", Some(&private_jwk));
    let client = Client::discover(server.issuer())
        .public_client("client_id")
        .auth(PrivateKeyJwt::from_key(&private_jwk).unwrap())
        .build()
        .unwrap();
    client.token(ClientCredentials::new()).unwrap();
    let client = Client::discover(server.issuer()).client_key("client_id", private_jwk).build().unwrap();
    client.token(ClientCredentials::new()).unwrap();
}

#[test]
fn private_key_jwt_with_a_pem_file() {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let server = server_for("private_key_jwt", Some(&key));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::write(&file, key.to_private_pem().unwrap().as_bytes()).unwrap();

    let pem = std::fs::read_to_string(file).unwrap();
    let client = Client::discover(server.issuer())
        .public_client("client_id")
        .auth(PrivateKeyJwt::from_pem(&pem).unwrap())
        .build()
        .unwrap();
    client.token(ClientCredentials::new()).unwrap();
}

#[test]
fn an_id_token_comes_verified() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").redirect_uri(CALLBACK).build().unwrap();
    // state, nonce and PKCE are made, kept and checked by themselves.
    let (url, pending) = client.start(AuthorizationRequest::new().scope("openid email profile")).unwrap();
    let login = client.finish(pending, visit(&url)).unwrap();

    let id_token = login.id_token().unwrap();
    assert_eq!((id_token.issuer(), id_token.claims().email()), (&*server.issuer(), None));
    // What the ID token leaves out userinfo has; it is about the same person or refused.
    assert_eq!(login.userinfo().unwrap().claims.email(), Some("alice@example.test"));
}

#[test]
fn a_nonce_of_ones_own() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").redirect_uri(CALLBACK).build().unwrap();
    let request = AuthorizationRequest::new().scope("openid").nonce("a-nonce-that-nobody-can-guess");
    let (url, pending) = client.start(request).unwrap();
    let login = client.finish(pending, visit(&url)).unwrap();
    assert_eq!(login.id_token().unwrap().claims().get::<String>("nonce").unwrap(), "a-nonce-that-nobody-can-guess");
}

#[test]
fn userinfo_with_a_bare_token_is_bound_to_no_id_token() {
    let server = server();
    let client = Client::discover(server.issuer()).client("svc", "secret").build().unwrap();
    let issued = server.issue("svc", Some("alice"), "openid email");
    let userinfo = client.userinfo_unbound(&grantee::Token::bearer(issued.access_token.as_str())).unwrap();
    assert_eq!(userinfo.claims.email(), Some("alice@example.test"));
}
