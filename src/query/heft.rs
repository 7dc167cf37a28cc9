//! What a part of an answer takes in memory: near enough for what is compared with a limit of gigabytes.

use crate::model::aggregation::{Bucket, Buckets, Key, Percentiles, Stats, Summary};
use crate::model::{AggregatedGroup, AttrType, DocId, Fragment, GroupKey, Hit, Made, Value};

/// A row with all that comes with it.
pub fn of_hit(hit: &Hit) -> usize {
    let value = |(name, _, value): &(Box<str>, AttrType, Value)| name.len() + of_value(value);
    let values = size_of_val(&*hit.values) + hit.values.iter().map(value).sum::<usize>();
    let one = |(label, made): &(Box<str>, Made)| label.len() + of_made(made);
    let made = size_of_val(&*hit.made) + hit.made.iter().map(one).sum::<usize>();
    size_of::<Hit>() + of_id(&hit.id) + values + made
}

pub fn of_group(group: &AggregatedGroup) -> usize {
    let AggregatedGroup { keys, aggregates } = group;
    let key = |(label, key): &GroupKey| {
        label.len() + key.as_ref().map_or(0, |(_, value)| of_value(value))
    };
    let keys = size_of_val(&**keys) + keys.iter().map(key).sum::<usize>();
    let labels = aggregates.iter().map(|(label, _)| label.len()).sum::<usize>();
    size_of_val(group) + keys + size_of_val(&**aggregates) + labels
}

/// Without its name, which all that are called so have together.
pub fn of_summary(summary: &Summary) -> usize {
    let Summary::Buckets(Buckets { buckets, .. }) = summary else { return of_one(summary) };
    let of_bucket = |bucket: &Bucket| {
        let below = bucket.below.iter().map(|(_, summary)| of_summary(summary));
        of_one_bucket(bucket) + below.sum::<usize>()
    };
    of_one(summary) + buckets.iter().map(of_bucket).sum::<usize>()
}

/// Without its buckets, if it has any.
pub(super) fn of_one(summary: &Summary) -> usize {
    let beside = match summary {
        Summary::Number(..) | Summary::Sum(_) | Summary::Bound(_) | Summary::Count(_) => 0,
        Summary::Stats(_) => size_of::<Stats>(),
        Summary::Percentiles(Percentiles { figures, .. }) => size_of_val(&**figures),
        Summary::Buckets(_) => 0,
    };
    size_of_val(summary) + size_of::<Box<str>>() + beside
}

/// Without what is nested in it.
pub(super) fn of_one_bucket(bucket: &Bucket) -> usize {
    let key = match &bucket.key {
        Key::Term(value) => of_value(value),
        Key::Number(_) | Key::Moment { .. } | Key::Range { .. } | Key::Name(_) => 0,
    };
    size_of_val(bucket) + key
}

/// What lies beside it on the heap.
pub(super) fn of_made(made: &Made) -> usize {
    let Made::Fragments(fragments) = made else { return 0 };
    let one = |Fragment { text, places }: &Fragment| {
        text.len() + places.as_ref().map_or(0, |places| size_of_val(&*places.matches))
    };
    size_of_val(&**fragments) + fragments.iter().map(one).sum::<usize>()
}

fn of_id(id: &DocId) -> usize {
    match id {
        DocId::Uint(_) | DocId::Uuid(_) | DocId::Int(_) => 0,
        DocId::String(text) => text.len(),
    }
}

/// The same of a value.
fn of_value(value: &Value) -> usize {
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Bool(_) => 0,
        Value::Uuid(_) | Value::DateTime(_) => 0,
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Strings(texts) => {
            size_of_val(&**texts) + texts.iter().map(|text| text.len()).sum::<usize>()
        }
        Value::Ints(numbers) | Value::DateTimes(numbers) => size_of_val(&**numbers),
        Value::Uints(numbers) => size_of_val(&**numbers),
        Value::Floats(numbers) => size_of_val(&**numbers),
        Value::Bools(values) => size_of_val(&**values),
        Value::Uuids(uuids) => size_of_val(&**uuids),
        Value::Vector(numbers) | Value::Vectors(numbers) => size_of_val(&**numbers),
        Value::Sparse(entries) => {
            size_of_val(&**entries) + entries.iter().map(|(key, _)| key.len()).sum::<usize>()
        }
    }
}
