//! The algorithms by their registered names: [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518), RFC 8037, RFC 8812 and RFC 9864.

use crate::Curve;
use crate::digest::Digest;
use std::fmt;

macro_rules! names {
    ($(#[$outer:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type { $($(#[$doc])* $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The registered name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one of this registered name; case counts.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        /// The registered name.
        impl From<$type> for String {
            fn from(algorithm: $type) -> Self {
                algorithm.name().to_owned()
            }
        }
    };
}

names! {
    /// The `alg` of a JWS. There is no `none` here: a token without a signature is never verified.
    ///
    /// ```
    /// use grantee_jose::SignatureAlgorithm;
    /// assert_eq!(SignatureAlgorithm::from_name("ES256"), Some(SignatureAlgorithm::Es256));
    /// assert_eq!(SignatureAlgorithm::from_name("none"), None);
    /// ```
    SignatureAlgorithm {
        /// HMAC with SHA-256.
        Hs256 = "HS256",
        /// HMAC with SHA-384.
        Hs384 = "HS384",
        /// HMAC with SHA-512.
        Hs512 = "HS512",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        Rs384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        Rs512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PSS with SHA-384.
        Ps384 = "PS384",
        /// RSASSA-PSS with SHA-512.
        Ps512 = "PS512",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// ECDSA on P-521 with SHA-512.
        Es512 = "ES512",
        /// ECDSA on secp256k1 with SHA-256 (RFC 8812).
        Es256k = "ES256K",
        /// EdDSA on the key's curve (RFC 8037); RFC 9864 deprecates the name in favour of the two below.
        EdDsa = "EdDSA",
        /// EdDSA on Ed25519 (RFC 9864).
        Ed25519 = "Ed25519",
        /// EdDSA on Ed448 (RFC 9864); needs the feature `ed448`.
        Ed448 = "Ed448",
    }
}

impl SignatureAlgorithm {
    /// Whether both sides hold the same secret: `HS256` and its like.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// The digest that OpenID Connect's `at_hash` and `c_hash` use with it, on a key of this curve.
    /// Ed25519 goes with SHA-512 and Ed448 with SHAKE256.
    pub fn digest(self, curve: Option<Curve>) -> Digest {
        match self {
            Self::Hs256 | Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Es256k => Digest::Sha256,
            Self::Hs384 | Self::Rs384 | Self::Ps384 | Self::Es384 => Digest::Sha384,
            Self::Hs512 | Self::Rs512 | Self::Ps512 | Self::Es512 | Self::Ed25519 => Digest::Sha512,
            Self::Ed448 => Digest::Shake256,
            Self::EdDsa if curve == Some(Curve::Ed448) => Digest::Shake256,
            Self::EdDsa => Digest::Sha512,
        }
    }
}

names! {
    /// The `alg` of a JWE: how the content key gets to the recipient. RSA1_5 is not among them: its padding tells tales
    /// (RFC 8725 section 3.2).
    KeyAlgorithm {
        /// RSAES OAEP with SHA-1.
        RsaOaep = "RSA-OAEP",
        /// RSAES OAEP with SHA-256.
        RsaOaep256 = "RSA-OAEP-256",
        /// RSAES OAEP with SHA-384.
        RsaOaep384 = "RSA-OAEP-384",
        /// RSAES OAEP with SHA-512.
        RsaOaep512 = "RSA-OAEP-512",
        /// ECDH-ES, the agreed key used directly.
        EcdhEs = "ECDH-ES",
        /// ECDH-ES, then A128KW.
        EcdhEsA128Kw = "ECDH-ES+A128KW",
        /// ECDH-ES, then A192KW.
        EcdhEsA192Kw = "ECDH-ES+A192KW",
        /// ECDH-ES, then A256KW.
        EcdhEsA256Kw = "ECDH-ES+A256KW",
        /// AES key wrap, 128 bits (RFC 3394).
        A128Kw = "A128KW",
        /// AES key wrap, 192 bits.
        A192Kw = "A192KW",
        /// AES key wrap, 256 bits.
        A256Kw = "A256KW",
        /// AES GCM key wrap, 128 bits.
        A128GcmKw = "A128GCMKW",
        /// AES GCM key wrap, 192 bits.
        A192GcmKw = "A192GCMKW",
        /// AES GCM key wrap, 256 bits.
        A256GcmKw = "A256GCMKW",
        /// A shared content key.
        Dir = "dir",
        /// A password: PBES2 with HMAC SHA-256, then A128KW.
        Pbes2Hs256A128Kw = "PBES2-HS256+A128KW",
        /// A password: PBES2 with HMAC SHA-384, then A192KW.
        Pbes2Hs384A192Kw = "PBES2-HS384+A192KW",
        /// A password: PBES2 with HMAC SHA-512, then A256KW.
        Pbes2Hs512A256Kw = "PBES2-HS512+A256KW",
    }
}

names! {
    /// The `enc` of a JWE: how the content is encrypted.
    ContentEncryption {
        /// AES-CBC with HMAC, 128 and 256 bits.
        A128CbcHs256 = "A128CBC-HS256",
        /// AES-CBC with HMAC, 192 and 384 bits.
        A192CbcHs384 = "A192CBC-HS384",
        /// AES-CBC with HMAC, 256 and 512 bits.
        A256CbcHs512 = "A256CBC-HS512",
        /// AES GCM, 128 bits.
        A128Gcm = "A128GCM",
        /// AES GCM, 192 bits.
        A192Gcm = "A192GCM",
        /// AES GCM, 256 bits.
        A256Gcm = "A256GCM",
    }
}

impl ContentEncryption {
    /// Bytes of content key.
    pub fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_and_case_counts() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::from_name(algorithm.name()), Some(*algorithm));
        }
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(KeyAlgorithm::from_name(algorithm.name()), Some(*algorithm));
        }
        for encryption in ContentEncryption::ALL {
            assert_eq!(ContentEncryption::from_name(encryption.name()), Some(*encryption));
        }
        for name in ["none", "rs256", "RSA1_5", "", "HS256 "] {
            assert_eq!((SignatureAlgorithm::from_name(name), KeyAlgorithm::from_name(name)), (None, None));
        }
    }
}
