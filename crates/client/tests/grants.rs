//! Grants and presets as both faces hand them over.

mod faces;

use faces::{Client, Face, client, in_both_faces, session};
use grantee::jose::signer::BoxFuture;
use grantee::jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, Signer, SigningKey};
use grantee::presets::{Mailchimp, Spotify};
use grantee::{Error, JwtBearer, Saml2Bearer, ServiceAccount, Token, TokenExchange, blocking};
use grantor::{Endpoint, Misbehaviour, Server};

in_both_faces! {
    a_service_account_is_a_client_of_its_own,
    every_grant_serves_a_session,
    a_preset_makes_a_client,
    a_signer_that_needs_a_runtime_is_refused_where_there_is_none,
}

fn answering(server: &Server) {
    let body = r#"{"access_token":"at","token_type":"Bearer","expires_in":60,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#;
    server.misbehave(
        Endpoint::Token,
        Misbehaviour::Body { status: 200, content_type: "application/json".into(), body: body.into() },
    );
}

fn a_service_account_is_a_client_of_its_own(face: Face) {
    let server = Server::start();
    answering(&server);
    let key = Jwk::generate(KeyKind::Rsa(2048)).unwrap().to_private_pem().unwrap();
    let file = serde_json::json!({
        "type": "service_account", "client_email": "svc@p.iam.example", "private_key": *key, "private_key_id": "k1",
        "token_uri": server.url("/token"),
    });
    let account = ServiceAccount::from_json(&file.to_string()).unwrap();
    let client = client!(face, service_account(&account)).unwrap();
    let session = session!(client, session(account.grant().scope("read"))).unwrap();
    assert_eq!(session.access().unwrap(), "at");
    let sent = &server.requests_to(Endpoint::Token)[0];
    assert!(sent.header("authorization").is_none() && !sent.text().contains("client_id"), "{}", sent.text());
    assert!(sent.text().contains("&assertion=ey"), "{}", sent.text());
}

fn every_grant_serves_a_session(face: Face) {
    let server = Server::start();
    answering(&server);
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    for session in [
        session!(client, session(TokenExchange::new(Token::bearer("theirs")))),
        session!(client, session(JwtBearer::assertion("a.b.c"))),
        session!(client, session(JwtBearer::signed_by_key(&key).unwrap())),
        session!(client, session(Saml2Bearer::xml("<Assertion/>").unwrap())),
    ] {
        assert_eq!(session.unwrap().access().unwrap(), "at");
    }
}

fn a_preset_makes_a_client(face: Face) {
    let client = client!(face, preset(Spotify::new()).client("app", "s3cret")).unwrap();
    assert_eq!(client.client_id(), "app");
    // What a token would have to be to be asked with; nothing is sent.
    let unusable = Token::bearer("a b");
    let asked = match &client {
        Client::Async(client) => faces::RUNTIME.block_on(Mailchimp::api_base(client.core(), &unusable)),
        Client::Blocking(client) => blocking::presets::mailchimp_api_base(client, &unusable),
    };
    assert_eq!(asked.unwrap_err().code(), "configuration");
}

/// Signs at once, and says that it could not without a runtime.
struct Remote(SigningKey);

impl Signer for Remote {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Es256
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, grantee::jose::Result<Vec<u8>>> {
        Signer::sign(&self.0, data)
    }
}

fn a_signer_that_needs_a_runtime_is_refused_where_there_is_none(face: Face) {
    let server = Server::start();
    answering(&server);
    let client = client!(face, discover(server.issuer().as_str()).client("svc", "secret")).unwrap();
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
    let grant = || JwtBearer::signed(Remote(SigningKey::new(&key, SignatureAlgorithm::Es256).unwrap()));
    let (once, session) = (client.token(grant()).map(drop), session!(client, session(grant())).map(drop));
    for outcome in [once, session] {
        match face {
            Face::Async => outcome.unwrap(),
            Face::Blocking => assert!(matches!(outcome, Err(Error::Config(_))), "{outcome:?}"),
        }
    }
}
