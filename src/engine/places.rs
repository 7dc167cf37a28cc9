//! The places of the queries of one name. So many are computed at once, and what costs more takes more
//! of them, as the contract has it; an operator may say how many there are. More queries wait for a
//! moment, and are then sent away: a name that everybody asks for must not keep the others from being
//! answered.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::config::CONCURRENT;
use crate::model::{Query, Rank, Search};

/// Of each name, where nothing else was said.
pub(crate) const PLACES: usize = CONCURRENT as usize;
/// A query that counts, sums or has buckets.
pub(crate) const AGGREGATING_PLACES: usize = 4;
/// A query for exactly the nearest (`kNN`).
pub(crate) const EXACT_PLACES: usize = 2;

#[derive(Debug)]
pub(super) struct Places {
    all: usize,
    free: Arc<Semaphore>,
}

/// The queries of one request, which come in together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) queries: usize,
    pub(super) places: usize,
}

impl Places {
    pub(super) fn of(all: usize) -> Self {
        assert!(all > 0, "nobody would ever be answered");
        Self { all, free: Arc::new(Semaphore::new(all)) }
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }

    /// All of them at once. Whoever waits has its turn in the order in which it came: nobody with few
    /// passes one with many. Who wants more than there are has all.
    pub(super) async fn take(&self, wanted: usize) -> Result<OwnedSemaphorePermit, AcquireError> {
        let wanted = wanted.clamp(1, self.all) as u32;
        self.free.clone().acquire_many_owned(wanted).await
    }
}

impl Party {
    /// A look at a name, whatever for.
    pub(super) const ONE: Self = Self { queries: 1, places: 1 };

    pub(super) fn of(queries: &[Query]) -> Self {
        Self { queries: queries.len(), places: queries.iter().map(places_of).sum() }
    }

    /// Each of which takes one place.
    pub(super) fn plain(queries: usize) -> Self {
        Self { queries, places: queries }
    }
}

fn places_of(query: &Query) -> usize {
    if !query.aggregates.is_empty() || !query.aggregations.is_empty() {
        return AGGREGATING_PLACES;
    }
    match &query.rank {
        Some(
            Rank::Nearest { search: Search::Exact, .. }
            | Rank::Similar { search: Search::Exact, .. },
        ) => EXACT_PLACES,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::aggregation::{Aggregation, Kind, Metric, Source};
    use crate::model::{Aggregate, Direction, Given};

    fn ranked(rank: Rank) -> Query {
        Query { rank: Some(rank), ..Query::default() }
    }

    fn nearest(search: Search) -> Query {
        let vector = Given::List(Vec::new());
        ranked(Rank::Nearest { attribute: "v".into(), vector, search })
    }

    #[test]
    fn what_costs_more_takes_more_places() {
        let order = || ranked(Rank::Order(vec![("id".into(), Direction::Ascending)]));
        let similar =
            |search| ranked(Rank::Similar { attribute: "v".into(), vectors: Vec::new(), search });
        let counts = || vec![("n".into(), Aggregate::Count)];
        let kind = Kind::Metric(Source::of("a"), Metric::Avg);
        let buckets = vec![("n".into(), Aggregation { kind, below: Vec::new() })];
        for (query, places) in [
            (order(), 1),
            (nearest(Search::Approximate), 1),
            (similar(Search::Approximate), 1),
            (nearest(Search::Exact), 2),
            (similar(Search::Exact), 2),
            (Query { aggregates: counts(), ..Query::default() }, 4),
            (Query { aggregates: counts(), ..nearest(Search::Exact) }, 4),
            (Query { aggregations: buckets, ..order() }, 4),
        ] {
            assert_eq!(Party::of(std::slice::from_ref(&query)), Party { queries: 1, places });
        }
        let together = Party::of(&[order(), nearest(Search::Exact)]);
        assert_eq!(together, Party { queries: 2, places: 3 });
    }

    #[tokio::test]
    async fn there_are_so_many_and_who_wants_more_has_all() {
        assert_eq!(PLACES, 16);
        let places = Places::of(3);
        let two = places.take(2).await.unwrap();
        assert_eq!(places.taken(), 2);
        drop(two);
        let all = places.take(4).await.unwrap();
        assert_eq!(places.taken(), 3);
        drop(all);
        let one = places.take(0).await.unwrap();
        assert_eq!(places.taken(), 1);
        drop(one);
    }
}
