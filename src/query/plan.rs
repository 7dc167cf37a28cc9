//! A query that was bound to a schema: all that can be wrong with it is found here.

use super::aggregate::Aggregation;
use super::computed::Computations;
use super::page::Window;
use super::ranking::Ranking;
use super::text::Questions;
use super::winner;
use crate::error::Result;
use crate::eval::{Bound, Purpose};
use crate::model::{Include, Query, Schema};

pub(super) struct Plan {
    pub(super) filter: Option<Bound>,
    pub(super) rank: Option<Ranking>,
    pub(super) page: Window,
    pub(super) include: Include,
    pub(super) computed: Computations,
    pub(super) aggregation: Option<Aggregation>,
    /// What texts are read for, whoever asks: each is read once.
    pub(super) questions: Questions,
}

impl Plan {
    pub(super) fn of(query: &Query, schema: &Schema) -> Result<Self> {
        schema.check_metric(query.metric)?;
        winner::check(&query.include, schema)?;
        let filter = query.filter.as_ref();
        let filter =
            filter.map(|filter| Bound::bind(filter, schema, Purpose::Query)).transpose()?;
        let mut questions = Questions::default();
        let rank = query.rank.as_ref();
        let rank = rank.map(|rank| Ranking::bind(rank, schema, &mut questions)).transpose()?;
        let computed = Computations::bind(&query.computed, rank.as_ref(), schema, &mut questions)?;
        Ok(Self {
            filter,
            rank,
            page: Window::bind(&query.page, schema)?,
            include: query.include.clone(),
            computed,
            aggregation: Aggregation::bind(query, schema)?,
            questions,
        })
    }
}
