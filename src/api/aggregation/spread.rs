//! How far values lie apart, in the words that both contracts have for it.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::model::aggregation::{Bounds, Spread};

/// Writes it beside the stats that it belongs to.
pub(in crate::api) fn spread_entries<M: SerializeMap>(
    map: &mut M,
    spread: &Spread,
) -> Result<(), M::Error> {
    for (name, figure) in [
        ("sum_of_squares", spread.sum_of_squares),
        ("variance", spread.variance),
        ("variance_population", spread.variance),
        ("variance_sampling", spread.variance_sampling),
        ("std_deviation", spread.deviation),
        ("std_deviation_population", spread.deviation),
        ("std_deviation_sampling", spread.deviation_sampling),
    ] {
        map.serialize_entry(name, &figure)?;
    }
    let bounds = AroundMean { population: spread.bounds, sampling: spread.bounds_sampling };
    map.serialize_entry("std_deviation_bounds", &bounds)
}

struct AroundMean {
    population: Option<Bounds>,
    sampling: Option<Bounds>,
}

impl Serialize for AroundMean {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        for (upper, lower, bounds) in [
            ("upper", "lower", self.population),
            ("upper_population", "lower_population", self.population),
            ("upper_sampling", "lower_sampling", self.sampling),
        ] {
            map.serialize_entry(upper, &bounds.map(|bounds| bounds.upper))?;
            map.serialize_entry(lower, &bounds.map(|bounds| bounds.lower))?;
        }
        map.end()
    }
}
