//! Signature methods: [RFC 5849 section 3.4](https://www.rfc-editor.org/rfc/rfc5849#section-3.4). One file a family; a method of
//! your own is usable wherever ours are.

mod hmac;
mod plaintext;
mod rsa;

pub use hmac::{HmacSha1, HmacSha256, HmacSha512};
pub use plaintext::Plaintext;
#[cfg(feature = "rsa-sha1")]
pub use rsa::RsaSha1;
pub use rsa::{RsaSha256, RsaSha512};

use super::percent_encoding::{ascii, encode_into};
use crate::Secret;
use crate::error::Result;
use crate::ports::BoxFuture;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Makes the value of `oauth_signature`.
///
/// ```
/// use grantee_core::oauth1::{Secrets, SignatureMethod};
/// use grantee_core::{Result, ports::BoxFuture};
///
/// /// A method that only one server knows.
/// struct Reversed;
///
/// impl SignatureMethod for Reversed {
///     fn name(&self) -> &str {
///         "X-REVERSED"
///     }
///     fn sign<'a>(&'a self, base_string: &'a str, _: Secrets<'a>) -> BoxFuture<'a, Result<String>> {
///         Box::pin(async move { Ok(base_string.chars().rev().collect()) })
///     }
/// }
/// ```
pub trait SignatureMethod: Send + Sync {
    /// The value of `oauth_signature_method`.
    fn name(&self) -> &str;

    /// The signature of a base string, not encoded.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the key can't sign.
    fn sign<'a>(&'a self, base_string: &'a str, secrets: Secrets<'a>) -> BoxFuture<'a, Result<String>>;

    /// This method with a key made of these secrets, where making one takes its time. [`Signing`](super::Signing) keeps it while the
    /// secrets stay the same; it gets the same ones again at each [`sign`](Self::sign).
    fn with_secrets(&self, _: Secrets<'_>) -> Option<Arc<dyn SignatureMethod>> {
        None
    }

    /// The digest of a body that is no form, for `oauth_body_hash`; `None` where the method has none.
    fn body_hash(&self, _: &[u8]) -> Option<String> {
        None
    }

    /// Whether it shows the secrets themselves, so that nobody on the way may read them.
    fn needs_tls(&self) -> bool {
        false
    }

    /// Whether its future needs an async runtime to make progress. A blocking client refuses such a method.
    fn needs_reactor(&self) -> bool {
        false
    }
}

/// The shared secrets of client and server.
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'a> {
    /// The client's.
    pub client: &'a Secret,
    /// That of the temporary or token credentials; none where the client acts for itself.
    pub token: Option<&'a Secret>,
}

impl Secrets<'_> {
    /// Both, encoded and joined (section 3.4.2).
    pub fn joined(self) -> Zeroizing<String> {
        let token = self.token.map(Secret::reveal).unwrap_or_default();
        // Room for every byte encoded, so that nothing of them is left behind in a buffer that was outgrown.
        let mut key = Zeroizing::new(Vec::with_capacity(3 * (self.client.reveal().len() + token.len()) + 1));
        encode_into(self.client.reveal(), &mut key);
        key.push(b'&');
        encode_into(token, &mut key);
        Zeroizing::new(ascii(std::mem::take(&mut key)))
    }
}
