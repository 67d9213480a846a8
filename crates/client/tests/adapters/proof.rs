//! A token type of the program's own, whose requests need a proof each, and an API that demands a nonce in it, as with DPoP
//! (RFC 9449 sections 4 and 9).

use grantee::ports::{BoxFuture, Ports};
use grantee::token_type::{Answer, ProofContext, TokenType, bearer::Bearer};
use grantee::{Client, ClientCredentials, Result, Session, Token, blocking};
use grantor::Server;
use http::{HeaderMap, HeaderValue};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the proof is: method, URI, nonce.
pub(crate) struct Proven;

impl TokenType for Proven {
    fn name(&self) -> &str {
        Bearer.name()
    }

    fn key_thumbprint(&self, _: &Ports) -> Option<String> {
        Some("key".to_owned())
    }

    fn header(&self, token: &Token) -> Result<HeaderValue> {
        Bearer.header(token)
    }

    fn needs_proof(&self) -> bool {
        true
    }

    fn prove<'a>(&'a self, context: ProofContext<'a>, headers: &'a mut HeaderMap) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let proof = format!("{} {} {}", context.method, context.uri, context.demanded.unwrap_or("none"));
            headers.insert("x-proof", proof.parse().unwrap());
            Ok(())
        })
    }

    fn demand(&self, answer: Answer<'_>) -> Option<String> {
        match answer {
            Answer::Api(_, headers) => Some(headers.get("x-nonce")?.to_str().ok()?.to_owned()),
            _ => None,
        }
    }
}

pub(crate) fn session(server: &Server, api: &str) -> Session {
    let client = Client::discover(server.issuer()).client("svc", "secret").token_type(Proven).build().unwrap();
    client.session(ClientCredentials::new()).allow_origin(api).unwrap().build().unwrap()
}

pub(crate) fn blocking_session(server: &Server, api: &str) -> blocking::Session {
    let client =
        blocking::Client::discover(server.issuer()).client("svc", "secret").token_type(Proven).build().unwrap();
    client.session(ClientCredentials::new()).allow_origin(api).unwrap().build().unwrap()
}

/// Demands another nonce for each token, and rejects the first token.
#[derive(Default)]
pub(crate) struct Api {
    tokens: Mutex<Vec<String>>,
    /// Each proof and each body that came.
    seen: Mutex<Vec<(String, String)>>,
}

impl Api {
    /// What to answer: the status, and a header beside it.
    pub(crate) fn judge(&self, token: &str, proof: &str, body: &str) -> (u16, (&'static str, String)) {
        self.seen.lock().unwrap().push((proof.to_owned(), body.to_owned()));
        let mut tokens = self.tokens.lock().unwrap();
        let place = tokens.iter().position(|seen| seen == token).unwrap_or_else(|| {
            tokens.push(token.to_owned());
            tokens.len() - 1
        });
        let nonce = format!("n{place}");
        if !proof.ends_with(&nonce) {
            return (401, ("x-nonce", nonce));
        }
        match place {
            0 => (401, ("www-authenticate", "Bearer error=\"invalid_token\"".to_owned())),
            _ => (200, ("x-fine", "yes".to_owned())),
        }
    }

    /// That there was one proof for each of the four sendings: without a nonce, with it, and the same with a new token.
    pub(crate) fn assert_four(&self, request: &str, body: &str) {
        let expected = ["none", "n0", "none", "n1"].map(|nonce| (format!("{request} {nonce}"), body.to_owned()));
        assert_eq!(*self.seen.lock().unwrap(), expected);
    }

    /// Serves it, one request a connection, for as long as the process lives.
    pub(crate) fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, api) = (listener.local_addr().unwrap(), Arc::clone(self));
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(|stream| api.converse(stream)));
        address
    }

    fn converse(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).unwrap();
        let (token, proof) = (header("authorization").unwrap_or_default(), header("x-proof").unwrap_or_default());
        let (status, (name, value)) = self.judge(&token, &proof, &String::from_utf8(body).unwrap());
        let answer =
            format!("HTTP/1.1 {status} X\r\n{name}: {value}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}
