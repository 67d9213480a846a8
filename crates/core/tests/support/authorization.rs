//! A client that sends people to a server, with everything fixed, and what came of it.

use super::provider::{ISSUER, NOW};
use super::{FakeServer, Inline, ManualClock, block_on, ports};
use grantee_core::authorization::{AuthorizationRequest, Pending};
use grantee_core::client::{Config, Server};
use grantee_core::jose::jws::Compact;
use grantee_core::jose::{Jwk, JwkSet};
use grantee_core::{Client, Error, Params, Result};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

pub const SECRET: &str = "s3cret-of-the-client-that-is-long-enough";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct World {
    pub client: Client,
    pub server: Arc<FakeServer>,
    pub clock: Arc<ManualClock>,
    /// What the PAR endpoint and the token endpoint answer.
    pub par: Arc<Mutex<(u16, String)>>,
    pub token: Arc<Mutex<Value>>,
}

/// A server that publishes these keys, and a client as configured.
pub fn try_world(keys: Vec<Jwk>, configure: impl FnOnce(&mut Config)) -> Result<World> {
    let answer = json!({"request_uri": "urn:example:1", "expires_in": 90}).to_string();
    let par = Arc::new(Mutex::new((201, answer)));
    let token = Arc::new(Mutex::new(json!({"access_token": "AT", "token_type": "Bearer"})));
    let (pushed, granted) = (Arc::clone(&par), Arc::clone(&token));
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/jwks" => super::json(200, &JwkSet { keys: keys.clone(), ignored: Vec::new() }.public().to_json()),
        "/par" => {
            let (status, body) = pushed.lock().unwrap().clone();
            super::json(status, &body)
        }
        _ => super::json(200, &granted.lock().unwrap().to_string()),
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some(SECRET.into()));
    config.set_redirect_uri("https://app.example/cb".to_owned());
    let members = config.members_mut();
    members.issuer = Some(ISSUER.to_owned());
    members.authorization_endpoint = Some(format!("{ISSUER}/authorize"));
    members.token_endpoint = Some(format!("{ISSUER}/token"));
    members.pushed_authorization_request_endpoint = Some(format!("{ISSUER}/par"));
    members.jwks_uri = Some(format!("{ISSUER}/jwks"));
    configure(&mut config);
    let clock = ManualClock::new();
    let client = Client::new(config, ports(&server, &clock, Arc::new(Inline)))?;
    Ok(World { client, server, clock, par, token })
}

pub fn world(configure: impl FnOnce(&mut Config)) -> World {
    try_world(Vec::new(), configure).unwrap()
}

/// Why the configuration is refused when the client is built.
pub fn unbuilt(configure: impl FnOnce(&mut Config)) -> String {
    match try_world(Vec::new(), configure).map(|_| ()) {
        Err(Error::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A request of plain OAuth with nothing left to chance.
pub fn request() -> AuthorizationRequest {
    AuthorizationRequest::new().scope("read").state("STATE").code_verifier(VERIFIER)
}

impl World {
    pub fn start(&self, request: AuthorizationRequest) -> (String, Pending) {
        let (url, pending) = block_on(self.client.start(request)).unwrap();
        (url.into(), pending)
    }

    pub fn refused(&self, request: AuthorizationRequest) -> String {
        match block_on(self.client.start(request)).map(|_| ()) {
            Err(Error::Config(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

/// The parameter of a URL's query.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    Params::parse(url.split_once('?').unwrap().1).get(name).map(str::to_owned)
}

/// Header and claims of a JWT, unverified.
pub fn decoded(token: &str) -> (Value, Value) {
    let compact = Compact::parse(token).unwrap();
    let header = serde_json::from_str(&compact.header().to_json()).unwrap();
    (header, serde_json::from_slice(compact.unverified_payload()).unwrap())
}

/// The claims of a request object for [`request`], with these changed or added.
pub fn object_claims(changed: Value) -> Value {
    let mut claims = json!({
        "iss": "svc", "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": "AAECAwQFBgcICQoLDA0ODw",
        "response_type": "code", "client_id": "svc", "redirect_uri": "https://app.example/cb", "scope": "read",
        "state": "STATE", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    claims
}
