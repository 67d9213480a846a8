//! What jsonwebtoken lacks, by josekit and OpenSSL: encryption, ES512 and ES256K. Behind the feature `oracle`.

#[cfg(feature = "oracle")]
mod decrypt;
#[cfg(feature = "oracle")]
mod encrypt;
#[cfg(feature = "oracle")]
mod josekit;
#[cfg(feature = "oracle")]
pub(crate) use self::{
    decrypt::{decrypted, encryption_keys},
    encrypt::encrypted,
    josekit::{Key, fresh_key, shared_key, verifies},
};

#[cfg(not(feature = "oracle"))]
mod absent;
#[cfg(not(feature = "oracle"))]
pub(crate) use absent::{decrypted, encrypted, encryption_keys, fresh_key, shared_key, verifies};

/// How a JWT is encrypted to a client (OpenID Connect Core 1.0 section 10.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encryption {
    pub(crate) alg: String,
    pub(crate) enc: String,
}

/// What a request object may be encrypted with.
pub(crate) const DECRYPTION_ALGS: [&str; 2] = ["RSA-OAEP-256", "ECDH-ES"];

/// JWS algorithms that need the feature.
pub(crate) const SIGNATURES: [&str; 2] = ["ES512", "ES256K"];

/// Whether this build has the feature.
pub(crate) const PRESENT: bool = cfg!(feature = "oracle");
