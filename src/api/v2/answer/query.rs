//! The answer to one query, or to several: rows, aggregates, and what it took to find them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::aggregates;
use super::row::Rows;
use super::{Queried, queried};
use crate::api::json::{Encoding, returned_bytes};
use crate::api::v2::query::Form;
use crate::model::{Answer, Answered, Warmth, datetime};

pub(in crate::api::v2) struct OfQuery<'a> {
    /// With one answer to all queries, if they were fused.
    pub(in crate::api::v2) answered: &'a Answered,
    /// Of each query, whether it asked for rows.
    pub(in crate::api::v2) ranked: &'a [bool],
    /// How the queries are answered, if it was asked.
    pub(in crate::api::v2) plan: Option<&'a str>,
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
        if let Some(plan) = self.plan {
            map.serialize_entry("explain", plan)?;
        }
        map.serialize_entry("billing", &self.bill())?;
        map.serialize_entry("performance", &self.performance())?;
        map.end()
    }
}

impl OfQuery<'_> {
    fn bill(&self) -> Queried {
        let hits = self.answered.answers.iter().flat_map(|answer| &answer.rows);
        let each = queried(self.answered.bytes);
        Queried {
            billable_logical_bytes_queried: each.saturating_mul(self.ranked.len() as u64),
            billable_logical_bytes_returned: hits.map(returned_bytes).sum(),
        }
    }

    fn performance(&self) -> Performance {
        let Answered { rows, rows_in_tail, warmth, .. } = *self.answered;
        let (cache_hit_ratio, cache_temperature) = felt(warmth);
        Performance {
            cache_hit_ratio,
            cache_temperature,
            server_total_ms: self.total_ms,
            query_execution_ms: self.execution_ms,
            exhaustive_search_count: rows_in_tail,
            approx_namespace_size: rows,
            last_included_write_at: datetime::print(
                self.answered.last_write_at_ms.saturating_mul(1000),
            ),
            seq: self.answered.seq,
            segments: self.answered.segments,
            object_reads: self.answered.reads.objects,
            object_bytes: self.answered.reads.bytes,
        }
    }
}

/// How much of what a query needed was at hand. Where it needed nothing, it missed nothing.
fn felt(Warmth { at_hand, read }: Warmth) -> (f64, &'static str) {
    match (at_hand, read) {
        (_, 0) => (1.0, "hot"),
        (0, _) => (0.0, "cold"),
        (at_hand, read) => (at_hand as f64 / (at_hand + read) as f64, "warm"),
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
    segments: u64,
    object_reads: u64,
    object_bytes: u64,
}

struct OfOne<'a> {
    answer: &'a Answer,
    ranked: bool,
    encoding: Encoding,
}

impl OfOne<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if self.ranked {
            let rows = Rows { hits: &self.answer.rows, encoding: self.encoding };
            map.serialize_entry("rows", &rows)?;
        }
        let summaries = &self.answer.aggregations;
        match &self.answer.aggregates {
            None if summaries.is_empty() => Ok(()),
            said => aggregates::entry(map, said.as_ref(), summaries),
        }
    }
}

impl Serialize for OfOne<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

/// How a query is answered, without its answer.
#[derive(Serialize)]
pub(in crate::api::v2) struct OfPlan<'a> {
    pub(in crate::api::v2) plan_text: &'a str,
}

#[cfg(test)]
mod tests {
    use super::super::printed;
    use super::*;

    use std::sync::Arc;

    use serde_json::json;

    use crate::model::{
        Aggregated, Aggregates, AttrType, DocId, Element, Hit, Reads, Scalar, Schema, Value,
    };

    fn answered() -> Answered {
        let vector = AttrType::Vector { dims: 2, element: Element::F32 };
        let hit = Hit {
            id: DocId::Uint(1),
            dist: Some(0.25),
            values: vec![
                ("title".into(), AttrType::Scalar(Scalar::String), Value::String("x".into())),
                ("vector".into(), vector, Value::Vector([0.1, 0.2].into())),
            ],
            made: Vec::new(),
        };
        let counted = Aggregates::OfAll(vec![("n".into(), Aggregated::Count(42))]);
        let counted = Answer { aggregates: Some(counted), ..Answer::default() };
        Answered {
            answers: vec![Answer { rows: vec![hit], ..Answer::default() }, counted],
            seq: 7,
            segments: 3,
            reads: Reads { objects: 4, bytes: 5 },
            rows_in_tail: 2,
            rows: 2,
            warmth: Warmth::default(),
            bytes: 34,
            last_write_at_ms: 1_000,
            schema: Arc::new(Schema::default()),
        }
    }

    fn of_query(answered: &Answered, form: Form, encoding: Encoding) -> serde_json::Value {
        let ranked: &[bool] = if form == Form::One { &[true] } else { &[true, false] };
        let (plan, total_ms, execution_ms) = (None, 2, 1);
        printed(OfQuery { answered, ranked, plan, form, encoding, total_ms, execution_ms })
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
                "segments": 3, "object_reads": 4, "object_bytes": 5,
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
    fn several_queries_that_were_fused_have_one_answer_and_are_billed_each() {
        let mut fused = answered();
        fused.answers.truncate(1);
        let told = printed(OfQuery {
            answered: &fused,
            ranked: &[true, true],
            plan: Some("by rank"),
            form: Form::Several,
            encoding: Encoding::Float,
            total_ms: 2,
            execution_ms: 1,
        });
        assert_eq!(told["results"].as_array().map(Vec::len), Some(1));
        assert_eq!(told["explain"], json!("by rank"));
        assert_eq!(told["billing"]["billable_logical_bytes_queried"], json!(512_000_000));
        assert_eq!(printed(OfPlan { plan_text: "p" }), json!({"plan_text": "p"}));
    }

    #[test]
    fn each_query_of_what_is_large_is_billed_for_all_of_it() {
        let mut large = answered();
        for (bytes, billed) in
            [(256_000_000, 512_000_000), (256_000_001, 512_000_002), (u64::MAX, u64::MAX)]
        {
            large.bytes = bytes;
            let told = of_query(&large, Form::Several, Encoding::Float);
            assert_eq!(told["billing"]["billable_logical_bytes_queried"], json!(billed));
        }
    }

    #[test]
    fn what_was_read_from_the_store_was_not_in_the_cache() {
        let mut queried = answered();
        for (at_hand, read, ratio, temperature) in
            [(0, 4, 0.0, "cold"), (1, 3, 0.25, "warm"), (3, 1, 0.75, "warm"), (4, 0, 1.0, "hot")]
        {
            queried.warmth = Warmth { at_hand, read };
            let told = of_query(&queried, Form::Several, Encoding::Float);
            assert_eq!(told["performance"]["cache_hit_ratio"], json!(ratio));
            assert_eq!(told["performance"]["cache_temperature"], json!(temperature));
        }
    }
}
