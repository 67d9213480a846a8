//! Sets of keys: [RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5).

use super::Jwk;
use crate::error::{Error, ErrorKind, Result};
use crate::{KeyAlgorithm, SignatureAlgorithm, json};
use serde_json::Value;

/// A set of keys. A key that can't be read is left out and noted; the others serve.
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
    /// What was left out, a line each, without any key material.
    pub ignored: Vec<String>,
}

/// What a key is wanted for: a signature, or with [`KeyAlgorithm`] an encryption.
#[derive(Debug, Clone, Copy)]
pub struct Select<'a, A = SignatureAlgorithm> {
    /// The header's `kid`. `None` takes every key that fits.
    pub kid: Option<&'a str>,
    /// The header's `alg`.
    pub algorithm: A,
}

/// Bytes of a text that holds a set.
const MAX_SET: usize = 1024 * 1024;
/// Keys in a set.
const MAX_KEYS: usize = 500;

impl JwkSet {
    /// Reads a set: a JSON object with `keys`, at most 1 MiB and 500 keys.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`], or [`ErrorKind::Malformed`] where it is no set at all. A key that can't be read is no error.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self> {
        let json = json.as_ref();
        if json.len() > MAX_SET {
            return Err(Error::new(ErrorKind::TooLarge, "a set of keys is at most 1 MiB", "a bound of this library")
                .got(json.len()));
        }
        Self::from_value(Value::Object(json::object(json)?))
    }

    /// As [`parse`](Self::parse), of JSON that was read already: the `jwks` of a client's metadata, say.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_value(mut set: Value) -> Result<Self> {
        let Some(Value::Array(values)) = set.get_mut("keys").map(Value::take) else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "a set of keys is an object with the array keys",
                "RFC 7517 section 5.1",
            ));
        };
        if values.len() > MAX_KEYS {
            return Err(Error::new(ErrorKind::TooLarge, "a set has at most 500 keys", "a bound of this library")
                .got(values.len()));
        }
        let mut read = Self::default();
        for (index, value) in values.into_iter().enumerate() {
            let kid = value.get("kid").and_then(Value::as_str).map(shown).unwrap_or_default();
            match Jwk::from_value(value) {
                Ok(key) => read.keys.push(key),
                // RFC 7517 section 5: keys of unknown types, with missing members or values out of range are passed over.
                Err(error) => read.ignored.push(format!("key {index}{kid}: {error}")),
            }
        }
        Ok(read)
    }

    /// The keys that may verify a signature: by `kid`, type and curve, `alg`, `use` and `key_ops`.
    pub fn select<'s>(&'s self, select: &Select<'s>) -> impl Iterator<Item = &'s Jwk> + use<'s> {
        let Select { kid, algorithm } = *select;
        self.named(kid).filter(move |key| key.fits_signature(algorithm, "verify").is_ok())
    }

    /// The keys that may be encrypted to: by `kid`, type, curve and size, `alg`, `use` and `key_ops`.
    pub fn select_to_encrypt<'s>(
        &'s self,
        select: &Select<'s, KeyAlgorithm>,
    ) -> impl Iterator<Item = &'s Jwk> + use<'s> {
        let Select { kid, algorithm } = *select;
        self.named(kid).filter(move |key| key.fits_encryption(algorithm, true).is_ok())
    }

    /// The keys that may decrypt: as [`select_to_encrypt`](Self::select_to_encrypt), where the private part is held too.
    pub fn select_to_decrypt<'s>(
        &'s self,
        select: &Select<'s, KeyAlgorithm>,
    ) -> impl Iterator<Item = &'s Jwk> + use<'s> {
        let Select { kid, algorithm } = *select;
        self.named(kid).filter(move |key| key.is_private() && key.fits_encryption(algorithm, false).is_ok())
    }

    fn named<'s>(&'s self, kid: Option<&'s str>) -> impl Iterator<Item = &'s Jwk> + use<'s> {
        self.keys.iter().filter(move |key| kid.is_none() || key.kid() == kid)
    }

    /// The set as JSON. Reveals private parts; [`public`](Self::public) first leaves them out.
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "keys": self.keys.iter().map(Jwk::to_value).collect::<Vec<_>>() })
    }

    /// The set as JSON text. Reveals private parts; [`public`](Self::public) first leaves them out.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// The public parts alone; a symmetric key, which has none, is left out.
    pub fn public(&self) -> Self {
        Self { keys: self.keys.iter().filter_map(Jwk::public).collect(), ignored: self.ignored.clone() }
    }
}

/// A `kid` on one line, no longer than it should be.
fn shown(kid: &str) -> String {
    format!(" ({:?})", kid.chars().take(100).collect::<String>())
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), ignored: Vec::new() }
    }
}
