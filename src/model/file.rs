//! The name of an immutable object: whose it is, when it was made, what it holds.
//!
//! A name carries the epoch of its maker. That is what lets garbage be told from work in
//! progress without a clock: publishing needs a swap by the head's own epoch, so a file of an
//! older epoch which the head does not name can never become referenced.

use super::{Epoch, Incarnation, Namespace};

/// The namespace is part of it: a branch names the files of its parent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    pub home: Namespace,
    pub inc: Incarnation,
    pub epoch: Epoch,
    pub ulid: u128,
    pub kind: FileKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Rows of a segment, as Parquet: the truth.
    Rows,
    /// The tantivy bundle of a segment.
    Text,
    /// The vector index of a segment.
    Vectors,
    /// Deletion vectors.
    Deletions,
    /// The table of idempotency keys.
    Keys,
    /// A chunk of a large batch, named by a slot and never by a head.
    Chunk,
}

impl FileKind {
    pub const ALL: [Self; 6] =
        [Self::Rows, Self::Text, Self::Vectors, Self::Deletions, Self::Keys, Self::Chunk];
}
