//! Where the newest version of each id lies, for a tail that grows while views of it are read.
//!
//! A layer for each slot, and small ones put together: so an id is looked for in a handful of them. A
//! layer never changes once it is shared, so a copy of the whole costs a few pointers; and none grows so
//! large that to put two together, or to cut one where a fold ends, is felt by whoever waits meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::model::{DocId, Seq};

/// What a tail says of an id, and which slot says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latest {
    At(Place),
    Gone(Seq),
}

/// A row of the tail: of which slot, which of its blocks, and where there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub seq: Seq,
    pub block: u32,
    pub row: u32,
}

/// The ids of some slots that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    first: Seq,
    ids: HashMap<DocId, Latest, FixedState>,
}

/// What an id takes here besides its text.
pub(super) const ENTRY_BYTES: u64 = 64;
/// Two layers are not put together beyond: a millisecond or two.
const LAYER_IDS_MAX: usize = 1 << 14;

#[derive(Clone, Debug, Default)]
pub(super) struct Newest {
    layers: Vec<Arc<Layer>>,
}

impl Latest {
    fn seq(self) -> Seq {
        match self {
            Self::At(Place { seq, .. }) | Self::Gone(seq) => seq,
        }
    }

    pub fn is_gone(self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

impl Layer {
    /// Of one slot. What it says later stands.
    pub(super) fn of(seq: Seq, said: impl Iterator<Item = (DocId, Latest)>) -> Self {
        Self { first: seq, ids: said.collect() }
    }
}

impl Newest {
    /// What the layer of a later slot says stands over all that was said before.
    pub(super) fn add(&mut self, layer: &Arc<Layer>) {
        if layer.ids.is_empty() {
            return;
        }
        let mut layer = layer.clone();
        let small = |older: &Layer, layer: &Layer| {
            let (older, new) = (older.ids.len(), layer.ids.len());
            older <= 2 * new && older + new <= LAYER_IDS_MAX
        };
        while let Some(older) = self.layers.pop_if(|older| small(older, &layer)) {
            let mut merged = Arc::unwrap_or_clone(older);
            match Arc::try_unwrap(layer) {
                Ok(layer) => merged.ids.extend(layer.ids),
                Err(shared) => {
                    merged.ids.extend(shared.ids.iter().map(|(id, latest)| (id.clone(), *latest)));
                }
            }
            layer = Arc::new(merged);
        }
        self.layers.push(layer);
    }

    /// What the slots from there on say.
    pub(super) fn since(&self, floor: Seq) -> Self {
        let mut layers = Vec::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let next = self.layers.get(at + 1).map(|next| next.first);
            if layer.first >= floor {
                layers.push(layer.clone());
            } else if next.is_none_or(|next| next > floor) {
                let said = layer.ids.iter().filter(|(_, latest)| latest.seq() >= floor);
                let said = said.map(|(id, latest)| (id.clone(), *latest));
                layers.push(Arc::new(Layer::of(floor, said)));
            }
        }
        layers.retain(|layer| !layer.ids.is_empty());
        Self { layers }
    }

    pub(super) fn get(&self, id: &DocId) -> Option<Latest> {
        if crate::mutant!("the oldest version in the log stands") {
            return self.layers.iter().find_map(|layer| layer.ids.get(id)).copied();
        }
        self.layers.iter().rev().find_map(|layer| layer.ids.get(id)).copied()
    }

    /// Every id, in no order, and once for each layer that says something of it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&DocId, Latest)> {
        self.layers.iter().flat_map(|layer| layer.ids.iter().map(|(id, latest)| (id, *latest)))
    }

    /// Every id once, in order.
    pub(super) fn sorted(&self) -> Vec<(&DocId, Latest)> {
        let mut all: Vec<(&DocId, Latest)> = self.all().collect();
        all.sort_unstable_by(|(one, one_is), (other, other_is)| {
            one.cmp(other).then(other_is.seq().cmp(&one_is.seq()))
        });
        all.dedup_by(|older, newer| older.0 == newer.0);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(seq: Seq, row: u32) -> Latest {
        Latest::At(Place { seq, block: 0, row })
    }

    type Said = BTreeMap<DocId, Latest>;

    fn newest_of(newest: &Newest) -> Said {
        newest.sorted().into_iter().map(|(id, latest)| (id.clone(), latest)).collect()
    }

    proptest! {
        #[test]
        fn it_says_what_one_map_would(
            slots in prop::collection::vec(
                prop::collection::vec((0..64_u64, any::<Option<u32>>()), 0..40), 0..20,
            ),
            floor in 0..20_u64,
        ) {
            let (mut newest, mut model) = (Newest::default(), Said::new());
            for (seq, said) in (0..).map(Seq).zip(slots) {
                let said = said.into_iter().map(|(id, row)| {
                    (DocId::Uint(id), row.map_or(Latest::Gone(seq), |row| at(seq, row)))
                });
                let said: Vec<(DocId, Latest)> = said.collect();
                model.extend(said.iter().cloned());
                let before = newest.clone();
                let held = newest_of(&before);
                newest.add(&Arc::new(Layer::of(seq, said.into_iter())));
                // Whoever shares the former ones still has them.
                prop_assert_eq!(held, newest_of(&before));
                prop_assert_eq!(newest.sorted().len(), model.len());
                prop_assert_eq!(&newest_of(&newest), &model);
                prop_assert!(newest.sorted().is_sorted_by_key(|(id, _)| *id));
                let all: std::collections::BTreeSet<&DocId> =
                    newest.all().map(|(id, _)| id).collect();
                prop_assert!(all.into_iter().eq(model.keys()));
                for id in (0..64).map(DocId::Uint) {
                    prop_assert_eq!(newest.get(&id), model.get(&id).copied());
                }
                for pair in newest.layers.windows(2) {
                    prop_assert!(pair[0].ids.len() > 2 * pair[1].ids.len());
                }
            }
            model.retain(|_, latest| latest.seq() >= Seq(floor));
            let since = newest.since(Seq(floor));
            prop_assert_eq!(&newest_of(&since), &model);
            // What is cut goes on.
            let mut since = since;
            let (id, said) = (DocId::Uint(7), at(Seq(99), 0));
            since.add(&Arc::new(Layer::of(Seq(99), [(id.clone(), said)].into_iter())));
            model.insert(id, said);
            prop_assert_eq!(newest_of(&since), model);
        }
    }

    #[test]
    fn layers_grow_no_larger_than_is_put_together_without_being_felt() {
        let mut newest = Newest::default();
        for seq in 0..200 {
            let ids = (0..500).map(|n| (DocId::Uint(1000 * seq + n), at(Seq(seq), n as u32)));
            newest.add(&Arc::new(Layer::of(Seq(seq), ids)));
        }
        let lengths: Vec<usize> = newest.layers.iter().map(|layer| layer.ids.len()).collect();
        assert_eq!(lengths.iter().sum::<usize>(), 100_000);
        assert!(lengths.iter().all(|length| *length <= LAYER_IDS_MAX), "{lengths:?}");
        // All but the last few are of that size, more or less.
        assert!(lengths.len() <= 2 * 100_000 / LAYER_IDS_MAX + 8, "{lengths:?}");
    }
}
