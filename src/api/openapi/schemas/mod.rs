//! The schemas that have a name: what is common to all, then by what they are about.

mod aggregations;
mod common;
mod namespaces;
mod own;
mod own_aggregations;
mod queries;
mod ranks;
mod summaries;
mod writes;

use serde_json::{Map, Value};

pub(super) fn all() -> Map<String, Value> {
    let rooms = [
        common::all(),
        namespaces::all(),
        writes::all(),
        ranks::all(),
        aggregations::all(),
        queries::all(),
        own::all(),
        own_aggregations::all(),
        summaries::all(),
    ];
    let schemas = rooms.into_iter().flatten();
    schemas.map(|(name, schema)| (name.to_owned(), schema)).collect()
}
