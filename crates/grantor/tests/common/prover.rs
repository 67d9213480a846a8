//! A client with a key, which proves to have it by DPoP.

use std::{
    cell::Cell,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    digest,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantor::Server;
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};

use super::{Answer, FORM, encode, parse, raw, request_bytes};

/// A client with a key.
pub struct Prover {
    key: EncodingKey,
    pub jwk: Value,
    pub jkt: String,
    count: Cell<usize>,
}

impl Prover {
    pub fn new() -> Self {
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        let jkt = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        Self { key, jwk, jkt, count: Cell::new(0) }
    }

    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk})
    }

    pub fn claims(&self, method: &str, url: &str, more: Value) -> Value {
        self.count.set(self.count.get() + 1);
        let mut claims = json!({"htm": method, "htu": url, "iat": now(), "jti": format!("proof {}", self.count.get())});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    pub fn proof(&self, method: &str, url: &str, more: Value) -> String {
        self.sign(&self.header(), &self.claims(method, url, more))
    }

    /// A POST to the token endpoint with a proof of these claims.
    pub fn token(&self, server: &Server, pairs: &[(&str, &str)], more: Value) -> Answer {
        let proof = self.proof("POST", &server.url("/token"), more);
        to(server, "POST", "/token", &[FORM, ("DPoP", &proof)], &encode(pairs))
    }

    /// The same by the client `svc`, with its own credentials.
    pub fn svc(&self, server: &Server, more: Value) -> Answer {
        let pairs = [("grant_type", "client_credentials"), ("client_id", "svc"), ("client_secret", "secret")];
        self.token(server, &pairs, more)
    }

    /// A GET with a token and the proof that goes with it.
    pub fn get(&self, server: &Server, path: &str, token: &str, more: Value) -> Answer {
        let mut claims = json!({"ath": hash(token)});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let proof = self.proof("GET", &server.url(path), claims);
        to(server, "GET", path, &[("Authorization", &format!("DPoP {token}")), ("DPoP", &proof)], "")
    }
}

/// As [`send`], to the host that the server's URLs name.
pub fn to(server: &Server, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let bytes = String::from_utf8(request_bytes(method, target, headers, body)).unwrap();
    let bytes = bytes.replacen("Host: localhost\r\n", &format!("Host: 127.0.0.1:{}\r\n", server.port()), 1);
    parse(&raw(server, bytes.as_bytes()).unwrap())
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}
