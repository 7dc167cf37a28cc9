//! The schemas that have a name: what is common to all, then by what they are about.

mod common;
mod namespaces;
mod own;
mod queries;
mod ranks;
mod writes;

use serde_json::{Map, Value};

pub(super) fn all() -> Map<String, Value> {
    let rooms =
        [common::all(), namespaces::all(), writes::all(), ranks::all(), queries::all(), own::all()];
    let schemas = rooms.into_iter().flatten();
    schemas.map(|(name, schema)| (name.to_owned(), schema)).collect()
}
