//! The same said of the same documents, the slow way: every bucket is a list of its documents.

use std::cmp::Ordering;
use std::sync::Arc;

use super::sample::{DAY, number, scalar, schema};
use crate::eval::{Bound, Purpose, holds};
use crate::model::aggregation::{
    Aggregation, Bounds, Bucket, Buckets, By, DateHistogram, Filters, Histogram, Interval, Key,
    Kind, Layout, Metric, Order, Percentiles, Range, Source, Spread, Stats, Sum, Summary, Terms,
    Unit,
};
use crate::model::{AttrType, Direction, Given, Row, Scalar, Value, datetime};

pub(super) fn restated(aggregation: &Aggregation, rows: &[&Row]) -> Summary {
    match &aggregation.kind {
        Kind::Metric(source, metric) => of_metric(source, metric, rows),
        Kind::Terms(source, terms) => of_terms(source, terms, aggregation, rows),
        Kind::Histogram(source, histogram) => of_histogram(source, histogram, aggregation, rows),
        Kind::DateHistogram(source, histogram) => of_dates(source, histogram, aggregation, rows),
        Kind::Range(source, ranges) => of_ranges(source, ranges, aggregation, rows),
        Kind::Filters(filters) => of_filters(filters, aggregation, rows),
    }
}

/// Each value that a row has, or what stands for the one that it has not.
fn values(source: &Source, row: &Row) -> Vec<Value> {
    let values = match row.value(number(&source.attribute)) {
        None => Vec::new(),
        Some(Value::Ints(all)) => all.iter().map(|one| Value::Int(*one)).collect(),
        Some(Value::Floats(all)) => all.iter().map(|one| Value::Float(*one)).collect(),
        Some(Value::DateTimes(all)) => all.iter().map(|one| Value::DateTime(*one)).collect(),
        Some(Value::Strings(all)) => all.iter().map(|one| Value::String(one.clone())).collect(),
        Some(value) => vec![value.clone()],
    };
    match &source.missing {
        Some(given) if values.is_empty() => {
            let kind = AttrType::Scalar(scalar(&source.attribute));
            vec![Value::coerce(kind, given).unwrap().unwrap()]
        }
        _ => values,
    }
}

/// Of a moment its milliseconds: there are no others here.
fn figure(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Uint(number) => *number as f64,
        Value::Float(number) => *number,
        Value::DateTime(micros) => (*micros / 1000) as f64,
        other => panic!("{other:?} is no number"),
    }
}

fn of_metric(source: &Source, metric: &Metric, rows: &[&Row]) -> Summary {
    let mut values: Vec<Value> = rows.iter().flat_map(|row| values(source, row)).collect();
    values.sort_by(Value::total_cmp);
    let count = values.len() as u64;
    let unit = match scalar(&source.attribute) {
        Scalar::DateTime => Unit::Moment,
        _ => Unit::Plain,
    };
    match metric {
        Metric::ValueCount => return Summary::Count(count),
        Metric::Cardinality { .. } => {
            values.dedup();
            return Summary::Count(values.len() as u64);
        }
        _ => {}
    }
    let figures: Vec<f64> = values.iter().map(figure).collect();
    let total: f64 = figures.iter().fold(0.0, |total, figure| total + figure);
    let is_whole = matches!(scalar(&source.attribute), Scalar::Int | Scalar::Uint);
    let sum = Sum { number: total, whole: is_whole.then_some(total as i128), unit };
    let avg = (count > 0).then(|| total / count as f64);
    let (min, max) = (values.first().cloned(), values.last().cloned());
    match metric {
        Metric::Avg => Summary::Number(avg, unit),
        Metric::Min => Summary::Bound(min),
        Metric::Max => Summary::Bound(max),
        Metric::Sum => Summary::Sum(sum),
        Metric::Percentiles { percents } => {
            // Moments are in microseconds until the end.
            let scale = if unit == Unit::Moment { 1000.0 } else { 1.0 };
            let scaled: Vec<f64> = figures.iter().map(|figure| figure * scale).collect();
            let at = |percent: &f64| {
                (*percent, percentile(&scaled, *percent).map(|value| value / scale))
            };
            Summary::Percentiles(Percentiles { figures: percents.iter().map(at).collect(), unit })
        }
        _ => {
            let spread = match metric {
                Metric::ExtendedStats { sigma } => Some(spread(&figures, *sigma)),
                _ => None,
            };
            Summary::Stats(Box::new(Stats { count, min, max, avg, sum, spread }))
        }
    }
}

fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let position = percent / 100.0 * (sorted.len().max(1) - 1) as f64;
    let low = sorted.get(position.floor() as usize)?;
    let high = sorted.get(position.ceil() as usize)?;
    Some(if low == high { *low } else { low + position.fract() * (high - low) })
}

/// Values are eighths: everything up to the last division is exact.
fn spread(figures: &[f64], sigma: f64) -> Spread {
    if figures.is_empty() {
        return Spread::NOTHING;
    }
    let count = figures.len() as f64;
    let total = figures.iter().sum::<f64>();
    let squares = figures.iter().map(|figure| figure * figure).sum::<f64>();
    let apart = count * squares - total * total;
    let variance = apart / (count * count);
    let sampling = (count > 1.0).then(|| apart / (count * (count - 1.0)));
    let around = |deviation: f64| Bounds {
        lower: total / count - sigma * deviation,
        upper: total / count + sigma * deviation,
    };
    Spread {
        sum_of_squares: Some(squares),
        variance: Some(variance),
        variance_sampling: sampling,
        deviation: Some(variance.sqrt()),
        deviation_sampling: sampling.map(f64::sqrt),
        bounds: Some(around(variance.sqrt())),
        bounds_sampling: sampling.map(f64::sqrt).map(around),
    }
}

fn bucket(key: Key, aggregation: &Aggregation, rows: &[&Row]) -> Bucket {
    let below = aggregation.below.iter();
    let below = below.map(|(name, one)| (Arc::from(&**name), restated(one, rows)));
    Bucket { key, count: rows.len() as u64, below: below.collect() }
}

fn compare(order: &[Order], default: &[Order], a: &Bucket, b: &Bucket, keys: Ordering) -> Ordering {
    let order = if order.is_empty() { default } else { order };
    let directed = |order: Ordering, direction: &Direction| match direction {
        Direction::Ascending => order,
        Direction::Descending => order.reverse(),
    };
    for (by, direction) in order {
        let order = match by {
            By::Count => directed(a.count.cmp(&b.count), direction),
            By::Key => directed(keys, direction),
            By::Metric(name) => match (ordered_by(a, name), ordered_by(b, name)) {
                (Some(a), Some(b)) => directed(a.partial_cmp(&b).unwrap(), direction),
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
    keys
}

fn ordered_by(bucket: &Bucket, name: &str) -> Option<f64> {
    let (_, summary) = bucket.below.iter().find(|(known, _)| **known == *name).unwrap();
    match summary {
        Summary::Number(number, _) => *number,
        Summary::Bound(value) => value.as_ref().map(figure),
        other => panic!("{other:?} is not ordered by"),
    }
}

fn of_terms(source: &Source, terms: &Terms, all: &Aggregation, rows: &[&Row]) -> Summary {
    let mut keys: Vec<Value> = rows.iter().flat_map(|row| values(source, row)).collect();
    keys.sort_by(Value::total_cmp);
    keys.dedup();
    let mut buckets: Vec<(Value, Bucket)> = Vec::new();
    for key in keys {
        let has = |row: &&&Row| values(source, row).contains(&key);
        let rows: Vec<&Row> = rows.iter().filter(has).copied().collect();
        buckets.push((key.clone(), bucket(Key::Term(key), all, &rows)));
    }
    let total: u64 = buckets.iter().map(|(_, bucket)| bucket.count).sum();
    buckets.retain(|(_, bucket)| bucket.count >= terms.min_doc_count);
    let default = [(By::Count, Direction::Descending)];
    buckets.sort_by(|(key_a, a), (key_b, b)| {
        compare(&terms.order, &default, a, b, key_a.total_cmp(key_b))
    });
    buckets.truncate(terms.size as usize);
    let buckets: Vec<Bucket> = buckets.into_iter().map(|(_, bucket)| bucket).collect();
    let told: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    Summary::Buckets(Buckets { buckets, others: Some(total - told) })
}

/// Of every step from the first to the last, by the numbers that steps are counted with.
fn of_steps(
    step: impl Fn(&Value) -> i64,
    key: impl Fn(i64) -> Key,
    source: &Source,
    (layout, extended): (&Layout, Option<i64>),
    all: &Aggregation,
    rows: &[&Row],
) -> Summary {
    let steps = |row: &Row| values(source, row).iter().map(&step).collect::<Vec<i64>>();
    let mut met: Vec<i64> = rows.iter().flat_map(|row| steps(row)).chain(extended).collect();
    met.sort_unstable();
    if let (0, Some(first), Some(last)) = (layout.min_doc_count, met.first(), met.last()) {
        met = (*first..=*last).collect();
    }
    met.dedup();
    let mut buckets: Vec<(i64, Bucket)> = Vec::new();
    for at in met {
        let rows: Vec<&Row> = rows.iter().filter(|row| steps(row).contains(&at)).copied().collect();
        buckets.push((at, bucket(key(at), all, &rows)));
    }
    buckets.retain(|(_, bucket)| bucket.count >= layout.min_doc_count);
    let default = [(By::Key, Direction::Ascending)];
    buckets.sort_by(|(at_a, a), (at_b, b)| compare(&layout.order, &default, a, b, at_a.cmp(at_b)));
    let buckets = buckets.into_iter().map(|(_, bucket)| bucket).collect();
    Summary::Buckets(Buckets { buckets, others: None })
}

fn of_histogram(
    source: &Source,
    histogram: &Histogram,
    all: &Aggregation,
    rows: &[&Row],
) -> Summary {
    let Histogram { interval, offset, layout } = histogram;
    let step = |number: f64| ((number - offset) / interval).floor() as i64;
    let extended = layout.extended.as_ref().map(|bounds| match bounds {
        (Some(Given::Int(bound)), None) => step(*bound as f64),
        other => panic!("{other:?}"),
    });
    let key = |at: i64| Key::Number(at as f64 * interval + offset);
    of_steps(|value| step(figure(value)), key, source, (layout, extended), all, rows)
}

fn of_dates(
    source: &Source,
    histogram: &DateHistogram,
    all: &Aggregation,
    rows: &[&Row],
) -> Summary {
    let DateHistogram { interval, time_zone, offset_ms, layout } = histogram;
    let length = match interval {
        Interval::FixedMs(ms) => ms * 1000,
        Interval::Calendar(_) => DAY,
    };
    let ahead_s = if time_zone.is_some() { 3600 } else { 0 };
    // A clock that is ahead, and a day that is late.
    let shift = i64::from(ahead_s) * 1_000_000 - offset_ms * 1000;
    let step = |moment: i64| (moment + shift).div_euclid(length);
    let extended = layout.extended.as_ref().map(|bounds| match bounds {
        (Some(Given::Int(ms)), None) => step(ms * 1000),
        other => panic!("{other:?}"),
    });
    let key = |at: i64| Key::Moment { ms: (at * length - shift) / 1000, ahead_s };
    let of_value = |value: &Value| match value {
        Value::DateTime(moment) => step(*moment),
        other => panic!("{other:?}"),
    };
    of_steps(of_value, key, source, (layout, extended), all, rows)
}

fn of_ranges(source: &Source, ranges: &[Range], all: &Aggregation, rows: &[&Row]) -> Summary {
    let end = |given: &Option<Given>| match given {
        Some(Given::Int(end)) => Some(*end),
        Some(other) => panic!("{other:?}"),
        None => None,
    };
    let mut sorted: Vec<&Range> = ranges.iter().collect();
    sorted.sort_by_key(|range| {
        (end(&range.from).unwrap_or(i64::MIN), end(&range.to).unwrap_or(i64::MAX))
    });
    let told = |end: i64| match scalar(&source.attribute) {
        Scalar::DateTime => Value::DateTime(end * 1000),
        _ => Value::Float(end as f64),
    };
    let of_range = |range: &&Range| {
        let (from, to) = (end(&range.from), end(&range.to));
        let within = |value: &Value| {
            from.is_none_or(|from| from as f64 <= figure(value))
                && to.is_none_or(|to| figure(value) < to as f64)
        };
        let rows: Vec<&Row> =
            rows.iter().filter(|row| values(source, row).iter().any(within)).copied().collect();
        let key = Arc::from(range.key.as_deref().unwrap());
        bucket(Key::Range { key, from: from.map(told), to: to.map(told) }, all, &rows)
    };
    let buckets = sorted.iter().map(of_range).collect();
    Summary::Buckets(Buckets { buckets, others: None })
}

fn of_filters(filters: &Filters, all: &Aggregation, rows: &[&Row]) -> Summary {
    let schema = schema();
    let bound = |filter| Bound::bind(filter, &schema, Purpose::Query).unwrap();
    let bounds: Vec<Bound> = filters.filters.iter().map(|(_, filter)| bound(filter)).collect();
    let mut buckets = Vec::new();
    for ((name, _), bound) in filters.filters.iter().zip(&bounds) {
        let rows: Vec<&Row> = rows.iter().filter(|row| holds(bound, row, None)).copied().collect();
        buckets.push(bucket(Key::Name(Arc::from(&**name)), all, &rows));
    }
    if let Some(name) = &filters.other {
        let none = |row: &&&Row| !bounds.iter().any(|bound| holds(bound, row, None));
        let rows: Vec<&Row> = rows.iter().filter(none).copied().collect();
        buckets.push(bucket(Key::Name(Arc::from(&**name)), all, &rows));
    }
    Summary::Buckets(Buckets { buckets, others: None })
}

/// So that an expectation reads like a date.
pub(super) fn ms(text: &str) -> i64 {
    datetime::parse(text).unwrap() / 1000
}
