//! Digests, and the comparison that tells nothing: FIPS 180-4, FIPS 202.

use crate::base64url;

/// A digest, by what OpenID Connect's hash claims and RFC 7638 thumbprints need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
    /// SHAKE256 with 114 bytes of output, as Ed448 uses it (RFC 8032 section 5.2); needs the feature `ed448`.
    Shake256,
}

impl Digest {
    /// The digest of `data`; `None` for one that is not built in.
    pub fn of(self, data: &[u8]) -> Option<Vec<u8>> {
        match self.algorithm() {
            Some(algorithm) => Some(aws_lc_rs::digest::digest(algorithm, data).as_ref().to_vec()),
            None => shake256(data),
        }
    }

    fn algorithm(self) -> Option<&'static aws_lc_rs::digest::Algorithm> {
        match self {
            Self::Sha256 => Some(&aws_lc_rs::digest::SHA256),
            Self::Sha384 => Some(&aws_lc_rs::digest::SHA384),
            Self::Sha512 => Some(&aws_lc_rs::digest::SHA512),
            Self::Shake256 => None,
        }
    }

    /// Whether it can be computed here.
    pub fn is_built_in(self) -> bool {
        self != Self::Shake256 || cfg!(feature = "ed448")
    }

    /// Whether `claimed` is the left half of the digest of `data` as base64url, in a time that does not tell where they
    /// differ.
    pub fn is_left_half(self, data: &[u8], claimed: &str) -> bool {
        let Some(algorithm) = self.algorithm() else {
            return self
                .left_half(data)
                .is_some_and(|right| crate::constant_time_eq(right.as_bytes(), claimed.as_bytes()));
        };
        let digest = aws_lc_rs::digest::digest(algorithm, data);
        let digest = digest.as_ref();
        // The longest half has 32 bytes.
        let mut right = [0; 48];
        let half = &digest[..digest.len() / 2];
        let Ok(len) = base64url::encode_into(half, &mut right) else { return false };
        crate::constant_time_eq(right.get(..len).unwrap_or_default(), claimed.as_bytes())
    }

    /// The left half of the digest of `data` as base64url: `at_hash` and its like
    /// ([OpenID Connect Core section 3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)).
    pub fn left_half(self, data: &[u8]) -> Option<String> {
        let digest = self.of(data)?;
        Some(base64url::encode(&digest[..digest.len() / 2]))
    }
}

#[cfg(feature = "ed448")]
fn shake256(data: &[u8]) -> Option<Vec<u8>> {
    use ed448_goldilocks::shake::{ExtendableOutput as _, Shake256, Update as _, XofReader as _};
    let mut digest = vec![0; 114];
    let mut hasher = Shake256::default();
    hasher.update(data);
    hasher.finalize_xof().read(&mut digest);
    Some(digest)
}

#[cfg(not(feature = "ed448"))]
fn shake256(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_digests_of_abc_are_the_published_ones() {
        for (digest, begins, len) in [
            (Digest::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a3", 32),
            (Digest::Sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab", 48),
            (Digest::Sha512, "ddaf35a193617abacc417349ae20413112e6fa4e", 64),
        ] {
            let found = digest.of(b"abc").unwrap();
            assert_eq!((&hex(&found)[..40], found.len()), (begins, len));
        }
    }

    #[test]
    fn shake256_comes_with_its_feature_alone() {
        let found = Digest::Shake256.of(b"");
        assert_eq!(found.is_some(), cfg!(feature = "ed448"));
        if let Some(found) = found {
            assert_eq!(hex(&found[..16]), "46b9dd2b0ba88d13233b3feb743eeb24");
            assert_eq!(found.len(), 114);
        }
    }

    #[test]
    fn the_left_half_of_openid_connect_core_appendix_a_is_its_at_hash() {
        // Section A.3: the access token and the at_hash of its ID token, by SHA-256.
        assert_eq!(
            Digest::Sha256.left_half(b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y").unwrap(),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }
}
