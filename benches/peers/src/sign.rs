//! A client assertion signed and put on a token request.

use crate::verify::{World, now};
use crate::{Most, Row, row};
use grantee_core::client_auth::{AuthContext, ClientAuth as _, Draft, PrivateKeyJwt};
use grantee_core::{Params, UnixTime};
use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, base64url};
use std::cell::RefCell;
use std::hint::black_box;
use std::str::FromStr as _;
use url::Url;

pub fn rows(quick: bool) -> Vec<Row> {
    let cases = [
        (SignatureAlgorithm::Rs256, KeyKind::Rsa(2048), 1.01),
        (SignatureAlgorithm::Es256, KeyKind::Curve(Curve::P256), 1.06),
    ];
    cases.into_iter().map(|(alg, kind, most)| sign(quick, alg, kind, most)).collect()
}

fn sign(quick: bool, alg: SignatureAlgorithm, kind: KeyKind, most: f64) -> Row {
    let key = Jwk::generate(kind).expect("a key").with_kid("the-key-of-today");
    let signer = SigningKey::new(&key, alg).expect("a key");
    let input = vec![b'x'; 400];
    let raw = || drop(black_box(signer.sign(black_box(&input)).expect("signed")));

    let method = PrivateKeyJwt::from_key_with(&key, alg).expect("a key");
    let url = Url::parse("https://as.example/token").expect("a URL");
    let draft = RefCell::new(Draft::post(url, Params::new()));
    let ours = || {
        let mut context = AuthContext::new("svc", UnixTime::now(), &World);
        context.issuer = Some("https://as.example");
        now(method.authenticate(&mut draft.borrow_mut(), context)).expect("authenticated");
    };

    let pem = key.to_private_pem().expect("PEM");
    let by_jsonwebtoken = {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let key = match alg {
            SignatureAlgorithm::Rs256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            _ => EncodingKey::from_ec_pem(pem.as_bytes()),
        }
        .expect("a key");
        let mut header = Header::new(Algorithm::from_str(alg.name()).expect("known"));
        header.kid = Some("the-key-of-today".to_owned());
        move || drop(black_box(encode(&header, &claims(), &key).expect("signed")))
    };
    let by_josekit = {
        use josekit::jws::{ES256, JwsHeader, JwsSigner, RS256};
        let signer: Box<dyn JwsSigner> = match alg {
            SignatureAlgorithm::Rs256 => Box::new(RS256.signer_from_pem(pem.as_bytes()).expect("a key")),
            _ => Box::new(ES256.signer_from_pem(pem.as_bytes()).expect("a key")),
        };
        let mut header = JwsHeader::new();
        header.set_key_id("the-key-of-today");
        move || {
            let payload = josekit::jwt::JwtPayload::from_map(claims()).expect("claims");
            black_box(josekit::jwt::encode_with_signer(&payload, &header, &*signer).expect("signed"));
        }
    };
    let what = format!("a client assertion signed, {alg}");
    row(quick, what, Most::Times(most), &raw, &ours, [Some(&by_jsonwebtoken), None, Some(&by_josekit)])
}

/// What the assertion of a client says (RFC 7523 section 3).
fn claims() -> serde_json::Map<String, serde_json::Value> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).expect("chance");
    let now = UnixTime::now().seconds();
    let claims = serde_json::json!({
        "iss": "svc", "sub": "svc", "aud": "https://as.example", "jti": base64url::encode(random), "iat": now, "exp": now + 60,
    });
    match claims {
        serde_json::Value::Object(claims) => claims,
        _ => unreachable!("an object"),
    }
}
