//! Encrypted tokens: [RFC 7516](https://www.rfc-editor.org/rfc/rfc7516), with the algorithms of
//! [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518) sections 4 and 5 and RFC 8037.
//!
//! ```text
//!   token ──> Message ──> recipients that the key may be ──> content key, or a random one ──> plaintext, or one error
//!             shape, alg, enc, crit, zip, p2c: told apart    DecryptionKey, or your Decrypter
//! ```
//!
//! What can be judged without a key is judged first, and its errors say what is wrong. Once a key is used there is one
//! error, [`ErrorKind::Decryption`], and one way through: a content key that can't be
//! unwrapped, or has the wrong length, is replaced by a random one, and the content is tried with it (RFC 7516 section
//! 11.5).
//!
//! Encryption under a public key says nothing about the sender. A signature inside does.
//!
//! | file | what | specification |
//! |---|---|---|
//! | `compact`, `json_form` | the two serializations | RFC 7516 section 7 |
//! | `header` | header parameters, `crit` | RFC 7516 section 4 |
//! | `message` | from a parsed token to the plaintext | RFC 7516 section 5.2 |
//! | `key` | keys and what binds them | RFC 7517 section 4, RFC 7518 section 4.1 |
//! | `rsa_oaep`, `ecdh_es`, `x448`, `aes_kw`, `aes_gcm_kw`, `dir`, `pbes2` | key management, a family each | RFC 7518 section 4, RFC 8037 |
//! | `content` | the six `enc` | RFC 7518 section 5 |
//! | `zip` | DEFLATE, bounded | RFC 7516 section 4.1.3 |

mod aes_gcm_kw;
mod aes_kw;
mod compact;
mod content;
mod dir;
mod ecdh_es;
mod header;
mod json_form;
mod key;
mod message;
mod pbes2;
mod rsa_oaep;
pub(crate) mod x448;
mod zip;

pub use crate::jws::Header;
pub use json_form::{Parts, Recipient, encrypt_json};
pub use key::{DecryptionKey, EncryptionKey};

use crate::error::{Error, ErrorKind, Result};
use crate::signer::{BlockingDecrypter, BoxFuture, Decrypter, WrappedKey};
use crate::{ContentEncryption, KeyAlgorithm};
use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use zeroize::Zeroizing;

/// What is allowed when decrypting. The `alg` is the key's to allow.
///
/// ```
/// use grantee_jose::{ContentEncryption, jwe};
///
/// let mut options = jwe::Options::default();
/// options.encryptions = vec![ContentEncryption::A256Gcm];
/// assert!(!options.zip);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The `enc` that are allowed; all six when empty.
    pub encryptions: Vec<ContentEncryption>,
    /// Whether a compressed plaintext (`zip`) is allowed. Off by default: what is compressed with a secret tells of the
    /// secret by its length (RFC 8725 section 3.6).
    pub zip: bool,
    /// The longest token, in bytes; 256 KiB by default.
    pub max_token: usize,
    /// The longest plaintext, in bytes, after decompression; 256 KiB by default.
    pub max_plaintext: usize,
    /// The most PBES2 iterations that a token may ask for, over all its recipients that the key may be; 620,000 by
    /// default, about half a second.
    pub max_p2c: u32,
    /// The header parameters that the caller understands, for `crit`.
    pub understood: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encryptions: Vec::new(),
            zip: false,
            max_token: 256 * 1024,
            max_plaintext: 256 * 1024,
            max_p2c: 620_000,
            understood: Vec::new(),
        }
    }
}

/// What was decrypted. Whoever knows the public key can have made it.
#[non_exhaustive]
pub struct Decrypted {
    /// The header that holds for the recipient, of all its parts.
    pub header: Header,
    /// The part of the header that is integrity protected; all of it in a compact token.
    pub protected: Header,
    /// The additional authenticated data of a JSON token.
    pub aad: Vec<u8>,
    /// Which of the recipients it was for, from 0.
    pub recipient: usize,
    /// The `alg` that was used.
    pub algorithm: KeyAlgorithm,
    /// The `enc` that was used.
    pub encryption: ContentEncryption,
    /// The plaintext, wiped on drop.
    pub plaintext: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Decrypts a compact token.
///
/// # Errors
/// Before the key is used: [`ErrorKind::Malformed`] for its shape, [`ErrorKind::TooLarge`], [`ErrorKind::Unsupported`] for
/// an unknown algorithm and for RSA1_5, [`ErrorKind::NotAllowed`] for one that the key or the options don't have and for
/// `zip`, [`ErrorKind::Critical`], [`ErrorKind::NoKey`] when `kid` names another key. After that
/// [`ErrorKind::Decryption`] whatever is wrong; and when all was authentic, [`ErrorKind::TooLarge`] or
/// [`ErrorKind::Malformed`] for a plaintext that is too long or not DEFLATE.
pub async fn decrypt(token: &str, key: &dyn Decrypter, options: &Options) -> Result<Decrypted> {
    compact::parse(token, options.max_token)?.decrypt(key, options).await
}

/// As [`decrypt`], holding the calling thread.
///
/// # Errors
/// As [`decrypt`].
pub fn decrypt_blocking(token: &str, key: &dyn BlockingDecrypter, options: &Options) -> Result<Decrypted> {
    at_once(decrypt(token, &Blocking(key), options))
}

/// Decrypts a token of the JSON serialization, flattened or general. The recipients that the key may be by `kid` and `alg`
/// are tried in turn; at most 32 are looked at.
///
/// # Errors
/// As [`decrypt`] for a single recipient; [`ErrorKind::NoKey`] when the key fits none of several.
pub async fn decrypt_json(token: &str, key: &dyn Decrypter, options: &Options) -> Result<Decrypted> {
    json_form::parse(token, options.max_token)?.decrypt(key, options).await
}

/// As [`decrypt_json`], holding the calling thread.
///
/// # Errors
/// As [`decrypt_json`].
pub fn decrypt_json_blocking(token: &str, key: &dyn BlockingDecrypter, options: &Options) -> Result<Decrypted> {
    at_once(decrypt_json(token, &Blocking(key), options))
}

/// Encrypts as a compact token. The header gets `alg`, `enc`, what the algorithm needs, and `kid` where the key has one
/// and the header none. `apu` and `apv` in the header are used; a `zip` of `DEF` compresses.
///
/// # Errors
/// [`ErrorKind::NotAllowed`] when the header says other than the key, [`ErrorKind::Key`] when the key does not fit the
/// `enc`, [`ErrorKind::Unsupported`] for another `zip`.
pub fn encrypt(
    header: &Header,
    plaintext: &[u8],
    key: &EncryptionKey,
    encryption: ContentEncryption,
) -> Result<String> {
    header::check_own(header, key.algorithm(), encryption)?;
    let (content_key, wrapped) = json_form::content_key_for(key, encryption, header, None, 1)?;
    let mut protected = header.to_object();
    protected.insert("enc".to_owned(), encryption.name().into());
    json_form::name_key(&mut protected, header, key);
    protected.extend(wrapped.parameters);
    let protected = json_form::encode_map(&protected)?;
    let compressed = if header::wants_zip(header)? { Some(zip::deflate(plaintext)) } else { None };
    let plaintext = compressed.as_ref().map_or(plaintext, |compressed| compressed);
    let (iv, sealed) = content::seal(encryption, &content_key, protected.as_bytes(), plaintext)?;
    let parts = [&wrapped.encrypted_key, &iv, &sealed.ciphertext, &sealed.tag].map(crate::base64url::encode);
    Ok(format!("{protected}.{}", parts.join(".")))
}

/// The header of a compact token of at most 256 KiB, not verified: for choosing the key by its `kid`.
///
/// # Errors
/// [`ErrorKind::Malformed`] or [`ErrorKind::TooLarge`] when it is no compact JWE.
pub fn peek_header(token: &str) -> Result<Header> {
    compact::header(token, Options::default().max_token)
}

/// The content key from the shared secret (`Z`) of an ECDH-ES agreement: derived, and unwrapped for `ECDH-ES+A128KW` and
/// its like. A [`Decrypter`] over an HSM does the agreement with the `epk` of the header there, and the rest with this.
///
/// # Errors
/// [`ErrorKind::Key`] for another algorithm, [`ErrorKind::Decryption`] when the key can't be unwrapped,
/// [`ErrorKind::Malformed`] for a header without a proper `epk`.
///
/// [RFC 7518 section 4.6.2](https://www.rfc-editor.org/rfc/rfc7518#section-4.6.2)
pub fn ecdh_es_key(shared_secret: &[u8], wrapped: &WrappedKey<'_>) -> Result<Zeroizing<Vec<u8>>> {
    ecdh_es::unwrap(shared_secret, wrapped)
}

impl<'a> WrappedKey<'a> {
    /// What a decrypter would be given; for tests of one.
    pub fn new(
        algorithm: KeyAlgorithm,
        encryption: ContentEncryption,
        encrypted_key: &'a [u8],
        header: &'a Header,
    ) -> Self {
        Self { algorithm, encryption, encrypted_key, header }
    }
}

/// A blocking decrypter where the one implementation wants the other.
pub(crate) struct Blocking<'a>(pub(crate) &'a dyn BlockingDecrypter);

impl Decrypter for Blocking<'_> {
    fn algorithms(&self) -> &[KeyAlgorithm] {
        self.0.algorithms()
    }

    fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    fn unwrap_key<'a>(&'a self, wrapped: WrappedKey<'a>) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        Box::pin(async move { self.0.unwrap_key(wrapped) })
    }

    fn needs_reactor(&self) -> bool {
        false
    }
}

/// A future that waits for nothing is done when it is polled.
fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(Error::new(ErrorKind::External, "a blocking decrypter does not wait", "")),
    }
}
