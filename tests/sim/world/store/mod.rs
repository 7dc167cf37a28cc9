//! The store of a run: one truth, which every node sees through a view of its own that lies to it.
//!
//! - [`Truth`]: the store as it is, and the promises that each of its changes is held to
//! - [`Lying`]: what a node has of it, with all that can happen to a request on its way
//! - [`Faults`]: what happens, how often, and where it all goes wrong at once; by [`Rates`]
//! - [`Gate`]: whether a node hears and is heard at all
//! - [`Traps`]: over which request it is killed
//!
//! A lie is never more than what a store that keeps the promises of S3 may tell: a request takes effect
//! as a whole, once or twice, now, later or never, and whoever sent it may be told so, or something else,
//! or nothing. But a 200, a 404 and a 412 are true of a moment between the question and the answer.

mod audit;
mod face;
mod fate;
mod faults;
mod gate;
mod heads;
mod honest;
mod life;
mod luck;
mod lying;
mod rates;
mod schema;
#[cfg(test)]
mod tests;
mod traps;
mod truth;

pub(crate) use faults::Faults;
pub(crate) use gate::Gate;
pub(crate) use lying::Lying;
pub(crate) use rates::{FaultKind, Rates};
pub(crate) use traps::{Bait, Side, Trap, Traps};
pub(crate) use truth::Truth;

/// Why a promise is broken, if it is.
type Verdict = Result<(), String>;
