//! A key's members, in and out: RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2.

use super::{Curve, Jwk, Material, RsaPrivate, SecretBytes};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

/// Members that are private or secret in some kind of key, so that a public part never carries one that was not understood.
pub(super) const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

impl Jwk {
    pub(super) fn from_object(members: Map<String, Value>) -> Result<Self> {
        let mut members = Members(members);
        let kty = members.string("kty")?.ok_or_else(|| missing("kty"))?;
        let key_use = members.string("use")?;
        let alg = members.string("alg")?;
        let kid = members.string("kid")?;
        let key_ops = members.operations()?;
        let material = match kty.as_str() {
            "oct" => Material::Oct(members.secret("k")?.ok_or_else(|| missing("k"))?),
            "RSA" => members.rsa()?,
            "EC" | "OKP" => members.on_a_curve(&kty)?,
            _ => {
                return Err(Error::new(ErrorKind::Unsupported, "kty is a known type of key", "RFC 7518 section 6.1")
                    .expected("oct, RSA, EC or OKP")
                    .got(kty));
            }
        };
        material.check()?;
        Ok(Self { material, kid, alg, key_use, key_ops, other: std::mem::take(&mut members.0) })
    }

    pub(super) fn to_object(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: &str| members.insert(name.to_owned(), Value::String(value.to_owned()));
        put("kty", self.key_type());
        if let Some(curve) = self.curve() {
            put("crv", curve.name());
        }
        let mut put_bytes = |name: &str, bytes: &[u8]| put(name, &base64url::encode(bytes));
        match &self.material {
            Material::Oct(k) => drop(put_bytes("k", k)),
            Material::Rsa { n, e, private } => {
                put_bytes("n", n);
                put_bytes("e", e);
                if let Some(RsaPrivate { d, p, q, dp, dq, qi }) = private {
                    for (name, number) in [("d", d), ("p", p), ("q", q), ("dp", dp), ("dq", dq), ("qi", qi)] {
                        put_bytes(name, number);
                    }
                }
            }
            Material::Ec { x, y, d, .. } => {
                put_bytes("x", x);
                put_bytes("y", y);
                d.iter().for_each(|d| drop(put_bytes("d", d)));
            }
            Material::Okp { x, d, .. } => {
                put_bytes("x", x);
                d.iter().for_each(|d| drop(put_bytes("d", d)));
            }
        }
        for (name, text) in [("kid", &self.kid), ("alg", &self.alg), ("use", &self.key_use)] {
            if let Some(text) = text {
                put(name, text);
            }
        }
        if let Some(key_ops) = &self.key_ops {
            members.insert("key_ops".to_owned(), key_ops.as_slice().into());
        }
        for (name, value) in &self.other {
            members.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        members
    }
}

/// What of the key has not been read yet. Whatever is left is wiped with it, since it may be a private part.
struct Members(Map<String, Value>);

impl Members {
    fn string(&mut self, name: &'static str) -> Result<Option<String>> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    fn operations(&mut self) -> Result<Option<Vec<String>>> {
        const EXPECTED: &str = "an array of 32 strings at most";
        let values = match self.0.remove("key_ops") {
            None => return Ok(None),
            Some(Value::Array(values)) if values.len() <= 32 => values,
            Some(_) => return Err(wrong_type("key_ops", EXPECTED)),
        };
        let mut operations: Vec<String> = Vec::with_capacity(values.len());
        for value in values {
            let Value::String(operation) = value else { return Err(wrong_type("key_ops", EXPECTED)) };
            if operations.contains(&operation) {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "no operation of key_ops comes twice",
                    "RFC 7517 section 4.3",
                )
                .got(operation));
            }
            operations.push(operation);
        }
        Ok(Some(operations))
    }

    fn secret(&mut self, name: &'static str) -> Result<Option<SecretBytes>> {
        let Some(text) = self.string(name)?.map(Zeroizing::new) else { return Ok(None) };
        match base64url::decode(text.as_bytes()) {
            Ok(bytes) if !bytes.is_empty() => Ok(Some(Zeroizing::new(bytes))),
            _ => {
                Err(Error::new(ErrorKind::Malformed, "key material is base64url without padding", "RFC 7518 section 6")
                    .got(format_args!("something else for {name}")))
            }
        }
    }

    fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>> {
        let mut bytes = self.secret(name)?.ok_or_else(|| missing(name))?;
        Ok(std::mem::take(&mut *bytes))
    }

    /// A Base64urlUInt: as few bytes as hold the number.
    fn number(&mut self, name: &'static str) -> Result<Option<SecretBytes>> {
        match self.secret(name)? {
            Some(bytes) if bytes.first() == Some(&0) => {
                Err(Error::new(ErrorKind::Malformed, "a number has no leading zero bytes", "RFC 7518 section 2")
                    .got(name))
            }
            bytes => Ok(bytes),
        }
    }

    fn rsa(&mut self) -> Result<Material> {
        let mut n = self.number("n")?.ok_or_else(|| missing("n"))?;
        let mut e = self.number("e")?.ok_or_else(|| missing("e"))?;
        let d = self.number("d")?;
        if self.0.contains_key("oth") {
            return Err(
                Error::new(ErrorKind::Unsupported, "an RSA key has two primes", "RFC 7518 section 6.3.2.7").got("oth")
            );
        }
        let private = match d {
            Some(d) => {
                let mut part = |name| {
                    self.number(name)?.ok_or_else(|| {
                        Error::new(
                            ErrorKind::Key,
                            "a private RSA key has p, q, dp, dq and qi with d",
                            "RFC 7518 section 6.3.2",
                        )
                        .got(format_args!("no {name}"))
                    })
                };
                Some(RsaPrivate { d, p: part("p")?, q: part("q")?, dp: part("dp")?, dq: part("dq")?, qi: part("qi")? })
            }
            None => match ["p", "q", "dp", "dq", "qi"].into_iter().find(|name| self.0.contains_key(*name)) {
                Some(name) => {
                    return Err(Error::new(
                        ErrorKind::Malformed,
                        "private parts come with d",
                        "RFC 7518 section 6.3.2",
                    )
                    .got(format_args!("{name} without d")));
                }
                None => None,
            },
        };
        Ok(Material::Rsa { n: std::mem::take(&mut *n), e: std::mem::take(&mut *e), private })
    }

    fn on_a_curve(&mut self, kty: &str) -> Result<Material> {
        let name = self.string("crv")?.ok_or_else(|| missing("crv"))?;
        let Some(curve) = Curve::from_name(&name).filter(|curve| curve.is_weierstrass() == (kty == "EC")) else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "crv is a known curve of the kty",
                "RFC 7518 section 6.2.1.1",
            )
            .got(name));
        };
        let x = self.bytes("x")?;
        let y = if curve.is_weierstrass() { Some(self.bytes("y")?) } else { None };
        let d = self.secret("d")?;
        let lengths = [Some(&x), y.as_ref(), d.as_deref()];
        if lengths.into_iter().flatten().any(|bytes| bytes.len() != curve.len()) {
            return Err(Error::new(
                ErrorKind::Malformed,
                "x, y and d have the curve's length",
                "RFC 7518 section 6.2.1.2",
            )
            .expected(format!("{} bytes each for {curve}", curve.len())));
        }
        Ok(match y {
            Some(y) => Material::Ec { curve, x, y, d },
            None => Material::Okp { curve, x, d },
        })
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for name in PRIVATE {
            if let Some(Value::String(text)) = self.0.get_mut(name) {
                text.zeroize();
            }
        }
    }
}

fn missing(name: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, "a key has the members that its kty requires", "RFC 7518 section 6")
        .expected(name)
        .got("none")
}

fn wrong_type(name: &'static str, expected: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, "the key's members have the right types", "RFC 7517 section 4")
        .expected(expected)
        .got(format_args!("another type for {name}"))
}
