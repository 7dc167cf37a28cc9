//! Elacsym: a search database that lives on a bucket.
//!
//! A namespace is a **head** and a **log**. The log is a sequence of numbered objects, each
//! created if absent and never changed: *creating slot n is the commit*. The head is one small
//! object changed only by compare-and-swap. Everything else makes it faster, never truer.
//!
//! The map of the house, top down; arrows between rooms point down only (`tests/tidy/layers.rs`):
//!
//! - [`cli`]: the sub-commands, one file each
//! - [`api`]: HTTP and JSON: the two wire contracts, keys, limits, metrics
//! - [`engine`]: the names that are open here, who is let in, what is asked of whom
//! - [`config`]: what an operator can say, and where it was said
//! - [`query`]: which documents of a view, in which order, and what of them
//! - [`namespace`]: where writes become state: the head and its base, what is in the log, what a
//!   batch of requests does, and the courier between machines and store
//! - [`segment`]: rows that were folded: Parquet, and which of them are superseded
//! - [`eval`]: filters, conditions and orders, over a row or over columns
//! - [`index`]: text as tokens and fragments
//! - [`kernels`]: arithmetic on slices
//! - [`log`]: slots, their effects, and the table of idempotency keys, as bytes
//! - [`storage`]: the waist: bytes under keys, on S3, a local folder, or in memory
//! - [`protocol`]: what commits, who may write, what a reader must ask, what may be deleted:
//!   pure state machines, the same in production and under the explorer
//! - [`model`]: words everyone speaks
//! - [`memory`]: the budget that everything large is reserved from
//! - [`env`], [`error`]: the door to the outside; what to do when it does not open
//! - [`reach`]: rare events and built-in faults, by name, for the simulator; nothing in what ships

pub mod api;
pub mod cli;
pub mod config;
pub mod engine;
pub mod env;
pub mod error;
pub mod eval;
pub mod index;
pub mod kernels;
pub mod log;
pub mod memory;
pub mod model;
pub mod namespace;
pub mod protocol;
pub mod query;
pub mod reach;
pub mod segment;
pub mod storage;
