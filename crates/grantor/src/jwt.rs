//! Putting a JWT together by hand, [RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1): what is to
//! be wrong with it, no library would write.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, jwk::Jwk};
use serde_json::{Map, Value};

use crate::{SigningKey, keys, oracle::Encryption};

/// Who signs.
#[derive(Clone)]
pub(crate) enum Signer {
    /// Nobody: `alg` is `none`.
    Nobody,
    /// A MAC with a secret that both sides know.
    Secret(String, Vec<u8>),
    Key(SigningKey),
}

impl Signer {
    pub(crate) fn alg(&self) -> &str {
        match self {
            Signer::Nobody => "none",
            Signer::Secret(alg, _) => alg,
            Signer::Key(key) => key.alg(),
        }
    }

    fn signature(&self, message: &[u8]) -> String {
        match self {
            Signer::Nobody => String::new(),
            Signer::Secret(alg, secret) => mac(alg, secret, message),
            Signer::Key(key) => key.signature(message),
        }
    }
}

/// What happens to the signature once it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    Whole,
    Broken,
    Missing,
}

/// A JWT that is still being written.
pub(crate) struct Draft {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    /// Claims that are written a second time, behind the others.
    pub(crate) doubled: Vec<(String, Value)>,
    pub(crate) signer: Signer,
    pub(crate) seal: Seal,
    /// What is sent in its place.
    pub(crate) literal: Option<String>,
    /// How it is encrypted once it is signed.
    pub(crate) encryption: Option<Encryption>,
}

impl Draft {
    pub(crate) fn new(signer: Signer, claims: Map<String, Value>) -> Self {
        let mut header = Map::new();
        header.insert("alg".into(), signer.alg().into());
        if let Signer::Key(key) = &signer
            && let Some(kid) = key.kid()
        {
            header.insert("kid".into(), kid.into());
        }
        Self { header, claims, doubled: Vec::new(), signer, seal: Seal::Whole, literal: None, encryption: None }
    }

    pub(crate) fn typed(mut self, typ: &str) -> Self {
        self.header.insert("typ".into(), typ.into());
        self
    }

    pub(crate) fn compact(&self) -> String {
        if let Some(literal) = &self.literal {
            return literal.clone();
        }
        let header = URL_SAFE_NO_PAD.encode(Value::Object(self.header.clone()).to_string());
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(self.payload()));
        let signature = match self.seal {
            Seal::Whole => self.signer.signature(message.as_bytes()),
            Seal::Broken => broken(&self.signer.signature(message.as_bytes())),
            Seal::Missing => String::new(),
        };
        format!("{message}.{signature}")
    }

    fn payload(&self) -> String {
        let mut text = Value::Object(self.claims.clone()).to_string();
        for (name, value) in &self.doubled {
            text.pop();
            let comma = if text.len() > 1 { "," } else { "" };
            text.push_str(&format!("{comma}{}:{value}}}", Value::from(name.as_str())));
        }
        text
    }
}

/// One bit of it is another.
fn broken(signature: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let middle = bytes.len() / 2;
    match bytes.get_mut(middle) {
        Some(byte) => *byte ^= 1,
        None => bytes.push(1),
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn mac(alg: &str, secret: &[u8], message: &[u8]) -> String {
    keys::install_provider();
    let algorithm = alg.parse::<Algorithm>().unwrap_or(Algorithm::HS256);
    jsonwebtoken::crypto::sign(message, &EncodingKey::from_secret(secret), algorithm).unwrap_or_default()
}

/// A JWT that somebody sent, taken apart and not yet believed.
pub(crate) struct Received {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    message: String,
    signature: String,
}

impl Received {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let object = |part: &str| -> Option<Map<String, Value>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (header, claims) = (object(header)?, object(payload)?);
        Some(Self { header, claims, message: message.to_owned(), signature: signature.to_owned() })
    }

    pub(crate) fn alg(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether nobody signed it and it says so.
    pub(crate) fn is_unsigned(&self) -> bool {
        self.alg() == "none" && self.signature.is_empty()
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// Whether the MAC is one by that secret.
    pub(crate) fn is_by_secret(&self, secret: &[u8]) -> bool {
        matches!(self.alg(), "HS256" | "HS384" | "HS512")
            && !self.signature.is_empty()
            && crate::random::same(&mac(self.alg(), secret, self.message.as_bytes()), &self.signature)
    }

    /// Whether the signature is one by a key of that JWK Set: the one its `kid` names (RFC 7515 section 4.1.4), or any.
    pub(crate) fn is_by_one_of(&self, jwks: &Value) -> bool {
        let meant = |key: &&Value| self.kid().is_none_or(|kid| key.get("kid").is_none_or(|other| other == kid));
        let keys = jwks.get("keys").and_then(Value::as_array);
        keys.is_some_and(|keys| keys.iter().filter(meant).any(|key| self.is_by_key(key)))
    }

    /// Whether the signature is one by that key.
    pub(crate) fn is_by_key(&self, jwk: &Value) -> bool {
        keys::install_provider();
        let (Ok(algorithm), Ok(jwk)) = (self.alg().parse::<Algorithm>(), serde_json::from_value::<Jwk>(jwk.clone()))
        else {
            return crate::oracle::verifies(self.alg(), jwk, self.message.as_bytes(), &self.signature);
        };
        // A symmetric key has no place in a set of public ones.
        if matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
            return false;
        }
        DecodingKey::from_jwk(&jwk).is_ok_and(|key| {
            jsonwebtoken::crypto::verify(&self.signature, self.message.as_bytes(), &key, algorithm).unwrap_or(false)
        })
    }
}

/// `at_hash`, `c_hash` and `s_hash`: the left half of the digest that goes with the signature (OpenID Connect Core 1.0
/// section 3.3.2.11). None where no digest goes with it, as with `none`.
pub(crate) fn half_hash(alg: &str, text: &str) -> Option<String> {
    let algorithm = match alg {
        // Ed25519 hashes with SHA-512 inside.
        "EdDSA" => &digest::SHA512,
        alg if alg.ends_with("256") || alg == "ES256K" => &digest::SHA256,
        alg if alg.ends_with("384") => &digest::SHA384,
        alg if alg.ends_with("512") => &digest::SHA512,
        _ => return None,
    };
    let digest = digest::digest(algorithm, text.as_bytes());
    let half = digest.as_ref().len() / 2;
    digest.as_ref().get(..half).map(|half| URL_SAFE_NO_PAD.encode(half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_hash_goes_by_the_digest_of_the_signature() {
        // OpenID Connect Core 1.0 appendices A.3 and A.4.
        assert_eq!(
            half_hash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y").as_deref(),
            Some("77QmUPtjPfzWtF2AnpK9RQ")
        );
        assert_eq!(
            half_hash("RS256", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk").as_deref(),
            Some("LDktKdoQak3Pk0cnXxCltA")
        );
        let lengths = [("ES384", 32), ("HS512", 43), ("EdDSA", 43), ("ES256K", 22)];
        for (alg, length) in lengths {
            assert_eq!(half_hash(alg, "x").unwrap().len(), length, "{alg}");
        }
        assert_eq!(half_hash("none", "x"), None);
    }

    #[test]
    fn a_doubled_claim_is_written_twice() {
        let mut draft = Draft::new(Signer::Nobody, Map::from_iter([("a".to_owned(), 1.into())]));
        draft.doubled.push(("a".into(), 2.into()));
        assert_eq!(draft.payload(), r#"{"a":1,"a":2}"#);
        draft.claims.clear();
        assert_eq!(draft.payload(), r#"{"a":2}"#);
    }
}
