//! Aggregations as Elasticsearch answers them: `{"name": {"value": 7.0}}`, and buckets with a
//! `doc_count`.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Form, Shape};
use crate::api::aggregation::spread_entries;
use crate::api::json::{Encoding, Shown};
use crate::model::aggregation::{
    Bucket, Buckets, Key, Percentiles, Stats, Sum, Summary, Unit, spelt_moment, spelt_number,
    value_figure,
};
use crate::model::{AttrType, Scalar, Value};

const MICROS: i64 = 1000;

/// Under their names, each in its shape.
pub(in crate::api::v1) struct Told<'a> {
    pub(in crate::api::v1) named: &'a [(Arc<str>, Summary)],
    pub(in crate::api::v1) shapes: &'a [Shape],
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(Some(self.named.len()))?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl Told<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for ((name, summary), shape) in self.named.iter().zip(self.shapes) {
            map.serialize_entry(&**name, &One { summary, shape })?;
        }
        Ok(())
    }
}

struct One<'a> {
    summary: &'a Summary,
    shape: &'a Shape,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        match self.summary {
            Summary::Number(number, unit) => figure(&mut map, "value", *number, *unit)?,
            Summary::Sum(Sum { number, unit, .. }) => {
                figure(&mut map, "value", Some(*number), *unit)?;
            }
            Summary::Bound(value) => bound(&mut map, "value", value.as_ref())?,
            Summary::Count(count) => map.serialize_entry("value", count)?,
            Summary::Stats(told) => stats(&mut map, told)?,
            Summary::Percentiles(told) => {
                let listed = self.shape.form == Form::Listed;
                match listed {
                    true => map.serialize_entry("values", &PercentileList(told))?,
                    false => map.serialize_entry("values", &PercentileMap(told))?,
                }
            }
            Summary::Buckets(Buckets { buckets, others }) => {
                if self.shape.form == Form::Terms {
                    map.serialize_entry("doc_count_error_upper_bound", &0)?;
                    map.serialize_entry("sum_other_doc_count", &others.unwrap_or(0))?;
                }
                map.serialize_entry("buckets", &AllBuckets { buckets, shape: self.shape })?;
            }
        }
        map.end()
    }
}

/// And as text, if it is a moment.
fn figure<M: SerializeMap>(
    map: &mut M,
    name: &str,
    number: Option<f64>,
    unit: Unit,
) -> Result<(), M::Error> {
    map.serialize_entry(name, &number)?;
    match (number, unit) {
        (Some(number), Unit::Moment) => {
            map.serialize_entry(&format!("{name}_as_string"), &moment(number))
        }
        _ => Ok(()),
    }
}

fn bound<M: SerializeMap>(map: &mut M, name: &str, value: Option<&Value>) -> Result<(), M::Error> {
    let unit = match value {
        Some(Value::DateTime(_)) => Unit::Moment,
        _ => Unit::Plain,
    };
    figure(map, name, value.and_then(value_figure), unit)
}

fn moment(ms: f64) -> String {
    spelt_moment(ms.floor() as i64, 0)
}

fn stats<M: SerializeMap>(map: &mut M, stats: &Stats) -> Result<(), M::Error> {
    let Stats { count, min, max, avg, sum, spread } = stats;
    map.serialize_entry("count", count)?;
    bound(map, "min", min.as_ref())?;
    bound(map, "max", max.as_ref())?;
    figure(map, "avg", *avg, sum.unit)?;
    figure(map, "sum", Some(sum.number), sum.unit)?;
    let Some(spread) = spread else { return Ok(()) };
    spread_entries(map, spread)
}

struct PercentileMap<'a>(&'a Percentiles);

impl Serialize for PercentileMap<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        for (percent, value) in &self.0.figures {
            figure(&mut map, &spelt_number(*percent), *value, self.0.unit)?;
        }
        map.end()
    }
}

struct PercentileList<'a>(&'a Percentiles);

impl Serialize for PercentileList<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Percentiles { figures, unit } = self.0;
        json.collect_seq(figures.iter().map(|(percent, value)| OnePercentile {
            percent: *percent,
            value: *value,
            unit: *unit,
        }))
    }
}

struct OnePercentile {
    percent: f64,
    value: Option<f64>,
    unit: Unit,
}

impl Serialize for OnePercentile {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("key", &self.percent)?;
        figure(&mut map, "value", self.value, self.unit)?;
        map.end()
    }
}

struct AllBuckets<'a> {
    buckets: &'a [Bucket],
    shape: &'a Shape,
}

impl Serialize for AllBuckets<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let one = |bucket| OneBucket { bucket, shape: self.shape };
        match self.shape.form {
            Form::Keyed => json.collect_map(
                self.buckets.iter().map(|bucket| (text(&bucket.key, self.shape), one(bucket))),
            ),
            Form::Listed | Form::Terms | Form::Nameless => {
                json.collect_seq(self.buckets.iter().map(one))
            }
        }
    }
}

/// What a bucket is called among others.
pub(super) fn text(key: &Key, shape: &Shape) -> String {
    match key {
        Key::Number(number) => spelt_number(*number),
        Key::Moment { ms, ahead_s } => spelt(*ms, *ahead_s, shape),
        Key::Range { key, .. } | Key::Name(key) => key.to_string(),
        // Terms are never told so.
        Key::Term(_) => String::new(),
    }
}

fn spelt(ms: i64, ahead_s: i32, shape: &Shape) -> String {
    match &shape.format {
        None => spelt_moment(ms, ahead_s),
        Some(format) => format.spell(ms, ahead_s),
    }
}

struct OneBucket<'a> {
    bucket: &'a Bucket,
    shape: &'a Shape,
}

impl Serialize for OneBucket<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Bucket { key, count, below } = self.bucket;
        let mut map = json.serialize_map(None)?;
        self.key(&mut map, key)?;
        map.serialize_entry("doc_count", count)?;
        Told { named: below, shapes: &self.shape.below }.entries(&mut map)?;
        map.end()
    }
}

impl OneBucket<'_> {
    fn key<M: SerializeMap>(&self, map: &mut M, key: &Key) -> Result<(), M::Error> {
        match key {
            Key::Term(Value::Bool(truth)) => {
                map.serialize_entry("key", &u8::from(*truth))?;
                map.serialize_entry("key_as_string", &truth.to_string())
            }
            Key::Term(Value::DateTime(micros)) => {
                let ms = micros.div_euclid(MICROS);
                map.serialize_entry("key", &ms)?;
                map.serialize_entry("key_as_string", &spelt_moment(ms, 0))
            }
            Key::Term(value) => {
                // The kind matters to vectors alone.
                let kind = AttrType::Scalar(Scalar::String);
                map.serialize_entry("key", &Shown { value, kind, encoding: Encoding::Float })
            }
            Key::Number(number) => map.serialize_entry("key", number),
            Key::Moment { ms, ahead_s } => {
                map.serialize_entry("key_as_string", &spelt(*ms, *ahead_s, self.shape))?;
                map.serialize_entry("key", ms)
            }
            Key::Range { key, from, to } => {
                if self.shape.form == Form::Listed {
                    map.serialize_entry("key", &**key)?;
                }
                for (name, end) in [("from", from), ("to", to)] {
                    if end.is_some() {
                        bound(map, name, end.as_ref())?;
                    }
                }
                Ok(())
            }
            Key::Name(name) if self.shape.form == Form::Listed => {
                map.serialize_entry("key", &**name)
            }
            Key::Name(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::aggregation::Spread;

    fn told(summary: Summary, shape: Shape) -> String {
        let named = [("a".into(), summary)];
        serde_json::to_string(&Told { named: &named, shapes: &[shape] }).unwrap()
    }

    fn formed(form: Form) -> Shape {
        Shape { form, ..Shape::default() }
    }

    fn bucket(key: Key, count: u64) -> Bucket {
        Bucket { key, count, below: Vec::new() }
    }

    fn buckets(buckets: Vec<Bucket>, others: Option<u64>) -> Summary {
        Summary::Buckets(Buckets { buckets, others })
    }

    #[test]
    fn a_figure_has_a_value_and_a_moment_its_text_too() {
        for (summary, expected) in [
            (Summary::Number(Some(2.0), Unit::Plain), r#"{"value":2.0}"#),
            (Summary::Number(None, Unit::Moment), r#"{"value":null}"#),
            (Summary::Bound(Some(Value::Int(7))), r#"{"value":7.0}"#),
            (
                Summary::Bound(Some(Value::DateTime(1_420_070_400_000_000))),
                r#"{"value":1420070400000.0,"value_as_string":"2015-01-01T00:00:00.000Z"}"#,
            ),
            (Summary::Count(7), r#"{"value":7}"#),
            (
                Summary::Sum(Sum { number: 3.0, whole: Some(3), unit: Unit::Plain }),
                r#"{"value":3.0}"#,
            ),
        ] {
            assert_eq!(told(summary, Shape::default()), format!("{{\"a\":{expected}}}"));
        }
    }

    #[test]
    fn stats_of_nothing_are_null() {
        let sum = Sum { number: 0.0, whole: None, unit: Unit::Plain };
        let nothing = Stats { count: 0, min: None, max: None, avg: None, sum, spread: None };
        let plain = r#"{"count":0,"min":null,"max":null,"avg":null,"sum":0.0"#;
        assert_eq!(
            told(Summary::Stats(Box::new(nothing.clone())), Shape::default()),
            format!("{{\"a\":{plain}}}}}")
        );
        let spread = Some(Spread::NOTHING);
        let extended = Summary::Stats(Box::new(Stats { spread, ..nothing }));
        let names = [
            "sum_of_squares",
            "variance",
            "variance_population",
            "variance_sampling",
            "std_deviation",
            "std_deviation_population",
            "std_deviation_sampling",
        ];
        let nulls = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| format!("\"{name}\":null")).collect()
        };
        let bounds = nulls(&[
            "upper",
            "lower",
            "upper_population",
            "lower_population",
            "upper_sampling",
            "lower_sampling",
        ]);
        let expected = format!(
            "{{\"a\":{plain},{},\"std_deviation_bounds\":{{{}}}}}}}",
            nulls(&names).join(","),
            bounds.join(",")
        );
        assert_eq!(told(extended, Shape::default()), expected);
    }

    #[test]
    fn percentiles_are_keyed_or_listed() {
        let figures = vec![(50.0, Some(1.5)), (99.9, None)];
        let summary = Summary::Percentiles(Percentiles { figures, unit: Unit::Plain });
        assert_eq!(
            told(summary.clone(), Shape::default()),
            r#"{"a":{"values":{"50.0":1.5,"99.9":null}}}"#
        );
        assert_eq!(
            told(summary, formed(Form::Listed)),
            r#"{"a":{"values":[{"key":50.0,"value":1.5},{"key":99.9,"value":null}]}}"#
        );
    }

    #[test]
    fn terms_say_that_nothing_was_left_out() {
        let keys = vec![
            bucket(Key::Term(Value::String("x".into())), 3),
            bucket(Key::Term(Value::Bool(true)), 2),
            bucket(Key::Term(Value::DateTime(-1)), 1),
        ];
        assert_eq!(
            told(buckets(keys, Some(7)), formed(Form::Terms)),
            "{\"a\":{\"doc_count_error_upper_bound\":0,\"sum_other_doc_count\":7,\"buckets\":[\
             {\"key\":\"x\",\"doc_count\":3},\
             {\"key\":1,\"key_as_string\":\"true\",\"doc_count\":2},\
             {\"key\":-1,\"key_as_string\":\"1969-12-31T23:59:59.999Z\",\"doc_count\":1}]}}"
        );
    }

    #[test]
    fn buckets_are_listed_or_keyed_each_in_its_way() {
        let range = Key::Range { key: "*-1.5".into(), from: None, to: Some(Value::Float(1.5)) };
        let month = Key::Moment { ms: 1_420_066_800_000, ahead_s: 3600 };
        for (key, listed, keyed) in [
            (
                range,
                r#"[{"key":"*-1.5","to":1.5,"doc_count":2}]"#,
                r#"{"*-1.5":{"to":1.5,"doc_count":2}}"#,
            ),
            (Key::Name("x".into()), r#"[{"key":"x","doc_count":2}]"#, r#"{"x":{"doc_count":2}}"#),
            (
                Key::Number(5.0),
                r#"[{"key":5.0,"doc_count":2}]"#,
                r#"{"5.0":{"key":5.0,"doc_count":2}}"#,
            ),
            (
                month,
                "[{\"key_as_string\":\"2015-01-01T00:00:00.000+01:00\",\"key\":1420066800000,\
                 \"doc_count\":2}]",
                "{\"2015-01-01T00:00:00.000+01:00\":{\
                 \"key_as_string\":\"2015-01-01T00:00:00.000+01:00\",\"key\":1420066800000,\
                 \"doc_count\":2}}",
            ),
        ] {
            for (form, expected) in [(Form::Listed, listed), (Form::Keyed, keyed)] {
                let summary = buckets(vec![bucket(key.clone(), 2)], None);
                let expected = format!("{{\"a\":{{\"buckets\":{expected}}}}}");
                assert_eq!(told(summary, formed(form)), expected);
            }
        }
        let nameless = buckets(vec![bucket(Key::Name("0".into()), 2)], None);
        assert_eq!(
            told(nameless, formed(Form::Nameless)),
            r#"{"a":{"buckets":[{"doc_count":2}]}}"#
        );
    }

    #[test]
    fn what_is_nested_stands_in_its_bucket() {
        let below = vec![("n".into(), Summary::Count(1))];
        let key = Key::Term(Value::Int(7));
        let summary = buckets(vec![Bucket { key, count: 2, below }], Some(0));
        let shape = Shape { below: vec![Shape::default()], ..formed(Form::Terms) };
        let text = told(summary, shape);
        assert!(text.ends_with(r#"[{"key":7,"doc_count":2,"n":{"value":1}}]}}"#), "{text}");
    }
}
