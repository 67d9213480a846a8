//! The subject of a certificate, [RFC 5280 section 4.1.2.6](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.6), and the
//! text it is registered by, [RFC 4514](https://www.rfc-editor.org/rfc/rfc4514).

/// Attributes by their short names (RFC 4514 section 3).
const NAMES: [(&str, &str); 9] = [
    ("CN", "2.5.4.3"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

/// Tags of DER (ITU-T X.690).
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xA0;

/// Attributes that stand side by side: type and value.
type Relative = Vec<(String, String)>;

/// Whether that is the subject of the certificate. Values must agree to the letter.
pub(crate) fn is(certificate: &[u8], text: &str) -> bool {
    of_certificate(certificate).is_some_and(|subject| Some(subject) == of_text(text))
}

pub(crate) fn is_sound(text: &str) -> bool {
    of_text(text).is_some()
}

fn of_certificate(certificate: &[u8]) -> Option<Vec<Relative>> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (body, _) = value(certificate, SEQUENCE)?;
    let body = value(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_, body) = value(body, INTEGER)?;
    // The algorithm, the issuer and the validity.
    let (_, body) = value(body, SEQUENCE)?;
    let (_, body) = value(body, SEQUENCE)?;
    let (_, body) = value(body, SEQUENCE)?;
    let (mut name, _) = value(body, SEQUENCE)?;
    let mut subject = Vec::new();
    while !name.is_empty() {
        let (mut set, rest) = value(name, SET)?;
        let mut relative = Relative::new();
        while !set.is_empty() {
            let (attribute, others) = value(set, SEQUENCE)?;
            let (kind, text) = value(attribute, OBJECT_IDENTIFIER)?;
            let (tag, content, _) = any(text)?;
            relative.push((dotted(kind)?, string(tag, content)?));
            set = others;
        }
        relative.sort();
        subject.push(relative);
        name = rest;
    }
    Some(subject)
}

/// The last part of the text is the first of the certificate (RFC 4514 section 2.1).
fn of_text(text: &str) -> Option<Vec<Relative>> {
    let mut subject = Vec::new();
    for part in split(text, ',').into_iter().rev() {
        let attribute = |text: &str| {
            let (kind, value) = text.split_once('=')?;
            let kind = kind.trim();
            let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, dotted)| *dotted);
            let dotted = kind.contains('.') && kind.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
            Some((known.or(dotted.then_some(kind))?.to_owned(), unescaped(value.trim_start())?))
        };
        let mut relative = split(part, '+').into_iter().map(attribute).collect::<Option<Relative>>()?;
        relative.sort();
        subject.push(relative);
    }
    Some(subject)
}

/// At every such character that no backslash goes before.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let here = c == at && !escaped;
        escaped = c == '\\' && !escaped;
        here
    })
    .collect()
}

/// RFC 4514 section 2.4: a backslash goes before a character, or before a byte in hexadecimal.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let first = rest.next()?;
        match (first as char).to_digit(16) {
            None => bytes.push(first),
            Some(high) => bytes.push((high * 16 + (rest.next()? as char).to_digit(16)?) as u8),
        }
    }
    String::from_utf8(bytes).ok()
}

fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(bytes)?;
    (found == tag).then_some((content, rest))
}

/// Tag, content, and what comes behind.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn dotted(bytes: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in bytes {
        number = number.checked_mul(128)? | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    // The first two are one (X.690 section 8.19.4).
    let (first, rest) = numbers.split_first()?;
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    rest.iter().for_each(|number| text.push_str(&format!(".{number}")));
    Some(text)
}

/// UTF8String, PrintableString, TeletexString, IA5String or BMPString.
fn string(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        0x0C | 0x13 | 0x14 | 0x16 => String::from_utf8(content.to_vec()).ok(),
        0x1E => {
            let units: Vec<u16> = content
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    use super::*;

    #[test]
    fn a_subject_is_written_backwards_and_its_commas_are_escaped() {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, DnValue::PrintableString("SE".try_into().unwrap()));
        params.distinguished_name.push(DnType::OrganizationName, DnValue::BmpString("Träd, AB".try_into().unwrap()));
        params.distinguished_name.push(DnType::CommonName, "shop");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        for (text, same) in [
            (r"CN=shop,O=Träd\, AB,C=SE", true),
            (r"cn=shop, 2.5.4.10=Tr\C3\A4d\2C AB, C=SE", true),
            (r"C=SE,O=Träd\, AB,CN=shop", false),
            (r"CN=shop,O=Träd\, AB", false),
            (r"CN=Shop,O=Träd\, AB,C=SE", false),
            (r"CN=shop+O=Träd\, AB,C=SE", false),
            ("", false),
        ] {
            assert_eq!(is(certificate.der(), text), same, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_subject() {
        let certificate = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        for end in 0..certificate.der().len().min(120) {
            assert!(of_certificate(&certificate.der()[..end]).is_none(), "{end}");
        }
        assert!(of_certificate(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).is_none());
        assert!(!is_sound("shop") && !is_sound("XX=shop") && !is_sound(r"CN=a\"));
    }

    #[test]
    fn the_parts_of_an_object_identifier_are_as_long_as_they_need_to_be() {
        assert_eq!(dotted(&[0x55, 4, 3]).as_deref(), Some("2.5.4.3"));
        let uid = [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1];
        assert_eq!(dotted(&uid).as_deref(), Some("0.9.2342.19200300.100.1.1"));
        assert_eq!(dotted(&[0xFF; 12]), None);
    }
}
