//! A DPoP proof, and a call with one beside a call without.

use crate::verify::{World, now};
use crate::{Most, Row, row};
use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::error::TransportError;
use grantee_core::grant::ClientCredentials;
use grantee_core::ports::{BoxFuture, Executor, Http, Ports, Request, Response};
use grantee_core::session::call::{Placement, call};
use grantee_core::session::{Source, SourceBuilder};
use grantee_core::token_type::dpop::Dpop;
use grantee_core::token_type::{ProofContext, TokenType as _};
use grantee_core::{Client, Result, Token, UnixTime};
use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, base64url};
use http::{HeaderMap, Method, Uri};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const URL: &str = "https://api.example/v1/orders?state=open";
const HTU: &str = "https://api.example/v1/orders";
const ACCESS_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
/// What a DPoP call may take beside a Bearer call and a signature, in nanoseconds.
const BESIDE: f64 = 3000.0;

pub fn rows(quick: bool) -> Vec<Row> {
    vec![proof(quick), api_call(quick)]
}

fn proof(quick: bool) -> Row {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).expect("a key");
    let dpop = Dpop::from_key(&key).expect("a key");
    let token = Token::bearer(ACCESS_TOKEN);
    let uri = Uri::from_static(URL);
    // Those of a request: a proof goes among them.
    let headers = RefCell::new(HeaderMap::with_capacity(8));
    let ours = || {
        let mut context = ProofContext::new(&Method::GET, &uri, UnixTime::now(), &World);
        context.token = Some(&token);
        now(dpop.prove(context, &mut headers.borrow_mut())).expect("a proof");
    };
    ours();
    let made = headers.borrow().get("dpop").and_then(|proof| proof.to_str().ok()).expect("a proof").to_owned();
    let raw = raw_signature(&key, made.rsplit_once('.').expect("three parts").0.len());

    let public = key.public().expect("a public key");
    let by_jsonwebtoken = {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let pem = key.to_private_pem().expect("PEM");
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).expect("a key");
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(serde_json::from_value(public.to_value()).expect("a key"));
        move || drop(black_box(encode(&header, &claims(), &key).expect("signed")))
    };
    let by_josekit = {
        let signer = josekit::jws::ES256.signer_from_pem(key.to_private_pem().expect("PEM").as_bytes()).expect("a key");
        let mut header = josekit::jws::JwsHeader::new();
        header.set_token_type("dpop+jwt");
        header.set_jwk(josekit::jwk::Jwk::from_bytes(public.to_json().as_bytes()).expect("a key"));
        move || {
            let payload = josekit::jwt::JwtPayload::from_map(claims()).expect("claims");
            black_box(josekit::jwt::encode_with_signer(&payload, &header, &signer).expect("signed"));
        }
    };
    let peers: [Option<&dyn Fn()>; 3] = [Some(&by_jsonwebtoken), None, Some(&by_josekit)];
    row(quick, "a DPoP proof made, ES256".to_owned(), Most::Times(1.08), &raw, &ours, peers)
}

/// The floor is a call with a Bearer token, and the signature of a proof.
fn api_call(quick: bool) -> Row {
    let key = Jwk::generate(KeyKind::Curve(Curve::P256)).expect("a key");
    let dpop = Dpop::from_key(&key).expect("a key");
    let mut token = Token::bearer(ACCESS_TOKEN).with_expires_in(Duration::from_secs(3600));
    let bearer = source(token.clone(), |_| {});
    token.token_type = "DPoP".to_owned();
    token.key_thumbprint = Some(dpop.thumbprint().to_owned());
    let bound = source(token, |config| config.set_token_type(Arc::new(dpop)));

    let signature = raw_signature(&key, 540);
    let get = |source: &Source| {
        let request = http::Request::get(URL).body(Bytes::new()).expect("a request");
        black_box(now(call(source, request, Placement::Header)).expect("an answer"));
    };
    let floor = || {
        get(&bearer);
        signature();
    };
    let what = "a DPoP call, beside a Bearer call and a signature".to_owned();
    row(quick, what, Most::Beside(BESIDE), &floor, &|| get(&bound), [None; 3])
}

fn raw_signature(key: &Jwk, length: usize) -> impl Fn() + use<> {
    let signer = SigningKey::new(key, SignatureAlgorithm::Es256).expect("a key");
    let input = vec![b'x'; length];
    move || drop(black_box(signer.sign(black_box(&input)).expect("signed")))
}

/// What a proof says (RFC 9449 section 4.2).
fn claims() -> serde_json::Map<String, serde_json::Value> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("chance");
    let claims = serde_json::json!({
        "jti": base64url::encode(random), "htm": "GET", "htu": HTU, "iat": UnixTime::now().seconds(),
        "ath": base64url::encode(grantee_jose::sha256(ACCESS_TOKEN.as_bytes())),
    });
    match claims {
        serde_json::Value::Object(claims) => claims,
        _ => unreachable!("an object"),
    }
}

fn source(token: Token, configure: impl FnOnce(&mut Config)) -> Source {
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".into(), Some("secret".into()));
    config.members_mut().token_endpoint = Some("https://as.example/token".into());
    configure(&mut config);
    let world = Arc::new(World);
    let ports = Ports { http: Arc::new(Api), clock: world.clone(), executor: Arc::new(AtOnce), entropy: world };
    let client = Client::new(config, ports).expect("a client");
    SourceBuilder::new(client, Arc::new(ClientCredentials::new())).token(token).build().expect("a source")
}

/// An API that answers 200 and nothing, at once.
struct Api;

impl Http for Api {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let url = request.uri().to_string();
        black_box(request);
        Box::pin(async { Ok(Response { http: http::Response::new(Bytes::new()), url }) })
    }
}

struct AtOnce;

impl Executor for AtOnce {
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Result<()> {
        now(future);
        Ok(())
    }
}
