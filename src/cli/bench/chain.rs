//! The longest chain of requests of which each began after the one before had ended: how often
//! whoever was answered at its end has waited for the store.

use crate::storage::Trip;

/// One such chain, in order; of several as long as it, that which ends first.
pub(super) fn longest(trips: &[Trip]) -> Vec<Trip> {
    let mut trips = trips.to_vec();
    trips.sort_unstable_by_key(|trip| (trip.ended, trip.began));
    let mut chain: Vec<Trip> = Vec::new();
    // Whatever ends first leaves the most room behind it.
    for trip in trips {
        if chain.last().is_none_or(|last| last.ended <= trip.began) {
            chain.push(trip);
        }
    }
    chain
}

/// Such as `GET, PUT, PUT`.
pub(super) fn spell(chain: &[Trip]) -> String {
    let ways: Vec<String> = chain.iter().map(|trip| trip.way.to_string()).collect();
    ways.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::storage::Way;

    fn trip(way: Way, began: u64, ended: u64) -> Trip {
        let (began, ended) = (Duration::from_millis(began), Duration::from_millis(ended));
        Trip { way, began, ended }
    }

    fn chain(trips: &[Trip]) -> String {
        spell(&longest(trips))
    }

    #[test]
    fn what_goes_on_beside_another_is_no_link() {
        let head = trip(Way::Get, 0, 25);
        let claim = trip(Way::Put, 25, 125);
        let marker = trip(Way::Put, 26, 126);
        let slot = trip(Way::Put, 127, 227);
        assert_eq!(chain(&[slot, marker, claim, head]), "GET, PUT, PUT");
        assert_eq!(chain(&[claim, marker]), "PUT");
        assert_eq!(chain(&[]), "");
    }

    #[test]
    fn many_short_requests_are_longer_than_one_that_lasts() {
        let lasting = trip(Way::List, 0, 1000);
        let short = (0..5).map(|n| trip(Way::Get, n * 20, n * 20 + 20));
        let trips: Vec<Trip> = [lasting].into_iter().chain(short).collect();
        assert_eq!(longest(&trips).len(), 5);
    }
}
