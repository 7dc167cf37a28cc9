//! What a namespace uses: what lies in it, and what has been done for it.

use super::NodeId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub rows: u64,
    pub logical_bytes: u64,
    /// Who counted.
    pub node: NodeId,
    pub counted: Counted,
}

/// By one node, since a moment: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub since_ms: i64,
    /// Changes that were answered as done, each request one.
    pub writes: u64,
    /// Queries that were answered, each of several in one request.
    pub queries: u64,
    /// Of objects that came from the store.
    pub bytes_read: u64,
    /// Each attempt.
    pub store_requests: u64,
}
