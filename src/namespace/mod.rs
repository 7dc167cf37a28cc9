//! Where writes become state: the head of a name, and what it holds.

pub mod base;
pub mod commit;
pub mod courier;
pub mod fold;
pub mod fsck;
pub mod garbage;
pub mod head;
pub mod keeper;
mod newest;
pub mod segments;
pub mod size;
pub mod tail;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod view;
