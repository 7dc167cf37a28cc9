//! What stands beside an aggregation, under the type of its attribute. What is wrong with it is told
//! in words; whose it is, others say.

use super::calendar::Stretches;
use super::column::Column;
use super::node::Histogram;
use super::sorting::Sorting;
use super::steps::Steps;
use super::zone::Zone;
use crate::model::aggregation::{
    self, CARDINALITY_PRECISION_MAX, DateHistogram, FIXED_MS_MAX, Interval, Layout, Metric,
    PERCENTS_MAX, Source,
};
use crate::model::{AttrType, Given, Scalar, Schema, Value, datetime};

/// Which scalars an aggregation is over, or arrays of.
#[derive(Clone, Copy)]
pub(super) struct Takes {
    scalars: &'static [Scalar],
    called: &'static str,
}

pub(super) const NUMBERS: Takes = Takes {
    scalars: &[Scalar::Int, Scalar::Uint, Scalar::Float, Scalar::DateTime],
    called: "int, uint, float or datetime",
};
pub(super) const STEPS: Takes =
    Takes { scalars: &[Scalar::Int, Scalar::Uint, Scalar::Float], called: "int, uint or float" };
pub(super) const MOMENTS: Takes = Takes { scalars: &[Scalar::DateTime], called: "datetime" };
pub(super) const KEYS: Takes = Takes {
    scalars: &[
        Scalar::String,
        Scalar::Int,
        Scalar::Uint,
        Scalar::Float,
        Scalar::Bool,
        Scalar::Uuid,
        Scalar::DateTime,
    ],
    called: "string, int, uint, float, bool, uuid or datetime",
};
const ALL: Takes = Takes {
    scalars: &[
        Scalar::String,
        Scalar::Int,
        Scalar::Uint,
        Scalar::Float,
        Scalar::Bool,
        Scalar::Uuid,
        Scalar::DateTime,
        Scalar::Bytes,
    ],
    called: "anything but vectors",
};

pub(super) fn taken_by(metric: &Metric) -> Takes {
    match metric {
        Metric::ValueCount | Metric::Cardinality { .. } => ALL,
        Metric::Avg | Metric::Min | Metric::Max | Metric::Sum => NUMBERS,
        Metric::Stats | Metric::ExtendedStats { .. } | Metric::Percentiles { .. } => NUMBERS,
    }
}

/// A moment that stands for what is missing, and says no offset, is one of this zone.
pub(super) fn column(
    source: &Source,
    takes: Takes,
    schema: &Schema,
    zone: &Zone,
) -> Result<Column, String> {
    let Source { attribute: name, missing } = source;
    if **name == *"id" {
        return Err("`id` is no attribute, and has nothing to be aggregated".to_owned());
    }
    let Some(attribute) = schema.attributes.get(name) else {
        return Err(format!("attribute not found: '{name}' is not in the schema"));
    };
    let kind = attribute.kind;
    let odd = || format!("attribute '{name}' is of type {kind}: it takes {}", takes.called);
    let scalar = match kind {
        AttrType::Scalar(scalar) | AttrType::Array(scalar) => scalar,
        AttrType::Vector { .. } | AttrType::Sparse | AttrType::Vectors { .. } => return Err(odd()),
    };
    if !takes.scalars.contains(&scalar) {
        return Err(odd());
    }
    let missing = missing.as_ref().map(|given| value(scalar, given, zone));
    let missing = missing.transpose().map_err(|why| format!("missing {why}"))?;
    let missing = missing.filter(|_| !crate::slip!("nothing stands for what is missing"));
    Ok(Column { number: attribute.number, scalar, kind, missing })
}

/// Checked, and percents in their order.
pub(super) fn metric(metric: &Metric) -> Result<Metric, String> {
    match metric {
        Metric::ExtendedStats { sigma } if !(*sigma >= 0.0 && sigma.is_finite()) => {
            Err(format!("sigma is a number from 0 on, not {sigma}"))
        }
        Metric::Percentiles { percents } => {
            let mut percents = percents.clone();
            percents.sort_by(f64::total_cmp);
            if !(1..=PERCENTS_MAX).contains(&percents.len()) {
                let got = percents.len();
                return Err(format!("it takes 1 to {PERCENTS_MAX} percents, not {got}"));
            }
            if let Some(odd) = percents.iter().find(|percent| !(0.0..=100.0).contains(*percent)) {
                return Err(format!("a percent is 0 to 100, not {odd}"));
            }
            match percents.windows(2).find(|pair| pair[0] == pair[1]) {
                Some(pair) => Err(format!("the percent {} is asked for twice", pair[0])),
                // A zero has no sign.
                None => Ok(Metric::Percentiles {
                    percents: percents.into_iter().map(|percent| percent + 0.0).collect(),
                }),
            }
        }
        Metric::Cardinality { precision } => {
            Ok(Metric::Cardinality { precision: (*precision).min(CARDINALITY_PRECISION_MAX) })
        }
        other => Ok(other.clone()),
    }
}

pub(super) fn histogram(
    asked: &aggregation::Histogram,
    order: Sorting,
) -> Result<Histogram<Steps>, String> {
    let aggregation::Histogram { interval, offset, layout } = asked;
    if !(*interval > 0.0 && interval.is_finite()) {
        return Err(format!("interval is above 0, not {interval}"));
    }
    if !offset.is_finite() {
        return Err(format!("offset is a number, not {offset}"));
    }
    let steps = Steps { interval: *interval, offset: *offset };
    let bound = |given: &Given| -> Result<(f64, i64), String> {
        let number = float(given)?;
        let step = steps.step(number);
        let step = step.ok_or_else(|| format!("too many intervals lie before {number}"))?;
        Ok((number, step))
    };
    let extended = extended(layout, bound, |a, b| a <= b)?;
    Ok(Histogram { steps, min_doc_count: layout.min_doc_count, extended, order })
}

pub(super) fn zone(asked: &DateHistogram) -> Result<Zone, String> {
    let name = asked.time_zone.as_deref().unwrap_or("UTC");
    Zone::of(name).ok_or_else(|| {
        format!("time_zone `{name}` is neither a name of the IANA database nor as `+01:00`")
    })
}

pub(super) fn date_histogram(
    asked: &DateHistogram,
    zone: Zone,
    order: Sorting,
) -> Result<Histogram<Stretches>, String> {
    let DateHistogram { interval, time_zone: _, offset_ms, layout } = asked;
    if let Interval::FixedMs(ms) = interval
        && !(1..=FIXED_MS_MAX).contains(ms)
    {
        return Err(format!("fixed_interval is 1 ms to {FIXED_MS_MAX} ms, not {ms}"));
    }
    if !(-FIXED_MS_MAX..=FIXED_MS_MAX).contains(offset_ms) {
        return Err(format!("offset is at most {FIXED_MS_MAX} ms, not {offset_ms}"));
    }
    let steps = Stretches::new(*interval, zone.clone(), *offset_ms);
    let bound = |given: &Given| -> Result<(i64, i64), String> {
        let moment = moment(given, &zone)?;
        Ok((moment, steps.floor(moment)))
    };
    let extended = extended(layout, bound, |a, b| a <= b)?;
    Ok(Histogram { steps, min_doc_count: layout.min_doc_count, extended, order })
}

/// The keys that buckets reach to in any case.
fn extended<T: Copy>(
    layout: &Layout,
    bound: impl Fn(&Given) -> Result<(T, i64), String>,
    ascend: impl Fn(T, T) -> bool,
) -> Result<Vec<i64>, String> {
    let Some((min, max)) = &layout.extended else { return Ok(Vec::new()) };
    if layout.min_doc_count > 0 {
        return Err("extended_bounds are of empty buckets, and need min_doc_count 0".to_owned());
    }
    let read = |name: &str, given: &Option<Given>| {
        let read = given.as_ref().map(&bound).transpose();
        read.map_err(|why| format!("extended_bounds.{name} {why}"))
    };
    let (min, max) = (read("min", min)?, read("max", max)?);
    if let (Some((min, _)), Some((max, _))) = (min, max)
        && !ascend(min, max)
    {
        return Err("extended_bounds.min lies beyond extended_bounds.max".to_owned());
    }
    Ok(min.into_iter().chain(max).map(|(_, key)| key).collect())
}

pub(super) fn float(given: &Given) -> Result<f64, String> {
    let number = match given {
        Given::Int(number) => *number as f64,
        Given::Uint(number) => *number as f64,
        Given::Float(number) if number.is_finite() => *number,
        other => return Err(format!("expects a number, but got '{other}'")),
    };
    Ok(number + 0.0)
}

/// A text, of this zone if it says no offset; or a whole number of milliseconds.
pub(super) fn moment(given: &Given, zone: &Zone) -> Result<i64, String> {
    if let Given::Text(text) = given {
        let odd = || format!("expects datetime, but got '{given}'");
        return datetime::parse_on(text, |shown| zone.first_at(shown)).ok_or_else(odd);
    }
    datetime::of_millis(given).ok_or_else(|| {
        format!("expects a datetime as text or as whole milliseconds, but got '{given}'")
    })
}

fn value(scalar: Scalar, given: &Given, zone: &Zone) -> Result<Value, String> {
    if scalar == Scalar::DateTime {
        return moment(given, zone).map(Value::DateTime);
    }
    let value = Value::coerce(AttrType::Scalar(scalar), given);
    let value = value.map_err(|misfit| misfit.to_string())?;
    value.ok_or_else(|| "is null".to_owned())
}
