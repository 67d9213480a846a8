//! Header parameters of a JWE: [RFC 7516 section 4](https://www.rfc-editor.org/rfc/rfc7516#section-4).

use super::{Header, Options};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};
use crate::{ContentEncryption, KeyAlgorithm};
use serde_json::{Map, Value};

/// What wrapping a key puts into the header itself (RFC 7518 section 4.1).
const OF_THE_KEY: [&str; 5] = ["epk", "iv", "tag", "p2s", "p2c"];

pub(super) fn malformed(rule: &'static str, spec: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, rule, spec)
}

/// Adds the members of another part of the header; no name is in two parts (RFC 7516 section 7.2.1).
pub(super) fn merge(into: &mut Map<String, Value>, part: Map<String, Value>) -> Result<()> {
    for (name, value) in part {
        if into.contains_key(&name) {
            let rule = "no header parameter is in two of protected, unprotected and header";
            return Err(malformed(rule, "RFC 7516 section 7.2.1").got(name));
        }
        into.insert(name, value);
    }
    Ok(())
}

/// The `alg`, by name.
pub(super) fn algorithm(header: &Header) -> Result<KeyAlgorithm> {
    let Some(name) = header.alg.as_deref() else {
        return Err(malformed("the header has an alg", "RFC 7516 section 4.1.1"));
    };
    if name == "RSA1_5" {
        let rule = "RSA1_5 is not used: its padding tells whoever asks often enough what was encrypted";
        return Err(Error::new(ErrorKind::Unsupported, rule, "RFC 8725 section 3.2").expected("RSA-OAEP").got(name));
    }
    KeyAlgorithm::from_name(name)
        .ok_or_else(|| Error::new(ErrorKind::Unsupported, "the alg is a known one", "RFC 7518 section 4.1").got(name))
}

/// The `enc`, by name, if it is allowed.
pub(super) fn encryption(header: &Header, options: &Options) -> Result<ContentEncryption> {
    let name = text(header, "enc", "RFC 7516 section 4.1.2")?
        .ok_or_else(|| malformed("the header has an enc", "RFC 7516 section 4.1.2"))?;
    let encryption = ContentEncryption::from_name(name).ok_or_else(|| {
        Error::new(ErrorKind::Unsupported, "the enc is a known one", "RFC 7518 section 5.1").got(name)
    })?;
    if options.encryptions.is_empty() || options.encryptions.contains(&encryption) {
        return Ok(encryption);
    }
    Err(Error::new(ErrorKind::NotAllowed, "the enc is one that the caller allows", "RFC 8725 section 3.1").got(name))
}

/// `zip` and `crit` of a message, before any key is used.
pub(super) fn check(protected: &Header, joint: &Header, options: &Options) -> Result<()> {
    check_protected(protected, joint)?;
    if let Some(zip) = text(joint, "zip", "RFC 7516 section 4.1.3")? {
        if !options.zip {
            let rule = "the plaintext is not compressed, unless the caller allows it";
            return Err(Error::new(ErrorKind::NotAllowed, rule, "RFC 8725 section 3.6").got(zip));
        }
        known_zip(zip)?;
    }
    joint.check_crit(|name| options.understood.iter().any(|understood| understood == name))
}

/// What only a protected header may have is in the protected one.
pub(super) fn check_protected(protected: &Header, joint: &Header) -> Result<()> {
    if joint.contains("zip") && !protected.contains("zip") {
        return Err(malformed("zip is in the protected header", "RFC 7516 section 4.1.3"));
    }
    if joint.crit.is_some() && protected.crit.is_none() {
        let rule = "crit is in the protected header";
        return Err(Error::new(ErrorKind::Critical, rule, "RFC 7515 section 4.1.11"));
    }
    Ok(())
}

/// Whether the plaintext is to be compressed.
pub(super) fn wants_zip(header: &Header) -> Result<bool> {
    match text(header, "zip", "RFC 7516 section 4.1.3")? {
        Some(zip) => known_zip(zip).map(|()| true),
        None => Ok(false),
    }
}

/// A header for encryption: it leaves to the key what is the key's, and says nothing else than the key does.
pub(super) fn check_own(header: &Header, algorithm: KeyAlgorithm, encryption: ContentEncryption) -> Result<()> {
    if let Some(name) = OF_THE_KEY.into_iter().find(|name| header.get(name).is_some()) {
        let rule = "the caller's header leaves to the key what wrapping it needs";
        return Err(Error::new(ErrorKind::NotAllowed, rule, "RFC 7518 section 4.1").got(name));
    }
    header.check_own()?;
    if let Some(alg) = &header.alg
        && alg != algorithm.name()
    {
        let rule = "the caller's header has the alg of the key";
        return Err(Error::new(ErrorKind::NotAllowed, rule, "RFC 7516 section 4.1.1")
            .expected(algorithm.name())
            .got(alg));
    }
    match text(header, "enc", "RFC 7516 section 4.1.2")? {
        Some(enc) if enc != encryption.name() => {
            let rule = "the caller's header has the enc that was asked for";
            let error = Error::new(ErrorKind::NotAllowed, rule, "RFC 7516 section 4.1.2");
            Err(error.expected(encryption.name()).got(enc))
        }
        _ => Ok(()),
    }
}

/// A parameter that is a string.
pub(super) fn text<'a>(header: &'a Header, name: &str, spec: &'static str) -> Result<Option<&'a str>> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed("the header parameter is a string", spec).expected(name.to_owned())),
    }
}

/// A parameter that is bytes in base64url.
pub(super) fn bytes(header: &Header, name: &str, spec: &'static str) -> Result<Option<Vec<u8>>> {
    let Some(text) = text(header, name, spec)? else { return Ok(None) };
    let decoded = base64url::decode(text);
    decoded.map(Some).map_err(|_| malformed("the header parameter is base64url", spec).expected(name.to_owned()))
}

fn known_zip(zip: &str) -> Result<()> {
    if zip == "DEF" {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, "zip is DEF", "RFC 7516 section 4.1.3").got(zip))
}
