//! Ranges of numbers or of moments: which of them a document is in.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::node::{Edges, Ranges, Told};
use super::operand::{float, moment};
use super::zone::Zone;
use crate::model::aggregation::{RANGES_MAX, Range, spelt_moment, spelt_number};
use crate::model::{Given, Scalar, Value};

const MICROS: i64 = 1000;

/// What is wrong with them is told in words.
pub(super) fn bind(ranges: &[Range], scalar: Scalar) -> Result<Ranges, String> {
    if !(1..=RANGES_MAX).contains(&ranges.len()) {
        return Err(format!("it takes 1 to {RANGES_MAX} ranges, not {}", ranges.len()));
    }
    match scalar {
        Scalar::DateTime => {
            let ends = (i64::MIN, i64::MAX);
            let text = |moment: i64| spelt_moment(moment.div_euclid(MICROS), 0);
            let read = |given: &Given| moment(given, &Zone::UTC);
            let (edges, told) = sorted(ranges, read, ends, Ord::cmp, text, Value::DateTime)?;
            Ok(Ranges { edges: Edges::Moment(edges), told })
        }
        _ => {
            let ends = (f64::NEG_INFINITY, f64::INFINITY);
            let (edges, told) =
                sorted(ranges, float, ends, f64::total_cmp, spelt_number, Value::Float)?;
            Ok(Ranges { edges: Edges::Number(edges), told })
        }
    }
}

type Sorted<T> = (Vec<(T, T)>, Vec<Told>);

/// By their ends: what is open below comes first, and what is open above comes last.
fn sorted<T: Copy>(
    ranges: &[Range],
    read: impl Fn(&Given) -> Result<T, String>,
    ends: (T, T),
    compare: impl Fn(&T, &T) -> Ordering,
    spelt: impl Fn(T) -> String,
    shown: impl Fn(T) -> Value,
) -> Result<Sorted<T>, String> {
    let end = |name: &str, given: &Option<Given>| {
        let read = given.as_ref().map(&read).transpose();
        read.map_err(|why| format!("{name} of a range {why}"))
    };
    let mut bound = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (from, to) = (end("from", &range.from)?, end("to", &range.to)?);
        let text = |end: Option<T>| end.map_or_else(|| "*".to_owned(), &spelt);
        let key: Arc<str> = match &range.key {
            Some(key) => Arc::from(&**key),
            None => format!("{}-{}", text(from), text(to)).into(),
        };
        let told = Told { key, from: from.map(&shown), to: to.map(&shown) };
        bound.push(((from.unwrap_or(ends.0), to.unwrap_or(ends.1)), told));
    }
    bound.sort_by(|((from, to), _), ((other_from, other_to), _)| {
        compare(from, other_from).then_with(|| compare(to, other_to))
    });
    let mut keys = BTreeSet::new();
    if let Some((_, told)) = bound.iter().find(|(_, told)| !keys.insert(told.key.clone())) {
        return Err(format!("two of its ranges are called `{}`", told.key));
    }
    Ok(bound.into_iter().unzip())
}

impl Edges {
    /// Calls for each range that one of these lies in.
    pub(super) fn each_number(&self, number: f64, mut hit: impl FnMut(usize)) {
        if let Self::Number(ranges) = self {
            let within = |(_, range): &(usize, &(f64, f64))| holds(**range, number);
            ranges.iter().enumerate().filter(within).for_each(|(at, _)| hit(at));
        }
    }

    pub(super) fn each_moment(&self, moment: i64, mut hit: impl FnMut(usize)) {
        if let Self::Moment(ranges) = self {
            let within = |(_, range): &(usize, &(i64, i64))| holds(**range, moment);
            ranges.iter().enumerate().filter(within).for_each(|(at, _)| hit(at));
        }
    }
}

fn holds<T: PartialOrd>((from, to): (T, T), cell: T) -> bool {
    from <= cell && (cell < to || cell == to && crate::slip!("a Range has its end in it"))
}
