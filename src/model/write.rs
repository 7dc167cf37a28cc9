//! A write request: one batch, visible whole or not at all.

use std::sync::Arc;

use super::{Filter, Given, IdType, Metric, Pinning, ReadOnly, SchemaChange};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Write {
    pub upserts: Vec<GivenRow>,
    pub patches: Vec<GivenRow>,
    pub deletes: Vec<Given>,
    /// It comes before all that names documents, and a patch by filter after it.
    pub delete_by_filter: Option<ByFilter>,
    pub patch_by_filter: Option<PatchByFilter>,
    pub upsert_condition: Option<Filter>,
    pub patch_condition: Option<Filter>,
    pub delete_condition: Option<Filter>,
    pub schema: Vec<(Box<str>, SchemaChange)>,
    /// The `id` of a schema.
    pub id_type: Option<IdType>,
    pub metric: Option<Metric>,
    /// Whether the namespace takes writes from then on. A write that says so, or how the namespace is
    /// pinned, says nothing else.
    pub read_only: Option<ReadOnly>,
    pub pinning: Option<Pinning>,
    pub create: Create,
    pub pressure: Pressure,
    /// Of vectors, by upserts.
    pub omission: Omission,
    /// What only a vector is called that was declared: no other attribute comes to be by that name.
    pub reserved: Option<&'static str>,
}

impl Write {
    /// Whether documents have to be read before it is known what becomes of them. A condition without
    /// rows of its kind is asked of none.
    pub fn reads(&self) -> bool {
        let conditional = (self.upsert_condition.is_some() && !self.upserts.is_empty())
            || (self.delete_condition.is_some() && !self.deletes.is_empty());
        let by_filter = self.delete_by_filter.is_some() || self.patch_by_filter.is_some();
        !self.patches.is_empty() || conditional || by_filter
    }
}

/// A row as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenRow {
    pub id: Given,
    /// Names are shared: by the rows of columns, for one.
    pub values: Vec<(Arc<str>, Given)>,
}

/// The documents that match, as the request finds them. Conditions do not ask these.
#[derive(Clone, Debug, PartialEq)]
pub struct ByFilter {
    pub filter: Filter,
    pub excess: Excess,
}

/// What becomes of a request for which more documents match than one request may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Excess {
    /// Nothing of it is done.
    #[default]
    Refused,
    /// As many are changed as may be, and it is told that others are left.
    Left,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PatchByFilter {
    pub matching: ByFilter,
    pub values: Vec<(Arc<str>, Given)>,
}

/// What it means where an upsert says nothing of a vector attribute, and a null would say that the
/// document has no such vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Omission {
    /// The same.
    #[default]
    Null,
    /// The request is wrong. So many of its upserts came one by one; those behind them lie across
    /// columns, and all name the same attributes.
    Mistake { rows: usize },
}

/// How many documents one request may change by filter.
pub const DELETED_BY_FILTER_MAX: usize = 5_000_000;
pub const PATCHED_BY_FILTER_MAX: usize = 50_000;

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
