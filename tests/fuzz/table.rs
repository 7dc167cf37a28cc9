//! A few rows, of every type that attributes have: what parts of slots and files of rows begin with.

use std::collections::BTreeMap;

use elacsym::model::{AttrNo, AttrType, DocId, Row, Value};

/// By number: `a0`, `a1` and so on.
pub(crate) fn kinds() -> BTreeMap<AttrNo, AttrType> {
    let kinds = values().map(|(number, kind, _)| (number, kind.parse().unwrap()));
    kinds.collect()
}

/// One with all, one with none, one with the odd ones.
pub(crate) fn rows() -> Vec<Row> {
    let row = |id, values: Vec<(AttrNo, Value)>| Row { id: DocId::Uint(id), values };
    let all = || values().map(|(number, _, value)| (number, value));
    let odd = all().filter(|(number, _)| number.0 % 2 == 1);
    vec![row(1, all().collect()), row(2, Vec::new()), row(u64::MAX, odd.collect())]
}

fn values() -> impl Iterator<Item = (AttrNo, &'static str, Value)> {
    let texts: [Box<str>; 2] = ["one".into(), "".into()];
    let weights: [(Box<str>, f32); 2] = [("a".into(), 1.0), ("b".into(), -0.5)];
    let values = [
        ("string", Value::String("one".into())),
        ("int", Value::Int(-1)),
        ("uint", Value::Uint(1)),
        ("float", Value::Float(0.5)),
        ("bool", Value::Bool(true)),
        ("uuid", Value::Uuid(1)),
        ("datetime", Value::DateTime(1)),
        ("bytes", Value::Bytes([0, 255].into())),
        ("[]string", Value::Strings(texts.into())),
        ("[]int", Value::Ints([-1, 1].into())),
        ("[]uint", Value::Uints([1].into())),
        ("[]float", Value::Floats([0.5].into())),
        ("[]bool", Value::Bools([true, false].into())),
        ("[]uuid", Value::Uuids([1].into())),
        ("[]datetime", Value::DateTimes([1].into())),
        ("[2]f32", Value::Vector([1.0, -0.5].into())),
        ("[2]f16", Value::Vector([1.0, -0.5].into())),
        ("[2]i8", Value::Vector([1.0, -1.0].into())),
        ("{}f16", Value::Sparse(weights.into())),
        ("[][2]f32", Value::Vectors([1.0, -0.5, 0.25, 2.0].into())),
    ];
    (0..).zip(values).map(|(number, (kind, value))| (AttrNo(number), kind, value))
}
