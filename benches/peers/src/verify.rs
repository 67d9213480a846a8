//! An ID token verified, every check on, the key set warm.

use crate::{Most, Row, row};
use grantee_core::client::{Config, Server};
use grantee_core::error::TransportError;
use grantee_core::oidc::IdTokenExpectations;
use grantee_core::ports::{BoxFuture, Cancel, Clock, Entropy, Executor, Http, Ports, Request, Response, WaitEnd};
use grantee_core::{Client, Result, UnixTime, UnverifiedIdToken};
use grantee_jose::{Curve, Jwk, JwkSet, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey, base64url, jws};
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::str::FromStr as _;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

const ACCESS_TOKEN: &str = "SlAV32hkKG-an-access-token-of-some-length-SlAV32hkKG";
const NONCE: &str = "n-0S6_WzA2Mj-n-0S6_WzA2Mj-n-0S6_WzA2Mj-0123";

pub fn rows(quick: bool) -> Vec<Row> {
    let cases = [
        (SignatureAlgorithm::Rs256, KeyKind::Rsa(2048), 1.0 / 0.93),
        (SignatureAlgorithm::Es256, KeyKind::Curve(Curve::P256), 1.0 / 0.97),
        (SignatureAlgorithm::EdDsa, KeyKind::Curve(Curve::Ed25519), 1.0 / 0.97),
    ];
    cases.into_iter().map(|(alg, kind, most)| verify(quick, alg, kind, most)).collect()
}

fn verify(quick: bool, alg: SignatureAlgorithm, kind: KeyKind, most: f64) -> Row {
    let key = Jwk::generate(kind).expect("a key").with_kid("the-key-of-today").with_use("sig");
    let token = id_token(&key, alg);
    let public = key.public().expect("a public key");

    let floor = VerifyingKey::new(&key, alg).expect("a key");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let signature = base64url::decode(signature).expect("base64url");
    let raw = || floor.verify(black_box(signed.as_bytes()), &signature).expect("verified");

    let client = client(&public, alg);
    let expected = IdTokenExpectations::new().nonce(NONCE).access_token(ACCESS_TOKEN);
    let unverified = UnverifiedIdToken::new(token.as_str());
    let ours = || drop(black_box(now(client.verify_id_token(&unverified, &expected)).expect("verified")));

    let by_jsonwebtoken = jsonwebtoken(&public, alg, &token);
    let by_openidconnect = openidconnect(&public, &token);
    let by_josekit = josekit(&public, alg, &token);
    row(
        quick,
        format!("an ID token verified, {alg}"),
        Most::Times(most),
        &raw,
        &ours,
        [Some(&by_jsonwebtoken), Some(&by_openidconnect), Some(&by_josekit)],
    )
}

fn jsonwebtoken<'a>(public: &Jwk, alg: SignatureAlgorithm, token: &'a str) -> impl Fn() + use<'a> {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(public.to_value()).expect("a key");
    let key = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut validation = Validation::new(Algorithm::from_str(alg.name()).expect("known"));
    validation.set_issuer(&["https://as.example"]);
    validation.set_audience(&["svc"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    move || {
        let data = decode::<serde_json::Map<String, serde_json::Value>>(token, &key, &validation).expect("verified");
        assert_eq!(data.claims["nonce"], NONCE);
        assert_eq!(
            data.claims["at_hash"].as_str().map(str::len),
            Some(data.claims["at_hash"].as_str().unwrap_or("").len())
        );
        black_box(data);
    }
}

fn openidconnect<'a>(public: &Jwk, token: &'a str) -> impl Fn() + use<'a> {
    use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
    use openidconnect::{AccessToken, AccessTokenHash, ClientId, ClientSecret, IssuerUrl, Nonce};
    let keys: CoreJsonWebKeySet =
        serde_json::from_value(serde_json::json!({"keys": [public.to_value()]})).expect("a key set");
    let issuer = IssuerUrl::new("https://as.example".into()).expect("a URL");
    let verifier = CoreIdTokenVerifier::new_confidential_client(
        ClientId::new("svc".into()),
        ClientSecret::new("secret".into()),
        issuer,
        keys,
    )
    .set_allowed_algs([
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EdDsa,
    ]);
    let (nonce, access_token) = (Nonce::new(NONCE.into()), AccessToken::new(ACCESS_TOKEN.into()));
    move || {
        let id_token = CoreIdToken::from_str(token).expect("a token");
        let claims = id_token.claims(&verifier, &nonce).expect("verified");
        let alg = id_token.signing_alg().expect("an algorithm");
        let key = id_token.signing_key(&verifier).expect("a key");
        let hash = AccessTokenHash::from_token(&access_token, alg, key);
        assert_eq!(hash.ok().as_ref(), claims.access_token_hash());
    }
}

fn josekit<'a>(public: &Jwk, alg: SignatureAlgorithm, token: &'a str) -> impl Fn() + use<'a> {
    use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};
    let jwk = josekit::jwk::Jwk::from_bytes(public.to_json().as_bytes()).expect("a key");
    let verifier: Box<dyn JwsVerifier> = match alg {
        SignatureAlgorithm::Rs256 => Box::new(RS256.verifier_from_jwk(&jwk).expect("a key")),
        SignatureAlgorithm::Es256 => Box::new(ES256.verifier_from_jwk(&jwk).expect("a key")),
        _ => Box::new(EdDSA.verifier_from_jwk(&jwk).expect("a key")),
    };
    let mut validator = josekit::jwt::JwtPayloadValidator::new();
    validator.set_issuer("https://as.example");
    validator.set_audience("svc");
    validator.set_base_time(SystemTime::now());
    move || {
        let (payload, _) = josekit::jwt::decode_with_verifier(token, &*verifier).expect("verified");
        validator.validate(&payload).expect("valid");
        assert_eq!(payload.claim("nonce").and_then(|nonce| nonce.as_str()), Some(NONCE));
        black_box(payload);
    }
}

fn id_token(key: &Jwk, alg: SignatureAlgorithm) -> String {
    let at_hash = alg.digest(key.curve()).left_half(ACCESS_TOKEN.as_bytes()).expect("a digest");
    let now = UnixTime::now().seconds();
    let claims = serde_json::json!({
        "iss": "https://as.example", "sub": "248289761001", "aud": "svc", "nonce": NONCE,
        "exp": now + 3600, "iat": now, "auth_time": now - 9, "at_hash": at_hash, "email": "janedoe@example.com",
        "email_verified": true, "name": "Jane Doe",
    });
    let signer = SigningKey::new(key, alg).expect("a key");
    jws::sign_blocking(&jws::Header::new().with_typ("JWT"), claims.to_string().as_bytes(), &signer).expect("signed")
}

fn client(public: &Jwk, alg: SignatureAlgorithm) -> Client {
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".into(), Some("secret".into()));
    config.members_mut().issuer = Some("https://as.example".into());
    config.set_id_token_alg(Some(alg.name().into()));
    // A set as servers have it: several keys, of which one fits.
    let others = [KeyKind::Rsa(2048), KeyKind::Curve(Curve::P256), KeyKind::Curve(Curve::Ed25519)];
    let generate = |kind| Jwk::generate(kind).expect("a key").with_kid("another").public().expect("a public key");
    let keys = others.into_iter().map(generate).chain([public.clone()]).collect();
    config.set_jwks(JwkSet { keys, ignored: Vec::new() });
    let world = Arc::new(World);
    let ports = Ports { http: world.clone(), clock: world.clone(), executor: world.clone(), entropy: world };
    Client::new(config, ports).expect("a client")
}

/// A world in which nobody has to be asked.
pub struct World;

impl Http for World {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        unreachable!("nothing is fetched")
    }
}

impl Clock for World {
    fn now(&self) -> UnixTime {
        UnixTime::now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn sleep_or_cancel<'a>(&'a self, _: Duration, _: &'a Cancel) -> BoxFuture<'a, WaitEnd> {
        unreachable!("nobody waits")
    }
}

impl Executor for World {
    fn spawn(&self, _: BoxFuture<'static, ()>) -> Result<()> {
        unreachable!("nothing is spawned")
    }
}

impl Entropy for World {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| grantee_core::Error::config("no chance", "look at the machine"))
    }
}

/// The outcome of a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("nothing to wait for"),
    }
}
