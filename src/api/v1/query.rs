//! A query of v1, off the wire and back: similarity, highest first.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::aggregation::Told;
use super::declared::{VECTOR, metric};
use super::{aggregation, filter};
use crate::api::error::Refusal;
use crate::api::json::{Encoding, Id, Object, Shown, object, quoted, unsigned_zero};
use crate::model::{
    AttrType, Direction, Filter, Given, Hit, Include, LIMIT_MAX, Metric, Page, Query, Rank, Value,
};

const TOP_K: usize = 10;

/// What is promised and not there yet.
const UNBUILT: &[&str] = &["full_text", "rrf", "min_score"];
const UNBUILT_FLAGS: &[&str] = &["explain"];

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) query: Query,
    /// How its aggregations are answered.
    pub(super) shapes: Vec<aggregation::Shape>,
    pub(super) min_seq: Option<u64>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut object = object(bytes)?;
    object.refuse_unbuilt(UNBUILT)?;
    object.refuse_unbuilt_flags(UNBUILT_FLAGS)?;
    let filter = object.take("filter").map(|given| filter::read("filter", given)).transpose()?;
    let rank = match (object.take("vector"), sort(&mut object)?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("`vector` and `sort` are two orders: give one"));
        }
        (Some(vector), None) => Rank::Nearest { attribute: VECTOR.into(), vector },
        (None, Some(keys)) => Rank::Order(keys),
        (None, None) => Rank::Order(vec![("id".into(), Direction::Ascending)]),
    };
    let limit = object.size("top_k")?.unwrap_or(TOP_K);
    let aggregation::Request { aggregations, shapes } = aggregation::read(&mut object)?;
    // Whoever asks for no documents asks for what is said of them.
    let least = if aggregations.is_empty() { 1 } else { 0 };
    if !(least..=LIMIT_MAX).contains(&limit) {
        return Err(Refusal::invalid(format!("top_k is {least} to {LIMIT_MAX}, not {limit}")));
    }
    let metric = metric(&mut object, "metric")?;
    let named = object.texts("include_attributes")?;
    let with_vector = object.truth("include_vector")?.unwrap_or(false);
    let include = match (named, with_vector) {
        (None, true) => Include::All,
        (None, false) => without_vector(),
        (Some(named), true) => with_vector_too(named),
        (Some(named), false) if named.is_empty() => Include::Nothing,
        (Some(named), false) => Include::These(named),
    };
    let min_seq = object.count("min_seq")?;
    object.end()?;
    let query = Query { metric, aggregations, ..rows(rank, limit, filter, include) };
    Ok(Request { query, shapes, min_seq })
}

/// A query for rows, and nothing beside them.
pub(super) fn rows(rank: Rank, limit: usize, filter: Option<Filter>, include: Include) -> Query {
    Query { rank: Some(rank), page: Page::of(limit), filter, include, ..Query::default() }
}

fn with_vector_too(mut named: Vec<Box<str>>) -> Include {
    named.retain(|name| **name != *VECTOR);
    named.push(VECTOR.into());
    Include::These(named)
}

/// Where nobody says what is wanted: the vector is long, and seldom is.
pub(super) fn without_vector() -> Include {
    Include::AllBut(vec![VECTOR.into()])
}

type Sort = Vec<(Box<str>, Direction)>;

/// `[{"field": "age", "order": "desc"}]`
fn sort(object: &mut Object) -> Result<Option<Sort>, Refusal> {
    let Some(items) = object.list("sort")? else { return Ok(None) };
    let key = |(at, given): (usize, Given)| {
        let mut key = Object::of(&format!("sort[{at}]"), given)?;
        let field = key.text("field")?.ok_or_else(|| key.missing("field"))?;
        let direction = match key.text("order")?.as_deref() {
            None | Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            Some(other) => {
                let other = quoted(other);
                let message = format!("sort[{at}].order is `asc` or `desc`, not `{other}`");
                return Err(Refusal::invalid(message));
            }
        };
        key.end()?;
        Ok((field, direction))
    };
    let keys = items.into_iter().enumerate().map(key).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(keys).filter(|keys| !keys.is_empty()))
}

/// Similarity: of what is near, much.
fn score(dist: f32, metric: Option<Metric>) -> f32 {
    unsigned_zero(match metric {
        Some(Metric::Cosine) => 1.0 - dist,
        Some(Metric::EuclideanSquared) => -dist.max(0.0).sqrt(),
        Some(Metric::DotProduct) | None => -dist,
    })
}

#[derive(Serialize)]
pub(super) struct Answer<'a> {
    pub(super) results: Vec<Found<'a>>,
    /// If they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aggregations: Option<Told<'a>>,
    pub(super) took_ms: u64,
    pub(super) performance: Performance,
}

#[derive(Serialize)]
pub(super) struct Performance {
    pub(super) server_total_ms: u64,
    pub(super) exhaustive_search_count: u64,
    pub(super) approx_namespace_size: u64,
    pub(super) seq: u64,
}

/// A document, with its score if it was searched for.
pub(super) struct Found<'a> {
    hit: &'a Hit,
    score: Option<f32>,
}

impl<'a> Found<'a> {
    pub(super) fn of(hit: &'a Hit, metric: Option<Metric>) -> Self {
        Self { hit, score: hit.dist.map(|dist| score(dist, metric)) }
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

    #[test]
    fn a_query_is_read_with_its_defaults() {
        let request = read(br#"{"vector":[0.5]}"#).unwrap();
        let vector = Given::List(vec![Given::Float(0.5)]);
        let rank = Rank::Nearest { attribute: "vector".into(), vector };
        let expected = rows(rank, 10, None, Include::AllBut(vec!["vector".into()]));
        assert_eq!(request, Request { query: expected, shapes: Vec::new(), min_seq: None });
    }

    #[test]
    fn a_query_says_what_it_wants() {
        let query = |text: &str| read(text.as_bytes()).unwrap().query;
        let sorted = query(r#"{"sort":[{"field":"a","order":"desc"}],"metric":"dot","top_k":3}"#);
        assert_eq!(sorted.rank, Some(Rank::Order(vec![("a".into(), Direction::Descending)])));
        assert_eq!((sorted.metric, sorted.page.limit), (Some(Metric::DotProduct), 3));
        let all = query(r#"{"include_vector":true,"explain":false}"#);
        assert_eq!(all.include, Include::All);
        assert_eq!(all.rank, Some(Rank::Order(vec![("id".into(), Direction::Ascending)])));
        for (text, include) in [
            (r#"{"include_attributes":[]}"#, Include::Nothing),
            (r#"{"include_attributes":["vector"]}"#, Include::These(vec!["vector".into()])),
            (
                r#"{"include_attributes":["vector","a"],"include_vector":false}"#,
                Include::These(vec!["vector".into(), "a".into()]),
            ),
            (
                r#"{"include_attributes":["vector","a"],"include_vector":true}"#,
                Include::These(vec!["a".into(), "vector".into()]),
            ),
        ] {
            assert_eq!(query(text).include, include, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_refused_by_name() {
        for (text, told) in [
            (r#"{"full_text":{"field":"a","query":"x"}}"#, "`full_text` is not supported"),
            (r#"{"full_text":false}"#, "`full_text` is not supported"),
            (r#"{"explain":true}"#, "`explain` is not supported"),
            (r#"{"vector":[1],"sort":[{"field":"a"}]}"#, "two orders"),
            (r#"{"top_k":0}"#, "top_k is 1 to 10000"),
            (r#"{"top_k":0,"aggs":{}}"#, "top_k is 1 to 10000"),
            (r#"{"sort":[{"field":"a","order":"up"}]}"#, "sort[0].order is `asc` or `desc`"),
            (r#"{"limit":1}"#, "unknown field `limit`"),
        ] {
            let refusal = read(text.as_bytes()).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn what_is_near_scores_high() {
        assert_eq!(score(0.25, Some(Metric::Cosine)), 0.75);
        assert_eq!(score(4.0, Some(Metric::EuclideanSquared)), -2.0);
        assert_eq!(score(-3.0, Some(Metric::DotProduct)), 3.0);
        // What is the same scores a zero without a sign, and so does what has nothing in common.
        for metric in [Metric::EuclideanSquared, Metric::DotProduct] {
            assert!(score(0.0, Some(metric)).is_sign_positive(), "{metric}");
        }
    }

    #[test]
    fn a_document_has_its_attributes_apart_from_its_vector() {
        let vector = AttrType::Vector { dims: 1, element: Element::F32 };
        let hit = Hit {
            id: DocId::Uint(7),
            dist: Some(0.25),
            values: vec![
                ("title".into(), AttrType::Scalar(Scalar::String), Value::String("x".into())),
                ("vector".into(), vector, Value::Vector([0.7].into())),
            ],
            made: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&Found::of(&hit, Some(Metric::Cosine))).unwrap(),
            r#"{"id":7,"score":0.75,"vector":[0.7],"attributes":{"title":"x"}}"#
        );
    }
}
