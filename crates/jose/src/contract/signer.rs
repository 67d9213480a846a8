//! What every [`Signer`] and [`BlockingSigner`] keeps to.
//!
//! ```
//! use grantee_jose::contract::signer;
//! use grantee_jose::{Curve, Jwk, KeyKind, SignatureAlgorithm, SigningKey, VerifyingKey};
//!
//! let key = Jwk::generate(KeyKind::Curve(Curve::P256))?;
//! let mine = SigningKey::new(&key, SignatureAlgorithm::Es256)?; // or the one that asks your HSM
//! signer::check(&mine, &VerifyingKey::new(&key, SignatureAlgorithm::Es256)?);
//! # Ok::<(), grantee_jose::Error>(())
//! ```

use crate::jws::{self, Compact, Header, check_length};
use crate::signer::{BlockingSigner, Signer};
use crate::{Jwk, SignatureAlgorithm, VerifyingKey};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Runs the suite over a signer that holds its thread. `key` is what others verify its signatures with.
///
/// # Panics
/// With the rule that was broken.
pub fn check(signer: &dyn BlockingSigner, key: &VerifyingKey) {
    let about = About::of(signer.algorithm(), signer.key_id(), signer.public_key());
    about.agrees_with(key);
    for data in samples() {
        let signature = signer.sign(&data).expect("a signer signs any data");
        about.judge(key, &data, &signature);
    }
    about.judge_token(key, &jws::sign_blocking(&Header::new(), b"payload", signer).expect("a signer signs a token"));
    thread::scope(|scope| {
        for number in 0..4 {
            let about = &about;
            scope.spawn(move || {
                let data = format!("data of thread {number}");
                let signature = signer.sign(data.as_bytes()).expect("a signer serves several threads at once");
                about.judge(key, data.as_bytes(), &signature);
            });
        }
    });
    let after = About::of(signer.algorithm(), signer.key_id(), signer.public_key());
    assert!(after.same(&about), "a signer's algorithm, key_id and public key stay as they are");
}

/// Runs the suite over an async signer, in the runtime that it needs. One that says that it needs none is also driven without.
///
/// # Panics
/// With the rule that was broken.
pub async fn check_async(signer: &dyn Signer, key: &VerifyingKey) {
    let about = About::of(signer.algorithm(), signer.key_id(), signer.public_key());
    about.agrees_with(key);
    for data in samples() {
        let signature = signer.sign(&data).await.expect("a signer signs any data");
        about.judge(key, &data, &signature);
    }
    about.judge_token(key, &jws::sign(&Header::new(), b"payload", signer).await.expect("a signer signs a token"));
    drop(signer.sign(b"a future that is dropped before it is polled"));
    if !signer.needs_reactor() {
        thread::scope(|scope| {
            let driven = scope.spawn(|| block_on(signer.sign(b"without a runtime"))).join();
            let signature = driven.expect("a signer that needs no reactor is driven by any thread");
            about.judge(key, b"without a runtime", &signature.expect("a signer signs any data"));
        });
    }
    let after = About::of(signer.algorithm(), signer.key_id(), signer.public_key());
    assert!(after.same(&about), "a signer's algorithm, key_id and public key stay as they are");
}

/// Nothing, one byte, what is no text, and more than one block or buffer holds.
fn samples() -> [Vec<u8>; 4] {
    [Vec::new(), vec![0], (0..=255).collect(), vec![0xa5; 100_000]]
}

/// What a signer says of itself.
struct About {
    algorithm: SignatureAlgorithm,
    key_id: Option<String>,
    public: Option<Jwk>,
}

impl About {
    fn of(algorithm: SignatureAlgorithm, key_id: Option<&str>, public: Option<&Jwk>) -> Self {
        Self { algorithm, key_id: key_id.map(str::to_owned), public: public.cloned() }
    }

    fn same(&self, other: &Self) -> bool {
        let thumbprint = |about: &Self| about.public.as_ref().map(Jwk::thumbprint);
        self.algorithm == other.algorithm && self.key_id == other.key_id && thumbprint(self) == thumbprint(other)
    }

    fn agrees_with(&self, key: &VerifyingKey) {
        assert_eq!(self.algorithm, key.algorithm(), "a signer's algorithm is the one that its signatures verify by");
        let Some(public) = &self.public else { return };
        assert!(!public.is_private(), "a signer's public key has no private part");
        if let (Some(kid), Some(key_id)) = (public.kid(), &self.key_id) {
            assert_eq!(kid, key_id, "the kid of a signer's public key is its key_id");
        }
    }

    fn judge(&self, key: &VerifyingKey, data: &[u8], signature: &[u8]) {
        check_length(self.algorithm, signature).expect("a signature is as long as its algorithm makes it, and no DER");
        key.verify(data, signature).expect("a signature verifies with the key");
        assert!(key.verify(&[data, b"x"].concat(), signature).is_err(), "a signature is of the data and nothing else");
        if let Some(public) = &self.public {
            let public = VerifyingKey::new(public, self.algorithm).expect("a signer's public key serves its algorithm");
            public.verify(data, signature).expect("a signature verifies with the signer's public key");
        }
    }

    fn judge_token(&self, key: &VerifyingKey, token: &str) {
        let verified = Compact::parse(token).and_then(|token| token.verify(key)).expect("a signed token verifies");
        assert_eq!(verified.header.kid, self.key_id, "a signed token names the key");
    }
}

/// Drives a future with a thread and nothing else.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, Result};
    use crate::signer::{BoxFuture, Inline};
    use crate::{Curve, KeyKind, SigningKey};

    fn pair() -> (SigningKey, VerifyingKey) {
        let key = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().with_kid("1");
        let algorithm = SignatureAlgorithm::Es256;
        (SigningKey::new(&key, algorithm).unwrap(), VerifyingKey::new(&key, algorithm).unwrap())
    }

    /// A signer of somebody's, with one thing wrong.
    struct Wrong {
        inner: SigningKey,
        sign: fn(&SigningKey, &[u8]) -> Result<Vec<u8>>,
        algorithm: SignatureAlgorithm,
        public: Option<Jwk>,
    }

    impl BlockingSigner for Wrong {
        fn algorithm(&self) -> SignatureAlgorithm {
            self.algorithm
        }

        fn public_key(&self) -> Option<&Jwk> {
            self.public.as_ref()
        }

        fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
            (self.sign)(&self.inner, data)
        }
    }

    fn is_found(change: impl FnOnce(&mut Wrong)) -> bool {
        let (inner, key) = pair();
        let public = inner.public_key().cloned();
        let sign = |key: &SigningKey, data: &[u8]| key.sign(data);
        let mut wrong = Wrong { inner, sign, algorithm: SignatureAlgorithm::Es256, public };
        change(&mut wrong);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&wrong, &key))).is_err()
    }

    #[test]
    fn the_suite_finds_each_thing_that_is_wrong() {
        assert!(!is_found(|_| {}));
        assert!(is_found(|wrong| wrong.algorithm = SignatureAlgorithm::Es384));
        assert!(is_found(|wrong| wrong.public = Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap().public()));
        assert!(is_found(|wrong| wrong.public = Some(Jwk::generate(KeyKind::Curve(Curve::P256)).unwrap())));
        assert!(is_found(|wrong| wrong.sign = |key, data| key.sign(&data[..data.len().min(32)])));
        assert!(is_found(|wrong| wrong.sign = |key, data| {
            let mut signature = key.sign(data)?;
            signature.push(0);
            Ok(signature)
        }));
        assert!(is_found(|wrong| wrong.sign = |key, data| match data {
            [] => Err(Error::new(ErrorKind::External, "the key can be reached", "none")),
            data => key.sign(data),
        }));
    }

    #[test]
    fn the_async_suite_passes_what_keeps_to_it_with_a_reactor_and_without() {
        struct Elsewhere(SigningKey);
        impl Signer for Elsewhere {
            fn algorithm(&self) -> SignatureAlgorithm {
                self.0.algorithm()
            }
            fn sign<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
                Box::pin(async move { self.0.sign(data) })
            }
        }
        let (signer, key) = pair();
        block_on(check_async(&signer, &key));
        block_on(check_async(&Inline(signer.clone()), &key));
        block_on(check_async(&Elsewhere(signer), &key));
    }
}
