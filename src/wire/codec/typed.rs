//! Reading a value whose type is known from bytes that the scan has let through.
//!
//! `rmp-serde` reads whatever lies there and asks the type afterwards; compiled, that is a copy of its whole parser
//! for each type, several hundred kilobytes in all. Here the type says what must lie there and `rmp`, the layer below
//! it, reads just that. It takes less than `rmp-serde` does: one form for each shape, no value that names its own
//! type, no text where bytes belong, no number where a variant belongs.

use std::fmt;

use rmp::decode::{self, Bytes};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, SeqAccess, Unexpected, VariantAccess, Visitor,
};

/// What is left to read.
pub(super) struct Typed<'de>(Bytes<'de>);

/// Something else lies there. Why is not told: nobody reads it, and it would be most of the code.
#[derive(Debug)]
pub(super) struct Unfit;

impl<'de> Typed<'de> {
    pub(super) const fn new(bytes: &'de [u8]) -> Self {
        Self(Bytes::new(bytes))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.remaining_slice().is_empty()
    }

    /// The first byte of the next value.
    fn marker(&self) -> Option<u8> {
        self.0.remaining_slice().first().copied()
    }

    fn run(&mut self, len: u32) -> Result<&'de [u8], Unfit> {
        let len = usize::try_from(len).map_err(|_| Unfit)?;
        let (run, rest) = self.0.remaining_slice().split_at_checked(len).ok_or(Unfit)?;
        self.0 = Bytes::new(rest);
        Ok(run)
    }

    fn text(&mut self) -> Result<&'de str, Unfit> {
        let len = decode::read_str_len(&mut self.0).map_err(|_| Unfit)?;
        std::str::from_utf8(self.run(len)?).map_err(|_| Unfit)
    }

    fn binary(&mut self) -> Result<&'de [u8], Unfit> {
        let len = decode::read_bin_len(&mut self.0).map_err(|_| Unfit)?;
        self.run(len)
    }

    fn unsigned(&mut self) -> Result<u64, Unfit> {
        decode::read_int(&mut self.0).map_err(|_| Unfit)
    }

    fn signed(&mut self) -> Result<i64, Unfit> {
        decode::read_int(&mut self.0).map_err(|_| Unfit)
    }
}

/// Hands each wanted type to one method and to what the visitor is told of it.
macro_rules! read {
    ($($wanted:ident: $read:ident, $visit:ident;)+) => {
        $(fn $wanted<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
            visitor.$visit(self.$read()?)
        })+
    };
}

impl<'de> Deserializer<'de> for &mut Typed<'de> {
    type Error = Unfit;

    read! {
        deserialize_u8: unsigned, visit_u64;
        deserialize_u16: unsigned, visit_u64;
        deserialize_u32: unsigned, visit_u64;
        deserialize_u64: unsigned, visit_u64;
        deserialize_i8: signed, visit_i64;
        deserialize_i16: signed, visit_i64;
        deserialize_i32: signed, visit_i64;
        deserialize_i64: signed, visit_i64;
        deserialize_str: text, visit_borrowed_str;
        deserialize_string: text, visit_borrowed_str;
        deserialize_identifier: text, visit_borrowed_str;
        deserialize_bytes: binary, visit_borrowed_bytes;
        deserialize_byte_buf: binary, visit_borrowed_bytes;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_bool(decode::read_bool(&mut self.0).map_err(|_| Unfit)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match decode::read_nil(&mut self.0.clone()) {
            Ok(()) => {
                self.run(1)?;
                visitor.visit_none()
            }
            Err(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let len = decode::read_array_len(&mut self.0).map_err(|_| Unfit)?;
        let mut array = Array { from: self, left: len };
        let value = visitor.visit_seq(&mut array)?;
        if array.left == 0 { Ok(value) } else { Err(Unfit) }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        let fields = self.marker() == Some(PAIR);
        if fields {
            self.run(1)?;
        }
        visitor.visit_enum(Variant { from: self, fields })
    }

    /// Messages know their types; nothing in them may choose its own.
    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Unfit> {
        Err(Unfit)
    }

    serde::forward_to_deserialize_any! { f32 f64 char unit unit_struct map ignored_any }
}

/// A map of one pair: a variant and its fields.
const PAIR: u8 = 0x81;

struct Array<'a, 'de> {
    from: &'a mut Typed<'de>,
    left: u32,
}

impl<'de> SeqAccess<'de> for Array<'_, 'de> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.from).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        usize::try_from(self.left).ok()
    }
}

struct Variant<'a, 'de> {
    from: &'a mut Typed<'de>,
    fields: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Unfit;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Unfit> {
        let name = seed.deserialize(&mut *self.from)?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        if self.fields { Err(Unfit) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        if self.fields { seed.deserialize(self.from) } else { Err(Unfit) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Unfit> {
        if self.fields { self.from.deserialize_seq(visitor) } else { Err(Unfit) }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        if self.fields { self.from.deserialize_seq(visitor) } else { Err(Unfit) }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of this shape")
    }
}

impl std::error::Error for Unfit {}

/// Every default of this trait writes a text; so none is left.
impl Error for Unfit {
    fn custom<T: fmt::Display>(_why: T) -> Self {
        Self
    }

    fn invalid_type(_found: Unexpected<'_>, _wanted: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_found: Unexpected<'_>, _wanted: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_len: usize, _wanted: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_name: &str, _known: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_name: &str, _known: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_name: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_name: &'static str) -> Self {
        Self
    }
}
