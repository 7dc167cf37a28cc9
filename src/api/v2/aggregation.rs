//! What `aggregate_by` takes beyond the contract: `["Avg", "n"]`, and buckets with more in them,
//! `["Terms", "tag", {"size": 5, "aggs": {"n": ["Avg", "n"]}}]`.

use super::filter::{self, Place};
use crate::api::aggregation::{self, Spelling};
use crate::api::error::Refusal;
use crate::api::json::{Object, mistyped};
use crate::model::Given;
use crate::model::aggregation::{Aggregation, Filters, Kind, Metric, Named, Source};

/// Its word and its operands, and behind them what may be left out.
pub(super) fn read(path: &str, given: Given) -> Result<Aggregation, Refusal> {
    let items = match given {
        Given::List(items) => items,
        other => return Err(mistyped(path, &other, "a sequence")),
    };
    let misshapen = || {
        let variant = "data did not match any variant of untagged enum AggregateInput";
        Refusal::misshapen(&format!("{path}: {variant}"))
    };
    let mut items = items.into_iter();
    let (Some(Given::Text(word)), Some(operand)) = (items.next(), items.next()) else {
        return Err(misshapen());
    };
    // It is the only one with two operands, of which the second may be left out.
    let mut rest = items.collect::<Vec<Given>>();
    let percents = match rest.first() {
        Some(Given::List(_)) if *word == *"Percentiles" => Some(rest.remove(0)),
        _ => None,
    };
    let at = 2 + usize::from(percents.is_some());
    let mut options = match <[Given; 1]>::try_from(rest) {
        Ok([options]) => Object::of(&format!("{path}[{at}]"), options)?,
        Err(rest) if rest.is_empty() => {
            Object::of(&format!("{path}[{at}]"), Given::Map(Vec::new()))?
        }
        Err(_) => return Err(misshapen()),
    };
    let below = below(&mut options)?;
    let kind = match (&*word, operand) {
        ("Filters", operand) => Kind::Filters(filters(&format!("{path}[1]"), operand)?),
        (_, Given::Text(attribute)) => {
            over_attribute(path, &word, attribute, percents, &mut options)?.ok_or_else(misshapen)?
        }
        _ => return Err(misshapen()),
    };
    options.end()?;
    Ok(Aggregation { kind, below })
}

/// Nothing, if there is no such word.
fn over_attribute(
    path: &str,
    word: &str,
    attribute: Box<str>,
    percents: Option<Given>,
    options: &mut Object,
) -> Result<Option<Kind>, Refusal> {
    let source = Source { attribute, missing: options.take("missing") };
    let spelling = Spelling::Pairs;
    Ok(Some(match word {
        "Avg" => Kind::Metric(source, Metric::Avg),
        "Min" => Kind::Metric(source, Metric::Min),
        "Max" => Kind::Metric(source, Metric::Max),
        "Sum" => Kind::Metric(source, Metric::Sum),
        "ValueCount" => Kind::Metric(source, Metric::ValueCount),
        "Stats" => Kind::Metric(source, Metric::Stats),
        "ExtendedStats" => Kind::Metric(source, aggregation::extended_stats(options)?),
        "Cardinality" => Kind::Metric(source, aggregation::cardinality(options)?),
        "Percentiles" => {
            let percents = match percents {
                Some(Given::List(percents)) => Some(percents),
                _ => None,
            };
            let metric = aggregation::percentiles(&format!("{path}[2]"), percents)?;
            Kind::Metric(source, metric)
        }
        "Terms" => Kind::Terms(source, aggregation::terms(options, spelling)?),
        "Histogram" => Kind::Histogram(source, aggregation::histogram(options, spelling)?),
        "DateHistogram" => {
            Kind::DateHistogram(source, aggregation::date_histogram(options, spelling)?)
        }
        "Range" => Kind::Range(source, aggregation::ranges(options)?),
        _ => return Ok(None),
    }))
}

fn below(options: &mut Object) -> Result<Vec<Named>, Refusal> {
    let Some(named) = options.object("aggs")? else { return Ok(Vec::new()) };
    let one = |(name, path, given): (Box<str>, String, Given)| -> Result<Named, Refusal> {
        Ok((name, read(&path, given)?))
    };
    named.into_fields().into_iter().map(one).collect()
}

/// In the order of their names.
fn filters(path: &str, given: Given) -> Result<Filters, Refusal> {
    let named = Object::of(path, given)?;
    let one = |(name, path, given): (Box<str>, String, Given)| {
        filter::read(&path, given, Place::Query).map(|filter| (name, filter))
    };
    let filters = named.into_fields().into_iter().map(one);
    let mut filters = filters.collect::<Result<Vec<_>, _>>()?;
    filters.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Filters { filters, other: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::aggregation::{By, PERCENTS, Terms};
    use crate::model::{Direction, Filter};

    fn read(text: &str) -> Result<Aggregation, Refusal> {
        super::read("a", given(text))
    }

    #[test]
    fn a_metric_is_a_word_an_attribute_and_what_may_be_left_out() {
        let metric = |metric: Metric| Aggregation::metric("n", metric);
        for (text, expected) in [
            (r#"["Avg","n"]"#, metric(Metric::Avg)),
            (r#"["ValueCount","n",{}]"#, metric(Metric::ValueCount)),
            (r#"["ExtendedStats","n",{"sigma":3}]"#, metric(Metric::ExtendedStats { sigma: 3.0 })),
            (r#"["Percentiles","n"]"#, metric(Metric::Percentiles { percents: PERCENTS.to_vec() })),
            (
                r#"["Percentiles","n",[50,99.9]]"#,
                metric(Metric::Percentiles { percents: vec![50.0, 99.9] }),
            ),
            (r#"["Cardinality","n"]"#, metric(Metric::Cardinality { precision: 3000 })),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        let missing = Source { attribute: "n".into(), missing: Some(Given::Int(0)) };
        let expected = Aggregation { kind: Kind::Metric(missing, Metric::Sum), below: Vec::new() };
        assert_eq!(read(r#"["Sum","n",{"missing":0}]"#).unwrap(), expected);
    }

    #[test]
    fn buckets_have_more_in_them() {
        let text = r#"["Terms","t",{"size":2,"order":["m","asc"],"aggs":{"m":["Max","n"]}}]"#;
        let order = vec![(By::Metric("m".into()), Direction::Ascending)];
        let kind = Kind::Terms(Source::of("t"), Terms { size: 2, order, ..Terms::default() });
        let below = vec![("m".into(), Aggregation::metric("n", Metric::Max))];
        assert_eq!(read(text).unwrap(), Aggregation { kind, below });
        let text = r#"["Filters",{"y":["Or",[]],"x":["And",[]]}]"#;
        let filters =
            vec![("x".into(), Filter::And(Vec::new())), ("y".into(), Filter::Or(Vec::new()))];
        let kind = Kind::Filters(Filters { filters, other: None });
        assert_eq!(read(text).unwrap(), Aggregation { kind, below: Vec::new() });
    }

    #[test]
    fn what_is_no_aggregation_is_refused_by_name() {
        for (text, told) in [
            ("7", "a: invalid type: integer `7`, expected a sequence"),
            ("[]", "a: data did not match any variant of untagged enum AggregateInput"),
            (r#"["Avg"]"#, "AggregateInput"),
            (r#"["Median","n"]"#, "AggregateInput"),
            (r#"["Avg",7]"#, "AggregateInput"),
            (r#"["Avg","n",{},{}]"#, "AggregateInput"),
            (r#"["Avg","n",[50]]"#, "a[2]: invalid type: sequence, expected an object"),
            (r#"["Terms","n",{"sise":1}]"#, "unknown field `a[2].sise`"),
            (r#"["Histogram","n"]"#, "a[2]: missing field `interval`"),
            (r#"["Filters",{"x":7}]"#, "a[1].x"),
            (r#"["Terms","n",{"aggs":{"m":["Max"]}}]"#, "a[2].aggs.m: data did not match"),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
