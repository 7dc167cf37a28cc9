//! What v2 answers: to a write, to a query, about a namespace. A figure is what was measured,
//! rounded up, and nothing is larger than it is to please a reader.

mod aggregates;
mod aggregations;
mod namespace;
mod query;
mod row;
mod write;

use serde::Serialize;

pub(super) use namespace::{OfList, OfMetadata, Status, Version};
pub(super) use query::{OfPlan, OfQuery};
pub(super) use row::Rows;
pub(super) use write::{OfWrite, Wished};

/// What the contract bills for a query of anything smaller.
const QUERIED_BYTES_MIN: u64 = 256_000_000;

/// What one query is billed for, over so many bytes.
fn queried(bytes: u64) -> u64 {
    bytes.max(QUERIED_BYTES_MIN)
}

#[derive(Serialize)]
struct Queried {
    billable_logical_bytes_queried: u64,
    billable_logical_bytes_returned: u64,
}

#[cfg(test)]
fn printed(value: impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}
