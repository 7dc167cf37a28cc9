//! Queries: which documents of a view, in which order, and what of them.
//!
//! A view is asked block by block: a filter says which living rows match, and of these the first few
//! are kept. Answers are exact, for every row is looked at; indexes will look at fewer.

mod nearest;
mod winners;

use arrow_buffer::BooleanBuffer;

use crate::error::{Error, Result};
use crate::eval::{Block, Bound, Order, Place, Purpose, select};
use crate::model::{Answer, Include, Query, Rank, Schema};
use crate::namespace::view::{Living, View};

/// The rows of a view that match, block by block.
pub(crate) struct Matches<'a> {
    living: &'a [Living],
    rows: Vec<BooleanBuffer>,
}

/// One of them, and how far it is from what was asked for.
pub(crate) struct Winner {
    pub(crate) place: Place,
    pub(crate) dist: Option<f32>,
}

/// Answers a query. It loops over rows: whoever calls it is not waited for by the network.
pub fn answer(view: &View, living: &[Living], query: &Query) -> Result<Answer> {
    let schema = view.schema();
    schema.check_metric(query.metric)?;
    known(&query.include, schema)?;
    let matches = Matches::of(living, query, schema)?;
    let winners = match &query.rank {
        None => Vec::new(),
        Some(Rank::Nearest { attribute, vector }) => {
            nearest::nearest(&matches, schema, attribute, vector, query.limit)?
        }
        Some(Rank::Order(by)) => {
            let places = Order::bind(by, schema)?.first(&matches.blocks(), query.limit)?;
            places.into_iter().map(|place| Winner { place, dist: None }).collect()
        }
    };
    let rows = winners.iter().map(|winner| winners::hit(living, winner, &query.include, schema));
    let count = matches.rows.iter().map(|rows| rows.count_set_bits() as u64).sum();
    let counts = query.counts.iter().map(|label| (label.clone(), count)).collect();
    Ok(Answer { rows: rows.collect(), counts })
}

impl<'a> Matches<'a> {
    fn of(living: &'a [Living], query: &Query, schema: &Schema) -> Result<Self> {
        let bound = query.filter.as_ref();
        let bound = bound.map(|filter| Bound::bind(filter, schema, Purpose::Query)).transpose()?;
        let matching = |living: &Living| match &bound {
            None => Ok(living.alive.clone()),
            Some(bound) if crate::mutant!("a filter finds what is superseded") => {
                select(bound, &block(living))
            }
            Some(bound) => Ok(&select(bound, &block(living))? & &living.alive),
        };
        Ok(Self { living, rows: living.iter().map(matching).collect::<Result<_>>()? })
    }

    fn blocks(&self) -> Vec<(Block<'a>, BooleanBuffer)> {
        self.living.iter().map(block).zip(self.rows.iter().cloned()).collect()
    }
}

fn block(living: &Living) -> Block<'_> {
    let ids = Block::new(&**living.rows.ids());
    let columns = living.rows.columns().iter();
    columns.fold(ids, |block, (number, (_, column))| block.with(*number, &**column))
}

fn known(include: &Include, schema: &Schema) -> Result<()> {
    let Include::These(names) = include else { return Ok(()) };
    match names.iter().find(|name| &***name != "id" && !schema.attributes.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!(
            "💔 attribute \"{name}\" not found in schema, cannot be part of `include_attributes`"
        ))),
    }
}
