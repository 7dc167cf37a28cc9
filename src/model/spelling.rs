//! How the wire spells what a schema is made of: types, metrics, kinds of id. What is printed is
//! read again, and nothing else is: each thing has one spelling.

use std::fmt;
use std::str::FromStr;

use super::given::short;
use super::{AttrType, DIMS_MAX, Element, IdType, Metric, Scalar};
use crate::error::{Error, Result};

const SPARSE: &str = "{}f16";

/// A closed set of things, each with its word.
pub(super) trait Spelt: Copy + 'static {
    const ALL: &'static [Self];

    fn word(self) -> &'static str;

    fn read(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|thing| thing.word() == word)
    }

    fn words() -> String {
        let words: Vec<&str> = Self::ALL.iter().map(|thing| thing.word()).collect();
        words.join(", ")
    }
}

impl Spelt for Scalar {
    const ALL: &'static [Self] = &[
        Self::String,
        Self::Int,
        Self::Uint,
        Self::Float,
        Self::Bool,
        Self::Uuid,
        Self::DateTime,
        Self::Bytes,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Uuid => "uuid",
            Self::DateTime => "datetime",
            Self::Bytes => "bytes",
        }
    }
}

impl Spelt for Element {
    const ALL: &'static [Self] = &[Self::F32, Self::F16, Self::I8];

    fn word(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I8 => "i8",
        }
    }
}

impl Spelt for Metric {
    const ALL: &'static [Self] = &[Self::Cosine, Self::EuclideanSquared, Self::DotProduct];

    fn word(self) -> &'static str {
        match self {
            Self::Cosine => "cosine_distance",
            Self::EuclideanSquared => "euclidean_squared",
            Self::DotProduct => "dot_product",
        }
    }
}

impl Spelt for IdType {
    const ALL: &'static [Self] = &[Self::Uint, Self::Uuid, Self::String, Self::Int];

    fn word(self) -> &'static str {
        match self {
            Self::Uint => "uint",
            Self::Uuid => "uuid",
            Self::String => "string",
            Self::Int => "int",
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for AttrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => write!(f, "{scalar}"),
            Self::Array(scalar) => write!(f, "[]{scalar}"),
            Self::Vector { dims, element } => write!(f, "[{dims}]{element}"),
            Self::Sparse => f.write_str(SPARSE),
            Self::Vectors { dims } => write!(f, "[][{dims}]{}", Element::F32),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for IdType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for AttrType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        attr_type(text).ok_or_else(|| {
            Error::invalid(format!(
                "unknown attribute type '{}', expected one of {}; an array such as []string of \
                 any of these but bytes; [N]f32, [N]f16, [N]i8 or [][N]f32, where N is 1 to \
                 {DIMS_MAX}; {SPARSE}",
                short(text),
                Scalar::words()
            ))
        })
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| unknown("distance metric", text, &Self::words()))
    }
}

impl FromStr for IdType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| unknown("type of id", text, &Self::words()))
    }
}

fn unknown(what: &str, text: &str, words: &str) -> Error {
    Error::invalid(format!("unknown {what} '{}', expected one of {words}", short(text)))
}

fn attr_type(text: &str) -> Option<AttrType> {
    if text == SPARSE {
        return Some(AttrType::Sparse);
    }
    if let Some(scalar) = Scalar::read(text) {
        return Some(AttrType::Scalar(scalar));
    }
    let Some(items) = text.strip_prefix("[]") else {
        let (dims, element) = vector(text)?;
        return Some(AttrType::Vector { dims, element });
    };
    if let Some(scalar) = Scalar::read(items) {
        return (scalar != Scalar::Bytes).then_some(AttrType::Array(scalar));
    }
    let (dims, element) = vector(items)?;
    (element == Element::F32).then_some(AttrType::Vectors { dims })
}

fn vector(text: &str) -> Option<(u32, Element)> {
    let (dims, element) = text.strip_prefix('[')?.split_once(']')?;
    // A sign or a zero in front is not how we print it.
    let plain = dims.bytes().all(|byte| byte.is_ascii_digit()) && !dims.starts_with('0');
    let dims = dims.parse::<u32>().ok().filter(|dims| plain && *dims <= DIMS_MAX)?;
    Some((dims, Element::read(element)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::any;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_type_that_was_printed_is_read(kind in any::any_attr_type()) {
            let text = kind.to_string();
            prop_assert_eq!(text.parse::<AttrType>().ok(), Some(kind));
        }
    }

    #[test]
    fn types_are_spelt_as_the_wire_spells_them() {
        for (text, kind) in [
            ("datetime", AttrType::Scalar(Scalar::DateTime)),
            ("bytes", AttrType::Scalar(Scalar::Bytes)),
            ("[]uuid", AttrType::Array(Scalar::Uuid)),
            ("[768]f32", AttrType::Vector { dims: 768, element: Element::F32 }),
            ("[1]f16", AttrType::Vector { dims: 1, element: Element::F16 }),
            ("[10752]i8", AttrType::Vector { dims: 10_752, element: Element::I8 }),
            ("{}f16", AttrType::Sparse),
            ("[][128]f32", AttrType::Vectors { dims: 128 }),
        ] {
            assert_eq!(kind.to_string(), text);
            assert_eq!(text.parse::<AttrType>().unwrap(), kind, "{text}");
        }
    }

    #[test]
    fn what_is_no_type_is_refused_with_the_list_of_those_that_are() {
        for text in [
            "",
            "String",
            "text",
            " int",
            "[]",
            "[]bytes",
            "[][]int",
            "[]{}f16",
            "[0]f32",
            "[10753]f32",
            "[4294967298]f32",
            "[+3]f32",
            "[03]f32",
            "[3]",
            "[]f32",
            "[3]f64",
            "[3f32",
            "{}f32",
            "[][3]f16",
            "[][3]i8",
            "[][][3]f32",
            "[-1]f32",
            "[３]f32",
        ] {
            let told = text.parse::<AttrType>().unwrap_err().to_string();
            assert!(told.contains(&format!("'{text}'")) && told.contains("[]string"), "{told}");
        }
    }

    #[test]
    fn metrics_and_kinds_of_id_have_their_names_on_the_wire() {
        for (metric, name) in [
            (Metric::Cosine, "cosine_distance"),
            (Metric::EuclideanSquared, "euclidean_squared"),
            (Metric::DotProduct, "dot_product"),
        ] {
            assert_eq!(metric.to_string(), name);
            assert_eq!(name.parse::<Metric>().unwrap(), metric);
        }
        for (id_type, name) in [
            (IdType::Uint, "uint"),
            (IdType::Uuid, "uuid"),
            (IdType::String, "string"),
            (IdType::Int, "int"),
        ] {
            assert_eq!(id_type.to_string(), name);
            assert_eq!(name.parse::<IdType>().unwrap(), id_type);
        }
        let told = "euclidean".parse::<Metric>().unwrap_err().to_string();
        assert!(told.contains("'euclidean'") && told.contains("euclidean_squared"), "{told}");
        let told = "float".parse::<IdType>().unwrap_err().to_string();
        assert!(told.contains("'float'") && told.contains("uint, uuid, string, int"), "{told}");
    }
}
