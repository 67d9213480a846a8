//! A provider for tests: one key, ID tokens with any claims, a key set that can change.

use super::{FakeServer, Inline, ManualClock, block_on, json, ports};
use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::jose::{BlockingSigner, Jwk, JwkSet, KeyKind, SignatureAlgorithm, SigningKey, jws};
use grantee_core::oidc::{IdToken, IdTokenExpectations};
use grantee_core::{Client, Result, UnverifiedIdToken};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};

pub const ISSUER: &str = "https://as.example";
pub const NOW: i64 = 1_700_000_000;

/// The claims of an ID token with nothing wrong.
pub fn claims() -> Map<String, Value> {
    let claims = serde_json::json!({"iss": ISSUER, "sub": "alice", "aud": "svc", "iat": NOW, "exp": NOW + 600});
    claims.as_object().unwrap().clone()
}

/// A key of a kind, with a `kid`.
pub fn key(kid: &str, kind: KeyKind) -> Jwk {
    Jwk::generate(kind).unwrap().with_kid(kid)
}

pub fn ec(kid: &str) -> Jwk {
    key(kid, KeyKind::Curve(grantee_core::jose::Curve::P256))
}

pub fn signed(key: &Jwk, alg: SignatureAlgorithm, claims: &Map<String, Value>) -> String {
    signed_with(jws::Header::new(), &SigningKey::new(key, alg).unwrap(), claims)
}

pub fn signed_with(header: jws::Header, key: &dyn BlockingSigner, claims: &Map<String, Value>) -> String {
    jws::sign_blocking(&header, Value::from(claims.clone()).to_string().as_bytes(), key).unwrap()
}

/// Serves a key set that tests change, and counts how often it is fetched.
pub struct Provider {
    pub keys: Arc<Mutex<Answer>>,
    pub server: Arc<FakeServer>,
    pub clock: Arc<ManualClock>,
}

#[derive(Clone)]
pub enum Answer {
    Keys(Vec<Jwk>),
    Body(u16, String),
}

impl Provider {
    pub fn new(keys: Vec<Jwk>) -> Self {
        let keys = Arc::new(Mutex::new(Answer::Keys(keys)));
        let served = Arc::clone(&keys);
        let server = FakeServer::new(move |_, _| match served.lock().unwrap().clone() {
            Answer::Keys(keys) => json(200, &JwkSet { keys, ignored: Vec::new() }.public().to_json()),
            Answer::Body(status, body) => Ok(http::Response::builder().status(status).body(Bytes::from(body)).unwrap()),
        });
        Self { keys, server, clock: ManualClock::new() }
    }

    pub fn serve(&self, keys: Vec<Jwk>) {
        *self.keys.lock().unwrap() = Answer::Keys(keys);
    }

    pub fn answer(&self, status: u16, body: &str) {
        *self.keys.lock().unwrap() = Answer::Body(status, body.to_owned());
    }

    pub fn client(&self, configure: impl FnOnce(&mut Config)) -> Client {
        let mut config = Config::new(Server::Literal);
        config.set_client("svc".to_owned(), Some("s3cret-of-the-client-that-is-long-enough".into()));
        config.members_mut().issuer = Some(ISSUER.to_owned());
        config.members_mut().jwks_uri = Some(format!("{ISSUER}/jwks"));
        config.set_id_token_alg(Some("ES256".to_owned()));
        configure(&mut config);
        Client::new(config, ports(&self.server, &self.clock, Arc::new(Inline))).unwrap()
    }
}

pub fn verify(client: &Client, token: &str, expected: &IdTokenExpectations) -> Result<IdToken> {
    block_on(client.verify_id_token(&UnverifiedIdToken::new(token), expected))
}
