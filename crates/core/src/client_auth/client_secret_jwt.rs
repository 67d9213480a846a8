//! `client_secret_jwt`: [OpenID Connect Core section 9](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication),
//! on [RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2).

use super::assertion::{Assertion, assertion_methods, explain, not_signed};
use super::{AuthContext, ClientAuth, Draft};
use crate::Secret;
use crate::error::{Error, Result, ServerError};
use crate::ports::BoxFuture;
use grantee_jose::{SignatureAlgorithm, SigningKey};

/// Shows that the client knows its secret by a JWT that is signed with it: the secret does not travel.
///
/// Each request gets an assertion of its own: `iss` and `sub` are the client, `aud` the issuer (where none is configured, the
/// token endpoint), `jti` is chance, and a minute later it is worthless. The signature is as strong as the secret
/// (OpenID Connect Core section 16.19); [`PrivateKeyJwt`](super::PrivateKeyJwt) needs no shared one.
///
/// ```
/// use grantee_core::client_auth::ClientSecretJwt;
/// use grantee_core::jose::SignatureAlgorithm;
///
/// let method = ClientSecretJwt::new("s3cret").alg(SignatureAlgorithm::Hs512).typ("client-authentication+jwt");
/// ```
#[derive(Debug, Clone)]
pub struct ClientSecretJwt {
    secret: Secret,
    alg: SignatureAlgorithm,
    assertion: Assertion,
}

impl ClientSecretJwt {
    /// With the client's secret; HS256.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self { secret: secret.into(), alg: SignatureAlgorithm::Hs256, assertion: Assertion::default() }
    }

    /// By HS384 or HS512. An algorithm that takes no secret is an error when the client is built.
    #[must_use]
    pub fn alg(mut self, alg: SignatureAlgorithm) -> Self {
        self.alg = alg;
        self.assertion.ready = std::sync::OnceLock::new();
        self
    }

    assertion_methods!();

    fn key(&self) -> Result<SigningKey> {
        if !self.alg.is_symmetric() {
            return Err(Error::config(
                format!("client_secret_jwt can't sign by {}", self.alg),
                "use HS256, HS384 or HS512; for a private key use PrivateKeyJwt",
            ));
        }
        // The octets of its UTF-8 form are the key (OpenID Connect Core section 9).
        SigningKey::from_secret(self.secret.reveal().as_bytes(), self.alg).map_err(not_signed)
    }
}

impl ClientAuth for ClientSecretJwt {
    fn method(&self) -> &str {
        "client_secret_jwt"
    }

    fn authenticate<'a>(&'a self, draft: &'a mut Draft, context: AuthContext<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.assertion.authenticate(&self.key()?, draft, context).await })
    }

    fn check(&self) -> Result<()> {
        self.key()?;
        self.assertion.check()
    }

    fn explain(&self, error: &mut ServerError) {
        explain(
            error,
            "look at what the server takes as the assertion's aud (audience), at its alg (alg), and at this machine's clock",
        );
    }
}
