//! Where writes become state: the head of a name, and what it holds.

pub mod base;
pub mod commit;
pub mod courier;
pub mod fold;
pub mod head;
pub mod segments;
pub mod tail;
#[cfg(test)]
mod tests;
pub mod view;
