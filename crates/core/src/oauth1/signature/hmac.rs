//! HMAC: [RFC 5849 section 3.4.2](https://www.rfc-editor.org/rfc/rfc5849#section-3.4.2), and the same by SHA-2, as servers have it
//! since.

use super::{Secrets, SignatureMethod};
use crate::error::Result;
use crate::ports::BoxFuture;
use aws_lc_rs::{digest, hmac};
use grantee_jose::base64url::encode_standard;
use std::sync::Arc;

/// HMAC with a key that is ready.
struct Keyed {
    name: &'static str,
    key: hmac::Key,
}

impl SignatureMethod for Keyed {
    fn name(&self) -> &str {
        self.name
    }

    fn sign<'a>(&'a self, base_string: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
        let signature = encode_standard(hmac::sign(&self.key, base_string.as_bytes()));
        Box::pin(std::future::ready(Ok(signature)))
    }
}

macro_rules! hmac_method {
    ($(#[$doc:meta])* $type:ident, $name:literal, $hmac:path, $digest:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $type;

        impl SignatureMethod for $type {
            fn name(&self) -> &str {
                $name
            }

            fn sign<'a>(&'a self, base_string: &'a str, secrets: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
                let key = hmac::Key::new($hmac, secrets.joined().as_bytes());
                let signature = encode_standard(hmac::sign(&key, base_string.as_bytes()));
                Box::pin(std::future::ready(Ok(signature)))
            }

            fn with_secrets(&self, secrets: Secrets<'_>) -> Option<Arc<dyn SignatureMethod>> {
                Some(Arc::new(Keyed { name: $name, key: hmac::Key::new($hmac, secrets.joined().as_bytes()) }))
            }

            fn body_hash(&self, body: &[u8]) -> Option<String> {
                Some(encode_standard(digest::digest(&$digest, body)))
            }
        }
    };
}

hmac_method!(
    /// `HMAC-SHA1`: what nearly every server knows.
    HmacSha1,
    "HMAC-SHA1",
    hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
    digest::SHA1_FOR_LEGACY_USE_ONLY
);
hmac_method!(
    /// `HMAC-SHA256`: the better choice where the server has it.
    HmacSha256,
    "HMAC-SHA256",
    hmac::HMAC_SHA256,
    digest::SHA256
);
hmac_method!(
    /// `HMAC-SHA512`.
    HmacSha512,
    "HMAC-SHA512",
    hmac::HMAC_SHA512,
    digest::SHA512
);
