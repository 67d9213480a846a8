//! Tokens without a signature: [RFC 7515 appendix A.5](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.5). Nothing verifies
//! them, so nothing here returns one by accident.

use super::{Header, Limits};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};

/// Reads a token whose `alg` is `none` and whose signature is empty; `None` for any other token. Anybody can make one: what
/// it says is worth as much as the channel it came by.
///
/// # Errors
/// [`ErrorKind::Malformed`] and [`ErrorKind::TooLarge`] as for signed tokens, [`ErrorKind::Critical`] for any `crit`.
pub fn read_unsecured(token: &str) -> Result<Option<(Header, Vec<u8>)>> {
    Limits::default().check(token.len())?;
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(""), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let decode = |part| {
        base64url::decode(part).map_err(|_| {
            Error::new(ErrorKind::Malformed, "each part is base64url without padding", "RFC 7515 section 5.2")
        })
    };
    let header = Header::parse(&decode(header)?)?;
    if header.alg.as_deref() != Some("none") {
        return Ok(None);
    }
    header.check_crit(|_| false)?;
    Ok(Some((header, decode(payload)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", base64url::encode(header), base64url::encode("{}"))
    }

    #[test]
    fn only_none_with_no_signature_at_all_is_unsecured() {
        assert_eq!(read_unsecured(&token(r#"{"alg":"none"}"#, "")).unwrap().unwrap().1, b"{}");
        for (header, signature) in
            [(r#"{"alg":"none"}"#, "AA"), (r#"{"alg":"None"}"#, ""), (r#"{"alg":"HS256"}"#, ""), (r#"{}"#, "")]
        {
            assert!(!matches!(read_unsecured(&token(header, signature)), Ok(Some(_))), "{header}");
        }
        assert!(read_unsecured(&token(r#"{"alg":"none","crit":["x"],"x":1}"#, "")).is_err());
    }
}
