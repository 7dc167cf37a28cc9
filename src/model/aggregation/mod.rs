//! Aggregations: what is to be said of all documents that match, in numbers and in buckets that
//! hold further ones; and what was said. What each comes to, docs/decisions/0017-aggregations.md
//! decides.
//!
//! As it was asked: attributes have names, and what stands for a value has no type.

mod figure;
mod limits;
mod spelt;
mod summary;

pub use figure::value_figure;
pub use limits::{
    AGGREGATION_BYTES_MAX, AGGREGATION_DEPTH_MAX, AGGREGATION_NAME_BYTES_MAX, AGGREGATIONS_MAX,
    BUCKETS_MAX, CARDINALITY_PRECISION, CARDINALITY_PRECISION_MAX, FILTERS_MAX, FIXED_MS_MAX,
    ORDERS_MAX, OWN_NAMES, PERCENTILES_EXACT_MAX, PERCENTS, PERCENTS_MAX, RANGES_MAX, SIGMA, TERMS,
    TERMS_MAX,
};
pub use spelt::{spelt_clock, spelt_moment, spelt_number, spelt_offset};
pub use summary::{Bounds, Bucket, Buckets, Key, Percentiles, Spread, Stats, Sum, Summary, Unit};

use super::{Direction, Filter, Given};

/// Under the name that its answer has.
pub type Named = (Box<str>, Aggregation);

#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    pub kind: Kind,
    /// Of the documents of each bucket; none below what has no buckets.
    pub below: Vec<Named>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Metric(Source, Metric),
    Terms(Source, Terms),
    Histogram(Source, Histogram),
    DateHistogram(Source, DateHistogram),
    Range(Source, Vec<Range>),
    Filters(Filters),
}

/// Where values come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub attribute: Box<str>,
    /// What a document has that has none.
    pub missing: Option<Given>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    Avg,
    Min,
    Max,
    Sum,
    ValueCount,
    Stats,
    /// Its bounds lie so many standard deviations beside the mean.
    ExtendedStats {
        sigma: f64,
    },
    Percentiles {
        percents: Vec<f64>,
    },
    /// Exact up to so many.
    Cardinality {
        precision: u64,
    },
}

/// A bucket of each different value.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub size: u64,
    pub min_doc_count: u64,
    pub order: Vec<Order>,
}

pub type Order = (By, Direction);

/// What buckets are put in order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Count,
    Key,
    /// One of the metrics below, as `name` or `name.figure`.
    Metric(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub interval: f64,
    pub offset: f64,
    pub layout: Layout,
}

/// How the buckets of a histogram are laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// With 0, there are no gaps.
    pub min_doc_count: u64,
    /// How far they reach at least, from and to.
    pub extended: Option<(Option<Given>, Option<Given>)>,
    pub order: Vec<Order>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DateHistogram {
    pub interval: Interval,
    /// A name of the IANA database, or an offset.
    pub time_zone: Option<Box<str>>,
    pub offset_ms: i64,
    pub layout: Layout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    Calendar(Calendar),
    FixedMs(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    Minute,
    Hour,
    Day,
    /// From Monday on.
    Week,
    Month,
    Quarter,
    Year,
}

/// From one value on, and up to another that is not in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub key: Option<Box<str>>,
    pub from: Option<Given>,
    pub to: Option<Given>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    pub filters: Vec<(Box<str>, Filter)>,
    /// The name of the bucket of documents that are in no other.
    pub other: Option<Box<str>>,
}

impl Source {
    pub fn of(attribute: impl Into<Box<str>>) -> Self {
        Self { attribute: attribute.into(), missing: None }
    }
}

impl Aggregation {
    pub fn metric(attribute: impl Into<Box<str>>, metric: Metric) -> Self {
        Self { kind: Kind::Metric(Source::of(attribute), metric), below: Vec::new() }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self { size: TERMS, min_doc_count: 1, order: Vec::new() }
    }
}
