//! What every [`Decrypter`] and [`BlockingDecrypter`] keeps to.
//!
//! ```
//! use grantee_jose::contract::decrypter;
//! use grantee_jose::{Curve, DecryptionKey, EncryptionKey, Jwk, KeyKind};
//!
//! let key = Jwk::generate(KeyKind::Curve(Curve::P256))?;
//! let mine = DecryptionKey::any(&key)?; // or the one that asks your HSM
//! decrypter::check(&mine, &|algorithm| EncryptionKey::new(&key, algorithm));
//! # Ok::<(), grantee_jose::Error>(())
//! ```

use crate::error::{Error, ErrorKind, Result};
use crate::jwe::{self, Blocking, Header, Options};
use crate::signer::{BlockingDecrypter, Decrypter, WrappedKey};
use crate::{ContentEncryption, EncryptionKey, KeyAlgorithm, base64url};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const PLAINTEXT: &[u8] = b"plaintext of the contract";

/// Makes the key that encrypts for the decrypter by an algorithm.
pub type Counterpart<'a> = dyn Fn(KeyAlgorithm) -> Result<EncryptionKey> + Send + Sync + 'a;

/// Runs the suite over a decrypter that holds its thread.
///
/// # Panics
/// With the rule that was broken.
pub fn check(decrypter: &dyn BlockingDecrypter, counterpart: &Counterpart<'_>) {
    let Poll::Ready(()) =
        pin!(check_async(&Blocking(decrypter), counterpart)).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("a blocking decrypter does not wait");
    };
}

/// Runs the suite over an async decrypter, in the runtime that it needs.
///
/// # Panics
/// With the rule that was broken.
pub async fn check_async(decrypter: &dyn Decrypter, counterpart: &Counterpart<'_>) {
    let algorithms = decrypter.algorithms().to_vec();
    let key_id = decrypter.key_id().map(str::to_owned);
    assert!(!algorithms.is_empty(), "a decrypter serves an algorithm");
    for (index, algorithm) in algorithms.iter().enumerate() {
        assert!(!algorithms[..index].contains(algorithm), "a decrypter names {algorithm} once");
    }
    for algorithm in algorithms.iter().copied() {
        let key = counterpart(algorithm).expect("the counterpart serves every algorithm of the decrypter");
        let mut served = 0;
        for encryption in ContentEncryption::ALL.iter().copied() {
            // A shared content key fits the `enc` of its length alone.
            let token = match jwe::encrypt(&Header::new(), PLAINTEXT, &key, encryption) {
                Ok(token) => token,
                Err(error) if algorithm == KeyAlgorithm::Dir && error.kind() == ErrorKind::Key => continue,
                Err(error) => panic!("the counterpart encrypts for {algorithm} and {encryption}: {error}"),
            };
            of_token(decrypter, &token, algorithm, encryption).await;
            served += 1;
        }
        assert!(served > 0, "a key for {algorithm} fits some enc");
        let parameters_missing = Header::new().with("alg", algorithm.name());
        // Only that it comes back: what the header lacks may be nothing to this algorithm.
        let _ = decrypter
            .unwrap_key(WrappedKey::new(algorithm, ContentEncryption::A128Gcm, b"", &parameters_missing))
            .await;
    }
    let refused = KeyAlgorithm::ALL.iter().copied().filter(|algorithm| !algorithms.contains(algorithm));
    for algorithm in refused {
        let header = Header::new().with("alg", algorithm.name());
        let wrapped = WrappedKey::new(algorithm, ContentEncryption::A128Gcm, &[0; 24], &header);
        let answer = decrypter.unwrap_key(wrapped).await;
        assert!(answer.is_err(), "a decrypter unwraps nothing by {algorithm}, which it does not name");
    }
    assert_eq!(decrypter.algorithms(), algorithms, "a decrypter's algorithms stay as they are");
    assert_eq!(decrypter.key_id(), key_id.as_deref(), "a decrypter's key_id stays as it is");
}

async fn of_token(decrypter: &dyn Decrypter, token: &str, algorithm: KeyAlgorithm, encryption: ContentEncryption) {
    let about = format!("{algorithm} with {encryption}");
    let header = jwe::peek_header(token).expect("a token of ours has a header");
    let encrypted_key = token.split('.').nth(1).and_then(|part| base64url::decode(part).ok()).unwrap_or_default();
    let wrapped = WrappedKey::new(algorithm, encryption, &encrypted_key, &header);
    let content_key =
        decrypter.unwrap_key(wrapped).await.unwrap_or_else(|error| panic!("{about}: a key is unwrapped: {error}"));
    assert_eq!(content_key.len(), encryption.key_len(), "{about}: a content key has the length of the enc");
    let again = decrypter.unwrap_key(wrapped).await;
    assert!(again.is_ok_and(|again| again == content_key), "{about}: a key is unwrapped the same twice");

    let decrypted = jwe::decrypt(token, decrypter, &options()).await;
    let decrypted = decrypted.unwrap_or_else(|error| panic!("{about}: a token is decrypted: {error}"));
    assert_eq!(*decrypted.plaintext, PLAINTEXT, "{about}: a token is decrypted to what was encrypted");

    for at in [0, encrypted_key.len() / 2, encrypted_key.len().saturating_sub(1)] {
        let mut altered = encrypted_key.clone();
        let Some(byte) = altered.get_mut(at) else { continue };
        *byte ^= 1;
        let answer = decrypter.unwrap_key(WrappedKey::new(algorithm, encryption, &altered, &header)).await;
        assert!(answer.is_err(), "{about}: an altered encrypted key is an error");
        let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        parts[1] = base64url::encode(&altered);
        let error =
            jwe::decrypt(&parts.join("."), decrypter, &options()).await.expect_err("an altered token is refused");
        assert_eq!(error, Error::decryption(), "{about}: an altered encrypted key ends in the one error");
    }
    drop(decrypter.unwrap_key(wrapped));
}

/// A slow counterpart may ask for as much stretching as it likes.
fn options() -> Options {
    Options { max_p2c: u32::MAX, ..Options::default() }
}
