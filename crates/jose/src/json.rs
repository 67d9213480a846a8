//! Strict JSON, read in one pass: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), with what RFC 7515 section 4, RFC 7517
//! section 4 and RFC 7519 section 4 ask of members that come twice.

use crate::error::{Error, ErrorKind, Result};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// How deep arrays and objects may nest, the outermost counted.
pub const MAX_DEPTH: usize = 16;

/// Reads an object: UTF-8, no member twice at any depth, nested at most [`MAX_DEPTH`] deep, nothing after it.
///
/// ```
/// use grantee_jose::json;
/// assert_eq!(json::object(br#"{"iss":"joe"}"#).unwrap()["iss"], "joe");
/// assert!(json::object(br#"{"iss":"joe","iss":"eve"}"#).is_err());
/// ```
///
/// # Errors
/// [`ErrorKind::Malformed`], or [`ErrorKind::TooLarge`] where it nests too deep.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>> {
    let context = Context::default();
    read(bytes, &context, ObjectSeed(&context))
}

/// Reads any value, by the rules of [`object`].
///
/// # Errors
/// As [`object`].
pub fn value(bytes: &[u8]) -> Result<Value> {
    let context = Context::default();
    read(bytes, &context, ValueSeed { context: &context, depth: 0 })
}

/// Which rule was broken. A visitor can only fail with a text, so the rule is left with what the visitors share.
#[derive(Default)]
pub(crate) struct Context(Cell<Option<Broken>>);

enum Broken {
    Twice(String),
    TooDeep,
    Type { member: &'static str, expected: &'static str },
}

impl Context {
    /// A member came twice.
    pub(crate) fn twice<E: de::Error>(&self, member: impl Into<String>) -> E {
        self.leave(Broken::Twice(member.into()))
    }

    /// A known member has a value of another type.
    pub(crate) fn wrong_type<E: de::Error>(&self, member: &'static str, expected: &'static str) -> E {
        self.leave(Broken::Type { member, expected })
    }

    fn leave<E: de::Error>(&self, broken: Broken) -> E {
        self.0.set(Some(broken));
        E::custom("")
    }
}

/// Reads one text to its end with a seed that leaves the rules it finds broken in `context`.
pub(crate) fn read<'a, S: DeserializeSeed<'a>>(bytes: &'a [u8], context: &Context, seed: S) -> Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| match context.0.take() {
        Some(Broken::Twice(member)) => {
            Error::new(ErrorKind::Malformed, "no member comes twice", "RFC 7515 section 4").got(member)
        }
        Some(Broken::TooDeep) => {
            Error::new(ErrorKind::TooLarge, "the JSON nests no deeper than 16", "RFC 8259 section 9")
        }
        Some(Broken::Type { member, expected }) => {
            Error::new(ErrorKind::Malformed, "the member has the right type", "RFC 7515 section 4.1")
                .expected(expected)
                .got(format_args!("another type for {member}"))
        }
        None if error.is_data() => Error::new(ErrorKind::Malformed, "the JSON is an object", "RFC 7515 section 4"),
        // The text of serde_json may quote a value; the place says enough.
        None => Error::new(ErrorKind::Malformed, "the text is JSON and nothing else", "RFC 8259 section 2")
            .got(format_args!("an error at line {} column {}", error.line(), error.column())),
    })
}

struct ObjectSeed<'c>(&'c Context);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match (ValueSeed { context: self.0, depth: 0 }).deserialize(deserializer)? {
            Value::Object(object) => Ok(object),
            _ => Err(de::Error::custom("")),
        }
    }
}

/// Reads a value that stands inside `depth` arrays and objects.
#[derive(Clone, Copy)]
pub(crate) struct ValueSeed<'c> {
    pub(crate) context: &'c Context,
    pub(crate) depth: usize,
}

impl ValueSeed<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth < MAX_DEPTH {
            true => Ok(Self { depth: self.depth + 1, ..self }),
            false => Err(self.context.leave(Broken::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(seed)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let seed = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == BIG_NUMBER && arbitrary_precision() {
                let digits: String = members.next_value()?;
                return digits.parse().map(Value::Number).map_err(de::Error::custom);
            }
            if object.contains_key(&name) {
                return Err(self.context.twice(name));
            }
            let value = members.next_value_seed(seed)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// How serde_json hands a number to a visitor when some crate of the program has turned on `arbitrary_precision`.
const BIG_NUMBER: &str = "$serde_json::private::Number";

fn arbitrary_precision() -> bool {
    serde_json::from_str::<Value>("1e999").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_comes_out_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-1,1.5,true,false,null,"x\u00e9\ud83d\ude00",{}],"b":{"c":18446744073709551615},"d":""}"#;
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(value(b" [1 , 2] ").unwrap(), serde_json::json!([1, 2]));
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":{"b":1,"c":2,"b":3}}"#,
            r#"{"a":[[{"b":null,"b":null}]]}"#,
        ] {
            let error = object(text.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.rule()), (ErrorKind::Malformed, "no member comes twice"), "{text}");
        }
        object(br#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#).unwrap();
    }

    #[test]
    fn sixteen_levels_are_read_and_seventeen_are_not() {
        let arrays = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        value(arrays(16).as_bytes()).unwrap();
        object(objects(16).as_bytes()).unwrap();
        for text in [arrays(17), objects(17), arrays(100_000), objects(100_000)] {
            assert_eq!(value(text.as_bytes()).unwrap_err().kind(), ErrorKind::TooLarge);
        }
    }

    #[test]
    fn nothing_may_follow_and_nothing_may_be_missing() {
        for text in [
            &b"{}{}"[..],
            b"{} x",
            b"{},",
            b"{}\0",
            b"{",
            b"",
            b" ",
            b"{\"a\"}",
            b"{a:1}",
            b"{'a':1}",
            b"{\"a\":01}",
            b"{\"a\":NaN}",
            b"{\"a\":1,}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":\"\xed\xa0\x80\"}",
        ] {
            assert_eq!(object(text).unwrap_err().kind(), ErrorKind::Malformed, "{}", String::from_utf8_lossy(text));
        }
        object(b" \r\n\t{ } \n").unwrap();
    }

    #[test]
    fn another_value_than_an_object_is_refused_and_never_quoted() {
        for text in ["\"a secret\"", "[{\"a\":\"a secret\"}]", "null", "7", "true"] {
            let error = object(text.as_bytes()).unwrap_err();
            assert_eq!(error.rule(), "the JSON is an object");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_number_stays_a_number_and_an_object_an_object_whatever_serde_json_was_built_with() {
        let read = object(br#"{"exp":1300819380.5,"n":-3}"#).unwrap();
        assert_eq!((read["exp"].as_f64(), read["n"].as_i64()), (Some(1_300_819_380.5), Some(-3)));
        if !arbitrary_precision() {
            assert!(object(br#"{"a":{"$serde_json::private::Number":"1"}}"#).unwrap()["a"].is_object());
        }
    }
}
