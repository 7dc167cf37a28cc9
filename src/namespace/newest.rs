//! Where the newest version of each id lies, for a tail that grows while views of it are read.
//!
//! A few maps, the newest last, each more than twice as large as the next: an id is looked for in a
//! handful of them, and moved as often, however many slots there are. A map never changes once it is
//! shared, so a copy of the whole costs a few pointers.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::model::DocId;

/// What a tail says of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latest {
    At { block: u32, row: u32 },
    Gone,
}

pub(super) type Layer = HashMap<DocId, Latest, BuildHasherDefault<seahash::SeaHasher>>;

/// What an id takes here besides its text.
pub(super) const ENTRY_BYTES: u64 = 64;

#[derive(Clone, Debug, Default)]
pub(super) struct Newest {
    layers: Vec<Arc<Layer>>,
}

impl Newest {
    /// What a layer says stands over all that was said before.
    pub(super) fn add(&mut self, mut layer: Layer) {
        if layer.is_empty() {
            return;
        }
        while let Some(older) = self.layers.pop_if(|older| older.len() <= 2 * layer.len()) {
            let mut merged = Arc::unwrap_or_clone(older);
            merged.extend(layer);
            layer = merged;
        }
        self.layers.push(Arc::new(layer));
    }

    pub(super) fn get(&self, id: &DocId) -> Option<Latest> {
        if crate::mutant!("the oldest version in the log stands") {
            return self.layers.iter().find_map(|layer| layer.get(id)).copied();
        }
        self.layers.iter().rev().find_map(|layer| layer.get(id)).copied()
    }

    /// Every id once, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&DocId, Latest)> {
        self.layers.iter().enumerate().flat_map(move |(at, layer)| {
            let newer = &self.layers[at + 1..];
            let newest = move |(id, latest): (&'_ DocId, &Latest)| {
                let hidden = newer.iter().any(|layer| layer.contains_key(id));
                (!hidden).then_some(*latest)
            };
            layer.iter().filter_map(move |(id, latest)| Some((id, newest((id, latest))?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_one_map_would(
            layers in prop::collection::vec(
                prop::collection::vec((0..64_u64, any::<Option<u32>>()), 0..40), 0..20,
            ),
        ) {
            let (mut newest, mut model) = (Newest::default(), BTreeMap::new());
            for layer in layers {
                let said = |(id, row): (u64, Option<u32>)| {
                    let latest = row.map_or(Latest::Gone, |row| Latest::At { block: 0, row });
                    (DocId::Uint(id), latest)
                };
                let layer: Layer = layer.into_iter().map(said).collect();
                model.extend(layer.clone());
                let before = newest.clone();
                let held: BTreeMap<_, _> = before.iter().map(|(id, it)| (id.clone(), it)).collect();
                newest.add(layer);
                // Whoever shares the former ones still has them.
                let same: BTreeMap<_, _> = before.iter().map(|(id, it)| (id.clone(), it)).collect();
                prop_assert_eq!(held, same);
                let now: Vec<_> = newest.iter().collect();
                prop_assert_eq!(now.len(), model.len());
                for (id, latest) in now {
                    prop_assert_eq!(model.get(id), Some(&latest));
                }
                for id in (0..64).map(DocId::Uint) {
                    prop_assert_eq!(newest.get(&id), model.get(&id).copied());
                }
                for pair in newest.layers.windows(2) {
                    prop_assert!(pair[0].len() > 2 * pair[1].len());
                }
            }
        }
    }
}
