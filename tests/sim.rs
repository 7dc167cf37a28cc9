//! The protocol core under every order of events that a small scope holds, and under long random
//! ones. `scripts/explore` prints the tables; docs/TESTING.md says how to read a trace.

#[path = "sim/explorer/mod.rs"]
mod explorer;
