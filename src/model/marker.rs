//! A marker: an empty object by which a list of names, or of dead incarnations, is one sorted LIST.

use super::{Incarnation, Namespace};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marker {
    pub kind: MarkerKind,
    pub name: Namespace,
    pub inc: Incarnation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkerKind {
    /// This incarnation may be alive.
    Live,
    /// This incarnation is dead, and may have something left to collect.
    Gone,
}
