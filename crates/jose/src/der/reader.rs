//! A strict reader of DER: [X.690](https://www.itu.int/rec/T-REC-X.690) sections 8 and 10. Lengths are definite and
//! minimal, tags have one byte, and nothing is read twice, so depth is what the callers ask for.

use super::malformed;
use crate::error::Result;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// What is still to be read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of a document that is one sequence.
    pub(super) fn document(bytes: &'a [u8]) -> Result<Self> {
        let mut outer = Self(bytes);
        let content = outer.sequence()?;
        outer.end()?;
        Ok(content)
    }

    /// All elements of some bytes.
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element: tag and content.
    pub(super) fn element(&mut self) -> Result<(u8, &'a [u8])> {
        let broken = || malformed("a key is whole DER with definite lengths", "X.690 section 10.1");
        let (&[tag, first], rest) = self.0.split_first_chunk().ok_or_else(broken)?;
        if tag & 0x1f == 0x1f {
            return Err(malformed("a tag has one byte", "X.690 section 8.1.2"));
        }
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or_else(broken)?;
                let len = bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte));
                if bytes.first() == Some(&0) || len < 0x80 {
                    return Err(malformed("a length is as short as it can be", "X.690 section 10.1"));
                }
                (len, rest)
            }
            _ => return Err(broken()),
        };
        let (content, rest) = rest.split_at_checked(len).ok_or_else(broken)?;
        self.0 = rest;
        Ok((tag, content))
    }

    /// The content of the next element, which has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8]> {
        match self.element()? {
            (found, content) if found == tag => Ok(content),
            (found, _) => Err(malformed("a key has the elements of its kind in their order", "X.690 section 8")
                .expected(format!("tag {tag:#04x}"))
                .got(format!("{found:#04x}"))),
        }
    }

    /// The content of the next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    pub(super) fn sequence(&mut self) -> Result<Self> {
        self.expect(SEQUENCE).map(Self)
    }

    /// What an explicit tag holds, where it is there.
    pub(super) fn explicit(&mut self, tag: u8) -> Result<Option<Self>> {
        Ok(self.optional(tag)?.map(Self))
    }

    /// A whole number that is not negative, without leading zeros.
    pub(super) fn integer(&mut self) -> Result<&'a [u8]> {
        let wrong = || malformed("a number is minimal and not negative", "X.690 section 8.3");
        match self.expect(INTEGER)? {
            [] => Err(wrong()),
            [0] => Ok(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
            [first, ..] if *first == 0 || first & 0x80 != 0 => Err(wrong()),
            bytes => Ok(bytes),
        }
    }

    /// A small whole number.
    pub(super) fn small(&mut self) -> Result<u32> {
        let bytes = self.integer()?;
        if bytes.len() > 4 {
            return Err(malformed("a count or a version is small", "X.690 section 8.3"));
        }
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// A bit string of whole bytes.
    pub(super) fn bits(&mut self) -> Result<&'a [u8]> {
        whole_bytes(self.expect(BIT_STRING)?)
    }

    /// Nothing is left.
    pub(super) fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed("nothing follows a key", "X.690 section 8.1")) }
    }
}

/// The bytes of a bit string's content, which has no unused bits.
pub(super) fn whole_bytes(content: &[u8]) -> Result<&[u8]> {
    match content.split_first() {
        Some((0, bytes)) => Ok(bytes),
        _ => Err(malformed("a bit string of a key has whole bytes", "X.690 section 8.6")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_definite_minimal_and_kept() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x80\x00\x00",
            b"\x30\x81\x01\x00",
            b"\x30\x82\x00\x80",
            b"\x30\x02\x00",
            b"\x30\x84\x00\x00\x00\x00",
            b"\x3f\x01\x00",
            b"\x30\x00\x00",
            b"\x30\xff",
        ] {
            assert!(Reader::document(bytes).is_err(), "{bytes:x?}");
        }
        assert!(Reader::document(b"\x30\x00").is_ok());
    }

    #[test]
    fn numbers_are_minimal_and_not_negative() {
        let read = |bytes: &'static [u8]| Reader(bytes).integer().ok();
        assert_eq!(read(b"\x02\x01\x00"), Some(&b""[..]));
        assert_eq!(read(b"\x02\x02\x00\x80"), Some(&b"\x80"[..]));
        for bytes in [&b"\x02\x00"[..], b"\x02\x02\x00\x7f", b"\x02\x01\x80", b"\x03\x01\x00"] {
            assert_eq!(read(bytes), None, "{bytes:x?}");
        }
    }
}
