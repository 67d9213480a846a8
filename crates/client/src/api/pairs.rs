//! Serde values as names and values of a query or a form.

use grantee_core::{Error, Params, Result};
use serde::ser::{self, Impossible, Serialize, Serializer};

/// What becomes of a field that is `None` in a query or a form. JSON bodies are serde's own affair:
/// `#[serde(skip_serializing_if = "Option::is_none")]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoneFields {
    /// It is left out.
    #[default]
    Skip,
    /// `name=`
    Empty,
    /// `name=null`
    Null,
}

/// How a boolean is written in a query or a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Booleans {
    /// `true` and `false`.
    #[default]
    TrueFalse,
    /// `1` and `0`.
    OneZero,
    /// Words of your own for true and for false: `Words("yes", "no")`.
    Words(&'static str, &'static str),
}

/// What the API's author chose, where there is no one way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    pub(crate) none_fields: NoneFields,
    pub(crate) booleans: Booleans,
}

/// A struct's or map's fields, or a list's pairs, in their order.
///
/// # Errors
/// [`Error::Config`] that names the field that makes no text.
pub(crate) fn pairs(value: impl Serialize, rules: Rules) -> Result<Params> {
    let mut fields = Fields { out: Params::new(), rules, name: None };
    value.serialize(&mut fields).map_err(Error::from)?;
    Ok(fields.out)
}

/// One value under a name: nothing, once, or once for each item of a list.
///
/// # Errors
/// [`Error::Config`] that names the field that makes no text.
pub(crate) fn pair(name: &str, value: impl Serialize, rules: Rules) -> Result<Params> {
    let mut out = Params::new();
    value.serialize(Field { name, rules, out: &mut out, item: false })?;
    Ok(out)
}

#[derive(Debug)]
struct Unfit(String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

impl ser::Error for Unfit {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<Unfit> for Error {
    fn from(error: Unfit) -> Self {
        Error::config(
            error.0,
            "give texts, numbers, booleans, options and lists of them; nested values belong into JSON",
        )
    }
}

type Outcome = std::result::Result<(), Unfit>;

fn no_fields(what: &str) -> Unfit {
    Unfit(format!("{what} has no fields to make a query or a form of"))
}

/// What has names: a struct, a map, a list of pairs.
struct Fields {
    out: Params,
    rules: Rules,
    name: Option<String>,
}

impl Fields {
    fn add<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Outcome {
        value.serialize(Field { name, rules: self.rules, out: &mut self.out, item: false })
    }
}

macro_rules! refuse {
    ($($method:ident($($type:ty),*) $what:literal;)*) => {$(
        fn $method(self, $(_: $type),*) -> Outcome {
            Err(no_fields($what))
        }
    )*};
}

impl Serializer for &mut Fields {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), Unfit>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Unfit>;

    refuse! {
        serialize_bool(bool) "a boolean";
        serialize_i8(i8) "a number";
        serialize_i16(i16) "a number";
        serialize_i32(i32) "a number";
        serialize_i64(i64) "a number";
        serialize_u8(u8) "a number";
        serialize_u16(u16) "a number";
        serialize_u32(u32) "a number";
        serialize_u64(u64) "a number";
        serialize_f32(f32) "a number";
        serialize_f64(f64) "a number";
        serialize_char(char) "a character";
        serialize_str(&str) "a text";
        serialize_bytes(&[u8]) "a list of bytes";
        serialize_unit_variant(&'static str, u32, &'static str) "an enum's variant";
    }

    fn serialize_none(self) -> Outcome {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Outcome {
        Err(no_fields("an enum's variant"))
    }

    fn serialize_seq(self, _: Option<usize>) -> std::result::Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> std::result::Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> std::result::Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> std::result::Result<Impossible<(), Unfit>, Unfit> {
        Err(no_fields("an enum's variant"))
    }

    fn serialize_map(self, _: Option<usize>) -> std::result::Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> std::result::Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> std::result::Result<Impossible<(), Unfit>, Unfit> {
        Err(no_fields("an enum's variant"))
    }
}

impl ser::SerializeStruct for &mut Fields {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Outcome {
        self.add(name, value)
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

impl ser::SerializeMap for &mut Fields {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Outcome {
        self.name = Some(name(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
        let name = self.name.take().unwrap_or_default();
        self.add(&name, value)
    }

    fn end(self) -> Outcome {
        Ok(())
    }
}

/// Lists hold pairs, each a name and its value.
macro_rules! list_of_pairs {
    ($($trait:ident $method:ident)*) => {$(
        impl ser::$trait for &mut Fields {
            type Ok = ();
            type Error = Unfit;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Outcome {
                item.serialize(Pair { fields: self, name: None, done: false })
            }

            fn end(self) -> Outcome {
                Ok(())
            }
        }
    )*};
}
list_of_pairs!(SerializeSeq serialize_element SerializeTuple serialize_element SerializeTupleStruct serialize_field);

mod scalar;
use scalar::{Field, Pair, name};

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn all(value: impl Serialize) -> String {
        pairs(value, Rules::default()).unwrap().encode()
    }

    #[derive(Serialize)]
    struct Id(u128);

    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Newest,
    }

    #[derive(Serialize)]
    struct Search {
        q: String,
        limit: Option<u32>,
        after: Option<&'static str>,
        open: bool,
        tag: Vec<&'static str>,
        order: Order,
        id: Id,
        part: f64,
        letter: char,
        both: (i8, bool),
        nothing: (),
    }

    fn search() -> Search {
        Search {
            q: "a b&c".to_owned(),
            limit: Some(0),
            after: None,
            open: false,
            tag: vec!["x", "y"],
            order: Order::Newest,
            id: Id(u128::MAX),
            part: 1.5,
            letter: '\u{e9}',
            both: (-1, true),
            nothing: (),
        }
    }

    #[test]
    fn a_struct_keeps_the_order_of_its_fields_and_repeats_lists() {
        assert_eq!(
            all(search()),
            "q=a+b%26c&limit=0&open=false&tag=x&tag=y&order=newest&id=340282366920938463463374607431768211455&part=1.5&letter=%C3%A9&both=-1&both=true"
        );
    }

    #[test]
    fn none_and_booleans_are_the_users_choice() {
        let rules = Rules { none_fields: NoneFields::Empty, booleans: Booleans::OneZero };
        let text = pairs(search(), rules).unwrap().encode();
        assert!(text.contains("&after=&open=0&") && text.ends_with("&both=-1&both=1&nothing="), "{text}");
        let rules = Rules { none_fields: NoneFields::Null, booleans: Booleans::Words("yes", "no") };
        let text = pairs(search(), rules).unwrap().encode();
        assert!(text.contains("&after=null&open=no&") && text.ends_with("&both=-1&both=yes&nothing=null"), "{text}");
    }

    #[test]
    fn maps_and_lists_of_pairs_serve_as_well() {
        assert_eq!(all(BTreeMap::from([(2, "b"), (1, "a")])), "1=a&2=b");
        assert_eq!(all([("a", "1"), ("b", "2"), ("a", "3")]), "a=1&b=2&a=3");
        assert_eq!(all(vec![("a", Some(1)), ("b", None)]), "a=1");
        assert_eq!(all((("a", 1), ("b", true))), "a=1&b=true");
        assert_eq!(all(json!({"a": null, "b": [1, 2], "c": ""})), "b=1&b=2&c=");
        assert_eq!(all(Some([["a", "b"]])), "a=b");
        assert_eq!((all(()), all(None::<Search>)), (String::new(), String::new()));
    }

    #[test]
    fn what_makes_no_text_is_refused_by_name_and_never_quoted() {
        for value in
            [json!({"where": {"s3cret": 1}}), json!({"where": [["s3cret"]]}), json!([["where", {"s3cret": 1}]])]
        {
            let said = pairs(&value, Rules::default()).unwrap_err().to_string();
            assert!(said.contains("where") && !said.contains("s3cret"), "{said}");
        }
        for value in
            [json!("s3cret"), json!(7), json!(true), json!(["s3cret"]), json!([["s3cret"]]), json!([["a", "b", "c"]])]
        {
            let said = pairs(&value, Rules::default()).unwrap_err().to_string();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn one_name_may_stand_for_nothing_one_or_many() {
        let one = |value: serde_json::Value| pair("n", value, Rules::default()).unwrap().encode();
        assert_eq!(
            (one(json!(null)), one(json!(1)), one(json!(["a", "b"]))),
            (String::new(), "n=1".into(), "n=a&n=b".into())
        );
    }
}
