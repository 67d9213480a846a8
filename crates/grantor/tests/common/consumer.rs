//! A client of OAuth 1.0, which signs by hand and can be told to sign wrongly.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{digest, hmac, rand::SystemRandom, rsa::KeyPair, signature};
use base64::{Engine, engine::general_purpose::STANDARD};
use grantor::Server;
use url::form_urlencoded;

use super::{Answer, parse, raw};

static NONCES: AtomicU64 = AtomicU64::new(0);

/// A request before it is signed.
#[derive(Clone)]
pub struct Draft<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a str,
    pub place: Place,
    pub signature_method: &'a str,
    pub key: &'a str,
    pub secret: &'a str,
    pub token: Option<(&'a str, &'a str)>,
    pub rsa: Option<&'a KeyPair>,
    /// Parameters of the protocol: in addition, or in place of what would be there; an empty one is left out.
    pub oauth: Vec<(&'a str, String)>,
    pub realm: Option<&'a str>,
    /// What the signature becomes.
    pub spoil: fn(String) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Header,
    Body,
    Query,
}

impl<'a> Draft<'a> {
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: "",
            content_type: None,
            body: "",
            place: Place::Header,
            signature_method: "HMAC-SHA1",
            key: "consumer",
            secret: "secret",
            token: None,
            rsa: None,
            oauth: Vec::new(),
            realm: None,
            spoil: |signature| signature,
        }
    }

    pub fn token(mut self, token: &'a str, secret: &'a str) -> Self {
        self.token = Some((token, secret));
        self
    }

    pub fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.oauth.push((name, value.into()));
        self
    }

    pub fn form(mut self, body: &'a str) -> Self {
        self.content_type = Some("application/x-www-form-urlencoded");
        self.body = body;
        self
    }

    pub fn send(self, server: &Server) -> Answer {
        parse(&raw(server, &self.bytes(server)).unwrap())
    }

    /// The whole request; sent again, it is a replay.
    pub fn bytes(self, server: &Server) -> Vec<u8> {
        let host = format!("127.0.0.1:{}", server.port());
        let mut oauth = self.parameters();
        let mut signed: Vec<(String, String)> = Vec::new();
        signed.extend(form_urlencoded::parse(self.query.as_bytes()).into_owned());
        if self.content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            signed.extend(form_urlencoded::parse(self.body.as_bytes()).into_owned());
        }
        signed.extend(oauth.iter().cloned());
        let mut lines: Vec<String> =
            signed.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        lines.sort();
        let url = format!("http://{host}{}", self.path);
        let base_string = format!("{}&{}&{}", self.method, escape(&url), escape(&lines.join("&")));
        oauth.push(("oauth_signature".to_owned(), (self.spoil)(self.signature(&base_string))));
        let joined: Vec<String> =
            oauth.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        let behind =
            |text: &str| if text.is_empty() { joined.join("&") } else { format!("{text}&{}", joined.join("&")) };
        let (mut target, mut body, mut fields) = (self.path.to_owned(), self.body.to_owned(), String::new());
        let mut query = self.query.to_owned();
        match self.place {
            Place::Header => {
                let realm = self.realm.map(|realm| format!("realm=\"{realm}\""));
                let pairs: Vec<String> =
                    oauth.iter().map(|(name, value)| format!("{}=\"{}\"", escape(name), escape(value))).collect();
                let all: Vec<String> = realm.into_iter().chain(pairs).collect();
                fields.push_str(&format!("Authorization: OAuth {}\r\n", all.join(", ")));
            }
            Place::Body => body = behind(&body),
            Place::Query => query = behind(&query),
        }
        if !query.is_empty() {
            target.push_str(&format!("?{query}"));
        }
        if let Some(content_type) = self.content_type {
            fields.push_str(&format!("Content-Type: {content_type}\r\n"));
        }
        format!(
            "{} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            self.method,
            body.len()
        )
        .into_bytes()
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let nonce = NONCES.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut oauth = vec![
            ("oauth_consumer_key".to_owned(), self.key.to_owned()),
            ("oauth_signature_method".to_owned(), self.signature_method.to_owned()),
            ("oauth_timestamp".to_owned(), now.to_string()),
            ("oauth_nonce".to_owned(), format!("nonce{nonce}")),
        ];
        oauth.extend(self.token.map(|(token, _)| ("oauth_token".to_owned(), token.to_owned())));
        for (name, value) in &self.oauth {
            oauth.retain(|(other, _)| other != name);
            if !value.is_empty() {
                oauth.push(((*name).to_owned(), value.clone()));
            }
        }
        oauth
    }

    fn signature(&self, base_string: &str) -> String {
        let key = format!("{}&{}", escape(self.secret), escape(self.token.map_or("", |(_, secret)| secret)));
        let algorithm = match self.signature_method {
            "HMAC-SHA256" => hmac::HMAC_SHA256,
            "HMAC-SHA512" => hmac::HMAC_SHA512,
            "PLAINTEXT" => return key,
            "RSA-SHA256" => return self.rsa_signature(&signature::RSA_PKCS1_SHA256, base_string),
            "RSA-SHA512" => return self.rsa_signature(&signature::RSA_PKCS1_SHA512, base_string),
            _ => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), base_string.as_bytes()))
    }

    fn rsa_signature(&self, padding: &'static dyn signature::RsaEncoding, base_string: &str) -> String {
        let key = self.rsa.expect("a key to sign with");
        let mut made = vec![0; key.public_modulus_len()];
        key.sign(padding, &SystemRandom::new(), base_string.as_bytes(), &mut made).unwrap();
        STANDARD.encode(made)
    }
}

pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

pub fn sha1(body: &str) -> String {
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, body.as_bytes()))
}

/// A member of a form.
pub fn member(answer: &Answer, name: &str) -> Option<String> {
    form_urlencoded::parse(answer.body.as_bytes()).into_owned().find(|(other, _)| other == name).map(|(_, value)| value)
}

/// Why it was refused, as the body and the challenge say alike.
pub fn problem(answer: &Answer) -> String {
    let problem = member(answer, "oauth_problem").unwrap_or_else(|| panic!("{}: {}", answer.status, answer.body));
    assert_eq!(answer.header("content-type"), Some("application/x-www-form-urlencoded"));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with(&format!("OAuth realm=\"grantor\", oauth_problem=\"{problem}\"")), "{challenge}");
    problem
}
