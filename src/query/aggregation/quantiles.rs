//! Percentiles: of few values exactly, of many by counting them in bins that are so narrow that no
//! answer is off by more than 1/256 of the value.
//!
//! The bin of a value is the upper half of its bits, so it depends on nothing else, and which of the
//! two it is depends only on how many values there are. That is why merging in any grouping comes to
//! the same, down to the last bit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::column::{Cells, Column, Elements, Placed, Run, float, int, uint};
use super::grown;
use super::moments::unit;
use crate::error::{Error, Result};
use crate::model::Scalar;
use crate::model::aggregation::{PERCENTILES_EXACT_MAX, Percentiles, Summary, Unit};

/// Of a float: its sign, its exponent and seven bits of its fraction are left.
const BIN_SHIFT: u32 = 45;
/// Below are the numbers that have fewer digits than others: they are as good as 0.
const BIN_NORMAL: u64 = 1 << 7;
const BIN_MAX: i32 = (f64::MAX.to_bits() >> BIN_SHIFT) as i32;
/// About what a map takes for each.
const BIN_BYTES: usize = 32;
const MICROS: f64 = 1000.0;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Quantiles {
    Exact(Vec<f64>),
    Binned(Binned),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Binned {
    count: u64,
    min: f64,
    max: f64,
    bins: BTreeMap<i32, u64>,
}

/// By bucket; those at the end may be missing that nobody came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct AllQuantiles {
    quantiles: Vec<Quantiles>,
    /// What they take beside themselves.
    #[serde(skip)]
    heap_bytes: usize,
}

impl AllQuantiles {
    pub(super) fn collect(
        &mut self,
        column: &Column,
        elements: &Elements<'_>,
        places: &[Placed],
    ) -> Result<()> {
        let Some(last) = places.iter().map(|place| place.bucket).max() else { return Ok(()) };
        grown(&mut self.quantiles, last as usize + 1, Quantiles::default);
        let (spans, missing) = (elements.spans(), column.missing.as_ref());
        match elements.cells {
            Cells::Int(cells) => {
                let missing = int(missing);
                self.see(&Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Uint(cells) => {
                let missing = uint(missing);
                self.see(&Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Float(cells) => {
                let missing = float(missing);
                self.see(&Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Bool(_) | Cells::Words(_) => {
                return Err(Error::internal("percentiles are of numbers"));
            }
        }
        Ok(())
    }

    fn see<T: Cell, F: Fn(usize) -> T>(&mut self, run: &Run<'_, T, F>) {
        run.each(|bucket, cell| {
            let quantiles = &mut self.quantiles[bucket];
            let before = quantiles.heap_bytes();
            quantiles.add(cell.float());
            self.heap_bytes = self.heap_bytes + quantiles.heap_bytes() - before;
        });
    }

    /// `buckets` says which of ours each of theirs is.
    pub(super) fn merge(&mut self, theirs: Self, buckets: &[u32]) {
        let Some(last) = buckets.iter().max() else { return };
        grown(&mut self.quantiles, *last as usize + 1, Quantiles::default);
        for (ours, quantiles) in buckets.iter().zip(theirs.quantiles) {
            self.quantiles[*ours as usize].merge(quantiles);
        }
        self.weigh();
    }

    /// All of it, after it was read or merged.
    pub(super) fn weigh(&mut self) {
        self.heap_bytes = self.quantiles.iter().map(Quantiles::heap_bytes).sum();
    }

    pub(super) fn is_sound(&self, buckets: usize) -> bool {
        self.quantiles.len() <= buckets && self.quantiles.iter().all(Quantiles::is_sound)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Quantiles>() * self.quantiles.capacity() + self.heap_bytes
    }

    /// The percents ascend.
    pub(super) fn summary(&self, percents: &[f64], kind: Scalar, bucket: usize) -> Summary {
        let unit = unit(kind);
        let told = |value: f64| match unit {
            Unit::Plain => value,
            Unit::Moment => value / MICROS,
        };
        let values = self.quantiles.get(bucket).map(|quantiles| quantiles.at(percents));
        let figures = percents.iter().enumerate().map(|(at, percent)| {
            let value = values.as_ref().and_then(|values| values.get(at));
            (*percent, value.copied().map(told))
        });
        Summary::Percentiles(Percentiles { figures: figures.collect(), unit })
    }
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Quantiles {
    fn add(&mut self, value: f64) {
        match self {
            Self::Exact(values) if values.len() < PERCENTILES_EXACT_MAX => values.push(value),
            Self::Exact(values) => {
                let mut binned = Binned::of(values);
                binned.add(value);
                *self = Self::Binned(binned);
            }
            Self::Binned(binned) => binned.add(value),
        }
    }

    fn merge(&mut self, theirs: Self) {
        match theirs {
            Self::Exact(values) => values.into_iter().for_each(|value| self.add(value)),
            Self::Binned(mut binned) => {
                match self {
                    Self::Exact(values) => values.iter().for_each(|value| binned.add(*value)),
                    Self::Binned(ours) => binned.merge(ours),
                }
                *self = Self::Binned(binned);
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Exact(values) => size_of::<f64>() * values.capacity(),
            Self::Binned(binned) => BIN_BYTES * binned.bins.len(),
        }
    }

    /// The value at each percent; of no values, none.
    fn at(&self, percents: &[f64]) -> Vec<f64> {
        match self {
            Self::Exact(values) if values.is_empty() => Vec::new(),
            Self::Exact(values) => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                percents.iter().map(|percent| between(&sorted, *percent)).collect()
            }
            Self::Binned(binned) => binned.at(percents),
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Exact(values) => {
                values.len() <= PERCENTILES_EXACT_MAX
                    && values.iter().all(|value| value.is_finite())
            }
            Self::Binned(Binned { count, min, max, bins }) => {
                let counted = bins.values().try_fold(0_u64, |all, one| all.checked_add(*one));
                counted == Some(*count)
                    && *count > PERCENTILES_EXACT_MAX as u64
                    && min.is_finite()
                    && max.is_finite()
                    && min <= max
                    && bins.keys().all(|bin| (-BIN_MAX..=BIN_MAX).contains(bin))
            }
        }
    }
}

/// How far into so many values a percent leads, from 0.
fn position(percent: f64, count: u64) -> f64 {
    let last = if crate::slip!("percentiles are a rank too high") { count } else { count - 1 };
    (percent / 100.0) * last as f64
}

/// Between two neighbours, on the line from one to the other.
fn between(sorted: &[f64], percent: f64) -> f64 {
    let position = position(percent, sorted.len() as u64);
    let at = (position as usize).min(sorted.len() - 1);
    let (low, high) = (sorted[at], sorted[(at + 1).min(sorted.len() - 1)]);
    let part = position - at as f64;
    if part == 0.0 || low == high {
        return low;
    }
    let step = high - low;
    if step.is_finite() { low + part * step } else { low * (1.0 - part) + high * part }
}

impl Binned {
    fn of(values: &[f64]) -> Self {
        let nothing = f64::INFINITY;
        let mut binned = Self { count: 0, min: nothing, max: -nothing, bins: BTreeMap::new() };
        values.iter().for_each(|value| binned.add(*value));
        binned
    }

    fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let bin = self.bins.entry(bin(value)).or_default();
        *bin = bin.saturating_add(1);
    }

    fn merge(&mut self, theirs: &Self) {
        self.count = self.count.saturating_add(theirs.count);
        self.min = self.min.min(theirs.min);
        self.max = self.max.max(theirs.max);
        for (bin, count) in &theirs.bins {
            let ours = self.bins.entry(*bin).or_default();
            *ours = ours.saturating_add(*count);
        }
    }

    fn at(&self, percents: &[f64]) -> Vec<f64> {
        let mut bins = self.bins.iter();
        let (mut bin, mut below) = (0, 0_u64);
        let mut values = Vec::with_capacity(percents.len());
        for percent in percents {
            let rank = (position(*percent, self.count) as u64).min(self.count - 1);
            while below <= rank
                && let Some((next, count)) = bins.next()
            {
                bin = *next;
                below = below.saturating_add(*count);
            }
            values.push(match *percent {
                0.0 => self.min,
                100.0 => self.max,
                _ => middle(bin).clamp(self.min, self.max),
            });
        }
        values
    }
}

/// In the order of the values.
fn bin(value: f64) -> i32 {
    let magnitude = value.abs().to_bits() >> BIN_SHIFT;
    if magnitude < BIN_NORMAL {
        return 0;
    }
    let bin = magnitude as i32;
    if value < 0.0 { -bin } else { bin }
}

fn middle(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let bits = u64::from(bin.unsigned_abs()) << BIN_SHIFT | 1 << (BIN_SHIFT - 1);
    let magnitude = f64::from_bits(bits);
    if bin < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Quantiles {
        let mut quantiles = Quantiles::default();
        values.iter().for_each(|value| quantiles.add(*value));
        quantiles
    }

    fn any_values() -> impl Strategy<Value = Vec<f64>> {
        let any = any::<f64>().prop_filter("infinite", |float| float.is_finite());
        let one = prop_oneof![4 => -1e3..1e3_f64, 1 => any, 1 => Just(0.0), 1 => -5.0..5.0_f64];
        prop_oneof![
            3 => prop::collection::vec(one.clone(), 1..50),
            1 => prop::collection::vec(one, 4000..5000),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_answer_is_off_by_more_than_is_said(
            values in any_values(),
            percents in prop::collection::vec(0.0..=100.0_f64, 1..5),
            cut in 0..5000_usize,
        ) {
            let mut percents = percents;
            percents.sort_by(f64::total_cmp);
            let whole = of(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let (mut both, mut back) = (of(left), of(right));
            both.merge(of(right));
            back.merge(of(left));
            prop_assert!(whole.is_sound() && both.is_sound() && back.is_sound());
            let told = whole.at(&percents);
            prop_assert_eq!(both.at(&percents), told.clone());
            prop_assert_eq!(back.at(&percents), told.clone());

            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for (percent, told) in percents.iter().zip(told) {
                if values.len() <= PERCENTILES_EXACT_MAX {
                    prop_assert_eq!(told, between(&sorted, *percent));
                    continue;
                }
                let rank = position(*percent, values.len() as u64) as usize;
                let exact = sorted[rank];
                let most = exact.abs() / 256.0 + f64::MIN_POSITIVE;
                prop_assert!((told - exact).abs() <= most, "{percent}: {told}, not {exact}");
            }
        }
    }

    #[test]
    fn few_values_are_told_on_the_line_between_two() {
        let at = |values: &[f64], percent: f64| of(values).at(&[percent]);
        assert_eq!(at(&[], 50.0), Vec::<f64>::new());
        assert_eq!(at(&[7.0], 99.0), [7.0]);
        assert_eq!(at(&[4.0, 1.0, 2.0], 50.0), [2.0]);
        assert_eq!(at(&[1.0, 2.0, 3.0, 4.0], 50.0), [2.5]);
        assert_eq!(at(&[1.0, 2.0, 3.0, 4.0], 100.0), [4.0]);
        assert_eq!(at(&[f64::MAX, -f64::MAX], 50.0), [0.0]);
    }

    #[test]
    fn so_many_values_are_told_exactly_and_one_more_by_its_bin() {
        let values: Vec<f64> = (0..=PERCENTILES_EXACT_MAX).map(|at| at as f64).collect();
        let most = of(&values[..PERCENTILES_EXACT_MAX]).at(&[50.0]);
        assert_eq!(most, [(PERCENTILES_EXACT_MAX - 1) as f64 / 2.0]);
        let more = of(&values).at(&[50.0])[0];
        let exact = PERCENTILES_EXACT_MAX as f64 / 2.0;
        assert!(more != exact && (more - exact).abs() <= exact / 256.0, "{more}");
    }

    #[test]
    fn the_bins_are_in_the_order_of_the_values_and_the_ends_are_exact() {
        let values = [-f64::MAX, -1.5, -1e-300, 0.0, 5e-324, 1e-300, 1.5, f64::MAX];
        assert!(values.windows(2).all(|pair| bin(pair[0]) <= bin(pair[1])));
        assert_eq!(bin(f64::MAX), BIN_MAX);
        let many: Vec<f64> = (1..=10_000).map(f64::from).collect();
        assert_eq!(of(&many).at(&[0.0, 100.0]), [1.0, 10_000.0]);
    }
}
