//! Ed448 (RFC 8032 section 5.2), which aws-lc-rs does not have. Without the feature `ed448` no key of it can be made.

#[cfg(not(feature = "ed448"))]
pub(super) use absent::{SigningKey, VerifyingKey};
#[cfg(feature = "ed448")]
pub(super) use present::{SigningKey, VerifyingKey};

#[cfg(feature = "ed448")]
mod present {
    use crate::error::Result;
    use crate::jws::key::{bad_key, bad_pair};
    use ed448_goldilocks::{Signature, SigningKey as Private, VerifyingKey as Public};

    pub(in crate::jws) struct VerifyingKey(Box<Public>);

    impl VerifyingKey {
        pub(in crate::jws) fn new(x: &[u8]) -> Result<Self> {
            let bytes = x.try_into().map_err(|_| bad_key())?;
            Ok(Self(Box::new(Public::from_bytes(bytes).map_err(|_| bad_key())?)))
        }

        pub(in crate::jws) fn verifies(&self, data: &[u8], signature: &[u8]) -> bool {
            Signature::try_from(signature).is_ok_and(|signature| self.0.verify_raw(&signature, data).is_ok())
        }
    }

    pub(in crate::jws) struct SigningKey(Box<Private>);

    impl SigningKey {
        pub(in crate::jws) fn new(d: &[u8], x: &[u8]) -> Result<Self> {
            let private = Private::try_from(d).map_err(|_| bad_key())?;
            if private.verifying_key().to_bytes().as_slice() != x {
                return Err(bad_pair());
            }
            Ok(Self(Box::new(private)))
        }

        pub(in crate::jws) fn sign(&self, data: &[u8]) -> Vec<u8> {
            self.0.sign_raw(data).to_bytes().to_vec()
        }
    }
}

#[cfg(not(feature = "ed448"))]
mod absent {
    use crate::error::{Error, ErrorKind, Result};

    pub(in crate::jws) enum VerifyingKey {}

    impl VerifyingKey {
        pub(in crate::jws) fn new(_: &[u8]) -> Result<Self> {
            Err(not_built_in())
        }

        pub(in crate::jws) fn verifies(&self, _: &[u8], _: &[u8]) -> bool {
            match *self {}
        }
    }

    pub(in crate::jws) enum SigningKey {}

    impl SigningKey {
        pub(in crate::jws) fn new(_: &[u8], _: &[u8]) -> Result<Self> {
            Err(not_built_in())
        }

        pub(in crate::jws) fn sign(&self, _: &[u8]) -> Vec<u8> {
            match *self {}
        }
    }

    fn not_built_in() -> Error {
        Error::new(ErrorKind::Unsupported, "the curve is built in", "RFC 8037 section 2")
            .expected("grantee-jose built with its feature `ed448`")
    }
}
