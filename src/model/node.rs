//! The name of a node, validated once: its heartbeat lies under it.

use std::fmt;
use std::sync::Arc;

use super::name;
use crate::error::Result;

/// Spelt like the name of a namespace: `[A-Za-z0-9-_.]{1,128}`, except `.` and `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    pub fn new(id: &str) -> Result<Self> {
        name::checked("a node id", id).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.0)
    }
}
