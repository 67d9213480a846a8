//! X448 of [RFC 7748](https://www.rfc-editor.org/rfc/rfc7748), which is built in with the feature `ed448`.

pub(crate) use implementation::public;
pub(super) use implementation::{agree, check, ephemeral};

#[cfg(feature = "ed448")]
mod implementation {
    use crate::error::{Error, ErrorKind, Result};
    use crate::jwe::content;
    use crate::jwk::SecretBytes;
    use ed448_goldilocks::{EdwardsScalar, EdwardsScalarBytes, MontgomeryPoint};
    use zeroize::Zeroizing;

    /// RFC 7748 section 4.2.
    const BASE: u8 = 5;

    /// The public key of a private one.
    pub(crate) fn public(private: &[u8]) -> Result<Vec<u8>> {
        let mut base = [0; 56];
        base[0] = BASE;
        multiply(private, &base).map(|point| point.to_vec()).ok_or_else(|| unfit(private.len()))
    }

    /// The shared secret; `None` when it is zero (RFC 7748 section 6.2).
    pub(in crate::jwe) fn agree(private: &[u8], point: &[u8]) -> Option<SecretBytes> {
        let shared = multiply(private, point.try_into().ok()?)?;
        (!crate::constant_time_eq(&shared[..], &[0; 56])).then(|| Zeroizing::new(shared.to_vec()))
    }

    /// The shared secret with a fresh key, and that key's public part.
    pub(in crate::jwe) fn ephemeral(point: &[u8]) -> Result<(SecretBytes, Vec<u8>)> {
        let private = content::random(56)?;
        let shared = agree(&private, point).ok_or_else(|| unfit(point.len()))?;
        Ok((shared, public(&private)?))
    }

    /// Every 56 bytes are a public key.
    pub(in crate::jwe) fn check(point: &[u8]) -> Result<()> {
        if point.len() == 56 { Ok(()) } else { Err(unfit(point.len())) }
    }

    /// The clamped number is four times one below the order of the group, so two multiplications, by four and by that,
    /// are the one that RFC 7748 section 5 wants: nothing is reduced, on the twist neither.
    fn multiply(private: &[u8], point: &[u8; 56]) -> Option<Zeroizing<[u8; 56]>> {
        let mut clamped = Zeroizing::new(<[u8; 56]>::try_from(private).ok()?);
        clamped[0] &= 252;
        clamped[55] |= 128;
        let mut quarter = Zeroizing::new([0; 57]);
        for (at, byte) in clamped.iter().enumerate() {
            let above = clamped.get(at + 1).copied().unwrap_or_default();
            quarter[at] = (byte >> 2) | (above << 6);
        }
        let mut four = [0; 57];
        four[0] = 4;
        let scalar = |bytes: [u8; 57]| {
            Option::<EdwardsScalar>::from(EdwardsScalar::from_canonical_bytes(&EdwardsScalarBytes::from(bytes)))
        };
        let fourfold = &MontgomeryPoint(*point) * &scalar(four)?;
        Some(Zeroizing::new((&fourfold * &scalar(*quarter)?).0))
    }

    fn unfit(len: usize) -> Error {
        Error::new(ErrorKind::Key, "an X448 key has 56 bytes and no small order", "RFC 7748 section 5").got(len)
    }
}

#[cfg(not(feature = "ed448"))]
mod implementation {
    use crate::error::{Error, ErrorKind, Result};
    use crate::jwk::SecretBytes;

    pub(crate) fn public(_private: &[u8]) -> Result<Vec<u8>> {
        Err(unsupported())
    }

    pub(in crate::jwe) fn agree(_private: &[u8], _point: &[u8]) -> Option<SecretBytes> {
        None
    }

    pub(in crate::jwe) fn ephemeral(_point: &[u8]) -> Result<(SecretBytes, Vec<u8>)> {
        Err(unsupported())
    }

    pub(in crate::jwe) fn check(_point: &[u8]) -> Result<()> {
        Err(unsupported())
    }

    fn unsupported() -> Error {
        Error::new(ErrorKind::Unsupported, "X448 is built in with the feature ed448", "RFC 8037 section 3.2")
            .got("X448")
    }
}
