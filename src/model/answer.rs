//! What is answered: to a write, to a query, to a look at a namespace. How it is spelt is the
//! business of a wire contract.

use std::fmt;
use std::ops::{AddAssign, Range};
use std::sync::Arc;
use std::time::Duration;

use super::aggregation::Summary;
use super::{AttrType, DocId, Scalar, Schema, Value};

/// What became of a write: the documents that it changed, each under the kind of its operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Whoever reads at this point of the log, or later, sees it.
    pub seq: u64,
    pub upserted: Touched,
    pub patched: Touched,
    pub deleted: Touched,
    /// More documents match its filters than it may change: it is to be sent again.
    pub remaining: bool,
    /// What was written counts for in a bill: of each document its id, and the values that came.
    pub written_bytes: u64,
    /// What lay there as a filter of it was asked of all documents; 0, if none was.
    pub queried_bytes: u64,
    /// It was the answer to an earlier request with the same idempotency key.
    pub stored: bool,
}

/// The documents that one kind of operation changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Touched {
    pub count: u64,
    /// All of them, or none: an answer that is stored has room for a few hundred.
    pub ids: Vec<DocId>,
}

impl Touched {
    pub fn of(ids: Vec<DocId>) -> Self {
        Self { count: ids.len() as u64, ids }
    }

    pub fn push(&mut self, id: DocId) {
        self.count += 1;
        self.ids.push(id);
    }
}

/// What a view of a namespace says to each of several queries: all of them saw the same one.
#[derive(Clone, Debug)]
pub struct Answered {
    pub answers: Vec<Answer>,
    pub seq: u64,
    /// Of the view: all of them were looked at.
    pub segments: u64,
    pub reads: Reads,
    /// How many are in no segment yet, before any filter. Those of segments are looked at one by one, too.
    pub rows_in_tail: u64,
    pub rows: u64,
    pub warmth: Warmth,
    /// What all rows count for in a bill.
    pub bytes: u64,
    /// Milliseconds since 1970, UTC.
    pub last_write_at_ms: i64,
    pub schema: Arc<Schema>,
}

/// The segments of a view, when it was asked for. What is in no segment is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warmth {
    /// In memory already.
    pub at_hand: u64,
    /// Waited for, until they had been read from the store.
    pub read: u64,
}

/// How queries would be answered, in words.
#[derive(Clone, Debug)]
pub struct Explained {
    pub plan: String,
    pub reads: Reads,
}

/// What an answer waited for the store to send of the rows of its view, whoever waited with it.
/// What asks whether there are newer ones is none of it: that is shared among all who ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Each attempt.
    pub objects: u64,
    pub bytes: u64,
}

impl AddAssign for Reads {
    fn add_assign(&mut self, more: Self) {
        self.objects += more.objects;
        self.bytes += more.bytes;
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub rows: Vec<Hit>,
    /// None, if none were asked for.
    pub aggregates: Option<Aggregates>,
    /// Under the names of the query, in its order.
    pub aggregations: Vec<(Arc<str>, Summary)>,
}

/// By the labels of the query.
#[derive(Clone, Debug, PartialEq)]
pub enum Aggregates {
    OfAll(Vec<(Box<str>, Aggregated)>),
    /// In the order of their keys, where nothing comes last: the keys of a group, and what is said of it.
    OfGroups(Vec<AggregatedGroup>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct AggregatedGroup {
    pub keys: Vec<GroupKey>,
    pub aggregates: Vec<(Box<str>, Aggregated)>,
}

/// What all documents of a group have in common, under its label.
pub type GroupKey = (Box<str>, Option<(Scalar, Value)>);

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregated {
    Count(u64),
    /// Of integers, exactly.
    Whole(i128),
    Float(f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub id: DocId,
    /// How far from the vector that was asked for, or its score; none, where nothing but an order
    /// was asked.
    pub dist: Option<f32>,
    /// What was asked for and is there.
    pub values: Vec<(Box<str>, AttrType, Value)>,
    /// What was computed of it, in the order of the question.
    pub made: Vec<(Box<str>, Made)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    Number(f32),
    Truth(bool),
    Fragments(Vec<Fragment>),
}

/// A part of a text. Ranges are those of the text, in what was asked to be counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
    pub text: Box<str>,
    pub places: Option<Places>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    pub fragment: Range<usize>,
    pub matches: Vec<Range<usize>>,
}

/// How new a view must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// It has every write that was acknowledged before the query began.
    Strong,
    Eventual {
        max_staleness: Duration,
    },
}

/// What there is to say of a namespace. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug)]
pub struct Metadata {
    pub schema: Arc<Schema>,
    /// With those that no segment has yet.
    pub rows: u64,
    pub logical_bytes: u64,
    pub unindexed_rows: u64,
    pub unindexed_bytes: u64,
    pub created_at_ms: i64,
    pub updated_at_ms: i64,
    pub last_write_at_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    Yes,
    No,
}

/// What the kind of an error does not say of a write. It is found among the sources of an error:
/// `Error::unavailable(…).with_source(WriteFault::OutcomeUnknown)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// It may have been committed, or may yet be. Without this, a write that failed is not there.
    OutcomeUnknown,
    /// It is not there, and never will be.
    NotCommitted,
    /// Its idempotency key has come before, with another request.
    KeyOfAnother,
}

impl fmt::Display for WriteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutcomeUnknown => "the outcome of the write is unknown",
            Self::NotCommitted => "the write was not committed",
            Self::KeyOfAnother => "the idempotency key belongs to another request",
        })
    }
}

impl std::error::Error for WriteFault {}
