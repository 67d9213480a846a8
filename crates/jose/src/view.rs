//! A JSON object read without copying it: for judging claims that are thrown away again, or read in full by few.

use crate::error::Result;
use crate::json::{self, Context, ValueSeed};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// The members of an object in their order, texts borrowed from what was read. As strict as [`json::object`].
///
/// ```
/// use grantee_jose::view::{Member, View};
/// let view = View::read(br#"{"iss":"joe","exp":1300819380}"#).unwrap();
/// assert!(matches!(view.get("iss"), Some(Member::Text(iss)) if iss == "joe"));
/// assert!(View::read(br#"{"iss":"joe","iss":"eve"}"#).is_err());
/// ```
#[derive(Clone, PartialEq)]
pub struct View<'a>(Vec<(Cow<'a, str>, Member<'a>)>);

/// One value of a [`View`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Member<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// A list or an object.
    Nested(Value),
}

impl<'a> View<'a> {
    /// Reads an object by the rules of [`json::object`].
    ///
    /// # Errors
    /// As [`json::object`].
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let context = Context::default();
        json::read(bytes, &context, ViewSeed(&context))
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.0.iter().find(|(held, _)| held == name).map(|(_, member)| member)
    }
}

// The claims are about a person.
impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")?;
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

struct ViewSeed<'c>(&'c Context);

impl<'de> DeserializeSeed<'de> for ViewSeed<'_> {
    type Value = View<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// Up to here names are compared one by one, which is faster than any set; an object with more is a stranger's attempt.
const FEW: usize = 48;

impl<'de> Visitor<'de> for ViewSeed<'_> {
    type Value = View<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Member<'de>)> = Vec::with_capacity(16);
        let mut names: Option<BTreeSet<String>> = None;
        while let Some(Text(name)) = access.next_key()? {
            if members.len() == FEW && names.is_none() {
                names = Some(members.iter().map(|(name, _)| name.clone().into_owned()).collect());
            }
            let twice = match &mut names {
                Some(names) => !names.insert(name.clone().into_owned()),
                None => members.iter().any(|(held, _)| *held == name),
            };
            if twice {
                return Err(self.0.twice(name.into_owned()));
            }
            let member = access.next_value_seed(MemberSeed(self.0))?;
            members.push((name, member));
        }
        Ok(View(members))
    }
}

/// A string, borrowed where nothing in it is escaped.
struct Text<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

struct MemberSeed<'c>(&'c Context);

impl<'c> MemberSeed<'c> {
    /// What is nested is built as a value, one deep already.
    fn inside(&self) -> ValueSeed<'c> {
        ValueSeed { context: self.0, depth: 1 }
    }
}

impl<'de> DeserializeSeed<'de> for MemberSeed<'_> {
    type Value = Member<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MemberSeed<'_> {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Member::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Number::from_f64(value).map(Member::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        self.inside().visit_seq(elements).map(Member::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        match self.inside().visit_map(members)? {
            // serde_json hands numbers over like this where a crate of the program has asked for arbitrary precision.
            Value::Number(number) => Ok(Member::Number(number)),
            nested @ Value::Object(_) => Ok(Member::Nested(nested)),
            _ => Err(A::Error::custom("")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_that_the_strict_reader_finds() {
        let text = r#"{"a":"x","b\n":"y\u00e9","c":1,"d":-1.5,"e":null,"f":true,"g":[1,{"h":2}],"i":{"j":"k"}}"#;
        let view = View::read(text.as_bytes()).unwrap();
        let map = json::object(text.as_bytes()).unwrap();
        for (name, value) in &map {
            let member = match view.get(name).unwrap() {
                Member::Null => Value::Null,
                Member::Bool(value) => (*value).into(),
                Member::Number(value) => value.clone().into(),
                Member::Text(value) => value.as_ref().into(),
                Member::Nested(value) => value.clone(),
            };
            assert_eq!(&member, value, "{name}");
        }
        assert!(matches!(view.get("a"), Some(Member::Text(Cow::Borrowed("x")))));
        assert!(view.get("z").is_none());
        assert!(!format!("{view:?}").contains('x'));
    }

    #[test]
    fn it_refuses_what_the_strict_reader_refuses() {
        let deep = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let many = |last: &str| {
            let members: Vec<String> = (0..100).map(|n| format!(r#""m{n}":{n}"#)).collect();
            format!("{{{},\"{last}\":0}}", members.join(","))
        };
        for text in [
            "",
            "[]",
            "7",
            "null",
            "{",
            "{}x",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"a":1,}"#,
            "{\"a\":\"\u{1}\"}",
            &deep(15),
            &deep(16),
            &deep(500),
            &many("m3"),
            &many("new"),
        ] {
            assert_eq!(View::read(text.as_bytes()).is_ok(), json::object(text.as_bytes()).is_ok(), "{text}");
            if let (Err(view), Err(object)) = (View::read(text.as_bytes()), json::object(text.as_bytes())) {
                assert_eq!(view.kind(), object.kind(), "{text}");
            }
        }
        assert!(View::read(b"{\"a\":\"\xff\"}").is_err());
    }
}
