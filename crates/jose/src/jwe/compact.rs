//! The compact serialization: [RFC 7516 section 7.1](https://www.rfc-editor.org/rfc/rfc7516#section-7.1).

use super::Header;
use super::header::malformed;
use super::message::{Message, Recipient};
use crate::base64url;
use crate::error::{Error, ErrorKind, Result};

/// Five parts, four dots.
pub(super) fn parse(token: &str, most: usize) -> Result<Message> {
    bounded(token, most)?;
    let mut parts = token.split('.');
    let (Some(protected), Some(encrypted_key), Some(iv), Some(ciphertext), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        let got = token.split('.').count();
        return Err(malformed("an encrypted token has five parts", "RFC 7516 section 7.1").expected("5").got(got));
    };
    let header = Header::parse(&decode(protected)?)?;
    Ok(Message {
        protected_text: protected.to_owned(),
        protected: header.clone(),
        aad: None,
        iv: decode(iv)?,
        ciphertext: decode(ciphertext)?,
        tag: decode(tag)?,
        recipients: vec![Recipient { header, encrypted_key: decode(encrypted_key)? }],
    })
}

/// The header of a token alone.
pub(super) fn header(token: &str, most: usize) -> Result<Header> {
    parse(token, most).map(|message| message.protected)
}

/// A token of at most as many bytes as allowed.
pub(super) fn bounded(token: &str, most: usize) -> Result<()> {
    if token.len() <= most {
        return Ok(());
    }
    let error = Error::new(ErrorKind::TooLarge, "the token is within the caller's bound", "RFC 7516 section 11");
    Err(error.expected(format!("at most {most} bytes")).got(token.len()))
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>> {
    base64url::decode(part).map_err(|_| malformed("each part is base64url without padding", "RFC 7516 section 5.2"))
}
