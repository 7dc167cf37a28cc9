//! Does a store keep its promises, and does ours tell one that does from one that does not?
//!
//! Memory and real servers keep the same list of promises; servers and doubles that lie are refused
//! by the probe; faults, stalls and deadlines run under paused time. Real servers are installed if
//! they are missing, and never skipped: `scripts/minio`, `scripts/ministack`, `scripts/s3rver`.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

#[path = "store/behaviour.rs"]
mod behaviour;
#[path = "store/doubles.rs"]
mod doubles;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/patience.rs"]
mod patience;
#[path = "store/promises.rs"]
mod promises;
#[path = "store/refusals.rs"]
mod refusals;
#[path = "store/servers.rs"]
mod servers;
#[path = "store/spoken.rs"]
mod spoken;
