//! RSA: [RFC 5849 section 3.4.3](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.3), RSASSA-PKCS1-v1_5, and the same by SHA-2, as
//! servers have it since.

#[cfg(feature = "rsa-sha1")]
mod legacy;
#[cfg(feature = "rsa-sha1")]
mod sha1;

#[cfg(feature = "rsa-sha1")]
pub use sha1::RsaSha1;

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

            /// With a private RSA key in PEM, PKCS#1 or PKCS#8. With the feature `rsa-sha1` keys of 1024 bits or more are taken
            /// here, as servers have them that have not been looked after.
            ///
            /// # Errors
            /// [`Error::Config`] when it is no such key.
            pub fn from_pem(pem: &str) -> Result<Self> {
                match Jwk::from_pem(pem) {
                    Ok(key) => Self::from_key(&key),
                    #[cfg(feature = "rsa-sha1")]
                    Err(error) => Self::blocking(legacy::LegacySigner::from_pem(pem, $alg, &error)?),
                    #[cfg(not(feature = "rsa-sha1"))]
                    Err(error) => Err(not_signed(error)),
                }
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
