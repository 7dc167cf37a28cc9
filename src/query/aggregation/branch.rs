//! What an aggregation holds of the documents that it has seen, and what those below it hold. Two of
//! them are merged into one of all their documents, in any grouping the same.

use serde::{Deserialize, Serialize};

use super::cell::{Cell, int_of_rank, of_rank, rank_of_int};
use super::column::{Cells, Column, Elements, Placed, Run, float, int, truth, uint, word};
use super::distinct::AllDistinct;
use super::keyed::Keyed;
use super::moments::Moments;
use super::node::{Edges, Node, Over};
use super::quantiles::AllQuantiles;
use super::reading::{Reading, Seen};
use super::room::{Full, Room};
use super::slots::Slots;
use super::steps::STEP_MAX;
use super::words::WordBook;
use crate::error::{Error, Result};
use crate::model::Scalar;
use crate::model::aggregation::Metric;

/// So many are handed on to what is below at once, at least.
const HANDED_ON: usize = 16_384;
/// Whatever rows bring, no more than this goes unreserved, beside the one that is in the hand.
const UNHELD_BYTES: usize = 1 << 20;
/// In microseconds from 1970: beyond the years that there are, by the longest intervals and offsets.
const BEGIN_MAX: u64 = 1 << 61;

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) held: Held,
    pub(super) below: Vec<Branch>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Held {
    Moments(Moments),
    Quantiles(AllQuantiles),
    Distinct(AllDistinct),
    Keyed(Keyed),
    Slots(Slots),
}

impl Branch {
    pub(super) fn nothing(node: &Node) -> Self {
        let held = match &node.over {
            Over::Metric(_, Metric::Percentiles { .. }) => Held::Quantiles(AllQuantiles::default()),
            Over::Metric(_, Metric::Cardinality { .. }) => Held::Distinct(AllDistinct::default()),
            Over::Metric(..) => Held::Moments(Moments::default()),
            Over::Terms(..) | Over::Histogram(..) | Over::DateHistogram(..) => {
                Held::Keyed(Keyed::default())
            }
            Over::Range(..) | Over::Filters(_) => Held::Slots(Slots::default()),
        };
        Self { held, below: node.below.iter().map(Self::nothing).collect() }
    }

    /// All that is held, the branch itself before what is below it.
    pub(super) fn flat<'a>(&'a self, out: &mut Vec<&'a Held>) {
        out.push(&self.held);
        self.below.iter().for_each(|branch| branch.flat(out));
    }

    /// The way back. None: there is not enough of it.
    pub(super) fn of_flat(node: &Node, held: &mut impl Iterator<Item = Held>) -> Option<Self> {
        let own = held.next()?;
        let below = node.below.iter().map(|node| Self::of_flat(node, &mut *held));
        Some(Self { held: own, below: below.collect::<Option<_>>()? })
    }

    pub(super) fn collect(
        &mut self,
        node: &Node,
        reading: &Reading<'_>,
        places: &[Placed],
        room: &mut Room,
    ) -> Result<()> {
        let before = self.held.bytes();
        match (&mut self.held, &node.over, &reading.seen) {
            (Held::Moments(moments), Over::Metric(column, metric), Seen::Elements(elements)) => {
                moments.collect(metric, column, elements, places)?;
            }
            (Held::Quantiles(all), Over::Metric(column, _), Seen::Elements(elements)) => {
                all.collect(column, elements, places)?;
            }
            (
                Held::Distinct(all),
                Over::Metric(column, Metric::Cardinality { precision }),
                Seen::Elements(elements),
            ) => all.collect(*precision, column, elements, places),
            (Held::Keyed(keyed), _, Seen::Elements(elements)) => {
                let mut descent =
                    Descent { node, below: &mut self.below, reading, found: Vec::new() };
                // Its words may be long, so it is held as it grows.
                return descent.through_keys(keyed, elements, places, room);
            }
            (Held::Slots(slots), _, seen) => {
                let mut descent =
                    Descent { node, below: &mut self.below, reading, found: Vec::new() };
                descent.through_slots(slots, seen, places, room)?;
            }
            _ => return Err(Error::internal("an aggregation holds what is none of its own")),
        }
        room.hold(node, before, self.held.bytes())
    }

    /// `above` says which of our buckets above each of theirs is.
    pub(super) fn merge(
        &mut self,
        node: &Node,
        theirs: Self,
        above: &[u32],
        room: &mut Room,
    ) -> Result<()> {
        let before = self.held.bytes();
        let buckets = match (&mut self.held, theirs.held, &node.over) {
            (Held::Moments(ours), Held::Moments(theirs), Over::Metric(_, metric)) => {
                ours.merge(metric, theirs, above);
                Vec::new()
            }
            (Held::Quantiles(ours), Held::Quantiles(theirs), _) => {
                ours.merge(theirs, above);
                Vec::new()
            }
            (
                Held::Distinct(ours),
                Held::Distinct(theirs),
                Over::Metric(_, Metric::Cardinality { precision }),
            ) => {
                ours.merge(*precision, theirs, above);
                Vec::new()
            }
            (Held::Keyed(ours), Held::Keyed(theirs), _) => {
                let merged = ours.merge(&theirs, above, node.weight, &mut room.seats);
                merged.map_err(|Full| node.full())?
            }
            (Held::Slots(ours), Held::Slots(theirs), _) => {
                ours.merge(&theirs, above, node.slots().unwrap_or(0))
            }
            _ => return Err(Error::internal("two aggregations are merged that are not the same")),
        };
        room.hold(node, before, self.held.bytes())?;
        let below = self.below.iter_mut().zip(theirs.below).zip(&node.below);
        for ((ours, theirs), node) in below {
            ours.merge(node, theirs, &buckets, room)?;
        }
        Ok(())
    }

    /// Makes ready what was read, under so many buckets above. False: it is not what this
    /// aggregation comes to.
    pub(super) fn settle(&mut self, node: &Node, above: usize, room: &mut Room) -> Result<bool> {
        let buckets = match (&mut self.held, &node.over) {
            (Held::Moments(held), Over::Metric(column, metric)) => {
                let odd = matches!(metric, Metric::Percentiles { .. } | Metric::Cardinality { .. });
                if odd || !held.is_sound(metric, column.scalar, above) {
                    return Ok(false);
                }
                held.weigh();
                0
            }
            (Held::Quantiles(held), Over::Metric(_, Metric::Percentiles { .. })) => {
                if !held.is_sound(above) {
                    return Ok(false);
                }
                held.weigh();
                0
            }
            (Held::Distinct(held), Over::Metric(_, Metric::Cardinality { .. })) => {
                if !held.is_sound(above) {
                    return Ok(false);
                }
                held.weigh();
                0
            }
            (
                Held::Keyed(held),
                Over::Terms(..) | Over::Histogram(..) | Over::DateHistogram(..),
            ) => {
                if !held.index(above, |key, words| is_key(node, key, words)) {
                    return Ok(false);
                }
                let weight = node.weight.saturating_mul(held.len() as u64);
                room.seats.take(weight).map_err(|Full| node.full())?;
                held.len()
            }
            (Held::Slots(held), Over::Range(..) | Over::Filters(_)) => {
                let buckets = above.saturating_mul(node.slots().unwrap_or(0));
                if !held.is_sound(buckets) {
                    return Ok(false);
                }
                buckets
            }
            _ => return Ok(false),
        };
        room.hold(node, 0, self.held.bytes())?;
        for (branch, node) in self.below.iter_mut().zip(&node.below) {
            if !branch.settle(node, buckets, room)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a bucket of this aggregation can have such a key.
fn is_key(node: &Node, key: u64, words: &WordBook) -> bool {
    match &node.over {
        Over::Terms(Column { scalar: Scalar::String, .. }, _) => {
            words.word(key).is_some_and(|word| std::str::from_utf8(word).is_ok())
        }
        Over::Terms(Column { scalar: Scalar::Uuid, .. }, _) => {
            words.word(key).is_some_and(|word| word.len() == size_of::<u128>())
        }
        Over::Terms(Column { scalar, .. }, _) => {
            words.len() == 0 && of_rank(*scalar, key).is_some()
        }
        Over::Histogram(..) => {
            words.len() == 0 && int_of_rank(key).unsigned_abs() <= STEP_MAX.unsigned_abs()
        }
        // Whatever the interval and the offset, no stretch begins further away.
        _ => words.len() == 0 && int_of_rank(key).unsigned_abs() <= BEGIN_MAX,
    }
}

impl Held {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Moments(held) => held.bytes(),
            Self::Quantiles(held) => held.bytes(),
            Self::Distinct(held) => held.bytes(),
            Self::Keyed(held) => held.bytes(),
            Self::Slots(held) => held.bytes(),
        }
    }
}

/// From rows in the buckets above to rows in these buckets, and on to what is below them.
struct Descent<'a> {
    node: &'a Node,
    below: &'a mut [Branch],
    reading: &'a Reading<'a>,
    found: Vec<Placed>,
}

impl Descent<'_> {
    fn through_keys(
        &mut self,
        keyed: &mut Keyed,
        elements: &Elements<'_>,
        places: &[Placed],
        room: &mut Room,
    ) -> Result<()> {
        let node = self.node;
        let (spans, cells) = (elements.spans(), elements.cells);
        match (&node.over, cells) {
            (Over::Terms(column, _), Cells::Int(cells)) => {
                let missing = int(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell: i64| Ok(cell.rank()), room)
            }
            (Over::Terms(column, _), Cells::Uint(cells)) => {
                let missing = uint(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell: u64| Ok(cell.rank()), room)
            }
            (Over::Terms(column, _), Cells::Float(cells)) => {
                let missing = float(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell: f64| Ok(cell.rank()), room)
            }
            (Over::Terms(column, _), Cells::Bool(cells)) => {
                let missing = truth(column.missing.as_ref());
                let cell = |at: usize| cells.is_some_and(|cells| cells.value(at));
                let run = Run { spans, cell, missing, places };
                self.keyed(keyed, &run, |_, cell: bool| Ok(cell.into()), room)
            }
            (Over::Terms(column, _), Cells::Words(words)) => {
                let missing = word(column.missing.as_ref());
                let missing = missing.as_deref();
                let run = Run { spans, cell: |at: usize| words.get(at), missing, places };
                self.keyed(keyed, &run, |keyed, cell| Ok(keyed.words.number(cell)), room)
            }
            (Over::DateHistogram(column, histogram), Cells::Int(cells)) => {
                let missing = int(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                let key = |_: &mut Keyed, cell| Ok(rank_of_int(histogram.steps.floor(cell)));
                self.keyed(keyed, &run, key, room)
            }
            (Over::Histogram(column, _), Cells::Int(cells)) => {
                let missing = int(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell| step(node, cell), room)
            }
            (Over::Histogram(column, _), Cells::Uint(cells)) => {
                let missing = uint(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell| step(node, cell), room)
            }
            (Over::Histogram(column, _), Cells::Float(cells)) => {
                let missing = float(column.missing.as_ref());
                let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                self.keyed(keyed, &run, |_, cell| step(node, cell), room)
            }
            _ => Err(Error::internal("a histogram met what is no number")),
        }
    }

    fn keyed<T: Copy, F: Fn(usize) -> T>(
        &mut self,
        keyed: &mut Keyed,
        run: &Run<'_, T, F>,
        key: impl Fn(&mut Keyed, T) -> Result<u64>,
        room: &mut Room,
    ) -> Result<()> {
        let node = self.node;
        let mut held_bytes = keyed.bytes();
        for place in run.places {
            let from = self.found.len();
            run.of_row(place.row, |cell| {
                let key = key(keyed, cell)?;
                let number = keyed.number(place.bucket, key, node.weight, &mut room.seats);
                let bucket = number.map_err(|Full| node.full())?;
                self.found.push(Placed { bucket, row: place.row });
                Ok(())
            })?;
            each_once(&mut self.found, from);
            self.found[from..].iter().for_each(|found| keyed.count(found.bucket));
            let bytes = keyed.bytes();
            if bytes > held_bytes + UNHELD_BYTES {
                room.hold(node, held_bytes, bytes)?;
                held_bytes = bytes;
            }
            if self.found.len() >= HANDED_ON {
                self.hand_on(room)?;
            }
        }
        room.hold(node, held_bytes, keyed.bytes())?;
        self.hand_on(room)
    }

    fn through_slots(
        &mut self,
        slots: &mut Slots,
        seen: &Seen<'_>,
        places: &[Placed],
        room: &mut Room,
    ) -> Result<()> {
        let node = self.node;
        match (&node.over, seen) {
            (Over::Filters(_), Seen::Filters(hits)) => {
                let width = hits.len() as u32;
                for place in places {
                    let row = place.row as usize;
                    for (at, _) in (0..width).zip(hits).filter(|(_, hits)| hits.value(row)) {
                        let bucket = place.bucket * width + at;
                        slots.count(bucket);
                        self.found.push(Placed { bucket, row: place.row });
                    }
                    if self.found.len() >= HANDED_ON {
                        self.hand_on(room)?;
                    }
                }
                self.hand_on(room)
            }
            (Over::Range(column, ranges), Seen::Elements(elements)) => {
                let (spans, missing) = (elements.spans(), column.missing.as_ref());
                let edges = &ranges.edges;
                match (elements.cells, edges) {
                    (Cells::Int(cells), Edges::Moment(_)) => {
                        let missing = int(missing);
                        let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                        self.ranges(slots, &run, |cell, hit| edges.each_moment(cell, hit), room)
                    }
                    (Cells::Int(cells), Edges::Number(_)) => {
                        let missing = int(missing);
                        let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                        let each = |cell: i64, hit: &mut dyn FnMut(usize)| {
                            edges.each_number(cell.float(), hit);
                        };
                        self.ranges(slots, &run, each, room)
                    }
                    (Cells::Uint(cells), _) => {
                        let missing = uint(missing);
                        let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                        let each = |cell: u64, hit: &mut dyn FnMut(usize)| {
                            edges.each_number(cell.float(), hit);
                        };
                        self.ranges(slots, &run, each, room)
                    }
                    (Cells::Float(cells), _) => {
                        let missing = float(missing);
                        let run = Run { spans, cell: |at: usize| cells[at], missing, places };
                        let each = |cell: f64, hit: &mut dyn FnMut(usize)| {
                            edges.each_number(cell.float(), hit);
                        };
                        self.ranges(slots, &run, each, room)
                    }
                    _ => Err(Error::internal("a range met what is no number")),
                }
            }
            _ => Err(Error::internal("ranges and filters met what is none of their own")),
        }
    }

    fn ranges<T: Copy, F: Fn(usize) -> T>(
        &mut self,
        slots: &mut Slots,
        run: &Run<'_, T, F>,
        each: impl Fn(T, &mut dyn FnMut(usize)),
        room: &mut Room,
    ) -> Result<()> {
        let width = self.node.slots().unwrap_or(0) as u32;
        for place in run.places {
            let from = self.found.len();
            run.of_row(place.row, |cell| {
                each(cell, &mut |at| {
                    let bucket = place.bucket * width + at as u32;
                    self.found.push(Placed { bucket, row: place.row });
                });
                Ok(())
            })?;
            each_once(&mut self.found, from);
            self.found[from..].iter().for_each(|found| slots.count(found.bucket));
            if self.found.len() >= HANDED_ON {
                self.hand_on(room)?;
            }
        }
        self.hand_on(room)
    }

    fn hand_on(&mut self, room: &mut Room) -> Result<()> {
        let below = self.below.iter_mut().zip(&self.node.below).zip(&self.reading.below);
        for ((branch, node), reading) in below {
            branch.collect(node, reading, &self.found, room)?;
        }
        self.found.clear();
        Ok(())
    }
}

fn step(node: &Node, cell: impl Cell) -> Result<u64> {
    let Over::Histogram(_, histogram) = &node.over else {
        return Err(Error::internal("steps are those of a histogram"));
    };
    let number = cell.float();
    let step = histogram.steps.step(number);
    let step =
        step.ok_or_else(|| node.invalid(&format!("too many intervals lie before {number}")))?;
    Ok(rank_of_int(step))
}

/// A document is in a bucket once, whatever it has several of.
fn each_once(found: &mut Vec<Placed>, from: usize) {
    if found.len() - from < 2 || crate::slip!("a bucket counts a document for each value") {
        return;
    }
    found[from..].sort_unstable_by_key(|placed| placed.bucket);
    let mut kept = from + 1;
    for at in from + 1..found.len() {
        if found[at].bucket != found[kept - 1].bucket {
            found[kept] = found[at];
            kept += 1;
        }
    }
    found.truncate(kept);
}
