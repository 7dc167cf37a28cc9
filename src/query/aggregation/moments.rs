//! How many, how much, the least and the greatest: of each bucket, what sums and stats are made of.

use serde::{Deserialize, Serialize};

use super::cell::{Cell, of_rank};
use super::column::{Cells, Column, Elements, Placed, Run, float, int, uint};
use super::grown;
use crate::error::{Error, Result};
use crate::model::aggregation::{Bounds, Metric, Spread, Stats, Sum, Summary, Unit};
use crate::model::{Scalar, Value};
use crate::query::exact::Exact;
use crate::query::score::finite;

/// By bucket. What the metric does not ask for is empty, and buckets at the end may be missing that
/// nobody came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Moments {
    counts: Vec<u64>,
    sums: Vec<Exact>,
    squares: Vec<Exact>,
    least: Vec<u64>,
    most: Vec<u64>,
    /// What the sums take beside themselves.
    #[serde(skip)]
    heap_bytes: usize,
}

/// A moment is kept in microseconds and told in milliseconds.
const MICROS: u64 = 1000;

fn has_sums(metric: &Metric) -> bool {
    use Metric::{Avg, ExtendedStats, Stats, Sum};
    matches!(metric, Avg | Sum | Stats | ExtendedStats { .. })
}

fn has_squares(metric: &Metric) -> bool {
    matches!(metric, Metric::ExtendedStats { .. })
}

fn has_bounds(metric: &Metric) -> bool {
    use Metric::{ExtendedStats, Max, Min, Stats};
    matches!(metric, Min | Max | Stats | ExtendedStats { .. })
}

pub(super) fn unit(kind: Scalar) -> Unit {
    match kind {
        Scalar::DateTime => Unit::Moment,
        _ => Unit::Plain,
    }
}

impl Moments {
    pub(super) fn collect(
        &mut self,
        metric: &Metric,
        column: &Column,
        elements: &Elements<'_>,
        places: &[Placed],
    ) -> Result<()> {
        let Some(last) = places.iter().map(|place| place.bucket).max() else { return Ok(()) };
        self.reach(metric, last as usize + 1);
        let (spans, missing) = (elements.spans(), column.missing.as_ref());
        let counts = &mut self.counts;
        spans.count(missing, places, |place, count| counts[place.bucket as usize] += count);
        match elements.cells {
            _ if *metric == Metric::ValueCount => {}
            Cells::Int(cells) => {
                let missing = int(missing);
                self.see(metric, &Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Uint(cells) => {
                let missing = uint(missing);
                self.see(metric, &Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Float(cells) => {
                let missing = float(missing);
                self.see(metric, &Run { spans, cell: |at: usize| cells[at], missing, places });
            }
            Cells::Bool(_) | Cells::Words(_) => {
                return Err(Error::internal("sums and bounds are of numbers"));
            }
        }
        Ok(())
    }

    /// What is not asked for is not looked at.
    fn see<T: Cell, F: Fn(usize) -> T>(&mut self, metric: &Metric, run: &Run<'_, T, F>) {
        if has_sums(metric) {
            let (sums, heap_bytes) = (&mut self.sums, &mut self.heap_bytes);
            run.each(|bucket, cell| grow(&mut sums[bucket], heap_bytes, |sum| cell.add_to(sum)));
        }
        if has_squares(metric) {
            let (squares, heap_bytes) = (&mut self.squares, &mut self.heap_bytes);
            run.each(|bucket, cell| {
                grow(&mut squares[bucket], heap_bytes, |squares| cell.add_square_to(squares));
            });
        }
        if has_bounds(metric) {
            let (least, most) = (&mut self.least, &mut self.most);
            run.each(|bucket, cell| {
                let rank = cell.rank();
                least[bucket] = least[bucket].min(rank);
                most[bucket] = most[bucket].max(rank);
            });
        }
    }

    fn reach(&mut self, metric: &Metric, buckets: usize) {
        grown(&mut self.counts, buckets, || 0);
        if has_sums(metric) {
            grown(&mut self.sums, buckets, Exact::default);
        }
        if has_squares(metric) {
            grown(&mut self.squares, buckets, Exact::default);
        }
        if has_bounds(metric) {
            grown(&mut self.least, buckets, || u64::MAX);
            grown(&mut self.most, buckets, || 0);
        }
    }

    /// `buckets` says which of ours each of theirs is.
    pub(super) fn merge(&mut self, metric: &Metric, theirs: Self, buckets: &[u32]) {
        let Some(last) = buckets.iter().max() else { return };
        self.reach(metric, *last as usize + 1);
        let ours = || buckets.iter().map(|bucket| *bucket as usize);
        for (ours, count) in ours().zip(theirs.counts) {
            self.counts[ours] = self.counts[ours].saturating_add(count);
        }
        for (ours, sum) in ours().zip(theirs.sums) {
            self.sums[ours].merge(sum);
        }
        for (ours, squares) in ours().zip(theirs.squares) {
            self.squares[ours].merge(squares);
        }
        for (ours, (least, most)) in ours().zip(theirs.least.into_iter().zip(theirs.most)) {
            self.least[ours] = self.least[ours].min(least);
            self.most[ours] = self.most[ours].max(most);
        }
        self.weigh();
    }

    /// All of it, after it was read or merged.
    pub(super) fn weigh(&mut self) {
        self.heap_bytes = self.sums.iter().chain(&self.squares).map(Exact::heap_bytes).sum();
    }

    /// Whether all of it is what collecting comes to, in at most so many buckets.
    pub(super) fn is_sound(&self, metric: &Metric, kind: Scalar, buckets: usize) -> bool {
        let length = self.counts.len();
        let wanted = |asked: bool| if asked { length } else { 0 };
        let bounds = wanted(has_bounds(metric));
        let lengths = self.sums.len() == wanted(has_sums(metric))
            && self.squares.len() == wanted(has_squares(metric))
            && (self.least.len(), self.most.len()) == (bounds, bounds);
        let numbers = |at: usize| {
            self.counts[at] == 0 || bounds == 0 || {
                let (least, most) = (self.least[at], self.most[at]);
                least <= most && of_rank(kind, least).is_some() && of_rank(kind, most).is_some()
            }
        };
        length <= buckets
            && lengths
            && self.sums.iter().chain(&self.squares).all(Exact::is_sound)
            && (0..length).all(numbers)
    }

    pub(super) fn bytes(&self) -> usize {
        let numbers = self.counts.capacity() + self.least.capacity() + self.most.capacity();
        let sums = self.sums.capacity() + self.squares.capacity();
        size_of::<u64>() * numbers + size_of::<Exact>() * sums + self.heap_bytes
    }

    pub(super) fn summary(&self, metric: &Metric, kind: Scalar, bucket: usize) -> Summary {
        match metric {
            Metric::Avg => Summary::Number(self.avg(kind, bucket), unit(kind)),
            Metric::Min => Summary::Bound(self.min(kind, bucket)),
            Metric::Max => Summary::Bound(self.max(kind, bucket)),
            Metric::Sum => Summary::Sum(self.sum(kind, bucket)),
            Metric::ExtendedStats { sigma } => {
                let stats = self.stats(kind, bucket);
                let spread = Some(self.spread(kind, bucket, *sigma));
                Summary::Stats(Box::new(Stats { spread, ..stats }))
            }
            Metric::Stats => Summary::Stats(Box::new(self.stats(kind, bucket))),
            Metric::ValueCount | Metric::Percentiles { .. } | Metric::Cardinality { .. } => {
                Summary::Count(self.count(bucket))
            }
        }
    }

    fn count(&self, bucket: usize) -> u64 {
        self.counts.get(bucket).copied().unwrap_or(0)
    }

    fn avg(&self, kind: Scalar, bucket: usize) -> Option<f64> {
        let count = self.count(bucket);
        let sum = self.sums.get(bucket).filter(|_| count > 0)?.settled();
        Some(match unit(kind) {
            Unit::Plain => sum.over(&[count]),
            Unit::Moment => sum.over(&[count, MICROS]),
        })
    }

    fn sum(&self, kind: Scalar, bucket: usize) -> Sum {
        let sum = self.sums.get(bucket).cloned().unwrap_or_default().settled();
        let number = match unit(kind) {
            Unit::Plain => sum.over(&[]),
            Unit::Moment => sum.over(&[MICROS]),
        };
        let is_whole = matches!(kind, Scalar::Int | Scalar::Uint);
        Sum { number, whole: sum.whole().filter(|_| is_whole), unit: unit(kind) }
    }

    fn min(&self, kind: Scalar, bucket: usize) -> Option<Value> {
        of_rank(kind, *self.least.get(bucket).filter(|_| self.count(bucket) > 0)?)
    }

    fn max(&self, kind: Scalar, bucket: usize) -> Option<Value> {
        of_rank(kind, *self.most.get(bucket).filter(|_| self.count(bucket) > 0)?)
    }

    fn stats(&self, kind: Scalar, bucket: usize) -> Stats {
        Stats {
            count: self.count(bucket),
            min: self.min(kind, bucket),
            max: self.max(kind, bucket),
            avg: self.avg(kind, bucket),
            sum: self.sum(kind, bucket),
            spread: None,
        }
    }

    /// Everything is exact until it is rounded: what two large squares differ by is not lost.
    fn spread(&self, kind: Scalar, bucket: usize, sigma: f64) -> Spread {
        let count = self.count(bucket);
        let sums = self.sums.get(bucket).zip(self.squares.get(bucket));
        let Some((sum, squares)) = sums.filter(|_| count > 0) else { return Spread::NOTHING };
        let squares = squares.settled();
        let apart = squares.times(count).less(&sum.settled().squared());
        let over = |divisors: &[u64]| match unit(kind) {
            Unit::Plain => apart.over(divisors),
            Unit::Moment => apart.over(&[divisors, &[MICROS, MICROS]].concat()),
        };
        let slipped = crate::slip!("the variance of all is that of a sample");
        let variance = over(&[count, if slipped { (count - 1).max(1) } else { count }]);
        let variance_sampling = (count > 1).then(|| over(&[count, count - 1]));
        let avg = self.avg(kind, bucket).unwrap_or(0.0);
        let around = |deviation: f64| Bounds {
            lower: finite(avg - sigma * deviation),
            upper: finite(avg + sigma * deviation),
        };
        Spread {
            sum_of_squares: Some(match unit(kind) {
                Unit::Plain => squares.over(&[]),
                Unit::Moment => squares.over(&[MICROS, MICROS]),
            }),
            variance: Some(variance),
            variance_sampling,
            deviation: Some(variance.sqrt()),
            deviation_sampling: variance_sampling.map(f64::sqrt),
            bounds: Some(around(variance.sqrt())),
            bounds_sampling: variance_sampling.map(f64::sqrt).map(around),
        }
    }
}

fn grow(sum: &mut Exact, heap_bytes: &mut usize, add: impl FnOnce(&mut Exact)) {
    let before = sum.heap_bytes();
    add(sum);
    *heap_bytes += sum.heap_bytes() - before;
}
