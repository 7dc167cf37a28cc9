//! What cannot be tried on a machine. The explorer: the protocol core under every order of events that a
//! small scope holds, and under long random ones. The simulator: whole engines over a store that lies, for
//! hours of simulated time. `scripts/explore` and `scripts/sim` print the tables; docs/TESTING.md says how
//! to read a trace.

use mimalloc::MiMalloc;

#[path = "sim/explorer/mod.rs"]
mod explorer;

#[path = "sim/world/mod.rs"]
mod world;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
