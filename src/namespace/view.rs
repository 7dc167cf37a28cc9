//! A view: one moment of a namespace, which never changes. Everything that one answer says comes
//! from one view.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use arrow_buffer::BooleanBuffer;

use super::segments::Segment;
use super::size::{self, Sizes};
use super::tail::{Latest, Tail};
use crate::eval::Block;
use crate::model::columns::Columns;
use crate::model::{DocId, Reads, Row, Schema, Seq, Warmth};

#[derive(Clone, Debug)]
pub struct View {
    tail: Tail,
    segments: Vec<Arc<Segment>>,
    /// Found out by the first who asks.
    living: OnceLock<Vec<Living>>,
    sizes: OnceLock<Sizes>,
}

/// A view, as one of those who look at it has it: what it waited for is its own.
#[derive(Clone, Debug)]
pub struct Glimpse {
    pub view: Arc<View>,
    pub warmth: Warmth,
    pub reads: Reads,
}

impl Glimpse {
    /// Nothing was waited for but the word that it is new enough.
    pub fn at_hand(view: &Arc<View>) -> Self {
        let warmth = Warmth { at_hand: view.segments().len() as u64, read: 0 };
        Self { view: view.clone(), warmth, reads: Reads::default() }
    }
}

impl Deref for Glimpse {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

/// A block of rows, and which of them are the newest of their id.
#[derive(Clone, Debug)]
pub struct Living {
    pub rows: Arc<Columns>,
    pub alive: BooleanBuffer,
}

impl Living {
    /// Its columns, to be asked a filter: of what is not alive, too.
    pub fn block(&self) -> Block<'_> {
        let ids = Block::new(&**self.rows.ids());
        let columns = self.rows.columns().iter();
        columns.fold(ids, |block, (number, (_, column))| block.with(*number, &**column))
    }
}

impl View {
    pub fn new(tail: Tail, segments: Vec<Arc<Segment>>) -> Self {
        Self { tail, segments, living: OnceLock::new(), sizes: OnceLock::new() }
    }

    pub fn schema(&self) -> &Arc<Schema> {
        self.tail.schema()
    }

    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// The first slot that is not in it.
    pub fn next(&self) -> Seq {
        self.tail.next()
    }

    /// Liveness is decided here and nowhere else: the newest version of each id, less what is deleted.
    pub fn living(&self) -> &[Living] {
        self.living.get_or_init(|| self.find_living())
    }

    /// How many documents there are.
    pub fn rows(&self) -> u64 {
        self.living().iter().map(|living| living.alive.count_set_bits() as u64).sum()
    }

    /// How much there is, as a bill would have it. Whoever asks first looks at every column.
    pub fn sizes(&self) -> &Sizes {
        self.sizes.get_or_init(|| {
            let (folded, tail) = self.living().split_at(self.segments.len());
            let of = |living| size::of(living, self.schema());
            Sizes { folded: of(folded), tail: of(tail) }
        })
    }

    fn find_living(&self) -> Vec<Living> {
        let mut living: Vec<Living> =
            self.segments.iter().map(|one| self.of_segment(one)).collect();
        for (block, rows) in self.tail.blocks().iter().enumerate() {
            living.push(Living { rows: rows.clone(), alive: self.tail.alive(block) });
        }
        living
    }

    fn of_segment(&self, segment: &Segment) -> Living {
        let mut dead = segment.deleted().clone();
        let hides = |latest: Latest| {
            !latest.is_gone() || !crate::mutant!("a deletion in the log hides no row of a segment")
        };
        let hidden = self.tail.ids().filter(|(_, latest)| hides(*latest));
        dead.extend(segment.find_all(hidden.map(|(id, _)| id)));
        let rows = segment.rows().clone();
        let alive = BooleanBuffer::collect_bool(rows.rows(), |row| !dead.contains(row as u32));
        Living { rows, alive }
    }

    /// The newest version of one document.
    pub fn get(&self, id: &DocId) -> Option<Row> {
        match self.tail.latest(id) {
            Some(Latest::At(place)) => Some(self.tail.row(place)),
            Some(Latest::Gone(_)) => None,
            None => self.segments.iter().find_map(|segment| segment.get(id)),
        }
    }
}
