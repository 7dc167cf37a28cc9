//! What aggregations read of one block: their columns, and which of its rows their filters hold for.

use arrow_buffer::BooleanBuffer;

use super::column::Elements;
use super::node::{Node, Over};
use crate::error::Result;
use crate::eval::{Halt, select_among};
use crate::query::matches::Part;

pub(super) struct Reading<'a> {
    pub(super) seen: Seen<'a>,
    pub(super) below: Vec<Reading<'a>>,
}

pub(super) enum Seen<'a> {
    Elements(Elements<'a>),
    /// One of each bucket, the one of all others too.
    Filters(Vec<BooleanBuffer>),
}

/// What they take of a block of so many rows, before they are read: columns lie there anyway, and
/// each filter has a bit for each row.
pub(super) fn bytes(nodes: &[Node], rows: usize) -> u64 {
    let of_node = |node: &Node| {
        let filters = match &node.over {
            Over::Filters(filters) => filters.filters.len() + 1,
            _ => 0,
        };
        (filters * rows.div_ceil(8)) as u64 + bytes(&node.below, rows)
    };
    nodes.iter().map(of_node).sum()
}

impl<'a> Reading<'a> {
    pub(super) fn all(nodes: &[Node], part: &Part<'a>, halt: &Halt) -> Result<Vec<Self>> {
        nodes.iter().map(|node| Self::of(node, part, halt)).collect()
    }

    fn of(node: &Node, part: &Part<'a>, halt: &Halt) -> Result<Self> {
        let seen = match &node.over {
            Over::Metric(column, _)
            | Over::Terms(column, _)
            | Over::Histogram(column, _)
            | Over::DateHistogram(column, _)
            | Over::Range(column, _) => {
                Seen::Elements(Elements::of(column, part.column(column.number))?)
            }
            Over::Filters(filters) => {
                let hits = filters.filters.iter();
                let hits = hits.map(|(_, it)| select_among(it, &part.block, &part.rows, halt));
                let mut hits = hits.collect::<Result<Vec<_>>>()?;
                if filters.other.is_some() {
                    let none = BooleanBuffer::new_unset(part.rows.len());
                    let any = hits.iter().fold(none, |any, one| &any | one);
                    hits.push(!&any);
                }
                Seen::Filters(hits)
            }
        };
        Ok(Self { seen, below: Self::all(&node.below, part, halt)? })
    }
}
