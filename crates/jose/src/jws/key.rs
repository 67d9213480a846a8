//! Keys bound to one algorithm: RFC 7518 section 3, RFC 8037 section 3.1, RFC 8812 section 3.

use super::ed448;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::{Material, RsaPrivate};
use crate::signer::{BlockingSigner, BoxFuture, Signer};
use crate::{Curve, Digest, Jwk, SignatureAlgorithm};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents};
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RsaEncoding, RsaParameters};
use aws_lc_rs::{hmac, signature::EcdsaSigningAlgorithm, signature::RsaPublicKeyComponents};
use std::fmt;
use std::sync::Arc;

/// A public or symmetric key, parsed once and bound to one algorithm. Cheap to clone.
///
/// ```
/// use grantee_jose::jws::{self, Compact, Header};
/// use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey};
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?;
/// let token = jws::sign_blocking(&Header::new(), b"hello", &SigningKey::new(&key, SignatureAlgorithm::Es256)?)?;
/// let verified = Compact::parse(&token)?.verify(&VerifyingKey::new(&key, SignatureAlgorithm::Es256)?)?;
/// assert_eq!(verified.payload, b"hello");
/// # Ok::<(), grantee_jose::Error>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey(Arc<Verifying>);

struct Verifying {
    algorithm: SignatureAlgorithm,
    curve: Option<Curve>,
    key_id: Option<String>,
    key: Public,
}

enum Public {
    Hmac(Box<hmac::Key>),
    Parsed(ParsedPublicKey),
    Ed448(ed448::VerifyingKey),
}

impl VerifyingKey {
    /// Of a key that may verify by this algorithm: its type, curve and size, `alg`, `use` and `key_ops` are obeyed. A private
    /// JWK serves too, by its public part.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] where the key does not fit or is no valid key, [`ErrorKind::Unsupported`] for a curve that is not
    /// built in.
    pub fn new(jwk: &Jwk, algorithm: SignatureAlgorithm) -> Result<Self> {
        jwk.fits_signature(algorithm, "verify")?;
        jwk.built_in()?;
        jwk.material.check()?;
        let key = match &jwk.material {
            Material::Oct(k) => Public::Hmac(hmac_key(k, algorithm)?),
            Material::Rsa { n, e, .. } => {
                let parsed = RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_parameters(algorithm)?);
                Public::Parsed(parsed.map_err(|_| bad_key())?)
            }
            Material::Ec { curve, x, y, .. } => {
                let parsed = ParsedPublicKey::new(ecdsa_verification(*curve)?, point(x, y));
                Public::Parsed(parsed.map_err(|_| bad_key())?)
            }
            Material::Okp { curve: Curve::Ed448, x, .. } => Public::Ed448(ed448::VerifyingKey::new(x)?),
            Material::Okp { x, .. } => Public::Parsed(ParsedPublicKey::new(&sig::ED25519, x).map_err(|_| bad_key())?),
        };
        let key_id = jwk.kid().map(str::to_owned);
        Ok(Self(Arc::new(Verifying { algorithm, curve: jwk.curve(), key_id, key })))
    }

    /// Of a shared secret of any length but none: a client secret, which OpenID Connect Core section 10.1 takes as it is. A key
    /// that was made to be one goes to [`new`](Self::new), which asks for its length too.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] where the secret is empty or the algorithm is not HMAC's.
    pub fn from_secret(secret: &[u8], algorithm: SignatureAlgorithm) -> Result<Self> {
        let key = Public::Hmac(hmac_key(secret, algorithm)?);
        Ok(Self(Arc::new(Verifying { algorithm, curve: None, key_id: None, key })))
    }

    /// The algorithm that it is bound to.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// The key's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// The key's curve.
    pub fn curve(&self) -> Option<Curve> {
        self.0.curve
    }

    /// The digest that OpenID Connect's hash claims use with it.
    pub fn digest(&self) -> Digest {
        self.0.algorithm.digest(self.curve())
    }

    /// Verifies the signature of `data`, as a JWS carries it.
    ///
    /// # Errors
    /// [`ErrorKind::Signature`].
    pub fn verify(&self, data: &[u8], signature: &[u8]) -> Result<()> {
        let verified = match &self.0.key {
            Public::Hmac(key) => hmac::verify(key, data, signature).is_ok(),
            Public::Parsed(key) => key.verify_sig(data, signature).is_ok(),
            Public::Ed448(key) => key.verifies(data, signature),
        };
        if verified { Ok(()) } else { Err(Error::signature()) }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

/// A private or symmetric key, parsed once and bound to one algorithm. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Signing>);

struct Signing {
    algorithm: SignatureAlgorithm,
    key_id: Option<String>,
    public: Option<Jwk>,
    key: Private,
}

enum Private {
    Hmac(Box<hmac::Key>),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    Ed448(ed448::SigningKey),
}

impl SigningKey {
    /// Of a private key that may sign by this algorithm: its type, curve and size, `alg`, `use` and `key_ops` are obeyed, and
    /// its private part must belong to its public one.
    ///
    /// # Errors
    /// As [`VerifyingKey::new`], and [`ErrorKind::Key`] where there is no private part or it belongs to another key.
    pub fn new(jwk: &Jwk, algorithm: SignatureAlgorithm) -> Result<Self> {
        jwk.fits_signature(algorithm, "sign")?;
        jwk.built_in()?;
        jwk.material.check()?;
        let key = match &jwk.material {
            Material::Oct(k) => Private::Hmac(hmac_key(k, algorithm)?),
            Material::Rsa { n, e, private } => {
                let RsaPrivate { d, p, q, dp, dq, qi } = private.as_ref().ok_or_else(no_private)?;
                let pair = RsaKeyPair::from_components(&KeyPairComponents {
                    public_key: RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                    d: d.as_slice(),
                    p: p.as_slice(),
                    q: q.as_slice(),
                    dP: dp.as_slice(),
                    dQ: dq.as_slice(),
                    qInv: qi.as_slice(),
                });
                Private::Rsa(Box::new(pair.map_err(|_| bad_pair())?), rsa_encoding(algorithm)?)
            }
            Material::Ec { curve, x, y, d } => {
                let d = d.as_ref().ok_or_else(no_private)?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(ecdsa_signing(*curve)?, d, &point(x, y));
                Private::Ecdsa(Box::new(pair.map_err(|_| bad_pair())?))
            }
            Material::Okp { curve, x, d } => {
                let d = d.as_ref().ok_or_else(no_private)?;
                match curve {
                    Curve::Ed448 => Private::Ed448(ed448::SigningKey::new(d, x)?),
                    _ => Private::Ed25519(Box::new(
                        Ed25519KeyPair::from_seed_and_public_key(d, x).map_err(|_| bad_pair())?,
                    )),
                }
            }
        };
        let key_id = jwk.kid().map(str::to_owned);
        Ok(Self(Arc::new(Signing { algorithm, key_id, public: jwk.public(), key })))
    }

    /// Of a shared secret of any length but none, as [`VerifyingKey::from_secret`].
    ///
    /// # Errors
    /// [`ErrorKind::Key`] where the secret is empty or the algorithm is not HMAC's.
    pub fn from_secret(secret: &[u8], algorithm: SignatureAlgorithm) -> Result<Self> {
        let key = Private::Hmac(hmac_key(secret, algorithm)?);
        Ok(Self(Arc::new(Signing { algorithm, key_id: None, public: None, key })))
    }

    /// The algorithm that it is bound to.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// The key's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// The public part; a shared secret has none.
    pub fn public_key(&self) -> Option<&Jwk> {
        self.0.public.as_ref()
    }

    /// Signs `data`: the signature as a JWS carries it.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] where the key can't make this signature.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        match &self.0.key {
            Private::Hmac(key) => Ok(hmac::sign(key, data).as_ref().to_vec()),
            Private::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), data, &mut signature).map_err(|_| bad_key())?;
                Ok(signature)
            }
            Private::Ecdsa(pair) => Ok(pair.sign(&SystemRandom::new(), data).map_err(|_| bad_key())?.as_ref().to_vec()),
            Private::Ed25519(pair) => Ok(pair.try_sign(data).map_err(|_| bad_key())?.as_ref().to_vec()),
            Private::Ed448(key) => Ok(key.sign(data)),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

impl Signer for SigningKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm()
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id()
    }

    fn public_key(&self) -> Option<&Jwk> {
        self.public_key()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move { self.sign(data) })
    }

    fn needs_reactor(&self) -> bool {
        false
    }
}

impl BlockingSigner for SigningKey {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm()
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id()
    }

    fn public_key(&self) -> Option<&Jwk> {
        self.public_key()
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        self.sign(data)
    }
}

fn hmac_key(secret: &[u8], algorithm: SignatureAlgorithm) -> Result<Box<hmac::Key>> {
    let digest = match algorithm {
        SignatureAlgorithm::Hs256 => hmac::HMAC_SHA256,
        SignatureAlgorithm::Hs384 => hmac::HMAC_SHA384,
        SignatureAlgorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return Err(other_type(algorithm)),
    };
    if secret.is_empty() {
        return Err(Error::new(ErrorKind::Key, "a shared secret is not empty", "RFC 7518 section 3.2"));
    }
    Ok(Box::new(hmac::Key::new(digest, secret)))
}

fn rsa_parameters(algorithm: SignatureAlgorithm) -> Result<&'static RsaParameters> {
    Ok(match algorithm {
        SignatureAlgorithm::Rs256 => &sig::RSA_PKCS1_2048_8192_SHA256,
        SignatureAlgorithm::Rs384 => &sig::RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::Rs512 => &sig::RSA_PKCS1_2048_8192_SHA512,
        // The salt is as long as the digest (RFC 7518 section 3.5).
        SignatureAlgorithm::Ps256 => &sig::RSA_PSS_2048_8192_SHA256,
        SignatureAlgorithm::Ps384 => &sig::RSA_PSS_2048_8192_SHA384,
        SignatureAlgorithm::Ps512 => &sig::RSA_PSS_2048_8192_SHA512,
        _ => return Err(other_type(algorithm)),
    })
}

fn rsa_encoding(algorithm: SignatureAlgorithm) -> Result<&'static dyn RsaEncoding> {
    Ok(match algorithm {
        SignatureAlgorithm::Rs256 => &sig::RSA_PKCS1_SHA256,
        SignatureAlgorithm::Rs384 => &sig::RSA_PKCS1_SHA384,
        SignatureAlgorithm::Rs512 => &sig::RSA_PKCS1_SHA512,
        SignatureAlgorithm::Ps256 => &sig::RSA_PSS_SHA256,
        SignatureAlgorithm::Ps384 => &sig::RSA_PSS_SHA384,
        SignatureAlgorithm::Ps512 => &sig::RSA_PSS_SHA512,
        _ => return Err(other_type(algorithm)),
    })
}

fn ecdsa_verification(curve: Curve) -> Result<&'static sig::EcdsaVerificationAlgorithm> {
    Ok(match curve {
        Curve::P256 => &sig::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &sig::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &sig::ECDSA_P521_SHA512_FIXED,
        Curve::Secp256k1 => &sig::ECDSA_P256K1_SHA256_FIXED,
        _ => return Err(bad_key()),
    })
}

fn ecdsa_signing(curve: Curve) -> Result<&'static EcdsaSigningAlgorithm> {
    Ok(match curve {
        Curve::P256 => &sig::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &sig::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &sig::ECDSA_P521_SHA512_FIXED_SIGNING,
        Curve::Secp256k1 => &sig::ECDSA_P256K1_SHA256_FIXED_SIGNING,
        _ => return Err(bad_key()),
    })
}

/// The uncompressed form of a point (SEC 1 section 2.3.3).
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

fn other_type(algorithm: SignatureAlgorithm) -> Error {
    Error::new(ErrorKind::Key, "the key is of the type and curve of the algorithm", "RFC 7518 section 3.1")
        .expected(algorithm.name())
}

pub(super) fn bad_key() -> Error {
    Error::new(ErrorKind::Key, "the key's numbers make a key", "RFC 7518 section 6")
}

pub(super) fn bad_pair() -> Error {
    Error::new(ErrorKind::Key, "the private part belongs to the public one", "RFC 7518 section 6")
}

fn no_private() -> Error {
    Error::new(ErrorKind::Key, "a key that signs has its private part", "RFC 7518 section 6")
}
