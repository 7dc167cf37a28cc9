//! What aggregations come to, in the order in which they were asked for. How it is spelt is the
//! business of a wire contract.

use std::sync::Arc;

use crate::model::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum Summary {
    /// A mean.
    Number(Option<f64>, Unit),
    Sum(Sum),
    /// The least or the greatest value: an integer, a float or a moment.
    Bound(Option<Value>),
    Count(u64),
    Stats(Box<Stats>),
    Percentiles(Percentiles),
    Buckets(Buckets),
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Plain,
    /// Milliseconds since 1970, UTC.
    Moment,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// Rounded once.
    pub number: f64,
    /// Of integers, exactly.
    pub whole: Option<i128>,
    pub unit: Unit,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    pub count: u64,
    pub min: Option<Value>,
    pub max: Option<Value>,
    pub avg: Option<f64>,
    pub sum: Sum,
    /// If it was asked for.
    pub spread: Option<Spread>,
}

/// How far values lie apart. None, where there are too few to say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub sum_of_squares: Option<f64>,
    pub variance: Option<f64>,
    pub variance_sampling: Option<f64>,
    pub deviation: Option<f64>,
    pub deviation_sampling: Option<f64>,
    pub bounds: Option<Bounds>,
    pub bounds_sampling: Option<Bounds>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub lower: f64,
    pub upper: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles {
    /// Each percent, ascending, and the value there.
    pub figures: Vec<(f64, Option<f64>)>,
    pub unit: Unit,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    pub buckets: Vec<Bucket>,
    /// Of terms alone: how many documents the buckets have that are not among these, all together.
    pub others: Option<u64>,
}

impl Summary {
    /// How many buckets there are, with those within them.
    pub fn buckets(&self) -> usize {
        let Self::Buckets(Buckets { buckets, .. }) = self else { return 0 };
        let within = buckets.iter().flat_map(|bucket| &bucket.below);
        buckets.len() + within.map(|(_, summary)| summary.buckets()).sum::<usize>()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    pub key: Key,
    pub count: u64,
    /// What was nested in it.
    pub below: Vec<(Arc<str>, Summary)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// Of terms.
    Term(Value),
    /// Of a histogram.
    Number(f64),
    /// When it begins, and how far ahead of UTC its zone was then.
    Moment {
        ms: i64,
        ahead_s: i32,
    },
    Range {
        key: Arc<str>,
        from: Option<Value>,
        to: Option<Value>,
    },
    /// Of a filter.
    Name(Arc<str>),
}

impl Spread {
    /// Of no values.
    pub const NOTHING: Self = Self {
        sum_of_squares: None,
        variance: None,
        variance_sampling: None,
        deviation: None,
        deviation_sampling: None,
        bounds: None,
        bounds_sampling: None,
    };
}
