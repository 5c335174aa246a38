//! Reads the JSON that the server writes.
//!
//! `serde_json` is made for JSON of anybody: for each type it has a way to read it from an object and one to read it from a
//! list, and words for whatever may be wrong. In the browser that was a seventh of all code. This reader knows objects only,
//! as what it reads was written by the same types, and it has one word for whatever is wrong.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, Visitor},
    forward_to_deserialize_any,
};

/// The text is not what the type is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not what was expected")]
pub struct Unreadable;

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

/// Reads a value that `serde_json` wrote.
///
/// # Errors
/// If the text is not that of such a value, or has more after it.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T> {
    let mut reader = Reader { text, at: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.peek().is_some() { Err(Unreadable) } else { Ok(value) }
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Reader<'de> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes this byte, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(Unreadable) }
    }

    fn word(&mut self, word: &str) -> bool {
        self.peek();
        let there = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn boolean(&mut self) -> Result<bool> {
        if self.word("true") {
            Ok(true)
        } else if self.word("false") {
            Ok(false)
        } else {
            Err(Unreadable)
        }
    }

    fn number(&mut self) -> Result<&'de str> {
        self.peek();
        let rest = self.text.get(self.at..).ok_or(Unreadable)?;
        let end = rest
            .bytes()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).ok_or(Unreadable)
    }

    fn unsigned(&mut self) -> Result<u64> {
        self.number()?.parse().map_err(|_| Unreadable)
    }

    fn signed(&mut self) -> Result<i64> {
        self.number()?.parse().map_err(|_| Unreadable)
    }

    fn string(&mut self) -> Result<Cow<'de, str>> {
        self.expect(b'"')?;
        let mut made = String::new();
        loop {
            let rest = self.text.get(self.at..).ok_or(Unreadable)?;
            let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Unreadable)?;
            let plain = rest.get(..end).ok_or(Unreadable)?;
            self.at += end + 1;
            if rest.as_bytes().get(end) == Some(&b'"') {
                if made.is_empty() {
                    return Ok(Cow::Borrowed(plain));
                }
                made.push_str(plain);
                return Ok(Cow::Owned(made));
            }
            made.push_str(plain);
            made.push(self.escaped()?);
        }
    }

    /// What a backslash stands for; it is taken already.
    fn escaped(&mut self) -> Result<char> {
        let byte = *self.text.as_bytes().get(self.at).ok_or(Unreadable)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) {
                    if !self.word("\\u") {
                        return Err(Unreadable);
                    }
                    units.push(self.unit()?);
                }
                let mut chars = char::decode_utf16(units);
                chars.next().and_then(std::result::Result::ok).ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u16> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// Passes over a value.
    fn skip(&mut self) -> Result<()> {
        match self.peek().ok_or(Unreadable)? {
            b'"' => self.string().map(drop),
            b'{' => {
                let mut object = Items::of(self, b'}');
                while object.another()? {
                    object.reader.string()?;
                    object.reader.expect(b':')?;
                    object.reader.skip()?;
                }
                Ok(())
            }
            b'[' => {
                let mut list = Items::of(self, b']');
                while list.another()? {
                    list.reader.skip()?;
                }
                Ok(())
            }
            b't' | b'f' => self.boolean().map(drop),
            b'n' => self.null(),
            _ => self.number().map(drop),
        }
    }

    fn null(&mut self) -> Result<()> {
        if self.word("null") { Ok(()) } else { Err(Unreadable) }
    }
}

/// The entries of an object or a list.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    begun: bool,
    ended: bool,
}

impl<'r, 'de> Items<'r, 'de> {
    /// Those of what opens here.
    fn of(reader: &'r mut Reader<'de>, close: u8) -> Self {
        reader.at += 1;
        Self { reader, close, begun: false, ended: false }
    }

    /// Whether there is one more; takes what stands before it, or the end.
    fn another(&mut self) -> Result<bool> {
        if self.reader.take(self.close) {
            self.ended = true;
            return Ok(false);
        }
        if self.begun {
            self.reader.expect(b',')?;
        }
        self.begun = true;
        Ok(true)
    }

    /// Takes the end, if whoever read them stopped before it, as for a tuple.
    fn end(self) -> Result<()> {
        if self.ended { Ok(()) } else { self.reader.expect(self.close) }
    }
}

impl<'de> de::SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.another()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> de::MapAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.another()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        self.reader.expect(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant without content is a string, one with content an object of one entry.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    content: bool,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let name = seed.deserialize(&mut *self.reader)?;
        if self.content {
            self.reader.expect(b':')?;
        }
        Ok((name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<()> {
        if self.content { Err(Unreadable) } else { Ok(()) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        if self.content { seed.deserialize(self.reader) } else { Err(Unreadable) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        if self.content { self.reader.deserialize_seq(visitor) } else { Err(Unreadable) }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        if self.content { self.reader.deserialize_map(visitor) } else { Err(Unreadable) }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.peek().ok_or(Unreadable)? {
            b'"' => self.deserialize_str(visitor),
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b't' | b'f' => visitor.visit_bool(self.boolean()?),
            b'n' => self.null().and_then(|()| visitor.visit_unit()),
            _ => {
                let number = self.number()?;
                if number == "-0" {
                    visitor.visit_f64(-0.0)
                } else if let Ok(number) = number.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = number.parse::<i64>() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(number.parse().map_err(|_| Unreadable)?)
                }
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.boolean()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.null()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.peek() != Some(b'[') {
            return Err(Unreadable);
        }
        let mut list = Items::of(self, b']');
        let value = visitor.visit_seq(&mut list)?;
        list.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.peek() != Some(b'{') {
            return Err(Unreadable);
        }
        visitor.visit_map(Items::of(self, b'}'))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let content = self.take(b'{');
        let value = visitor.visit_enum(Variant { reader: &mut *self, content })?;
        if content {
            self.expect(b'}')?;
        }
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        One(String),
        Two(u8, i64),
        Named { left: Option<u32>, right: bool },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Id(u64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        id: Id,
        text: String,
        kinds: Vec<Kind>,
        pair: (i16, Option<String>),
        nothing: (),
        #[serde(default)]
        later: Vec<bool>,
        inner: Option<Box<Row>>,
        answer: std::result::Result<Id, String>,
    }

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Plain),
            any::<String>().prop_map(Kind::One),
            any::<(u8, i64)>().prop_map(|(left, right)| Kind::Two(left, right)),
            any::<(Option<u32>, bool)>().prop_map(|(left, right)| Kind::Named { left, right }),
        ]
    }

    fn row() -> impl Strategy<Value = Row> {
        let answer = any::<std::result::Result<u64, String>>().prop_map(|answer| answer.map(Id));
        let leaf = (
            any::<u64>(),
            any::<String>(),
            prop::collection::vec(kind(), 0..4),
            any::<(i16, Option<String>)>(),
            answer,
        )
            .prop_map(|(id, text, kinds, pair, answer)| Row {
                id: Id(id),
                text,
                kinds,
                pair,
                nothing: (),
                later: vec![true],
                inner: None,
                answer,
            });
        leaf.prop_recursive(3, 8, 1, |inner| {
            (inner.clone(), inner).prop_map(|(outer, inner)| Row { inner: Some(Box::new(inner)), ..outer })
        })
    }

    proptest! {
        #[test]
        fn what_the_server_writes_is_read_as_it_was(row in row()) {
            let text = serde_json::to_string(&row).unwrap();
            prop_assert_eq!(from_str::<Row>(&text), Ok(row.clone()));
            let text = serde_json::to_string_pretty(&row).unwrap();
            prop_assert_eq!(from_str::<Row>(&text), Ok(row));
        }

        #[test]
        fn text_that_was_cut_short_is_unreadable(row in row(), cut in any::<prop::sample::Index>()) {
            let text = serde_json::to_string(&row).unwrap();
            let at = (0..text.len()).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
            prop_assert_eq!(from_str::<Row>(&text[..at[cut.index(at.len())]]), Err(Unreadable));
        }

        #[test]
        fn no_text_at_all_makes_it_stumble(text in "[\\[\\]{}\",:a0-9nulltrue\\\\ud.-]{0,40}") {
            // What it accepts, `serde_json` reads alike.
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(from_str::<Value>(&text), Ok(value));
            } else {
                drop(from_str::<Value>(&text));
            }
        }
    }

    #[test]
    fn fields_that_are_missing_unknown_or_null_are_taken_as_serde_json_does() {
        let text = r#" { "inner" : null, "text":"\u00e9\ud83d\ude00\n", "unknown": {"a":[1,{"b":"}"}]}, "id": 7,
            "kinds":[], "pair":[-3,null], "nothing":null, "answer":{"Err":"no"} } "#;
        let expected: Row = serde_json::from_str(text).unwrap();
        assert_eq!(expected.text, "\u{e9}\u{1f600}\n");
        assert_eq!(from_str::<Row>(text), Ok(expected));
        assert_eq!(from_str::<Row>("{}"), Err(Unreadable));
        assert_eq!(from_str::<Id>("7 8"), Err(Unreadable));
        assert_eq!(from_str::<u8>("256"), Err(Unreadable));
        assert_eq!(from_str::<BTreeMap<String, f64>>(r#"{"a":1.5e3}"#), Ok(BTreeMap::from([("a".to_owned(), 1500.0)])));
    }
}
