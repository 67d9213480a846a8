//! A shared content key: [RFC 7518 section 4.5](https://www.rfc-editor.org/rfc/rfc7518#section-4.5).

use crate::ContentEncryption;
use crate::jwk::SecretBytes;

/// The key itself, if it has the length that the `enc` wants.
pub(super) fn content_key(secret: &SecretBytes, encryption: ContentEncryption) -> Option<SecretBytes> {
    (secret.len() == encryption.key_len()).then(|| secret.clone())
}
