//! Proof Key for Code Exchange, [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636).

use crate::Secret;
use crate::error::{Error, Result};
use crate::ports::Entropy;
use grantee_jose::base64url;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// What proves at the token endpoint that the code comes back from whoever asked for it: 43 to 128 characters of
/// `A-Z a-z 0-9 - . _ ~` ([RFC 7636 section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
///
/// An [`AuthorizationRequest`](super::AuthorizationRequest) makes its own; this is for a verifier that comes from
/// elsewhere.
///
/// ```
/// use grantee_core::authorization::CodeVerifier;
/// let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
/// assert_eq!(verifier.challenge_s256(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
/// assert!(CodeVerifier::new("too-short").is_err());
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Takes over a verifier.
    ///
    /// # Errors
    /// [`Error::Config`] when it is shorter than 43 or longer than 128 characters, or has one that is not allowed.
    pub fn new(verifier: impl Into<Secret>) -> Result<Self> {
        let verifier = verifier.into();
        let text = verifier.reveal();
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
            return Err(Error::config(
                "the code verifier is not 43 to 128 of the characters A-Z a-z 0-9 - . _ ~",
                "leave it out, and one is made (RFC 7636 section 4.1)",
            ));
        }
        Ok(Self(verifier))
    }

    /// Makes one of 256 bits of chance.
    ///
    /// # Errors
    /// What the source of chance reports.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(&bytes))
    }

    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret::new(base64url::encode(bytes)))
    }

    /// The verifier itself.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What the browser may see of it: the SHA-256 digest as base64url (RFC 7636 section 4.2).
    pub fn challenge_s256(&self) -> String {
        base64url::encode(grantee_jose::sha256(self.reveal().as_bytes()))
    }
}

impl Serialize for CodeVerifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CodeVerifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Secret::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// How the challenge is made from the verifier. Chosen nowhere but by
/// [`AuthorizationRequest::danger`](super::AuthorizationRequest::danger): the default is `S256`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeChallengeMethod {
    /// The verifier's SHA-256 digest.
    #[default]
    S256,
    /// The verifier itself, which whoever reads the request then has.
    Plain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7636_appendix_b_example() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let verifier = CodeVerifier::from_bytes(&octets);
        assert_eq!(verifier.reveal(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(verifier.challenge_s256(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        for good in ["a".repeat(43), "~".repeat(128), "-._~09azAZ".repeat(5)] {
            assert_eq!(CodeVerifier::new(&good).unwrap().reveal(), good);
        }
        for bad in ["a".repeat(42), "a".repeat(129), "a".repeat(42) + "+", "a".repeat(42) + "é", " ".repeat(43)] {
            assert!(CodeVerifier::new(bad).is_err());
        }
    }

    #[test]
    fn a_stored_verifier_is_checked_when_read_back() {
        let verifier = CodeVerifier::new("v".repeat(43)).unwrap();
        let json = serde_json::to_string(&verifier).unwrap();
        assert_eq!(serde_json::from_str::<CodeVerifier>(&json).unwrap(), verifier);
        assert!(serde_json::from_str::<CodeVerifier>("\"short\"").is_err());
    }

    #[test]
    fn no_error_and_no_debug_shows_the_verifier() {
        let bad = "s3cret!".repeat(10);
        assert!(!CodeVerifier::new(&bad).unwrap_err().to_string().contains("s3cret"));
        let good = CodeVerifier::new("s3cret".repeat(10)).unwrap();
        assert!(!format!("{good:?}").contains("s3cret"));
    }
}
