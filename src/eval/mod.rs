//! Filters, conditions and orders, over one row or over a block of columns: pure.
//!
//! A filter is bound to a schema once, and then asked of rows. [`holds`] asks it of one row at a
//! time, as a condition of a write does; [`select`] asks a whole block, as a query does. Both give
//! the same answer: the first is the oracle of the second. What a pattern is, both take from one
//! place, which has oracles of its own. What takes long ends where its [`Halt`] is raised.

mod bind;
mod block;
mod budget;
mod cell;
mod cells;
mod comparison;
mod cost;
mod field;
mod fit;
mod halt;
mod like;
mod made;
mod number;
mod operand;
mod order;
mod pattern;
mod row;
#[cfg(test)]
mod samples;

pub use bind::{Bound, Item, Purpose, Test, Typed};
pub use block::{Block, select, select_among};
pub use budget::Budget;
pub use comparison::{Asks, Comparison};
pub use field::Field;
pub use halt::{BLOCK_ROWS, Halt, Halted};
pub use like::Like;
pub use order::{Keys, ORDER_KEYS_MAX, Order, Place};
pub use row::holds;

pub(crate) use budget::EXPRESSIONS_MAX;
pub(crate) use made::READY_BYTES_MAX as BROUGHT_BYTES_MAX;
pub(crate) use pattern::{
    BRACES_DEPTH_MAX, DISTANCE_MAX, EDITS_MAX, GLOB_BYTES_MAX, NEST_MAX, PATTERN_BYTES_MAX,
    QUESTION_CHARS_MAX, READY_BYTES_MAX,
};
