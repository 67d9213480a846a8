//! The keys that tokens are signed with.
//!
//! RSA keys are made once in a process and shared by its servers: one takes a tenth of a second to find, which a test
//! suite that starts hundreds of servers would feel. There are three of them to rotate through and one for the attacker.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::{Map, Value};

use crate::{
    jwt::{Draft, Signer},
    oracle, random,
};

/// A key that the server signs with, and its entry in the JSON Web Key Set.
///
/// A server has one for each of RS256, PS256, ES256, ES384 and EdDSA unless
/// [`Builder::signing_keys`](crate::Builder::signing_keys) says otherwise.
///
/// ```
/// use grantor::{Server, SigningKey};
///
/// let server = Server::builder().signing_keys([SigningKey::fresh("ES256").without_kid()]).start();
/// assert!(server.signing_keys()[0].jwk().get("kid").is_none());
/// ```
#[derive(Clone)]
pub struct SigningKey {
    alg: String,
    kid: Option<String>,
    jwk: Map<String, Value>,
    material: Arc<Material>,
}

struct Material {
    kind: Kind,
    /// The public half as SubjectPublicKeyInfo, DER.
    spki: Vec<u8>,
    /// Which of the process's RSA keys it is.
    rsa: Option<usize>,
}

enum Kind {
    Native(EncodingKey),
    #[cfg(feature = "oracle")]
    Oracle(oracle::Key),
}

/// How many RSA keys there are to rotate through; the one behind them is the attacker's.
const RSA_KEYS: usize = 3;

/// What a server signs with unless told otherwise.
pub(crate) const DEFAULT_ALGS: [&str; 5] = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

/// Every algorithm that a key can be made for without the feature `oracle`.
const NATIVE_ALGS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Whether a JWT can bear that `alg` in this build, with a key, with a secret or unsigned.
pub(crate) fn can_sign(alg: &str) -> bool {
    let by_oracle = oracle::PRESENT && oracle::SIGNATURES.contains(&alg);
    matches!(alg, "none" | "HS256" | "HS384" | "HS512") || NATIVE_ALGS.contains(&alg) || by_oracle
}

impl SigningKey {
    /// The key that all servers of this process have for that algorithm: RS256, RS384, RS512, PS256, PS384, PS512, ES256,
    /// ES384 or EdDSA (Ed25519); with the feature `oracle` ES512 and ES256K too.
    ///
    /// # Panics
    /// When the algorithm is none of these.
    pub fn shared(alg: &str) -> Self {
        static KEYS: [OnceLock<SigningKey>; NATIVE_ALGS.len()] = [const { OnceLock::new() }; NATIVE_ALGS.len()];
        match NATIVE_ALGS.iter().position(|known| *known == alg) {
            Some(index) => KEYS[index].get_or_init(|| Self::native(alg, 0).named_after_itself()).clone(),
            None => oracle::shared_key(alg),
        }
    }

    /// A key of its own. With the RSA algorithms it is the next of three that the process has, under a new `kid`.
    ///
    /// # Panics
    /// When the algorithm is none that [`SigningKey::shared`] takes.
    pub fn fresh(alg: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let key = if NATIVE_ALGS.contains(&alg) {
            Self::native(alg, NEXT.fetch_add(1, Ordering::Relaxed) % RSA_KEYS)
        } else {
            oracle::fresh_key(alg)
        };
        key.with_kid(&random::token()[..16])
    }

    /// Its `kid`, in the key set and in the header of what it signs.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        let kid = kid.into();
        self.jwk.insert("kid".into(), kid.clone().into());
        self.kid = Some(kid);
        self
    }

    /// Without a `kid`, in the key set and in the header of what it signs.
    pub fn without_kid(mut self) -> Self {
        self.jwk.remove("kid");
        self.kid = None;
        self
    }

    /// Sets a member of its entry in the key set, `use` say; null leaves it out.
    pub fn jwk_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => drop(self.jwk.remove(&name.into())),
            value => drop(self.jwk.insert(name.into(), value)),
        }
        self
    }

    /// The algorithm it signs with.
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// Its `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public half, as it stands in the key set.
    pub fn jwk(&self) -> Value {
        Value::Object(self.jwk.clone())
    }

    /// A JWT with these claims, and with these members in its header besides `alg` and `kid`.
    ///
    /// For what no [`JwtFault`](crate::JwtFault) says: a test can sign anything as the server would.
    pub fn sign(&self, header: Map<String, Value>, claims: Map<String, Value>) -> String {
        let mut draft = Draft::new(Signer::Key(self.clone()), claims);
        draft.header.extend(header);
        draft.compact()
    }

    /// The public half as PEM, which public keys are handed around as: what an algorithm confusion takes for a secret.
    pub fn public_pem(&self) -> String {
        let body = STANDARD.encode(&self.material.spki);
        let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The same RSA key with the plain padding; another kind of key stays what it is.
    pub(crate) fn as_rs256(&self) -> Self {
        match self.material.rsa {
            Some(_) => Self { alg: "RS256".into(), ..self.clone() },
            None => self.clone(),
        }
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.material.spki
    }

    /// The key that takes its place when the server rotates: of the same kind, described in the same way.
    pub(crate) fn successor(&self) -> Self {
        let mut next = match self.material.rsa {
            Some(index) => Self::native(&self.alg, (index + 1) % RSA_KEYS).with_kid(&random::token()[..16]),
            None => Self::fresh(&self.alg),
        };
        for edited in ["use", "alg", "key_ops"] {
            next = next.jwk_member(edited, self.jwk.get(edited).cloned().unwrap_or_default());
        }
        if self.kid.is_none() { next.without_kid() } else { next }
    }

    /// A key that no server ever publishes.
    pub(crate) fn attacker(alg: &str) -> Self {
        static KEYS: [OnceLock<SigningKey>; NATIVE_ALGS.len()] = [const { OnceLock::new() }; NATIVE_ALGS.len()];
        let named = |key: SigningKey| key.with_kid(format!("attacker-{alg}"));
        match NATIVE_ALGS.iter().position(|known| *known == alg) {
            Some(index) => KEYS[index].get_or_init(|| named(Self::native(alg, RSA_KEYS))).clone(),
            None => named(oracle::fresh_key(alg)),
        }
    }

    /// The signature, base64url encoded.
    pub(crate) fn signature(&self, message: &[u8]) -> String {
        match &self.material.kind {
            Kind::Native(key) => {
                let algorithm = self.alg.parse::<Algorithm>().expect("one of NATIVE_ALGS");
                jsonwebtoken::crypto::sign(message, key, algorithm).expect("our own key signs")
            }
            #[cfg(feature = "oracle")]
            Kind::Oracle(key) => key.signature(message),
        }
    }

    #[cfg(feature = "oracle")]
    pub(crate) fn of_oracle(alg: &str, key: oracle::Key, jwk: Map<String, Value>) -> Self {
        let material = Material { kind: Kind::Oracle(key), spki: Vec::new(), rsa: None };
        Self { alg: alg.into(), kid: None, jwk, material: Arc::new(material) }.described()
    }

    fn native(alg: &str, rsa_index: usize) -> Self {
        install_provider();
        let material = match alg {
            "ES256" => elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING),
            "EdDSA" => edwards(),
            _ => rsa(rsa_index),
        };
        let jwk = match &material.kind {
            Kind::Native(key) => {
                let algorithm = alg.parse::<Algorithm>().expect("one of NATIVE_ALGS");
                Jwk::from_encoding_key(key, algorithm).expect("a key that was just made has a public half")
            }
            #[cfg(feature = "oracle")]
            Kind::Oracle(_) => unreachable!("native keys only"),
        };
        let jwk = match serde_json::to_value(jwk).expect("a JWK is JSON") {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Self { alg: alg.into(), kid: None, jwk, material }.described()
    }

    fn described(self) -> Self {
        let alg = self.alg.clone();
        self.jwk_member("alg", alg).jwk_member("use", "sig")
    }

    pub(crate) fn named_after_itself(self) -> Self {
        let kid = random::sha256_base64url(&self.jwk().to_string())[..16].to_owned();
        self.with_kid(kid)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.alg).field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn rsa(index: usize) -> Arc<Material> {
    static KEYS: [OnceLock<Arc<Material>>; RSA_KEYS + 1] = [const { OnceLock::new() }; RSA_KEYS + 1];
    let make = || {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be made");
        let der = pair.as_der().expect("an RSA key can be encoded");
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("our own PEM can be read");
        Arc::new(Material { kind: Kind::Native(key), spki: spki(pair.public_key()), rsa: Some(index) })
    };
    KEYS[index].get_or_init(make).clone()
}

fn elliptic(algorithm: &'static EcdsaSigningAlgorithm) -> Arc<Material> {
    let pair = EcdsaKeyPair::generate(algorithm).expect("an EC key can be made");
    let der = pair.to_pkcs8v1().expect("an EC key can be encoded");
    let kind = Kind::Native(EncodingKey::from_ec_der(der.as_ref()));
    Arc::new(Material { kind, spki: spki(pair.public_key()), rsa: None })
}

fn edwards() -> Arc<Material> {
    let pair = Ed25519KeyPair::generate().expect("an Ed25519 key can be made");
    let der = pair.to_pkcs8v1().expect("an Ed25519 key can be encoded");
    let kind = Kind::Native(EncodingKey::from_ed_der(der.as_ref()));
    Arc::new(Material { kind, spki: spki(pair.public_key()), rsa: None })
}

fn spki<'a>(key: &impl AsDer<PublicKeyX509Der<'a>>) -> Vec<u8> {
    key.as_der().expect("a public key can be encoded").as_ref().to_vec()
}

/// jsonwebtoken has one provider in a process. Somebody else's choice, made earlier, is as good as ours.
pub(crate) fn install_provider() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_no_private_half() {
        for alg in NATIVE_ALGS {
            let key = SigningKey::shared(alg);
            let jwk = key.jwk();
            assert!(jwk["kid"].is_string() && jwk["use"] == "sig" && jwk["alg"] == alg, "{jwk}");
            assert!(jwk.get("d").is_none() && jwk.get("p").is_none(), "{jwk}");
        }
    }

    #[test]
    fn a_successor_is_another_key_of_the_same_kind() {
        for alg in DEFAULT_ALGS {
            let mut seen = vec![SigningKey::fresh(alg).jwk_member("alg", Value::Null)];
            for _ in 0..2 {
                let next = seen.last().unwrap().successor();
                assert!(seen.iter().all(|old| old.spki() != next.spki() && old.kid() != next.kid()), "{alg}");
                assert!(next.jwk().get("alg").is_none() && next.alg() == alg);
                seen.push(next);
            }
        }
        assert_eq!(SigningKey::shared("RS256").without_kid().successor().kid(), None);
        assert_ne!(SigningKey::attacker("RS256").spki(), SigningKey::shared("RS256").spki());
    }

    #[test]
    fn the_shared_key_is_one() {
        assert_eq!(SigningKey::shared("ES384").jwk(), SigningKey::shared("ES384").jwk());
        assert_ne!(SigningKey::fresh("ES384").spki(), SigningKey::fresh("ES384").spki());
    }
}
