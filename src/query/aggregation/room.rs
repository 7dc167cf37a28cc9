//! How many buckets there may still be, and how much memory they may take: of all aggregations of a
//! query together.
//!
//! What must hold: the bytes that are held are reserved, and given back when the room is gone; so
//! however many queries aggregate at once, they do not come to more than there is memory for.

use super::node::Node;
use crate::error::Result;
use crate::eval::Halt;
use crate::model::aggregation::{AGGREGATION_BYTES_MAX, BUCKETS_MAX};
use crate::query::load::Load;

#[derive(Debug)]
pub(super) struct Room {
    pub(super) seats: Seats,
    load: Load,
    bytes: u64,
    most: u64,
}

/// How many buckets may still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seats(u64);

/// What a summary takes as it is told: seats for the buckets that fill gaps, memory, and time for as
/// long as somebody waits.
pub(super) struct Allowance<'a> {
    pub(super) seats: Seats,
    pub(super) load: &'a mut Load,
    pub(super) halt: &'a Halt,
}

/// There is no seat for what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Room {
    /// Beside what the answer holds already.
    pub(super) fn beside(load: &Load) -> Self {
        let most = load.most().min(AGGREGATION_BYTES_MAX as u64);
        Self { seats: Seats(BUCKETS_MAX), load: load.beside(), bytes: 0, most }
    }

    /// Something of this aggregation takes so many bytes now, and took so many before.
    pub(super) fn hold(&mut self, node: &Node, before: usize, now: usize) -> Result<()> {
        self.bytes = (self.bytes + now as u64).saturating_sub(before as u64);
        if self.bytes > self.most {
            return Err(node.too_heavy(self.most));
        }
        self.load.weigh(self.bytes)
    }
}

impl Seats {
    pub(super) fn take(&mut self, buckets: u64) -> Result<(), Full> {
        self.0 = self.0.checked_sub(buckets).ok_or(Full)?;
        Ok(())
    }
}
