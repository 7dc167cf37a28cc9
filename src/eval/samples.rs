//! Rows of every type of attribute, the same as columns, and filters to ask of both: for the tests
//! of this room.
//!
//! Values and operands come from the same few, so that they meet.

use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::block::Block;
use super::operand;
use crate::model::{
    AttrNo, AttrType, Attribute, Case, DocId, Edits, Element, Filter, FullText, Given, IdType,
    LastToken, Op, Operand, Options, PRE_TOKENIZED, Pattern, Row, Scalar, Schema, Searched, Value,
    Which,
};

/// Texts may be held against any pattern. The tokens of `k` are given as they are.
pub(super) const KINDS: [(&str, AttrType); 16] = [
    ("s", AttrType::Scalar(Scalar::String)),
    ("i", AttrType::Scalar(Scalar::Int)),
    ("u", AttrType::Scalar(Scalar::Uint)),
    ("f", AttrType::Scalar(Scalar::Float)),
    ("b", AttrType::Scalar(Scalar::Bool)),
    ("w", AttrType::Scalar(Scalar::Uuid)),
    ("t", AttrType::Scalar(Scalar::DateTime)),
    ("y", AttrType::Scalar(Scalar::Bytes)),
    ("ss", AttrType::Array(Scalar::String)),
    ("is", AttrType::Array(Scalar::Int)),
    ("us", AttrType::Array(Scalar::Uint)),
    ("fs", AttrType::Array(Scalar::Float)),
    ("bs", AttrType::Array(Scalar::Bool)),
    ("ws", AttrType::Array(Scalar::Uuid)),
    ("ts", AttrType::Array(Scalar::DateTime)),
    ("k", AttrType::Array(Scalar::String)),
];

/// Not filterable, or not at all times.
const OTHERS: [(&str, AttrType); 6] = [
    ("hidden", AttrType::Scalar(Scalar::Int)),
    ("mute", AttrType::Scalar(Scalar::String)),
    ("globbed", AttrType::Scalar(Scalar::String)),
    ("v", AttrType::Vector { dims: 2, element: Element::F32 }),
    ("sparse", AttrType::Sparse),
    ("late", AttrType::Vectors { dims: 2 }),
];

const TIMES: [(i64, &str); 3] = [
    (-500_000, "1969-12-31T23:59:59.5Z"),
    (1_709_251_200_000_000, "2024-03-01"),
    (1_709_251_200_000_001, "2024-03-01T01:00:00.000001+01:00"),
];

pub(super) fn schema(id: IdType) -> Schema {
    let mut schema = Schema { id: Some(id), ..Schema::default() };
    for (name, kind) in KINDS.into_iter().chain(OTHERS) {
        let options = options(name, kind);
        let attribute = Attribute { number: AttrNo(schema.numbers), kind, options };
        schema.attributes.insert(name.into(), attribute);
        schema.numbers += 1;
    }
    schema
}

fn options(name: &str, kind: AttrType) -> Options {
    let mut options = Options::none();
    options.glob = name == "globbed";
    options.filterable = KINDS.contains(&(name, kind));
    if options.filterable && kind.is_text() {
        options.regex = kind == AttrType::Scalar(Scalar::String);
        options.fuzzy = true;
        options.full_text =
            Some(if name == "k" { FullText::of(PRE_TOKENIZED) } else { FullText::default() });
    }
    options
}

pub(super) fn number(name: &str) -> AttrNo {
    let at = KINDS.iter().chain(&OTHERS).position(|(held, _)| *held == name).unwrap();
    AttrNo(at as u32)
}

pub(super) fn test(name: &str, op: Op, operand: Given) -> Filter {
    Filter::Test { attribute: name.into(), op, operand: Operand::Literal(operand) }
}

pub(super) fn like(name: &str, pattern: Pattern) -> Filter {
    Filter::Like { attribute: name.into(), pattern }
}

pub(super) fn any_id_type() -> impl Strategy<Value = IdType> {
    prop::sample::select(vec![IdType::Uint, IdType::Uuid, IdType::String, IdType::Int])
}

/// Fewer than 70, with different ids that are not in order.
pub(super) fn any_rows(id: IdType) -> impl Strategy<Value = Vec<Row>> {
    let values: Vec<_> = KINDS.iter().map(|(_, kind)| prop::option::of(any_value(*kind))).collect();
    prop::collection::vec(values, 0..70).prop_map(move |rows| {
        let row = |(at, values): (usize, Vec<Option<Value>>)| {
            let numbered = KINDS.iter().map(|(name, _)| number(name)).zip(values);
            let values = numbered.filter_map(|(number, value)| Some((number, value?))).collect();
            Row { id: doc_id(id, at), values }
        };
        rows.into_iter().enumerate().map(row).collect::<Vec<Row>>()
    })
}

/// Filters that bind.
pub(super) fn any_filter(id: IdType) -> impl Strategy<Value = Filter> {
    let mut fields = KINDS.to_vec();
    fields.push(("id", AttrType::Scalar(id.scalar())));
    let test = prop::sample::select(fields).prop_flat_map(move |(name, kind)| {
        let ids = if name == "id" { 0..5 } else { 0..0 };
        any_test(name, kind, ids.map(|at| given(&id_value(id, at))).collect())
    });
    let leaf = prop_oneof![3 => test, 1 => any_like()];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn any_test(name: &'static str, kind: AttrType, more: Vec<Given>) -> BoxedStrategy<Filter> {
    let (scalar, is_array) = match kind {
        AttrType::Scalar(scalar) => (scalar, false),
        AttrType::Array(scalar) => (scalar, true),
        _ => panic!("{name} is no vector"),
    };
    let numbers = [Scalar::Int, Scalar::Uint, Scalar::Float];
    let kinds = if numbers.contains(&scalar) { numbers.to_vec() } else { vec![scalar] };
    let mut givens: Vec<Given> = kinds.into_iter().flat_map(pool).map(|v| given(&v)).collect();
    givens.extend(more);

    let element = prop::sample::select(givens).boxed();
    let list = prop::collection::vec(element.clone(), 0..4).prop_map(Given::List).boxed();
    let several = prop_oneof![list.clone(), element.clone()].boxed();
    let value = if is_array { list.clone() } else { element.clone() };
    let value = prop_oneof![6 => value, 1 => Just(Given::Null)].boxed();
    let mut ops = vec![Op::Eq, Op::NotEq, Op::In, Op::NotIn];
    let ordered = !matches!(scalar, Scalar::Bool | Scalar::Bytes);
    if is_array {
        ops.extend([Op::Contains, Op::ContainsAny]);
    }
    if ordered {
        ops.extend(match is_array {
            true => [Op::AnyLt, Op::AnyLte, Op::AnyGt, Op::AnyGte],
            false => [Op::Lt, Op::Lte, Op::Gt, Op::Gte],
        });
    }
    let operands = prop::sample::select(ops).prop_flat_map(move |op| {
        let operand = match op {
            Op::In | Op::NotIn => several.clone(),
            Op::ContainsAny => list.clone(),
            Op::Contains | Op::AnyLt | Op::AnyLte | Op::AnyGt | Op::AnyGte => element.clone(),
            Op::Eq | Op::NotEq | Op::Lt | Op::Lte | Op::Gt | Op::Gte => value.clone(),
        };
        (Just(op), operand)
    });
    operands.prop_map(move |(op, operand)| test(name, op, operand)).boxed()
}

fn any_like() -> BoxedStrategy<Filter> {
    let texts = |texts: &[&'static str]| prop::sample::select(texts.to_vec());
    let operand = |text: &str| Operand::Literal(Given::Text(text.into()));
    let case = prop::sample::select(vec![Case::Matters, Case::Ignored]);
    let globs = texts(&["*", "", "a*", "*b", "?", "[!a]*", "{a,b}*", "* *", "AB*"]);
    let glob =
        (texts(&["s", "ss", "k"]), globs, case.clone()).prop_map(move |(name, glob, case)| {
            like(name, Pattern::Glob { operand: operand(glob), case })
        });
    let regexes = texts(&["", "a", "^a", "b$", "é|^$", "a.*b"]);
    let regex = regexes.prop_map(move |regex| {
        like("s", Pattern::Regex { operand: operand(regex), of: Searched::Declared })
    });
    let questions = texts(&["a b", "B AB", "ab a b", "ab ba b", "b"]);
    let fuzzy = (texts(&["s", "ss", "k"]), questions, case).prop_map(move |(name, text, case)| {
        let edits = [(3, 0), (6, 1)].map(|(min_chars, distance)| Edits { min_chars, distance });
        like(name, Pattern::Fuzzy { operand: operand(text), edits: edits.to_vec(), case })
    });
    let words = prop::collection::vec(texts(&["a", "ab", "b", "é", "zz"]), 0..4);
    let which = prop::sample::select(vec![Which::All, Which::Any, Which::Sequence]);
    let last = prop::sample::select(vec![LastToken::Itself, LastToken::Prefix]);
    let tokens = (texts(&["s", "ss", "k"]), words, which, last);
    let tokens = tokens.prop_map(move |(name, words, which, last)| {
        let operand = match name {
            "k" => {
                let words = words.into_iter().map(|word| Given::Text(word.into()));
                Operand::Literal(Given::List(words.collect()))
            }
            _ => operand(&words.join(" ")),
        };
        like(name, Pattern::Tokens { operand, which, last })
    });
    prop_oneof![glob, regex, fuzzy, tokens].boxed()
}

fn any_value(kind: AttrType) -> BoxedStrategy<Value> {
    match kind {
        AttrType::Scalar(scalar) => prop::sample::select(pool(scalar)).boxed(),
        AttrType::Array(scalar) => prop::collection::vec(prop::sample::select(pool(scalar)), 0..3)
            .prop_map(move |scalars| operand::array(scalar, scalars))
            .boxed(),
        _ => panic!("no vector"),
    }
}

fn pool(kind: Scalar) -> Vec<Value> {
    const TWO_53: i64 = 1 << 53;
    match kind {
        Scalar::String => ["", "a", "ab", "b", "é", "a b", "b ab", "AB a. B"]
            .map(|text| Value::String(text.into()))
            .to_vec(),
        Scalar::Int => [i64::MIN, -TWO_53 - 1, -1, 0, 1, 2, TWO_53, TWO_53 + 1, i64::MAX]
            .map(Value::Int)
            .to_vec(),
        Scalar::Uint => {
            [0, 1, 2, 1 << 53, (1 << 53) + 1, 1 << 63, u64::MAX].map(Value::Uint).to_vec()
        }
        Scalar::Float => [-1e300, -1.0, -0.0, 0.0, 1.0, 2.0, 2.5, 1e300]
            .into_iter()
            .chain([53, 63, 64].map(|power| 2.0_f64.powi(power)))
            .map(Value::Float)
            .collect(),
        Scalar::Bool => [false, true].map(Value::Bool).to_vec(),
        Scalar::Uuid => [0, 1, 1 << 64, u128::MAX].map(Value::Uuid).to_vec(),
        Scalar::DateTime => TIMES.map(|(micros, _)| Value::DateTime(micros)).to_vec(),
        Scalar::Bytes => {
            let bytes: [&[u8]; 3] = [&[], &[0], &[1, 2]];
            bytes.map(|bytes| Value::Bytes(bytes.into())).to_vec()
        }
    }
}

/// A scalar as a client writes it.
pub(super) fn given(value: &Value) -> Given {
    match value {
        Value::String(text) => Given::Text(text.clone()),
        Value::Int(number) => Given::Int(*number),
        Value::Uint(number) => i64::try_from(*number).map_or(Given::Uint(*number), Given::Int),
        Value::Float(number) => Given::Float(*number),
        Value::Bool(bool) => Given::Bool(*bool),
        Value::Uuid(uuid) => {
            let digits = format!("{uuid:032X}");
            let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
            Given::Text(format!("{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..]).into())
        }
        Value::DateTime(micros) => {
            let (_, text) = TIMES.iter().find(|(time, _)| time == micros).unwrap();
            Given::Text((*text).into())
        }
        Value::Bytes(bytes) => Given::Text(BASE64_STANDARD.encode(bytes).into()),
        list => panic!("{list:?} is no scalar"),
    }
}

fn doc_id(id: IdType, at: usize) -> DocId {
    match id_value(id, at) {
        Value::Uint(number) => DocId::Uint(number),
        Value::Uuid(uuid) => DocId::Uuid(uuid),
        Value::String(text) => DocId::String(text),
        Value::Int(number) => DocId::Int(number),
        odd => panic!("{odd:?} is no id"),
    }
}

fn id_value(id: IdType, at: usize) -> Value {
    // 37 generates all numbers below 101, so that no two are the same.
    let at = at * 37 % 101;
    match id {
        IdType::Uint => Value::Uint(at as u64),
        IdType::Uuid => Value::Uuid((at as u128) << 64),
        IdType::String => Value::String(at.to_string().into()),
        IdType::Int => Value::Int(at as i64 - 50),
    }
}

/// Rows as columns. An attribute that no row has is left out.
pub(super) struct Columns {
    ids: ArrayRef,
    columns: Vec<(AttrNo, ArrayRef)>,
}

impl Columns {
    pub(super) fn of(rows: &[Row], id: IdType) -> Self {
        let ids: Vec<Option<Value>> = rows.iter().map(|row| Some(id_of(&row.id))).collect();
        let ids = scalars(id.scalar(), &ids);
        let mut columns = Vec::new();
        for (name, kind) in KINDS {
            let number = number(name);
            let held = |row: &Row| {
                row.values.iter().find(|(held, _)| *held == number).map(|(_, value)| value.clone())
            };
            let values: Vec<Option<Value>> = rows.iter().map(held).collect();
            if values.iter().any(Option::is_some) {
                columns.push((number, column(kind, &values)));
            }
        }
        Self { ids, columns }
    }

    /// Slices of the columns, as a block may be one of a larger one.
    pub(super) fn onwards(&self, row: usize) -> Self {
        let slice = |array: &ArrayRef| array.slice(row, array.len() - row);
        let columns = self.columns.iter().map(|(number, column)| (*number, slice(column)));
        Self { ids: slice(&self.ids), columns: columns.collect() }
    }

    pub(super) fn block(&self) -> Block<'_> {
        let block = Block::new(&*self.ids);
        self.columns.iter().fold(block, |block, (number, column)| block.with(*number, &**column))
    }
}

fn id_of(id: &DocId) -> Value {
    match id {
        DocId::Uint(number) => Value::Uint(*number),
        DocId::Uuid(uuid) => Value::Uuid(*uuid),
        DocId::String(text) => Value::String(text.clone()),
        DocId::Int(number) => Value::Int(*number),
    }
}

fn column(kind: AttrType, values: &[Option<Value>]) -> ArrayRef {
    match kind {
        AttrType::Scalar(scalar) => scalars(scalar, values),
        AttrType::Array(scalar) => {
            let lists: Vec<Vec<Value>> =
                values.iter().map(|value| value.as_ref().map_or(vec![], elements)).collect();
            let offsets = OffsetBuffer::<i32>::from_lengths(lists.iter().map(Vec::len));
            let all: Vec<Option<Value>> = lists.into_iter().flatten().map(Some).collect();
            let all = scalars(scalar, &all);
            let field = arrow_schema::Field::new("item", all.data_type().clone(), true);
            let there: Vec<bool> = values.iter().map(Option::is_some).collect();
            Arc::new(ListArray::new(Arc::new(field), offsets, all, Some(NullBuffer::from(there))))
        }
        _ => panic!("no vector"),
    }
}

fn scalars(kind: Scalar, values: &[Option<Value>]) -> ArrayRef {
    macro_rules! each {
        ($one:ident) => {
            values.iter().map(|value| match value {
                Some(Value::$one(value)) => Some(value.clone()),
                None => None,
                Some(odd) => panic!("{odd:?} in a column of {kind:?}"),
            })
        };
    }
    match kind {
        Scalar::String => Arc::new(each!(String).collect::<StringArray>()),
        Scalar::Int => Arc::new(each!(Int).collect::<Int64Array>()),
        Scalar::Uint => Arc::new(each!(Uint).collect::<UInt64Array>()),
        Scalar::Float => Arc::new(each!(Float).collect::<Float64Array>()),
        Scalar::Bool => Arc::new(each!(Bool).collect::<BooleanArray>()),
        Scalar::Uuid => {
            let mut builder = FixedSizeBinaryBuilder::new(16);
            for uuid in each!(Uuid) {
                match uuid {
                    Some(uuid) => builder.append_value(uuid.to_be_bytes()).unwrap(),
                    None => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        Scalar::DateTime => {
            let times = each!(DateTime).collect::<TimestampMicrosecondArray>();
            Arc::new(times.with_timezone_utc())
        }
        Scalar::Bytes => Arc::new(each!(Bytes).collect::<BinaryArray>()),
    }
}

fn elements(list: &Value) -> Vec<Value> {
    match list {
        Value::Strings(list) => list.iter().cloned().map(Value::String).collect(),
        Value::Ints(list) => list.iter().copied().map(Value::Int).collect(),
        Value::Uints(list) => list.iter().copied().map(Value::Uint).collect(),
        Value::Floats(list) => list.iter().copied().map(Value::Float).collect(),
        Value::Bools(list) => list.iter().copied().map(Value::Bool).collect(),
        Value::Uuids(list) => list.iter().copied().map(Value::Uuid).collect(),
        Value::DateTimes(list) => list.iter().copied().map(Value::DateTime).collect(),
        odd => panic!("{odd:?} is no list"),
    }
}
