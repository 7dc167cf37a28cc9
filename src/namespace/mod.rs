//! Where writes become state: the head of a name, and what it holds.

pub mod courier;
pub mod head;
