//! Making signed tokens: [RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1).

use super::Header;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::mac_len;
use crate::signer::{BlockingSigner, Signer};
use crate::{SignatureAlgorithm, base64url};
use std::borrow::Cow;

/// Signs a payload as a compact token. The header gets the signer's `alg`, and its `kid` where it has one and the header
/// none; [`Header::with_unencoded_payload`] leaves the payload as it is.
///
/// # Errors
/// What the signer says; [`ErrorKind::External`] for a signature of the wrong length; [`ErrorKind::NotAllowed`] where the
/// header names another `alg`; [`ErrorKind::Malformed`] for an unencoded payload that a compact token can't hold.
pub async fn sign(header: &Header, payload: &[u8], signer: &dyn Signer) -> Result<String> {
    let content = Content::attached(header, payload, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(content.signed()).await?;
    content.token(signer.algorithm(), &signature)
}

/// As [`sign`], holding the calling thread.
///
/// # Errors
/// As [`sign`].
pub fn sign_blocking(header: &Header, payload: &[u8], signer: &dyn BlockingSigner) -> Result<String> {
    let content = Content::attached(header, payload, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(content.signed())?;
    content.token(signer.algorithm(), &signature)
}

/// Signs a payload that goes apart from the token, whose middle part is empty (RFC 7515 appendix F, RFC 7797).
///
/// # Errors
/// As [`sign`].
pub async fn sign_detached(header: &Header, payload: &[u8], signer: &dyn Signer) -> Result<String> {
    let content = Content::detached(header, payload, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(content.signed()).await?;
    content.token(signer.algorithm(), &signature)
}

/// As [`sign_detached`], holding the calling thread.
///
/// # Errors
/// As [`sign`].
pub fn sign_detached_blocking(header: &Header, payload: &[u8], signer: &dyn BlockingSigner) -> Result<String> {
    let content = Content::detached(header, payload, signer.algorithm(), signer.key_id())?;
    let signature = signer.sign(content.signed())?;
    content.token(signer.algorithm(), &signature)
}

/// A header made ready once, for many tokens that one signer signs: what is the same in all is encoded once.
///
/// ```
/// use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, jws};
/// let key = SigningKey::new(&Jwk::generate(KeyKind::Curve(Curve::P256))?, SignatureAlgorithm::Es256)?;
/// let mut header = jws::Header::new();
/// header.typ = Some("dpop+jwt".into());
/// let ready = jws::ReadyHeader::new(&header, &key)?;
/// assert_eq!(jws::Compact::parse(&ready.sign_blocking(b"{}", &key)?)?.unverified_payload(), b"{}");
/// # Ok::<(), grantee_jose::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReadyHeader {
    /// The encoded header, and the dot after it.
    encoded: Box<str>,
    algorithm: SignatureAlgorithm,
}

impl ReadyHeader {
    /// With the signer's `alg`, and its `kid` where it has one and the header none.
    ///
    /// # Errors
    /// As [`sign`]; [`ErrorKind::NotAllowed`] for a header that leaves the payload unencoded.
    pub fn new(header: &Header, signer: &(impl Signer + ?Sized)) -> Result<Self> {
        let header = complete(header, signer.algorithm(), signer.key_id())?;
        if header.is_unencoded()? {
            return Err(Error::new(ErrorKind::NotAllowed, "the payload is encoded", "RFC 7797 section 3"));
        }
        let mut encoded = base64url::encode(header.to_json());
        encoded.push('.');
        Ok(Self { encoded: encoded.into(), algorithm: signer.algorithm() })
    }

    /// Signs a payload as a compact token.
    ///
    /// # Errors
    /// What the signer says; [`ErrorKind::NotAllowed`] for a signer of another algorithm than the header names;
    /// [`ErrorKind::External`] for a signature of the wrong length.
    pub async fn sign(&self, payload: &[u8], signer: &(impl Signer + ?Sized)) -> Result<String> {
        let token = self.unsigned(payload, signer.algorithm())?;
        let signature = signer.sign(token.as_bytes()).await?;
        self.signed(token, &signature)
    }

    /// As [`sign`](Self::sign), holding the calling thread.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_blocking(&self, payload: &[u8], signer: &(impl BlockingSigner + ?Sized)) -> Result<String> {
        let token = self.unsigned(payload, signer.algorithm())?;
        let signature = signer.sign(token.as_bytes())?;
        self.signed(token, &signature)
    }

    fn unsigned(&self, payload: &[u8], algorithm: SignatureAlgorithm) -> Result<String> {
        if algorithm != self.algorithm {
            return Err(Error::new(ErrorKind::NotAllowed, "alg is the signer's", "RFC 7515 section 4.1.1")
                .expected(self.algorithm.name())
                .got(algorithm.name()));
        }
        // Room for the payload, and for the signatures of elliptic curves: those of RSA make it grow once.
        let mut token = String::with_capacity(self.encoded.len() + payload.len() * 4 / 3 + 96);
        token.push_str(&self.encoded);
        base64url::append(payload, &mut token);
        Ok(token)
    }

    fn signed(&self, mut token: String, signature: &[u8]) -> Result<String> {
        check_length(self.algorithm, signature)?;
        token.push('.');
        base64url::append(signature, &mut token);
        Ok(token)
    }
}

/// What is signed, and how much of it the token keeps.
struct Content {
    signed: Vec<u8>,
    kept: usize,
}

impl Content {
    fn attached(header: &Header, payload: &[u8], algorithm: SignatureAlgorithm, kid: Option<&str>) -> Result<Self> {
        let mut content = Self::detached(header, payload, algorithm, kid)?;
        let printable = |byte: &u8| matches!(byte, 0x20..=0x2d | 0x2f..=0x7e);
        if header.is_unencoded()? && (payload.is_empty() || !payload.iter().all(printable)) {
            return Err(Error::new(
                ErrorKind::Malformed,
                "an unencoded payload in a compact token is printable ASCII without a dot, and not empty",
                "RFC 7797 section 5.2",
            ));
        }
        content.kept = content.signed.len();
        Ok(content)
    }

    fn detached(header: &Header, payload: &[u8], algorithm: SignatureAlgorithm, kid: Option<&str>) -> Result<Self> {
        let header = complete(header, algorithm, kid)?;
        let mut signed = base64url::encode(header.to_json()).into_bytes();
        signed.push(b'.');
        let kept = signed.len();
        signed.extend_from_slice(&signed_payload(payload, header.is_unencoded()?));
        Ok(Self { signed, kept })
    }

    fn signed(&self) -> &[u8] {
        &self.signed
    }

    fn token(mut self, algorithm: SignatureAlgorithm, signature: &[u8]) -> Result<String> {
        check_length(algorithm, signature)?;
        self.signed.truncate(self.kept);
        self.signed.push(b'.');
        self.signed.extend_from_slice(base64url::encode(signature).as_bytes());
        String::from_utf8(self.signed)
            .map_err(|_| Error::new(ErrorKind::Malformed, "a compact token is ASCII", "RFC 7797 section 5.2"))
    }
}

/// The payload as it is signed.
pub(super) fn signed_payload(payload: &[u8], unencoded: bool) -> Cow<'_, [u8]> {
    if unencoded { Cow::Borrowed(payload) } else { Cow::Owned(base64url::encode(payload).into_bytes()) }
}

/// The header with what the signer knows.
pub(super) fn complete(header: &Header, algorithm: SignatureAlgorithm, kid: Option<&str>) -> Result<Header> {
    if let Some(alg) = header.alg.as_deref().filter(|alg| *alg != algorithm.name()) {
        return Err(Error::new(ErrorKind::NotAllowed, "alg is the signer's", "RFC 7515 section 4.1.1")
            .expected(algorithm.name())
            .got(alg));
    }
    let mut header = header.clone();
    header.alg = Some(algorithm.name().to_owned());
    if header.kid.is_none() {
        header.kid = kid.map(str::to_owned);
    }
    header.check_own()?;
    Ok(header)
}

/// Whether a signature has the length that its algorithm makes: a signer from elsewhere may give ECDSA as DER.
pub(crate) fn check_length(algorithm: SignatureAlgorithm, signature: &[u8]) -> Result<()> {
    use SignatureAlgorithm as A;
    let fits = match algorithm {
        A::Hs256 | A::Hs384 | A::Hs512 => signature.len() == mac_len(algorithm),
        A::Es256 | A::Es256k | A::Ed25519 => signature.len() == 64,
        A::Es384 => signature.len() == 96,
        A::Es512 => signature.len() == 132,
        A::Ed448 => signature.len() == 114,
        A::EdDsa => matches!(signature.len(), 64 | 114),
        // As long as the modulus.
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => (256..=1024).contains(&signature.len()),
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(ErrorKind::External, "the signer's signature has the length of its algorithm", "RFC 7518 section 3")
        .expected(algorithm.name())
        .got(format_args!("{} bytes", signature.len())))
}
