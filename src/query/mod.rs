//! Queries: which documents of a view, in which order, and what of them.
//!
//! A query is bound to a schema first, so that what cannot be asked is refused before a row is
//! read. Then a filter says which living rows match, a ranking puts them in order, and of these a
//! page is shown. Answers are exact, for every row is looked at; indexes will look at fewer.

mod aggregate;
mod computed;
mod explain;
mod fuse;
mod group;
mod highlight;
mod key;
mod leaf;
mod matches;
mod nearest;
mod number;
mod page;
mod plan;
mod ranking;
mod recall;
#[cfg(test)]
mod samples;
mod score;
mod similar;
mod sparse;
mod text;
mod top;
mod winner;

use crate::error::{Error, Result};
use crate::model::{Answer, Attribute, Query, Schema};
use crate::namespace::view::{Living, View};
use matches::Matches;
use plan::Plan;

pub use explain::explain;
pub use fuse::fuse;
pub use recall::recall;

/// Answers a query. It loops over rows: whoever calls it is not waited for by the network.
pub fn answer(view: &View, living: &[Living], query: &Query) -> Result<Answer> {
    of_blocks(view.schema(), living, query)
}

fn of_blocks(schema: &Schema, living: &[Living], query: &Query) -> Result<Answer> {
    let Plan { filter, rank, page, include, computed, aggregation, questions } =
        Plan::of(query, schema)?;
    let matches = Matches::of(living, filter.as_ref())?;
    let texts = questions.read(living);
    let winners = match &rank {
        None => Vec::new(),
        Some(rank) => {
            let first = rank.first(&matches, &texts, page.wanted(&matches))?;
            page.cut(first, &matches)
        }
    };
    let mut rows: Vec<_> =
        winners.iter().map(|winner| winner.hit(living, &include, schema)).collect();
    computed.tell(&matches, &texts, &winners, &mut rows)?;
    let aggregates = aggregation.map(|aggregation| aggregation.of(&matches)).transpose()?;
    Ok(Answer { rows, aggregates })
}

/// What a request calls so, in a word that clients look for if there is no such thing.
fn attribute<'s>(schema: &'s Schema, name: &str) -> Result<&'s Attribute> {
    schema.attributes.get(name).ok_or_else(|| {
        Error::invalid(format!("attribute not found: '{name}' is not in the schema"))
    })
}
