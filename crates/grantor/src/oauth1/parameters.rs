//! The parameters of a signed request, [RFC 5849 section 3.5](https://www.rfc-editor.org/rfc/rfc5849#section-3.5).

use super::{
    Problem,
    percent::{Pair, decode, form},
};
use crate::Request;

/// Where the parameters of the protocol are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    Header,
    Body,
    Query,
}

impl Placement {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
            Self::Query => "query",
        }
    }
}

/// What the protocol has names for.
const KNOWN: [&str; 10] = [
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_version",
    "oauth_callback",
    "oauth_verifier",
    "oauth_body_hash",
];

#[derive(Debug)]
pub(crate) struct Parameters {
    pub(crate) placement: Placement,
    pub(crate) realm: Option<String>,
    /// The protocol's own.
    protocol: Vec<(String, String)>,
    /// Everything that is signed.
    pub(crate) signed: Vec<Pair>,
}

impl Parameters {
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        let header = Header::of(request)?;
        let body = if request.is_form() { form(&request.body) } else { Vec::new() };
        let query = form(request.query.as_deref().unwrap_or_default().as_bytes());
        let sources = [(Placement::Header, header.pairs), (Placement::Body, body), (Placement::Query, query)];
        let of_protocol = |(name, _): &&Pair| name.starts_with(b"oauth_");
        let mut placed = sources.iter().filter(|(_, pairs)| pairs.iter().any(|pair| of_protocol(&pair)));
        let Some((placement, pairs)) = placed.next() else {
            return Err(Problem::absent(&KNOWN[..1]));
        };
        // Section 3.1: each stands once.
        if placed.next().is_some() {
            return Err(Problem::rejected("OAuth parameters stand in more than one place"));
        }
        let mut protocol: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs.iter().filter(of_protocol) {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
            let (Some(name), Some(value)) = (text(name), text(value)) else {
                return Err(Problem::rejected("an OAuth parameter is no UTF-8"));
            };
            if !KNOWN.contains(&name.as_str()) {
                return Err(Problem::new(400, "parameter_rejected").with("oauth_parameters_rejected", name));
            }
            if protocol.iter().any(|(other, _)| *other == name) {
                return Err(Problem::rejected("an OAuth parameter stands twice"));
            }
            protocol.push((name, value));
        }
        let placement = *placement;
        // Section 3.4.1.3.1: the signature is no part of what it signs.
        let signed = sources.into_iter().flat_map(|(_, pairs)| pairs).filter(|(name, _)| name != b"oauth_signature");
        Ok(Self { placement, realm: header.realm, protocol, signed: signed.collect() })
    }

    /// A parameter without a value counts as left out.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.protocol.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    pub(crate) fn require(&self, names: &[&str]) -> Result<(), Problem> {
        let absent: Vec<&str> = names.iter().copied().filter(|name| self.get(name).is_none()).collect();
        if absent.is_empty() { Ok(()) } else { Err(Problem::absent(&absent)) }
    }
}

#[derive(Default)]
struct Header {
    realm: Option<String>,
    pairs: Vec<Pair>,
}

impl Header {
    fn of(request: &Request) -> Result<Self, Problem> {
        let by_scheme = |value: &str| {
            let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
            scheme.eq_ignore_ascii_case("OAuth").then(|| rest.to_owned())
        };
        let mut fields = request.header_all("authorization").filter_map(by_scheme);
        let Some(field) = fields.next() else { return Ok(Self::default()) };
        if fields.next().is_some() {
            return Err(Problem::rejected("there are two OAuth header fields"));
        }
        Self::parse(&field)
            .ok_or_else(|| Problem::rejected("the OAuth header field is not as RFC 5849 section 3.5.1 has it"))
    }

    /// Section 3.5.1.
    fn parse(field: &str) -> Option<Self> {
        let mut header = Self::default();
        let mut rest = field.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if name.eq_ignore_ascii_case("realm") {
                if header.realm.replace(value).is_some() {
                    return None;
                }
            } else {
                header.pairs.push((decode(name)?, decode(&value)?));
            }
            rest = after.trim_start();
            if !rest.is_empty() {
                rest = rest.strip_prefix(',')?.trim_start();
                // Nothing follows the comma.
                if rest.is_empty() {
                    return None;
                }
            }
        }
        Some(header)
    }
}

/// The rest of a quoted string, and what is behind it (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_5849_section_3_5_1() {
        let header = Header::parse(
            "realm=\"Example\",\n    oauth_consumer_key=\"0685bd9184jfhq22\",\n    oauth_token=\"ad180jjd733klru7\", \
            oauth_signature=\"wOJIO9A2W5mFwDgiDvZbTSMK%2FPY%3D\",oauth_version=\"1.0\" , oauth_callback=\"\"",
        )
        .unwrap();
        assert_eq!(header.realm.as_deref(), Some("Example"));
        let value = |name: &str| {
            let pair = header.pairs.iter().find(|(other, _)| other == name.as_bytes()).unwrap();
            String::from_utf8(pair.1.clone()).unwrap()
        };
        assert_eq!(value("oauth_signature"), "wOJIO9A2W5mFwDgiDvZbTSMK/PY=");
        assert_eq!((value("oauth_version").as_str(), value("oauth_callback").as_str()), ("1.0", ""));
        assert_eq!(header.pairs.len(), 5);
    }

    #[test]
    fn a_realm_may_hold_what_would_end_a_parameter() {
        let header = Header::parse(r#"realm="a \"b\", oauth_token=c\\", oauth_nonce="n""#).unwrap();
        assert_eq!(header.realm.as_deref(), Some(r#"a "b", oauth_token=c\"#));
        assert_eq!(header.pairs.len(), 1);
    }

    #[test]
    fn a_header_that_is_not_as_written_is_refused() {
        for field in [
            "oauth_nonce=n",
            "oauth_nonce=\"n",
            "oauth_nonce=\"n\",",
            "oauth_nonce=\"n\" oauth_version=\"1.0\"",
            "oauth_nonce=\"a b\"",
            "oauth_nonce=\"a%2fb\"",
            "oauth_nonce=\"a+b\"",
            "realm=\"a\", realm=\"b\"",
            "oauth_nonce = \"n\"",
        ] {
            assert!(Header::parse(field).is_none(), "{field}");
        }
    }
}
