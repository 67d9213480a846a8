//! The JSON serializations, general and flattened: [RFC 7515 section 7.2](https://www.rfc-editor.org/rfc/rfc7515#section-7.2).

use super::compact::decode;
use super::sign::{check_length, complete, signed_payload};
use super::{Header, Limits, VerifyingKey, algorithm, check_algorithm};
use crate::error::{Error, ErrorKind, Result};
use crate::signer::{BlockingSigner, Signer};
use crate::{SignatureAlgorithm, base64url, json};
use serde_json::{Map, Value};
use std::fmt;

/// Signatures of one token: each may cost a verification.
const MAX_SIGNATURES: usize = 32;

/// A token in JSON, read and not verified. Debug shows its headers alone.
///
/// ```
/// use grantee_jose::jws::{self, Header, Json, Payload};
/// use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey};
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("1");
/// let signer = SigningKey::new(&key, SignatureAlgorithm::Es256)?;
/// let token = jws::sign_flattened_blocking(Payload::Attached(b"hello"), &Header::new(), &Header::new(), &signer)?;
/// let verified = Json::parse(&token)?.verify(&VerifyingKey::new(&key, SignatureAlgorithm::Es256)?)?;
/// assert_eq!((verified.payload.as_slice(), verified.protected.kid.as_deref()), (&b"hello"[..], Some("1")));
/// # Ok::<(), grantee_jose::Error>(())
/// ```
pub struct Json {
    payload: Vec<u8>,
    /// The payload as it was signed.
    signed_payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// One signature of a token in JSON, which nobody has verified.
pub struct Signature {
    header: Header,
    protected: Header,
    /// The protected header as it was signed; empty where there is none.
    signed_header: String,
    signature: Vec<u8>,
}

/// What was verified.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedJson {
    /// Which signature it was, from 0.
    pub index: usize,
    /// All of its header. What is not in `protected` too may come from anybody.
    pub header: Header,
    /// The part of the header that the signature covers.
    pub protected: Header,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Json {
    /// Reads a token with its payload, at most 256 KiB and 32 signatures. Members that are not known are passed over.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`]; [`ErrorKind::TooLarge`]; [`ErrorKind::Critical`] for a `crit` or `b64` that nothing protects.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self> {
        Self::parse_with(json, &Limits::default())
    }

    /// As [`parse`](Self::parse), within other bounds.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(json: impl AsRef<[u8]>, limits: &Limits) -> Result<Self> {
        let (mut members, signatures, unencoded) = Self::read(json.as_ref(), limits)?;
        let Some(Value::String(payload)) = members.remove("payload") else {
            return Err(malformed("payload is a string"));
        };
        let (payload, signed_payload) = match unencoded {
            true => (payload.clone().into_bytes(), payload.into_bytes()),
            false => (decode(&payload, "the payload")?, payload.into_bytes()),
        };
        Ok(Self { payload, signed_payload, signatures })
    }

    /// Reads a token whose payload came apart from it (RFC 7515 appendix F).
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_detached(json: impl AsRef<[u8]>, payload: &[u8]) -> Result<Self> {
        let (members, signatures, unencoded) = Self::read(json.as_ref(), &Limits::default())?;
        if members.contains_key("payload") {
            return Err(malformed("a detached payload is not in the token too"));
        }
        let signed_payload = signed_payload(payload, unencoded).into_owned();
        Ok(Self { payload: payload.to_vec(), signed_payload, signatures })
    }

    fn read(json: &[u8], limits: &Limits) -> Result<(Map<String, Value>, Vec<Signature>, bool)> {
        limits.check(json.len())?;
        let mut members = json::object(json)?;
        let signatures = match members.remove("signatures") {
            None => vec![Signature::read(&mut members)?],
            Some(_) if ["protected", "header", "signature"].iter().any(|name| members.contains_key(*name)) => {
                return Err(malformed("a token is either general or flattened"));
            }
            Some(Value::Array(values)) if !values.is_empty() && values.len() <= MAX_SIGNATURES => {
                let read = |value| match value {
                    Value::Object(mut members) => Signature::read(&mut members),
                    _ => Err(malformed("each of signatures is an object")),
                };
                values.into_iter().map(read).collect::<Result<Vec<_>>>()?
            }
            Some(_) => return Err(malformed("signatures is an array of 1 to 32")),
        };
        let mut unencoded = signatures.iter().map(|signature| signature.protected.is_unencoded());
        let first = unencoded.next().unwrap_or(Ok(false))?;
        for other in unencoded {
            if other? != first {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "b64 is the same for all signatures",
                    "RFC 7797 section 3",
                ));
            }
        }
        Ok((members, signatures, first))
    }

    /// The signatures, none verified: for choosing the key.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The payload, which nobody has verified.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies with one key: one signature must have its algorithm and verify. What the other signatures are is not said.
    ///
    /// # Errors
    /// As [`Compact::verify`](super::Compact::verify).
    pub fn verify(self, key: &VerifyingKey) -> Result<VerifiedJson> {
        self.verify_understanding(key, &[])
    }

    /// As [`verify`](Self::verify), where `crit` may also name these members, which the caller goes on to obey.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_understanding(mut self, key: &VerifyingKey, crit: &[&str]) -> Result<VerifiedJson> {
        let index = self.find(key, crit)?;
        let Signature { header, protected, .. } = self.signatures.swap_remove(index);
        Ok(VerifiedJson { index, header, protected, payload: self.payload })
    }

    /// Which signature one key verifies, from 0, by the rules of [`verify`](Self::verify).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verifies_with(&self, key: &VerifyingKey) -> Result<usize> {
        self.find(key, &[])
    }

    fn find(&self, key: &VerifyingKey, crit: &[&str]) -> Result<usize> {
        let mut fault = None;
        for (index, signature) in self.signatures.iter().enumerate() {
            match signature.check(&self.signed_payload, key, crit) {
                Ok(()) => return Ok(index),
                // A signature that fails says more than one that is for another algorithm.
                Err(error) if fault.is_none() || error.kind() == ErrorKind::Signature => fault = Some(error),
                Err(_) => {}
            }
        }
        Err(fault.unwrap_or_else(Error::signature))
    }
}

impl Signature {
    fn read(members: &mut Map<String, Value>) -> Result<Self> {
        let (signed_header, protected) = match members.remove("protected") {
            None => (String::new(), Header::default()),
            Some(Value::String(text)) => {
                let header = Header::parse(&decode(&text, "the protected header")?)?;
                (text, header)
            }
            Some(_) => return Err(malformed("protected is a string")),
        };
        let unprotected = match members.remove("header") {
            None => Header::default(),
            Some(Value::Object(members)) => Header::from_object(members)?,
            Some(_) => return Err(malformed("header is an object")),
        };
        let Some(Value::String(signature)) = members.remove("signature") else {
            return Err(malformed("signature is a string"));
        };
        let header = join(&protected, &unprotected)?;
        Ok(Self { header, protected, signed_header, signature: decode(&signature, "the signature")? })
    }

    /// All of its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The part of the header that the signature covers.
    pub fn protected(&self) -> &Header {
        &self.protected
    }

    fn check(&self, payload: &[u8], key: &VerifyingKey, crit: &[&str]) -> Result<()> {
        self.protected.check_crit(|name| name == "b64" || crit.contains(&name))?;
        check_algorithm(algorithm(&self.header)?, key)?;
        key.verify(&[self.signed_header.as_bytes(), b".", payload].concat(), &self.signature)
    }
}

/// What to sign, and whether the token holds it.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// In the token.
    Attached(&'a [u8]),
    /// Apart from the token (RFC 7515 appendix F).
    Detached(&'a [u8]),
}

/// One signature to make.
pub struct ToSign<'a, S: ?Sized> {
    /// What the signature covers. Gets `alg`, and the signer's `kid` where there is none yet.
    pub protected: Header,
    /// What it does not cover. With an `alg` here the signer's `kid` comes here too.
    pub unprotected: Header,
    /// By which key.
    pub signer: &'a S,
}

/// Signs a payload as a flattened token in JSON.
///
/// # Errors
/// As [`sign`](super::sign()); [`ErrorKind::Malformed`] where both headers have a member, or an unencoded payload is not UTF-8.
pub async fn sign_flattened(
    payload: Payload<'_>,
    protected: &Header,
    unprotected: &Header,
    signer: &dyn Signer,
) -> Result<String> {
    let draft = Draft::new(payload, protected, unprotected, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(&draft.signed).await?;
    flattened(payload, draft.sealed(&signature)?)
}

/// As [`sign_flattened`], holding the calling thread.
///
/// # Errors
/// As [`sign_flattened`].
pub fn sign_flattened_blocking(
    payload: Payload<'_>,
    protected: &Header,
    unprotected: &Header,
    signer: &dyn BlockingSigner,
) -> Result<String> {
    let draft = Draft::new(payload, protected, unprotected, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(&draft.signed)?;
    flattened(payload, draft.sealed(&signature)?)
}

/// Signs a payload by one or several keys as a general token in JSON.
///
/// # Errors
/// As [`sign_flattened`]; [`ErrorKind::Malformed`] where there is nothing to sign or `b64` is not the same for all.
pub async fn sign_general(payload: Payload<'_>, signatures: &[ToSign<'_, dyn Signer + '_>]) -> Result<String> {
    let mut sealed = Vec::with_capacity(signatures.len());
    for ToSign { protected, unprotected, signer } in signatures {
        let draft = Draft::new(payload, protected, unprotected, signer.algorithm(), signer.key_id())?;
        let signature = signer.sign(&draft.signed).await?;
        sealed.push(draft.sealed(&signature)?);
    }
    general(payload, sealed)
}

/// As [`sign_general`], holding the calling thread.
///
/// # Errors
/// As [`sign_general`].
pub fn sign_general_blocking(
    payload: Payload<'_>,
    signatures: &[ToSign<'_, dyn BlockingSigner + '_>],
) -> Result<String> {
    let mut sealed = Vec::with_capacity(signatures.len());
    for ToSign { protected, unprotected, signer } in signatures {
        let draft = Draft::new(payload, protected, unprotected, signer.algorithm(), signer.key_id())?;
        let signature = signer.sign(&draft.signed)?;
        sealed.push(draft.sealed(&signature)?);
    }
    general(payload, sealed)
}

impl<'a> Payload<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Attached(bytes) | Self::Detached(bytes) => bytes,
        }
    }

    /// Puts it where it belongs.
    fn put(self, token: &mut Map<String, Value>, unencoded: bool) -> Result<()> {
        let Self::Attached(bytes) = self else { return Ok(()) };
        let text = String::from_utf8(signed_payload(bytes, unencoded).into_owned()).map_err(|_| {
            Error::new(ErrorKind::Malformed, "an unencoded payload in JSON is UTF-8", "RFC 7797 section 5.3")
        })?;
        token.insert("payload".to_owned(), text.into());
        Ok(())
    }
}

/// A signature before it is made.
struct Draft {
    algorithm: SignatureAlgorithm,
    protected: String,
    unprotected: Header,
    unencoded: bool,
    /// What is signed.
    signed: Vec<u8>,
}

/// A signature's members, and whether it is one of an unencoded payload.
struct Sealed {
    members: Map<String, Value>,
    unencoded: bool,
}

impl Draft {
    fn new(
        payload: Payload<'_>,
        protected: &Header,
        unprotected: &Header,
        algorithm: SignatureAlgorithm,
        kid: Option<&str>,
    ) -> Result<Self> {
        let kid = kid.filter(|_| protected.kid.is_none() && unprotected.kid.is_none());
        let (protected, unprotected) = match unprotected.alg {
            None => (complete(protected, algorithm, kid)?, unprotected.clone()),
            Some(_) => (protected.clone(), complete(unprotected, algorithm, kid)?),
        };
        protected.check_own()?;
        unprotected.check_own()?;
        join(&protected, &unprotected)?;
        let unencoded = protected.is_unencoded()?;
        let protected = match protected.is_empty() {
            true => String::new(),
            false => base64url::encode(protected.to_json()),
        };
        let signed = [protected.as_bytes(), b".", &signed_payload(payload.bytes(), unencoded)].concat();
        Ok(Self { algorithm, protected, unprotected, unencoded, signed })
    }

    fn sealed(self, signature: &[u8]) -> Result<Sealed> {
        check_length(self.algorithm, signature)?;
        let mut members = Map::new();
        // An empty header is left out (RFC 7515 section 7.2.1).
        if !self.protected.is_empty() {
            members.insert("protected".to_owned(), self.protected.into());
        }
        if !self.unprotected.is_empty() {
            members.insert("header".to_owned(), Value::Object(self.unprotected.to_object()));
        }
        members.insert("signature".to_owned(), base64url::encode(signature).into());
        Ok(Sealed { members, unencoded: self.unencoded })
    }
}

fn flattened(payload: Payload<'_>, mut sealed: Sealed) -> Result<String> {
    payload.put(&mut sealed.members, sealed.unencoded)?;
    Ok(Value::Object(sealed.members).to_string())
}

fn general(payload: Payload<'_>, sealed: Vec<Sealed>) -> Result<String> {
    let unencoded = sealed.first().ok_or_else(|| malformed("a general token has a signature"))?.unencoded;
    if sealed.iter().any(|sealed| sealed.unencoded != unencoded) {
        return Err(Error::new(ErrorKind::Malformed, "b64 is the same for all signatures", "RFC 7797 section 3"));
    }
    let mut token = Map::new();
    payload.put(&mut token, unencoded)?;
    let signatures: Vec<Value> = sealed.into_iter().map(|sealed| Value::Object(sealed.members)).collect();
    token.insert("signatures".to_owned(), signatures.into());
    Ok(Value::Object(token).to_string())
}

/// The whole header of two parts, which share no name; `crit` and `b64` are protected.
fn join(protected: &Header, unprotected: &Header) -> Result<Header> {
    if let Some(name) = unprotected.names().find(|name| protected.contains(name)) {
        return Err(malformed("the protected and the unprotected header share no member").got(name));
    }
    if let Some(name) = ["crit", "b64"].into_iter().find(|name| unprotected.contains(name)) {
        return Err(Error::new(ErrorKind::Critical, "crit and b64 are protected", "RFC 7515 section 4.1.11").got(name));
    }
    let mut header = protected.clone();
    let Header { alg, kid, typ, cty, other, .. } = unprotected.clone();
    header.alg = header.alg.or(alg);
    header.kid = header.kid.or(kid);
    header.typ = header.typ.or(typ);
    header.cty = header.cty.or(cty);
    header.other.extend(other);
    Ok(header)
}

fn malformed(rule: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, rule, "RFC 7515 section 7.2")
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("signatures", &self.signatures).finish_non_exhaustive()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").field("header", &self.header).finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifiedJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJson").field("index", &self.index).field("header", &self.header).finish_non_exhaustive()
    }
}
