//! Any word of the model, for the tests of whoever writes them down.

use std::fmt;
use std::num::NonZeroU32;

use bytes::Bytes;
use half::f16;
use proptest::prelude::*;

use super::spelling::Spelt;
use super::{
    AttrNo, AttrType, Attribute, Chain, DocId, Element, Epoch, FileKind, FileName, FullText,
    Holder, IdType, Incarnation, Metric, Namespace, Options, Pinning, PutId, Scalar, Schema, Seq,
    Settings, Value, Version, datetime,
};

/// Short ones and long ones, in upper case and in dots.
pub(crate) fn any_name() -> impl Strategy<Value = Namespace> {
    let text = prop_oneof!["[a-c]", "[A-Za-z0-9_.-]{1,128}"];
    text.prop_filter_map("'.' and '..'", |text| Namespace::new(&text).ok())
}

/// Often the first, or the last that is read.
fn counted() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just((1 << 63) - 2), 0..1_000_u64, 0..(1_u64 << 63) - 1]
}

pub(crate) fn any_seq() -> impl Strategy<Value = Seq> {
    counted().prop_map(Seq)
}

pub(crate) fn any_version() -> impl Strategy<Value = Version> {
    counted().prop_map(Version)
}

pub(crate) fn any_epoch() -> impl Strategy<Value = Epoch> {
    prop_oneof![Just(0), Just(9_999_999_998), 0..9_999_999_999_u64].prop_map(Epoch)
}

pub(crate) fn any_inc() -> impl Strategy<Value = Incarnation> {
    any::<u128>().prop_map(Incarnation)
}

pub(crate) fn any_put() -> impl Strategy<Value = PutId> {
    any::<u128>().prop_map(PutId)
}

pub(crate) fn any_chain() -> impl Strategy<Value = Chain> {
    any::<[u8; 16]>().prop_map(Chain)
}

pub(crate) fn any_holder() -> impl Strategy<Value = Holder> {
    (any_name(), any::<u128>())
        .prop_map(|(node, process)| Holder { node: node.as_str().into(), process })
}

pub(crate) fn any_file() -> impl Strategy<Value = FileName> {
    any_file_of(&FileKind::ALL)
}

pub(crate) fn any_file_of(kinds: &[FileKind]) -> impl Strategy<Value = FileName> {
    let kinds = prop::sample::select(kinds.to_vec());
    (any_name(), any_inc(), any_epoch(), any::<u128>(), kinds)
        .prop_map(|(home, inc, epoch, ulid, kind)| FileName { home, inc, epoch, ulid, kind })
}

pub(crate) fn any_blob() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

pub(crate) fn any_id_type() -> impl Strategy<Value = IdType> {
    prop::sample::select(IdType::ALL)
}

pub(crate) fn any_doc_id_of(id_type: IdType) -> BoxedStrategy<DocId> {
    match id_type {
        IdType::Uint => prop_oneof![counted(), Just(u64::MAX)].prop_map(DocId::Uint).boxed(),
        IdType::Uuid => any::<u128>().prop_map(DocId::Uuid).boxed(),
        IdType::String => prop_oneof!["[a-c]", "\\PC{1,16}", "[ -~]{1,64}"]
            .prop_map(|text| DocId::String(text.into()))
            .boxed(),
        IdType::Int => {
            prop_oneof![any_int(), Just(i64::MIN), Just(i64::MAX)].prop_map(DocId::Int).boxed()
        }
    }
}

pub(crate) fn any_attr_type() -> BoxedStrategy<AttrType> {
    let scalars = Scalar::ALL.iter().copied().filter(|scalar| *scalar != Scalar::Bytes);
    let in_arrays = prop::sample::select(scalars.collect::<Vec<_>>());
    let elements = prop::sample::select(Element::ALL);
    prop_oneof![
        4 => in_arrays.clone().prop_map(AttrType::Scalar),
        1 => Just(AttrType::Scalar(Scalar::Bytes)),
        4 => in_arrays.prop_map(AttrType::Array),
        2 => (1..9_u32, elements).prop_map(|(dims, element)| AttrType::Vector { dims, element }),
        1 => Just(AttrType::Sparse),
        1 => (1..5_u32).prop_map(|dims| AttrType::Vectors { dims }),
    ]
    .boxed()
}

fn any_text() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-c]{0,2}", "\\PC{0,12}"].prop_map(String::into_boxed_str)
}

fn any_moment() -> impl Strategy<Value = i64> {
    let millis = prop_oneof![-2..3_i64, datetime::MICROS_MIN / 1000..=datetime::MICROS_MAX / 1000];
    millis.prop_map(|millis| millis * 1000)
}

/// Often the same one, so that two may be equal.
fn any_int() -> impl Strategy<Value = i64> {
    prop_oneof![-2..3_i64, any::<i64>()]
}

fn any_uint() -> impl Strategy<Value = u64> {
    prop_oneof![0..3_u64, any::<u64>()]
}

fn any_float() -> impl Strategy<Value = f64> {
    let finite = any::<f64>().prop_filter("infinite", |number| number.is_finite());
    prop_oneof![Just(-0.0_f64), Just(0.0_f64), Just(1.5_f64), finite]
}

/// A number that such an element can hold.
fn any_number_of(element: Element) -> BoxedStrategy<f32> {
    match element {
        Element::F32 => any::<f32>().prop_filter("infinite", |number| number.is_finite()).boxed(),
        Element::F16 => any::<u16>()
            .prop_map(|bits| f16::from_bits(bits).to_f32())
            .prop_filter("infinite", |number| number.is_finite())
            .boxed(),
        Element::I8 => any::<i8>().prop_map(f32::from).boxed(),
    }
}

fn any_list<T: fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Box<[T]>> {
    prop::collection::vec(one, 0..4).prop_map(Vec::into_boxed_slice)
}

/// A value that can be stored under a type: not of arrays of bytes, which there are none of.
pub(crate) fn any_value_of(kind: AttrType) -> BoxedStrategy<Value> {
    match kind {
        AttrType::Scalar(scalar) => any_scalar_value_of(scalar),
        AttrType::Array(scalar) => any_array_of(scalar),
        AttrType::Vector { dims, element } => {
            prop::collection::vec(any_number_of(element), dims as usize)
                .prop_map(|numbers| Value::Vector(numbers.into()))
                .boxed()
        }
        AttrType::Sparse => {
            prop::collection::btree_map(any_text(), any_number_of(Element::F16), 0..5)
                .prop_map(|entries| Value::Sparse(entries.into_iter().collect()))
                .boxed()
        }
        AttrType::Vectors { dims } => (0..4_usize)
            .prop_flat_map(move |count| {
                prop::collection::vec(any_number_of(Element::F32), count * dims as usize)
            })
            .prop_map(|numbers| Value::Vectors(numbers.into()))
            .boxed(),
    }
}

fn any_scalar_value_of(scalar: Scalar) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::String => any_text().prop_map(Value::String).boxed(),
        Scalar::Int => any_int().prop_map(Value::Int).boxed(),
        Scalar::Uint => any_uint().prop_map(Value::Uint).boxed(),
        Scalar::Float => any_float().prop_map(Value::Float).boxed(),
        Scalar::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Scalar::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        Scalar::DateTime => any_moment().prop_map(Value::DateTime).boxed(),
        Scalar::Bytes => any_list(any::<u8>()).prop_map(Value::Bytes).boxed(),
    }
}

fn any_array_of(scalar: Scalar) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::String => any_list(any_text()).prop_map(Value::Strings).boxed(),
        Scalar::Int => any_list(any_int()).prop_map(Value::Ints).boxed(),
        Scalar::Uint => any_list(any_uint()).prop_map(Value::Uints).boxed(),
        Scalar::Float => any_list(any_float()).prop_map(Value::Floats).boxed(),
        Scalar::Bool => any_list(any::<bool>()).prop_map(Value::Bools).boxed(),
        Scalar::Uuid => any_list(any::<u128>()).prop_map(Value::Uuids).boxed(),
        Scalar::DateTime => any_list(any_moment()).prop_map(Value::DateTimes).boxed(),
        Scalar::Bytes => panic!("there are no arrays of bytes"),
    }
}

fn any_full_text() -> impl Strategy<Value = FullText> {
    let tokenizers = prop::sample::select(vec!["word_v4", "word_v3"]);
    let languages = prop::sample::select(vec!["english", "german", "turkish"]);
    (tokenizers, languages, any::<[bool; 4]>(), 1..255_u8, 0.01..9.0_f32, 0.0..1.0_f32).prop_map(
        |(tokenizer, language, flags, max_token_length, k1, b)| {
            let [case_sensitive, stemming, remove_stopwords, ascii_folding] = flags;
            FullText {
                language: language.into(),
                case_sensitive,
                stemming,
                remove_stopwords: remove_stopwords && language != "turkish",
                ascii_folding,
                max_token_length,
                k1,
                b,
                ..FullText::of(tokenizer)
            }
        },
    )
}

/// What an attribute of this type may have.
fn any_options_of(kind: AttrType, metric: Metric) -> impl Strategy<Value = Options> {
    let full_text = prop::option::of(any_full_text());
    (any::<[bool; 5]>(), full_text).prop_map(move |(flags, full_text)| {
        let [filterable, regex, glob, fuzzy, sparse_knn] = flags;
        Options {
            filterable: filterable && kind.is_plain(),
            full_text: full_text.filter(|_| kind.is_text()),
            metric: kind.is_vector().then_some(metric),
            late_interaction: matches!(kind, AttrType::Vectors { .. }),
            sparse_knn: sparse_knn && kind == AttrType::Sparse,
            regex: regex && kind == AttrType::Scalar(Scalar::String),
            glob: glob && kind.is_text(),
            fuzzy: fuzzy && kind.is_text(),
        }
    })
}

fn any_kind_with_options(metric: Metric) -> impl Strategy<Value = (AttrType, Options)> {
    any_attr_type().prop_flat_map(move |kind| (Just(kind), any_options_of(kind, metric)))
}

pub(crate) fn any_settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), 0..4_u32).prop_map(|(read_only, replicas)| {
        let pinning = NonZeroU32::new(replicas).map_or(Pinning::None, Pinning::Replicas);
        Settings { read_only, pinning }
    })
}

/// One that requests may have made, with numbers that were given to attributes now dropped.
pub(crate) fn any_schema() -> impl Strategy<Value = Schema> {
    let attributes = prop::sample::select(Metric::ALL).prop_flat_map(|metric| {
        prop::collection::vec(("[a-e]|[A-Z_é]{1,8}", any_kind_with_options(metric)), 0..8)
    });
    let flags = (any::<bool>(), any_settings());
    (prop::option::of(any_id_type()), attributes, 0..4_u32, flags).prop_map(
        |(id, attributes, dropped, (settled, settings))| {
            let mut schema = Schema { id, settled, settings, ..Schema::default() };
            for (name, (kind, options)) in attributes {
                let attribute = Attribute { number: AttrNo(schema.numbers), kind, options };
                schema.attributes.insert(name.into(), attribute);
                schema.numbers += 1;
            }
            schema.numbers += dropped;
            schema
        },
    )
}
