//! The answer to one query, or to several: rows, counts, and what it took to find them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{QUERIED_BYTES_MIN, Queried};
use crate::api::json::{Encoding, Id, Shown, returned_bytes, unsigned_zero};
use crate::api::v2::query::Form;
use crate::model::{Answer, Answered, Hit, datetime};

pub(in crate::api::v2) struct OfQuery<'a> {
    pub(in crate::api::v2) answered: &'a Answered,
    /// Of each query, whether it asked for rows.
    pub(in crate::api::v2) ranked: &'a [bool],
    pub(in crate::api::v2) form: Form,
    pub(in crate::api::v2) encoding: Encoding,
    pub(in crate::api::v2) total_ms: u64,
    pub(in crate::api::v2) execution_ms: u64,
}

impl Serialize for OfQuery<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let results: Vec<OfOne<'_>> = self
            .answered
            .answers
            .iter()
            .zip(self.ranked)
            .map(|(answer, ranked)| OfOne { answer, ranked: *ranked, encoding: self.encoding })
            .collect();
        let mut map = json.serialize_map(None)?;
        match self.form {
            Form::Several => map.serialize_entry("results", &results)?,
            Form::One => results.iter().try_for_each(|result| result.entries(&mut map))?,
        }
        map.serialize_entry("billing", &self.bill())?;
        map.serialize_entry("performance", &self.performance())?;
        map.end()
    }
}

impl OfQuery<'_> {
    fn bill(&self) -> Queried {
        let answers = &self.answered.answers;
        let hits = answers.iter().flat_map(|answer| &answer.rows);
        Queried {
            billable_logical_bytes_queried: QUERIED_BYTES_MIN * answers.len() as u64,
            billable_logical_bytes_returned: hits.map(returned_bytes).sum(),
        }
    }

    fn performance(&self) -> Performance {
        let Answered { rows, rows_in_tail, .. } = *self.answered;
        // As long as segments are not cached, what is in memory is what no segment has yet.
        let cached = if rows <= rows_in_tail { 1.0 } else { rows_in_tail as f64 / rows as f64 };
        Performance {
            cache_hit_ratio: cached,
            cache_temperature: temperature(cached),
            server_total_ms: self.total_ms,
            query_execution_ms: self.execution_ms,
            exhaustive_search_count: rows_in_tail,
            approx_namespace_size: rows,
            last_included_write_at: datetime::print(
                self.answered.last_write_at_ms.saturating_mul(1000),
            ),
            seq: self.answered.seq,
        }
    }
}

fn temperature(cached: f64) -> &'static str {
    if cached >= 1.0 {
        "hot"
    } else if cached >= 0.5 {
        "warm"
    } else {
        "cold"
    }
}

#[derive(Serialize)]
struct Performance {
    cache_hit_ratio: f64,
    cache_temperature: &'static str,
    server_total_ms: u64,
    query_execution_ms: u64,
    exhaustive_search_count: u64,
    approx_namespace_size: u64,
    last_included_write_at: String,
    seq: u64,
}

struct OfOne<'a> {
    answer: &'a Answer,
    ranked: bool,
    encoding: Encoding,
}

impl OfOne<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.ranked {
            map.serialize_entry(
                "rows",
                &Rows { hits: &self.answer.rows, encoding: self.encoding },
            )?;
        }
        if !self.answer.counts.is_empty() {
            map.serialize_entry("aggregations", &Counts(&self.answer.counts))?;
        }
        Ok(())
    }
}

impl Serialize for OfOne<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

struct Counts<'a>(&'a [(Box<str>, u64)]);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_map(self.0.iter().map(|(label, count)| (label, count)))
    }
}

struct Rows<'a> {
    hits: &'a [Hit],
    encoding: Encoding,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.hits.iter().map(|hit| Row { hit, encoding: self.encoding }))
    }
}

struct Row<'a> {
    hit: &'a Hit,
    encoding: Encoding,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("id", &Id(&self.hit.id))?;
        if let Some(dist) = self.hit.dist {
            map.serialize_entry("$dist", &unsigned_zero(dist))?;
        }
        for (name, kind, value) in &self.hit.values {
            map.serialize_entry(name, &Shown { value, kind: *kind, encoding: self.encoding })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::printed;
    use super::*;

    use std::sync::Arc;

    use serde_json::json;

    use crate::model::{AttrType, DocId, Element, Scalar, Schema, Value};

    fn answered() -> Answered {
        let vector = AttrType::Vector { dims: 2, element: Element::F32 };
        let hit = Hit {
            id: DocId::Uint(1),
            dist: Some(0.25),
            values: vec![
                ("title".into(), AttrType::Scalar(Scalar::String), Value::String("x".into())),
                ("vector".into(), vector, Value::Vector([0.1, 0.2].into())),
            ],
        };
        let counted = Answer { rows: Vec::new(), counts: vec![("n".into(), 42)] };
        Answered {
            answers: vec![Answer { rows: vec![hit], counts: Vec::new() }, counted],
            seq: 7,
            rows_in_tail: 2,
            rows: 2,
            last_write_at_ms: 1_000,
            schema: Arc::new(Schema::default()),
        }
    }

    fn of_query(answered: &Answered, form: Form, encoding: Encoding) -> serde_json::Value {
        let ranked = [true, false];
        let (total_ms, execution_ms) = (2, 1);
        printed(OfQuery { answered, ranked: &ranked, form, encoding, total_ms, execution_ms })
    }

    #[test]
    fn several_queries_are_answered_in_their_order() {
        let expected = json!({
            "results": [
                {"rows": [{
                    "id": 1, "$dist": 0.25, "title": "x", "vector": [0.1_f32, 0.2_f32],
                }]},
                {"aggregations": {"n": 42}},
            ],
            "billing": {
                "billable_logical_bytes_queried": 512_000_000,
                "billable_logical_bytes_returned": 8 + 4 + 1 + 8,
            },
            "performance": {
                "cache_hit_ratio": 1.0, "cache_temperature": "hot", "server_total_ms": 2,
                "query_execution_ms": 1, "exhaustive_search_count": 2,
                "approx_namespace_size": 2, "seq": 7,
                "last_included_write_at": "1970-01-01T00:00:01.000000000Z",
            },
        });
        assert_eq!(of_query(&answered(), Form::Several, Encoding::Float), expected);
    }

    #[test]
    fn one_query_is_answered_at_the_top() {
        let mut one = answered();
        one.answers.truncate(1);
        let answer = of_query(&one, Form::One, Encoding::Base64);
        assert_eq!(answer["rows"][0]["vector"], json!("zczMPc3MTD4="));
        assert!(answer.get("aggregations").is_none() && answer.get("results").is_none());
        one.answers[0].rows[0].dist = Some(-0.0);
        let dist = of_query(&one, Form::One, Encoding::Float)["rows"][0]["$dist"].as_f64();
        assert!(dist.is_some_and(|dist| dist == 0.0 && dist.is_sign_positive()));
        one.answers[0].rows.clear();
        assert_eq!(of_query(&one, Form::One, Encoding::Float)["rows"], json!([]));
    }

    #[test]
    fn what_was_read_from_the_store_was_not_in_the_cache() {
        let mut cold = answered();
        for (rows_in_tail, ratio, temperature) in
            [(0, 0.0, "cold"), (1, 0.25, "cold"), (3, 0.75, "warm"), (4, 1.0, "hot")]
        {
            (cold.rows, cold.rows_in_tail) = (4, rows_in_tail);
            let told = of_query(&cold, Form::Several, Encoding::Float);
            assert_eq!(told["performance"]["cache_hit_ratio"], json!(ratio));
            assert_eq!(told["performance"]["cache_temperature"], json!(temperature));
        }
    }
}
