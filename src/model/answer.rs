//! What a request is answered, before anybody writes it down for the wire.

use super::DocId;

/// A write that is committed, or that changed nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The first slot behind which it is visible.
    pub seq: u64,
    pub upserted: Vec<DocId>,
    pub patched: Vec<DocId>,
    pub deleted: Vec<DocId>,
    /// It is the answer to an earlier try of the same request.
    pub stored: bool,
}
