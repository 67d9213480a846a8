//! A SAML 2.0 assertion, read by looking for its elements: enough for a server that tests clients, which never look into
//! one. Its signature is not checked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// What counts of an assertion ([RFC 7522 section 3](https://www.rfc-editor.org/rfc/rfc7522#section-3)).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) name_id: Option<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) recipients: Vec<String>,
    /// Seconds since the epoch.
    not_before: Vec<u64>,
    not_on_or_after: Vec<u64>,
}

impl Assertion {
    /// None where it is not base64url without padding (section 2.1), not XML, or not exactly one assertion.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::of_xml(&String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?)
    }

    fn of_xml(xml: &str) -> Option<Self> {
        // Comments and document types change what a text means; no assertion needs one.
        if xml.contains("<!") {
            return None;
        }
        let elements = elements(xml)?;
        let named = |name: &'static str| elements.iter().filter(move |element| element.name == name);
        let mut assertions = named("Assertion");
        let (assertion, None) = (assertions.next()?, assertions.next()) else { return None };
        let bounds = |name: &'static str| {
            named("Conditions")
                .chain(named("SubjectConfirmationData"))
                .filter_map(move |element| element.attribute(name))
                .map(|text| instant(&text))
                .collect::<Option<Vec<u64>>>()
        };
        Some(Self {
            id: assertion.attribute("ID").filter(|id| !id.is_empty())?,
            issuer: named("Issuer").next()?.text(),
            name_id: named("NameID").map(Element::text).find(|text| !text.is_empty()),
            audiences: named("Audience").map(Element::text).collect(),
            recipients: named("SubjectConfirmationData").filter_map(|data| data.attribute("Recipient")).collect(),
            not_before: bounds("NotBefore")?,
            not_on_or_after: bounds("NotOnOrAfter")?,
        })
    }

    /// It has an end (RFC 7522 section 3), and the time is before every end and after every start.
    pub(crate) fn is_good_at(&self, now: u64) -> bool {
        !self.not_on_or_after.is_empty()
            && self.not_on_or_after.iter().all(|end| now < *end)
            && self.not_before.iter().all(|start| *start <= now)
    }
}

struct Element<'a> {
    /// Without its prefix.
    name: &'a str,
    attributes: &'a str,
    /// Up to the next tag.
    text: &'a str,
}

impl Element<'_> {
    fn text(&self) -> String {
        unescaped(self.text.trim())
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((key, value)) = rest.split_once('=') {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = value.get(1..)?.split_once(quote)?;
            if key.trim() == name {
                return Some(unescaped(value));
            }
            rest = after;
        }
        None
    }
}

/// Every start tag, in order.
fn elements(xml: &str) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    for part in xml.split('<').skip(1).filter(|part| !part.starts_with(['/', '?'])) {
        let (tag, text) = part.split_once('>')?;
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.rsplit(':').next().unwrap_or(name);
        found.push(Element { name, attributes, text });
    }
    Some(found)
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// `2010-10-01T20:07:34.619Z` as seconds since the epoch; SAML times are UTC (SAML 2.0 Core section 1.3.3).
fn instant(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let numbers = |text: &str, by: char| text.split(by).map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
    let ([year, month, day], [hour, minute, second]) = (date.as_slice(), time.as_slice()) else { return None };
    let sound = (1970..10_000).contains(year)
        && (1..=12).contains(month)
        && (1..=31).contains(day)
        && *hour < 24
        && *minute < 60
        && *second <= 60;
    if !sound {
        return None;
    }
    // The year begins in March, so that a leap day is its last.
    let (year, month) = if *month > 2 { (*year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between that calendar's first day and 1970.
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0"?><saml:Assertion ID="_a&amp;1" Version="2.0" xmlns:saml='urn:x'>
        <saml:Issuer>https://idp.example</saml:Issuer>
        <saml:Subject><saml:NameID Format="urn:y"> brian@example.com </saml:NameID>
        <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
            NotOnOrAfter="2010-10-01T20:12:34.619Z" Recipient="https://as.example/token"/></saml:SubjectConfirmation>
        </saml:Subject><saml:Conditions NotBefore='2010-10-01T20:07:34Z'><saml:AudienceRestriction>
        <saml:Audience>https://as.example</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion>"#;

    #[test]
    fn an_assertion_is_read_whatever_its_prefix() {
        for xml in [XML.to_owned(), XML.replace("saml:", "")] {
            let assertion = Assertion::of_xml(&xml).unwrap();
            assert_eq!((assertion.id.as_str(), assertion.issuer.as_str()), ("_a&1", "https://idp.example"));
            assert_eq!(assertion.name_id.as_deref(), Some("brian@example.com"));
            assert_eq!(assertion.audiences, ["https://as.example"]);
            assert_eq!(assertion.recipients, ["https://as.example/token"]);
            assert!(assertion.is_good_at(1_285_963_654) && assertion.is_good_at(1_285_963_953));
            assert!(!assertion.is_good_at(1_285_963_653) && !assertion.is_good_at(1_285_963_954));
        }
    }

    #[test]
    fn what_is_not_exactly_one_assertion_with_sound_times_is_none() {
        let two = format!("{XML}{XML}");
        let commented = XML.replace("brian@", "brian<!-- -->@");
        let odd_time = XML.replace("2010-10-01T20:12:34.619Z", "tomorrow");
        let nameless = XML.replace("ID=", "IDD=");
        for xml in [two.as_str(), &commented, &odd_time, &nameless, "", "<Assertion", "<Assertion ID>", "<a>é<b c=é"]
        {
            assert_eq!(Assertion::of_xml(xml), None, "{xml}");
        }
        assert_eq!(Assertion::parse("PEE="), None, "padding");
    }

    #[test]
    fn an_instant_is_seconds_since_the_epoch() {
        let times = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600)),
            ("2010-10-01T20:07:34.619Z", Some(1_285_963_654)),
            ("2010-10-01T20:07:34", None),
            ("2010-13-01T20:07:34Z", None),
            ("2010-10-01", None),
        ];
        for (text, seconds) in times {
            assert_eq!(instant(text), seconds, "{text}");
        }
    }
}
