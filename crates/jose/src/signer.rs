//! Keys that live elsewhere: a KMS, an HSM, an agent. Ours implement the same traits.
//!
//! [`Signer`] and [`Decrypter`] are for async programs, [`BlockingSigner`] and [`BlockingDecrypter`] for the others;
//! [`Inline`] makes one of the former of one of the latter. The suites in [`contract`](crate::contract) tell whether an
//! implementation keeps to them.

use crate::error::Result;
use crate::jwk::Jwk;
use crate::{ContentEncryption, KeyAlgorithm, SignatureAlgorithm, jwe};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Bytes that are wiped when they are dropped: what a [`Decrypter`] hands over.
pub use zeroize::Zeroizing;

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Signs by one algorithm with one key.
pub trait Signer: Send + Sync {
    /// The algorithm it signs by.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The `kid` for the header of what it signs.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// The public key, where it is known: what proofs of possession show.
    fn public_key(&self) -> Option<&Jwk> {
        None
    }

    /// Signs `data`: the signature as a JWS carries it, so ECDSA as two numbers of fixed length (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// [`ErrorKind::External`](crate::ErrorKind::External) when the key can't be reached or used.
    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>>;

    /// Whether its future needs an async runtime to make progress. A blocking program can't use one that does.
    fn needs_reactor(&self) -> bool {
        true
    }
}

/// As [`Signer`], holding the calling thread.
pub trait BlockingSigner: Send + Sync {
    /// The algorithm it signs by.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The `kid` for the header of what it signs.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// The public key, where it is known.
    fn public_key(&self) -> Option<&Jwk> {
        None
    }

    /// Signs `data`, as [`Signer::sign`] does.
    ///
    /// # Errors
    /// [`ErrorKind::External`](crate::ErrorKind::External) when the key can't be reached or used.
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>>;
}

/// What a recipient gets of a JWE, to unwrap the content key from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct WrappedKey<'a> {
    /// How it is wrapped. One of [`Decrypter::algorithms`], else the decrypter is not asked.
    pub algorithm: KeyAlgorithm,
    /// What the content key is for, which tells its length.
    pub encryption: ContentEncryption,
    /// The wrapped key; empty for `dir` and `ECDH-ES`.
    pub encrypted_key: &'a [u8],
    /// The header that holds for this recipient: `epk`, `apu`, `apv`, `iv`, `tag`, `p2s` and `p2c` where they apply.
    pub header: &'a jwe::Header,
}

/// Unwraps content keys with one key.
pub trait Decrypter: Send + Sync {
    /// What it unwraps; a token with another `alg` is refused before it is asked.
    fn algorithms(&self) -> &[KeyAlgorithm];

    /// The key's `kid`, to be chosen by.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// The content key. A wrong length, or an error, ends in the one error of decryption.
    ///
    /// # Errors
    /// Any; the caller of the decryption learns no more than that there was one.
    fn unwrap_key<'a>(&'a self, wrapped: WrappedKey<'a>) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>>;

    /// Whether its future needs an async runtime to make progress.
    fn needs_reactor(&self) -> bool {
        true
    }
}

/// As [`Decrypter`], holding the calling thread.
pub trait BlockingDecrypter: Send + Sync {
    /// What it unwraps.
    fn algorithms(&self) -> &[KeyAlgorithm];

    /// The key's `kid`.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// The content key, as [`Decrypter::unwrap_key`].
    ///
    /// # Errors
    /// Any.
    fn unwrap_key(&self, wrapped: WrappedKey<'_>) -> Result<Zeroizing<Vec<u8>>>;
}

/// A blocking signer or decrypter where an async one is wanted: it works when it is polled, and holds the thread meanwhile.
#[derive(Debug, Clone)]
pub struct Inline<T>(pub T);

impl<T: BlockingSigner> Signer for Inline<T> {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    fn public_key(&self) -> Option<&Jwk> {
        self.0.public_key()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move { self.0.sign(data) })
    }

    fn needs_reactor(&self) -> bool {
        false
    }
}

impl<T: BlockingDecrypter> Decrypter for Inline<T> {
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

impl<T: Signer + ?Sized> Signer for Arc<T> {
    fn algorithm(&self) -> SignatureAlgorithm {
        (**self).algorithm()
    }

    fn key_id(&self) -> Option<&str> {
        (**self).key_id()
    }

    fn public_key(&self) -> Option<&Jwk> {
        (**self).public_key()
    }

    fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        (**self).sign(data)
    }

    fn needs_reactor(&self) -> bool {
        (**self).needs_reactor()
    }
}

impl<T: Decrypter + ?Sized> Decrypter for Arc<T> {
    fn algorithms(&self) -> &[KeyAlgorithm] {
        (**self).algorithms()
    }

    fn key_id(&self) -> Option<&str> {
        (**self).key_id()
    }

    fn unwrap_key<'a>(&'a self, wrapped: WrappedKey<'a>) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        (**self).unwrap_key(wrapped)
    }

    fn needs_reactor(&self) -> bool {
        (**self).needs_reactor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::signer::check_async;
    use crate::{Curve, KeyKind, SigningKey, VerifyingKey};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn what_is_inline_or_shared_signs_as_what_it_holds_and_waits_for_nothing() {
        let key = Jwk::generate(KeyKind::Curve(Curve::Ed25519)).unwrap().with_kid("1");
        let signer = SigningKey::new(&key, SignatureAlgorithm::Ed25519).unwrap();
        let verifying = VerifyingKey::new(&key, SignatureAlgorithm::Ed25519).unwrap();
        let inline = Inline(signer.clone());
        let shared: Arc<dyn Signer> = Arc::new(signer);
        for signer in [&inline as &dyn Signer, &shared] {
            assert_eq!((signer.key_id(), signer.needs_reactor()), (Some("1"), false));
            assert_eq!(signer.public_key().map(Jwk::thumbprint), Some(key.thumbprint()));
            let suite = pin!(check_async(signer, &verifying));
            assert!(matches!(suite.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(())));
        }
    }
}
