//! RSA: [RFC 5849 section 3.4.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.3), RSASSA-PKCS1-v1_5, and the same by SHA-2, as
//! servers have it since.

use super::{Secrets, SignatureMethod};
use crate::error::{Error, Result};
use crate::ports::BoxFuture;
use aws_lc_rs::digest;
use grantee_jose::base64url::encode_standard;
use grantee_jose::signer::Inline;
use grantee_jose::{BlockingSigner, ErrorKind, Jwk, SignatureAlgorithm, Signer, SigningKey};
use std::sync::Arc;

macro_rules! rsa_method {
    ($(#[$doc:meta])* $type:ident, $name:literal, $alg:path, $digest:path) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type(Arc<dyn Signer>);

        impl $type {
            #[doc = concat!("With a signer of ", stringify!($alg), ", which is the same signature: the key may live in a KMS or an HSM.")]
            ///
            /// # Errors
            /// [`Error::Config`] for a signer of another algorithm.
            pub fn new(signer: impl Signer + 'static) -> Result<Self> {
                let signer: Arc<dyn Signer> = Arc::new(signer);
                right_algorithm(&*signer, $alg, $name).map(|()| Self(signer))
            }

            /// As [`new`](Self::new), holding the calling thread.
            ///
            /// # Errors
            /// As [`new`](Self::new).
            pub fn blocking(signer: impl BlockingSigner + 'static) -> Result<Self> {
                Self::new(Inline(signer))
            }

            /// With a private RSA key.
            ///
            /// # Errors
            /// [`Error::Config`] when it is no such key, or has fewer than 2048 bits.
            pub fn from_key(key: &Jwk) -> Result<Self> {
                Self::new(SigningKey::new(key, $alg).map_err(not_signed)?)
            }

            /// With a private RSA key in PEM.
            ///
            /// # Errors
            /// As [`from_key`](Self::from_key).
            pub fn from_pem(pem: &str) -> Result<Self> {
                Self::from_key(&Jwk::from_pem(pem).map_err(not_signed)?)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }

        impl SignatureMethod for $type {
            fn name(&self) -> &str {
                $name
            }

            fn sign<'a>(&'a self, base_string: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
                Box::pin(async move {
                    Ok(encode_standard(self.0.sign(base_string.as_bytes()).await.map_err(not_signed)?))
                })
            }

            fn body_hash(&self, body: &[u8]) -> Option<String> {
                Some(encode_standard(digest::digest(&$digest, body)))
            }

            fn needs_reactor(&self) -> bool {
                self.0.needs_reactor()
            }
        }
    };
}

rsa_method!(
    /// `RSA-SHA256`.
    RsaSha256,
    "RSA-SHA256",
    SignatureAlgorithm::Rs256,
    digest::SHA256
);
rsa_method!(
    /// `RSA-SHA512`.
    RsaSha512,
    "RSA-SHA512",
    SignatureAlgorithm::Rs512,
    digest::SHA512
);

fn right_algorithm(signer: &dyn Signer, wanted: SignatureAlgorithm, name: &str) -> Result<()> {
    if signer.algorithm() == wanted {
        return Ok(());
    }
    Err(Error::config(
        format!("{name} is signed by {wanted}, and the signer is of {}", signer.algorithm()),
        "hand over a signer of that algorithm",
    ))
}

fn not_signed(error: grantee_jose::Error) -> Error {
    if error.kind() == ErrorKind::External {
        return Error::Callback { what: "OAuth 1.0 signature", source: Arc::new(error) };
    }
    Error::config(format!("the request can't be signed: {error}"), "use a private RSA key of 2048 bits or more")
}

#[cfg(feature = "rsa-sha1")]
pub use sha1::RsaSha1;

#[cfg(feature = "rsa-sha1")]
mod sha1 {
    use super::*;
    use ::rsa::pkcs1::DecodeRsaPrivateKey as _;
    use ::rsa::pkcs8::DecodePrivateKey as _;
    use ::rsa::traits::PublicKeyParts as _;
    use ::rsa::{Pkcs1v15Sign, RsaPrivateKey};
    use ::sha1::{Digest as _, Sha1};

    /// `RSA-SHA1`, for servers that know nothing better. aws-lc does not sign so; the crate that does is not known to take the
    /// same time whatever the key (RUSTSEC-2023-0071), which is why it stands behind a feature. Keys of 1024 bits are taken, as
    /// such servers have them.
    #[derive(Clone)]
    pub struct RsaSha1(Arc<RsaPrivateKey>);

    impl RsaSha1 {
        /// With a private RSA key in PEM, PKCS#1 or PKCS#8.
        ///
        /// # Errors
        /// [`Error::Config`] when it is no such key, or has fewer than 1024 bits.
        pub fn from_pem(pem: &str) -> Result<Self> {
            let refused = |why: &str| {
                Error::config(
                    format!("the RSA key can't be used: {why}"),
                    "hand over an unencrypted private key in PEM",
                )
            };
            let key = RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem));
            let key = key.map_err(|_| refused("it is no private RSA key in PEM"))?;
            if key.size() < 128 {
                return Err(refused("it has fewer than 1024 bits"));
            }
            Ok(Self(Arc::new(key)))
        }
    }

    impl std::fmt::Debug for RsaSha1 {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("RsaSha1(..)")
        }
    }

    impl SignatureMethod for RsaSha1 {
        fn name(&self) -> &str {
            "RSA-SHA1"
        }

        fn sign<'a>(&'a self, base_string: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
            let signed = Sha1::digest(base_string.as_bytes());
            // With chance, what is timed says nothing about the key.
            let signature = self.0.sign_with_rng(&mut ::rsa::rand_core::OsRng, Pkcs1v15Sign::new::<Sha1>(), &signed);
            let signature = signature
                .map(encode_standard)
                .map_err(|_| Error::config("the RSA key can't sign", "look at the key: it may be damaged"));
            Box::pin(std::future::ready(signature))
        }

        fn body_hash(&self, body: &[u8]) -> Option<String> {
            Some(encode_standard(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, body)))
        }
    }
}
