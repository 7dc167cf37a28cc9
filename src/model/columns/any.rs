//! Any value of any type, and any rows of them, for the tests of whoever stores rows.

use half::f16;
use proptest::prelude::*;

pub(crate) use crate::model::any::any_id_type;
use crate::model::spelling::Spelt;
use crate::model::{AttrNo, AttrType, DocId, Element, IdType, Row, Scalar, Value};

/// One of each type that there is, vectors of three dimensions.
pub(crate) fn all_kinds() -> Vec<AttrType> {
    let scalars = || Scalar::ALL.iter().copied();
    let arrays = scalars().filter(|scalar| *scalar != Scalar::Bytes).map(AttrType::Array);
    let vector = |element: &Element| AttrType::Vector { dims: 3, element: *element };
    let mut kinds: Vec<AttrType> = scalars().map(AttrType::Scalar).chain(arrays).collect();
    kinds.extend(Element::ALL.iter().map(vector));
    kinds.extend([AttrType::Sparse, AttrType::Vectors { dims: 3 }]);
    kinds
}

pub(crate) fn any_kind() -> impl Strategy<Value = AttrType> {
    (prop::sample::select(all_kinds()), 1..5_u32).prop_map(|(kind, dims)| match kind {
        AttrType::Vector { element, .. } => AttrType::Vector { dims, element },
        AttrType::Vectors { .. } => AttrType::Vectors { dims },
        other => other,
    })
}

/// Rows of up to four attributes, whose numbers are the places of their types in the list. No id
/// occurs twice.
pub(crate) fn any_table(
    rows_max: usize,
) -> impl Strategy<Value = (Vec<AttrType>, IdType, Vec<Row>)> {
    let kinds = prop::collection::vec(any_kind(), 0..5);
    (kinds, any_id_type(), any::<u128>()).prop_flat_map(move |(kinds, id_type, salt)| {
        let values: Vec<_> =
            kinds.iter().map(|kind| prop::option::of(any_value(*kind)).boxed()).collect();
        let rows = prop::collection::vec(values, 0..=rows_max);
        let rows = rows.prop_map(move |rows| {
            let row = |(at, values)| Row { id: id(id_type, salt, at), values: present(values) };
            rows.into_iter().enumerate().map(row).collect::<Vec<Row>>()
        });
        (Just(kinds), Just(id_type), rows)
    })
}

fn present(values: Vec<Option<Value>>) -> Vec<(AttrNo, Value)> {
    let numbered = values.into_iter().enumerate();
    numbered.filter_map(|(at, value)| Some((AttrNo(at as u32), value?))).collect()
}

fn id(id_type: IdType, salt: u128, at: usize) -> DocId {
    match id_type {
        IdType::Uint => DocId::Uint((salt as u64).wrapping_add(at as u64)),
        IdType::Uuid => DocId::Uuid(salt.wrapping_add(at as u128)),
        IdType::String => DocId::String(format!("{}\u{e9}{at}", salt % 1000).into()),
        IdType::Int => DocId::Int((salt as i64).wrapping_add(at as i64)),
    }
}

pub(crate) fn any_value(kind: AttrType) -> BoxedStrategy<Value> {
    match kind {
        AttrType::Scalar(scalar) => any_scalar(scalar),
        AttrType::Array(scalar) => any_array(scalar),
        AttrType::Vector { dims, element } => {
            let elements = prop::collection::vec(any_element(element), dims as usize);
            elements.prop_map(|elements| Value::Vector(elements.into())).boxed()
        }
        AttrType::Sparse => {
            let entries = prop::collection::btree_map(any_text(), any_element(Element::F16), 0..4);
            entries.prop_map(|entries| Value::Sparse(entries.into_iter().collect())).boxed()
        }
        AttrType::Vectors { dims } => {
            let vector = prop::collection::vec(any_element(Element::F32), dims as usize);
            let vectors = prop::collection::vec(vector, 0..3);
            vectors.prop_map(|vectors| Value::Vectors(vectors.concat().into())).boxed()
        }
    }
}

fn any_scalar(scalar: Scalar) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::String => any_text().prop_map(Value::String).boxed(),
        Scalar::Int => any_int().prop_map(Value::Int).boxed(),
        Scalar::Uint => any::<u64>().prop_map(Value::Uint).boxed(),
        Scalar::Float => any_float().prop_map(Value::Float).boxed(),
        Scalar::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Scalar::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        Scalar::DateTime => any_int().prop_map(Value::DateTime).boxed(),
        Scalar::Bytes => {
            let bytes = prop::collection::vec(any::<u8>(), 0..6);
            bytes.prop_map(|bytes| Value::Bytes(bytes.into())).boxed()
        }
    }
}

fn any_array(scalar: Scalar) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::String => several(any_text()).prop_map(Value::Strings).boxed(),
        Scalar::Int => several(any_int()).prop_map(Value::Ints).boxed(),
        Scalar::Uint => several(any::<u64>()).prop_map(Value::Uints).boxed(),
        Scalar::Float => several(any_float()).prop_map(Value::Floats).boxed(),
        Scalar::Bool => several(any::<bool>()).prop_map(Value::Bools).boxed(),
        Scalar::Uuid => several(any::<u128>()).prop_map(Value::Uuids).boxed(),
        Scalar::DateTime => several(any_int()).prop_map(Value::DateTimes).boxed(),
        Scalar::Bytes => unreachable!("no attribute is an array of bytes"),
    }
}

fn several<S: Strategy>(one: S) -> impl Strategy<Value = Box<[S::Value]>> {
    prop::collection::vec(one, 0..4).prop_map(Vec::into_boxed_slice)
}

fn any_text() -> impl Strategy<Value = Box<str>> {
    prop_oneof![Just(String::new()), "[a-c]", ".{0,6}"].prop_map(String::into_boxed_str)
}

fn any_int() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(-1), Just(i64::MAX), any::<i64>()]
}

fn any_float() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    let finite = POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
    prop_oneof![Just(-0.0), Just(f64::MIN), Just(f64::MAX), finite]
}

/// A number that such an element can hold.
fn any_element(element: Element) -> BoxedStrategy<f32> {
    match element {
        Element::F32 => {
            use prop::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
            let finite = POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
            prop_oneof![Just(-0.0_f32), Just(f32::MAX), finite].boxed()
        }
        Element::F16 => {
            let half = any::<u16>().prop_map(f16::from_bits);
            half.prop_filter_map("finite", |half| half.is_finite().then(|| half.to_f32())).boxed()
        }
        Element::I8 => any::<i8>().prop_map(f32::from).boxed(),
    }
}
