//! How much an answer takes: as it lies in memory, and as JSON. Both are estimates, which are made
//! before anything is printed.

use std::iter::Sum;

use super::Encoding;
use crate::model::aggregation::{Bucket, Buckets, Key, Percentiles, Summary};
use crate::model::{AggregatedGroup, Aggregates, Answer, AttrType, DocId, Hit, Made, Value};
use crate::query::heft;

/// Braces, an id that is no text, a distance.
const ROW_TEXT_BYTES: usize = 64;
/// A float of 32 bits, and its comma. Few have more digits, and many have less.
const F32_TEXT_BYTES: usize = 12;
const NUMBER_TEXT_BYTES: usize = 20;
const UUID_TEXT_BYTES: usize = 39;
const DATETIME_TEXT_BYTES: usize = 33;
/// The names of what a fragment tells, and its range.
const FRAGMENT_TEXT_BYTES: usize = 64;
const RANGE_TEXT_BYTES: usize = 16;
/// Its braces, its count, and what its key is called.
const BUCKET_TEXT_BYTES: usize = 64;
/// A figure under its name, and as the text of a moment.
const FIGURE_TEXT_BYTES: usize = 128;
/// All that stats have, with how far values lie apart.
const STATS_TEXT_BYTES: usize = 1280;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::api) struct Weight {
    pub(in crate::api) held_bytes: usize,
    pub(in crate::api) printed_bytes: usize,
}

impl Weight {
    pub(in crate::api) fn of(answer: &Answer, encoding: Encoding) -> Self {
        let rows = answer.rows.iter().map(|hit| Self::of_hit(hit, encoding)).sum::<Self>();
        let groups = match &answer.aggregates {
            Some(Aggregates::OfGroups(groups)) => groups.iter().map(of_group).sum::<Self>(),
            // These are few.
            Some(Aggregates::OfAll(_)) | None => Self::default(),
        };
        let aggregations = answer.aggregations.iter();
        let aggregations = aggregations.map(|(name, summary)| of_summary(name, summary)).sum();
        [rows, groups, aggregations].into_iter().sum()
    }

    pub(in crate::api) fn of_hit(hit: &Hit, encoding: Encoding) -> Self {
        Self { held_bytes: heft::of_hit(hit), printed_bytes: printed_bytes(hit, encoding) }
    }
}

impl Sum for Weight {
    fn sum<I: Iterator<Item = Self>>(weights: I) -> Self {
        weights.fold(Self::default(), |all, one| Self {
            held_bytes: all.held_bytes + one.held_bytes,
            printed_bytes: all.printed_bytes + one.printed_bytes,
        })
    }
}

fn of_group(group: &AggregatedGroup) -> Weight {
    let AggregatedGroup { keys, aggregates } = group;
    let mut printed_bytes = 0;
    for (label, key) in keys {
        let text = key.as_ref().map_or(4, |(_, value)| text_bytes(value, Encoding::Float));
        printed_bytes += label.len() + 4 + text;
    }
    for (label, _) in aggregates {
        printed_bytes += label.len() + 4 + NUMBER_TEXT_BYTES;
    }
    Weight { held_bytes: heft::of_group(group), printed_bytes }
}

fn of_summary(name: &str, summary: &Summary) -> Weight {
    let printed_bytes = printed_summary(name, summary);
    Weight { held_bytes: heft::of_summary(summary), printed_bytes }
}

fn printed_summary(name: &str, summary: &Summary) -> usize {
    let inner = match summary {
        Summary::Number(..) | Summary::Sum(_) | Summary::Bound(_) | Summary::Count(_) => {
            FIGURE_TEXT_BYTES
        }
        Summary::Stats(_) => STATS_TEXT_BYTES,
        Summary::Percentiles(Percentiles { figures, .. }) => figures.len() * FIGURE_TEXT_BYTES,
        Summary::Buckets(Buckets { buckets, .. }) => {
            2 * BUCKET_TEXT_BYTES + buckets.iter().map(printed_bucket).sum::<usize>()
        }
    };
    name.len() + 4 + inner
}

fn printed_bucket(bucket: &Bucket) -> usize {
    let Bucket { key, count: _, below } = bucket;
    let key = match key {
        Key::Term(value) => text_bytes(value, Encoding::Float),
        Key::Number(_) => 2 * NUMBER_TEXT_BYTES,
        Key::Moment { .. } => 2 * DATETIME_TEXT_BYTES + NUMBER_TEXT_BYTES,
        Key::Range { key, .. } => key.len() + 2 * FIGURE_TEXT_BYTES,
        Key::Name(name) => name.len(),
    };
    let below = below.iter().map(|(name, summary)| printed_summary(name, summary));
    BUCKET_TEXT_BYTES + key + below.sum::<usize>()
}

fn printed_bytes(hit: &Hit, encoding: Encoding) -> usize {
    // With its quotes, a colon and a comma.
    let value = |(name, _, value): &(Box<str>, AttrType, Value)| {
        name.len() + 4 + text_bytes(value, encoding)
    };
    let one = |(label, made): &(Box<str>, Made)| label.len() + 4 + made_text_bytes(made);
    let values = hit.values.iter().map(value).sum::<usize>();
    ROW_TEXT_BYTES + id_bytes(&hit.id) + values + hit.made.iter().map(one).sum::<usize>()
}

fn made_text_bytes(made: &Made) -> usize {
    let fragments = match made {
        Made::Number(_) | Made::Truth(_) => return F32_TEXT_BYTES,
        Made::Fragments(fragments) => fragments,
    };
    let places = fragments.iter().flat_map(|part| &part.places);
    let texts = fragments.iter().map(|part| part.text.len() + FRAGMENT_TEXT_BYTES);
    texts.sum::<usize>()
        + places.map(|places| places.matches.len() * RANGE_TEXT_BYTES).sum::<usize>()
}

fn id_bytes(id: &DocId) -> usize {
    match id {
        DocId::Uint(_) | DocId::Uuid(_) | DocId::Int(_) => 0,
        DocId::String(text) => text.len(),
    }
}

fn text_bytes(value: &Value, encoding: Encoding) -> usize {
    let base64 = |bytes: usize| bytes.div_ceil(3) * 4;
    let inner = match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) => NUMBER_TEXT_BYTES,
        Value::Uuid(_) => UUID_TEXT_BYTES,
        Value::DateTime(_) => DATETIME_TEXT_BYTES,
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => base64(bytes.len()),
        Value::Strings(texts) => texts.iter().map(|text| text.len() + 3).sum(),
        Value::Ints(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Uints(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Floats(numbers) => NUMBER_TEXT_BYTES * numbers.len(),
        Value::Bools(values) => 6 * values.len(),
        Value::Uuids(uuids) => UUID_TEXT_BYTES * uuids.len(),
        Value::DateTimes(moments) => DATETIME_TEXT_BYTES * moments.len(),
        Value::Vector(numbers) if encoding == Encoding::Base64 => base64(size_of_val(&**numbers)),
        Value::Vector(numbers) | Value::Vectors(numbers) => F32_TEXT_BYTES * numbers.len(),
        Value::Sparse(entries) => {
            entries.iter().map(|(key, _)| key.len() + 4 + F32_TEXT_BYTES).sum()
        }
    };
    // Its own quotes or brackets.
    inner + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Aggregated, Element, Fragment, Places, Scalar};

    fn hit(values: Vec<(AttrType, Value)>) -> Hit {
        let values = values.into_iter().map(|(kind, value)| ("name".into(), kind, value));
        Hit { id: DocId::Uint(1), dist: None, values: values.collect(), made: Vec::new() }
    }

    #[test]
    fn a_vector_is_most_of_a_document_that_has_one() {
        let kind = AttrType::Vector { dims: 1000, element: Element::F32 };
        let vector: Vec<f32> = (0..1000).map(|at| at as f32 / 1000.0 - 0.5).collect();
        let hit = hit(vec![(kind, Value::Vector(vector.into()))]);
        let held = heft::of_hit(&hit);
        assert!((4000..4500).contains(&held), "{held}");
        for (encoding, bytes) in [(Encoding::Base64, 5336), (Encoding::Float, 12_000)] {
            let text = printed_bytes(&hit, encoding);
            assert!((bytes..bytes + 100).contains(&text), "{text}");
        }
    }

    #[test]
    fn nothing_that_can_be_long_weighs_nothing() {
        let long: Box<str> = "x".repeat(10_000).into();
        let scalar = AttrType::Scalar;
        for (kind, value) in [
            (scalar(Scalar::String), Value::String(long.clone())),
            (scalar(Scalar::Bytes), Value::Bytes(vec![0; 10_000].into())),
            (AttrType::Array(Scalar::String), Value::Strings([long.clone()].into())),
            (AttrType::Array(Scalar::Bool), Value::Bools(vec![true; 10_000].into())),
            (AttrType::Array(Scalar::Int), Value::Ints(vec![0; 2_000].into())),
            (AttrType::Sparse, Value::Sparse([(long.clone(), 0.5)].into())),
            (AttrType::Vectors { dims: 2 }, Value::Vectors(vec![0.0; 3_000].into())),
        ] {
            let hit = hit(vec![(kind, value)]);
            assert!(heft::of_hit(&hit) >= 10_000, "{kind}");
            assert!(printed_bytes(&hit, Encoding::Float) >= 10_000, "{kind}");
        }
        let mut named = hit(Vec::new());
        named.id = DocId::String(long.clone());
        let mut marked = hit(Vec::new());
        let places = Some(Places { fragment: 0..1, matches: vec![0..1; 700] });
        let short = Fragment { text: "x".into(), places };
        for part in [Fragment { text: long.clone(), places: None }, short] {
            marked.made = vec![("x".into(), Made::Fragments(vec![part]))];
            assert!(heft::of_hit(&marked) > 10_000);
            assert!(printed_bytes(&marked, Encoding::Float) > 10_000);
        }
        assert!(heft::of_hit(&named) > 10_000 && printed_bytes(&named, Encoding::Float) > 10_000);
    }

    #[test]
    fn an_answer_weighs_what_its_buckets_do() {
        let long: Box<str> = "x".repeat(10_000).into();
        let below = vec![("n".into(), Summary::Count(1))];
        let bucket = Bucket { key: Key::Term(Value::String(long)), count: 1, below };
        let buckets = |count: usize| {
            let buckets = Buckets { buckets: vec![bucket.clone(); count], others: None };
            let aggregations = vec![("a".into(), Summary::Buckets(buckets))];
            Weight::of(&Answer { aggregations, ..Answer::default() }, Encoding::Float)
        };
        let (one, three) = (buckets(1), buckets(3));
        assert!(one.held_bytes > 10_000 && one.printed_bytes > 10_000, "{one:?}");
        assert!(three.held_bytes > 2 * one.held_bytes, "{three:?}");
        assert!(three.printed_bytes > 2 * one.printed_bytes, "{three:?}");
    }

    #[test]
    fn an_answer_weighs_what_its_rows_and_its_groups_do() {
        let row = hit(Vec::new());
        let long: Box<str> = "x".repeat(10_000).into();
        let key = ("key".into(), Some((Scalar::String, Value::String(long))));
        let aggregates = vec![("n".into(), Aggregated::Count(1))];
        let group = AggregatedGroup { keys: vec![key], aggregates };
        let rows = Answer { rows: vec![row.clone(), row.clone()], ..Answer::default() };
        let twice = [Weight::of_hit(&row, Encoding::Float); 2].into_iter().sum::<Weight>();
        assert_eq!(Weight::of(&rows, Encoding::Float), twice);
        let groups = Some(Aggregates::OfGroups(vec![group]));
        let weight = Weight::of(&Answer { aggregates: groups, ..rows }, Encoding::Float);
        assert!(weight.held_bytes > twice.held_bytes + 10_000);
        assert!(weight.printed_bytes > twice.printed_bytes + 10_000);
    }
}
