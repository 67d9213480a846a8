//! `private_key_jwt`: [OpenID Connect Core section 9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication),
//! on [RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2).

use super::assertion::{Assertion, assertion_methods, explain, not_signed};
use super::{AuthContext, ClientAuth, Draft};
use crate::error::{Error, Result, ServerError};
use crate::ports::BoxFuture;
use grantee_jose::signer::Inline;
use grantee_jose::{BlockingSigner, Curve, Jwk, SignatureAlgorithm, Signer, SigningKey};
use std::sync::Arc;

/// Shows that the client holds its private key by a JWT that is signed with it.
///
/// Each request gets an assertion of its own: `iss` and `sub` are the client, `aud` the issuer (where none is configured, the
/// token endpoint), `jti` is chance, and a minute later it is worthless. The key may be here, or anywhere that a [`Signer`]
/// reaches: a KMS, an HSM, an agent.
///
/// ```
/// use grantee_core::client_auth::PrivateKeyJwt;
/// use grantee_core::jose::{Curve, Jwk, KeyKind};
///
/// let key = Jwk::generate(KeyKind::Curve(Curve::P256))?.with_kid("2026-11");
/// let method = PrivateKeyJwt::from_key(&key)?.typ("client-authentication+jwt");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PrivateKeyJwt {
    signer: Arc<dyn Signer>,
    assertion: Assertion,
}

impl PrivateKeyJwt {
    /// With a signer, which knows its algorithm. One that needs an async runtime is refused by a blocking client.
    pub fn new(signer: impl Signer + 'static) -> Self {
        Self { signer: Arc::new(signer), assertion: Assertion::default() }
    }

    /// With a signer that holds the calling thread; also in an async client, whose thread it holds.
    pub fn blocking(signer: impl BlockingSigner + 'static) -> Self {
        Self::new(Inline(signer))
    }

    /// With a private key. The algorithm is the one that its `alg` names, else the usual one of its kind: RS256, ES256, ES384,
    /// ES512 and ES256K by the curve, and `EdDSA`, the name that more servers know than those of RFC 9864.
    /// [`from_key_with`](Self::from_key_with) chooses another.
    ///
    /// # Errors
    /// [`Error::Config`] where the key has no private part, is for something else, or is no key to sign with.
    pub fn from_key(key: &Jwk) -> Result<Self> {
        Self::from_key_with(key, usual_algorithm(key)?)
    }

    /// With a private key and the algorithm that the client is registered for (`token_endpoint_auth_signing_alg`).
    ///
    /// # Errors
    /// As [`from_key`](Self::from_key), and where key and algorithm do not fit.
    pub fn from_key_with(key: &Jwk, alg: SignatureAlgorithm) -> Result<Self> {
        if key.is_symmetric() {
            return Err(shared_secret());
        }
        Ok(Self::new(SigningKey::new(key, alg).map_err(not_signed)?))
    }

    /// With a private key in PEM, as [`from_key`](Self::from_key). PEM names no key: see [`kid`](Self::kid). One that a password
    /// protects is read by [`Jwk::from_encrypted_pem`] first.
    ///
    /// # Errors
    /// As [`from_key`](Self::from_key), and where the text holds no private key or an encrypted one.
    pub fn from_pem(pem: &str) -> Result<Self> {
        Self::from_key(&read_pem(pem)?)
    }

    /// As [`from_pem`](Self::from_pem), by this algorithm.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem), and where key and algorithm do not fit.
    pub fn from_pem_with(pem: &str, alg: SignatureAlgorithm) -> Result<Self> {
        Self::from_key_with(&read_pem(pem)?, alg)
    }

    /// The header's `kid`, in the place of the key's own.
    #[must_use]
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.assertion.kid = Some(kid.into());
        self.assertion.ready = std::sync::OnceLock::new();
        self
    }

    assertion_methods!();

    fn check_algorithm(&self) -> Result<()> {
        if self.signer.algorithm().is_symmetric() { Err(shared_secret()) } else { Ok(()) }
    }
}

impl ClientAuth for PrivateKeyJwt {
    fn method(&self) -> &str {
        "private_key_jwt"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.check_algorithm()?;
            self.assertion.authenticate(&*self.signer, draft, context).await
        })
    }

    fn needs_reactor(&self) -> bool {
        self.signer.needs_reactor()
    }

    fn algorithm(&self) -> Option<SignatureAlgorithm> {
        Some(self.signer.algorithm())
    }

    fn has_own_audience(&self) -> bool {
        self.assertion.audience.is_some()
    }

    fn check(&self) -> Result<()> {
        self.check_algorithm()?;
        self.assertion.check()
    }

    fn explain(&self, error: &mut ServerError) {
        explain(
            error,
            "look at what the server takes as the assertion's aud (audience), at the public key, kid and alg that are registered there, and at this machine's clock",
        );
    }
}

impl std::fmt::Debug for PrivateKeyJwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKeyJwt")
            .field("alg", &self.signer.algorithm())
            .field("key_id", &self.signer.key_id())
            .field("assertion", &self.assertion)
            .finish_non_exhaustive()
    }
}

/// The algorithm of a key that was chosen for none in particular.
pub(crate) fn usual_algorithm(key: &Jwk) -> Result<SignatureAlgorithm> {
    if let Some(alg) = key.alg() {
        return SignatureAlgorithm::from_name(alg).ok_or_else(|| {
            Error::config(
                format!("the client's key is for {}, which signs nothing", crate::error::Excerpt(alg)),
                "hand over the client's key for signatures",
            )
        });
    }
    match (key.key_type(), key.curve()) {
        ("RSA", _) => Ok(SignatureAlgorithm::Rs256),
        (_, Some(Curve::P256)) => Ok(SignatureAlgorithm::Es256),
        (_, Some(Curve::P384)) => Ok(SignatureAlgorithm::Es384),
        (_, Some(Curve::P521)) => Ok(SignatureAlgorithm::Es512),
        (_, Some(Curve::Secp256k1)) => Ok(SignatureAlgorithm::Es256k),
        (_, Some(Curve::Ed25519 | Curve::Ed448)) => Ok(SignatureAlgorithm::EdDsa),
        (_, Some(curve)) => Err(Error::config(
            format!("the client's key is on {curve}, which signs nothing"),
            "use an RSA key, or one on P-256, P-384, P-521, secp256k1, Ed25519 or Ed448",
        )),
        _ => Err(shared_secret()),
    }
}

pub(crate) fn read_pem(pem: &str) -> Result<Jwk> {
    Jwk::from_pem(pem).map_err(|error| {
        Error::config(
            format!("the client's key can't be read: {error}"),
            "hand over an unencrypted private key in PEM, of RSA, an elliptic curve or Ed25519",
        )
    })
}

fn shared_secret() -> Error {
    Error::config("private_key_jwt can't sign with a shared secret", "use ClientSecretJwt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantee_jose::KeyKind;

    fn usual(curve: Curve) -> &'static str {
        usual_algorithm(&Jwk::generate(KeyKind::Curve(curve)).unwrap()).unwrap().name()
    }

    #[test]
    fn the_algorithm_is_the_one_the_key_names_else_the_usual_one_of_its_kind() {
        assert_eq!(usual(Curve::P256), "ES256");
        assert_eq!(usual(Curve::P384), "ES384");
        assert_eq!(usual(Curve::P521), "ES512");
        assert_eq!(usual(Curve::Secp256k1), "ES256K");
        assert_eq!(usual(Curve::Ed25519), "EdDSA");
        let rsa = Jwk::generate(KeyKind::Rsa(2048)).unwrap();
        assert_eq!(usual_algorithm(&rsa).unwrap(), SignatureAlgorithm::Rs256);
        assert_eq!(usual_algorithm(&rsa.with_alg("PS384")).unwrap(), SignatureAlgorithm::Ps384);
        let edwards = Jwk::generate(KeyKind::Curve(Curve::Ed25519)).unwrap().with_alg("Ed25519");
        assert_eq!(usual_algorithm(&edwards).unwrap(), SignatureAlgorithm::Ed25519);
    }

    #[test]
    fn a_key_that_can_t_sign_is_refused_with_the_reason() {
        let refused = |key: &Jwk| match PrivateKeyJwt::from_key(key) {
            Err(Error::Config(error)) => error.message,
            other => panic!("{other:?}"),
        };
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap();
        assert!(refused(&key.public().unwrap()).contains("private"), "{}", refused(&key.public().unwrap()));
        assert!(refused(&key.clone().with_alg("ECDH-ES")).contains("ECDH-ES"));
        assert!(refused(&key.clone().with_alg("ES384")).contains("ES384"));
        assert!(refused(&key.with_use("enc")).contains("use"));
        assert!(refused(&Jwk::oct([1; 32])).contains("shared secret"));
        assert!(refused(&Jwk::generate(KeyKind::Curve(Curve::X25519)).unwrap()).contains("X25519"));
    }

    #[test]
    fn debug_shows_algorithm_and_name_of_the_key_alone() {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("k1");
        let shown = format!("{:?}", PrivateKeyJwt::from_key(&key).unwrap());
        let d = key.to_value()["d"].as_str().unwrap().to_owned();
        assert!(shown.contains("Es256") && shown.contains("k1") && !shown.contains(&d), "{shown}");
    }
}
