//! JSON, read straight into what the model calls given: no tree in between.
//!
//! A key that stands twice in one object is refused, for nobody knows which of the two was meant.
//! What is nested deeper than serde_json goes is refused by it.

mod names;
mod object;
mod print;
mod rows;
mod weight;

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::error::Refusal;
use crate::model::Given;

use names::Names;
pub(super) use object::{Object, mistyped, no_variant, quoted, type_of, unknown_word, unmatched};
pub(super) use print::{Encoding, Id, Shown, returned_bytes, unsigned_zero};
pub(super) use rows::{Field, Fields, NO_ID, RowShape, ids_of};
pub(super) use weight::Weight;

/// Arrays and objects in each other: serde_json refuses one more.
pub(super) const DEPTH_MAX: usize = 127;

/// Reads the whole of a body, or tells where it is not JSON, or JSON of another shape.
pub(super) fn parse<'b, S>(bytes: &'b [u8], trail: &Trail, seed: S) -> Result<S::Value, Refusal>
where
    S: de::DeserializeSeed<'b>,
{
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = match seed.deserialize(&mut json) {
        Ok(value) => json.end().map(|()| value),
        Err(error) => Err(error),
    };
    read.map_err(|error| {
        if let Some(name) = trail.unknown.take() {
            return Refusal::unknown_field_at(trail, &name);
        }
        let what = format!("{trail}{error}");
        match error.classify() {
            Category::Data => Refusal::misshapen(&what),
            Category::Syntax | Category::Eof | Category::Io => Refusal::malformed(&what),
        }
    })
}

/// An object of which nothing is known, as one tree.
pub(super) fn object(bytes: &[u8]) -> Result<Object, Refusal> {
    let trail = Trail::default();
    let given = parse(bytes, &trail, Any(&trail))?;
    Object::of("", given)
}

/// Where an error lies. It is noted on the way out of it, from the inside, so that a body that is
/// right pays nothing.
#[derive(Debug, Default)]
pub(super) struct Trail {
    steps: RefCell<Vec<Step>>,
    /// The field that the error is about, if it is that nobody knows it.
    unknown: RefCell<Option<String>>,
    names: Names,
}

#[derive(Debug)]
pub(super) enum Step {
    Field(Box<str>),
    Index(usize),
}

impl Trail {
    pub(super) fn at<T, E>(&self, step: impl FnOnce() -> Step, read: Result<T, E>) -> Result<T, E> {
        if read.is_err() {
            self.steps.borrow_mut().push(step());
        }
        read
    }

    /// To a reader of JSON this is an error like any other; to the contracts it is not.
    fn unknown_field<E: de::Error>(&self, name: &str) -> E {
        *self.unknown.borrow_mut() = Some(quoted(name));
        E::custom("unknown field")
    }
}

/// `upsert_rows[0].title: `, or nothing.
impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.steps.borrow();
        for (at, step) in steps.iter().rev().enumerate() {
            match step {
                Step::Field(name) if at == 0 => f.write_str(&quoted(name))?,
                Step::Field(name) => write!(f, ".{}", quoted(name))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        f.write_str(if steps.is_empty() { "" } else { ": " })
    }
}

/// A value where an integer is asked for. JSON has a `-0` that means the integer 0, and its reader
/// gives a float for it, lest the sign is lost to those who want one.
pub(super) fn integral(given: Given) -> Given {
    match given {
        Given::Float(number) if number == 0.0 && number.is_sign_negative() => Given::Int(0),
        other => other,
    }
}

/// Any value.
#[derive(Clone, Copy)]
pub(super) struct Any<'t>(pub(super) &'t Trail);

impl<'de> de::DeserializeSeed<'de> for Any<'_> {
    type Value = Given;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Given, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Given, E> {
        Ok(Given::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Given, E> {
        Ok(Given::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Given, E> {
        Ok(Given::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Given, E> {
        Ok(i64::try_from(number).map_or(Given::Uint(number), Given::Int))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Given, E> {
        Ok(Given::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Given, E> {
        Ok(Given::Text(text.into()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Given, E> {
        Ok(Given::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Given, A::Error> {
        let mut items = Vec::new();
        loop {
            let item = seq.next_element_seed(self);
            match self.0.at(|| Step::Index(items.len()), item)? {
                Some(item) => items.push(item),
                None => return Ok(Given::List(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Box<str>>()? {
            let value = map.next_value_seed(self);
            let value = self.0.at(|| Step::Field(key.clone()), value)?;
            entries.push((key, value));
        }
        distinct::<_, _, A::Error>(&entries)?;
        Ok(Given::Map(entries))
    }
}

/// Below so many entries, comparing each with each is quicker than sorting them.
const FEW: usize = 16;

fn distinct<N: Deref<Target = str>, T, E: de::Error>(entries: &[(N, T)]) -> Result<(), E> {
    let twice = |name: &str| Err(E::custom(format_args!("duplicate field `{}`", quoted(name))));
    if entries.len() <= FEW {
        for (at, (name, _)) in entries.iter().enumerate() {
            if entries[..at].iter().any(|(other, _)| **other == **name) {
                return twice(name);
            }
        }
        return Ok(());
    }
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => twice(pair[0]),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(super) fn given(text: &str) -> Given {
    let trail = Trail::default();
    parse(text.as_bytes(), &trail, Any(&trail)).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let trail = Trail::default();
        parse(text.as_bytes(), &trail, Any(&trail)).unwrap_err().story().to_owned()
    }

    #[test]
    fn each_kind_of_value_is_told_from_the_others() {
        let text = r#"{"a":[1,-1,1.0,9223372036854775808,1e3],"b":null,"c":"é\n","d":true,"":{}}"#;
        let list = vec![
            Given::Int(1),
            Given::Int(-1),
            Given::Float(1.0),
            Given::Uint(1 << 63),
            Given::Float(1000.0),
        ];
        let expected = Given::Map(vec![
            ("a".into(), Given::List(list)),
            ("b".into(), Given::Null),
            ("c".into(), Given::Text("é\n".into())),
            ("d".into(), Given::Bool(true)),
            ("".into(), Given::Map(Vec::new())),
        ]);
        assert_eq!(given(text), expected);
    }

    /// The quick way to read a float ends one bit beside some of them.
    #[test]
    fn a_float_is_the_one_that_is_written() {
        for text in
            ["31.245270191439438", "0.10000000000000002", "1.7976931348623157e308", "5e-324"]
        {
            let Given::Float(float) = given(text) else { panic!("{text} is no float") };
            assert_eq!(Ok(float), text.parse::<f64>(), "{text}");
        }
    }

    #[test]
    fn minus_zero_is_an_integer_to_who_wants_one_and_keeps_its_sign_for_others() {
        let Given::Float(number) = given("-0") else { panic!("the sign is lost") };
        assert!(number.is_sign_negative());
        assert_eq!(integral(given("-0")), Given::Int(0));
        assert_eq!(integral(given("0.0")), Given::Float(0.0));
        assert_eq!(integral(given("-1")), Given::Int(-1));
    }

    #[test]
    fn an_error_says_where_it_lies() {
        for (text, told) in [
            ("", "Failed to parse the request body as JSON: EOF while parsing a value at line 1"),
            ("{} x", "Failed to parse the request body as JSON: trailing characters"),
            (r#"{"a":[0,{"b":x}]}"#, "request body as JSON: a[1].b: expected value at line 1"),
            (r#"{"a":[1e999]}"#, "request body as JSON: a[0]: number out of range"),
            (r#"[{"a":1,"b":2,"a":3}]"#, "the target type: [0]: duplicate field `a`"),
        ] {
            assert!(refused(text).contains(told), "{}", refused(text));
        }
    }

    #[test]
    fn a_field_that_stands_twice_is_found_among_many() {
        let fields: Vec<String> = (0..100).map(|at| format!("\"f{at}\":0")).collect();
        let text = format!("{{{},\"f7\":1}}", fields.join(","));
        assert!(refused(&text).contains("duplicate field `f7`"));
        given(&format!("{{{}}}", fields.join(",")));
    }

    #[test]
    fn what_is_too_deep_is_refused_and_harms_nobody() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for deep in ["[".repeat(100_000), nested(DEPTH_MAX + 1)] {
            assert!(refused(&deep).contains("recursion limit exceeded"));
        }
        given(&nested(DEPTH_MAX));
    }
}
