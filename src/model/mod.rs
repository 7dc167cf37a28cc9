//! The words everyone speaks. No IO, no async, no clock.

#[cfg(test)]
pub(crate) mod any;
mod date;
mod file;
mod id;
mod marker;
mod name;
mod node;

pub use date::StoreDate;
pub use file::{FileKind, FileName};
pub use id::{Chain, Epoch, Holder, Incarnation, PutId, Seq, Version};
pub use marker::{Marker, MarkerKind};
pub use name::{NAME_BYTES_MAX, Namespace};
pub use node::NodeId;
