//! What is said of all documents that match, or of each group of them.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::aggregations::Told;
use crate::api::json::{Encoding, Shown};
use crate::model::aggregation::Summary;
use crate::model::{Aggregated, AggregatedGroup, Aggregates, AttrType};

/// Writes them under the name that they have in an answer.
pub(super) fn entry<M: SerializeMap>(
    map: &mut M,
    aggregates: Option<&Aggregates>,
    summaries: &[(Arc<str>, Summary)],
) -> Result<(), M::Error> {
    let labelled: &[(Box<str>, Aggregated)] = match aggregates {
        Some(Aggregates::OfGroups(groups)) => {
            return map.serialize_entry("aggregation_groups", &Groups(groups));
        }
        Some(Aggregates::OfAll(labelled)) => labelled,
        None => &[],
    };
    map.serialize_entry("aggregations", &All { labelled, summaries })
}

struct All<'a> {
    labelled: &'a [(Box<str>, Aggregated)],
    summaries: &'a [(Arc<str>, Summary)],
}

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(Some(self.labelled.len() + self.summaries.len()))?;
        for (label, said) in self.labelled {
            map.serialize_entry(label, &Said(*said))?;
        }
        for (label, summary) in self.summaries {
            map.serialize_entry(&**label, &Told(summary))?;
        }
        map.end()
    }
}

struct Groups<'a>(&'a [AggregatedGroup]);

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.0.iter().map(Group))
    }
}

struct Group<'a>(&'a AggregatedGroup);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let AggregatedGroup { keys, aggregates } = self.0;
        let mut map = json.serialize_map(Some(keys.len() + aggregates.len()))?;
        for (label, key) in keys {
            let shown = key.as_ref().map(|(scalar, value)| {
                let kind = AttrType::Scalar(*scalar);
                Shown { value, kind, encoding: Encoding::Float }
            });
            map.serialize_entry(label, &shown)?;
        }
        for (label, said) in aggregates {
            map.serialize_entry(label, &Said(*said))?;
        }
        map.end()
    }
}

struct Said(Aggregated);

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Aggregated::Count(count) => json.serialize_u64(count),
            Aggregated::Whole(number) => json.serialize_i128(number),
            // In a sum of two zeros the positive one wins.
            Aggregated::Float(number) => json.serialize_f64(number + 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::{Scalar, Value};

    struct Entry(Aggregates);

    impl Serialize for Entry {
        fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
            let mut map = json.serialize_map(None)?;
            entry(&mut map, Some(&self.0), &[])?;
            map.end()
        }
    }

    fn told(aggregates: Aggregates) -> String {
        serde_json::to_string(&Entry(aggregates)).unwrap()
    }

    #[test]
    fn a_sum_is_printed_whole_however_large() {
        let labelled = vec![
            ("n".into(), Aggregated::Count(42)),
            ("s".into(), Aggregated::Whole(10 * i128::from(u64::MAX))),
            ("f".into(), Aggregated::Float(-0.0)),
        ];
        assert_eq!(
            told(Aggregates::OfAll(labelled)),
            r#"{"aggregations":{"n":42,"s":184467440737095516150,"f":0.0}}"#
        );
    }

    #[test]
    fn a_group_has_its_keys_and_what_is_said_of_it_beside_each_other() {
        let group = |key| AggregatedGroup {
            keys: vec![("day".into(), key), ("tag".into(), None)],
            aggregates: vec![("n".into(), Aggregated::Count(2))],
        };
        let day = group(Some((Scalar::DateTime, Value::DateTime(0))));
        assert_eq!(
            told(Aggregates::OfGroups(vec![day, group(None)])),
            "{\"aggregation_groups\":[\
             {\"day\":\"1970-01-01T00:00:00.000000000Z\",\"tag\":null,\"n\":2},\
             {\"day\":null,\"tag\":null,\"n\":2}]}"
        );
        assert_eq!(told(Aggregates::OfGroups(Vec::new())), r#"{"aggregation_groups":[]}"#);
    }
}
