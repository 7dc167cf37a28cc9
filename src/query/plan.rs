//! A query that was bound to a schema: all that can be wrong with it is found here.

use super::aggregate::Aggregation;
use super::aggregation::Aggregations;
use super::computed::Computations;
use super::page::Window;
use super::ranking::Ranking;
use super::text::Questions;
use super::winner;
use crate::error::{Error, Result};
use crate::eval::{Bound, Budget, Purpose};
use crate::model::{Include, Query, Schema};

pub(super) struct Plan {
    pub(super) filter: Option<Bound>,
    pub(super) rank: Option<Ranking>,
    pub(super) page: Window,
    pub(super) include: Include,
    pub(super) computed: Computations,
    pub(super) aggregation: Option<Aggregation>,
    pub(super) aggregations: Aggregations,
    /// What texts are read for, whoever asks: each is read once.
    pub(super) questions: Questions,
}

impl Plan {
    pub(super) fn of(query: &Query, schema: &Schema) -> Result<Self> {
        schema.check_metric(query.metric)?;
        winner::check(&query.include, schema)?;
        let budget = &mut Budget::default();
        let filter = query.filter.as_ref();
        let filter = filter
            .map(|filter| Bound::bind_within(budget, filter, schema, Purpose::Query))
            .transpose()?;
        let mut questions = Questions::default();
        let asked = &mut questions;
        let rank = query.rank.as_ref();
        let rank = rank.map(|rank| Ranking::bind(rank, schema, asked, budget)).transpose()?;
        let computed = Computations::bind(&query.computed, rank.as_ref(), schema, asked, budget)?;
        if !query.aggregations.is_empty() && !query.groups.is_empty() {
            return Err(Error::invalid(
                "group_by goes with Count and Sum alone: nest other aggregations below Terms",
            ));
        }
        let aggregations = Aggregations::bind_within(budget, &query.aggregations, schema)?;
        Ok(Self {
            filter,
            rank,
            page: Window::bind(&query.page, schema)?,
            include: query.include.clone(),
            computed,
            aggregation: Aggregation::bind(query, schema)?,
            aggregations,
            questions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ask, ranked};
    use super::*;
    use crate::model::{
        Case, Computed, FRAGMENT, Filter, Fragments, Given, Highlight, Operand, Pattern, Rank,
        Score,
    };

    #[test]
    fn the_expressions_of_all_filters_of_a_query_are_counted_together() {
        let operand = || Operand::Literal(Given::Text("a*".into()));
        let glob = || Pattern::Glob { operand: operand(), case: Case::Matters };
        let filters = |name: &str, count: usize| {
            Filter::Or(vec![Filter::Like { attribute: name.into(), pattern: glob() }; count])
        };
        let told = |filter: usize, score: usize, computed: usize, fragments: usize| {
            let score = Score::Sum(vec![Score::Filter(filters("s", score))]);
            let highlight = Highlight {
                attribute: "text".into(),
                fragments: Fragments::Sentences,
                limit: 1,
                offsets: None,
                rank: Some(Score::Filter(filters(FRAGMENT, fragments))),
            };
            let query = Query {
                filter: Some(filters("s", filter)),
                computed: vec![
                    ("a".into(), Computed::Holds(filters("s", computed))),
                    ("b".into(), Computed::Score(score.clone())),
                    ("c".into(), Computed::Highlight(highlight)),
                ],
                ..ranked(Rank::Score(score))
            };
            ask(&[], &query).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(told(30, 10, 10, 4), Ok(()));
        for (filter, score, computed, fragments) in
            [(31, 10, 10, 4), (30, 11, 9, 4), (30, 10, 11, 4), (30, 10, 10, 5), (0, 33, 0, 0)]
        {
            let told = told(filter, score, computed, fragments).unwrap_err();
            assert!(told.contains("at most 64 globs"), "{told}");
        }
    }
}
