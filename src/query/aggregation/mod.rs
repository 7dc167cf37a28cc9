//! Aggregations: what is said of all documents that match, in numbers, in buckets, and in numbers and
//! buckets of these.
//!
//! They are bound to a schema (`bind`), and then see documents block by block, a few thousand rows at
//! a time: each row is placed in the buckets of an aggregation, and the rows of all its buckets go on
//! together to what is below it (`branch`). What they have seen is a value, [`Partial`], that can be
//! written, read and merged with others: so segments and nodes can each see their own. Only in the
//! end is there a summary of it (`outline`).
//!
//! What must hold: a summary depends on nothing but which documents were seen. Sums are exact
//! (`exact`), and sketches are functions of their values as a set (`quantiles`, `distinct`). And what
//! is held is reserved, as long as it is held (`room`), and so is what is told, as it grows. What
//! everything comes to, docs/decisions/0017-aggregations.md decides.

mod bind;
mod branch;
mod calendar;
mod cell;
mod column;
mod distinct;
mod hash;
mod keyed;
mod moments;
mod node;
mod operand;
mod outline;
mod quantiles;
mod ranges;
mod reading;
mod room;
mod slots;
mod sorting;
mod steps;
#[cfg(test)]
mod tests;
mod words;
mod zone;

use std::sync::Arc;

use branch::{Branch, Held};
use column::Placed;
use node::Node;
use outline::Outline;
use reading::Reading;
use room::{Allowance, Full, Room};

use super::load::Load;
use super::matches::Matches;
use crate::error::{Error, Result};
use crate::eval::{Bound, Budget, Halt};
use crate::model::Schema;
use crate::model::aggregation::{Named, Summary};
use crate::namespace::view::Living;

/// The form of a partial as bytes. Another one is told, and not guessed at.
const VERSION: u8 = 1;
/// So many rows are placed at once.
const ROWS: usize = 4096;

/// Aggregations of one query, bound to a schema.
#[derive(Debug)]
pub struct Aggregations {
    nodes: Vec<Node>,
}

/// What they hold of the documents that they have seen so far. Its memory is reserved until it is
/// dropped.
#[derive(Debug)]
pub struct Partial {
    branches: Vec<Branch>,
    room: Room,
}

impl Aggregations {
    pub fn bind(asked: &[Named], schema: &Schema) -> Result<Self> {
        Self::bind_within(&mut Budget::default(), asked, schema)
    }

    pub(super) fn bind_within(
        budget: &mut Budget,
        asked: &[Named],
        schema: &Schema,
    ) -> Result<Self> {
        Ok(Self { nodes: bind::bind(asked, schema, budget)? })
    }

    /// Of no documents.
    pub fn nothing(&self, load: &Load) -> Result<Partial> {
        let mut room = Room::beside(load);
        for node in &self.nodes {
            room.seats.take(node.weight_above()).map_err(|Full| node.full())?;
        }
        Ok(Partial { branches: self.nodes.iter().map(Branch::nothing).collect(), room })
    }

    /// Of those documents of these blocks that a filter holds for.
    pub fn partial(
        &self,
        living: &[Living],
        filter: Option<&Bound>,
        halt: &Halt,
        load: &Load,
    ) -> Result<Partial> {
        self.of(&Matches::of(living, filter, halt)?, halt, load)
    }

    pub(super) fn of(&self, matches: &Matches<'_>, halt: &Halt, load: &Load) -> Result<Partial> {
        let mut partial = self.nothing(load)?;
        if self.nodes.is_empty() {
            return Ok(partial);
        }
        let mut places = Vec::with_capacity(ROWS);
        // What is read of a block is let go before the next one, and so is the room for it.
        let mut block = load.beside();
        for part in &matches.parts {
            if !part.rows.has_true() {
                continue;
            }
            block.weigh(reading::bytes(&self.nodes, part.rows.len()))?;
            let readings = Reading::all(&self.nodes, part, halt)?;
            let mut rows = part.rows.set_indices().map(|row| Placed { bucket: 0, row: row as u32 });
            loop {
                halt.check()?;
                places.clear();
                places.extend(rows.by_ref().take(ROWS));
                if places.is_empty() {
                    break;
                }
                let Partial { branches, room } = &mut partial;
                for ((node, branch), reading) in self.nodes.iter().zip(branches).zip(&readings) {
                    branch.collect(node, reading, &places, room)?;
                }
            }
        }
        Ok(partial)
    }

    /// Both have to be of these aggregations; of which documents each is, does not matter.
    pub fn merge(&self, into: &mut Partial, other: Partial) -> Result<()> {
        let Partial { branches, room } = into;
        let both = branches.iter_mut().zip(other.branches).zip(&self.nodes);
        for ((ours, theirs), node) in both {
            ours.merge(node, theirs, &[0], room)?;
        }
        Ok(())
    }

    pub fn write(&self, partial: &Partial) -> Result<Vec<u8>> {
        let mut held = Vec::new();
        partial.branches.iter().for_each(|branch| branch.flat(&mut held));
        postcard::to_allocvec(&(VERSION, held))
            .map_err(|error| Error::internal("a partial cannot be written").with_source(error))
    }

    /// What was written, of the same aggregations over the same schema; or `Corrupt`.
    pub fn read(&self, bytes: &[u8], load: &Load) -> Result<Partial> {
        let odd = || Error::corrupt("these bytes are no partial of these aggregations");
        let ((version, held), rest): ((u8, Vec<Held>), &[u8]) =
            postcard::take_from_bytes(bytes).map_err(|error| odd().with_source(error))?;
        if version != VERSION {
            let message = format!("a partial has version {version}, not {VERSION}");
            return Err(Error::corrupt(message));
        }
        let mut held = held.into_iter();
        let mut partial = self.nothing(load)?;
        for (node, branch) in self.nodes.iter().zip(&mut partial.branches) {
            *branch = Branch::of_flat(node, &mut held).ok_or_else(odd)?;
            if !branch.settle(node, 1, &mut partial.room)? {
                return Err(odd());
            }
        }
        match (held.next(), rest) {
            (None, []) => Ok(partial),
            _ => Err(odd()),
        }
    }

    /// Under their names, in the order in which they were asked for.
    pub fn finish(
        &self,
        partial: &Partial,
        halt: &Halt,
        load: &mut Load,
    ) -> Result<Vec<(Arc<str>, Summary)>> {
        let mut outlined = load.beside();
        let mut allowance = Allowance { seats: partial.room.seats, load, halt };
        let told = |(node, branch): (&Node, &Branch)| -> Result<(Arc<str>, Summary)> {
            let outline = Outline::of(node, branch, 1);
            outlined.weigh(outline.bytes())?;
            Ok((node.name.clone(), outline.told(Some(0), &mut allowance)?))
        };
        self.nodes.iter().zip(&partial.branches).map(told).collect()
    }
}

/// A list by bucket reaches so far at least.
fn grown<T>(list: &mut Vec<T>, length: usize, nothing: impl FnMut() -> T) {
    if list.len() < length {
        list.resize_with(length, nothing);
    }
}
