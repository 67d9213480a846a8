//! What can go wrong, as a rule that was broken, and how far the token had been checked by then.

use std::borrow::Cow;
use std::fmt;

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a key or a token was refused. One line, never a secret, never the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    rule: &'static str,
    spec: &'static str,
    expected: Option<Cow<'static, str>>,
    got: Option<String>,
    verified: Verified,
}

/// What kind of failure it is, by what the caller would do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is not what it should be to the letter: base64url, JSON, a missing member.
    Malformed,
    /// It is larger, deeper or more costly than allowed.
    TooLarge,
    /// An algorithm, curve or form that is not known, not built in, or never supported.
    Unsupported,
    /// The caller does not allow this algorithm or feature.
    NotAllowed,
    /// A `crit` header names what is not understood (RFC 7515 section 4.1.11).
    Critical,
    /// The key can't serve: bad material, too small, or meant for something else.
    Key,
    /// No key fits.
    NoKey,
    /// A signature does not verify.
    Signature,
    /// It can't be decrypted. Nothing more is told, so that nothing can be learnt by trying (RFC 7516 section 11.5).
    Decryption,
    /// A claim is missing or not what was expected.
    Claim,
    /// A signer or decrypter of the program's own failed.
    External,
}

/// What had been verified when the error came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verified {
    /// Nothing: whatever is known of the token may come from anybody.
    #[default]
    Nothing,
    /// It was decrypted. Whoever knows the public key can have made it.
    Decrypted,
    /// The signature, of the innermost token where they are nested.
    Signature,
}

impl Error {
    /// A rule that was broken, as a statement that should have been true, and where it is written.
    pub fn new(kind: ErrorKind, rule: &'static str, spec: &'static str) -> Self {
        Self(Box::new(Inner { kind, rule, spec, expected: None, got: None, verified: Verified::Nothing }))
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<Cow<'static, str>>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    /// What came, shortened to 200 characters and one line; the caller sees to it that it is no secret.
    #[must_use]
    pub fn got(mut self, got: impl fmt::Display) -> Self {
        let mut shown: String = got.to_string().chars().take(201).collect();
        if shown.chars().count() > 200 {
            shown.pop();
            shown.push('…');
        }
        let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        self.0.got = Some(shown.replace(hidden, "\u{fffd}"));
        self
    }

    /// How far the checks had come, where that is further than before.
    #[must_use]
    pub fn after(mut self, verified: Verified) -> Self {
        self.0.verified = self.0.verified.max(verified);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The rule that was broken, as a statement.
    pub fn rule(&self) -> &'static str {
        self.0.rule
    }

    /// Where the rule is written.
    pub fn spec(&self) -> &'static str {
        self.0.spec
    }

    /// What would have been right, where that can be said.
    pub fn expectation(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What came, where that can be said.
    pub fn found(&self) -> Option<&str> {
        self.0.got.as_deref()
    }

    /// What had been verified when the error came.
    pub fn verified(&self) -> Verified {
        self.0.verified
    }

    /// The one error of decryption, whatever went wrong (RFC 7516 section 11.5).
    pub(crate) fn decryption() -> Self {
        Self::new(ErrorKind::Decryption, "the token can be decrypted with the key at hand", "RFC 7516 section 5.2")
    }

    /// The signature does not verify.
    pub(crate) fn signature() -> Self {
        Self::new(ErrorKind::Signature, "the signature verifies", "RFC 7515 section 5.2")
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule broken: {} ({})", self.0.rule, self.0.spec)?;
        if let Some(expected) = &self.0.expected {
            write!(f, ", expected {expected}")?;
        }
        match &self.0.got {
            Some(got) => write!(f, ", got {got}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_that_names_rule_section_and_what_came() {
        let error = Error::new(ErrorKind::Malformed, "the token has three parts", "RFC 7515 section 3.1")
            .expected("three")
            .got("two\nparts\u{2028}");
        assert_eq!(
            error.to_string(),
            "rule broken: the token has three parts (RFC 7515 section 3.1), expected three, got two\u{fffd}parts\u{fffd}"
        );
        assert!(Error::signature().got("x".repeat(1000)).to_string().chars().count() < 300);
    }

    #[test]
    fn what_was_verified_never_goes_back() {
        let error = Error::signature().after(Verified::Signature).after(Verified::Decrypted);
        assert_eq!(error.verified(), Verified::Signature);
    }
}
