//! What is too much to be kept is held as a sketch, and comes to the same in whatever parts it was
//! seen, sent, and put together.

use std::ops::Range;

use proptest::prelude::*;

use super::sample::{living, row};
use super::{Partial, bound, finished, seen};
use crate::model::aggregation::{Aggregation, Kind, Metric, Source, Terms};
use crate::model::{Row, Value};
use crate::query::samples::load;

/// In each of two buckets: two sketches of either kind, one of different values beside few enough for
/// percentiles, and none. Some begin with the one bucket, and some with the other.
const PARTS: [Range<u64>; 4] = [0..11_000, 11_001..20_001, 20_001..25_001, 25_002..25_040];
/// So many of them hold no value as it is.
const SKETCHED: usize = 2;
const DIFFERENT: u64 = 9_000;

fn rows(ids: Range<u64>) -> Vec<Row> {
    let values = |id: u64| {
        [
            ("b", Value::Bool(id.is_multiple_of(2))),
            ("f", Value::Float(id as f64 * 0.37 - 2000.0)),
            ("u", Value::Uint(id % DIFFERENT)),
        ]
    };
    ids.map(|id| row(id, &values(id))).collect()
}

fn aggregation() -> Aggregation {
    let percents = vec![0.0, 1.0, 50.0, 99.9, 100.0];
    let below = vec![
        ("p".into(), Aggregation::metric("f", Metric::Percentiles { percents })),
        ("c".into(), Aggregation::metric("u", Metric::Cardinality { precision: 0 })),
    ];
    Aggregation { kind: Kind::Terms(Source::of("b"), Terms::default()), below }
}

#[test]
fn sketches_come_to_the_same_in_whatever_parts_they_are_sent() {
    let bound = bound(&aggregation()).unwrap();
    let partial = |rows: &[Row]| seen(&bound, &living(rows, 1000)).unwrap();
    let all: Vec<Row> = PARTS.into_iter().flat_map(rows).collect();
    let whole = partial(&all);
    let expected = finished(&bound, &whole).unwrap();
    let written: Vec<Vec<u8>> =
        PARTS.into_iter().map(|ids| bound.write(&partial(&rows(ids))).unwrap()).collect();
    for (ids, bytes) in PARTS.into_iter().zip(&written).take(SKETCHED) {
        // The values that percentiles are of would take more alone, and so would the hashes.
        assert!(bytes.len() < rows(ids).len() * size_of::<f64>(), "{} bytes", bytes.len());
    }
    let read = |bytes: &[u8]| bound.read(bytes, &load()).unwrap();
    let again = read(&bound.write(&whole).unwrap());
    assert_eq!(finished(&bound, &again).unwrap(), expected);

    let any_picks =
        prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), PARTS.len());
    proptest!(ProptestConfig::with_cases(24), |(picks in any_picks)| {
        let mut parts: Vec<Partial> = written.iter().map(|bytes| read(bytes)).collect();
        parts.push(bound.nothing(&load()).unwrap());
        for (one, other) in picks {
            let one = parts.swap_remove(one.index(parts.len()));
            let into = other.index(parts.len());
            // It is sent on, as what was put together of others is.
            bound.merge(&mut parts[into], read(&bound.write(&one).unwrap())).unwrap();
        }
        prop_assert_eq!(parts.len(), 1);
        prop_assert_eq!(&finished(&bound, &parts[0]).unwrap(), &expected);
    });
}
