//! SAML 2.0 bearer grant, [RFC 7522 section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1).

use super::{Grant, GrantContext, TokenParameters, token_parameters};
use crate::Secret;
use crate::error::{Error, Result};
use crate::ports::BoxFuture;
use crate::wire::form::Params;
use grantee_jose::base64url;

/// Exchanges a SAML 2.0 assertion that an identity provider signed for a token. It serves once: a session on it needs the person
/// again when its token has expired and there is no refresh token.
///
/// Nothing of the assertion is changed, since its signature covers the very bytes. What is looked at is that it is one assertion
/// and not the whole response it came in.
///
/// A client that authenticates by such an assertion hands it to a [`ClientAssertion`](crate::client_auth::ClientAssertion) of the
/// type `urn:ietf:params:oauth:client-assertion-type:saml2-bearer` (section 2.2), encoded by [`Saml2Bearer::encode`].
///
/// ```
/// use grantee_core::grant::Saml2Bearer;
/// let grant = Saml2Bearer::xml("<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>…</saml:Assertion>")?;
/// let same = Saml2Bearer::encoded("PHNhbWw6QXNzZXJ0aW9uIHhtbG5zOnNhbWw9Jy4uLicvPg")?.scope("orders");
/// assert!(Saml2Bearer::xml("<samlp:Response>…</samlp:Response>").is_err());
/// # Ok::<(), grantee_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Saml2Bearer {
    /// As base64url.
    assertion: Secret,
    parameters: TokenParameters,
}

impl Saml2Bearer {
    /// With the assertion's XML, exactly as it was signed.
    ///
    /// # Errors
    /// [`Error::Config`] when it is no XML of one assertion.
    pub fn xml(assertion: impl AsRef<[u8]>) -> Result<Self> {
        Ok(Self { assertion: Self::encode(assertion)?, parameters: TokenParameters::default() })
    }

    /// With the assertion as base64url without padding, as it goes over the wire.
    ///
    /// # Errors
    /// [`Error::Config`] when it is something else, or no XML of one assertion is in it.
    pub fn encoded(assertion: impl Into<Secret>) -> Result<Self> {
        let assertion = assertion.into();
        let xml = base64url::decode(assertion.reveal()).map_err(|_| {
            wrong("it is not base64url without padding and line breaks", "hand over the XML itself, by xml(..)")
        })?;
        check(&xml)?;
        Ok(Self { assertion, parameters: TokenParameters::default() })
    }

    /// The assertion's XML as base64url without padding, as `assertion` and `client_assertion` carry it.
    ///
    /// # Errors
    /// [`Error::Config`] when it is no XML of one assertion.
    pub fn encode(assertion: impl AsRef<[u8]>) -> Result<Secret> {
        check(assertion.as_ref())?;
        Ok(base64url::encode(assertion).into())
    }

    token_parameters!();
}

impl Grant for Saml2Bearer {
    fn grant_type(&self) -> &str {
        "urn:ietf:params:oauth:grant-type:saml2-bearer"
    }

    fn params<'a>(&'a self, _: GrantContext<'a>) -> BoxFuture<'a, Result<Params>> {
        Box::pin(async { Ok(Params::new().with("assertion", &self.assertion)) })
    }

    fn parameters(&self) -> &TokenParameters {
        &self.parameters
    }

    fn is_repeatable(&self) -> bool {
        false
    }
}

/// That the XML begins with one element `Assertion` and ends with a tag. The server reads the rest, and judges it.
fn check(xml: &[u8]) -> Result<()> {
    const HINT: &str = "hand over the Assertion element as it was signed, without the Response around it";
    let text = std::str::from_utf8(xml).map_err(|_| wrong("it is no XML in UTF-8", HINT))?;
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    if !rest.ends_with('>') {
        return Err(wrong("it is no whole XML", HINT));
    }
    // An XML declaration and comments may stand before it.
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ => break,
        };
        rest = rest.split_once(end).map(|(_, after)| after.trim_start()).unwrap_or_default();
    }
    let Some(tag) = rest.strip_prefix('<') else { return Err(wrong("it is no XML", HINT)) };
    let name = tag.split(|end: char| end.is_whitespace() || end == '>' || end == '/').next().unwrap_or_default();
    match name.rsplit(':').next() {
        // Section 3, item 10.
        Some("Assertion" | "EncryptedAssertion") => Ok(()),
        // Section 2.1: a single assertion. A response has signatures and conditions of its own.
        Some("Response") => Err(wrong("it is a Response", HINT)),
        _ => Err(wrong("its first element is no Assertion", HINT)),
    }
}

fn wrong(what: &str, hint: &str) -> Error {
    Error::config(format!("the SAML assertion can't be used: {what} (RFC 7522 section 2.1)"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_assertion_whatever_its_prefix_and_what_stands_before_it() {
        for good in [
            "<Assertion/>",
            "<saml:EncryptedAssertion>a</saml:EncryptedAssertion>",
            "<saml:Assertion xmlns:saml='x'>a</saml:Assertion>",
            "\u{feff}<?xml version='1.0'?>\n<!-- > --> <saml2:Assertion\nID='_1'></saml2:Assertion>\n",
        ] {
            assert!(check(good.as_bytes()).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_no_assertion_is_refused_with_the_reason_and_not_shown() {
        for (bad, why) in [
            ("", "no whole XML"),
            ("s3cret", "no whole XML"),
            ("s3cret>", "no XML"),
            ("<Assertion>s3cret", "no whole XML"),
            ("<samlp:Response><Assertion/>s3cret</samlp:Response>", "Response"),
            ("<AssertionX/>", "no Assertion"),
            ("<!DOCTYPE a><Assertion/>", "no Assertion"),
            ("<?xml >", "no XML"),
            ("<!-- <Assertion/>", "no XML"),
            ("<>", "no Assertion"),
        ] {
            let error = Saml2Bearer::xml(bad).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("s3cret"), "{bad}: {error}");
        }
        assert!(Saml2Bearer::xml([0xff, b'>']).unwrap_err().to_string().contains("UTF-8"));
    }
}
