//! The log of a name, as bytes: slots, the effects in them, and the table of idempotency keys that
//! is drawn from them.
//!
//! The protocol core decides what a slot means and knows no bytes; here it is written down and
//! read back. What a reader accepts, a writer would have written: to the byte.

pub mod chunk;
pub mod effects;
pub mod outcome;
mod payload;
pub mod receipts;
pub mod slot;

pub use effects::Effects;
pub use payload::{Batch, Stored};
