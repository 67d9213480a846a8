//! Keys for encryption, parsed once and bound to what they may do.

use super::{Header, aes_gcm_kw, aes_kw, dir, ecdh_es, pbes2, rsa_oaep};
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Material, SecretBytes};
use crate::signer::{BlockingDecrypter, BoxFuture, Decrypter, WrappedKey};
use crate::{ContentEncryption, Jwk, KeyAlgorithm};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A recipient's public key, or a shared secret or password, bound to one algorithm. Cheap to clone.
///
/// ```
/// use grantee_jose::{ContentEncryption, DecryptionKey, EncryptionKey, Jwk, KeyAlgorithm, jwe};
///
/// let shared = Jwk::oct([7; 32]);
/// let key = EncryptionKey::new(&shared, KeyAlgorithm::A256Kw)?;
/// let token = jwe::encrypt(&jwe::Header::new(), b"plaintext", &key, ContentEncryption::A256Gcm)?;
/// let key = DecryptionKey::new(&shared, KeyAlgorithm::A256Kw)?;
/// assert_eq!(*jwe::decrypt_blocking(&token, &key, &jwe::Options::default())?.plaintext, b"plaintext");
/// # Ok::<_, grantee_jose::Error>(())
/// ```
#[derive(Clone)]
pub struct EncryptionKey {
    algorithm: KeyAlgorithm,
    kid: Option<String>,
    iterations: u32,
    only: Option<ContentEncryption>,
    inner: Arc<Encrypting>,
}

enum Encrypting {
    Rsa(rsa_oaep::Public),
    Agreement(ecdh_es::Public),
    Secret(SecretBytes),
}

/// A private key, or a shared secret or password, bound to what it may unwrap. Cheap to clone.
///
/// ```
/// use grantee_jose::{Curve, DecryptionKey, EncryptionKey, ErrorKind, Jwk, KeyAlgorithm, KeyKind};
///
/// let private = Jwk::generate(KeyKind::Curve(Curve::X25519))?.with_alg("ECDH-ES+A256KW").with_use("enc");
/// let key = DecryptionKey::any(&private)?; // for the one algorithm that the key names
/// let other = DecryptionKey::new(&private, KeyAlgorithm::EcdhEs);
/// assert_eq!(other.unwrap_err().kind(), ErrorKind::Key);
/// # Ok::<_, grantee_jose::Error>(())
/// ```
#[derive(Clone)]
pub struct DecryptionKey {
    algorithms: Arc<[KeyAlgorithm]>,
    kid: Option<String>,
    only: Option<ContentEncryption>,
    inner: Arc<Decrypting>,
}

enum Decrypting {
    Rsa(rsa_oaep::Private),
    Agreement(ecdh_es::Private),
    Secret(SecretBytes),
}

/// A content key as one recipient gets it, and the header parameters that go with it.
pub(super) struct Wrapped {
    pub(super) encrypted_key: Vec<u8>,
    pub(super) parameters: Map<String, Value>,
}

/// A content key that is used without being wrapped.
pub(super) struct Direct {
    pub(super) content_key: SecretBytes,
    pub(super) parameters: Map<String, Value>,
}

impl EncryptionKey {
    /// The public part of a JWK, or a symmetric one, for one algorithm. An `oct` JWK serves PBES2 as its password.
    ///
    /// The JWK's own `alg` must be this one where it has one; a key for `dir` may name the `enc` there instead, and is then
    /// for that one alone. `use` must be `enc`, and `key_ops` allow the operation, where they are there.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the key can't serve: another type, curve, size or purpose, or fewer than 2048 bits of RSA.
    /// [`ErrorKind::Unsupported`] for X448 without the feature `ed448`.
    pub fn new(jwk: &Jwk, algorithm: KeyAlgorithm) -> Result<Self> {
        jwk.fits_encryption(algorithm, true)?;
        let inner = match &jwk.material {
            Material::Rsa { n, e, .. } => Encrypting::Rsa(rsa_oaep::Public::new(n, e)?),
            material @ (Material::Ec { .. } | Material::Okp { .. }) => {
                Encrypting::Agreement(ecdh_es::Public::new(material).ok_or_else(|| misfit(jwk, algorithm))??)
            }
            Material::Oct(secret) => Encrypting::Secret(secret.clone()),
        };
        let kid = jwk.kid().map(str::to_owned);
        Ok(Self { algorithm, kid, iterations: pbes2::iterations(algorithm), only: only(jwk), inner: Arc::new(inner) })
    }

    /// A password for one of the PBES2 algorithms. It is stretched with 600,000 iterations of HMAC SHA-256 or 210,000 of
    /// the longer ones.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for another algorithm and for an empty password.
    pub fn from_password(password: &[u8], algorithm: KeyAlgorithm) -> Result<Self> {
        let secret = check_password(password, algorithm)?;
        let inner = Arc::new(Encrypting::Secret(secret));
        Ok(Self { algorithm, kid: None, iterations: pbes2::iterations(algorithm), only: None, inner })
    }

    /// The same with another number of PBES2 iterations (`p2c`).
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for fewer than 1000, which is the least that
    /// [RFC 7518 section 4.8.1.2](https://www.rfc-editor.org/rfc/rfc7518#section-4.8.1.2) recommends, and for another
    /// algorithm.
    pub fn with_iterations(mut self, iterations: u32) -> Result<Self> {
        if Family::of(self.algorithm) != Family::Password || iterations < pbes2::LEAST {
            let error = Error::new(ErrorKind::Key, "a password is stretched by enough", "RFC 7518 section 4.8.1.2");
            return Err(error.expected("PBES2 with at least 1000 iterations").got(iterations));
        }
        self.iterations = iterations;
        Ok(self)
    }

    /// The same under this `kid`.
    #[must_use]
    pub fn with_key_id(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The algorithm it is bound to.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The `kid` for the header.
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The content key, where the algorithm makes one instead of wrapping one.
    pub(super) fn direct(&self, encryption: ContentEncryption, header: &Header) -> Result<Option<Direct>> {
        if self.only.is_some_and(|only| only != encryption) {
            let error = Error::new(ErrorKind::Key, "the enc is the one that the key names", "RFC 7517 section 4.4");
            return Err(error.got(encryption));
        }
        match (&*self.inner, self.algorithm) {
            (Encrypting::Secret(secret), KeyAlgorithm::Dir) => {
                let content_key = dir::content_key(secret, encryption)
                    .ok_or_else(|| wrong_length(secret.len(), encryption.key_len()))?;
                Ok(Some(Direct { content_key, parameters: Map::new() }))
            }
            (Encrypting::Agreement(public), KeyAlgorithm::EcdhEs) => {
                let (content_key, parameters) = public.derive(self.algorithm, encryption, header)?;
                Ok(Some(Direct { content_key, parameters }))
            }
            _ => Ok(None),
        }
    }

    /// Wraps a content key.
    pub(super) fn wrap(&self, content_key: &[u8], encryption: ContentEncryption, header: &Header) -> Result<Wrapped> {
        let failed =
            || Error::new(ErrorKind::Key, "the key wraps a content key", "RFC 7516 section 5.1").got(self.algorithm);
        match &*self.inner {
            Encrypting::Rsa(public) => {
                let encrypted_key = public.encrypt(self.algorithm, content_key).ok_or_else(failed)?;
                Ok(Wrapped { encrypted_key, parameters: Map::new() })
            }
            Encrypting::Agreement(public) => {
                let (kek, parameters) = public.derive(self.algorithm, encryption, header)?;
                Ok(Wrapped { encrypted_key: aes_kw::wrap(&kek, content_key).ok_or_else(failed)?, parameters })
            }
            Encrypting::Secret(secret) => match Family::of(self.algorithm) {
                Family::AesKw => {
                    let encrypted_key = aes_kw::wrap(secret, content_key).ok_or_else(failed)?;
                    Ok(Wrapped { encrypted_key, parameters: Map::new() })
                }
                Family::AesGcmKw => aes_gcm_kw::wrap(secret, content_key)?.ok_or_else(failed),
                Family::Password => {
                    pbes2::wrap(self.algorithm, secret, self.iterations, content_key)?.ok_or_else(failed)
                }
                Family::Rsa | Family::Agreement | Family::Dir => Err(failed()),
            },
        }
    }
}

impl DecryptionKey {
    /// A private or symmetric JWK for one algorithm, under the same rules as [`EncryptionKey::new`].
    ///
    /// # Errors
    /// [`ErrorKind::Key`] when the key can't serve, is public only, or its public part is not that of the private one.
    /// [`ErrorKind::Unsupported`] for X448 without the feature `ed448`.
    pub fn new(jwk: &Jwk, algorithm: KeyAlgorithm) -> Result<Self> {
        Self::bound(jwk, &[algorithm])
    }

    /// A private or symmetric JWK for the one algorithm that its `alg` names; where it names none, for all that fit it:
    /// every RSA-OAEP, that with SHA-1 too; ECDH-ES and ECDH-ES with AES key wrap; for `oct` by length `dir`, A*KW and
    /// A*GCMKW.
    ///
    /// PBES2 is not among them: its senders choose what a try costs, and a key is no password.
    ///
    /// # Errors
    /// As [`DecryptionKey::new`].
    pub fn any(jwk: &Jwk) -> Result<Self> {
        jwk.built_in()?;
        let algorithms = fitting(jwk);
        if algorithms.is_empty() {
            let error = Error::new(ErrorKind::Key, "the key serves for encryption", "RFC 7517 section 4.4");
            return Err(error.got(jwk.alg().unwrap_or(jwk.key_type())));
        }
        Self::bound(jwk, &algorithms)
    }

    /// A password for one of the PBES2 algorithms. What a token asks for is bounded by [`Options::max_p2c`](super::Options).
    ///
    /// # Errors
    /// [`ErrorKind::Key`] for another algorithm and for an empty password.
    pub fn from_password(password: &[u8], algorithm: KeyAlgorithm) -> Result<Self> {
        let secret = check_password(password, algorithm)?;
        Ok(Self {
            algorithms: Arc::new([algorithm]),
            kid: None,
            only: None,
            inner: Arc::new(Decrypting::Secret(secret)),
        })
    }

    /// The same under this `kid`.
    #[must_use]
    pub fn with_key_id(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The key's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    fn bound(jwk: &Jwk, algorithms: &[KeyAlgorithm]) -> Result<Self> {
        algorithms.iter().try_for_each(|algorithm| jwk.fits_encryption(*algorithm, false))?;
        let algorithm = algorithms.first().copied().ok_or_else(|| misfit(jwk, KeyAlgorithm::Dir))?;
        let inner = match &jwk.material {
            Material::Rsa { n, e, private: Some(private) } => Decrypting::Rsa(rsa_oaep::Private::new(n, e, private)?),
            material @ (Material::Ec { .. } | Material::Okp { .. }) => {
                Decrypting::Agreement(ecdh_es::Private::new(material).ok_or_else(|| misfit(jwk, algorithm))??)
            }
            Material::Oct(secret) => Decrypting::Secret(secret.clone()),
            Material::Rsa { private: None, .. } => return Err(misfit(jwk, algorithm)),
        };
        let kid = jwk.kid().map(str::to_owned);
        Ok(Self { algorithms: algorithms.into(), kid, only: only(jwk), inner: Arc::new(inner) })
    }

    fn unwrap(&self, wrapped: WrappedKey<'_>) -> Result<SecretBytes> {
        let WrappedKey { algorithm, encryption, encrypted_key, header } = wrapped;
        if !self.algorithms.contains(&algorithm) || self.only.is_some_and(|only| only != encryption) {
            return Err(Error::decryption());
        }
        check_parameters(algorithm, header, encrypted_key)?;
        let content_key = match &*self.inner {
            Decrypting::Rsa(private) => private.decrypt(algorithm, encrypted_key),
            Decrypting::Agreement(private) => return private.unwrap(&wrapped),
            Decrypting::Secret(secret) => match Family::of(algorithm) {
                Family::Dir => dir::content_key(secret, encryption),
                Family::AesKw => aes_kw::unwrap(secret, encrypted_key),
                Family::AesGcmKw => aes_gcm_kw::unwrap(secret, encrypted_key, header)?,
                Family::Password => pbes2::unwrap(algorithm, secret, encrypted_key, header)?,
                Family::Rsa | Family::Agreement => None,
            },
        };
        content_key.ok_or_else(Error::decryption)
    }
}

impl Decrypter for DecryptionKey {
    fn algorithms(&self) -> &[KeyAlgorithm] {
        &self.algorithms
    }

    fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    fn unwrap_key<'a>(&'a self, wrapped: WrappedKey<'a>) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        Box::pin(async move { self.unwrap(wrapped) })
    }

    fn needs_reactor(&self) -> bool {
        false
    }
}

impl BlockingDecrypter for DecryptionKey {
    fn algorithms(&self) -> &[KeyAlgorithm] {
        &self.algorithms
    }

    fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    fn unwrap_key(&self, wrapped: WrappedKey<'_>) -> Result<Zeroizing<Vec<u8>>> {
        self.unwrap(wrapped)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("algorithms", &self.algorithms)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The shape of what goes with a wrapped key, before any key is used.
pub(super) fn check_parameters(algorithm: KeyAlgorithm, header: &Header, encrypted_key: &[u8]) -> Result<()> {
    let direct = matches!(algorithm, KeyAlgorithm::Dir | KeyAlgorithm::EcdhEs);
    if direct != encrypted_key.is_empty() {
        let rule = "the encrypted key is empty for dir and ECDH-ES, and for them alone";
        return Err(Error::new(ErrorKind::Malformed, rule, "RFC 7516 section 5.2").got(algorithm));
    }
    match Family::of(algorithm) {
        Family::Agreement => ecdh_es::Parameters::read(header).map(|_| ()),
        Family::AesGcmKw => aes_gcm_kw::Parameters::read(header).map(|_| ()),
        Family::Password => pbes2::Parameters::read(header).map(|_| ()),
        Family::Rsa | Family::AesKw | Family::Dir => Ok(()),
    }
}

/// What a key does, by the kind of key it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    Agreement,
    AesKw,
    AesGcmKw,
    Dir,
    Password,
}

impl Family {
    pub(super) fn of(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::RsaOaep | KeyAlgorithm::RsaOaep256 | KeyAlgorithm::RsaOaep384 | KeyAlgorithm::RsaOaep512 => {
                Self::Rsa
            }
            KeyAlgorithm::EcdhEs
            | KeyAlgorithm::EcdhEsA128Kw
            | KeyAlgorithm::EcdhEsA192Kw
            | KeyAlgorithm::EcdhEsA256Kw => Self::Agreement,
            KeyAlgorithm::A128Kw | KeyAlgorithm::A192Kw | KeyAlgorithm::A256Kw => Self::AesKw,
            KeyAlgorithm::A128GcmKw | KeyAlgorithm::A192GcmKw | KeyAlgorithm::A256GcmKw => Self::AesGcmKw,
            KeyAlgorithm::Dir => Self::Dir,
            KeyAlgorithm::Pbes2Hs256A128Kw | KeyAlgorithm::Pbes2Hs384A192Kw | KeyAlgorithm::Pbes2Hs512A256Kw => {
                Self::Password
            }
        }
    }
}

/// Bytes of the key that wraps, where the algorithm says.
pub(super) fn wrapping_key_len(algorithm: KeyAlgorithm) -> Option<usize> {
    match algorithm {
        KeyAlgorithm::A128Kw
        | KeyAlgorithm::A128GcmKw
        | KeyAlgorithm::EcdhEsA128Kw
        | KeyAlgorithm::Pbes2Hs256A128Kw => Some(16),
        KeyAlgorithm::A192Kw
        | KeyAlgorithm::A192GcmKw
        | KeyAlgorithm::EcdhEsA192Kw
        | KeyAlgorithm::Pbes2Hs384A192Kw => Some(24),
        KeyAlgorithm::A256Kw
        | KeyAlgorithm::A256GcmKw
        | KeyAlgorithm::EcdhEsA256Kw
        | KeyAlgorithm::Pbes2Hs512A256Kw => Some(32),
        _ => None,
    }
}

/// The algorithms of [`DecryptionKey::any`].
fn fitting(jwk: &Jwk) -> Vec<KeyAlgorithm> {
    let serves = |algorithm: &KeyAlgorithm| {
        jwk.fits_encryption(*algorithm, false).is_ok()
            && (Family::of(*algorithm) != Family::Password || jwk.alg().is_some())
    };
    jwk.key_algorithms().into_iter().filter(serves).collect()
}

/// The one `enc` that a content key is for, where its `alg` says.
fn only(jwk: &Jwk) -> Option<ContentEncryption> {
    jwk.alg().and_then(ContentEncryption::from_name)
}

fn check_password(password: &[u8], algorithm: KeyAlgorithm) -> Result<SecretBytes> {
    if Family::of(algorithm) != Family::Password || password.is_empty() {
        let error = Error::new(ErrorKind::Key, "a password is not empty and serves PBES2", "RFC 7518 section 4.8");
        return Err(error.got(algorithm));
    }
    Ok(Zeroizing::new(password.to_vec()))
}

fn wrong_length(got: usize, expected: usize) -> Error {
    Error::new(ErrorKind::Key, "a symmetric key has the length of its algorithm", "RFC 7518 section 4.1")
        .expected(format!("{expected} bytes"))
        .got(got)
}

fn misfit(jwk: &Jwk, algorithm: KeyAlgorithm) -> Error {
    let got = jwk.curve().map_or(jwk.key_type(), crate::Curve::name);
    Error::new(ErrorKind::Key, "the type, curve and private part of the key fit the alg", "RFC 7518 section 4.1")
        .expected(algorithm.name())
        .got(got)
}
