//! Userinfo answers in their three forms (OpenID Connect Core section 5.3).

mod support;

use bytes::Bytes;
use grantee_core::client::{Config, Server};
use grantee_core::endpoint::userinfo::UnboundUserinfo;
use grantee_core::jose::{
    ContentEncryption, DecryptionKey, EncryptionKey, Jwk, JwkSet, KeyAlgorithm, SignatureAlgorithm, jwe,
};
use grantee_core::{Client, Error, Result, Token};
use serde_json::json;
use std::sync::{Arc, Mutex};
use support::provider::{ISSUER, claims, ec, signed};
use support::{FakeServer, Inline, ManualClock, block_on, ports};

const PLAIN: &str = r#"{"sub":"alice"}"#;

struct World {
    key: Jwk,
    mine: Jwk,
    client: Client,
    /// Content type and body of the answer.
    answer: Arc<Mutex<(&'static str, String)>>,
}

fn world(configure: impl FnOnce(&mut Config)) -> World {
    let (key, mine) = (ec("k"), ec("mine"));
    let answer = Arc::new(Mutex::new(("application/json", PLAIN.to_owned())));
    let (served, keys) = (Arc::clone(&answer), JwkSet::from_iter([key.clone()]).public().to_json());
    let server = FakeServer::new(move |request, _| match request.uri().path() {
        "/jwks" => support::json(200, &keys),
        _ => {
            let (content_type, body) = served.lock().unwrap().clone();
            Ok(http::Response::builder().header("content-type", content_type).body(Bytes::from(body)).unwrap())
        }
    });
    let mut config = Config::new(Server::Literal);
    config.set_client("svc".to_owned(), Some("s3cret".into()));
    config.members_mut().issuer = Some(ISSUER.to_owned());
    config.members_mut().userinfo_endpoint = Some(format!("{ISSUER}/me"));
    config.members_mut().jwks_uri = Some(format!("{ISSUER}/jwks"));
    config.add_decryption_key(Arc::new(DecryptionKey::any(&mine).unwrap()));
    configure(&mut config);
    let client = Client::new(config, ports(&server, &ManualClock::new(), Arc::new(Inline))).unwrap();
    World { key, mine, client, answer }
}

impl World {
    fn get(&self, content_type: &'static str, body: impl Into<String>) -> Result<UnboundUserinfo> {
        *self.answer.lock().unwrap() = (content_type, body.into());
        block_on(self.client.userinfo_unbound(&Token::bearer("TOKEN")))
    }

    fn jwt(&self, body: impl Into<String>) -> Result<UnboundUserinfo> {
        self.get("application/jwt", body)
    }

    fn signed(&self) -> String {
        signed(&self.key, SignatureAlgorithm::Es256, &claims())
    }

    fn encrypted(&self, content: &str) -> String {
        let key = EncryptionKey::new(&self.mine.public().unwrap(), KeyAlgorithm::EcdhEs).unwrap();
        jwe::encrypt(&jwe::Header::new(), content.as_bytes(), &key, ContentEncryption::A256Gcm).unwrap()
    }
}

#[track_caller]
fn broken(answer: Result<UnboundUserinfo>) -> String {
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::Rule(_)), "{error:?}");
    error.to_string()
}

#[test]
fn an_answer_is_protected_as_registered() {
    let plain = world(|_| ());
    assert!(!plain.get("application/json", PLAIN).unwrap().is_signed);
    assert!(broken(plain.jwt(plain.signed())).contains("userinfo_alg(..)"));
    assert!(broken(plain.jwt(plain.encrypted(&plain.signed()))).contains("userinfo_encryption(alg, enc)"));

    let signed = world(|config| config.set_userinfo_alg("ES256".into()));
    assert!(signed.jwt(signed.signed()).unwrap().is_signed);
    assert!(broken(signed.get("application/json", PLAIN)).contains("signed or encrypted as registered"));

    let encrypted = world(|config| config.set_userinfo_encryption("ECDH-ES".into(), "A256GCM".into()));
    let answer = encrypted.jwt(encrypted.encrypted(PLAIN)).unwrap();
    assert_eq!(answer.claims.sub(), Some("alice"));
    assert!(!answer.is_signed, "anybody can encrypt to a public key");

    let nested = world(|config| {
        config.set_userinfo_alg("ES256".into());
        config.set_userinfo_encryption("ECDH-ES".into(), "A256GCM".into());
    });
    assert!(nested.jwt(nested.encrypted(&nested.signed())).unwrap().is_signed);
    assert!(nested.jwt(nested.encrypted(PLAIN)).is_err());
}

#[test]
fn any_form_is_taken_where_the_program_is_told_of_none() {
    let world = world(|config| {
        config.set_any_userinfo_alg();
        config.set_any_encryption();
    });
    assert!(!world.get("application/json", PLAIN).unwrap().is_signed);
    for (body, is_signed) in
        [(world.signed(), true), (world.encrypted(&world.signed()), true), (world.encrypted(PLAIN), false)]
    {
        let answer = world.jwt(body).unwrap();
        assert_eq!((answer.claims.sub(), answer.is_signed), (Some("alice"), is_signed));
    }
    // What is signed must be signed by the server, and never by a secret.
    let forged = signed(&ec("k"), SignatureAlgorithm::Es256, &claims());
    let symmetric = signed(&Jwk::oct([7; 32]), SignatureAlgorithm::Hs256, &claims());
    let mut foreign = claims();
    foreign.insert("aud".into(), json!("other"));
    let foreign = signed(&world.key, SignatureAlgorithm::Es256, &foreign);
    for bad in [forged, symmetric, foreign, "e30.e30.".to_owned(), "e30".to_owned()] {
        broken(world.jwt(bad.as_str()));
        broken(world.jwt(world.encrypted(&bad)));
    }
    broken(world.jwt(PLAIN));
}
