//! Values of the types of which few are written here: what each is written as, and what it is when it is
//! read. No two of a type are the same, and whatever is none of them nobody wrote.
//!
//! Each is written as some client would, and many lie at the end of what their type holds. Some are taken by
//! other types too, as they are: a uuid is also a text, an integer also a float, and an empty array tells
//! nothing. Those that are not *tell their type*: any other refuses them, and where there is no attribute yet
//! it becomes one of that type. No vector does: packed it is a text, and else a list, or nothing at all.

use std::fmt;

use elacsym::model::{AttrType, Element, Given, Scalar, Value, datetime};

/// By its place among them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Type(usize);

/// One of the few values of a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sample {
    pub(crate) of: Type,
    number: usize,
}

const HALVES: AttrType = AttrType::Vector { dims: 3, element: Element::F16 };
const SMALLS: AttrType = AttrType::Vector { dims: 4, element: Element::I8 };
const SEVERAL: AttrType = AttrType::Vectors { dims: 2 };

/// All but integers, texts, and vectors of f32, which stand for themselves.
const TYPES: [AttrType; 17] = [
    AttrType::Scalar(Scalar::Bool),
    AttrType::Scalar(Scalar::Bytes),
    AttrType::Scalar(Scalar::DateTime),
    AttrType::Scalar(Scalar::Float),
    AttrType::Scalar(Scalar::Uint),
    AttrType::Scalar(Scalar::Uuid),
    AttrType::Array(Scalar::Bool),
    AttrType::Array(Scalar::DateTime),
    AttrType::Array(Scalar::Float),
    AttrType::Array(Scalar::Int),
    AttrType::Array(Scalar::String),
    AttrType::Array(Scalar::Uint),
    AttrType::Array(Scalar::Uuid),
    HALVES,
    SMALLS,
    AttrType::Sparse,
    SEVERAL,
];

/// The elements of arrays by their numbers. Where there are fewer, it begins again with the first.
const LISTS: [&[usize]; 5] = [&[], &[0], &[1, 1], &[2, 3, 4], &[4, 1]];

pub(crate) const INTS: [i64; 5] = [i64::MIN, -1, 0, 7, i64::MAX];
/// None of them is a uuid, a moment, or base64: they tell that they are texts.
pub(crate) const TEXTS: [&str; 4] = ["f-0", "é🦆", "\0", "\"Zz\" \\"];

const STRINGS: [&str; 5] = ["", TEXTS[0], TEXTS[1], TEXTS[2], TEXTS[3]];
const BOOLS: [bool; 2] = [false, true];

// What they are written as, and what they are.
static UINTS: [(Given, u64); 5] = [
    (Given::Int(0), 0),
    (Given::Int(7), 7),
    (Given::Int(i64::MAX), i64::MAX as u64),
    (Given::Uint(1 << 63), 1 << 63),
    (Given::Uint(u64::MAX), u64::MAX),
];
static FLOATS: [(Given, f64); 5] = [
    (Given::Float(0.0), 0.0),
    (Given::Float(-0.0), -0.0),
    (Given::Int(3), 3.0),
    (Given::Float(f64::MIN), f64::MIN),
    (Given::Float(f64::from_bits(1)), f64::from_bits(1)),
];
const BYTES: [(&str, &[u8]); 5] =
    [("", &[]), ("AA==", &[0]), ("AAA=", &[0, 0]), ("/w", &[255]), ("AAEC", &[0, 1, 2])];
const DATETIMES: [(&str, i64); 5] = [
    ("1969-12-31T23:59:59.999999Z", -1000),
    ("1970-01-01", 0),
    ("2024-03-01T18:30:00.123456+01:00", 1_709_314_200_123_000),
    ("0000-01-01T00:00", datetime::MICROS_MIN),
    ("9999-12-31 23:59:59.999999999", datetime::MICROS_MAX - 999),
];
const UUIDS: [(&str, u128); 5] = [
    ("00000000-0000-0000-0000-000000000000", 0),
    ("00000000-0000-0000-0000-000000000001", 1),
    ("80000000-0000-0000-0000-000000000000", 1 << 127),
    ("0F8FAD5B-D9CB-469F-A165-70867728950E", 0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e),
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", u128::MAX),
];
// Each of these numbers is one that the type holds as it is. Of f16 they are packed, as clients do it.
const OF_HALVES: [(&str, [f32; 3]); 5] = [
    ("AAAAAAAAAAAAAAAA", [0.0; 3]),
    ("AACAPwAAIMAAAAA+", [1.0, -2.5, 0.125]),
    ("AOB/RwDgf8cAAIA/", [65_504.0, -65_504.0, 1.0]),
    ("AACAOAAAgDMAAICz", [6.103_515_6e-5, 5.960_464_5e-8, -5.960_464_5e-8]),
    ("AMDMPQDg/0QAoKq+", [0.099_975_586, 2_047.0, -0.333_251_95]),
];
const OF_SMALLS: [[i8; 4]; 5] =
    [[0; 4], [i8::MIN, i8::MAX, -1, 1], [7; 4], [i8::MIN; 4], [i8::MAX; 4]];
/// By their keys.
const WEIGHTS: [&[(&str, f32)]; 5] = [
    &[],
    &[("a", 1.0)],
    &[("a", 0.5), ("é🦆", -2.0)],
    &[("", 65_504.0), ("\0", 0.0), ("a", 5.960_464_5e-8)],
    &[("k", 0.125), ("z", 3.0)],
];
const OF_SEVERAL: [&[[f32; 2]]; 5] = [
    &[],
    &[[0.0, 0.0]],
    &[[1.0, -2.0], [3.0, 0.5]],
    &[[0.1, 16_777_215.0]],
    &[[0.25, -1.0], [0.25, -1.0], [-8_388.607, 7.0]],
];

impl Type {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..TYPES.len()).map(Self)
    }

    /// None: it is not one of them.
    pub(crate) fn of(kind: AttrType) -> Option<Self> {
        Self::all().find(|known| known.attr_type() == kind)
    }

    /// Those of vectors.
    pub(crate) fn vectors() -> impl Iterator<Item = Self> {
        Self::all().filter(|of| !of.attr_type().is_plain())
    }

    pub(crate) fn attr_type(self) -> AttrType {
        TYPES[self.0]
    }

    pub(crate) fn samples(self) -> impl Iterator<Item = Sample> {
        let many = match self.attr_type() {
            AttrType::Scalar(scalar) => count(scalar),
            AttrType::Array(_) => LISTS.len(),
            AttrType::Vector { element: Element::I8, .. } => OF_SMALLS.len(),
            AttrType::Vector { .. } => OF_HALVES.len(),
            AttrType::Sparse => WEIGHTS.len(),
            AttrType::Vectors { .. } => OF_SEVERAL.len(),
        };
        (0..many).map(move |number| Sample { of: self, number })
    }
}

impl Sample {
    /// As it is written.
    pub(crate) fn given(self) -> Given {
        let number = self.number;
        match self.of.attr_type() {
            AttrType::Scalar(scalar) => given(scalar, number),
            AttrType::Array(scalar) => {
                let elements = elements(scalar, LISTS[number]);
                Given::List(elements.map(|number| given(scalar, number)).collect())
            }
            AttrType::Vector { element: Element::I8, .. } => {
                let numbers = OF_SMALLS[number].into_iter();
                Given::List(numbers.map(|number| Given::Int(number.into())).collect())
            }
            AttrType::Vector { .. } => Given::Text(OF_HALVES[number].0.into()),
            AttrType::Sparse => {
                let entry = |(key, weight): &(&str, f32)| ((*key).into(), given_number(weight));
                Given::Map(WEIGHTS[number].iter().map(entry).collect())
            }
            AttrType::Vectors { .. } => {
                let vector =
                    |numbers: &[f32; 2]| Given::List(numbers.iter().map(given_number).collect());
                Given::List(OF_SEVERAL[number].iter().map(vector).collect())
            }
        }
    }

    /// Of an attribute of that type. None: nobody wrote that.
    pub(crate) fn read(kind: AttrType, value: &Value) -> Option<Self> {
        let truth = |it: &bool| BOOLS.iter().position(|known| known == it);
        let moment = |it: &i64| DATETIMES.iter().position(|(_, known)| known == it);
        // A zero keeps its sign.
        let float = |it: &f64| FLOATS.iter().position(|(_, known)| known.to_bits() == it.to_bits());
        let int = |it: &i64| INTS.iter().position(|known| known == it);
        let uint = |it: &u64| UINTS.iter().position(|(_, known)| known == it);
        let uuid = |it: &u128| UUIDS.iter().position(|(_, known)| known == it);
        match value {
            Value::Vector(_) | Value::Sparse(_) | Value::Vectors(_) => Self::vector(kind, value),
            Value::Bool(it) => Self::one(Scalar::Bool, truth(it)),
            Value::Bytes(it) => {
                let number = BYTES.iter().position(|(_, known)| **known == **it);
                Self::one(Scalar::Bytes, number)
            }
            Value::DateTime(it) => Self::one(Scalar::DateTime, moment(it)),
            Value::Float(it) => Self::one(Scalar::Float, float(it)),
            Value::Uint(it) => Self::one(Scalar::Uint, uint(it)),
            Value::Uuid(it) => Self::one(Scalar::Uuid, uuid(it)),
            Value::Bools(items) => Self::list(Scalar::Bool, items, truth),
            Value::DateTimes(items) => Self::list(Scalar::DateTime, items, moment),
            Value::Floats(items) => Self::list(Scalar::Float, items, float),
            Value::Ints(items) => Self::list(Scalar::Int, items, int),
            Value::Strings(items) => Self::list(Scalar::String, items, |it| {
                STRINGS.iter().position(|known| **known == **it)
            }),
            Value::Uints(items) => Self::list(Scalar::Uint, items, uint),
            Value::Uuids(items) => Self::list(Scalar::Uuid, items, uuid),
            Value::Int(_) | Value::String(_) => None,
        }
    }

    /// Whether it tells its type.
    pub(crate) fn tells(self) -> bool {
        match self.of.attr_type() {
            AttrType::Scalar(scalar) => tells(scalar, self.number),
            AttrType::Array(scalar) => {
                elements(scalar, LISTS[self.number]).any(|number| tells(scalar, number))
            }
            AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => false,
        }
    }

    /// Its numbers do not tell what they are on the store, but its attribute does.
    fn vector(kind: AttrType, value: &Value) -> Option<Self> {
        let number = match (kind, value) {
            (HALVES, Value::Vector(it)) => OF_HALVES.iter().position(|(_, known)| *known == **it),
            (SMALLS, Value::Vector(it)) => {
                let is = |known: &[i8; 4]| known.map(f32::from) == **it;
                OF_SMALLS.iter().position(is)
            }
            (AttrType::Sparse, Value::Sparse(it)) => {
                let entries = || it.iter().map(|(key, weight)| (&**key, *weight));
                WEIGHTS.iter().position(|known| known.iter().copied().eq(entries()))
            }
            (SEVERAL, Value::Vectors(it)) => {
                OF_SEVERAL.iter().position(|known| known.as_flattened() == &**it)
            }
            _ => None,
        };
        Some(Self { of: Type::of(kind)?, number: number? })
    }

    fn one(scalar: Scalar, number: Option<usize>) -> Option<Self> {
        Some(Self { of: Type::of(AttrType::Scalar(scalar))?, number: number? })
    }

    fn list<T>(
        scalar: Scalar,
        items: &[T],
        number_of: impl Fn(&T) -> Option<usize>,
    ) -> Option<Self> {
        let numbers = || items.iter().map(&number_of);
        let number =
            LISTS.iter().position(|list| elements(scalar, list).map(Some).eq(numbers()))?;
        Some(Self { of: Type::of(AttrType::Array(scalar))?, number })
    }
}

fn count(scalar: Scalar) -> usize {
    match scalar {
        Scalar::Bool => BOOLS.len(),
        Scalar::Bytes => BYTES.len(),
        Scalar::DateTime => DATETIMES.len(),
        Scalar::Float => FLOATS.len(),
        Scalar::Int => INTS.len(),
        Scalar::String => STRINGS.len(),
        Scalar::Uint => UINTS.len(),
        Scalar::Uuid => UUIDS.len(),
    }
}

fn elements(scalar: Scalar, list: &[usize]) -> impl Iterator<Item = usize> {
    let many = count(scalar);
    list.iter().map(move |number| number % many)
}

fn given(scalar: Scalar, number: usize) -> Given {
    match scalar {
        Scalar::Bool => Given::Bool(BOOLS[number]),
        Scalar::Bytes => Given::Text(BYTES[number].0.into()),
        Scalar::DateTime => Given::Text(DATETIMES[number].0.into()),
        Scalar::Float => FLOATS[number].0.clone(),
        Scalar::Int => Given::Int(INTS[number]),
        Scalar::String => Given::Text(STRINGS[number].into()),
        Scalar::Uint => UINTS[number].0.clone(),
        Scalar::Uuid => Given::Text(UUIDS[number].0.into()),
    }
}

fn given_number(number: &f32) -> Given {
    Given::Float((*number).into())
}

/// Of one that stands alone, or among others in an array.
fn tells(scalar: Scalar, number: usize) -> bool {
    match scalar {
        Scalar::Bool | Scalar::String => true,
        // Minus zero is what JSON may make of an integer.
        Scalar::Float => match &FLOATS[number].0 {
            Given::Float(float) => float.to_bits() != (-0.0_f64).to_bits(),
            _ => false,
        },
        Scalar::Bytes | Scalar::DateTime | Scalar::Int | Scalar::Uint | Scalar::Uuid => false,
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attr_type())
    }
}

/// As `[]uint '[9223372036854775808, 7]'`.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} '{}'", self.of, self.given().to_string().escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use elacsym::model::{Schema, SchemaEdit};

    use super::*;

    fn all() -> impl Iterator<Item = Sample> {
        Type::all().flat_map(Type::samples)
    }

    /// Whether an attribute of a type takes what is given.
    fn takes(kind: AttrType, given: &Given) -> bool {
        Value::coerce(kind, given).is_ok()
    }

    /// Whether it is taken for a value of that type alone, by attributes that are there and by itself.
    fn is_told(own: AttrType, given: &Given) -> bool {
        let plain = [AttrType::Scalar(Scalar::Int), AttrType::Scalar(Scalar::String)];
        let kinds = plain.into_iter().chain(Type::all().map(Type::attr_type));
        let edits = Schema::default().infer("a", given, None).unwrap_or_default();
        let inferred = edits.iter().any(|edit| match edit {
            SchemaEdit::Set { attribute, .. } => attribute.kind == own,
            _ => false,
        });
        inferred && kinds.filter(|kind| takes(*kind, given)).eq([own])
    }

    #[test]
    fn every_value_comes_back_from_what_it_is_written_as() {
        // Of two that were the same, the second would come back as the first.
        for sample in all() {
            let value = Value::coerce(sample.of.attr_type(), &sample.given());
            let value = value.unwrap().unwrap();
            assert_eq!(Sample::read(sample.of.attr_type(), &value), Some(sample), "{value:?}");
        }
        assert_eq!(all().count(), 2 + 5 * 16);
    }

    #[test]
    fn what_nobody_wrote_is_none_of_them() {
        for (kind, value) in [
            ("uint", Value::Uint(8)),
            ("float", Value::Float(0.5)),
            ("datetime", Value::DateTime(1)),
            ("bytes", Value::Bytes([1].into())),
            ("[]bool", Value::Bools([true].into())),
            ("[]float", Value::Floats([0.0, 0.0].into())),
            ("[]string", Value::Strings(["".into(), "".into()].into())),
            ("int", Value::Int(7)),
            ("string", Value::String(TEXTS[0].into())),
            ("[3]f16", Value::Vector([0.0, 0.0, 1.0].into())),
            ("[4]i8", Value::Vector([7.0, 7.0, 7.0, 8.0].into())),
            ("[4]f32", Value::Vector([7.0; 4].into())),
            ("{}f16", Value::Sparse([("a".into(), 0.5)].into())),
            ("[][2]f32", Value::Vectors([0.0; 4].into())),
        ] {
            assert_eq!(Sample::read(kind.parse().unwrap(), &value), None, "{kind} {value:?}");
        }
        // One that was written elsewhere.
        let halves = Value::Vector(OF_HALVES[0].1.into());
        assert_eq!(Sample::read(SMALLS, &halves), None);
    }

    #[test]
    fn what_tells_its_type_is_refused_by_every_other() {
        for sample in all() {
            let told = is_told(sample.of.attr_type(), &sample.given());
            assert_eq!(sample.tells(), told, "{sample:?}");
        }
        for text in TEXTS {
            let given = Given::Text(text.into());
            assert!(is_told(AttrType::Scalar(Scalar::String), &given), "{text:?}");
        }
    }

    #[test]
    fn a_type_is_found_again_and_integers_texts_and_vectors_of_f32_are_none() {
        for of in Type::all() {
            assert_eq!(Type::of(of.attr_type()), Some(of));
        }
        for scalar in [Scalar::Int, Scalar::String] {
            assert_eq!(Type::of(AttrType::Scalar(scalar)), None);
        }
        assert_eq!(Type::of(AttrType::Vector { dims: 3, element: Element::F32 }), None);
        assert_eq!(Type::of(AttrType::Vectors { dims: 1 }), None);
        assert!(Type::vectors().map(Type::attr_type).eq(TYPES[13..].iter().copied()));
    }

    #[test]
    fn a_value_is_shown_with_its_type() {
        let shown = |kind: &str, value: Value| {
            format!("{:?}", Sample::read(kind.parse().unwrap(), &value).unwrap())
        };
        assert_eq!(shown("uuid", Value::Uuid(1)), "uuid '00000000-0000-0000-0000-000000000001'");
        assert_eq!(shown("float", Value::Float(-0.0)), "float '-0.0'");
        let texts: Vec<Box<str>> = TEXTS[1..].iter().map(|text| Box::from(*text)).collect();
        let told = "[]string '[é🦆, \\0, \\\"Zz\\\" \\\\]'";
        assert_eq!(shown("[]string", Value::Strings(texts.into())), told);
        assert_eq!(shown("[4]i8", Value::Vector([7.0; 4].into())), "[4]i8 '[7, 7, 7, 7]'");
    }
}
