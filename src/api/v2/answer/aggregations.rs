//! Aggregations beyond the contract: a number, an object of numbers, or `{"buckets": [{"key", "count",
//! …}]}`. A value of an attribute is told as everywhere in this contract.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::aggregation::spread_entries;
use crate::api::json::{Encoding, Shown};
use crate::model::aggregation::{
    Bucket, Buckets, Key, Percentiles, Stats, Sum, Summary, spelt_number,
};
use crate::model::{AttrType, Scalar, Value, datetime};

const MICROS: i64 = 1000;

pub(super) struct Told<'a>(pub(super) &'a Summary);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Summary::Number(number, _) => number.serialize(json),
            Summary::Sum(sum) => Whole(sum).serialize(json),
            Summary::Bound(value) => value.as_ref().map(shown).serialize(json),
            Summary::Count(count) => json.serialize_u64(*count),
            Summary::Stats(stats) => AllStats(stats).serialize(json),
            Summary::Percentiles(Percentiles { figures, .. }) => json.collect_map(
                figures.iter().map(|(percent, value)| (spelt_number(*percent), value)),
            ),
            Summary::Buckets(Buckets { buckets, others }) => {
                let mut map = json.serialize_map(None)?;
                map.serialize_entry("buckets", &AllBuckets(buckets))?;
                if let Some(others) = others {
                    map.serialize_entry("other_count", others)?;
                }
                map.end()
            }
        }
    }
}

fn shown(value: &Value) -> Shown<'_> {
    // The kind matters to vectors alone.
    Shown { value, kind: AttrType::Scalar(Scalar::String), encoding: Encoding::Float }
}

/// Of integers all digits.
struct Whole<'a>(&'a Sum);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0.whole {
            Some(whole) => json.serialize_i128(whole),
            None => json.serialize_f64(self.0.number),
        }
    }
}

struct AllStats<'a>(&'a Stats);

impl Serialize for AllStats<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Stats { count, min, max, avg, sum, spread } = self.0;
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("count", count)?;
        map.serialize_entry("min", &min.as_ref().map(shown))?;
        map.serialize_entry("max", &max.as_ref().map(shown))?;
        map.serialize_entry("avg", avg)?;
        map.serialize_entry("sum", &Whole(sum))?;
        if let Some(spread) = spread {
            spread_entries(&mut map, spread)?;
        }
        map.end()
    }
}

struct AllBuckets<'a>(&'a [Bucket]);

impl Serialize for AllBuckets<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.0.iter().map(OneBucket))
    }
}

struct OneBucket<'a>(&'a Bucket);

impl Serialize for OneBucket<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Bucket { key, count, below } = self.0;
        let mut map = json.serialize_map(None)?;
        match key {
            Key::Term(value) => map.serialize_entry("key", &shown(value))?,
            Key::Number(number) => map.serialize_entry("key", number)?,
            Key::Moment { ms, .. } => {
                // It may begin in a year that no value is in.
                map.serialize_entry("key", &datetime::print_any(ms.saturating_mul(MICROS)))?;
            }
            Key::Name(name) | Key::Range { key: name, .. } => {
                map.serialize_entry("key", &**name)?;
            }
        }
        map.serialize_entry("count", count)?;
        if let Key::Range { from, to, .. } = key {
            for (name, end) in [("from", from), ("to", to)] {
                if let Some(end) = end {
                    map.serialize_entry(name, &shown(end))?;
                }
            }
        }
        for (name, summary) in below {
            map.serialize_entry(&**name, &Told(summary))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::aggregation::{Spread, Unit};

    fn told(summary: &Summary) -> String {
        serde_json::to_string(&Told(summary)).unwrap()
    }

    fn sum(number: f64, whole: Option<i128>, unit: Unit) -> Sum {
        Sum { number, whole, unit }
    }

    #[test]
    fn a_figure_is_a_number_and_a_value_is_one_of_its_attribute() {
        let large = 10 * i128::from(u64::MAX);
        for (summary, expected) in [
            (Summary::Number(Some(0.5), Unit::Plain), "0.5"),
            (Summary::Number(None, Unit::Moment), "null"),
            (Summary::Sum(sum(1.8e20, Some(large), Unit::Plain)), "184467440737095516150"),
            (Summary::Sum(sum(0.5, None, Unit::Plain)), "0.5"),
            (Summary::Bound(Some(Value::Int(-7))), "-7"),
            (Summary::Bound(Some(Value::DateTime(0))), "\"1970-01-01T00:00:00.000000000Z\""),
            (Summary::Bound(None), "null"),
            (Summary::Count(7), "7"),
        ] {
            assert_eq!(told(&summary), expected);
        }
        let figures = vec![(50.0, Some(1.5)), (99.0, None)];
        let percentiles = Summary::Percentiles(Percentiles { figures, unit: Unit::Plain });
        assert_eq!(told(&percentiles), r#"{"50.0":1.5,"99.0":null}"#);
    }

    #[test]
    fn stats_are_an_object() {
        let least = Some(Value::Int(1));
        let sum = sum(1.0, Some(1), Unit::Plain);
        let avg = Some(1.0);
        let plain = Stats { count: 1, min: least.clone(), max: least, avg, sum, spread: None };
        let expected = r#"{"count":1,"min":1,"max":1,"avg":1.0,"sum":1"#;
        assert_eq!(told(&Summary::Stats(Box::new(plain.clone()))), format!("{expected}}}"));
        let spread = Some(Spread { variance: Some(0.0), ..Spread::NOTHING });
        let text = told(&Summary::Stats(Box::new(Stats { spread, ..plain })));
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains(r#""variance":0.0,"variance_population":0.0"#), "{text}");
        assert!(text.ends_with(r#""lower_sampling":null}}"#), "{text}");
    }

    #[test]
    fn a_bucket_has_its_key_its_count_and_what_is_in_it() {
        let below = vec![("n".into(), Summary::Count(1))];
        let bucket = |key: Key| Bucket { key, count: 2, below: below.clone() };
        let (from, to) = (Some(Value::Float(0.0)), None);
        let range = Key::Range { key: "0.0-*".into(), from, to };
        for (key, expected) in [
            (Key::Term(Value::Bool(true)), r#""key":true,"count":2"#),
            (Key::Number(5.0), r#""key":5.0,"count":2"#),
            (Key::Name("x".into()), r#""key":"x","count":2"#),
            (
                Key::Moment { ms: 1, ahead_s: 3600 },
                r#""key":"1970-01-01T00:00:00.001000000Z","count":2"#,
            ),
            (
                Key::Moment { ms: -62_208_000_000_000, ahead_s: 0 },
                r#""key":"-0002-09-16T00:00:00.000000000Z","count":2"#,
            ),
            (range, r#""key":"0.0-*","count":2,"from":0.0"#),
        ] {
            let buckets = Buckets { buckets: vec![bucket(key)], others: None };
            let expected = format!(r#"{{"buckets":[{{{expected},"n":1}}]}}"#);
            assert_eq!(told(&Summary::Buckets(buckets)), expected);
        }
        let terms = Buckets { buckets: Vec::new(), others: Some(3) };
        assert_eq!(told(&Summary::Buckets(terms)), r#"{"buckets":[],"other_count":3}"#);
    }
}
