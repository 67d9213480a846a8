//! The compact serialization: [RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1).

use super::sign::signed_payload;
use super::{Header, VerifyingKey, algorithm, check_algorithm};
use crate::error::{Error, ErrorKind, Result};
use crate::{SignatureAlgorithm, base64url};
use std::borrow::Cow;
use std::fmt;

/// A compact token, read and not verified. Debug shows its header alone.
pub struct Compact<'a> {
    header: Header,
    algorithm: SignatureAlgorithm,
    /// What was signed: the token up to its second dot, or as much with the detached payload in between.
    signed: Cow<'a, [u8]>,
    payload: Cow<'a, [u8]>,
    signature: Vec<u8>,
}

/// What was verified.
#[derive(Clone)]
pub struct Verified {
    /// The protected header.
    pub header: Header,
    /// The payload.
    pub payload: Vec<u8>,
}

/// Bounds.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a token: 256 KiB.
    pub token: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token: 256 * 1024 }
    }
}

impl Limits {
    /// With tokens of this many bytes at most.
    #[must_use]
    pub fn with_token(self, token: usize) -> Self {
        Self { token, ..self }
    }

    pub(super) fn check(&self, len: usize) -> Result<()> {
        if len <= self.token {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, "the token is no longer than allowed", "a bound of this library")
            .expected(format!("{} bytes", self.token))
            .got(len))
    }
}

impl<'a> Compact<'a> {
    /// Reads a token of three parts in strict base64url, at most 256 KiB, whose header is a strict JSON object with the
    /// `alg` of a signature.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`], [`ErrorKind::TooLarge`], [`ErrorKind::NotAllowed`] for `alg` `none`,
    /// [`ErrorKind::Unsupported`] for an algorithm that is not known, [`ErrorKind::Critical`] for a `b64` that `crit` does not
    /// name.
    pub fn parse(token: &'a str) -> Result<Self> {
        Self::parse_with(token, &Limits::default())
    }

    /// As [`parse`](Self::parse), within other bounds.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(token: &'a str, limits: &Limits) -> Result<Self> {
        let Parts { header, signed, payload, signature } = Parts::of(token, limits)?;
        let payload = if header.is_unencoded()? {
            // RFC 7797 section 5.2; an empty part means that the payload came apart from the token.
            if payload.is_empty() || !payload.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
                return Err(Error::new(
                    ErrorKind::Malformed,
                    "an unencoded payload in a compact token is printable ASCII without a dot, and not empty",
                    "RFC 7797 section 5.2",
                ));
            }
            Cow::Borrowed(payload.as_bytes())
        } else {
            Cow::Owned(decode(payload, "the payload")?)
        };
        Self::of(header, Cow::Borrowed(signed.as_bytes()), payload, signature)
    }

    /// Reads a token whose payload came apart from it (RFC 7515 appendix F, RFC 7797): its middle part is empty.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_detached(token: &'a str, payload: &'a [u8]) -> Result<Self> {
        let Parts { header, signed, payload: inside, signature } = Parts::of(token, &Limits::default())?;
        if !inside.is_empty() {
            return Err(Error::new(
                ErrorKind::Malformed,
                "a detached payload is not in the token too",
                "RFC 7515 appendix F",
            ));
        }
        let mut signed = signed.as_bytes().to_vec();
        signed.extend_from_slice(&signed_payload(payload, header.is_unencoded()?));
        Self::of(header, Cow::Owned(signed), Cow::Borrowed(payload), signature)
    }

    fn of(header: Header, signed: Cow<'a, [u8]>, payload: Cow<'a, [u8]>, signature: &str) -> Result<Self> {
        let algorithm = algorithm(&header)?;
        let signature = decode(signature, "the signature")?;
        Ok(Self { header, algorithm, signed, payload, signature })
    }

    /// The protected header, which nobody has verified: for choosing the key.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The algorithm that the header names, which nobody has verified.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Header and payload, which nobody has verified unless the caller has, by [`verifies_with`](Self::verifies_with).
    pub fn into_parts(self) -> (Header, Vec<u8>) {
        (self.header, self.payload.into_owned())
    }

    /// The payload, which nobody has verified.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies with one key, whose algorithm must be the header's. A `crit` may name `b64` and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Signature`]; [`ErrorKind::NotAllowed`] where the key is for another algorithm; [`ErrorKind::Critical`].
    pub fn verify(self, key: &VerifyingKey) -> Result<Verified> {
        self.verify_understanding(key, &[])
    }

    /// As [`verify`](Self::verify), where `crit` may also name these members, which the caller goes on to obey.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_understanding(self, key: &VerifyingKey, crit: &[&str]) -> Result<Verified> {
        self.check(key, crit)?;
        Ok(self.into_verified())
    }

    /// Verifies with the first of several keys that does: for a token without `kid`. Keys for another algorithm are passed over.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`ErrorKind::NoKey`] where no key is for the token's algorithm.
    pub fn verify_with_any<'k>(self, keys: impl IntoIterator<Item = &'k VerifyingKey>) -> Result<Verified> {
        let mut fault =
            Error::new(ErrorKind::NoKey, "a key is for the token's alg", "RFC 7515 section 6").got(self.algorithm);
        for key in keys.into_iter().filter(|key| key.algorithm() == self.algorithm) {
            match self.verifies_with(key) {
                Ok(()) => return Ok(self.into_verified()),
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    /// Whether one key verifies it, by the rules of [`verify`](Self::verify).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verifies_with(&self, key: &VerifyingKey) -> Result<()> {
        self.check(key, &[])
    }

    fn check(&self, key: &VerifyingKey, crit: &[&str]) -> Result<()> {
        self.header.check_crit(|name| name == "b64" || crit.contains(&name))?;
        check_algorithm(self.algorithm, key)?;
        key.verify(&self.signed, &self.signature)
    }

    fn into_verified(self) -> Verified {
        Verified { header: self.header, payload: self.payload.into_owned() }
    }
}

impl fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact").field("header", &self.header).finish_non_exhaustive()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("header", &self.header).finish_non_exhaustive()
    }
}

/// A token taken apart, with its header read.
struct Parts<'a> {
    header: Header,
    /// All before the second dot.
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str, limits: &Limits) -> Result<Self> {
        limits.check(token.len())?;
        let parts = token.rsplit_once('.').and_then(|(signed, signature)| {
            let (header, payload) = signed.split_once('.').filter(|(_, payload)| !payload.contains('.'))?;
            Some((header, payload, signed, signature))
        });
        let Some((header, payload, signed, signature)) = parts else {
            return Err(Error::new(ErrorKind::Malformed, "a signed token has three parts", "RFC 7515 section 7.1")
                .got(token.split('.').count()));
        };
        Ok(Self { header: Header::parse(&decode(header, "the header")?)?, signed, payload, signature })
    }
}

pub(super) fn decode(part: &str, what: &'static str) -> Result<Vec<u8>> {
    base64url::decode(part).map_err(|_| {
        Error::new(ErrorKind::Malformed, "the parts are base64url without padding", "RFC 7515 section 2")
            .got(format_args!("something else for {what}"))
    })
}
