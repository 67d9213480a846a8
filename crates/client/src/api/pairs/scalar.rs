//! The leaves: a value under a name, a name itself, a pair of both.

use super::{Booleans, Fields, NoneFields, Outcome, Rules, Unfit};
use grantee_core::Params;
use serde::ser::{self, Impossible, Serialize, Serializer};

/// One value under a name. A list repeats the name.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) rules: Rules,
    pub(super) out: &'a mut Params,
    /// Whether it is an item of a list already.
    pub(super) item: bool,
}

impl<'a> Field<'a> {
    fn items(self) -> Result<Items<'a>, Unfit> {
        if self.item { Err(self.unfit("a list in a list")) } else { Ok(Items(self)) }
    }

    fn text(self, text: impl Into<String>) -> Outcome {
        self.out.push(self.name, text.into());
        Ok(())
    }

    fn unfit(&self, what: &str) -> Unfit {
        Unfit(format!("{} can't stand in a query or a form: it is {what}", self.name))
    }
}

macro_rules! as_text {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Outcome {
            self.text(value.to_string())
        }
    )*};
}

impl<'a> Serializer for Field<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Impossible<(), Unfit>;
    type SerializeMap = Impossible<(), Unfit>;
    type SerializeStruct = Impossible<(), Unfit>;
    type SerializeStructVariant = Impossible<(), Unfit>;

    as_text! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str)
    }

    fn serialize_bool(self, value: bool) -> Outcome {
        let (yes, no) = match self.rules.booleans {
            Booleans::TrueFalse => ("true", "false"),
            Booleans::OneZero => ("1", "0"),
            Booleans::Words(yes, no) => (yes, no),
        };
        self.text(if value { yes } else { no })
    }

    fn serialize_bytes(self, _: &[u8]) -> Outcome {
        Err(self.unfit("a list of bytes"))
    }

    fn serialize_none(self) -> Outcome {
        match self.rules.none_fields {
            NoneFields::Skip => Ok(()),
            NoneFields::Empty => self.text(""),
            NoneFields::Null => self.text("null"),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome {
        self.text(variant)
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
        Err(self.unfit("an enum's variant with a value"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unfit> {
        self.items()
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unfit> {
        self.items()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unfit> {
        self.items()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unfit>, Unfit> {
        Err(self.unfit("an enum's variant with values"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<(), Unfit>, Unfit> {
        Err(self.unfit("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Impossible<(), Unfit>, Unfit> {
        Err(self.unfit("a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unfit>, Unfit> {
        Err(self.unfit("an enum's variant with fields"))
    }
}

/// The items of a list, each under the same name. An item that is a list itself is refused.
#[derive(Debug)]
pub(super) struct Items<'a>(Field<'a>);

macro_rules! items {
    ($($trait:ident $method:ident)*) => {$(
        impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = Unfit;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Outcome {
                item.serialize(Field { name: self.0.name, rules: self.0.rules, out: &mut *self.0.out, item: true })
            }

            fn end(self) -> Outcome {
                Ok(())
            }
        }
    )*};
}
items!(SerializeSeq serialize_element SerializeTuple serialize_element SerializeTupleStruct serialize_field);

/// The text that a name is made of.
///
/// # Errors
/// When it is no text, number or boolean.
pub(super) fn name<T: Serialize + ?Sized>(name: &T) -> Result<String, Unfit> {
    let refused = || Unfit("a name in a query or a form must be a text".to_owned());
    let mut out = Params::new();
    name.serialize(Field { name: "", rules: Rules::default(), out: &mut out, item: true }).map_err(|_| refused())?;
    let mut texts = out.iter().map(|(_, text)| text.to_owned());
    match (texts.next(), texts.next()) {
        (Some(text), None) => Ok(text),
        _ => Err(refused()),
    }
}

/// A list of two: a name and its value.
pub(super) struct Pair<'a> {
    pub(super) fields: &'a mut Fields,
    pub(super) name: Option<String>,
    pub(super) done: bool,
}

fn no_pair<T>() -> Result<T, Unfit> {
    Err(Unfit("a list that makes a query or a form holds pairs of a name and a value".to_owned()))
}

impl Pair<'_> {
    fn take<T: Serialize + ?Sized>(&mut self, item: &T) -> Outcome {
        match self.name.take() {
            None if !self.done => self.name = Some(name(item)?),
            Some(name) => {
                self.done = true;
                self.fields.add(&name, item)?;
            }
            None => return no_pair(),
        }
        Ok(())
    }

    fn finish(self) -> Outcome {
        if self.done { Ok(()) } else { no_pair() }
    }
}

macro_rules! refuse {
    ($($method:ident($($type:ty),*))*) => {$(
        fn $method(self, $(_: $type),*) -> Outcome {
            no_pair()
        }
    )*};
}

impl<'a> Serializer for Pair<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<(), Unfit>;
    type SerializeMap = Impossible<(), Unfit>;
    type SerializeStruct = Impossible<(), Unfit>;
    type SerializeStructVariant = Impossible<(), Unfit>;

    refuse! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_u8(u8)
        serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_f32(f32) serialize_f64(f64) serialize_char(char)
        serialize_str(&str) serialize_bytes(&[u8]) serialize_none() serialize_unit() serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
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
        no_pair()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unfit> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unfit>, Unfit> {
        no_pair()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<(), Unfit>, Unfit> {
        no_pair()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Impossible<(), Unfit>, Unfit> {
        no_pair()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Unfit>, Unfit> {
        no_pair()
    }
}

macro_rules! pair {
    ($($trait:ident $method:ident)*) => {$(
        impl ser::$trait for Pair<'_> {
            type Ok = ();
            type Error = Unfit;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Outcome {
                self.take(item)
            }

            fn end(self) -> Outcome {
                self.finish()
            }
        }
    )*};
}
pair!(SerializeSeq serialize_element SerializeTuple serialize_element SerializeTupleStruct serialize_field);
