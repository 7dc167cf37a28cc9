//! A query: which documents, in which order, and what of them.

use super::aggregation::Aggregation;
use super::{Filter, Given, Metric, Score};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Without one there are no rows, only aggregates.
    pub rank: Option<Rank>,
    pub page: Page,
    pub filter: Option<Filter>,
    pub include: Include,
    /// What comes with each row beside its attributes, under these labels.
    pub computed: Vec<(Box<str>, Computed)>,
    /// Over all documents that match, or over those of each group, under these labels.
    pub aggregates: Vec<(Box<str>, Aggregate)>,
    pub groups: Vec<Group>,
    /// The same in numbers and in buckets, beside those. Not of groups.
    pub aggregations: Vec<(Box<str>, Aggregation)>,
    /// It must be the namespace's.
    pub metric: Option<Metric>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Rank {
    /// The nearest vectors first.
    Nearest { attribute: Box<str>, vector: Given, search: Search },
    /// Several vectors against several: the sum, over those that are asked for, of how similar the
    /// most similar of the document is. The most similar first.
    Similar { attribute: Box<str>, vectors: Vec<Given>, search: Search },
    /// The highest score first.
    Score(Score),
    /// By attributes, or by id.
    Order(Vec<(Box<str>, Direction)>),
}

/// Whether all that is nearest has to be found, or nearly all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    Approximate,
    Exact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// Which of the ranked documents are shown, or how many groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub limit: usize,
    pub offset: usize,
    pub per: Option<Per>,
}

impl Page {
    /// The first so many.
    pub fn of(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// Of those that have the same values under all these attributes, so many at the most.
#[derive(Clone, Debug, PartialEq)]
pub struct Per {
    pub attributes: Vec<Box<str>>,
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Include {
    #[default]
    Nothing,
    All,
    These(Vec<Box<str>>),
    AllBut(Vec<Box<str>>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Computed {
    Score(Score),
    /// Whether a filter holds for the row.
    Holds(Filter),
    /// How far its vector is.
    Distance {
        attribute: Box<str>,
        vector: Given,
    },
    Highlight(Highlight),
}

/// The parts of a text that speak of what is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Highlight {
    pub attribute: Box<str>,
    pub fragments: Fragments,
    pub limit: usize,
    /// Whether places are told, and what they count.
    pub offsets: Option<Offsets>,
    /// Over the pseudo-attribute `$fragment`. None: by what the query ranks this attribute by.
    pub rank: Option<Score>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragments {
    Whole,
    Sentences,
    Paragraphs,
    Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offsets {
    Utf8,
    Utf16,
    CodePoints,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Aggregate {
    Count,
    /// Of those that have a value there.
    CountOf(Box<str>),
    Sum(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Group {
    /// By the value of an attribute.
    Of(Box<str>),
    /// Once for each different element of an array, under a label.
    EachOf { label: Box<str>, attribute: Box<str> },
}

/// Several rankings made one, by the ranks alone (reciprocal rank fusion).
#[derive(Clone, Debug, PartialEq)]
pub struct Fusion {
    pub constant: f64,
    /// One of each query.
    pub weights: Vec<f64>,
    pub page: Page,
}

/// The attribute that a fragment of a highlighted text is ranked under.
pub const FRAGMENT: &str = "$fragment";

pub const LIMIT_MAX: usize = 10_000;
pub const PER_ATTRIBUTES_MAX: usize = 8;
pub const GROUP_KEYS_MAX: usize = 8;
pub const COMPUTED_MAX: usize = 256;
pub const FRAGMENTS_MAX: usize = 1024;
pub const FUSION_CONSTANT: f64 = 60.0;
