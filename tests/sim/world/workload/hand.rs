//! A hand that draws one wish: from the habits of the run, its own dice, and what its client knows.

mod fickle;
mod found;

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use elacsym::model::{Create, Metric, Pinning, Pressure, ReadOnly};

use super::habits::{Deed, Habits};
use super::seen::{Known, Last};
use crate::world::plan::Chance;
use crate::world::values::Sample;
use crate::world::words::{
    COUNT, Change, Datum, Doc, FICKLE, If, Kind, MARK, METRIC, Newest, Read, Searched, TEXT,
    VECTOR, Wish, Without, beside,
};

const COUNTS: usize = 12;
/// Counters are few, so that many raise the same.
const COUNTERS: usize = 4;
/// So many rows of so many bytes are more than a slot takes in one piece.
const LARGE_ROWS: u64 = 1_100;
const LARGE_TEXT_BYTES: usize = 4_000;
/// Where the documents of a large batch are, and no others.
const LARGE_IDS: Range<u64> = 10_000..10_000 + LARGE_ROWS;
/// Numbers of a vector are below that, so that many are equally far.
const NUMBERS: usize = 6;
/// What texts are made of.
const LETTERS: [&str; 4] = ["a", "k", "z", "é"];
/// How many are asked for, of the nearest.
const NEAREST: (usize, usize) = (1, 6);
/// The chance that a document of a name with vectors has one, for each of them, and that one is of another
/// length.
const HAS_VECTOR: f64 = 0.8;
const ODD_VECTOR: f64 = 0.02;
/// The chance that a change is about how texts are searched, and that a read is by a word: of so many letters
/// at most.
const SEARCHED: f64 = 0.4;
const ASKS_WORDS: f64 = 0.5;
const WORD_LETTERS_MAX: usize = 6;
/// The chance that a change without a key is not to be held up, that it says by what vectors are measured,
/// and that this is wrong where there are any.
const LIFTS: f64 = 0.15;
const SAYS_METRIC: f64 = 0.1;
const ODD_METRIC: f64 = 0.2;
/// The chance that a change which puts documents has to name all vectors, and that it leaves out those that
/// they are without.
const NAMES_VECTORS: f64 = 0.5;
const LEAVES_OUT: f64 = 0.08;
const STALENESS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(3600)];

pub(super) struct Hand<'a> {
    pub(super) habits: &'a Habits,
    pub(super) chance: Chance,
    pub(super) known: Known,
    /// What is written is marked with it.
    pub(super) no: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Puts,
    Patches,
    Deletes,
}

impl Hand<'_> {
    /// A repetition is not drawn: whoever has something to repeat does.
    pub(super) fn wish(&mut self, deed: Deed) -> Wish {
        let mut wish = self.bare_wish(deed);
        if let Wish::Change { change, key } = &mut wish {
            self.add_vectors(change);
            self.add_without(change);
            self.add_words(change);
            self.add_metric(change);
            Self::add_kinds(change);
            // With it, too, it would be the same request under its key.
            if key.is_none() && self.chance.fork("pressure").happens(LIFTS) {
                change.pressure = Pressure::Lifted;
            }
        }
        wish
    }

    /// The name takes writes again.
    pub(super) fn thaw() -> Wish {
        Wish::Set(Change { read_only: Some(ReadOnly::No), ..Change::default() })
    }

    fn bare_wish(&mut self, deed: Deed) -> Wish {
        match deed {
            Deed::Put | Deed::Repeat => self.change(|hand| hand.part(Part::Puts)),
            Deed::Patch => self.change(|hand| hand.part(Part::Patches)),
            Deed::Delete => self.change(|hand| hand.part(Part::Deletes)),
            Deed::Mix => self.change(Self::mix),
            Deed::Insert => self.change(Self::insert),
            Deed::Grow => self.change(Self::grow),
            Deed::Find => self.change(Self::find),
            Deed::Create => self.change(Self::create),
            Deed::Schema => match self.searched() {
                None => self.change(Self::schema),
                searched => self.change(|_| Change { searched, ..Change::default() }),
            },
            Deed::Declare => {
                if let searched @ Some(_) = self.searched() {
                    return Wish::Set(Change { searched, ..Change::default() });
                }
                let attribute = self.chance.one_of(&FICKLE);
                let declare = vec![(attribute, self.kind(attribute))];
                Wish::Set(Change { declare, ..Change::default() })
            }
            Deed::Freeze => {
                Wish::Set(Change { read_only: Some(ReadOnly::Yes), ..Change::default() })
            }
            Deed::Pin => {
                let replicas = NonZeroU32::new(self.chance.below(3) as u32);
                let pinning = Some(replicas.map_or(Pinning::None, Pinning::Replicas));
                Wish::Set(Change { pinning, ..Change::default() })
            }
            Deed::Wrong => self.change(Self::wrong),
            Deed::Raise => self.raise(),
            Deed::End => Wish::End,
            Deed::ReadAll => self.read(Read::All),
            Deed::ReadOne => {
                let id = self.id();
                self.read(Read::One(id))
            }
            Deed::ReadBelow => {
                let bound = self.chance.below(COUNTS) as i64;
                let word = self.word();
                self.read(word.map_or(Read::CountBelow(bound), Read::Says))
            }
            Deed::ReadNear => {
                let read = self.near();
                self.read(read)
            }
            Deed::Look => Wish::Look,
            Deed::List => Wish::List,
        }
    }

    /// More than a slot takes in one piece: it travels in chunks.
    pub(super) fn large(&mut self) -> Wish {
        self.change(|hand| {
            let text = Datum::Text("large".repeat(LARGE_TEXT_BYTES / 5));
            let doc = Doc::from([(MARK, Datum::Int(hand.no)), (TEXT, text)]);
            Change { puts: LARGE_IDS.map(|id| (id, doc.clone())).collect(), ..Change::default() }
        })
    }

    /// It would be dear to see it in every answer from now on.
    pub(super) fn no_more_large(&mut self) -> Wish {
        self.change(|_| Change { deletes: LARGE_IDS.collect(), ..Change::default() })
    }

    fn change(&mut self, draw: impl FnOnce(&mut Self) -> Change) -> Wish {
        let key = self.chance.happens(self.habits.keyed).then(|| format!("key {}", self.no));
        Wish::Change { change: draw(self), key }
    }

    fn part(&mut self, part: Part) -> Change {
        let mut change = Change::default();
        let ids = self.ids();
        self.add(&mut change, part, &ids);
        change
    }

    fn add(&mut self, change: &mut Change, part: Part, ids: &[u64]) {
        if ids.is_empty() {
            return;
        }
        let condition = self.condition(part, ids[0]);
        match part {
            Part::Puts => {
                change.puts = ids.iter().map(|id| (*id, self.doc(condition))).collect();
                change.put_if = condition;
            }
            Part::Patches => {
                change.patches = ids.iter().map(|id| (*id, self.doc(condition))).collect();
                change.patch_if = condition;
            }
            Part::Deletes => {
                change.deletes = ids.to_vec();
                change.delete_if = condition;
            }
        }
    }

    /// Each id in one part of it.
    fn mix(&mut self) -> Change {
        let mut change = Change::default();
        if self.chance.happens(self.habits.fickle / 2.0) {
            change = self.schema();
        }
        let taken: BTreeSet<u64> = change.puts.iter().map(|(id, _)| *id).collect();
        let mut ids = self.ids();
        ids.extend(self.ids());
        ids.retain(|id| !taken.contains(id));
        let mut parts = vec![(Part::Patches, Vec::new()), (Part::Deletes, Vec::new())];
        if change.puts.is_empty() {
            parts.push((Part::Puts, Vec::new()));
        }
        for id in BTreeSet::from_iter(ids) {
            let part = self.chance.below(parts.len());
            parts[part].1.push(id);
        }
        for (part, ids) in parts {
            self.add(&mut change, part, &ids);
        }
        change
    }

    fn insert(&mut self) -> Change {
        let puts = self.ids().into_iter().map(|id| (id, self.doc(If::Absent))).collect();
        Change { puts, put_if: If::Absent, ..Change::default() }
    }

    fn grow(&mut self) -> Change {
        let part = self.chance.one_of(&[Part::Puts, Part::Patches]);
        let docs = self.ids().into_iter().map(|id| (id, self.doc(If::CountGrows))).collect();
        match part {
            Part::Patches => {
                Change { patches: docs, patch_if: If::CountGrows, ..Change::default() }
            }
            _ => Change { puts: docs, put_if: If::CountGrows, ..Change::default() },
        }
    }

    /// Whoever says how a name is to be made mostly finds one that is there.
    fn create(&mut self) -> Change {
        let create = self.chance.one_of(&[Create::Always, Create::New, Create::Never]);
        let bare = create == Create::Always && self.chance.happens(0.5);
        let change = if bare { Change::default() } else { self.part(Part::Puts) };
        Change { create, ..change }
    }

    /// As counters are raised where there is no verb for it: whoever does not know how it stands reads
    /// it first.
    fn raise(&mut self) -> Wish {
        let id = self.chance.zipf(self.habits.ids.min(COUNTERS)) as u64;
        let (condition, count) = match self.known.last(id) {
            None => {
                return Wish::Read { read: Read::One(id), newest: Newest::Strong, min_seq: None };
            }
            Some(Last::Gone) => (If::Absent, 0),
            Some(Last::Bare) => (If::CountGrows, 1),
            Some(Last::Count(count)) => (If::CountIs(count), count + 1),
        };
        self.change(|hand| {
            let mut doc = hand.bare();
            doc.insert(COUNT, Datum::Int(count));
            let docs = vec![(id, doc)];
            if condition == If::Absent || hand.chance.happens(0.2) {
                Change { puts: docs, put_if: condition, ..Change::default() }
            } else {
                Change { patches: docs, patch_if: condition, ..Change::default() }
            }
        })
    }

    fn read(&mut self, read: Read) -> Wish {
        let newest = if self.chance.happens(self.habits.eventual) {
            Newest::Eventual { max_staleness: self.chance.one_of(&STALENESS) }
        } else {
            Newest::Strong
        };
        let min_seq = if self.chance.happens(self.habits.min_seq) {
            let told = self.chance.one_of(&[self.known.told, self.known.heard]);
            // Of a slot that nobody was told of there may be none.
            let beyond = if self.chance.happens(0.05) { self.chance.below(4) as u64 } else { 0 };
            told.map(|seq| seq + beyond)
        } else {
            None
        };
        Wish::Read { read, newest, min_seq }
    }

    /// Where there are no vectors, it is mostly all that is asked for.
    fn near(&mut self) -> Read {
        let dims = match self.known.kind(VECTOR) {
            Some(Kind::Vector(dims)) => dims,
            _ if self.chance.happens(0.1) => self.habits.dims,
            _ => return Read::All,
        };
        let vector = self.numbers(dims);
        Read::Nearest { vector, limit: self.chance.between(NEAREST.0, NEAREST.1) }
    }

    /// Whether, from now on, texts can be searched by their words. None: that stays as it is.
    fn searched(&self) -> Option<Searched> {
        let mut chance = self.chance.fork("searched");
        let says = chance.happens(SEARCHED);
        says.then(|| chance.one_of(&[Searched::Yes, Searched::Yes, Searched::No]))
    }

    /// One that a text may be. None: something else is asked for.
    fn word(&self) -> Option<String> {
        let mut chance = self.chance.fork("word");
        let asks = chance.happens(ASKS_WORDS);
        asks.then(|| chance.one_of(&LETTERS).repeat(1 + chance.zipf(WORD_LETTERS_MAX)))
    }

    /// Whoever makes a name often says that its texts can be searched.
    fn add_words(&self, change: &mut Change) {
        let says = self.chance.fork("words").happens(SEARCHED);
        if self.known.is_new() && !change.puts.is_empty() && says {
            change.searched = Some(Searched::Yes);
        }
    }

    /// By what vectors are measured is said for nothing, and now and then wrongly: never where one comes
    /// along that nobody declared.
    fn add_metric(&self, change: &mut Change) {
        let mut chance = self.chance.fork("metric of all");
        let has = change.puts.iter().any(|(_, doc)| doc.contains_key(VECTOR));
        if change.metric.is_none() && chance.happens(SAYS_METRIC) {
            let odd = chance.happens(ODD_METRIC) && !has;
            change.metric = Some(if odd { Metric::Cosine } else { METRIC });
        }
    }

    /// Whoever makes a name says whether it has vectors, of all types then, and most of its documents do.
    fn add_vectors(&mut self, change: &mut Change) {
        let dims = match self.known.kind(VECTOR) {
            Some(Kind::Vector(dims)) => dims,
            _ if self.known.is_new()
                && !change.puts.is_empty()
                && self.chance.happens(self.habits.vectors) =>
            {
                if self.chance.fork("metric").happens(0.5) {
                    // The first document that has one says of how many numbers.
                    change.metric = Some(METRIC);
                } else {
                    change.declare.push((VECTOR, Kind::Vector(self.habits.dims)));
                }
                // Those that no document of this change has would never come.
                change.declare.extend(beside().map(|(name, of)| (name, Kind::Other(of))));
                self.habits.dims
            }
            _ => return,
        };
        for (_, doc) in &mut change.puts {
            if self.chance.happens(HAS_VECTOR) {
                let odd = self.chance.happens(ODD_VECTOR);
                let vector = self.numbers(dims + u32::from(odd));
                doc.insert(VECTOR, Datum::Vector(vector));
            }
        }
        self.add_beside(change);
    }

    fn add_without(&self, change: &mut Change) {
        let mut chance = self.chance.fork("without");
        if !change.puts.is_empty() && chance.happens(NAMES_VECTORS) {
            let leaves_out = chance.happens(LEAVES_OUT);
            change.without = if leaves_out { Without::LeftOut } else { Without::Null };
        }
    }

    fn add_beside(&self, change: &mut Change) {
        let mut chance = self.chance.fork("beside");
        for (_, doc) in &mut change.puts {
            for (name, of) in beside() {
                if chance.happens(HAS_VECTOR) {
                    let samples: Vec<Sample> = of.samples().collect();
                    doc.insert(name, Datum::Other(chance.one_of(&samples)));
                }
            }
        }
    }

    fn numbers(&mut self, dims: u32) -> Vec<i8> {
        (0..dims).map(|_| self.chance.below(NUMBERS) as i8).collect()
    }

    fn condition(&mut self, part: Part, id: u64) -> If {
        if !self.chance.happens(self.habits.conditional) {
            return If::Always;
        }
        let count = match self.known.last(id) {
            Some(Last::Count(count)) => count,
            _ => self.chance.below(COUNTS) as i64,
        };
        let is = If::CountIs(count);
        match part {
            Part::Puts => self.chance.one_of(&[is, is, If::CountGrows, If::Absent]),
            Part::Patches => self.chance.one_of(&[is, is, If::CountGrows]),
            Part::Deletes => is,
        }
    }

    /// What is asked of a document that comes is in it.
    fn doc(&mut self, condition: If) -> Doc {
        let mut doc = self.bare();
        let counted = matches!(condition, If::CountGrows | If::Absent);
        if counted || self.chance.happens(0.85) {
            doc.insert(COUNT, Datum::Int(self.chance.below(COUNTS) as i64));
        }
        if self.chance.happens(0.4) {
            doc.insert(TEXT, self.text());
        }
        if self.chance.happens(self.habits.fickle) {
            let attribute = self.chance.one_of(&FICKLE);
            let kind = self.kind(attribute);
            doc.insert(attribute, self.fickle(kind));
        }
        doc
    }

    fn bare(&self) -> Doc {
        Doc::from([(MARK, Datum::Int(self.no))])
    }

    fn text(&mut self) -> Datum {
        let bytes = self.chance.zipf(self.habits.text_bytes_max + 1);
        let letter = self.chance.one_of(&LETTERS);
        Datum::Text(letter.repeat(bytes / letter.len()))
    }

    fn id(&mut self) -> u64 {
        self.chance.zipf(self.habits.ids) as u64
    }

    /// Some, none twice.
    fn ids(&mut self) -> Vec<u64> {
        let rows = self.chance.between(1, self.habits.rows_max.min(self.habits.ids));
        let all = self.habits.ids as u64;
        let mut ids = Vec::with_capacity(rows);
        while ids.len() < rows {
            let mut id = self.id();
            while ids.contains(&id) {
                id = (id + 1) % all;
            }
            ids.push(id);
        }
        ids
    }
}
