//! The servers that all ask, and the file that tells the other languages where they are.

use grantee::jose::{Curve, Jwk, KeyKind};
use grantor::{Endpoint, Misbehaviour, Server};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct World {
    pub server: Server,
    /// Each of its answers to a token request is `authorization_pending`.
    pub pending: Server,
    /// What all sign with.
    pub key: Jwk,
    pub subject_token: String,
    pub pace: Pace,
    file: tempfile::NamedTempFile,
}

/// How long a row is run for: without the clock, then so many rounds of so long each.
#[derive(Clone, Copy)]
pub struct Pace {
    pub warm: Duration,
    pub rounds: usize,
    pub round: Duration,
}

/// What [`jarm`](World::jarm) answers to in the other languages.
const STATE: &str = "a-state-of-the-usual-length-0123456789-abcd";

impl World {
    pub fn start(quick: bool) -> Self {
        let milliseconds = Duration::from_millis;
        let pace = match quick {
            true => Pace { warm: Duration::ZERO, rounds: 1, round: Duration::ZERO },
            // Short and many: on a busy machine most of them still run without another program in between.
            false => Pace { warm: milliseconds(300), rounds: 301, round: milliseconds(1) },
        };
        let pending = Server::builder().log_limit(8).start();
        let error = "authorization_pending".to_owned();
        pending.misbehave(Endpoint::Token, Misbehaviour::OAuthError { status: 400, error, description: None });
        let server = Server::builder().log_limit(8).start();
        let world = Self {
            subject_token: server.issue("public", Some("alice"), "read write").access_token,
            key: Jwk::generate(KeyKind::Curve(Curve::P256)).expect("a key").with_kid("the-key-of-today"),
            file: tempfile::NamedTempFile::new().expect("a file"),
            server,
            pending,
            pace,
        };
        let told = json!({
            "issuer": world.server.issuer(),
            "pending_issuer": world.pending.issuer(),
            "api": world.server.url("/api/orders"),
            "jwk": serde_json::from_str::<Value>(&world.key.to_json()).expect("JSON"),
            "subject_token": world.subject_token,
            "jarm": { "response": world.jarm(STATE), "state": STATE },
            "warm_ms": pace.warm.as_millis(),
            "rounds": pace.rounds,
            "round_ms": pace.round.as_millis(),
        });
        std::fs::write(world.file.path(), told.to_string()).expect("a file");
        world
    }

    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// The server's signed answer to an authorization request with this state.
    pub fn jarm(&self, state: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let issuer = self.server.issuer();
        let claims = json!({
            "iss": issuer, "aud": "svc", "exp": now + 3600, "code": "SplxlOBeZQQYbYS6WxSbIA", "state": state,
        });
        let Value::Object(claims) = claims else { unreachable!("an object") };
        self.server.signing_key("RS256").sign(Map::new(), claims)
    }
}
