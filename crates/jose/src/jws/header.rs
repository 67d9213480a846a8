//! The JOSE header: [RFC 7515 section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4), and RFC 7516 section 4.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, Context, ValueSeed};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A JOSE header. Known members are read out; the rest stays.
///
/// ```
/// use grantee_jose::jws::Header;
/// let header = Header::new().with_typ("at+jwt").with("jku", "https://example.com/jwks");
/// assert!(header.typ_is("application/AT+JWT"));
/// assert_eq!(header.get("jku").unwrap(), "https://example.com/jwks");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The algorithm. When signing, the signer's is put here.
    pub alg: Option<String>,
    /// Which key (section 4.1.4).
    pub kid: Option<String>,
    /// The media type of the whole (section 4.1.9).
    pub typ: Option<String>,
    /// The media type of the content (section 4.1.10): `JWT` where a token is in the token.
    pub cty: Option<String>,
    /// Members that must be understood (section 4.1.11).
    pub crit: Option<Vec<String>>,
    /// Every other member, as it came. `jwk`, `jku`, `x5u` and `x5c` are here, and nothing here looks at them.
    pub other: Map<String, Value>,
}

/// What RFC 7515, RFC 7516 and RFC 7518 define, which `crit` may not name.
const REGISTERED: [&str; 20] = [
    "alg", "enc", "zip", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "epk", "apu",
    "apv", "iv", "tag", "p2s", "p2c",
];

/// Names in a `crit`: what comes in is compared with each other.
const MAX_CRIT: usize = 16;

impl Header {
    /// An empty header.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this `typ`.
    #[must_use]
    pub fn with_typ(self, typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..self }
    }

    /// With this `kid`.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// With this `cty`.
    #[must_use]
    pub fn with_cty(self, cty: impl Into<String>) -> Self {
        Self { cty: Some(cty.into()), ..self }
    }

    /// With these names in `crit`.
    #[must_use]
    pub fn with_crit(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { crit: Some(names.into_iter().map(Into::into).collect()), ..self }
    }

    /// With an unencoded payload: `b64` false, and in `crit` (RFC 7797 section 6).
    #[must_use]
    pub fn with_unencoded_payload(self) -> Self {
        let mut crit = self.crit.clone().unwrap_or_default();
        if !crit.iter().any(|name| name == "b64") {
            crit.push("b64".to_owned());
        }
        self.with("b64", false).with_crit(crit)
    }

    /// With another member. The name of a field with a text sets the field.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        match (name.into(), value.into()) {
            (name, Value::String(text)) if name == "alg" => self.alg = Some(text),
            (name, Value::String(text)) if name == "kid" => self.kid = Some(text),
            (name, Value::String(text)) if name == "typ" => self.typ = Some(text),
            (name, Value::String(text)) if name == "cty" => self.cty = Some(text),
            (name, value) => drop(self.other.insert(name, value)),
        }
        self
    }

    /// A member that is not one of the fields.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.other.get(name)
    }

    /// Whether it has a member of this name, a field or another.
    pub fn contains(&self, name: &str) -> bool {
        match name {
            "alg" => self.alg.is_some(),
            "kid" => self.kid.is_some(),
            "typ" => self.typ.is_some(),
            "cty" => self.cty.is_some(),
            "crit" => self.crit.is_some(),
            _ => self.other.contains_key(name),
        }
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.names().next().is_none()
    }

    /// Whether `typ` is this media type: case counts for nothing, and `application/` may be left out (section 4.1.9).
    pub fn typ_is(&self, media_type: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| short_type(typ).eq_ignore_ascii_case(short_type(media_type)))
    }

    /// The header as JSON: `alg`, `typ`, `kid`, `cty`, `crit`, then the others.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        let texts = [("alg", &self.alg), ("typ", &self.typ), ("kid", &self.kid), ("cty", &self.cty)];
        for (name, text) in texts {
            if let Some(text) = text {
                push_member(&mut json, name, &Value::from(text.as_str()));
            }
        }
        if let Some(crit) = &self.crit {
            push_member(&mut json, "crit", &Value::from(crit.as_slice()));
        }
        for (name, value) in &self.other {
            push_member(&mut json, name, value);
        }
        json.push('}');
        json
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let context = Context::default();
        json::read(bytes, &context, HeaderSeed(&context))
    }

    /// A header that was read as part of another JSON text.
    pub(crate) fn from_object(mut members: Map<String, Value>) -> Result<Self> {
        let wrong_type = |name: &'static str| {
            Error::new(ErrorKind::Malformed, "the member has the right type", "RFC 7515 section 4.1")
                .got(format_args!("another type for {name}"))
        };
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name)),
        };
        let (alg, kid, typ, cty) = (text("alg")?, text("kid")?, text("typ")?, text("cty")?);
        let crit = members.remove("crit").map(|crit| texts(crit).ok_or_else(|| wrong_type("crit"))).transpose()?;
        Ok(Self { alg, kid, typ, cty, crit, other: members })
    }

    pub(crate) fn to_object(&self) -> Map<String, Value> {
        let mut members = self.other.clone();
        let texts = [("alg", &self.alg), ("typ", &self.typ), ("kid", &self.kid), ("cty", &self.cty)];
        members.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))));
        members.extend(self.crit.iter().map(|crit| ("crit".to_owned(), crit.as_slice().into())));
        members
    }

    /// The names of its members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        ["alg", "typ", "kid", "cty", "crit"]
            .into_iter()
            .filter(|name| self.contains(name))
            .chain(self.other.keys().map(String::as_str))
    }

    /// Whether every name in `crit` is a member that is understood (section 4.1.11).
    pub(crate) fn check_crit(&self, understood: impl Fn(&str) -> bool) -> Result<()> {
        let Some(crit) = &self.crit else { return Ok(()) };
        let broken = |rule| Error::new(ErrorKind::Critical, rule, "RFC 7515 section 4.1.11");
        if crit.is_empty() || crit.len() > MAX_CRIT {
            return Err(broken("crit has a name, and no more than 16").got(crit.len()));
        }
        for (index, name) in crit.iter().enumerate() {
            if crit[..index].contains(name) {
                return Err(broken("no name in crit comes twice").got(name));
            }
            if REGISTERED.contains(&name.as_str()) {
                return Err(broken("crit names no member of the specification itself").got(name));
            }
            if !self.other.contains_key(name) {
                return Err(broken("the header has what crit names").got(name));
            }
            if !understood(name) {
                return Err(broken("what crit names is understood").got(name));
            }
        }
        Ok(())
    }

    /// Whether the payload is not encoded: `b64` is false, and in `crit` (RFC 7797 section 6).
    pub(crate) fn is_unencoded(&self) -> Result<bool> {
        let b64 = match self.other.get("b64") {
            None => return Ok(false),
            Some(Value::Bool(b64)) => *b64,
            Some(_) => return Err(Error::new(ErrorKind::Malformed, "b64 is true or false", "RFC 7797 section 3")),
        };
        if !self.crit.iter().flatten().any(|name| name == "b64") {
            return Err(Error::new(ErrorKind::Critical, "b64 is named in crit", "RFC 7797 section 6"));
        }
        Ok(!b64)
    }

    /// Whether a header that is about to be sent holds together.
    pub(crate) fn check_own(&self) -> Result<()> {
        let fields = ["alg", "kid", "typ", "cty", "crit"];
        if let Some(name) = fields.into_iter().find(|name| self.other.contains_key(*name)) {
            return Err(
                Error::new(ErrorKind::Malformed, "the member has the right type", "RFC 7515 section 4.1").got(name)
            );
        }
        self.check_crit(|_| true)?;
        self.is_unencoded().map(drop)
    }
}

/// A media type without its `application/`, where nothing but that is left out.
fn short_type(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

fn push_member(json: &mut String, name: &str, value: &Value) {
    if json.len() > 1 {
        json.push(',');
    }
    json.push_str(&Value::from(name).to_string());
    json.push(':');
    json.push_str(&value.to_string());
}

struct HeaderSeed<'c>(&'c Context);

impl<'de> DeserializeSeed<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Header, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            let value = ValueSeed { context: self.0, depth: 1 };
            let (name, field) = match name {
                Name::Alg => ("alg", &mut header.alg),
                Name::Kid => ("kid", &mut header.kid),
                Name::Typ => ("typ", &mut header.typ),
                Name::Cty => ("cty", &mut header.cty),
                Name::Crit if header.crit.is_some() => return Err(self.0.twice("crit")),
                Name::Crit => {
                    let names = texts(members.next_value_seed(value)?);
                    header.crit = Some(names.ok_or_else(|| self.0.wrong_type("crit", "an array of strings"))?);
                    continue;
                }
                Name::Other(name) if header.other.contains_key(&name) => return Err(self.0.twice(name)),
                Name::Other(name) => {
                    header.other.insert(name, members.next_value_seed(value)?);
                    continue;
                }
            };
            if field.is_some() {
                return Err(self.0.twice(name));
            }
            match members.next_value_seed(value)? {
                Value::String(text) => *field = Some(text),
                _ => return Err(self.0.wrong_type(name, "a string")),
            }
        }
        Ok(header)
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(values) = value else { return None };
    let text = |value| if let Value::String(text) = value { Some(text) } else { None };
    values.into_iter().map(text).collect()
}

enum Name {
    Alg,
    Kid,
    Typ,
    Cty,
    Crit,
    Other(String),
}

struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match name {
            "alg" => Name::Alg,
            "kid" => Name::Kid,
            "typ" => Name::Typ,
            "cty" => Name::Cty,
            "crit" => Name::Crit,
            other => Name::Other(other.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Header> {
        Header::parse(json.as_bytes())
    }

    #[test]
    fn known_members_are_read_out_and_the_rest_stays() {
        let header = parse(r#"{"kid":"1","alg":"RS256","x":[1],"typ":"JWT","cty":"JWT","crit":["x"]}"#).unwrap();
        let crit = Some(vec!["x".to_owned()]);
        assert_eq!(header.alg.as_deref(), Some("RS256"));
        assert_eq!((header.kid.as_deref(), header.crit.clone()), (Some("1"), crit));
        assert_eq!((header.typ.as_deref(), header.cty.as_deref()), (Some("JWT"), Some("JWT")));
        assert_eq!(header.get("x"), Some(&serde_json::json!([1])));
        assert_eq!(header.to_json(), r#"{"alg":"RS256","typ":"JWT","kid":"1","cty":"JWT","crit":["x"],"x":[1]}"#);
        assert_eq!(parse(&header.to_json()).unwrap(), header);
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_whether_known_or_not() {
        for json in [
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"kid":"1","alg":"HS256","kid":"2"}"#,
            r#"{"crit":["a"],"crit":["a"]}"#,
            r#"{"x":1,"x":1}"#,
            r#"{"x":{"y":1,"y":2}}"#,
            r#"{"alg":"HS256","\u0061lg":"none"}"#,
        ] {
            assert_eq!(parse(json).unwrap_err().rule(), "no member comes twice", "{json}");
        }
    }

    #[test]
    fn a_known_member_of_another_type_is_refused() {
        for json in [r#"{"alg":1}"#, r#"{"kid":null}"#, r#"{"typ":["JWT"]}"#, r#"{"crit":"x"}"#, r#"{"crit":[1]}"#] {
            assert_eq!(parse(json).unwrap_err().rule(), "the member has the right type", "{json}");
        }
        for json in ["[]", "\"x\"", "null", "7"] {
            assert_eq!(parse(json).unwrap_err().rule(), "the JSON is an object", "{json}");
        }
        assert_eq!(parse("{\"alg\":}").unwrap_err().rule(), "the text is JSON and nothing else");
    }

    #[test]
    fn typ_is_a_media_type_without_case_and_perhaps_without_its_prefix() {
        for (typ, wanted, is) in [
            ("JWT", "jwt", true),
            ("application/at+jwt", "at+jwt", true),
            ("at+jwt", "Application/AT+JWT", true),
            ("at+jwt", "jwt", false),
            ("image/png", "png", false),
            ("application/image/png", "image/png", false),
            ("", "jwt", false),
        ] {
            assert_eq!(Header::new().with_typ(typ).typ_is(wanted), is, "{typ} {wanted}");
        }
        assert!(!Header::new().typ_is("jwt"));
    }

    #[test]
    fn crit_names_members_that_are_there_new_and_understood_each_once() {
        let known = |name: &str| name == "x" || name == "exp" || name == "kid";
        for (json, ok) in [
            (r#"{"crit":["x"],"x":1}"#, true),
            (r#"{"crit":["x","exp"],"x":1,"exp":2}"#, true),
            (r#"{"x":1}"#, true),
            (r#"{"crit":[],"x":1}"#, false),
            (r#"{"crit":["x","x"],"x":1}"#, false),
            (r#"{"crit":["x"]}"#, false),
            (r#"{"crit":["y"],"y":1}"#, false),
            (r#"{"crit":["kid"],"kid":"1"}"#, false),
            (r#"{"crit":["crit"]}"#, false),
            (r#"{"crit":["p2c"],"p2c":1}"#, false),
        ] {
            let checked = parse(json).unwrap().check_crit(known);
            assert_eq!(checked.as_ref().map_err(Error::kind).err(), (!ok).then_some(ErrorKind::Critical), "{json}");
        }
        let many: Vec<String> = (0..17).map(|number| format!("n{number}")).collect();
        let header = many.iter().fold(Header::new().with_crit(&many), |header, name| header.with(name, 1));
        assert_eq!(header.check_crit(|_| true).unwrap_err().kind(), ErrorKind::Critical);
    }

    #[test]
    fn b64_is_a_boolean_that_crit_names() {
        assert_eq!(parse(r#"{"b64":false,"crit":["b64"]}"#).unwrap().is_unencoded(), Ok(true));
        assert_eq!(parse(r#"{"b64":true,"crit":["b64"]}"#).unwrap().is_unencoded(), Ok(false));
        assert_eq!(parse("{}").unwrap().is_unencoded(), Ok(false));
        for json in [r#"{"b64":false}"#, r#"{"b64":true}"#, r#"{"b64":"false","crit":["b64"]}"#, r#"{"b64":null}"#] {
            parse(json).unwrap().is_unencoded().unwrap_err();
        }
        assert_eq!(Header::new().with_unencoded_payload().is_unencoded(), Ok(true));
    }
}
