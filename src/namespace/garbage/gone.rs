//! How much was deleted, by what it was. What two rules lead to is deleted twice, and counts twice.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::log::Stored;
use crate::model::FileKind;
use crate::protocol::Request;

const KINDS: [&str; 8] =
    ["slot", "marker", "rows", "text", "vectors", "deletions", "keys", "chunk"];

#[derive(Debug, Default)]
pub struct Gone([AtomicU64; KINDS.len()]);

impl Gone {
    pub(super) fn count(&self, kind: &str) {
        if let Some(at) = KINDS.iter().position(|known| *known == kind) {
            self.0[at].fetch_add(1, Relaxed);
        }
    }

    /// Every kind, and how many of it were deleted since the start.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KINDS.into_iter().zip(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

/// What a request deletes, if it deletes.
pub(super) fn kind(request: &Request<Stored>) -> Option<&'static str> {
    match request {
        Request::DropSlot { .. } => Some("slot"),
        Request::DropMarker { .. } => Some("marker"),
        Request::DropFile { file } => Some(match file.kind {
            FileKind::Rows => "rows",
            FileKind::Text => "text",
            FileKind::Vectors => "vectors",
            FileKind::Deletions => "deletions",
            FileKind::Keys => "keys",
            FileKind::Chunk => "chunk",
        }),
        Request::ReadHead { .. }
        | Request::SwapHead { .. }
        | Request::ReadSlot { .. }
        | Request::CreateSlot { .. }
        | Request::ReadKeys { .. }
        | Request::PutFile { .. }
        | Request::PutMarker { .. }
        | Request::List { .. } => None,
    }
}
