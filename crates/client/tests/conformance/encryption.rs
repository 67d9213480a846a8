//! A server that encrypts its ID tokens: what the other server signed is encrypted on its way to the client.

use crate::browser::Browser;
use crate::fapi::Variant;
use crate::world::{Person, World, block_on};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey, PublicKeyComponents};
use grantee::Result;
use grantee::error::TransportError;
use grantee::jose::jws::Header;
use grantee::jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, KeyKind, base64url, jwe};
use grantee::ports::{BoxFuture, Certificate, Http, Ports, Request, Response};
use grantee_core::Client;
use grantee_core::client::Config;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock, Mutex};
use url::Url;

/// The client's key for what is encrypted to it.
static KEY: LazyLock<Jwk> = LazyLock::new(|| Jwk::generate(KeyKind::Rsa(2048)).unwrap());
const ENC: &str = "A256GCM";

/// A client that has registered for encrypted ID tokens, and what encrypts them.
pub struct Encrypted {
    pub world: World,
    variant: Variant,
    alg: Arc<Mutex<&'static str>>,
}

impl Encrypted {
    /// A client that expects this algorithm.
    pub fn new(variant: Variant, registered: &'static str) -> Self {
        let world = variant.world_of(|op| op, |client| client, |config| expect(config, registered));
        let alg = Arc::new(Mutex::new(registered));
        let ports = world.rp.ports().clone();
        let way = Way { alg: Arc::clone(&alg), inner: Arc::clone(&ports.http) };
        let mut config = variant.config(&world.op);
        expect(&mut config, registered);
        let rp = Client::new(config, Ports { http: Arc::new(way), ..ports }).unwrap();
        Self { world: World { rp, ..world }, variant, alg }
    }

    /// What comes of a client that is configured for this algorithm.
    pub fn client(variant: Variant, alg: &str) -> Result<Client> {
        let world = variant.world();
        let mut config = variant.config(&world.op);
        expect(&mut config, alg);
        Client::new(config, world.rp.ports().clone())
    }

    /// A login at a server that encrypts by this algorithm.
    pub fn login(&self, alg: &'static str) -> Result<Person> {
        *self.alg.lock().unwrap() = alg;
        let (url, pending) = self.world.start(self.variant.flow(), self.variant.request());
        let mut back = Url::parse(&Browser::new().open(url.as_str()).at()).unwrap();
        if let Some(fragment) = back.fragment().map(str::to_owned) {
            let pairs = url::form_urlencoded::parse(fragment.as_bytes());
            let sealed = pairs.map(|(name, value)| match &*name {
                "id_token" => (name, encrypt(&value, alg).into()),
                _ => (name, value),
            });
            let fragment = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sealed).finish();
            back.set_fragment(Some(&fragment));
        }
        let login = block_on(self.world.rp.finish(pending, back.as_str()))?;
        Ok(Person { id_token: login.id_token.unwrap(), token: Some(login.token) })
    }
}

fn expect(config: &mut Config, alg: &str) {
    config.set_id_token_encryption(alg.to_owned(), ENC.to_owned());
    config.add_decryption_key(Arc::new(DecryptionKey::any(&KEY).unwrap()));
}

/// Encrypts the ID tokens of the token endpoint.
struct Way {
    alg: Arc<Mutex<&'static str>>,
    inner: Arc<dyn Http>,
}

impl Http for Way {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let is_token = request.uri().path() == "/token";
            let mut answer = self.inner.send(request).await?;
            if is_token {
                let mut members: Value = serde_json::from_slice(answer.http.body()).unwrap();
                let alg = *self.alg.lock().unwrap();
                if let Some(id_token) = members["id_token"].as_str().map(|token| encrypt(token, alg)) {
                    members["id_token"] = id_token.into();
                }
                *answer.http.body_mut() = members.to_string().into();
            }
            Ok(answer)
        })
    }

    fn certificate(&self) -> Certificate {
        self.inner.certificate()
    }
}

fn encrypt(token: &str, alg: &str) -> String {
    let Some(algorithm) = KeyAlgorithm::from_name(alg) else {
        assert_eq!(alg, "RSA1_5");
        return encrypt_with_rsa15(token);
    };
    let key = EncryptionKey::new(&KEY.public().unwrap(), algorithm).unwrap();
    let mut header = Header::new();
    header.cty = Some("JWT".to_owned());
    jwe::encrypt(&header, token.as_bytes(), &key, ContentEncryption::from_name(ENC).unwrap()).unwrap()
}

/// RFC 7518 section 4.2, which the library does not have.
fn encrypt_with_rsa15(token: &str) -> String {
    let public = KEY.public().unwrap().to_value();
    let [n, e] = ["n", "e"].map(|name| base64url::decode(public[name].as_str().unwrap()).unwrap());
    let key: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().unwrap();
    let key = Pkcs1PublicEncryptingKey::new(key).unwrap();
    let (content_key, iv) = ([7; 32], [9; NONCE_LEN]);
    let mut wrapped = vec![0; key.ciphertext_size()];
    let wrapped = key.encrypt(&content_key, &mut wrapped).unwrap();
    let header = base64url::encode(json!({"alg": "RSA1_5", "enc": ENC, "cty": "JWT"}).to_string());
    let mut sealed = token.as_bytes().to_vec();
    let tag = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &content_key).unwrap())
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(header.as_bytes()), &mut sealed)
        .unwrap();
    let parts: [&[u8]; 4] = [wrapped, &iv, &sealed, tag.as_ref()];
    format!("{header}.{}", parts.map(base64url::encode).join("."))
}
