//! Habits: what the clients of a run wish for, and how often.

use std::fmt;

use crate::world::plan::Chance;
use crate::world::words::Kind;

/// What a wish is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Put,
    Patch,
    Delete,
    /// Several of these in one change.
    Mix,
    /// To raise a counter: it is read, and then changed if it is what was seen.
    Raise,
    /// Only where nothing is.
    Insert,
    /// Only what has a lower count.
    Grow,
    /// To delete what is found, or to patch it, or both, beside what is named.
    Find,
    /// To make a name that must not be there, or must, or need not have a document.
    Create,
    /// To declare, or to drop, a fickle attribute.
    Schema,
    /// To declare one by the verb that there is for it.
    Declare,
    /// That the name takes no writes: until somebody is turned away, who has it take them again.
    Freeze,
    /// How many nodes are to be set aside for the name.
    Pin,
    /// What must be refused.
    Wrong,
    /// A request that has a key, sent once more, be it answered or not.
    Repeat,
    End,
    ReadAll,
    ReadOne,
    ReadBelow,
    ReadNear,
    /// What the name is beside its documents.
    Look,
    List,
}

/// How often each is wished for, where a run is not partial to any.
const USUAL: [(Deed, usize); 22] = [
    (Deed::Put, 14),
    (Deed::Patch, 10),
    (Deed::Delete, 6),
    (Deed::Mix, 8),
    (Deed::Raise, 16),
    (Deed::Insert, 5),
    (Deed::Grow, 6),
    (Deed::Find, 6),
    (Deed::Create, 2),
    (Deed::Schema, 5),
    (Deed::Declare, 2),
    (Deed::Freeze, 1),
    (Deed::Pin, 1),
    (Deed::Wrong, 3),
    (Deed::Repeat, 5),
    (Deed::End, 1),
    (Deed::ReadAll, 14),
    (Deed::ReadOne, 8),
    (Deed::ReadBelow, 4),
    (Deed::ReadNear, 5),
    (Deed::Look, 3),
    (Deed::List, 3),
];
/// How many times as often as usual what a run is partial to is wished for.
const PARTIAL: usize = 4;
/// Of so many seeds, one has a batch that is too large for a slot.
const LARGE_SEEDS: usize = 25;

#[derive(Clone, Debug)]
pub(crate) struct Habits {
    pub(crate) weights: Vec<(Deed, usize)>,
    /// Documents of a name have ids below it, but for those of a large batch.
    pub(crate) ids: usize,
    /// In one part of a change.
    pub(crate) rows_max: usize,
    pub(crate) text_bytes_max: usize,
    /// The chance that a change has a key, that a part of it has a condition, that a document has a
    /// fickle attribute.
    pub(crate) keyed: f64,
    pub(crate) conditional: f64,
    pub(crate) fickle: f64,
    /// As what such an attribute comes: few, so that most agree on it.
    pub(crate) kinds: [Kind; 3],
    /// The chance that a name has vectors from its first document on, and of how many numbers.
    pub(crate) vectors: f64,
    pub(crate) dims: u32,
    /// The chance that a read is content with less than the newest, that it asks for a slot.
    pub(crate) eventual: f64,
    pub(crate) min_seq: f64,
    /// Requests that a client sends at the same time.
    pub(crate) together_max: usize,
    /// How often a client comes again.
    pub(crate) retries: usize,
    /// Which wish of the first client is a large batch.
    pub(crate) large_at: Option<usize>,
}

impl Habits {
    /// Of clients that have so many turns.
    pub(crate) fn drawn(root: &Chance, turns: usize) -> Self {
        let weight = |(deed, usual): (Deed, usize)| {
            let mut chance = root.fork(&format!("{deed:?}"));
            // Without these nothing would be there, or be seen.
            let least = usize::from(matches!(deed, Deed::Put | Deed::ReadAll));
            (deed, usual * chance.one_of(&[0_usize, 1, 1, PARTIAL]).max(least))
        };
        let mut size = root.fork("size");
        let mut chances = root.fork("chances");
        let mut crowd = root.fork("crowd");
        let mut large = root.fork("large");
        let mut vectors = root.fork("vectors");
        let (mut kinds, all) = (root.fork("kinds"), Vec::from_iter(Kind::fickle()));
        Self {
            weights: USUAL.into_iter().map(weight).collect(),
            ids: size.one_of(&[3, 8, 20, 40]),
            rows_max: size.one_of(&[1, 3, 8]),
            text_bytes_max: size.one_of(&[8, 64, 64, 300, 3_000]),
            keyed: chances.one_of(&[0.0, 0.33, 0.33, 0.9]),
            conditional: chances.one_of(&[0.0, 0.2, 0.7]),
            fickle: chances.one_of(&[0.0, 0.2, 0.6]),
            kinds: [(); 3].map(|()| kinds.one_of(&all)),
            vectors: vectors.one_of(&[0.0, 0.5, 0.9]),
            dims: vectors.one_of(&[2, 3, 4]),
            eventual: chances.one_of(&[0.0, 0.2, 0.6]),
            min_seq: chances.one_of(&[0.0, 0.2, 0.6]),
            together_max: crowd.one_of(&[1, 2, 4]),
            retries: crowd.one_of(&[0, 2, 4, 4]),
            large_at: (large.below(LARGE_SEEDS) == 0).then(|| large.below(turns / 2 + 1)),
        }
    }

    pub(crate) fn wishes_for(&self, deed: Deed) -> bool {
        self.weights.iter().any(|(known, weight)| *known == deed && *weight > 0)
    }

    /// Partial to one deed, and to others as before.
    pub(crate) fn prefer(&mut self, deed: Deed) {
        let usual = USUAL.into_iter().find(|(known, _)| *known == deed).map(|(_, usual)| usual);
        for (_, weight) in self.weights.iter_mut().filter(|(known, _)| *known == deed) {
            *weight = PARTIAL * usual.unwrap_or_default();
        }
    }
}

impl fmt::Display for Habits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ids, rows_max, text_bytes_max, keyed, conditional, fickle, .. } = self;
        let Self { eventual, min_seq, together_max, retries, large_at, .. } = self;
        let Self { kinds, vectors, dims, .. } = self;
        let some = self.weights.iter().filter(|(_, weight)| *weight > 0);
        let some: Vec<String> = some.map(|(deed, weight)| format!("{weight} {deed:?}")).collect();
        write!(
            f,
            "{}; {ids} ids, {rows_max} rows and {text_bytes_max} bytes of text at most; {keyed} \
             keyed, {conditional} conditional, {fickle} fickle as {kinds:?}, {eventual} eventual, \
             {min_seq} min_seq, {vectors} of lives with vectors of {dims}; {together_max} at a time, \
             {retries} retries; large at {large_at:?}",
            some.join(", ")
        )
    }
}
