//! The documents of one namespace as a map, and what is right of an answer to a query: found out by
//! looking at each document, in f64, with nothing that is faster.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// How far a distance in f32 may be from the true one.
const TOLERANCE: f64 = 1e-5;

/// Without nulls: what is missing is not there.
pub(super) type Document = BTreeMap<&'static str, Value>;

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) documents: BTreeMap<u64, Document>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Metric {
    Cosine,
    Squared,
    Dot,
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Test { attribute: &'static str, op: &'static str, operand: Operand },
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value),
    /// What the incoming document has there.
    New(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    pub(super) rank: Rank,
    pub(super) limit: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Rank {
    Order(Vec<(&'static str, &'static str)>),
    Nearest(&'static str, Vec<f64>),
}

impl Metric {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Cosine => "cosine_distance",
            Self::Squared => "euclidean_squared",
            Self::Dot => "dot_product",
        }
    }

    fn distance(self, a: &[f64], b: &[f64]) -> f64 {
        let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        match self {
            Self::Cosine => {
                let norms = inner(a, a).sqrt() * inner(b, b).sqrt();
                if norms > 0.0 { (1.0 - inner(a, b) / norms).max(0.0) } else { 1.0 }
            }
            Self::Squared => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum(),
            Self::Dot => -inner(a, b),
        }
    }
}

impl Filter {
    pub(super) fn json(&self) -> Value {
        let all = |parts: &[Self]| parts.iter().map(Self::json).collect::<Vec<_>>();
        match self {
            Self::And(parts) => json!(["And", all(parts)]),
            Self::Or(parts) => json!(["Or", all(parts)]),
            Self::Not(part) => json!(["Not", part.json()]),
            Self::Test { attribute, op, operand: Operand::Literal(value) } => {
                json!([attribute, op, value])
            }
            Self::Test { attribute, op, operand: Operand::New(other) } => {
                json!([attribute, op, {"$ref_new": other}])
            }
        }
    }

    /// `new` is the incoming document, of which there is nothing in a query.
    pub(super) fn holds(&self, id: u64, old: &Document, new: &Document) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(id, old, new)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(id, old, new)),
            Self::Not(part) => !part.holds(id, old, new),
            Self::Test { attribute, op, operand } => {
                let id = json!(id);
                let value = if *attribute == "id" { Some(&id) } else { old.get(attribute) };
                let operand = match operand {
                    Operand::Literal(value) => Some(value),
                    Operand::New(attribute) => new.get(attribute),
                };
                passes(op, value, operand.filter(|operand| !operand.is_null()))
            }
        }
    }
}

/// The rules of null stand here once more, as the contract has them.
fn passes(op: &str, value: Option<&Value>, operand: Option<&Value>) -> bool {
    match (value, operand) {
        (value, None) => match op {
            "Eq" => value.is_none(),
            "NotEq" => value.is_some(),
            _ => false,
        },
        (None, Some(_)) => matches!(op, "NotEq" | "NotIn" | "Lt" | "Lte"),
        (Some(value), Some(operand)) => match op {
            "Eq" => same(value, operand),
            "NotEq" => !same(value, operand),
            "In" => meets(value, operand),
            "NotIn" => !meets(value, operand),
            "Lt" => order(value, operand).is_lt(),
            "Lte" => order(value, operand).is_le(),
            "Gt" => order(value, operand).is_gt(),
            "Gte" => order(value, operand).is_ge(),
            other => unreachable!("{other} is not asked"),
        },
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Number(_), Value::Number(_)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// Whether one of the values is in the list.
fn meets(value: &Value, list: &Value) -> bool {
    let items = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    items(value).iter().any(|value| items(list).iter().any(|item| same(value, item)))
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => unreachable!("{a} and {b} have no order"),
    }
}

impl Query {
    pub(super) fn json(&self) -> Value {
        let rank_by = match &self.rank {
            Rank::Order(keys) if keys.len() == 1 => json!(keys[0]),
            Rank::Order(keys) => json!(keys),
            Rank::Nearest(how, vector) => json!(["vector", how, vector]),
        };
        json!({
            "rank_by": rank_by, "limit": self.limit, "include_attributes": true,
            "aggregate_by": {"count": ["Count"]},
            "filters": self.filter.as_ref().map(Filter::json),
        })
    }
}

type Found<'a> = (u64, &'a Document);

impl Model {
    /// What is wrong with an answer, if anything is.
    pub(super) fn check(
        &self,
        query: &Query,
        metric: Metric,
        answer: &Value,
    ) -> Result<(), String> {
        let matches = |(id, document): &(&u64, &Document)| {
            let nothing = Document::new();
            query.filter.as_ref().is_none_or(|filter| filter.holds(**id, document, &nothing))
        };
        let all = self.documents.iter().filter(matches);
        let matching: Vec<Found<'_>> = all.map(|(id, document)| (*id, document)).collect();
        if answer["aggregations"]["count"] != json!(matching.len()) {
            return Err(format!("{} match", matching.len()));
        }
        let rows = answer["rows"].as_array().ok_or("there are no rows")?;
        match &query.rank {
            Rank::Order(keys) => check_order(matching, keys, query.limit, rows),
            Rank::Nearest(_, vector) => {
                self.check_nearest(&matching, metric, vector, query.limit, rows)
            }
        }
    }

    fn check_nearest(
        &self,
        matching: &[Found<'_>],
        metric: Metric,
        vector: &[f64],
        limit: usize,
        rows: &[Value],
    ) -> Result<(), String> {
        let far = |(id, document): &Found<'_>| {
            let other = numbers(document.get("vector")?);
            Some((*id, metric.distance(vector, &other)))
        };
        let mut others: BTreeMap<u64, f64> = matching.iter().filter_map(far).collect();
        let expected = others.len().min(limit);
        if rows.len() != expected {
            return Err(format!("{} rows, where there are {expected}", rows.len()));
        }
        let mut last: Option<(f64, u64)> = None;
        for found in rows {
            let id = found["id"].as_u64().ok_or("an id is none")?;
            let dist = found["$dist"].as_f64().ok_or("a distance is none")?;
            let truth = others.remove(&id);
            let truth = truth.ok_or_else(|| format!("{id} does not match, or is there twice"))?;
            if (dist - truth).abs() > TOLERANCE {
                return Err(format!("{id} is {truth} away, and not {dist}"));
            }
            if last.is_some_and(|last| last >= (dist, id)) {
                return Err(format!("{id} comes too late"));
            }
            let mut expected = row(id, &self.documents[&id]);
            expected["$dist"] = found["$dist"].clone();
            if *found != expected {
                return Err(format!("{id} is {expected}"));
            }
            last = Some((dist, id));
        }
        // Whoever is not among them is as far away at least.
        let worst = last.map_or(0.0, |(dist, _)| dist);
        match others.iter().find(|(_, dist)| **dist < worst - TOLERANCE) {
            Some((id, dist)) => Err(format!("{id} is missing, which is only {dist} away")),
            None => Ok(()),
        }
    }
}

fn check_order(
    mut matching: Vec<Found<'_>>,
    keys: &[(&'static str, &'static str)],
    limit: usize,
    rows: &[Value],
) -> Result<(), String> {
    matching.sort_by(|a, b| by_keys(keys, a, b));
    matching.truncate(limit);
    let expected: Vec<Value> = matching.iter().map(|(id, document)| row(*id, document)).collect();
    if rows == expected { Ok(()) } else { Err(format!("expected {}", json!(expected))) }
}

/// Null is lowest, and of what is equal the lower id comes first.
fn by_keys(keys: &[(&'static str, &'static str)], a: &Found<'_>, b: &Found<'_>) -> Ordering {
    let key = |(attribute, direction): &(&'static str, &'static str)| {
        let order = match (*attribute, a.1.get(attribute), b.1.get(attribute)) {
            ("id", ..) => a.0.cmp(&b.0),
            (_, Some(a), Some(b)) => order(a, b),
            (_, a, b) => a.is_some().cmp(&b.is_some()),
        };
        if *direction == "desc" { order.reverse() } else { order }
    };
    let order = keys.iter().map(key).find(|order| order.is_ne());
    order.unwrap_or_else(|| a.0.cmp(&b.0))
}

fn row(id: u64, document: &Document) -> Value {
    let values = document.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let mut row: Map<String, Value> = values.collect();
    row.insert("id".to_owned(), json!(id));
    Value::Object(row)
}

fn numbers(vector: &Value) -> Vec<f64> {
    vector.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
