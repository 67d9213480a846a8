//! Keys as JSON: [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517), with [RFC 7518 section 6](https://www.rfc-editor.org/rfc/rfc7518#section-6),
//! RFC 8037 and RFC 8812.

mod fit;
mod generate;
mod material;
mod members;
mod set;

pub(crate) use fit::mac_len;
pub use material::Curve;
pub(crate) use material::{Material, RsaPrivate, SecretBytes};
pub use set::{JwkSet, Select};

use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::{base64url, json};
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

/// A key with what it says of itself. Unknown members are kept; Debug shows no key material.
///
/// ```
/// use grantee_jose::{Jwk, SignatureAlgorithm, VerifyingKey};
///
/// let key = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"1"}"#)?;
/// assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// let verifying = VerifyingKey::new(&key, SignatureAlgorithm::EdDsa)?;
/// # Ok::<(), grantee_jose::Error>(())
/// ```
#[derive(Clone)]
pub struct Jwk {
    pub(crate) material: Material,
    kid: Option<String>,
    alg: Option<String>,
    key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    /// Every other member, as it came.
    other: Map<String, Value>,
}

/// What kind of key to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA with a modulus of this many bits: 2048, 3072, 4096 or 8192.
    Rsa(usize),
    /// On this curve.
    Curve(Curve),
    /// A secret of this many bytes.
    Oct(usize),
}

/// Bytes of a text that holds one key.
const MAX_KEY: usize = 64 * 1024;

impl Jwk {
    /// Reads one JWK: a strict JSON object, no member twice, at most 64 KiB.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] where a member is missing or not to the letter, [`ErrorKind::Unsupported`] for a `kty` or
    /// `crv` that is not known, [`ErrorKind::Key`] for an RSA key that is too small or too large to be used.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self> {
        let json = json.as_ref();
        if json.len() > MAX_KEY {
            return Err(
                Error::new(ErrorKind::TooLarge, "a key is at most 64 KiB", "a bound of this library").got(json.len())
            );
        }
        Self::from_object(json::object(json)?)
    }

    /// As [`parse`](Self::parse), of JSON that was read already.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Object(members) => Self::from_object(members),
            _ => Err(Error::new(ErrorKind::Malformed, "a key is a JSON object", "RFC 7517 section 4")),
        }
    }

    /// Reads a key in whatever form it comes: a JWK where the text begins with a brace, else PEM or DER, not encrypted.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_any(bytes: &[u8]) -> Result<Self> {
        const PEM: &[u8] = b"-----BEGIN";
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            return Self::parse(bytes);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.windows(PEM.len()).any(|window| window == PEM) => Self::from_pem(text),
            _ => Self::from_der(bytes),
        }
    }

    /// A symmetric key.
    pub fn oct(secret: impl AsRef<[u8]>) -> Self {
        Self::from_material(Material::Oct(Zeroizing::new(secret.as_ref().to_vec())))
    }

    pub(crate) fn from_material(material: Material) -> Self {
        Self { material, kid: None, alg: None, key_use: None, key_ops: None, other: Map::new() }
    }

    /// The key's name in a set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm it is meant for.
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// `use`: `sig` or `enc`.
    pub fn key_use(&self) -> Option<&str> {
        self.key_use.as_deref()
    }

    /// The operations it is meant for.
    pub fn key_ops(&self) -> Option<&[String]> {
        self.key_ops.as_deref()
    }

    /// `kty`.
    pub fn key_type(&self) -> &'static str {
        match self.material {
            Material::Oct(_) => "oct",
            Material::Rsa { .. } => "RSA",
            Material::Ec { .. } => "EC",
            Material::Okp { .. } => "OKP",
        }
    }

    /// `crv`, of an `EC` or `OKP` key.
    pub fn curve(&self) -> Option<Curve> {
        match self.material {
            Material::Ec { curve, .. } | Material::Okp { curve, .. } => Some(curve),
            Material::Oct(_) | Material::Rsa { .. } => None,
        }
    }

    /// Whether it holds what must stay secret: a private or a symmetric key.
    pub fn is_private(&self) -> bool {
        match &self.material {
            Material::Oct(_) => true,
            Material::Rsa { private, .. } => private.is_some(),
            Material::Ec { d, .. } | Material::Okp { d, .. } => d.is_some(),
        }
    }

    /// Whether both sides hold the same secret.
    pub fn is_symmetric(&self) -> bool {
        matches!(self.material, Material::Oct(_))
    }

    /// A member that is none of the key's material, `kid`, `alg`, `use` or `key_ops`: `x5c`, say, which nothing here trusts.
    pub fn get(&self, member: &str) -> Option<&Value> {
        self.other.get(member)
    }

    /// With this `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// For this algorithm alone.
    #[must_use]
    pub fn with_alg(mut self, alg: impl Into<String>) -> Self {
        self.alg = Some(alg.into());
        self
    }

    /// For this use alone.
    #[must_use]
    pub fn with_use(mut self, key_use: impl Into<String>) -> Self {
        self.key_use = Some(key_use.into());
        self
    }

    /// For these operations alone.
    #[must_use]
    pub fn with_key_ops(mut self, key_ops: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.key_ops = Some(key_ops.into_iter().map(Into::into).collect());
        self
    }

    /// The public part, with what the key says of itself; `None` of a symmetric key, which has none. An operation of the
    /// private key becomes the other side's: `sign` turns into `verify`.
    pub fn public(&self) -> Option<Self> {
        let material = match &self.material {
            Material::Oct(_) => return None,
            Material::Rsa { n, e, .. } => Material::Rsa { n: n.clone(), e: e.clone(), private: None },
            Material::Ec { curve, x, y, .. } => Material::Ec { curve: *curve, x: x.clone(), y: y.clone(), d: None },
            Material::Okp { curve, x, .. } => Material::Okp { curve: *curve, x: x.clone(), d: None },
        };
        let mut other = self.other.clone();
        other.retain(|member, _| !members::PRIVATE.contains(&member.as_str()));
        Some(Self { material, key_ops: self.key_ops.as_deref().map(fit::public_operations), other, ..self.clone() })
    }

    /// The key as JSON. Reveals private parts; [`public`](Self::public) first leaves them out.
    pub fn to_value(&self) -> Value {
        Value::Object(self.to_object())
    }

    /// The key as JSON text. Reveals private parts; [`public`](Self::public) first leaves them out.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The thumbprint by SHA-256, as base64url: [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638). That of a symmetric key
    /// is a digest of its secret (section 7), so keep it to yourself.
    pub fn thumbprint(&self) -> String {
        base64url::encode(crate::sha256(self.thumbprint_input().as_bytes()))
    }

    /// As [`thumbprint`](Self::thumbprint), by another digest.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for a digest that is not built in.
    pub fn thumbprint_with(&self, digest: Digest) -> Result<String> {
        match digest.of(self.thumbprint_input().as_bytes()) {
            Some(digest) => Ok(base64url::encode(digest)),
            None => Err(Error::new(ErrorKind::Unsupported, "the digest is built in", "RFC 7638 section 3.4")
                .expected("the feature `ed448`")),
        }
    }

    /// The thumbprint by SHA-256 as a URI: [RFC 9278](https://www.rfc-editor.org/rfc/rfc9278).
    pub fn thumbprint_uri(&self) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", self.thumbprint())
    }

    /// What the thumbprint is the digest of: the required members in the order of their names (RFC 7638 section 3.2, RFC 8037
    /// section 2). None of their values needs an escape.
    fn thumbprint_input(&self) -> Zeroizing<String> {
        let b64 = |bytes: &[u8]| base64url::encode(bytes);
        Zeroizing::new(match &self.material {
            Material::Oct(k) => format!(r#"{{"k":"{}","kty":"oct"}}"#, *Zeroizing::new(b64(k))),
            Material::Rsa { n, e, .. } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
            Material::Ec { curve, x, y, .. } => {
                format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Material::Okp { curve, x, .. } => format!(r#"{{"crv":"{curve}","kty":"OKP","x":"{}"}}"#, b64(x)),
        })
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kty", &self.key_type())
            .field("crv", &self.curve())
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("use", &self.key_use)
            .field("private", &self.is_private())
            .finish_non_exhaustive()
    }
}
