//! What is to be done for an aggregation, once its attributes are numbers and its operands values.

use std::sync::Arc;

use super::calendar::Stretches;
use super::column::Column;
use super::sorting::Sorting;
use super::steps::Steps;
use crate::error::Error;
use crate::eval::Bound;
use crate::model::Value;
use crate::model::aggregation::{BUCKETS_MAX, Metric};

#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    /// Its name below the names of those above: `a>b`.
    pub(super) path: Box<str>,
    pub(super) over: Over,
    /// How many buckets each of its buckets comes to, with those that are below it in any case.
    pub(super) weight: u64,
    pub(super) below: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Over {
    Metric(Column, Metric),
    Terms(Column, Terms),
    Histogram(Column, Histogram<Steps>),
    DateHistogram(Column, Histogram<Stretches>),
    Range(Column, Ranges),
    Filters(Filters),
}

#[derive(Debug)]
pub(super) struct Terms {
    pub(super) size: usize,
    pub(super) min_doc_count: u64,
    pub(super) order: Sorting,
}

#[derive(Debug)]
pub(super) struct Histogram<S> {
    pub(super) steps: S,
    pub(super) min_doc_count: u64,
    /// Between these keys, as ranks, there is a bucket in any case.
    pub(super) extended: Vec<i64>,
    pub(super) order: Sorting,
}

#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) edges: Edges,
    /// In the order in which they are told.
    pub(super) told: Vec<Told>,
}

/// From one on, and up to the other.
#[derive(Debug)]
pub(super) enum Edges {
    Number(Vec<(f64, f64)>),
    /// No moment is the last of its type.
    Moment(Vec<(i64, i64)>),
}

#[derive(Debug)]
pub(super) struct Told {
    pub(super) key: Arc<str>,
    pub(super) from: Option<Value>,
    pub(super) to: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Filters {
    pub(super) filters: Vec<(Arc<str>, Bound)>,
    /// The bucket of documents that are in no other: the last one.
    pub(super) other: Option<Arc<str>>,
}

impl Node {
    /// How many buckets there are in any case, under each one above. None: as many as are met.
    pub(super) fn slots(&self) -> Option<usize> {
        match &self.over {
            Over::Range(_, ranges) => Some(ranges.told.len()),
            Over::Filters(Filters { filters, other }) => {
                Some(filters.len() + usize::from(other.is_some()))
            }
            Over::Metric(..) | Over::Terms(..) => None,
            Over::Histogram(..) | Over::DateHistogram(..) => None,
        }
    }

    /// How many buckets stand under each one above, whatever is met.
    pub(super) fn weight_above(&self) -> u64 {
        self.slots().map_or(0, |slots| self.weight.saturating_mul(slots as u64))
    }

    pub(super) fn invalid(&self, why: &str) -> Error {
        Error::invalid(format!("aggregation `{}`: {why}", self.path))
    }

    pub(super) fn full(&self) -> Error {
        self.invalid(&format!(
            "all aggregations of a query together have at most {BUCKETS_MAX} buckets: filter more, \
             or ask for coarser ones"
        ))
    }

    pub(super) fn too_heavy(&self, most_bytes: u64) -> Error {
        let mib = most_bytes >> 20;
        self.invalid(&format!(
            "all aggregations of a query together take at most {mib} MiB of memory: filter more, or \
             ask for fewer"
        ))
    }
}
