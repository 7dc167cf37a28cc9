//! Whatever reads what others wrote, under inputs that nobody wrote: each decoder of bytes, and each
//! parser of requests, of keys and of the configuration.
//!
//! Any input is accepted or refused as it may be, in memory that grows with it and no faster, in time, and
//! without a panic; and what is accepted is written down again as it was. A target is a test
//! (`survival`), which runs for ten seconds, from the same seed each time: `tests/fuzz/corpus/` holds what
//! it begins with. `scripts/fuzz` goes on for longer, from another seed, and keeps what it finds.

// The helpers of a test binary are tests too, which clippy does not see.
#![allow(clippy::unwrap_used)]

mod aggregations;
mod bend;
mod corpus;
mod doors;
mod examples;
mod fields;
mod filters;
mod frames;
mod heads;
#[path = "../compat/hex.rs"]
mod hex;
mod json;
mod last;
mod memory;
mod objects;
mod packs;
mod panics;
mod partials;
mod parts;
mod paths;
#[path = "../compat/place.rs"]
mod place;
mod questions;
mod random;
mod requests;
mod rows;
mod run;
mod scores;
mod script;
mod searches;
mod server;
mod settings;
mod survival;
mod table;
mod target;
mod words;
