//! How many buckets there may still be, and how much memory they may take: of all aggregations of a
//! query together.

use crate::model::aggregation::{AGGREGATION_BYTES_MAX, BUCKETS_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    buckets: u64,
    bytes: usize,
}

/// There is no room for what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Default for Room {
    fn default() -> Self {
        Self { buckets: BUCKETS_MAX, bytes: AGGREGATION_BYTES_MAX }
    }
}

impl Room {
    pub(super) fn take(&mut self, buckets: u64) -> Result<(), Full> {
        self.buckets = self.buckets.checked_sub(buckets).ok_or(Full)?;
        Ok(())
    }

    /// Something takes so many bytes now, and took so many before.
    pub(super) fn hold(&mut self, before: usize, now: usize) -> Result<(), Full> {
        let free = self.bytes.saturating_add(before);
        self.bytes = free.checked_sub(now).ok_or(Full)?;
        Ok(())
    }
}
