//! A query: which documents, in which order, and what of them.

use super::{Filter, Given, Metric};

#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub rank: Option<Rank>,
    pub limit: usize,
    pub filter: Option<Filter>,
    pub include: Include,
    /// How many documents match, under these labels.
    pub counts: Vec<Box<str>>,
    /// It must be the namespace's.
    pub metric: Option<Metric>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Rank {
    /// The nearest vectors first.
    Nearest { attribute: Box<str>, vector: Given },
    /// By attributes, or by id.
    Order(Vec<(Box<str>, Direction)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Include {
    Nothing,
    All,
    These(Vec<Box<str>>),
    AllBut(Vec<Box<str>>),
}

pub const LIMIT_MAX: usize = 10_000;
