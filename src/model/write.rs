//! A write request: one batch, visible whole or not at all.

use std::sync::Arc;

use super::{Filter, Given, IdType, Metric, ReadOnly, SchemaChange};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Write {
    pub upserts: Vec<GivenRow>,
    pub patches: Vec<GivenRow>,
    pub deletes: Vec<Given>,
    pub upsert_condition: Option<Filter>,
    pub patch_condition: Option<Filter>,
    pub delete_condition: Option<Filter>,
    pub schema: Vec<(Box<str>, SchemaChange)>,
    /// The `id` of a schema.
    pub id_type: Option<IdType>,
    pub metric: Option<Metric>,
    /// Whether the namespace takes writes from then on. A write that says so says nothing else.
    pub read_only: Option<ReadOnly>,
    pub create: Create,
    pub pressure: Pressure,
}

/// A row as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenRow {
    pub id: Given,
    /// Names are shared: by the rows of columns, for one.
    pub values: Vec<(Arc<str>, Given)>,
}

/// What becomes of a namespace that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Create {
    /// The first document creates it.
    #[default]
    ByDocument,
    Always,
    Never,
    /// It must not be there before.
    New,
}

/// Whether a write may be sent away because too much is not folded yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pressure {
    #[default]
    Heeded,
    /// It is let in all the same, if it asks nothing of documents that were written before.
    Lifted,
}
