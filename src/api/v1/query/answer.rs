//! The answer to a query of v1: documents, each with its score, the highest first, and what is said
//! of all that match.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::json::{Encoding, Id, Shown, unsigned_zero};
use crate::api::v1::aggregation::Told;
use crate::api::v1::declared::VECTOR;
use crate::model::{Answered, AttrType, Hit, Metric, Value};

#[derive(Serialize)]
pub(super) struct Answer<'a> {
    pub(super) results: Vec<Found<'a>>,
    /// If they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aggregations: Option<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explain: Option<String>,
    pub(super) took_ms: u64,
    pub(super) performance: Performance,
}

#[derive(Serialize)]
pub(super) struct Performance {
    server_total_ms: u64,
    exhaustive_search_count: u64,
    approx_namespace_size: u64,
    seq: u64,
    segments: u64,
    object_reads: u64,
    object_bytes: u64,
}

impl Performance {
    pub(super) fn of(answered: &Answered, took_ms: u64) -> Self {
        Self {
            server_total_ms: took_ms,
            exhaustive_search_count: answered.rows_in_tail,
            approx_namespace_size: answered.rows,
            seq: answered.seq,
            segments: answered.segments,
            object_reads: answered.reads.objects,
            object_bytes: answered.reads.bytes,
        }
    }
}

/// What the number of a hit is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    /// How far a vector is, if there are any.
    Distance(Option<Metric>),
    /// The higher, the better.
    Score,
}

impl Scale {
    /// As it is told: of what is near, much. Of what is only in an order it is 0, as a filter scores.
    pub(super) fn score(self, hit: &Hit) -> f32 {
        let score = |number: f32| match self {
            Self::Score => number,
            Self::Distance(Some(Metric::Cosine)) => 1.0 - number,
            Self::Distance(Some(Metric::EuclideanSquared)) => -number.max(0.0).sqrt(),
            Self::Distance(Some(Metric::DotProduct) | None) => -number,
        };
        unsigned_zero(hit.dist.map_or(0.0, score))
    }
}

/// A document, with its score if it was searched for.
pub(in crate::api::v1) struct Found<'a> {
    hit: &'a Hit,
    score: Option<f32>,
}

impl<'a> Found<'a> {
    pub(in crate::api::v1) fn of(hit: &'a Hit, score: Option<f32>) -> Self {
        Self { hit, score }
    }
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("id", &Id(&self.hit.id))?;
        if let Some(score) = self.score {
            map.serialize_entry("score", &score)?;
        }
        for (name, kind, value) in &self.hit.values {
            if **name == *VECTOR {
                map.serialize_entry(VECTOR, &shown(value, *kind))?;
            }
        }
        map.serialize_entry("attributes", &Attributes(self.hit))?;
        map.end()
    }
}

struct Attributes<'a>(&'a Hit);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let values = self.0.values.iter().filter(|(name, ..)| **name != *VECTOR);
        json.collect_map(values.map(|(name, kind, value)| (name, shown(value, *kind))))
    }
}

fn shown(value: &Value, kind: AttrType) -> Shown<'_> {
    Shown { value, kind, encoding: Encoding::Float }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocId, Element, Scalar};

    fn hit(dist: Option<f32>) -> Hit {
        Hit { id: DocId::Uint(7), dist, values: Vec::new(), made: Vec::new() }
    }

    #[test]
    fn what_is_near_scores_high_and_a_score_is_what_it_is() {
        let score = |scale: Scale, number: f32| scale.score(&hit(Some(number)));
        let distance = |metric| Scale::Distance(Some(metric));
        assert_eq!(score(distance(Metric::Cosine), 0.25), 0.75);
        assert_eq!(score(distance(Metric::EuclideanSquared), 4.0), -2.0);
        assert_eq!(score(distance(Metric::DotProduct), -3.0), 3.0);
        assert_eq!(score(Scale::Score, 0.25), 0.25);
        // What is the same scores a zero without a sign, and so does what has nothing in common.
        for metric in [Metric::EuclideanSquared, Metric::DotProduct] {
            assert!(score(distance(metric), 0.0).is_sign_positive(), "{metric}");
        }
        assert_eq!(Scale::Score.score(&hit(None)), 0.0);
    }

    #[test]
    fn a_document_has_its_attributes_apart_from_its_vector() {
        let vector = AttrType::Vector { dims: 1, element: Element::F32 };
        let values = vec![
            ("title".into(), AttrType::Scalar(Scalar::String), Value::String("x".into())),
            ("vector".into(), vector, Value::Vector([0.7].into())),
        ];
        let hit = Hit { values, ..hit(Some(0.25)) };
        let score = Scale::Distance(Some(Metric::Cosine)).score(&hit);
        assert_eq!(
            serde_json::to_string(&Found::of(&hit, Some(score))).unwrap(),
            r#"{"id":7,"score":0.75,"vector":[0.7],"attributes":{"title":"x"}}"#
        );
    }
}
