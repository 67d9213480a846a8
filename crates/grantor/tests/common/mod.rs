//! An HTTP client of fifty lines: it shows the bytes as they came, and follows nothing.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod consumer;
pub mod https;
pub mod prover;

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use grantor::Server;
use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde_json::Value;
use url::{Url, form_urlencoded};

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const CALLBACK: &str = "http://127.0.0.1:9999/callback";

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body)).to_owned()
    }

    pub fn error(&self) -> String {
        self.text("error")
    }

    /// A parameter of the redirect.
    pub fn callback(&self, name: &str) -> Option<String> {
        let location = Url::parse(self.header("location").expect("a redirect")).unwrap();
        location.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }
}

impl Answer {
    /// A parameter of the redirect's fragment.
    pub fn fragment(&self, name: &str) -> Option<String> {
        let location = Url::parse(self.header("location").expect("a redirect")).unwrap();
        let pairs = form_urlencoded::parse(location.fragment().unwrap_or_default().as_bytes());
        pairs.into_owned().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Every header field of that name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// Sends exactly these bytes and reads until the server closes.
pub fn raw(server: &Server, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

pub fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub fn request_bytes(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}

pub fn try_send(
    server: &Server,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Vec<u8>> {
    raw(server, &request_bytes(method, target, headers, body))
}

pub fn send(server: &Server, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    parse(&try_send(server, method, target, headers, body).unwrap())
}

pub fn get(server: &Server, target: &str) -> Answer {
    send(server, "GET", target, &[], "")
}

pub fn get_with(server: &Server, target: &str, token: &str) -> Answer {
    send(server, "GET", target, &[("Authorization", &format!("Bearer {token}"))], "")
}

pub fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub fn post(server: &Server, target: &str, pairs: &[(&str, &str)]) -> Answer {
    send(server, "POST", target, &[FORM], &encode(pairs))
}

/// By the client `svc`.
pub fn svc(server: &Server, target: &str, pairs: &[(&str, &str)]) -> Answer {
    send(server, "POST", target, &[FORM, ("Authorization", &basic("svc", "secret"))], &encode(pairs))
}

pub fn basic(id: &str, secret: &str) -> String {
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", part(id), part(secret))))
}

pub fn authorize_target(more: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "public"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        pairs.retain(|(other, _)| other != name);
        pairs.push((name, value));
    }
    format!("/authorize?{}", encode(&pairs))
}

/// A code for the client `public`, from a server that approves automatically.
pub fn code(server: &Server) -> String {
    get(server, &authorize_target(&[])).callback("code").expect("a code")
}

pub fn exchange(server: &Server, code: &str) -> Answer {
    exchange_with(server, code, VERIFIER)
}

pub fn exchange_with(server: &Server, code: &str, verifier: &str) -> Answer {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "public"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", verifier),
    ];
    post(server, "/token", &pairs)
}

pub fn refresh(server: &Server, token: &str) -> Answer {
    post(server, "/token", &[("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", token)])
}

pub fn auto() -> Server {
    Server::builder().auto_approve("alice").start()
}

/// The payload of a JWT, unverified.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

pub fn jose_header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap_or_else(|| panic!("no JWT: {token}"));
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Whether the signature is one by that key, whatever the key says of itself.
pub fn verifies(token: &str, jwk: &Value) -> bool {
    let algorithm = match jose_header(token)["alg"].as_str().unwrap().parse() {
        Ok(algorithm) => algorithm,
        Err(_) => return false,
    };
    let Ok(jwk) = serde_json::from_value::<Jwk>(jwk.clone()) else { return false };
    let Ok(key) = DecodingKey::from_jwk(&jwk) else { return false };
    let (message, signature) = token.rsplit_once('.').unwrap();
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
}

/// Whether the MAC is one by that secret.
pub fn verifies_with_secret(token: &str, secret: &[u8]) -> bool {
    let algorithm = jose_header(token)["alg"].as_str().unwrap().parse().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), &DecodingKey::from_secret(secret), algorithm).unwrap()
}

pub fn key_set(server: &Server) -> Vec<Value> {
    get(server, "/jwks").json()["keys"].as_array().unwrap().clone()
}

/// Whether the key of the set with the token's `kid` made its signature.
pub fn is_by_server(server: &Server, token: &str) -> bool {
    let kid = jose_header(token)["kid"].clone();
    !kid.is_null() && key_set(server).iter().any(|key| key["kid"] == kid && verifies(token, key))
}

/// Logs the approved person in at a client by code, and gives the answer of the token endpoint.
pub fn login(server: &Server, client: &str, secret: Option<&str>, more: &[(&str, &str)]) -> Answer {
    let target = authorize_target(&[&[("client_id", client)], more].concat());
    let code = get(server, &target).callback("code").expect("a code");
    redeem(server, client, secret, &code)
}

pub fn redeem(server: &Server, client: &str, secret: Option<&str>, code: &str) -> Answer {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    pairs.extend(secret.map(|secret| ("client_secret", secret)));
    post(server, "/token", &pairs)
}

/// Puts a text at a URL of another server's.
pub fn publish(host: &Server, text: &str) -> String {
    let body = grantor::Misbehaviour::Body { status: 200, content_type: "text/plain".into(), body: text.into() };
    host.misbehave(grantor::Endpoint::Other, body);
    host.url("/public/published")
}

/// The members of a JSON object, those of the second in place of the first's; null takes one away.
pub fn changed(base: &Value, change: &Value) -> serde_json::Map<String, Value> {
    let mut members = base.as_object().unwrap().clone();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    members
}
