//! Does a store keep its promises, and does ours tell one that does from one that does not?
//!
//! Memory and real servers keep the same list of promises; servers and doubles that lie are refused
//! by the probe; faults, stalls and deadlines run under paused time. Real servers are installed if
//! they are missing, and never skipped: `scripts/minio`, `scripts/ministack`, `scripts/s3rver`.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

mod bent_disk;
mod bent_store;
mod crash;
mod doubles;
mod duet;
mod faults;
mod local;
mod patience;
mod play;
mod power;
mod process;
mod promises;
mod race;
mod refusals;
mod servers;
mod spoken;
